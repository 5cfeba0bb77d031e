std = "lua54"
cache = false
max_line_length = 80
exclude_files = { "build", "lua_modules", ".luarocks" }

-- A method that ignores its object, and a callback that ignores arguments,
-- are both ordinary.
self = false
ignore = { "212/_.*", "213/_.*" }

files["spec"] = {
  std = "lua54+busted",
  -- A line of expected text may be long.
  max_line_length = 100,
}
files["bench"] = { max_line_length = 100 }
