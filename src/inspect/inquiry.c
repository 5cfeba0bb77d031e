/*
** inquiry.c: asking other states what goes on. See inquiry.h.
*/

#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "engine/worker.h"
#include "inspect/inquiry.h"
#include "inspect/pulse.h"
#include "inspect/traceback.h"
#include "inspect/tree.h"
#include "kernel/interrupt.h"
#include "kernel/spawn.h"
#include "kernel/task.h"

#define INQUIRY_TYPE "luaconc.inquiry"

static const char dump_key;   /* the function that core.on_dump was given */

/* One at a time. It belongs to the stack of who waits. */
struct lc_inquiry {
  lc_loop *loop;         /* NULL: over */
  lc_op *op;             /* who waits */
  lc_timer limit;
  lc_link reports;
  uint32_t missing;      /* states that have been asked and not answered */
};

/* {{ Reports */

lc_report *lc_report_new (void) {
  lc_report *rep = lc_alloc(sizeof *rep);
  if (rep) memset(rep, 0, sizeof *rep);
  return rep;
}

void lc_report_free (lc_report *rep) {
  if (!rep) return;
  lc_message_free(&rep->message);
  lc_free(rep, sizeof *rep);
}

lc_report *lc_report_read (const char *bytes, size_t len) {
  lc_report *rep = len < sizeof rep->head ? NULL : lc_report_new();
  if (!rep) return NULL;
  len -= sizeof rep->head;
  memcpy(&rep->head, bytes, sizeof rep->head);
  rep->message.base = len ? lc_alloc(len) : NULL;
  if (rep->message.base) {
    rep->message.len = len;
    memcpy(rep->message.base, bytes + sizeof rep->head, len);
  }
  if (rep->head.depth <= LC_REPORT_DEPTH && (!len || rep->message.base))
    return rep;
  lc_report_free(rep);
  return NULL;
}

char *lc_report_write (const lc_report *rep, size_t *len) {
  *len = sizeof rep->head + rep->message.len;
  char *bytes = lc_alloc(*len);
  if (!bytes) return NULL;
  memcpy(bytes, &rep->head, sizeof rep->head);
  if (rep->message.len)
    memcpy(bytes + sizeof rep->head, rep->message.base, rep->message.len);
  return bytes;
}

/* loop, report (light userdata): fills the message. */
static int fill_report (lua_State *L) {
  lc_report *rep = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_pushboolean(L, rep->head.probe == 0);
  lc_tree_state(L);
  rep->message.process = true;
  lc_message_encode(L, lua_gettop(L), 1, "report", &rep->message);
  return 0;
}

static void call_safely (lua_State *L, lua_CFunction f, void *a, void *b) {
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, a);
  lua_pushlightuserdata(L, b);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) lua_pop(L, 1);
}

void lc_report_fill (lua_State *L, lc_loop *loop, lc_report *rep) {
  call_safely(L, fill_report, loop, rep);
}

bool lc_report_extend (lc_report *rep, const lc_remote *r) {
  if (rep->head.depth >= LC_REPORT_DEPTH) return false;
  rep->head.path[rep->head.depth++] = r->job.id;
  return true;
}

void lc_report_push (lua_State *L, const lc_report *rep) {
  lua_createtable(L, (int)rep->head.depth + 1, 0);
  int list = lua_gettop(L);
  if (rep->message.base) lc_message_decode(L, &rep->message);
  else lua_pushboolean(L, 0);
  lua_rawseti(L, list, 1);
  lua_settop(L, list);
  for (uint32_t i = rep->head.depth; i > 0; i--) {
    lua_pushinteger(L, rep->head.path[i - 1]);
    lua_rawseti(L, -2, (lua_Integer)(rep->head.depth - i) + 2);
  }
}

/* }} */

/* {{ Being asked */

/* Asks the states of all remote jobs that run; how many. */
static uint32_t ask_below (lc_loop *loop) {
  uint32_t n = 0;
  for (lc_job *j = NULL; (j = lc_remote_next(loop, j)); ) {
    lc_remote *r = lc_remote_of(j);
    if (j->state != LC_RUNNING || !r->kind->ask) continue;
    r->asked = true;
    r->kind->ask(r);
    n++;
  }
  return n;
}

static void answer (lua_State *L, lc_loop *loop) {
  lc_worker *w = loop->worker;
  lc_report *rep = w && w->report ? lc_report_new() : NULL;
  if (!rep) return;
  rep->head.asked = ask_below(loop);
  lc_report_fill(L, loop, rep);
  w->report(w, rep);
}

/* Upvalue 1: the loop. */
static int spawn_dump (lua_State *L) {
  lua_createtable(L, 1, 3);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &dump_key);
  lua_rawseti(L, -2, 1);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "daemon");
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "keep");
  lua_pushliteral(L, "dump");
  lua_setfield(L, -2, "name");
  return lc_spawn_form(L, lc_luax_loop(L)->root, 1);
}

/* loop: starts the daemon that prints what all states say. */
static int start_dump (lua_State *L) {
  lc_loop *loop = lua_touserdata(L, 1);
  if (loop->ending) return 0;
  lua_settop(L, 1);
  lua_pushcclosure(L, spawn_dump, 1);
  lua_call(L, 0, 0);
  return 0;
}

/* loop: prints what this state says, at once. */
static int print_dump (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &dump_key);
  lua_pushboolean(L, 1);
  lua_call(L, 1, 0);
  return 0;
}

/* Code that computes may never come back to the loop: then only this state is
** printed. */
static void dump (lua_State *L, lc_loop *loop, bool inside) {
  if (inside) call_safely(L, print_dump, loop, NULL);
  if (!inside || !lc_list_empty(&loop->remotes))
    call_safely(L, start_dump, loop, NULL);
}

static int tell_place (lua_State *L) {
  lc_pulse_tell(L, lua_touserdata(L, 1));
  return 0;
}

void lc_inquiry_serve (lua_State *L, lc_loop *loop, bool inside) {
  unsigned asks = lc_port_asked(loop->port);
  if (!asks || !lua_checkstack(L, LUA_MINSTACK)) return;
  if (asks & LC_ASK_REPORT) answer(L, loop);
  if ((asks & LC_ASK_PLACE) && inside) call_safely(L, tell_place, loop, NULL);
  if (asks & LC_ASK_DUMP) dump(L, loop, inside);
  if (asks & LC_ASK_STILL) lc_still_answer(L, loop, inside);
  if ((asks & LC_ASK_LOOK) && !inside) lc_still_look(L, loop);
}

/* }} */

/* {{ What comes back */

static void end_wait (struct lc_inquiry *q) {
  lc_op *op = q->op;
  q->op = NULL;
  lc_loop_unat(q->loop, &q->limit);
  if (op) lc_op_complete(op, LC_OK);
}

static void on_limit (lc_timer *timer) {
  end_wait(lc_container(timer, struct lc_inquiry, limit));
}

static void count_answer (struct lc_inquiry *q, uint32_t asked) {
  q->missing += asked;
  if (q->missing > 0 && --q->missing == 0) end_wait(q);
}

void lc_inquiry_lost (lc_remote *r) {
  struct lc_inquiry *q = r->job.loop->inquiry;
  if (r->asked && q) count_answer(q, 0);
  r->asked = false;
}

void lc_inquiry_arrived (lc_remote *r, lc_report *rep) {
  lc_loop *loop = r->job.loop;
  lc_worker *w = loop->worker;
  struct lc_inquiry *q = loop->inquiry;
  bool own = rep->head.depth == 0, probed = rep->head.probe != 0;
  bool wanted = !own || probed || r->asked;
  if (own && !probed) r->asked = false;
  if (!wanted || !lc_report_extend(rep, r)) lc_report_free(rep);
  else if (probed && !w) lc_still_arrived(loop, rep);
  else if (q && !probed) {
    lc_list_append(&q->reports, &rep->link);
    count_answer(q, rep->head.asked);
  }
  else if (w && w->report) w->report(w, rep);
  else lc_report_free(rep);
}

/* }} */

/* {{ Asking */

/* No more reports come. */
static void leave (struct lc_inquiry *q) {
  if (!q->loop) return;
  lc_loop_unat(q->loop, &q->limit);
  q->loop->inquiry = NULL;
  q->loop = NULL;
}

static int inquiry_collect (lua_State *L) {
  struct lc_inquiry *q = lua_touserdata(L, 1);
  lc_link *l;
  leave(q);
  while ((l = lc_list_shift(&q->reports)))
    lc_report_free(lc_container(l, lc_report, link));
  return 0;
}

static void cancel_ask (lc_op *op) {
  leave(op->u.what);
}

static const lc_opkind ask_kind = {"what other states say", cancel_ask, NULL,
                                   LC_BY_OTHERS};

/* The inquiry is at 2. */
static int push_reports (lua_State *L) {
  struct lc_inquiry *q = lua_touserdata(L, 2);
  int n = 0;
  leave(q);
  luaL_checkstack(L, 8, NULL);
  lua_newtable(L);
  lc_list_each(l, &q->reports) {
    lc_report_push(L, lc_container(l, lc_report, link));
    lua_rawseti(L, 3, ++n);
  }
  return 1;
}

static int k_ask (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  return push_reports(L);
}

static struct lc_inquiry *push_inquiry (lua_State *L) {
  struct lc_inquiry *q = lua_newuserdatauv(L, sizeof *q, 0);
  *q = (struct lc_inquiry){.limit.fire = on_limit};
  lc_list_init(&q->reports);
  luaL_setmetatable(L, INQUIRY_TYPE);
  return q;
}

/* core.ask(seconds) -> list of {table, id, id, ...}. One at a time. */
static int inquiry_ask (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  uint64_t ns = lc_luax_seconds(L, 1);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lua_settop(L, 1);
  lc_assert(!loop->inquiry);
  struct lc_inquiry *q = push_inquiry(L);
  if (lc_loop_at(loop, &q->limit, lc_clock_after(&loop->clock, ns)) != 0)
    return luaL_error(L, "not enough memory");
  q->loop = loop;
  loop->inquiry = q;
  q->missing = ask_below(loop);
  if (q->missing == 0) return push_reports(L);
  q->op = &t->op;
  t->op.u.what = q;
  lc_task_begin(t, &ask_kind);
  return lc_task_wait(L, t, k_ask, 0);
}

/* core.on_dump(signal, f) -> was it free? From now on the signal makes f(true)
** print what this state says, at once, or f() what all say, which may wait. */
static int inquiry_on_dump (lua_State *L) {
  static const char *const names[] = {"SIGUSR1", "SIGUSR2", "SIGHUP",
                                      "SIGQUIT", NULL};
  static const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGQUIT};
  int number = numbers[luaL_checkoption(L, 1, NULL, names)];
  lc_luax_function(L, 2);
  lua_settop(L, 2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &dump_key);
  lua_pushboolean(L, lc_interrupt_dump_on(lc_luax_loop(L), number));
  return 1;
}

/* core.watched() -> what the program gave core.watchdog, or nil */
static int inquiry_watched (lua_State *L) {
  uint64_t ns = lc_pulse_everywhere();
  if (ns > 0) lua_pushnumber(L, (lua_Number)ns / 1e9);
  else lua_pushnil(L);
  return 1;
}

/* core.watchdog(seconds) -> true | nil, message, code. 0: no more. */
static int inquiry_watchdog (lua_State *L) {
  int err = lc_pulse_watch(lc_luax_loop(L), lc_luax_seconds(L, 1));
  if (err) return lc_errors_uv(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* }} */

static const luaL_Reg no_methods[] = {
  {NULL, NULL}
};

static const luaL_Reg meta[] = {
  {"__gc", inquiry_collect},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"ask", inquiry_ask},
  {"on_dump", inquiry_on_dump},
  {"watchdog", inquiry_watchdog},
  {"watched", inquiry_watched},
  {NULL, NULL}
};

void lc_inquiry_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, INQUIRY_TYPE, no_methods, meta);
  lua_pop(L, 1);
}
