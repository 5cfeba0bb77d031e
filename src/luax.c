/*
** luax.c: additions to lauxlib. See luax.h.
*/

#include <math.h>
#include <string.h>

#include "luax.h"

void lc_luax_functions (lua_State *L, struct lc_loop *loop,
                        const luaL_Reg *functions) {
  lua_pushlightuserdata(L, loop);
  luaL_setfuncs(L, functions, 1);
}

/* Sets functions into the table below the metatable on top. */
static void set_methods (lua_State *L, struct lc_loop *loop, int table,
                         const luaL_Reg *methods) {
  int meta = lua_gettop(L);
  lua_pushvalue(L, table);
  lua_pushlightuserdata(L, loop);
  lua_pushvalue(L, meta);
  luaL_setfuncs(L, methods, 2);
  lua_pop(L, 1);
}

void lc_luax_module (lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void lc_luax_type (lua_State *L, struct lc_loop *loop, const char *name,
                   const luaL_Reg *methods, const luaL_Reg *metamethods) {
  luaL_newmetatable(L, name);
  int meta = lua_gettop(L);
  lua_pushstring(L, strchr(name, '.') ? strchr(name, '.') + 1 : name);
  lua_setfield(L, -2, "__name");
  lua_newtable(L);
  lua_insert(L, meta);
  set_methods(L, loop, meta, methods);
  if (metamethods) set_methods(L, loop, meta + 1, metamethods);
  lua_insert(L, meta);
  lua_pushvalue(L, -1);
  lua_setfield(L, meta, "methods");
  if (lua_getfield(L, meta, "__index") == LUA_TNIL) {
    lua_pushvalue(L, -2);
    lua_setfield(L, meta, "__index");
  }
  lua_pop(L, 2);
}

void lc_luax_index (lua_State *L, struct lc_loop *loop, lua_CFunction index) {
  lua_pushlightuserdata(L, loop);
  lua_pushvalue(L, -2);
  lua_getfield(L, -3, "methods");
  lua_pushcclosure(L, index, 3);
  lua_setfield(L, -2, "__index");
}

bool lc_luax_callable (lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TFUNCTION) return true;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

/* What there is instead of what was expected. */
static const char *push_got (lua_State *L, int arg) {
  if (lua_isnone(L, arg)) return lua_pushliteral(L, "no value");
  if (luaL_getmetafield(L, arg, "__name") == LUA_TSTRING)
    return lua_tostring(L, -1);
  return lua_pushstring(L, luaL_typename(L, arg));
}

void lc_luax_function (lua_State *L, int arg) {
  if (lc_luax_callable(L, arg)) return;
  lua_pushfstring(L, "function expected, got %s: pass the function itself, f, "
                  "not what it returns, f()", push_got(L, arg));
  luaL_argerror(L, arg, lua_tostring(L, -1));
}

void lc_luax_no_memory (lua_State *L) {
  luaL_error(L, "not enough memory");
  for (;;) ;  /* not reached */
}

void lc_luax_wrong_self (lua_State *L) {
  const char *got = push_got(L, 1);
  lua_getfield(L, lua_upvalueindex(2), "__name");
  lua_pushfstring(L, "%s expected, got %s: methods are called with a colon, "
                  "object:method()", lua_tostring(L, -1), got);
  luaL_argerror(L, 1, lua_tostring(L, -1));
  for (;;) ;  /* not reached */
}

uint64_t lc_luax_seconds (lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TNUMBER)
    luaL_typeerror(L, arg, "number of seconds");
  lua_Number s = lua_tonumber(L, arg);
  if (!(s >= 0)) {
    lua_pushfstring(L, "seconds, 0 or more, expected, got %f", s);
    luaL_argerror(L, arg, lua_tostring(L, -1));
  }
  if (s > 9e9) return UINT64_MAX;
  return (uint64_t)ceil(s * 1e9);
}

int lc_luax_option (lua_State *L, int arg, const char *name) {
  if (lua_isnoneornil(L, arg)) {
    lua_pushnil(L);
    return LUA_TNIL;
  }
  luaL_checktype(L, arg, LUA_TTABLE);
  return lua_getfield(L, arg, name);
}

int lc_luax_bad_option (lua_State *L, int arg, const char *name,
                        const char *must) {
  const char *got = luaL_tolstring(L, -1, NULL);
  lua_pushfstring(L, "option '%s' must be %s, got %s", name, must, got);
  return luaL_argerror(L, arg, lua_tostring(L, -1));
}

static bool is_among (const char *name, const char *const names[]) {
  for (int i = 0; names[i]; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

void lc_luax_options (lua_State *L, int arg, const char *const names[]) {
  if (lua_isnoneornil(L, arg)) return;
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TNUMBER) continue;
    if (lua_type(L, -1) != LUA_TSTRING ||
        !is_among(lua_tostring(L, -1), names)) {
      lua_pushfstring(L, "unknown option '%s'", luaL_tolstring(L, -1, NULL));
      luaL_argerror(L, arg, lua_tostring(L, -1));
    }
  }
}

lua_Integer lc_luax_integer (lua_State *L, int arg, const char *what,
                             lua_Integer low, lua_Integer high) {
  luaL_checktype(L, arg, LUA_TNUMBER);
  lua_Integer n = luaL_checkinteger(L, arg);
  if (n < low || n > high) {
    lua_pushfstring(L, "%s must be from %I to %I, got %I", what,
                    (LUAI_UACINT)low, (LUAI_UACINT)high, (LUAI_UACINT)n);
    luaL_argerror(L, arg, lua_tostring(L, -1));
  }
  return n;
}

bool lc_luax_finalising (lua_State *L) {
  return lua_gc(L, LUA_GCISRUNNING) == -1;
}
