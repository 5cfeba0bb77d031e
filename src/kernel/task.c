/*
** task.c: coroutines that wait. See task.h for states and invariants.
**
** The stack of a task's coroutine, from its base: task_main, and as its
** arguments the handle, on_error, the body, the body's arguments.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "inspect/account.h"
#include "inspect/debug.h"
#include "inspect/pulse.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "kernel/frame.h"
#include "kernel/interrupt.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "kernel/trouble.h"

enum { SWALLOW_MAX = 100 };

/* {{ Waiting */

/* Inside a finaliser the collector takes no orders (from Lua 5.4.4 on), and
** whoever it has interrupted must not find the world changed by a wait. */
static bool is_finalising (lua_State *L) {
  return lua_gc(L, LUA_GCISRUNNING) == -1;
}

lc_task *lc_task_here (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (loop->running == L && lua_isyieldable(L)) return loop->current;
  if (loop->current) lc_traceback_cannot_wait(L, loop->running == L);
  if (loop->depth > 0 || loop->in_poll)
    luaL_error(L, "cannot wait inside a callback of the event loop: "
                  "start a task with conc.spawn, which may wait");
  if (loop->ended) luaL_error(L, "cannot wait: the state is being closed");
  if (is_finalising(L))
    luaL_error(L, "cannot wait inside a __gc metamethod: wait outside it");
  luaL_checkstack(L, LUA_MINSTACK, NULL);   /* for driving the loop */
  return loop->main;
}

bool lc_task_may_wait (lua_State *L, const lc_loop *loop) {
  if (loop->current) return loop->running == L && lua_isyieldable(L);
  return loop->depth == 0 && !loop->in_poll && !loop->ended &&
         !is_finalising(L);
}

int lc_task_wait (lua_State *L, lc_task *t, lua_KFunction k,
                  lua_KContext ctx) {
  lc_loop *loop = t->job.loop;
  lc_assert(t->op.kind);
  t->job.state = LC_WAITING;
  if (LC_OBSERVED && !t->co) lc_loop_look(loop);
  if (LC_OBSERVED) t->since = loop->time;
  if (t->op.kind->by != LC_BY_TASK) lc_loop_expect(loop, t->op.kind->by, 1);
  if (lc_task_cancelled(t)) lc_task_interrupt(t);
  if (t->co) return lua_yieldk(L, 0, ctx, k);
  lc_loop_drive(L, loop);
  loop->woken = L;
  return k(L, LUA_YIELD, ctx);
}

lc_task *lc_task_resumed (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (loop->running == L) return loop->current;
  if (loop->current || loop->woken != L)
    luaL_error(L, "this coroutine belongs to a task, which only luaconc "
                  "resumes");
  return loop->main;
}

lc_task *lc_task_woken (lua_State *L) {
  lc_task *t = lc_task_resumed(L);
  if (t->op.result == LC_CANCELLED) lc_task_raise(L, t);
  return t;
}

int lc_task_raise (lua_State *L, lc_task *t) {
  if (!t->co && t->base.own) return lc_trouble_raise(L, t->job.loop);
  lc_frame_cancellation(L, t->scope);
  return lua_error(L);
}

static int k_refused (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  return lc_task_raise(L, lc_task_resumed(L));
}

int lc_task_refuse (lua_State *L, lc_task *t) {
  lc_loop *loop = t->job.loop;
  if (!t->co) {
    lc_loop_turn(L, loop, false);
    return lc_task_raise(L, t);
  }
  if (++t->swallowed >= SWALLOW_MAX) t->doomed = true;
  lc_loop_ready(loop, t);
  return lua_yieldk(L, 0, 0, k_refused);
}

static int k_pause (lua_State *L, int status, lua_KContext ctx) {
  (void)L; (void)status;
  return (int)ctx;
}

int lc_task_pause_slowly (lua_State *L, lc_task *t, int n) {
  lc_loop *loop = t->job.loop;
  loop->budget = LC_BUDGET;
  if (!loop->clock.is_virtual) {
    uint64_t now = uv_hrtime();
    if (loop->slice == 0) loop->slice = now;
    if (now - loop->slice < LC_SLICE_NS) return n;
  }
  if (!t->co) {
    loop->slice = 0;
    lc_loop_turn(L, loop, false);
    return n;
  }
  lc_loop_ready(loop, t);
  return lua_yieldk(L, 0, n, k_pause);
}

/* conc.yield(): lets every task that is ready run first */
static int task_yield (lua_State *L) {
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!t->co) {
    lc_loop_turn(L, t->job.loop, false);
    return lc_task_cancelled(t) ? lc_task_raise(L, t) : 0;
  }
  lc_loop_ready(t->job.loop, t);
  return lua_yield(L, 0);
}

static void on_sleep_over (lc_timer *timer) {
  lc_op_complete(lc_container(timer, lc_op, u.timer), LC_OK);
}

static void cancel_sleep (lc_op *op) {
  lc_loop_unat(op->task->job.loop, &op->u.timer);
}

static const lc_opkind sleep_kind = {"sleep", cancel_sleep, NULL, LC_BY_TASK};

static int k_sleep (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  return 0;
}

int lc_task_sleep (lua_State *L, lc_task *t, uint64_t due) {
  t->op.u.timer = (lc_timer){on_sleep_over, 0, 0};
  if (lc_loop_at(t->job.loop, &t->op.u.timer, due) != 0)
    return luaL_error(L, "not enough memory");
  lc_task_begin(t, &sleep_kind);
  return lc_task_wait(L, t, k_sleep, 0);
}

/* conc.sleep(seconds) */
static int task_sleep (lua_State *L) {
  uint64_t ns = lc_luax_seconds(L, 1);
  if (ns == 0) return task_yield(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return lc_task_sleep(L, t, lc_clock_after(&t->job.loop->clock, ns));
}

/* conc.now() -> seconds of a monotonic clock */
static int task_now (lua_State *L) {
  lua_pushnumber(L, (lua_Number)lc_clock_now(&lc_luax_loop(L)->clock) / 1e9);
  return 1;
}

void lc_task_interrupt (lc_task *t) {
  const lc_opkind *kind = t->op.kind;
  if (!kind || !kind->cancel) return;
  kind->cancel(&t->op);
  lc_op_complete(&t->op, LC_CANCELLED);
}

/* }} */

/* {{ The life of a task */

/* Makes one value of the results of the body, from 3 on. */
static void pack_results (lua_State *L, lc_task *t) {
  int n = lua_gettop(L) - 2;
  t->job.nresults = (uint32_t)n;
  t->outcome = LC_DONE;
  if (n == 0) lua_pushnil(L);
  if (n <= 1) return;
  lua_createtable(L, n, 0);
  lua_insert(L, 3);
  for (int i = n; i > 0; i--) lua_rawseti(L, 3, i);
  if (lc_debug_on(t->job.loop)) lc_debug_result(L, &t->job, 1, 3);
}

/* The result takes the place of the function that started the task: where
** that was is noted for as long as jobs of the task still run. */
static void note_started (lua_State *L, lc_task *t) {
  if ((!t->group || t->group->live == 0) && !lc_debug_on(t->job.loop)) return;
  lc_traceback_started(L, &t->job);
  lc_job_extra(L, &t->job, 1, true);
  lua_insert(L, -2);
  lua_setfield(L, -2, "started");
  lua_pop(L, 1);
}

static int k_body (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = (lc_task *)ctx;
  if (status == LUA_OK || status == LUA_YIELD) pack_results(L, t);
  else {
    bool cancelled = t->base.cancelled && lc_errors_is(L, -1, "ECANCELED");
    t->outcome = cancelled ? LC_ENDCANCELLED : LC_FAILED;
  }
  note_started(L, t);
  lua_setiuservalue(L, 1, LC_JOB_VALUE);
  t->over = true;
  return 0;
}

static int task_main (lua_State *L) {
  lc_task *t = lua_touserdata(L, 1);
  lua_KContext ctx = (lua_KContext)t;
  int n = lua_gettop(L) - 3;
  return k_body(L, lua_pcallk(L, n, LUA_MULTRET, 2, ctx, k_body), ctx);
}

/* The value on top of the driver's stack becomes the task's; pops it. */
static void keep_value (lc_task *t) {
  lua_State *D = t->job.loop->driver;
  lc_job_push(D, &t->job);
  lua_insert(D, -2);
  lua_setiuservalue(D, -2, LC_JOB_VALUE);
  lua_pop(D, 1);
}

/* job (light userdata) -> its error */
static int error_of_job (lua_State *L) {
  lc_job *j = lua_touserdata(L, 1);
  lc_job_push(L, j);
  lc_job_error(L, j, -1);
  return 1;
}

/* The failure of one of its jobs becomes the task's own. Fetching it from
** elsewhere may fail, and nothing protects us here: hence the call. */
static void adopt_failure (lc_task *t, lc_group *g) {
  lua_State *D = t->job.loop->driver;
  lua_pushcfunction(D, error_of_job);
  lua_pushlightuserdata(D, lc_container(g->failed.next, lc_job, siblings));
  (void)lua_pcall(D, 1, 1, 0);   /* either way a value is on top */
  keep_value(t);
  t->outcome = LC_FAILED;
}

static void settle_group (lc_task *t, lc_group *g) {
  if (t->outcome != LC_FAILED && !lc_list_empty(&g->failed))
    adopt_failure(t, g);
  lc_group_forget_all(g);
}

static void join (lc_task *t, lc_group *g) {
  t->joining = true;
  lc_task_begin(t, &lc_group_join);
  t->job.state = LC_WAITING;
  t->since = t->job.loop->time;
  lc_list_append(&g->waiters, &t->op.u.link);
}

/* Leaves the scopes and groups that the body has left open, as far as no
** jobs run in them; else the group to wait for. What is below one that is
** left comes up to the base and has its turn. */
static lc_group *leave_open (lc_task *t) {
  lc_link *children = &t->base.children;
  while (!lc_list_empty(children)) {
    lc_scope *s = lc_container(children->next, lc_scope, siblings);
    lc_group *g = lc_frame_group(s, t);
    if (g && lc_group_pending(g)) return g;
    if (g) settle_group(t, g);
    lc_frame_abandon(s);
  }
  return NULL;
}

static void free_group (lc_task *t) {
  if (!t->group) return;
  settle_group(t, t->group);
  lc_free(t->group, sizeof(*t->group));
  t->group = NULL;
}

/* The body has ended: waits for the jobs, then ends the task. */
static void finish (lc_task *t) {
  lc_group *g = t->group && lc_group_pending(t->group) ? t->group
                                                       : leave_open(t);
  if (g) {
    join(t, g);
    return;
  }
  free_group(t);
  if (t->joining && t->outcome == LC_DONE && t->base.cancelled) {
    lua_pushnil(t->job.loop->driver);
    keep_value(t);
    t->outcome = LC_ENDCANCELLED;
  }
  lc_scope_leave(&t->base);
  lc_job_end(&t->job, (lc_jobstate)t->outcome);
}

static void end_body (lc_task *t) {
  t->over = true;
  if (t->outcome != LC_DONE) lc_scope_cancel(&t->base);
  t->scope = &t->base;
  finish(t);
}

/* Closes the coroutines that wait inside `co`, the innermost first. */
static void close_inside (const lc_loop *loop, lua_State *co) {
  lua_State *inner = lc_traceback_inner(loop, co);
  if (!inner) return;
  close_inside(loop, inner);
  lua_resetthread(inner);
}

/* Ends a task that can't be reasoned with: its <close> variables run, with
** no waits, and it fails with the error on top of the driver's stack, which
** is popped. The task does not run. */
static void close_task (lc_task *t) {
  lc_loop *loop = t->job.loop;
  lua_State *co = t->co;
  lc_assert(!loop->current);
  t->outcome = LC_FAILED;
  keep_value(t);
  lc_scope_cancel(&t->base);
  loop->current = t;
  loop->running = co;
  close_inside(loop, co);
  lua_resetthread(co);
  loop->current = NULL;
  loop->running = NULL;
  lua_settop(co, 0);
  lc_slots_spoil(loop, t->job.slot);
  end_body(t);
}

/* The coroutine itself failed: no memory, or its stack has overflowed. */
static void fail_hard (lc_task *t) {
  lua_xmove(t->co, t->job.loop->driver, 1);
  close_task(t);
}

static void never_run (lc_task *t) {
  t->outcome = LC_ENDCANCELLED;
  lua_pushnil(t->job.loop->driver);
  keep_value(t);
  lua_settop(t->co, 0);
  end_body(t);
}

/* Closes the task with the error that `reason`, called with the task, gives.
** That allocates, and here nothing protects us: hence the call. */
static void close_because (lc_task *t, lua_CFunction reason) {
  lua_State *D = t->job.loop->driver;
  lua_pushcfunction(D, reason);
  lua_pushlightuserdata(D, t);
  (void)lua_pcall(D, 1, 1, 0);   /* either way a value is on top */
  t->doomed = false;
  close_task(t);
}

/* Somebody looks on. */
lc_cold static int resume_watched (lc_loop *loop, lc_task *t, int nargs,
                                   int *n) {
  bool pulse = (loop->watch & LC_WATCH_PULSE) != 0;
  uint64_t since = lc_trace_on(loop) ? lc_trace_resumed(t) : 0;
  bool counted = (loop->watch & LC_WATCH_ACCOUNT) != 0;
  if (pulse) lc_pulse_begin(t);
  if (counted) lc_account_begin(t);
  int status = lua_resume(t->co, loop->driver, nargs, n);
  if (counted) lc_account_end(t);
  if (pulse) lc_pulse_end(loop);
  if (since && lc_trace_on(loop)) lc_trace_stopped(t, since);
  return status;
}

static void resume (lc_loop *loop, lc_task *t, int nargs) {
  int n = 0;
  loop->current = t;
  loop->running = t->co;
  loop->budget = LC_BUDGET;
  loop->slice = 0;
  t->job.state = LC_RUNNING;
  int status = LC_OBSERVED && lc_unlikely(loop->watch)
    ? resume_watched(loop, t, nargs, &n)
    : lua_resume(t->co, loop->driver, nargs, &n);
  loop->current = NULL;
  loop->running = NULL;
  if (status == LUA_YIELD) {
    if (!t->op.kind && !t->ready) close_because(t, lc_traceback_misbehaviour);
  }
  else if (status == LUA_OK) end_body(t);
  else fail_hard(t);
}

/* A script got hold of the coroutine (coroutine.running) and has closed or
** resumed it behind our back. */
static int lost (lua_State *L) {
  lc_task *t = lua_touserdata(L, 1);
  lc_traceback_started(L, &t->job);
  lua_pushfstring(L, "the coroutine of a task was closed or resumed by "
                  "somebody else; the task was started at %s",
                  lua_tostring(L, -1));
  return 1;
}

void lc_task_run (lc_loop *loop, lc_task *t) {
  if (t->joining) finish(t);
  else if (t->over) end_body(t);
  else if (t->started && lua_status(t->co) != LUA_YIELD) close_because(t, lost);
  else if (lc_unlikely(t->doomed)) close_because(t, lc_traceback_misbehaviour);
  else if (t->started) resume(loop, t, 0);
  else if (t->base.cancelled) never_run(t);
  else {
    t->started = true;
    resume(loop, t, lua_gettop(t->co) - 1);
  }
}

/* }} */

/* {{ Beginning */

void lc_task_start (lc_task *t) {
  t->queued = false;
  lc_list_init(&t->op.u.link);
  lc_loop_ready(t->job.loop, t);
}

static void task_cancel (lc_job *j) {
  lc_task *t = lc_container(j, lc_task, job);
  lc_scope_cancel(&t->base);
  if (!t->queued) return;
  lc_list_remove(&t->op.u.link);
  j->group->running++;
  lc_task_start(t);
}

const lc_engine lc_task_engine = {"task", task_cancel, NULL, NULL};

void lc_task_init (lc_task *t, lc_loop *loop) {
  memset(t, 0, sizeof(*t));
  t->job.engine = &lc_task_engine;
  t->job.loop = loop;
  t->job.slot = -1;
  if (LC_OBSERVED) t->job.born = loop->time;
  t->op.task = t;
  t->scope = &t->base;
  lc_list_init(&t->job.watchers);
  lc_list_init(&t->job.siblings);
}

lc_group *lc_task_own_group (lua_State *L, lc_task *t) {
  if (t->group) return t->group;
  lc_group *g = lc_alloc(sizeof(*g));
  if (!g) luaL_error(L, "not enough memory");
  lc_group_init(g, &t->base);
  return t->group = g;
}

lc_group *lc_task_group (lua_State *L, lc_task *t) {
  lc_group *g = lc_frame_current(L, t->scope);
  return g ? g : lc_task_own_group(L, t);
}

void lc_task_load (lua_State *L, lc_task *t, int handle, int n) {
  lua_State *co = t->co;
  lua_pushcfunction(co, task_main);
  lua_pushvalue(L, handle);
  lua_xmove(L, co, 1);
  lua_pushcfunction(co, lc_traceback_on_error);
  lua_xmove(L, co, n);
}

lc_task *lc_task_main (lc_loop *loop) {
  lc_task *t = lc_alloc(sizeof(*t));
  lc_group *g = lc_alloc(sizeof(*g));
  if (!t || !g) {
    lc_free(t, sizeof(*t));
    lc_free(g, sizeof(*g));
    return NULL;
  }
  lc_task_init(t, loop);
  lc_scope_enter(&t->base, LC_BASE, NULL, t);
  lc_group_init(g, &t->base);
  t->group = loop->root = g;
  t->job.state = LC_RUNNING;
  return loop->main = t;
}

void lc_task_main_free (lc_loop *loop) {
  if (!loop->main) return;
  lc_free(loop->root, sizeof(*loop->root));
  lc_free(loop->main, sizeof(*loop->main));
  loop->main = NULL;
  loop->root = NULL;
}

/* }} */

/* {{ Coroutines inside tasks */

int lc_task_enter (lua_State *L, lc_loop *loop, lua_State *co, int nargs,
                   int *nresults, bool *waits) {
  lc_task *t = loop->current;
  lua_State *outer = loop->running;
  if (t) loop->running = co;
  int status = lua_resume(co, L, nargs, nresults);
  if (t) loop->running = outer;
  if (loop->worker) lc_interrupt_follow(loop->worker, L, co);
  *waits = status == LUA_YIELD && t && (t->op.kind || t->ready);
  return status;
}

int lc_task_pass (lua_State *L, lua_KFunction k, lua_KContext ctx) {
  return lua_yieldk(L, 0, ctx, k);
}

int lc_task_yield_values (lua_State *L, int n) {
  return lua_yield(L, n);
}

/* }} */

static const luaL_Reg functions[] = {
  {"sleep", task_sleep},
  {"yield", task_yield},
  {"now", task_now},
  {NULL, NULL}
};

void lc_task_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
