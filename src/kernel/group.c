/*
** group.c: jobs that end together. See group.h.
*/

#include "base/errors.h"
#include "engine/remote.h"
#include "inspect/debug.h"
#include "inspect/traceback.h"
#include "kernel/group.h"
#include "kernel/task.h"

void lc_group_init (lc_group *g, lc_scope *scope) {
  *g = (lc_group){0};
  g->scope = scope;
  lc_list_init(&g->jobs);
  lc_list_init(&g->failed);
  lc_list_init(&g->queued);
  lc_list_init(&g->waiters);
}

static lc_job *job_of (lc_link *l) {
  return lc_container(l, lc_job, siblings);
}

void lc_group_add (lc_group *g, lc_job *j) {
  j->group = g;
  lc_list_append(&g->jobs, &j->siblings);
  g->live++;
  if (j->daemon) g->daemons++;
}

static int priority_of (lc_link *l) {
  lc_op *op = lc_container(l, lc_op, u.link);
  return op->task ? op->task->job.priority : lc_remote_turn(op)->priority;
}

/* Most have the priority of those before them, and go to the end; who goes
** before many is looked for from the front. */
void lc_group_queue (lc_group *g, lc_op *op, const lc_job *j) {
  lc_link *l = g->queued.prev;
  if (j->priority <= 0)
    while (l != &g->queued && priority_of(l) < j->priority) l = l->prev;
  else {
    l = g->queued.next;
    while (l != &g->queued && priority_of(l) >= j->priority) l = l->next;
    l = l->prev;
  }
  lc_list_append(l->next, &op->u.link);
}

/* A job's turn has come: the operation is its place in the queue. */
static void start_job (lc_link *l) {
  lc_op *op = lc_container(l, lc_op, u.link);
  if (op->task) lc_task_start(op->task);
  else lc_remote_start(op);
}

/* Starts queued jobs as far as the limit allows. */
static void start_queued (lc_group *g) {
  while (g->running < g->limit) {
    lc_link *l = lc_list_shift(&g->queued);
    if (!l) return;
    g->running++;
    start_job(l);
  }
}

void lc_group_ended (lc_group *g, lc_job *j) {
  g->live--;
  if (j->daemon) g->daemons--;
  if (g->limit) {
    g->running--;
    start_queued(g);
  }
  if (j->state == LC_FAILED && !j->keep) {
    g->failing = true;
    lc_scope_cancel(g->scope);
  }
  if (g->live == g->daemons)
    while (lc_op_complete_first(&g->waiters, LC_OK)) ;
}

void lc_group_forget (lc_job *j) {
  if (!j->group || !lc_job_ended(j)) return;
  lc_list_remove(&j->siblings);
  j->group = NULL;
  lc_job_release(j);
}

/* failed job (light userdata) -> that nobody has seen its failure */
static int complain (lua_State *L) {
  lc_job *j = lua_touserdata(L, 1);
  lc_job_push(L, j);
  const char *label = lc_job_label(L, j, 2);
  lc_job_error(L, j, 2);
  const char *error = lc_errors_text(L, -1);
  lc_traceback_started(L, j);
  lua_pushfstring(L, "%s failed too, and nobody has seen its error: %s "
                  "(started at %s)", label, error, lua_tostring(L, -1));
  return 1;
}

void lc_group_forget_all (lc_group *g) {
  while (!lc_list_empty(&g->failed)) {
    lc_job *j = job_of(g->failed.next);
    if (lc_debug_on(j->loop) && !j->seen)
      lc_debug_warn(j->loop->driver, complain, j);
    lc_group_forget(j);
  }
  g->failing = false;
}

bool lc_group_pending (lc_group *g) {
  if (g->live == 0) return false;
  if (g->live > g->daemons) return true;
  for (lc_link *l = g->jobs.next, *next; l != &g->jobs; l = next) {
    next = l->next;
    job_of(l)->engine->cancel(job_of(l));
  }
  return g->live > 0;
}

const lc_opkind lc_group_join = {"the end of its jobs", NULL, NULL, LC_BY_TASK};

int lc_group_wait (lua_State *L, lc_task *t, lc_group *g, lua_KFunction k,
                   lua_KContext ctx) {
  return lc_task_wait_in(L, t, &g->waiters, &lc_group_join, k, ctx);
}

void lc_group_hand_over (lc_group *from, lc_group *to) {
  lc_link *l;
  while ((l = lc_list_shift(&from->queued))) start_job(l);
  while ((l = lc_list_shift(&from->jobs))) lc_group_add(to, job_of(l));
  while ((l = lc_list_shift(&from->failed))) {
    job_of(l)->group = to;
    lc_list_append(&to->failed, l);
  }
  to->failing = to->failing || from->failing;
  from->live = from->daemons = 0;
}

void lc_group_raise (lua_State *L, lc_group *g) {
  if (lc_list_empty(&g->failed)) return;
  lc_job *first = job_of(g->failed.next);
  luaL_checkstack(L, 8, NULL);
  lc_job_push(L, first);
  lc_job_error(L, first, -1);
  lc_group_forget_all(g);
  lc_traceback_pass_on(L);
}
