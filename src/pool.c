/*
** pool.c: what pools need of C. See pool.h.
*/

#include "job.h"
#include "luax.h"
#include "pool.h"
#include "task.h"
#include "traceback.h"

/* core.cores() -> how many cores this process may use */
static int pool_cores (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)uv_available_parallelism());
  return 1;
}

/* core.recall(err, text [, whole]): the traceback of an error that is to be
** raised here; where the running task was started is added, unless the text
** is the whole */
static int pool_recall (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  luaL_checkany(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  bool whole = lua_toboolean(L, 3) || !loop->current;
  lua_settop(L, 2);
  if (whole) {
    lc_traceback_keep(L, 1);
    return 0;
  }
  lc_job_push(L, &loop->current->job);
  lua_insert(L, 2);
  lc_traceback_remember(L, 1, &loop->current->job, 2);
  return 0;
}

/* core.heritage() -> the job-local values of this job, or nil where it has
** none; core.heritage(t): they are these from now on */
static int pool_heritage (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (lua_gettop(L) == 0) return lc_job_push_locals(L, loop) ? 1 : 0;
  if (!lua_isnil(L, 1)) luaL_checktype(L, 1, LUA_TTABLE);
  lc_job_set_locals(L, loop, 1);
  return 0;
}

static const luaL_Reg functions[] = {
  {"cores", pool_cores},
  {"recall", pool_recall},
  {"heritage", pool_heritage},
  {NULL, NULL}
};

void lc_pool_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
