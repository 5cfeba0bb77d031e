-- `luaconc completion`: what a shell needs to complete the command's words.

local output = require "luaconc.compare.output"

local M = {}

-- The beginning of an option's text, up to its first details.
local function brief(text)
  return (text:gsub("\n", " "):gsub("'", "\u{2019}"):match "^[^:;(%[]*"
    :gsub("%s+$", ""))
end

local function listed(what)
  if type(what) == "function" then what = what() end
  return type(what) == "table" and table.concat(what, " ") or nil
end

-- Of every command: its options, and what its plain words and values are.
local function commands()
  local cli, list = require "luaconc.cli", {}
  for i, name in ipairs(cli.names()) do
    local command = cli.get(name)
    local entry = { name = name, about = brief(command.about), options = {},
      words = listed(command.complete),
      files = command.complete == "file" or command.rest }
    for k, option in ipairs(command.options or {}) do
      entry.options[k] = { name = option[1], takes = option[2],
        about = brief(option[3]),
        words = listed(option.complete), files = option.complete == "file" }
    end
    table.insert(entry.options, { name = "--help", about = "how it is used" })
    list[i] = entry
  end
  return list
end

local function names(list)
  local out = {}
  for i, entry in ipairs(list) do out[i] = entry.name end
  return table.concat(out, " ")
end

local function bash_values(command, add)
  for _, option in ipairs(command.options) do
    if option.takes then
      add(("    %s:%s) %s; return ;;"):format(command.name, option.name,
        option.words and ("words='%s'"):format(option.words)
          .. '; COMPREPLY=($(compgen -W "$words" -- "$now"))'
        or option.files and 'COMPREPLY=($(compgen -f -- "$now"))'
        or "COMPREPLY=()"))
    end
  end
end

local function bash(list)
  local out = {}
  local function add(line) out[#out + 1] = line end
  add "# luaconc completion bash: put it where bash looks, or"
  add "#   eval \"$(luaconc completion bash)\""
  add "_luaconc() {"
  add "  local now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
  add "  local command=${COMP_WORDS[1]} words="
  add "  COMPREPLY=()"
  add '  if [ "$COMP_CWORD" -eq 1 ]; then'
  add(("    COMPREPLY=($(compgen -W '%s help --version --help' -- \"$now\"))")
    :format(names(list)))
  add "    return"
  add "  fi"
  add '  case "$command:$before" in'
  for _, command in ipairs(list) do bash_values(command, add) end
  add "  esac"
  add '  case "$command" in'
  add(("    help) words='%s' ;;"):format(names(list)))
  for _, command in ipairs(list) do
    add(("    %s) words='%s'"):format(command.name,
      (command.words and command.words .. " " or "")
        .. names(command.options)))
    if command.files then
      add '      case "$now" in -*) ;;'
      add '        *) COMPREPLY=($(compgen -f -- "$now")) ;; esac'
    end
    add "      ;;"
  end
  add "  esac"
  add '  COMPREPLY+=($(compgen -W "$words" -- "$now"))'
  add "}"
  add "complete -o filenames -F _luaconc luaconc"
  return table.concat(out, "\n") .. "\n"
end

local function zsh_spec(option)
  local action = option.words and ":value:(" .. option.words .. ")"
    or option.files and ":file:_files" or option.takes and ":value: " or ""
  return ("'%s[%s]%s'"):format(option.name .. (option.takes and "=" or ""),
    option.about, action)
end

local function zsh(list)
  local out = {}
  local function add(line) out[#out + 1] = line end
  add "#compdef luaconc"
  add "# luaconc completion zsh: put it as _luaconc into a folder of $fpath."
  add "_luaconc() {"
  add "  local -a commands"
  add "  commands=("
  for _, command in ipairs(list) do
    add(("    '%s:%s'"):format(command.name, command.about))
  end
  add "    'help:how a command is used'"
  add "  )"
  add "  if (( CURRENT == 2 )); then"
  add "    _describe command commands"
  add "    return"
  add "  fi"
  add "  case $words[2] in"
  add "    help) _describe command commands ;;"
  for _, command in ipairs(list) do
    local specs = {}
    for i, option in ipairs(command.options) do specs[i] = zsh_spec(option) end
    if command.words then
      specs[#specs + 1] = ("'*:word:(%s)'"):format(command.words)
    elseif command.files then
      specs[#specs + 1] = "'*:file:_files'"
    end
    add(("    %s) shift words; (( CURRENT-- )); _arguments \\\n      %s ;;")
      :format(command.name, table.concat(specs, " \\\n      ")))
  end
  add "  esac"
  add "}"
  add '_luaconc "$@"'
  return table.concat(out, "\n") .. "\n"
end

local function fish(list)
  local out = {}
  local function add(...)
    out[#out + 1] = "complete -c luaconc " .. string.format(...)
  end
  out[1] = "# luaconc completion fish > ~/.config/fish/completions/luaconc.fish"
  add("-f -n __fish_use_subcommand -l version -d 'versions'")
  add("-f -n __fish_use_subcommand -a help -d 'how a command is used'")
  add("-f -n '__fish_seen_subcommand_from help' -a '%s'", names(list))
  for _, command in ipairs(list) do
    local when = ("-n '__fish_seen_subcommand_from %s'"):format(command.name)
    add("-f -n __fish_use_subcommand -a %s -d '%s'", command.name,
      command.about)
    if command.files then add("%s -F", when) end
    if command.words then add("-f %s -a '%s'", when, command.words) end
    for _, option in ipairs(command.options) do
      local value = option.words and ("-x -a '%s' "):format(option.words)
        or option.files and "-r -F " or option.takes and "-x " or ""
      add("%s -l %s %s-d '%s'", when, option.name:sub(3), value, option.about)
    end
  end
  return table.concat(out, "\n") .. "\n"
end

local SHELLS = { bash = bash, zsh = zsh, fish = fish }
local NAMES = { "bash", "zsh", "fish" }

M.name = "completion"
M.about = "print the completion script of a shell: bash, zsh or fish"
M.usage = "bash|zsh|fish"
M.text = [[
Prints what the shell needs to complete commands, options and files:
  bash              eval "$(luaconc completion bash)" in ~/.bashrc
  zsh               luaconc completion zsh > a folder of $fpath/_luaconc
  fish              luaconc completion fish >
                    ~/.config/fish/completions/luaconc.fish
]]
M.fails = "it can't be written"
M.complete = NAMES

function M.run(given)
  local shell = given.words[1]
  if not shell or given.words[2] then
    return nil, "one shell is needed: " .. table.concat(NAMES, ", ")
  elseif not SHELLS[shell] then
    return nil, ("there is no completion for '%s'%s"):format(shell,
      require("luaconc.compare.suggest").hint(shell, NAMES))
  end
  output.write(SHELLS[shell](commands()))
  return 0
end

return M
