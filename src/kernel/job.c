/*
** job.c: handles, their ends and what is known of them. See job.h.
*/

#include <signal.h>
#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "base/system.h"
#include "engine/remote.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "kernel/reason.h"
#include "kernel/select.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "kernel/trouble.h"

static const char extra_key;
static const char anchors_key;

static const char *const state_names[] = {
  "ready", "running", "waiting", "done", "failed", "cancelled"
};

const char *lc_job_state_name (const lc_job *j) {
  bool asleep = j->state == LC_RUNNING && j->engine->asleep &&
                j->engine->asleep(j);
  return state_names[asleep ? LC_WAITING : j->state];
}

lc_task *lc_job_task (lc_job *j) {
  return j->engine == &lc_task_engine ? lc_container(j, lc_task, job) : NULL;
}

/* {{ Anchors */

void lc_job_anchor (lua_State *L, lc_job *j, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, j);
  lua_pop(L, 1);
}

void lc_job_release (lc_job *j) {
  lua_State *L = j->loop->driver;
  if (j->engine == &lc_task_engine) {
    lc_slots_release(j);
    return;
  }
  lc_remote_forget(j);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
  lua_pushnil(L);
  lua_rawsetp(L, -2, j);
  lua_pop(L, 1);
}

void lc_job_push (lua_State *L, const lc_job *j) {
  if (j->slot >= 0) {
    lc_slots_push(L, j);
    return;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
  lua_rawgetp(L, -1, j);
  lua_remove(L, -2);
}

lc_job *lc_job_next (const lc_loop *loop, const lc_job *j) {
  uint32_t i = j ? (uint32_t)j->slot + 1 : 0;
  if (j && j->slot < 0) return lc_remote_next(loop, j);
  for (; i < loop->nslots; i++)
    if (lc_slots_job(loop, i)) return lc_slots_job(loop, i);
  return lc_remote_next(loop, NULL);
}

/* }} */

void lc_job_end (lc_job *j, lc_jobstate state) {
  lc_group *g = j->group;
  lc_assert(!lc_job_ended(j) && g);
  if (j->guest) j->loop->bereave(j);
  j->state = (uint8_t)state;
  j->loop->live--;
  if (lc_trace_on(j->loop)) lc_trace_ended(j);
  if (LC_OBSERVED) j->loop->stats.ended[state - LC_DONE]++;
  lc_list_remove(&j->siblings);
  while (lc_op_complete_first(&j->watchers, LC_OK)) ;
  if (state == LC_FAILED) lc_list_append(&g->failed, &j->siblings);
  else {
    j->group = NULL;
    lc_job_release(j);
  }
  lc_group_ended(g, j);
}

void lc_job_extra (lua_State *L, lc_job *j, int index, bool make) {
  if (!j->extra && !make) {
    lua_pushnil(L);
    return;
  }
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &extra_key);
  if (!j->extra) {
    lua_pushvalue(L, index);
    lua_newtable(L);
    lua_rawset(L, -3);
    j->extra = true;
  }
  lua_pushvalue(L, index);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

int lc_job_field (lua_State *L, lc_job *j, int index, const char *key) {
  lc_job_extra(L, j, index, false);
  if (lua_isnil(L, -1)) return LUA_TNIL;
  int type = lua_getfield(L, -1, key);
  lua_remove(L, -2);
  return type;
}

const char *lc_job_label (lua_State *L, lc_job *j, int index) {
  if (lc_job_field(L, j, index, "name") == LUA_TNIL)
    lua_pushfstring(L, "%s %d", j->engine->name, (int)j->id);
  else
    lua_pushfstring(L, "%s %d '%s'", j->engine->name, (int)j->id,
                    lua_tostring(L, -1));
  lua_remove(L, -2);
  return lua_tostring(L, -1);
}

void lc_job_reason (lua_State *L, lc_job *j) {
  lc_job_push(L, j);
  lc_job_field(L, j, -1, "reason");
  lua_remove(L, -2);
}

/* Makes the error of a cancelled job, the same for each who asks. */
static void push_cancellation (lua_State *L, lc_job *j, int index) {
  const char *label = lc_job_label(L, j, index);
  lc_job_field(L, j, index, "reason");
  if (lua_isnil(L, -1))
    lc_errors_push(L, "ECANCELED", "%s was cancelled", label);
  else
    lc_errors_push(L, "ECANCELED", "%s was cancelled: %s", label,
                   lc_errors_text(L, -1));
  lc_job_field(L, j, index, "reason");
  lua_setfield(L, -2, "reason");
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, index, LC_JOB_VALUE);
}

static int unpack_results (lua_State *L, uint32_t n) {
  int list = lua_gettop(L);
  luaL_checkstack(L, (int)n, "too many results");
  for (uint32_t i = 1; i <= n; i++) lua_rawgeti(L, list, i);
  return (int)n;
}

static void fetch (lua_State *L, lc_job *j, int index) {
  if (j->engine->fetch) j->engine->fetch(L, j, index);
}

void lc_job_error (lua_State *L, lc_job *j, int index) {
  index = lua_absindex(L, index);
  fetch(L, j, index);
  j->seen = true;
  lua_getiuservalue(L, index, LC_JOB_VALUE);
}

int lc_job_outcome (lua_State *L, lc_job *j, int index) {
  lc_assert(lc_job_ended(j));
  index = lua_absindex(L, index);
  fetch(L, j, index);
  j->seen = true;
  if (j->group && (j->keep || j->group == j->loop->root)) lc_group_forget(j);
  int type = lua_getiuservalue(L, index, LC_JOB_VALUE);
  if (j->state == LC_ENDCANCELLED && type == LUA_TNIL)
    push_cancellation(L, j, index);
  if (j->state != LC_DONE) return -1;
  return j->nresults > 1 ? unpack_results(L, j->nresults) : (int)j->nresults;
}

static int results_or_raise (lua_State *L, lc_job *j) {
  if (j->state != LC_DONE && !j->loop->current) lc_trouble_settle(L, j->loop);
  int n = lc_job_outcome(L, j, 1);
  return n < 0 ? lc_traceback_pass_on(L) : n;
}

static const lc_opkind await_kind = {"await", lc_op_unlink, NULL,
                                     LC_BY_TASK};

static int k_await (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  return results_or_raise(L, lua_touserdata(L, 1));
}

/* Self on the hot path: a task's first word is its engine, which nothing
** else of this size begins with. */
static inline lc_job *job_self (lua_State *L) {
  lc_job *j = lua_touserdata(L, 1);
  if (j && lua_rawlen(L, 1) == sizeof(lc_task) &&
      j->engine == &lc_task_engine) return j;
  return lc_luax_self(L);
}

/* h:await() -> results; raises the job's error */
static int job_await (lua_State *L) {
  lc_job *j = job_self(L);
  lc_task *t = lc_task_at(L, j->loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (lc_job_ended(j)) return lc_task_pause(L, t, results_or_raise(L, j));
  if (&t->job == j)
    return luaL_error(L, "a job can't await itself: await it from another");
  lua_settop(L, 1);
  return lc_task_wait_in(L, t, &j->watchers, &await_kind, k_await, 0);
}

static lc_scope *scope_of (lc_job *j) {
  lc_task *t = lc_job_task(j);
  return t ? &t->base : &lc_remote_of(j)->base;
}

/* h:cancel([reason]) -> false if it had ended */
static int job_cancel (lua_State *L) {
  lc_job *j = lc_luax_self(L);
  lua_settop(L, 2);
  if (lc_job_ended(j)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (!lua_isnil(L, 2) && !j->asked) {
    lc_job_extra(L, j, 1, true);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "reason");
    lc_reason_note(L, j->loop, scope_of(j), 2);
  }
  j->asked = true;
  j->engine->cancel(j);
  lua_pushboolean(L, 1);
  return 1;
}

/* h:status() -> "ready", "running", ... */
static int job_status (lua_State *L) {
  lc_job *j = lc_luax_self(L);
  lua_pushstring(L, lc_job_state_name(j));
  return 1;
}

static int check_signal (lua_State *L) {
  lua_Integer number = 0;
  if (lua_isinteger(L, 2)) number = lua_tointeger(L, 2);
  else if (lua_isnoneornil(L, 2)) number = SIGTERM;
  else if (lua_type(L, 2) == LUA_TSTRING)
    number = lc_system_signal_number(lua_tostring(L, 2));
  if (number > 0 && number < NSIG) return (int)number;
  return lc_luax_expected(L, 2, "the name of a signal, such as \"SIGTERM\",");
}

/* h:kill([signal]) -> true | nil, message, code */
static int job_kill (lua_State *L) {
  lc_job *j = lc_luax_self(L);
  int number = check_signal(L);
  int err = lc_job_task(j) ? UV_ENOTSUP : lc_remote_kill(j, number);
  if (err == UV_ENOTSUP)
    return luaL_error(L, "a %s can't be killed, only a process: cancel it",
                      j->engine->name);
  if (err) return lc_errors_uv(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* core.ended(h) -> boolean. (The state of a process that runs is asked of the
** system.) */
static int job_ended (lua_State *L) {
  lc_job *j = luaL_checkudata(L, 1, LC_JOB_TYPE);
  lua_pushboolean(L, lc_job_ended(j));
  return 1;
}

/* core.look(h) -> ok, value or error */
static int job_look (lua_State *L) {
  lc_job *j = luaL_checkudata(L, 1, LC_JOB_TYPE);
  if (!lc_job_ended(j)) return luaL_error(L, "this job has not ended yet");
  int n = lc_job_outcome(L, j, 1);
  lua_pushboolean(L, n >= 0);
  lua_insert(L, n > 0 ? -n - 1 : n < 0 ? -2 : -1);
  return n < 0 ? 2 : n + 1;
}

/* {{ The case of a select */

/* Pushes the results, or nil and the error. */
static int push_outcome (lua_State *L, lc_job *j, int index) {
  int n = lc_job_outcome(L, j, index);
  if (n >= 0) return n;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

static int attempt_await (lua_State *L, int object, int value) {
  lc_job *j = lua_touserdata(L, object);
  (void)value;
  if (lc_job_ended(j)) return push_outcome(L, j, object);
  if (j->loop->current && &j->loop->current->job == j)
    return luaL_error(L, "a job can't await itself: await it from another");
  return -1;
}

static const lc_opkind await_case = {"await", lc_op_unlink, lc_select_choose,
                                     LC_BY_TASK};

static void begin_await (lua_State *L, lc_case *c, int object, int value) {
  lc_job *j = lua_touserdata(L, object);
  (void)value;
  c->op.kind = &await_case;
  lc_list_append(&j->watchers, &c->op.u.link);
}

static int finish_await (lua_State *L, lc_case *c, int object) {
  (void)c;
  return push_outcome(L, lua_touserdata(L, object), object);
}

static const lc_selectable selectables[] = {
  {"await", attempt_await, begin_await, finish_await, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

/* A pool's job is a task of ours, but what it calls runs elsewhere. */
static const char *engine_name (const lc_job *j) {
  if (j->guise == 0) return j->engine->name;
  return j->loop->engines[j->guise - 1]->engine.name;
}

static int push_field (lua_State *L, lc_job *j, const char *key) {
  if (strcmp(key, "id") == 0) lua_pushinteger(L, j->id);
  else if (strcmp(key, "engine") == 0) lua_pushstring(L, engine_name(j));
  else if (strcmp(key, "name") == 0) {
    if (lc_job_field(L, j, 1, "name") == LUA_TNIL)
      lua_pushfstring(L, "%s %d", j->engine->name, (int)j->id);
  }
  else if (strcmp(key, "pid") == 0 && !lc_job_task(j) && lc_remote_pid(j))
    lua_pushinteger(L, lc_remote_pid(j));
  else lua_pushnil(L);
  return 1;
}

/* Methods first, then fields. Upvalue 3: the methods. */
static int job_index (lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) return 1;
  if (lua_type(L, 2) != LUA_TSTRING) return 1;
  return push_field(L, lc_luax_self(L), lua_tostring(L, 2));
}

static int job_tostring (lua_State *L) {
  lc_job *j = lc_luax_self(L);
  const char *label = lc_job_label(L, j, 1);
  lua_pushfstring(L, "%s (%s)", label, lc_job_state_name(j));
  return 1;
}

/* core.is_job(v) -> is it a handle? */
static int job_is (lua_State *L) {
  lua_pushboolean(L, luaL_testudata(L, 1, LC_JOB_TYPE) != NULL);
  return 1;
}

/* conc.current() -> handle, or nil outside tasks */
static int job_current (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (loop->current) lc_job_push(L, &loop->current->job);
  else lua_pushnil(L);
  return 1;
}

/* conc.jobs() -> list of the handles of all live jobs, oldest first */
static int job_list (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lua_createtable(L, (int)loop->live, 0);
  int n = 0;
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    if (lc_job_ended(j)) continue;
    lc_job_push(L, j);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* Pushes the side-table entry of the code outside tasks. */
static void main_extra (lua_State *L, lc_loop *loop) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &extra_key);
  if (lua_rawgetp(L, -1, loop) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, -3, loop);
  }
  loop->main->job.extra = true;
  lua_remove(L, -2);
}

static void push_entry (lua_State *L, lc_loop *loop) {
  if (!loop->current) {
    main_extra(L, loop);
    return;
  }
  lc_job_push(L, &loop->current->job);
  lc_job_extra(L, &loop->current->job, -1, true);
  lua_remove(L, -2);
}

/* conc.locals() -> the table of the running job */
static int job_locals (lua_State *L) {
  push_entry(L, lc_luax_loop(L));
  if (lua_getfield(L, -1, "locals") == LUA_TNIL) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "locals");
  }
  return 1;
}

bool lc_job_push_locals (lua_State *L, lc_loop *loop) {
  if (!lc_task_self(loop)->job.extra) return false;
  push_entry(L, loop);
  if (lua_getfield(L, -1, "locals") != LUA_TTABLE) {
    lua_pop(L, 2);
    return false;
  }
  lua_remove(L, -2);
  return true;
}

void lc_job_set_locals (lua_State *L, lc_loop *loop, int index) {
  index = lua_absindex(L, index);
  push_entry(L, loop);
  lua_pushvalue(L, index);
  lua_setfield(L, -2, "locals");
  lua_pop(L, 1);
}

void lc_job_inherit (lua_State *L, lc_task *parent, lc_job *j, int index) {
  if (!parent->job.extra) return;
  index = lua_absindex(L, index);
  push_entry(L, j->loop);
  if (lua_getfield(L, -1, "locals") == LUA_TTABLE) {
    lc_job_extra(L, j, index, true);
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, -4)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
    }
    lua_setfield(L, -2, "locals");
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

static const luaL_Reg methods[] = {
  {"await", job_await},
  {"cancel", job_cancel},
  {"status", job_status},
  {"kill", job_kill},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__tostring", job_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"current", job_current},
  {"jobs", job_list},
  {"locals", job_locals},
  {"ended", job_ended},
  {"look", job_look},
  {"is_job", job_is},
  {NULL, NULL}
};

void lc_job_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, LC_JOB_TYPE, methods, metamethods);
  lc_luax_index(L, loop, job_index);
  lc_select_type(L, selectables);
  loop->jobtype = luaL_ref(L, LUA_REGISTRYINDEX);
  lc_luax_weak(L, "k", &extra_key);
  lua_pop(L, 1);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &anchors_key);
}
