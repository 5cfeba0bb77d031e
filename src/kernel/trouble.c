/*
** trouble.c: how code outside tasks unwinds. See trouble.h.
*/

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/luax.h"
#include "engine/worker.h"
#include "inspect/deadlock.h"
#include "inspect/traceback.h"
#include "kernel/frame.h"
#include "kernel/interrupt.h"
#include "kernel/slots.h"
#include "kernel/spawn.h"
#include "kernel/task.h"
#include "kernel/trouble.h"

static const char report_key;   /* text of the last deadlock */
static const char exit_key;     /* {os.exit, code, close} */

/* {{ Unwinding */

static const lc_opkind drain_kind = {"the end of all jobs", NULL, NULL,
                                     LC_BY_TASK};

static int k_nothing (lua_State *L, int status, lua_KContext ctx) {
  (void)L; (void)status; (void)ctx;
  return 0;
}

void lc_trouble_settle (lua_State *L, lc_loop *loop) {
  lc_task *main = loop->main;
  if (!main->base.own) return;
  while (lc_group_pending(loop->root)) {
    lc_task_begin(main, &drain_kind);
    lc_list_append(&loop->root->waiters, &main->op.u.link);
    lc_task_wait(L, main, k_nothing, 0);
  }
  lc_scope_reset(&main->base);
  loop->root->failing = false;
}

bool lc_trouble_is (lc_loop *loop) {
  return loop->main->base.own || loop->trouble != LC_NONE ||
         !lc_list_empty(&loop->root->failed);
}

/* A fork of its starter has what is the starter's: nothing of it is closed. */
static void leave_fork (lua_State *L) {
  int status = lua_isboolean(L, 2) ? !lua_toboolean(L, 2)
               : (int)luaL_optinteger(L, 2, EXIT_SUCCESS);
  (void)fflush(NULL);
  _exit(status);
}

static int leave_program (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &exit_key);
  lua_rawgeti(L, -1, 1);
  lua_rawgeti(L, -2, 2);
  lua_rawgeti(L, -3, 3);
  lua_call(L, 2, 0);
  return luaL_error(L, "os.exit returned");
}

/* Gives the error on top its tracebacks: in the message of a string, as a
** field of an own error. */
static void add_traceback (lua_State *L) {
  int error = lua_gettop(L);
  lc_traceback_push(L, error);
  if (lua_isnil(L, -1)) lua_pop(L, 1);
  else if (lua_type(L, error) == LUA_TSTRING) {
    lua_pushfstring(L, "%s\n%s", lua_tostring(L, error),
                    lua_tostring(L, -1));
    lua_replace(L, error);
    lua_settop(L, error);
  }
  else if (lc_errors_own(L, error)) lua_setfield(L, error, "traceback");
  lua_settop(L, error);
}

static int raise_failure (lua_State *L, lc_loop *loop) {
  lc_group *root = loop->root;
  if (lc_list_empty(&root->failed)) {
    lc_errors_push(L, "ECANCELED", "cancelled");
    return lua_error(L);
  }
  lc_job *j = lc_container(root->failed.next, lc_job, siblings);
  lc_job_push(L, j);
  lc_job_error(L, j, -1);
  lc_group_forget_all(root);
  add_traceback(L);
  return lua_error(L);
}

static int raise_deadlock (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &report_key);
  lc_errors_push(L, "EDEADLK", "%s", lua_isstring(L, -1) ?
    lua_tostring(L, -1) : "deadlock: nothing can go on");
  return lua_error(L);
}

int lc_trouble_raise (lua_State *L, lc_loop *loop) {
  luaL_checkstack(L, 8, NULL);
  lc_trouble_settle(L, loop);
  int trouble = loop->trouble;
  loop->trouble = LC_NONE;
  if (trouble == LC_EXIT) return leave_program(L);
  if (trouble == LC_SIGINT) return lc_interrupt_again(L, loop);
  if (trouble == LC_DEADLOCK) {
    lc_group_forget_all(loop->root);
    return raise_deadlock(L);
  }
  return raise_failure(L, loop);
}

/* }} */

/* {{ Deadlock */

/* Stores the report. */
static int store_report (lua_State *L) {
  lc_loop *loop = lua_touserdata(L, 1);
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &report_key);
  if (lc_still_text(L, loop), !lua_isstring(L, -1))
    lc_deadlock_report(L, loop);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &report_key);
  return 0;
}

static void report_deadlock (lua_State *L, lc_loop *loop) {
  lua_pushcfunction(L, store_report);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
  loop->trouble = LC_DEADLOCK;
}

/* Closes one task that waits for ever and has no jobs of its own. */
static bool close_one (lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    lc_task *t = lc_job_task(j);
    if (!t || lc_job_ended(j)) continue;
    if (!t->op.kind || t->op.kind == &lc_group_join) continue;
    if (t->op.kind->cancel) t->op.kind->cancel(&t->op);
    else lc_op_unlink(&t->op);   /* such waits stand in a list */
    lc_op_complete(&t->op, LC_CANCELLED);
    t->doomed = true;
    return true;
  }
  return false;
}

void lc_trouble_stuck (lua_State *L, lc_loop *loop) {
  lc_scope *root = &loop->main->base;
  if (!root->own) {
    report_deadlock(L, loop);
    lc_scope_cancel(root);
  }
  else close_one(loop);
}

/* }} */

/* {{ Running, and leaving the program */

/* A group of the code outside tasks that has jobs to wait for: the root, or
** one that a script holds open; or NULL. */
static lc_group *busy_group (lc_loop *loop) {
  lc_scope *top = &loop->main->base, *s = top;
  if (lc_group_pending(loop->root)) return loop->root;
  while ((s = lc_scope_next(top, s, s->task == loop->main))) {
    lc_group *g = lc_frame_group(s, loop->main);
    if (g && g->live > g->daemons) return g;
  }
  return NULL;
}

static int k_run (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_loop *loop = lc_luax_loop(L);
  lc_group *g = busy_group(loop);
  if (g) return lc_group_wait(L, loop->main, g, k_run, 0);
  lc_interrupt_stop(loop);
  if (lc_trouble_is(loop)) return lc_trouble_raise(L, loop);
  if (lua_isnoneornil(L, 1)) return 0;
  int n = lc_job_outcome(L, lua_touserdata(L, 1), 1);
  return n < 0 ? lc_traceback_pass_on(L) : n;
}

/* In a task: a group of its own. At 1 the group, at 2 the handle. */
static int k_run_inside (lua_State *L, int status, lua_KContext ctx) {
  lc_group *g = (lc_group *)ctx;
  lc_task *t = status == LUA_YIELD ? lc_task_resumed(L)
                                   : lc_task_self(lc_luax_loop(L));
  if (lc_group_pending(g)) return lc_group_wait(L, t, g, k_run_inside, ctx);
  lc_job *j = lua_touserdata(L, 2);
  if (g->failing || !j) return 0;   /* closing the group raises */
  int n = lc_job_outcome(L, j, 2);
  return n < 0 ? lc_traceback_pass_on(L) : n;
}

static int run_inside (lua_State *L, lc_task *t) {
  lc_group *g = lc_frame_push_group(L, t);
  lua_insert(L, 1);
  lua_toclose(L, 1);
  if (lua_gettop(L) > 1) lc_spawn_form(L, g, 2);
  return k_run_inside(L, LUA_OK, (lua_KContext)g);
}

/* conc.run([f, ...]) -> the results of f, when every job has ended */
static int trouble_run (lua_State *L) {
  lc_task *t = lc_task_here(L);
  if (!lua_isnone(L, 1)) lc_luax_function(L, 1);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (t->co || t->scope != &t->base) return run_inside(L, t);
  if (!lua_isnone(L, 1)) lc_spawn_form(L, t->job.loop->root, 1);
  lc_interrupt_start(t->job.loop);
  return k_run(L, LUA_OK, 0);
}

/* core.exit(exit, code, close): in a task; unwinds run, then calls exit */
static int trouble_exit (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lc_luax_function(L, 1);
  lua_settop(L, 3);
  if (loop->worker && loop->worker->kept) leave_fork(L);
  lua_createtable(L, 3, 0);
  lua_insert(L, 1);
  for (int i = 3; i > 0; i--) lua_rawseti(L, 1, i);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &exit_key);
  if (!loop->current || loop->worker) return leave_program(L);
  loop->trouble = LC_EXIT;
  lc_scope_cancel(&loop->main->base);
  return lc_task_raise(L, loop->current);
}

/* }} */

static const luaL_Reg functions[] = {
  {"run", trouble_run},
  {"exit", trouble_exit},
  {NULL, NULL}
};

void lc_trouble_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
