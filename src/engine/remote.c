/*
** remote.c: jobs that run in another state. See remote.h.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "engine/remote.h"
#include "engine/worker.h"
#include "inspect/debug.h"
#include "inspect/inquiry.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "kernel/end.h"
#include "kernel/spawn.h"
#include "kernel/task.h"

#define BODY_TYPE "luaconc.body"
#define MILLISECOND 1000000u

enum { BODY_VALUE = 2, HANDLE_VALUES = 2 };

lc_job *lc_remote_job (lc_scope *s) {
  return &lc_container(s, lc_remote, base)->job;
}

static lc_remote *remote_of_link (const lc_link *l) {
  return lc_container(l, lc_remote, all);
}

lc_job *lc_remote_next (const lc_loop *loop, const lc_job *j) {
  const lc_link *l = j ? lc_remote_of(j)->all.next : loop->remotes.next;
  return l == &loop->remotes ? NULL : &remote_of_link(l)->job;
}

void lc_remote_forget (lc_job *j) {
  lc_list_remove(&lc_remote_of(j)->all);
}

/* {{ The end */

static lc_jobstate state_of (lc_outcome outcome) {
  return outcome == LC_RETURNED ? LC_DONE
       : outcome == LC_UNWOUND ? LC_ENDCANCELLED : LC_FAILED;
}

void lc_remote_ended (lc_remote *r, lc_outcome outcome, lc_message *reply) {
  lc_loop *loop = r->job.loop;
  lc_assert(!lc_job_ended(&r->job));
  r->outcome = (uint8_t)outcome;
  if (reply) {
    r->reply = *reply;
    *reply = (lc_message){0};
  }
  lc_inquiry_lost(r);
  lc_still_moved(loop);
  if (loop->still.alert == r) loop->still.alert = NULL;
  lc_loop_unat(loop, &r->strikes);
  lc_heap_unreserve(&loop->deadlines);
  lc_scope_leave(&r->base);
  if (!r->idle) lc_loop_expect(loop, LC_BY_OTHERS, -1);
  lc_mailbox_close(&r->mailbox);
  lc_job_end(&r->job, state_of(outcome));
}

void lc_remote_arrived (lc_remote *r, lc_letter *l) {
  lc_still_moved(r->job.loop);
  lc_mailbox_put(&r->mailbox, l);
}

static void on_unrun (lc_note *note, lc_loop *loop) {
  lc_remote *r = lc_container(note, lc_remote, note);
  (void)loop;
  lc_remote_ended(r, r->code ? LC_NEVERSTARTED : LC_UNWOUND, NULL);
}

/* It ends without having run; not now, as we may be in the middle of a walk
** through scopes or groups. */
static void end_unrun (lc_remote *r) {
  r->note.arrive = on_unrun;
  lc_port_post(r->job.loop->port, &r->note);
}

/* }} */

/* {{ Starting and cancelling */

static int start (lc_remote *r) {
  int err = r->kind->start(r);
  lc_message_free(&r->context);
  lc_message_free(&r->request);
  return err;
}

/* What waits for its turn waits for tasks of ours: only from now on is it
** others that it waits for. */
static void leave_queue (lc_remote *r) {
  lc_list_remove(&r->turn.u.link);
  r->queued = false;
  lc_loop_expect(r->job.loop, LC_BY_OTHERS, 1);
}

const lc_job *lc_remote_turn (lc_op *turn) {
  return &lc_container(turn, lc_remote, turn)->job;
}

void lc_remote_start (lc_op *turn) {
  lc_remote *r = lc_container(turn, lc_remote, turn);
  leave_queue(r);
  r->code = start(r);
  if (r->code) end_unrun(r);
  else r->job.state = LC_RUNNING;
}

static uint64_t next_strike (const lc_remote *r) {
  return lc_clock_after(&r->job.loop->clock, LC_STRIKE_MS * MILLISECOND);
}

/* Grace is a matter of real time, even where the loop's is made up. */
static void on_strike_due (lc_timer *timer) {
  lc_remote *r = lc_container(timer, lc_remote, strikes);
  uint64_t since = uv_hrtime() - r->struck;
  r->kind->strike(r, since >= (uint64_t)LC_GRACE_MS * MILLISECOND);
  if (lc_job_ended(&r->job)) return;
  lc_heap_add_reserved(&r->job.loop->deadlines, timer, next_strike(r));
}

void lc_remote_interrupt (lc_scope *s) {
  lc_remote *r = lc_container(s, lc_remote, base);
  if (r->queued) {
    leave_queue(r);
    r->job.group->running++;
    end_unrun(r);
  }
  if (r->job.state != LC_RUNNING || r->struck) return;
  r->struck = uv_hrtime();
  r->strikes.fire = on_strike_due;
  lc_heap_add_reserved(&r->job.loop->deadlines, &r->strikes, next_strike(r));
  lc_reason_inherit(&r->reason, r->job.loop, s);
  if (r->reason.base) r->kind->explain(r);
  r->kind->strike(r, false);
}

void lc_remote_cancel (lc_job *j) {
  lc_scope_cancel(&lc_remote_of(j)->base);
}

void lc_remote_cancel_all (lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_remote_next(loop, j)); )
    if (!lc_job_ended(j)) lc_remote_cancel(j);
}

/* }} */

void lc_remote_abandon (lc_job *j) {
  lc_remote *r = lc_remote_of(j);
  r->idle = r->fetched = true;
  r->queued = false;
  if (r->kind->abandon && !lc_job_ended(j)) r->kind->abandon(r);
}

int lc_remote_pid (const lc_job *j) {
  const lc_remote *r = lc_remote_of(j);
  return r->kind->pid ? r->kind->pid(r) : 0;
}

int lc_remote_kill (lc_job *j, int signal) {
  lc_remote *r = lc_remote_of(j);
  if (!r->kind->kill) return UV_ENOTSUP;
  if (lc_job_ended(j) || r->queued) return UV_ESRCH;
  r->kind->kill(r, signal);
  return 0;
}

/* {{ Making one */

/* The user value that owns the body. Its own user value is the handle. */
typedef struct lc_body {
  lc_remote *remote;
} lc_body;

static int body_collect (lua_State *L) {
  lc_body *b = lc_luax_self(L);
  lc_remote *r = b->remote;
  if (!r) return 0;
  /* Nobody collects the handle of a live job: the state is being closed. */
  if (r->job.group && !lc_job_ended(&r->job)) lc_end_state(L, r->job.loop);
  b->remote = NULL;
  if (lc_debug_on(r->job.loop) && r->outcome == LC_RETURNED) {
    lua_getiuservalue(L, 1, 1);
    lc_debug_reply(L, &r->job, -1, &r->reply);
  }
  lc_message_free(&r->context);
  lc_message_free(&r->request);
  lc_message_free(&r->reply);
  lc_reason_free(&r->reason);
  lc_mailbox_free(&r->mailbox);
  if (r->kept) {
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, lc_remote_kept(r));
  }
  if (r->body) r->kind->close(r->body);
  return 0;
}

/* Pushes a handle, and makes what owns its body. */
static lc_remote *push_remote (lua_State *L, lc_loop *loop,
                               const lc_remotekind *kind) {
  lc_remote *r = lua_newuserdatauv(L, sizeof(*r), HANDLE_VALUES);
  memset(r, 0, sizeof(*r));
  r->job.engine = &kind->engine;
  r->job.loop = loop;
  r->job.slot = -1;
  if (!loop->current) lc_loop_look(loop);
  r->job.born = loop->time;
  r->kind = kind;
  lc_list_init(&r->job.watchers);
  lc_list_init(&r->job.siblings);
  lc_list_init(&r->all);
  lc_list_init(&r->turn.u.link);
  lc_mailbox_init(&r->mailbox);
  lua_rawgeti(L, LUA_REGISTRYINDEX, loop->jobtype);
  lua_setmetatable(L, -2);
  lc_body *b = lua_newuserdatauv(L, sizeof(*b), 1);
  b->remote = NULL;
  luaL_setmetatable(L, BODY_TYPE);
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, 1);
  lua_setiuservalue(L, -2, BODY_VALUE);
  b->remote = r;
  return r;
}

static void read_memory (lua_State *L, lc_remote *r, int options) {
  if (!options) return;
  if (lc_luax_option(L, options, "memory") != LUA_TNIL) {
    lua_Number n = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : 0;
    if (lua_type(L, -1) != LUA_TNUMBER || !(n >= 1 && n <= 1e15))
      lc_luax_bad_option(L, options, "memory", "a number of bytes above 0");
    r->memory = (size_t)n;
  }
  lua_pop(L, 1);
}

/* Puts the function that is called before the job's, or nil, in front of that
** one. */
static void insert_init (lua_State *L, int f, int options) {
  if (!options) lua_pushnil(L);
  else if (lc_luax_option(L, options, "init") != LUA_TNIL &&
           !lc_luax_callable(L, -1))
    lc_luax_bad_option(L, options, "init", "a function");
  lua_insert(L, f);
}

/* It joins its group, and runs, or waits for its turn, or never runs: 0, or
** why the system refuses. Raises nothing. */
static int join (lc_remote *r, lc_group *g) {
  lc_loop *loop = r->job.loop;
  bool full = g->limit && g->running >= g->limit;
  int err = lc_heap_reserve(&loop->deadlines);
  if (err) return err;
  lc_scope_enter(&r->base, LC_REMOTE, g->scope, NULL);
  bool dead = r->base.cancelled;
  err = full || dead ? 0 : start(r);
  if (err) {
    lc_scope_leave(&r->base);
    lc_heap_unreserve(&loop->deadlines);
    return err;
  }
  if (g->keep) r->job.keep = true;
  lc_group_add(g, &r->job);
  lc_list_append(&loop->remotes, &r->all);
  loop->live++;
  if (full && !dead) {
    r->queued = true;
    lc_group_queue(g, &r->turn, &r->job);
    return 0;
  }
  g->running++;
  lc_loop_expect(loop, LC_BY_OTHERS, 1);
  if (dead) end_unrun(r);
  else r->job.state = LC_RUNNING;
  return 0;
}

/* Until the handle is garbage. */
static void keep_values (lua_State *L, lc_remote *r, int f, int n) {
  lua_createtable(L, n, 1);
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(L, f + i - 1);
    lua_rawseti(L, -2, i);
  }
  lua_pushinteger(L, n);
  lua_setfield(L, -2, "n");
  lua_rawsetp(L, LUA_REGISTRYINDEX, lc_remote_kept(r));
  r->kept = true;
}

static int refuse (lua_State *L, lc_remote *r, int handle, int err) {
  const char *label = lc_job_label(L, &r->job, handle);
  lc_errors_fail(L, uv_err_name(err), "cannot start %s: %s", label,
                 lc_message_refusal(err));
  return 3;
}

int lc_remote_form (lua_State *L, lc_group *g, int arg,
                    const lc_remotekind *kind) {
  lc_loop *loop = lc_luax_loop(L);
  lc_task *parent = lc_task_self(loop);
  int options, f = lc_spawn_arguments(L, arg, &options);
  luaL_checkstack(L, 16, NULL);
  insert_init(L, f, options);
  int handle = lua_gettop(L) + 1, n = handle - f;
  lc_remote *r = push_remote(L, loop, kind);
  lc_spawn_describe(L, &r->job, handle, options);
  read_memory(L, r, options);
  r->job.id = ++loop->lastid;
  lc_worker_context(L, &r->context, &r->job, handle, kind->process);
  r->request.process = kind->process;
  if (kind->whole && kind->whole(L, options)) keep_values(L, r, f, n);
  else lc_message_encode(L, f, n, "option 'init'|argument", &r->request);
  int err = kind->open(L, r, options);
  if (err) return refuse(L, r, handle, err);
  if (!g) g = lc_task_group(L, parent);   /* no code of the user's from here */
  if (g->closed) return luaL_error(L, "the group is closed: start jobs before");
  lc_job_anchor(L, &r->job, handle);
  if (lc_trace_on(loop)) {
    lc_trace_job(L, &r->job);
    r->turn.flow = lc_trace_send(loop, "start");
  }
  err = join(r, g);
  if (err) {
    if (lc_trace_on(loop)) lc_trace_ended(&r->job);
    lc_job_release(&r->job);
    return refuse(L, r, handle, err);
  }
  lua_settop(L, handle);
  return 1;
}

/* }} */

/* {{ The outcome */

/* Pushes the result, or a list of them. Their number is what was decoded,
** whatever a process says that has gone wrong. */
static void push_results (lua_State *L, lc_remote *r) {
  int n = lc_message_decode(L, &r->reply), first = lua_gettop(L) - n + 1;
  r->job.nresults = (uint32_t)n;
  if (n == 0) lua_pushnil(L);
  if (n <= 1) return;
  lua_createtable(L, n, 0);
  lua_insert(L, first);
  for (int i = n; i > 0; i--) lua_rawseti(L, first, i);
}

/* The limit is what an error for want of memory is about. */
static void explain_memory (lua_State *L, const lc_remote *r) {
  const char *text = lua_tostring(L, -1);
  if (!r->memory || !text || strcmp(text, "not enough memory") != 0) return;
  lua_pop(L, 1);
  lua_pushfstring(L, "not enough memory: the limit of this %s is %I bytes "
                  "(memory=)", r->job.engine->name, (LUAI_UACINT)r->memory);
}

/* Pushes the error that came back, and keeps its traceback. */
static void push_error (lua_State *L, lc_remote *r, int index) {
  int n = lc_message_decode(L, &r->reply);
  lua_settop(L, lua_gettop(L) - n + 2);
  lua_insert(L, -2);   /* the traceback below the error */
  if (lua_type(L, -1) == LUA_TSTRING) explain_memory(L, r);
  lua_insert(L, -2);
  if (lua_isnil(L, -1)) lua_pop(L, 1);
  else lc_traceback_remember(L, -2, &r->job, index);
}

/* Pushes the error of a job that brought none. */
static void make_error (lua_State *L, lc_remote *r, int index) {
  const char *label = lc_job_label(L, &r->job, index);
  if (r->outcome == LC_NOMEMORY && r->code == UV_EMSGSIZE)
    lc_errors_push(L, "EMSGSIZE", "what %s returned is more than 1 GiB long, "
                   "which no message may be", label);
  else if (r->outcome == LC_NOMEMORY) {
    lua_pushliteral(L, "not enough memory");
    explain_memory(L, r);
  }
  else if (r->outcome == LC_NEVERSTARTED)
    lc_errors_push(L, uv_err_name(r->code), "cannot start %s: %s", label,
                   uv_strerror(r->code));
  else if (r->outcome == LC_ABANDONED)
    lc_errors_push(L, "ETIMEDOUT", "%s was cancelled, did not end within %d s, "
                   "as it runs C code that can't be interrupted, and was "
                   "abandoned", label, LC_GRACE_MS / 1000);
  else r->kind->epitaph(L, r, label);
  lua_remove(L, -2);
}

/* Pushes the cancellation as the job saw it, or nil where it never ran: see
** lc_job_outcome. The reason is the very value that it was cancelled with. */
static void push_cancellation (lua_State *L, lc_remote *r, int index) {
  bool told = lc_job_field(L, &r->job, index, "reason") != LUA_TNIL;
  if (r->reply.base) push_error(L, r, index);
  else if (!r->struck) lua_pushnil(L);
  else if (!told) lc_errors_push(L, "ECANCELED", "cancelled");
  else {
    lc_errors_push(L, "ECANCELED", "cancelled: %s",
                   lc_errors_text(L, -1));
    lua_replace(L, -2);
  }
  lua_insert(L, -2);
  if (told && lc_errors_own(L, -2)) lua_setfield(L, -2, "reason");
  else lua_pop(L, 1);
}

static void push_outcome (lua_State *L, lc_remote *r, int index) {
  if (r->outcome == LC_RETURNED) push_results(L, r);
  else if (r->outcome == LC_RAISED) push_error(L, r, index);
  else if (r->outcome == LC_UNWOUND) push_cancellation(L, r, index);
  else make_error(L, r, index);
}

/* Reading may run code that asks for the same outcome: a module that is
** required, a finaliser. Who is done first has its values kept, who is done
** last frees the reply. After an error that waits for the handle's end. */
void lc_remote_fetch (lua_State *L, lc_job *j, int index) {
  lc_remote *r = lc_remote_of(j);
  if (r->fetched) return;
  index = lua_absindex(L, index);
  luaL_checkstack(L, 16, NULL);
  r->readers++;
  push_outcome(L, r, index);
  r->readers--;
  if (r->fetched) lua_pop(L, 1);
  else lua_setiuservalue(L, index, LC_JOB_VALUE);
  r->fetched = true;
  if (r->readers == 0) lc_message_free(&r->reply);
}

/* }} */

/* {{ Letters */

/* The remote job at 1; NULL where that is nil: the starter is meant. */
static lc_remote *check_remote (lua_State *L) {
  if (lua_isnil(L, 1)) {
    if (!lc_luax_loop(L)->worker)
      luaL_error(L, "nobody has started this state as a thread or process");
    return NULL;
  }
  lc_job *j = luaL_checkudata(L, 1, LC_JOB_TYPE);
  if (lc_job_task(j)) luaL_argerror(L, 1, "a task gets no letters");
  return lc_remote_of(j);
}

static int post (lc_loop *loop, lc_remote *r, lc_message *m) {
  if (!r) return loop->worker->post(loop->worker, m);
  if (lc_job_ended(&r->job)) return UV_EPIPE;
  return r->kind->post(r, m);
}

/* core.post(h | nil, ...) -> true | nil, "closed", "EPIPE" */
static int remote_post (lua_State *L) {
  lc_remote *r = check_remote(L);
  lc_loop *loop = lc_luax_loop(L);
  lc_message m = {
    .process = r ? r->kind->process : loop->worker->reply.process
  };
  lc_message_encode(L, 2, lua_gettop(L) - 1, "argument", &m);
  int err = post(loop, r, &m);
  lc_message_free(&m);
  if (err == UV_ENOMEM) return luaL_error(L, "not enough memory");
  if (err) return lc_errors_fail(L, "EPIPE", "closed");
  lua_pushboolean(L, 1);
  return 1;
}

/* core.idle(h, idle): nothing is expected of the remote job meanwhile, so a
** wait for what only it could bring is a deadlock */
static int remote_idle (lua_State *L) {
  lc_job *j = luaL_checkudata(L, 1, LC_JOB_TYPE);
  lc_remote *r = lc_job_task(j) ? NULL : lc_remote_of(j);
  bool idle = lua_toboolean(L, 2);
  if (!r || lc_job_ended(j) || r->queued || r->idle == idle) return 0;
  r->idle = idle;
  lc_loop_expect(j->loop, LC_BY_OTHERS, idle ? -1 : 1);
  return 0;
}

/* core.take(h | nil) -> true, values... | false */
static int remote_take (lua_State *L) {
  lc_remote *r = check_remote(L);
  lua_settop(L, 1);
  if (r) return lc_mailbox_take(L, &r->mailbox);
  lc_worker *w = lc_luax_loop(L)->worker;
  int err = w->listen ? w->listen(w) : 0;
  if (err) return luaL_error(L, "no letter can come: %s", uv_strerror(err));
  return lc_mailbox_take(L, &w->mailbox);
}

/* }} */

static const luaL_Reg body_meta[] = {
  {"__gc", body_collect},
  {NULL, NULL}
};

static const luaL_Reg no_methods[] = {
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"post", remote_post},
  {"take", remote_take},
  {"idle", remote_idle},
  {NULL, NULL}
};

void lc_remote_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, BODY_TYPE, no_methods, body_meta);
  lua_pop(L, 1);
}
