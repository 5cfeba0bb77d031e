/*
** pool.c: what pools need of C. See pool.h.
*/

#include <string.h>

#include "base/luax.h"
#include "engine/remote.h"
#include "inspect/traceback.h"
#include "kernel/job.h"
#include "kernel/task.h"
#include "tasks/pool.h"

#define LETTER_TYPE "luaconc.letter"

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

/* {{ Letters that are written before it is known who gets them: the message
** belongs to a userdata until it is sent. */

static int letter_collect (lua_State *L) {
  lc_message_free(lc_luax_self(L));
  return 0;
}

/* core.letter(engine, ...) -> userdata; raises where a value can't be sent */
static int pool_letter (lua_State *L) {
  bool process = strcmp(luaL_checkstring(L, 1), "process") == 0;
  lc_message *m = lua_newuserdatauv(L, sizeof(*m), 0);
  *m = (lc_message){.process = process};
  luaL_setmetatable(L, LETTER_TYPE);
  lua_replace(L, 1);
  lc_message_encode(L, 2, lua_gettop(L) - 1, "argument", m);
  lua_settop(L, 1);
  return 1;
}

/* core.send(h, letter) -> true | false: the job has ended, and the letter is
** as it was | nil: nobody is there, and the letter is lost. */
static int pool_send (lua_State *L) {
  lc_job *j = luaL_checkudata(L, 1, LC_JOB_TYPE);
  lc_message *m = luaL_checkudata(L, 2, LETTER_TYPE);
  luaL_argcheck(L, !lc_job_task(j), 1, "a task gets no letters");
  lc_remote *r = lc_remote_of(j);
  int err = lc_job_ended(j) ? UV_EPIPE : r->kind->post(r, m);
  if (err == UV_ENOMEM) return luaL_error(L, "not enough memory");
  if (err && !m->base) lua_pushnil(L);
  else lua_pushboolean(L, !err);
  return 1;
}

/* }} */

static const luaL_Reg functions[] = {
  {"letter", pool_letter},
  {"send", pool_send},
  {"cores", pool_cores},
  {"recall", pool_recall},
  {"heritage", pool_heritage},
  {NULL, NULL}
};

void lc_pool_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg methods[] = {{NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__gc", letter_collect},
                                         {NULL, NULL}};
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, LETTER_TYPE, methods, metamethods);
  lua_pop(L, 1);
}
