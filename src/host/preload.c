/*
** preload.c: the module without a file system, for the archive only.
**
** The files in Lua are in the program, in a list that `make` writes from
** lua/luaconc (see src/builtin.lua); the core is found by its function.
*/

#include <lualib.h>

#include "host/modules.h"
#include "luaconc.h"

extern const lc_builtin lc_builtin_files[];

LC_API void luaconc_preload (lua_State *L) {
  luaL_checkstack(L, 8, NULL);
  if (lua_getglobal(L, LUA_LOADLIBNAME) != LUA_TTABLE)
    luaL_error(L, "luaconc_preload: the library 'package' is not open");
  lua_pop(L, 1);
  lc_modules_build_in(lc_builtin_files);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_luaconc_core);
  lua_setfield(L, -2, "luaconc.core");
  lua_pop(L, 1);
  lc_modules_search(L);
}
