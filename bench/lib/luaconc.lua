-- The command without its search for the library: LUA_PATH and LUA_CPATH say
-- which build is measured.

os.exit(require("luaconc.cli").main(arg), true)
