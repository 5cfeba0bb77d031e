/*
** shell.c: os.execute and io.popen in a thread. See shell.h.
*/

#include <signal.h>

#include <lualib.h>

#include "program/shell.h"

/* f(...), with no signal blocked. Upvalue 1: f */
static int call_open (lua_State *L) {
  sigset_t none, before;
  if (!lua_isnoneornil(L, 1)) luaL_checkstring(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  sigemptyset(&none);
  (void)pthread_sigmask(SIG_SETMASK, &none, &before);
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

static void wrap (lua_State *L, const char *library, const char *name) {
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, library) == LUA_TTABLE &&
      lua_getfield(L, -1, name) == LUA_TFUNCTION) {
    lua_pushcclosure(L, call_open, 1);
    lua_setfield(L, top + 2, name);
  }
  lua_settop(L, top);
}

void lc_shell_open (lua_State *L) {
  wrap(L, LUA_OSLIBNAME, "execute");
  wrap(L, LUA_IOLIBNAME, "popen");
}
