/*
** starter.c: see starter.h.
*/

#include <stdatomic.h>

#include "base/errors.h"
#include "base/luax.h"
#include "engine/interpreter.h"
#include "engine/road.h"
#include "engine/starter.h"
#include "kernel/end.h"

void (*_Atomic lc_starter_work) (lua_State *L, lc_loop *loop, lc_fork *f);

static const char starter_key;

/* One state that belongs to a program like `lua` speaks for those of threads,
** which can't tell. */
static atomic_bool like_lua;

/* The state's jobs end before the family does. */
static int starter_collect (lua_State *L) {
  lc_starter *starter = lua_touserdata(L, 1);
  if (!starter->held) return 0;
  lc_end_state(L, lc_luax_loop(L));
  starter->held = false;
  lc_forkserver_release();
  lc_road_release();
  return 0;
}

/* Where modules in C are found, kept as the user value of the userdata on
** top. */
static const char *keep_cpath (lua_State *L) {
  int starter = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "package") == LUA_TTABLE)
    lua_getfield(L, -1, "cpath");
  const char *path = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  lua_setiuservalue(L, starter, 1);
  lua_settop(L, starter);
  return path;
}

static void check_interpreter (lua_State *L, const lc_origin *from) {
  lc_interpreter *in = lua_newuserdatauv(L, sizeof *in, 0);
  int err = lc_interpreter_find(in, from->like_lua, from->cpath, "worker");
  if (err == UV_ENOENT)
    luaL_error(L, "cannot start processes: this program is no Lua "
               "interpreter, and the environment names none in LUACONC_LUA");
  if (err)
    luaL_error(L, "cannot start processes: package.cpath is too long");
  lua_pop(L, 1);
}

static lc_starter *make_starter (lua_State *L, lc_loop *loop) {
  lc_starter *starter = lua_newuserdatauv(L, sizeof *starter, 1);
  *starter = (lc_starter){.origin = {.like_lua = atomic_load(&like_lua)}};
  starter->origin.cpath = keep_cpath(L);
  check_interpreter(L, &starter->origin);
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, starter_collect, 1);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &starter_key);
  lc_road_hold();
  lc_forkserver_hold();
  starter->held = true;
  return starter;
}

lc_starter *lc_starter_hold (lua_State *L, lc_loop *loop) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &starter_key);
  lc_starter *starter = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return starter ? starter : make_starter(L, loop);
}

/* core.preload(text) -> pid of the forkserver | nil, message, code */
static int starter_preload (lua_State *L) {
  char problem[1024];
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  const lc_starter *starter = lc_starter_hold(L, lc_luax_loop(L));
  int err = lc_forkserver_load(&starter->origin, text, len, problem,
                               sizeof problem);
  if (err == UV_EINVAL)
    return lc_errors_fail(L, "EWORKER", "the forkserver can't load this: %s",
                          problem);
  if (err) return lc_errors_uv(L, err);
  lua_pushinteger(L, lc_forkserver_pid());
  return 1;
}

/* core.interpreter(file): that worker processes run */
static int starter_interpreter (lua_State *L) {
  const char *file = luaL_checkstring(L, 1);
  if (lc_forkserver_pid())
    return luaL_error(L, "the forkserver runs already: name its program "
                         "before the first process");
  luaL_argcheck(L, lc_interpreter_choose(file), 1, "too long");
  return 0;
}

void lc_starter_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg functions[] = {
    {"preload", starter_preload}, {"interpreter", starter_interpreter},
    {NULL, NULL}
  };
  lc_luax_functions(L, loop, functions);
  if (loop->is_program) atomic_store(&like_lua, true);
}
