/*
** tracegc.c: the collector of a state in its trace. See tracegc.h.
*/

#include <string.h>

#include "base/luax.h"
#include "inspect/tracegc.h"
#include "inspect/tracing.h"

#define SENTINEL_TYPE "luaconc.trace"
#define NAME "collectgarbage"

static int kibibytes (lua_State *L) {
  return lua_gc(L, LUA_GCCOUNT);
}

/* {{ Cycles */

static void push_sentinel (lua_State *L) {
  lua_newuserdatauv(L, 0, 0);
  luaL_setmetatable(L, SENTINEL_TYPE);
}

/* Garbage from the start, so it is finalised once a cycle; made again. */
static int on_collected (lua_State *L) {
  lc_tracing *t = lc_luax_loop(L)->tracing;
  if (!t) return 0;
  lc_tracing_emit(t, 'i', "collected", "gc", uv_hrtime(),
                  ",\"s\":\"t\",\"args\":{\"cycle\":%u,\"KiB\":%d}",
                  ++t->cycles, kibibytes(L));
  push_sentinel(L);
  return 0;
}

/* }} */

/* {{ Calls */

/* Is it one that collects? */
static bool collects (lua_State *L) {
  if (lua_isnoneornil(L, 1)) return true;
  const char *what = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
  return strcmp(what, "collect") == 0 || strcmp(what, "step") == 0;
}

/* The error on top is that of a function without a name, called by us. */
static int complain (lua_State *L) {
  if (lua_type(L, -1) != LUA_TSTRING) return lua_error(L);
  luaL_where(L, 1);
  luaL_gsub(L, lua_tostring(L, -2), "to '?'", "to '" NAME "'");
  lua_concat(L, 2);
  return lua_error(L);
}

/* collectgarbage([what [, ...]]). Upvalues: the loop, Lua's own. */
static int collect (lua_State *L) {
  const lc_loop *loop = lc_luax_loop(L);
  bool told = loop->tracing && collects(L);
  int before = kibibytes(L);
  uint64_t since = uv_hrtime();
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  if (lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0)) return complain(L);
  if (told && loop->tracing) {   /* finalisers have run meanwhile */
    uint64_t ns = uv_hrtime() - since;
    lc_tracing_emit(loop->tracing, 'X', NAME, "gc", since, ",\"dur\":%llu.%03u"
                    ",\"args\":{\"KiB before\":%d,\"KiB\":%d}",
                    (unsigned long long)(ns / 1000), (unsigned)(ns % 1000),
                    before, kibibytes(L));
  }
  return lua_gettop(L);
}

/* Pushes it onto `globals`, which is on top: under the name by which it is
** found when a function that has it goes to another state. It stays there:
** what has been kept of it must stay known. */
static void replace_function (lua_State *L, lc_loop *loop) {
  lua_pushliteral(L, NAME);
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  if (lua_iscfunction(L, -1) && lua_tocfunction(L, -1) != collect) {
    lua_pushlightuserdata(L, loop);
    lua_insert(L, -2);
    lua_pushcclosure(L, collect, 2);
    lua_rawset(L, -3);
  }
  else lua_pop(L, 2);
}

/* }} */

/* loop (light userdata) */
static int watch (lua_State *L) {
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", on_collected}, {NULL, NULL}};
  lc_loop *loop = lua_touserdata(L, 1);
  lc_luax_type(L, loop, SENTINEL_TYPE, none, meta);
  push_sentinel(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  replace_function(L, loop);
  return 0;
}

void lc_tracegc_watch (lc_loop *loop) {
  lua_State *L = loop->driver;
  if (!lua_checkstack(L, LUA_MINSTACK)) return;
  lua_pushcfunction(L, watch);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}
