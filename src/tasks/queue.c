/*
** queue.c: a bounded queue. See queue.h.
**
** Values stand in a Lua table, the user value: those in the queue at
** 1 .. capacity, as a ring; the value of a sender that waits, or for a
** receiver that was served, under the address of its operation.
**
** Invariants:
** 1. Receivers wait only where there is neither a value nor a sender.
** 2. Senders wait only where the queue is full (always, at capacity 0).
** 3. Whoever takes a value lets the first waiting sender put its own at the
**    end at once; whoever brings one serves the first waiting receiver. So
**    order holds and each waiter is served first come, first served.
** 4. `head` is 0 when the queue is empty: a short queue uses a short table.
*/

#include <math.h>

#include "base/errors.h"
#include "base/luax.h"
#include "kernel/select.h"
#include "kernel/task.h"
#include "tasks/queue.h"

#define QUEUE_TYPE "luaconc.queue"

enum { DEFAULT_CAPACITY = 64, CLOSED = UV_EOF };
#define UNBOUNDED INT64_MAX

/* The tag tells a queue from other userdata, faster than its metatable. */
static const char queue_tag;

typedef struct lc_queue {
  const void *tag;
  lc_loop *loop;
  lc_link receivers;
  lc_link senders;
  int64_t capacity;
  int64_t head;      /* place of the first value, from 0 */
  int64_t n;
  bool closed;
} lc_queue;

static inline lc_queue *queue_self (lua_State *L) {
  lc_queue *q = lua_touserdata(L, 1);
  if (q && lua_rawlen(L, 1) == sizeof(*q) && q->tag == &queue_tag) return q;
  return lc_luax_self(L);
}

/* {{ The table */

static void push_items (lua_State *L, int self) {
  lua_getiuservalue(L, self, 1);
}

static int64_t place (const lc_queue *q, int64_t i) {
  int64_t at = q->head + i;
  return (at >= q->capacity ? at - q->capacity : at) + 1;
}

/* Puts the value on top (above the items) at the end, and pops it. */
static void put_last (lua_State *L, lc_queue *q) {
  lua_rawseti(L, -2, place(q, q->n));
  q->n++;
}

/* Pushes the first value and takes it out of the items on top. */
static void take_first (lua_State *L, lc_queue *q) {
  int64_t at = place(q, 0);
  lua_rawgeti(L, -1, at);
  lua_pushnil(L);
  lua_rawseti(L, -3, at);
  q->n--;
  q->head = q->n == 0 ? 0 : at == q->capacity ? 0 : q->head + 1;
}

/* Pushes the value under an operation's address and takes it out. */
static void take_of (lua_State *L, const lc_op *op) {
  lua_rawgetp(L, -1, op);
  lua_pushnil(L);
  lua_rawsetp(L, -3, op);
}

/* }} */

/* {{ Sending */

static int fail_closed (lua_State *L, const char *code) {
  return lc_errors_fail(L, code, "closed");
}

/* Hands the value to the first receiver, if there is one; the items are on
** top. Noting it may raise, so that comes first. */
static bool hand_over (lua_State *L, lc_queue *q, int value) {
  while (!lc_list_empty(&q->receivers)) {
    lc_op *receiver = lc_container(q->receivers.next, lc_op, u.link);
    lua_pushvalue(L, value);
    lua_rawsetp(L, -2, receiver);
    lc_list_remove(&receiver->u.link);
    if (lc_select_claim(receiver)) {
      lc_op_complete(receiver, LC_OK);
      return true;
    }
    lua_pushnil(L);
    lua_rawsetp(L, -2, receiver);
  }
  return false;
}

/* Brings the value in, if a receiver or a place is there. */
static bool bring (lua_State *L, lc_queue *q, int self, int value) {
  if (lc_list_empty(&q->receivers) && q->n >= q->capacity) return false;
  push_items(L, self);
  if (hand_over(L, q, value)) return true;
  if (q->n >= q->capacity) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushvalue(L, value);
  put_last(L, q);
  return true;
}

static void refuse_nil (lua_State *L, int arg) {
  luaL_argerror(L, arg, "nil can't be sent: it means the end");
}

static lc_queue *check_send (lua_State *L) {
  lc_queue *q = queue_self(L);
  if (lua_isnoneornil(L, 2)) refuse_nil(L, 2);
  return q;
}

static const lc_opkind send_kind = {"queue:send", lc_op_unlink, NULL,
                                    LC_BY_TASK};

static int k_send (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  if (t->op.result != LC_OK) {
    push_items(L, 1);
    take_of(L, &t->op);
  }
  if (t->op.result == CLOSED) return fail_closed(L, "EPIPE");
  lc_task_woken(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* q:send(v) -> true | nil, "closed", "EPIPE" */
static int queue_send (lua_State *L) {
  lc_queue *q = check_send(L);
  lc_task *t = lc_task_at(L, q->loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (q->closed) return lc_task_pause(L, t, fail_closed(L, "EPIPE"));
  if (bring(L, q, 1, 2)) {
    lua_pushboolean(L, 1);
    return lc_task_pause(L, t, 1);
  }
  lua_settop(L, 2);
  push_items(L, 1);
  lua_pushvalue(L, 2);
  lua_rawsetp(L, -2, &t->op);
  return lc_task_wait_in(L, t, &q->senders, &send_kind, k_send, 0);
}

/* q:try_send(v) -> true | nil, "full", "EAGAIN" | nil, "closed", "EPIPE" */
static int queue_try_send (lua_State *L) {
  lc_queue *q = check_send(L);
  if (q->closed) return fail_closed(L, "EPIPE");
  if (!bring(L, q, 1, 2)) return lc_errors_fail(L, "EAGAIN", "full");
  lua_pushboolean(L, 1);
  return 1;
}

/* }} */

/* {{ Receiving */

/* Pushes the next value if there is one, and lets a sender follow. */
static bool fetch (lua_State *L, lc_queue *q, int self) {
  lc_op *sender = lc_select_first(&q->senders);
  if (q->n == 0) {
    if (!sender) return false;
    push_items(L, self);
    take_of(L, sender);
    lc_op_complete(sender, LC_OK);
    return true;
  }
  push_items(L, self);
  take_first(L, q);
  if (sender) {
    lua_pushvalue(L, -2);
    take_of(L, sender);
    put_last(L, q);
    lua_pop(L, 1);
    lc_op_complete(sender, LC_OK);
  }
  return true;
}

static const lc_opkind recv_kind = {"queue:recv", lc_op_unlink, NULL,
                                    LC_BY_TASK};

static int k_recv (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  if (t->op.result == CLOSED) return fail_closed(L, "EOF");
  lc_task_woken(L);
  push_items(L, 1);
  take_of(L, &t->op);
  return 1;
}

/* q:recv() -> value | nil, "closed", "EOF" */
static int queue_recv (lua_State *L) {
  lc_queue *q = queue_self(L);
  lc_task *t = lc_task_at(L, q->loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (fetch(L, q, 1)) return lc_task_pause(L, t, 1);
  if (q->closed) return lc_task_pause(L, t, fail_closed(L, "EOF"));
  lua_settop(L, 1);
  return lc_task_wait_in(L, t, &q->receivers, &recv_kind, k_recv, 0);
}

/* q:try_recv() -> value | nil, "empty", "EAGAIN" | nil, "closed", "EOF" */
static int queue_try_recv (lua_State *L) {
  lc_queue *q = queue_self(L);
  if (fetch(L, q, 1)) return 1;
  if (q->closed) return fail_closed(L, "EOF");
  return lc_errors_fail(L, "EAGAIN", "empty");
}

/* q:iter() -> iterator over the values until the queue is closed */
static int queue_iter (lua_State *L) {
  lc_luax_self(L);
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushcclosure(L, queue_recv, 2);
  lua_pushvalue(L, 1);
  return 2;
}

/* }} */

/* {{ Many: at 1 the queue, at 2 the list */

enum { MOST = 100000000 };   /* items of a list */

/* Pushes the length of the list, which has no holes. */
static void check_list (lua_State *L) {
  if (!lua_istable(L, 2)) lc_luax_expected(L, 2, "list");
  lua_settop(L, 2);
  lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
  if (n > MOST) luaL_argerror(L, 2, "too many items for one call");
  for (lua_Integer i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 2, i) == LUA_TNIL) {
      lua_pushfstring(L, "item %I is nil: it can't be sent", (LUAI_UACINT)i);
      luaL_argerror(L, 2, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
  }
  lua_pushinteger(L, n);
}

/* What it returns: all or, as it is closed, some have gone. */
static int sent_many (lua_State *L, const lc_queue *q, lua_Integer sent) {
  int n = q->closed ? fail_closed(L, "EPIPE") : 0;
  lua_pushinteger(L, sent);
  return n + 1;
}

static int send_rest (lua_State *L, lc_queue *q, lc_task *t,
                      lua_Integer sent);

/* ctx: how many have gone before the one that has waited */
static int k_send_many (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task *t = lc_task_resumed(L);
  lc_queue *q = lua_touserdata(L, 1);
  if (t->op.result != LC_OK) {
    push_items(L, 1);
    take_of(L, &t->op);
  }
  if (t->op.result == CLOSED) return sent_many(L, q, ctx);
  lc_task_woken(L);
  return send_rest(L, q, t, ctx + 1);
}

/* Sends the others, one after another. */
static int send_rest (lua_State *L, lc_queue *q, lc_task *t,
                      lua_Integer sent) {
  lua_Integer n = lua_tointeger(L, 3);
  for (; sent < n && !q->closed; sent++) {
    lua_settop(L, 3);
    if (lua_rawgeti(L, 2, sent + 1) == LUA_TNIL)
      return luaL_error(L, "the list was changed while it was sent");
    if (bring(L, q, 1, 4)) continue;
    push_items(L, 1);
    lua_pushvalue(L, 4);
    lua_rawsetp(L, -2, &t->op);
    return lc_task_wait_in(L, t, &q->senders, &send_kind,
                           k_send_many, (lua_KContext)sent);
  }
  if (sent < n) return sent_many(L, q, sent);
  lua_pushinteger(L, sent);
  return lc_task_pause(L, t, 1);
}

/* q:send_many(list) -> n | nil, "closed", "EPIPE", n */
static int queue_send_many (lua_State *L) {
  lc_queue *q = queue_self(L);
  check_list(L);
  lc_task *t = lc_task_at(L, q->loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return send_rest(L, q, t, 0);
}

/* How many could be received now, up to `most`. */
static lua_Integer count_ready (const lc_queue *q, lua_Integer most) {
  lua_Integer n = q->n;
  lc_list_each(l, &q->senders) {
    if (n >= most) break;
    n++;
  }
  return n < most ? n : most;
}

/* Takes what is there into the list on top, which has room for `most`: so
** nothing is lost for want of memory. */
static int fill_list (lua_State *L, lc_queue *q, lua_Integer most) {
  int list = lua_gettop(L);
  for (lua_Integer n = (lua_Integer)lua_rawlen(L, list); n < most; ) {
    if (!fetch(L, q, 1)) break;
    lua_rawseti(L, list, ++n);
    lua_settop(L, list);
  }
  return 1;
}

static int k_recv_many (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task *t = lc_task_resumed(L);
  if (t->op.result == CLOSED) return fail_closed(L, "EOF");
  lc_task_woken(L);
  lc_queue *q = lua_touserdata(L, 1);
  lua_Integer n = 1 + count_ready(q, (lua_Integer)ctx - 1);
  lua_createtable(L, (int)n, 0);
  push_items(L, 1);
  take_of(L, &t->op);
  lua_rawseti(L, -3, 1);
  lua_pop(L, 1);
  return fill_list(L, q, n);
}

/* q:recv_many(max) -> list | nil, "closed", "EOF" */
static int queue_recv_many (lua_State *L) {
  lc_queue *q = queue_self(L);
  lua_Integer most = lc_luax_integer(L, 2, "the number of items", 1,
                                     INT32_MAX);
  lc_task *t = lc_task_at(L, q->loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lua_settop(L, 1);
  lua_Integer n = count_ready(q, most);
  lua_createtable(L, (int)n, 0);
  fill_list(L, q, n);
  if (lua_rawlen(L, -1) > 0) return lc_task_pause(L, t, 1);
  if (q->closed) return lc_task_pause(L, t, fail_closed(L, "EOF"));
  lua_settop(L, 1);
  return lc_task_wait_in(L, t, &q->receivers, &recv_kind,
                         k_recv_many, (lua_KContext)most);
}

/* }} */

/* {{ Cases of a select */

static lc_queue *queue_at (lua_State *L, int object) {
  return lua_touserdata(L, object);
}

static int attempt_recv (lua_State *L, int object, int value) {
  lc_queue *q = queue_at(L, object);
  (void)value;
  if (fetch(L, q, object)) return 1;
  return q->closed ? fail_closed(L, "EOF") : -1;
}

static const lc_opkind recv_case = {"queue:recv", lc_op_unlink,
                                    lc_select_choose, LC_BY_TASK};

/* Does somebody wait there who is no case of the same select? */
static bool has_other (const lc_link *queue, const lc_case *c) {
  lc_list_each(l, queue)
    if (lc_container(l, lc_op, u.link)->task != c->op.task) return true;
  return false;
}

static void begin_recv (lua_State *L, lc_case *c, int object, int value) {
  lc_queue *q = queue_at(L, object);
  (void)value;
  if (q->closed || q->n > 0 || has_other(&q->senders, c)) {
    lc_select_look(c);
    return;
  }
  c->op.kind = &recv_case;
  lc_list_append(&q->receivers, &c->op.u.link);
}

static int finish_recv (lua_State *L, lc_case *c, int object) {
  if (c->op.result == CLOSED) return fail_closed(L, "EOF");
  push_items(L, object);
  take_of(L, &c->op);
  return 1;
}

static int attempt_send (lua_State *L, int object, int value) {
  lc_queue *q = queue_at(L, object);
  if (lua_isnil(L, value)) refuse_nil(L, 1);
  if (q->closed) return fail_closed(L, "EPIPE");
  if (!bring(L, q, object, value)) return -1;
  lua_pushboolean(L, 1);
  return 1;
}

static const lc_opkind send_case = {"queue:send", lc_op_unlink,
                                    lc_select_choose, LC_BY_TASK};

static void begin_send (lua_State *L, lc_case *c, int object, int value) {
  lc_queue *q = queue_at(L, object);
  if (q->closed || q->n < q->capacity || has_other(&q->receivers, c)) {
    lc_select_look(c);
    return;
  }
  push_items(L, object);
  lua_pushvalue(L, value);
  lua_rawsetp(L, -2, &c->op);
  c->op.kind = &send_case;
  lc_list_append(&q->senders, &c->op.u.link);
}

static void forgo_send (lua_State *L, lc_case *c, int object) {
  push_items(L, object);
  take_of(L, &c->op);
}

static int finish_send (lua_State *L, lc_case *c, int object) {
  if (c->op.result == CLOSED) {
    forgo_send(L, c, object);
    return fail_closed(L, "EPIPE");
  }
  lua_pushboolean(L, 1);
  return 1;
}

static const lc_selectable selectables[] = {
  {"recv", attempt_recv, begin_recv, finish_recv, NULL},
  {"send", attempt_send, begin_send, finish_send, forgo_send},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

/* q:close(): senders fail, receivers get what is there and then the end */
static int queue_close (lua_State *L) {
  lc_queue *q = queue_self(L);
  q->closed = true;
  while (lc_op_complete_first(&q->receivers, CLOSED)) ;
  while (lc_op_complete_first(&q->senders, CLOSED)) ;
  return 0;
}

/* q:len(), #q */
static int queue_len (lua_State *L) {
  lc_queue *q = queue_self(L);
  lua_pushinteger(L, q->n);
  return 1;
}

/* conc.queue([capacity]): 64 unless said, 0: handed over, math.huge */
static int queue_new (lua_State *L) {
  int64_t capacity = DEFAULT_CAPACITY;
  if (!lua_isnoneornil(L, 1)) {
    bool unbounded = lua_type(L, 1) == LUA_TNUMBER &&
                     lua_tonumber(L, 1) == (lua_Number)HUGE_VAL;
    capacity = unbounded ? UNBOUNDED
      : lc_luax_integer(L, 1, "the capacity", 0, INT32_MAX);
  }
  lc_queue *q = lua_newuserdatauv(L, sizeof(*q), 1);
  *q = (lc_queue){
    .tag = &queue_tag, .loop = lc_luax_loop(L), .capacity = capacity
  };
  lc_list_init(&q->receivers);
  lc_list_init(&q->senders);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, QUEUE_TYPE);
  return 1;
}

static const luaL_Reg methods[] = {
  {"send", queue_send},
  {"recv", queue_recv},
  {"send_many", queue_send_many},
  {"recv_many", queue_recv_many},
  {"try_send", queue_try_send},
  {"try_recv", queue_try_recv},
  {"iter", queue_iter},
  {"close", queue_close},
  {"len", queue_len},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__len", queue_len},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"queue", queue_new},
  {NULL, NULL}
};

void lc_queue_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, QUEUE_TYPE, methods, metamethods);
  lc_select_type(L, selectables);
  lua_pop(L, 1);
}
