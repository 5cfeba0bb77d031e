/*
** chsend.c: see chsend.h.
*/

#include <stdio.h>

#include "base/luax.h"
#include "channel/chfar.h"
#include "channel/chsend.h"
#include "inspect/trace.h"

enum { MOST = 100000000 };   /* items of a list */

static const lc_opkind kinds[] = {
  {"channel:send", lc_channel_cancel, NULL, LC_BY_TASK},
  {"channel:send", lc_channel_cancel, NULL, LC_BY_OTHERS}
};

static int fail_memory (lua_State *L, lc_item *item) {
  lc_item_free(item);
  return luaL_error(L, "not enough memory");
}

static void read_item (lua_State *L, lc_channel *c, int index,
                       const char *what, lc_item *item) {
  bool far = lc_exchange_strait(c->exchange);
  lc_item_read(L, index, what, far ? NULL : c->exchange, item);
  int err = far ? lc_strait_export(item) : 0;
  if (err) {
    lc_item_free(item);
    luaL_error(L, "cannot send %s #1: %s", what, lc_message_refusal(err));
  }
  if (lc_trace_on(c->loop)) item->flow = lc_trace_send(c->loop, "message");
}

void lc_channel_read (lua_State *L, lc_channel *c, int index, lc_item *item) {
  read_item(L, c, index, "argument", item);
}

int lc_channel_sent (lua_State *L, lc_exchanged done, lc_item *item) {
  if (done == LC_EX_DONE) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (done == LC_EX_NOMEMORY) return fail_memory(L, item);
  lc_item_free(item);
  if (done == LC_EX_CLOSED) return lc_channel_closed(L, "EPIPE");
  return lc_errors_fail(L, "EAGAIN", "full");
}

/* {{ One */

static lc_channel *check_send (lua_State *L) {
  lc_channel *c = lc_channel_self(L);
  if (lua_isnoneornil(L, 2))
    luaL_argerror(L, 2, "nil can't be sent: it means the end");
  return c;
}

/* It moved away before the item was in it. */
static int send_moved (lua_State *L, lc_channel *c, lc_item *item,
                       bool waits) {
  lc_item_free(item);
  return lc_channel_send_far(L, c, waits);
}

static int k_send (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_turn *turn = t->op.u.what;
  lc_exchanged done = turn->result;
  lc_seat_return(turn);
  if (done == LC_EX_CLOSED) return lc_channel_closed(L, "EPIPE");
  if (done == LC_EX_BLOCKED) lc_task_woken(L);
  if (done == LC_EX_MOVED)
    return lc_channel_send_far(L, lc_channel_self(L), true);
  lua_pushboolean(L, 1);
  return 1;
}

/* ch:send(v) -> true | nil, "closed", "EPIPE" */
int lc_channel_send (lua_State *L) {
  lc_channel *c = check_send(L);
  lc_task *t = lc_task_at(L, c->loop);
  lc_item item;
  if (lc_exchange_strait(c->exchange)) return lc_channel_send_far(L, c, true);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_channel_read(L, c, 2, &item);
  lc_exchanged done = lc_channel_bring(c, &item, NULL);
  if (done == LC_EX_BLOCKED) {
    lc_turn *turn = lc_seat_turn(c->seat, &t->op);
    if (!turn) return fail_memory(L, &item);
    done = lc_channel_bring(c, &item, turn);
    if (done == LC_EX_BLOCKED)
      return lc_channel_wait(L, t, turn, kinds, k_send);
    lc_seat_return(turn);
  }
  if (done == LC_EX_MOVED) return send_moved(L, c, &item, true);
  return lc_task_pause(L, t, lc_channel_sent(L, done, &item));
}

/* ch:try_send(v) -> true | nil, "full", "EAGAIN" | nil, "closed", "EPIPE" */
int lc_channel_try_send (lua_State *L) {
  lc_channel *c = check_send(L);
  lc_item item;
  if (lc_exchange_strait(c->exchange)) return lc_channel_send_far(L, c, false);
  lc_channel_read(L, c, 2, &item);
  lc_exchanged done = lc_channel_bring(c, &item, NULL);
  if (done == LC_EX_MOVED) return send_moved(L, c, &item, false);
  return lc_channel_sent(L, done, &item);
}

/* }} */

/* {{ Many */

/* channel, list, turn: makes the items of its batch */
static int read_list (lua_State *L) {
  lc_channel *c = lua_touserdata(L, 1);
  lc_batch *b = ((lc_turn *)lua_touserdata(L, 3))->batch;
  char what[40];
  for (; b->n < b->size; b->n++) {
    lua_rawgeti(L, 2, (lua_Integer)b->n + 1);
    (void)snprintf(what, sizeof what, "item %u of argument", b->n + 1);
    read_item(L, c, 4, what, &b->items[b->n]);
    lua_settop(L, 3);
  }
  return 0;
}

/* The length of the list at 2, which has no holes. */
static uint32_t check_list (lua_State *L) {
  if (!lua_istable(L, 2)) lc_luax_expected(L, 2, "list");
  lua_Unsigned n = lua_rawlen(L, 2);
  if (n > MOST) luaL_argerror(L, 2, "too many items for one call");
  for (lua_Unsigned i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i) == LUA_TNIL) {
      lua_pushfstring(L, "item %I is nil: it can't be sent",
                      (LUAI_UACINT)i);
      luaL_argerror(L, 2, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
  }
  return (uint32_t)n;
}

/* A turn with all items of the list; nothing is sent where one can't be. */
static lc_turn *load_turn (lua_State *L, lc_channel *c, uint32_t n) {
  lc_turn *turn = lc_seat_turn(c->seat, NULL);
  if (!turn) lc_luax_no_memory(L);
  turn->batch = lc_batch_new(n);
  lua_settop(L, 2);
  lua_pushcfunction(L, read_list);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushlightuserdata(L, turn);
  int status = turn->batch ? lua_pcall(L, 3, 0, 0) : LUA_ERRMEM;
  if (status == LUA_OK) return turn;
  if (!turn->batch) lua_pushliteral(L, "not enough memory");
  lc_seat_return(turn);
  if (status == LUA_ERRRUN && lua_isstring(L, -1)) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  lua_error(L);
  for (;;) ;   /* not reached */
}

/* Its results, with the number of those that have gone; returns the turn. */
static int end_many (lua_State *L, lc_turn *turn, lc_exchanged done) {
  lua_Integer sent = turn->batch->next;
  lc_seat_return(turn);
  if (done == LC_EX_NOMEMORY) return luaL_error(L, "not enough memory");
  int n = done == LC_EX_CLOSED ? lc_channel_closed(L, "EPIPE") : 0;
  lua_pushinteger(L, sent);
  return n + 1;
}

/* It moved away: the rest goes after it, if it can. */
static int go_on_far (lua_State *L, lc_channel *c, lc_task *t,
                      lc_turn *turn) {
  lc_batch *b = turn->batch;
  int err = 0;
  turn->op = NULL;
  for (uint32_t i = b->next; i < b->n && !err; i++)
    err = lc_strait_export(&b->items[i]);
  if (err) {
    lc_seat_return(turn);
    return luaL_error(L, "cannot send: %s", lc_message_refusal(err));
  }
  return lc_channel_send_many_far(L, c, t, turn);
}

static int k_send_many (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_turn *turn = t->op.u.what;
  lc_exchanged done = turn->result;
  if (done == LC_EX_MOVED) return go_on_far(L, lc_channel_self(L), t, turn);
  if (done != LC_EX_BLOCKED) return end_many(L, turn, done);
  lc_seat_return(turn);
  lc_task_woken(L);
  return 0;   /* not reached */
}

/* ch:send_many(list) -> n | nil, "closed", "EPIPE", n */
int lc_channel_send_many (lua_State *L) {
  lc_channel *c = lc_channel_self(L);
  uint32_t n = check_list(L);
  lc_task *t = lc_task_at(L, c->loop);
  lc_calls calls;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_turn *turn = load_turn(L, c, n);
  if (lc_exchange_strait(c->exchange))
    return lc_channel_send_many_far(L, c, t, turn);
  turn->op = &t->op;
  lc_calls_init(&calls, c->seat);
  lc_exchanged done = lc_exchange_put_many(c->exchange, turn, &calls);
  lc_channel_follow(&calls);
  if (done == LC_EX_BLOCKED)
    return lc_channel_wait(L, t, turn, kinds, k_send_many);
  if (done == LC_EX_MOVED) return go_on_far(L, c, t, turn);
  return lc_task_pause(L, t, end_many(L, turn, done));
}

/* }} */
