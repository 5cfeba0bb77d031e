/*
** codec_floor.c: what Lua's own interface costs, as a Lua module.
**
** An encoder goes through tables by lua_next and gets at strings and numbers;
** a decoder makes tables of known sizes, strings and numbers, and sets them.
** `walk` does the first and no more. `copy` makes a copy, for which it goes
** through the tables twice, as `go` does once. So `walk`, and `copy` without
** two of `go`, are what a codec on this interface needs at least, were its own
** work nothing.
*/

#include <stdbool.h>

#include <lauxlib.h>

int luaopen_codec_floor (lua_State *L);

static size_t seen;   /* so that nothing is left out */

static void touch (lua_State *L, int index) {
  size_t len;
  switch (lua_type(L, index)) {
    case LUA_TSTRING:
      seen += (size_t)(unsigned char)*lua_tolstring(L, index, &len) + len;
      break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) seen += (size_t)lua_tointeger(L, index);
      else seen += (size_t)lua_tonumber(L, index);
      break;
    default: seen += (size_t)lua_toboolean(L, index);
  }
}

/* The table on top, and those in it. */
static void walk (lua_State *L) {
  int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    touch(L, -2);
    if (lua_type(L, -1) == LUA_TTABLE) walk(L);
    else touch(L, -1);
    lua_pop(L, 1);
  }
}

/* Pushes one as the one at `index`. */
static void make (lua_State *L, int index) {
  size_t len;
  const char *s;
  switch (lua_type(L, index)) {
    case LUA_TSTRING:
      s = lua_tolstring(L, index, &len);
      lua_pushlstring(L, s, len);
      break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) lua_pushinteger(L, lua_tointeger(L, index));
      else lua_pushnumber(L, lua_tonumber(L, index));
      break;
    default: lua_pushboolean(L, lua_toboolean(L, index));
  }
}

/* Goes through the table on top, and those in it. */
static void go (lua_State *L) {
  int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    if (lua_type(L, -1) == LUA_TTABLE) go(L);
    lua_pop(L, 1);
  }
}

static int count_pairs (lua_State *L, int table) {
  int n = 0;
  lua_pushnil(L);
  for (; lua_next(L, table); n++) lua_pop(L, 1);
  return n;
}

/* Pushes a copy of the table on top. Names are pushed again, not made anew,
** as one that keeps them would. */
static void copy (lua_State *L) {
  int table = lua_gettop(L), elements = (int)lua_rawlen(L, table);
  int pairs = count_pairs(L, table) - elements;
  lua_createtable(L, elements, pairs);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    bool element = lua_isinteger(L, -2);
    if (!element) lua_pushvalue(L, -2);
    if (lua_type(L, element ? -1 : -2) != LUA_TTABLE) make(L, element ? -1 : -2);
    else {
      lua_pushvalue(L, element ? -1 : -2);
      copy(L);
      lua_remove(L, -2);
    }
    if (element) lua_rawseti(L, table + 1, lua_tointeger(L, -3));
    else lua_rawset(L, table + 1);
    lua_pop(L, 1);
  }
}

/* floor.walk(t) */
static int floor_walk (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 1000, NULL);
  lua_settop(L, 1);
  walk(L);
  return 0;
}

/* floor.go(t) */
static int floor_go (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 1000, NULL);
  lua_settop(L, 1);
  go(L);
  return 0;
}

/* floor.copy(t) -> copy */
static int floor_copy (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 1000, NULL);
  lua_settop(L, 1);
  copy(L);
  return 1;
}

int luaopen_codec_floor (lua_State *L) {
  static const luaL_Reg functions[] = {
    {"walk", floor_walk}, {"go", floor_go}, {"copy", floor_copy}, {NULL, NULL}
  };
  luaL_newlib(L, functions);
  return 1;
}
