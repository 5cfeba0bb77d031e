-- Text for a terminal or a pipe: width, colour, bars, and paragraphs that
-- are broken into lines.

local M = {}
M.__index = M

-- Eighths of a cell.
local EIGHTHS = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

local CODES = { bold = "1", dim = "2", red = "31", green = "32" }

local function cells(text)
  return utf8.len(text) or #text
end

local function is_utf8(env)
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local value = env(name)
    if value and value ~= "" then
      return value:lower():find("utf%-?8") ~= nil
    end
  end
  return false
end

--- How to write for someone. `columns` is nil where it is no terminal.
---@param columns integer? of the terminal; 0: it doesn't tell
---@param env (fun(name: string): string?)? for os.getenv
function M.new(columns, env)
  env = env or os.getenv
  local no_color = env "NO_COLOR"
  local width = columns and columns > 0 and columns or 80
  return setmetatable({
    width = math.min(math.max(width, 64), 100),
    colour = columns ~= nil and env "TERM" ~= "dumb"
      and (no_color == nil or no_color == ""),
    utf8 = is_utf8(env),
  }, M)
end

--- The text in a colour, or as it is where there is none.
---@param text string
---@param name string
---@return string
function M:paint(text, name)
  if not self.colour or text == "" then return text end
  return ("\27[%sm%s\27[0m"):format(CODES[name], text)
end

--- A bar of at most `width` cells, for a share of 0 .. 1. Never empty.
---@param share number
---@param width integer
---@param estimated boolean?
---@return string
function M:bar(share, width, estimated)
  local eighths = math.max(1, math.floor(share * width * 8 + 0.5))
  local whole, rest = eighths // 8, eighths % 8
  if estimated or not self.utf8 then
    local n = math.max(1, whole + (rest >= 4 and 1 or 0))
    local cell = estimated and (self.utf8 and "░" or ".") or "#"
    return cell:rep(n)
  end
  if rest == 0 then return ("█"):rep(whole) end
  return ("█"):rep(whole) .. EIGHTHS[rest]
end

--- Breaks a paragraph into lines.
---@param text string
---@param indent string?
---@return string lines with a newline at the end of each
function M:paragraph(text, indent)
  indent = indent or ""
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and cells(line) + 1 + cells(word) > self.width - 2 then
      lines[#lines + 1] = line
      line = nil
    end
    line = line and line .. " " .. word or indent .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n") .. "\n"
end

--- The text at the right of a field.
---@param text string
---@param width integer
---@return string
function M.right(text, width)
  return (" "):rep(width - cells(text)) .. text
end

--- The text at the left of a field.
---@param text string
---@param width integer
---@return string
function M.left(text, width)
  return text .. (" "):rep(width - cells(text))
end

return M
