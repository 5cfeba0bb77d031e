-- bin/luaconc without its search for the library: a program started by
-- script.file has the paths of the specs.

os.exit(require("luaconc.cli").main(arg), true)
