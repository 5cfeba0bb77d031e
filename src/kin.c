/*
** kin.c: what a state holds of its family. See kin.h.
*/

#include <stdatomic.h>

#include "end.h"
#include "errors.h"
#include "interpreter.h"
#include "kin.h"
#include "luax.h"
#include "road.h"

void (*_Atomic lc_kin_work) (lua_State *L, lc_loop *loop, lc_fork *f);

static const char kin_key;

/* One state that belongs to a program like `lua` speaks for those of threads,
** which can't tell. */
static atomic_bool like_lua;

/* The state's jobs end before the family does. */
static int kin_collect (lua_State *L) {
  lc_kin *kin = lua_touserdata(L, 1);
  if (!kin->held) return 0;
  lc_end_state(L, lc_luax_loop(L));
  kin->held = false;
  lc_forkserver_release();
  lc_road_release();
  return 0;
}

/* Where modules in C are found, kept as the user value of the userdata on
** top. */
static const char *keep_cpath (lua_State *L) {
  int kin = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "package") == LUA_TTABLE)
    lua_getfield(L, -1, "cpath");
  const char *path = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  lua_setiuservalue(L, kin, 1);
  lua_settop(L, kin);
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

static lc_kin *make_kin (lua_State *L, lc_loop *loop) {
  lc_kin *kin = lua_newuserdatauv(L, sizeof *kin, 1);
  *kin = (lc_kin){.origin = {.like_lua = atomic_load(&like_lua)}};
  kin->origin.cpath = keep_cpath(L);
  check_interpreter(L, &kin->origin);
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, kin_collect, 1);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kin_key);
  lc_road_hold();
  lc_forkserver_hold();
  kin->held = true;
  return kin;
}

lc_kin *lc_kin_hold (lua_State *L, lc_loop *loop) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kin_key);
  lc_kin *kin = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return kin ? kin : make_kin(L, loop);
}

/* core.preload(text) -> pid of the forkserver | nil, message, code */
static int kin_preload (lua_State *L) {
  char problem[1024];
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  const lc_kin *kin = lc_kin_hold(L, lc_luax_loop(L));
  int err = lc_forkserver_load(&kin->origin, text, len, problem,
                               sizeof problem);
  if (err == UV_EINVAL)
    return lc_errors_fail(L, "EWORKER", "the forkserver can't load this: %s",
                          problem);
  if (err) return lc_errors_uv(L, err);
  lua_pushinteger(L, lc_forkserver_pid());
  return 1;
}

/* core.interpreter(file): that worker processes run */
static int kin_interpreter (lua_State *L) {
  const char *file = luaL_checkstring(L, 1);
  if (lc_forkserver_pid())
    return luaL_error(L, "the forkserver runs already: name its program "
                         "before the first process");
  luaL_argcheck(L, lc_interpreter_choose(file), 1, "too long");
  return 0;
}

void lc_kin_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg functions[] = {
    {"preload", kin_preload}, {"interpreter", kin_interpreter}, {NULL, NULL}
  };
  lc_luax_functions(L, loop, functions);
  if (loop->is_program) atomic_store(&like_lua, true);
}
