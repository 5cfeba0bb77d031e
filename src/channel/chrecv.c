/*
** chrecv.c: see chrecv.h.
**
** What recv_many takes lies in the hand of the seat until it has become Lua
** values: an error in the midst, for want of memory, loses nothing. The list
** then ends before the item that could not be read, which is the next for
** whoever receives in this state.
*/

#include <string.h>

#include "base/luax.h"
#include "channel/chfar.h"
#include "channel/chrecv.h"
#include "inspect/trace.h"


static const lc_opkind kinds[] = {
  {"channel:recv", lc_channel_cancel, NULL, LC_BY_TASK},
  {"channel:recv", lc_channel_cancel, NULL, LC_BY_OTHERS}
};

void lc_channel_arrived (lc_loop *loop, const lc_item *item) {
  if (lc_trace_on(loop) && item->flow) lc_trace_receive(loop, item->flow);
}

int lc_channel_received (lua_State *L, lc_exchanged done, lc_item *item) {
  if (done == LC_EX_CLOSED) return lc_channel_closed(L, "EOF");
  if (done == LC_EX_BLOCKED) return lc_errors_fail(L, "EAGAIN", "empty");
  lc_channel_arrived(lc_luax_loop(L), item);
  lc_item_push(L, item);
  return 1;
}

/* {{ One */

static int k_recv (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_turn *turn = t->op.u.what;
  lc_exchanged done = turn->result;
  lc_item item;
  lc_item_move(&item, &turn->item);
  lc_seat_return(turn);
  if (done == LC_EX_BLOCKED) lc_task_woken(L);
  if (done == LC_EX_MOVED)
    return lc_channel_recv_far(L, lc_channel_self(L), true);
  return lc_channel_received(L, done, &item);
}

/* Takes an item, or begins to wait: then the turn, else NULL. */
static lc_turn *take_or_begin (lua_State *L, lc_channel *c, lc_task *t,
                               lc_exchanged *done, lc_item *item) {
  item->kind = LC_ITEM_NONE;
  *done = lc_channel_fetch(c, item, NULL);
  if (*done != LC_EX_BLOCKED) return NULL;
  lc_turn *turn = lc_seat_turn(c->seat, &t->op);
  if (!turn) luaL_error(L, "not enough memory");
  *done = lc_channel_fetch(c, item, turn);
  if (*done == LC_EX_BLOCKED) return turn;
  lc_seat_return(turn);
  return NULL;
}

/* ch:recv() -> value | nil, "closed", "EOF" */
int lc_channel_recv (lua_State *L) {
  lc_channel *c = lc_channel_self(L);
  lc_task *t = lc_task_at(L, c->loop);
  lc_exchanged done;
  lc_item item;
  if (lc_exchange_strait(c->exchange)) return lc_channel_recv_far(L, c, true);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_turn *turn = take_or_begin(L, c, t, &done, &item);
  if (turn) return lc_channel_wait(L, t, turn, kinds, k_recv);
  if (done == LC_EX_MOVED) return lc_channel_recv_far(L, c, true);
  return lc_task_pause(L, t, lc_channel_received(L, done, &item));
}

/* ch:try_recv() -> value | nil, "empty", "EAGAIN" | nil, "closed", "EOF" */
int lc_channel_try_recv (lua_State *L) {
  lc_channel *c = lc_channel_self(L);
  lc_item item = {.kind = LC_ITEM_NONE};
  if (lc_exchange_strait(c->exchange)) return lc_channel_recv_far(L, c, false);
  lc_exchanged done = lc_channel_fetch(c, &item, NULL);
  if (done == LC_EX_MOVED) return lc_channel_recv_far(L, c, false);
  return lc_channel_received(L, done, &item);
}

/* ch:iter() -> iterator over the values until the channel is closed */
int lc_channel_iter (lua_State *L) {
  lc_channel_self(L);
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushcclosure(L, lc_channel_recv, 2);
  lua_pushvalue(L, 1);
  return 2;
}

/* }} */

/* {{ Many */

/* list, seat, most: moves what is in the hand to the end of the list */
static int read_hand (lua_State *L) {
  const lc_seat *seat = lua_touserdata(L, 2);
  lc_batch *hand = seat->hand;
  lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
  lua_Integer most = lua_tointeger(L, 3);
  for (; n < most && hand->next < hand->n; hand->next++) {
    lc_item_copy(L, &hand->items[hand->next]);
    lua_rawseti(L, 1, ++n);
    lc_channel_arrived(seat->loop, &hand->items[hand->next]);
    lc_item_free(&hand->items[hand->next]);
  }
  return 0;
}

bool lc_channel_unload (lua_State *L, lc_seat *seat, int list,
                        lua_Integer most) {
  lua_pushcfunction(L, read_hand);
  lua_pushvalue(L, list);
  lua_pushlightuserdata(L, seat);
  lua_pushinteger(L, most);
  if (lua_pcall(L, 3, 0, 0) == LUA_OK) return true;
  if (lua_rawlen(L, list) == 0) {
    lc_item_free(&seat->hand->items[seat->hand->next++]);
    lua_error(L);
  }
  lua_settop(L, list);
  return false;
}

/* Takes what is there, up to `most` items, into the list on top: those in
** the hand first. */
static lc_exchanged take_list (lua_State *L, lc_channel *c, lua_Integer most) {
  lc_seat *seat = c->seat;
  lc_exchanged done = LC_EX_DONE;
  lua_Integer n;
  lc_calls calls;
  int list = lua_gettop(L);
  while ((n = (lua_Integer)lua_rawlen(L, list)) < most) {
    if (!lc_channel_has(c)) {
      uint32_t wanted = most - n < LC_HAND ? (uint32_t)(most - n) : LC_HAND;
      lc_calls_init(&calls, seat);
      done = lc_exchange_take_many(c->exchange, seat->hand, wanted, &calls);
      lc_channel_follow(&calls);
      if (done != LC_EX_DONE) break;
    }
    if (!lc_channel_unload(L, seat, list, most)) break;
  }
  return lua_rawlen(L, list) > 0 ? LC_EX_DONE : done;
}

/* The list on top, or that there is none. */
static int received_many (lua_State *L, lc_exchanged done) {
  return done == LC_EX_CLOSED ? lc_channel_closed(L, "EOF") : 1;
}

/* The first in the hand is at its begin then. */
static void shift_hand (lc_batch *hand) {
  uint32_t left = lc_batch_left(hand);
  memmove(hand->items, &hand->items[hand->next], left * sizeof(lc_item));
  hand->next = 0;
  hand->n = left;
}

void lc_channel_keep (lua_State *L, lc_seat *seat, lc_item *item) {
  lc_batch *hand = seat->hand;
  if (hand->n == hand->size) shift_hand(hand);
  if (hand->n < hand->size) {
    lc_item_move(&hand->items[hand->n++], item);
    return;
  }
  lc_channel_arrived(seat->loop, item);
  lc_item_push(L, item);
  lua_rawseti(L, -2, 1);
}

/* The wait is over: the item that came, and those that have followed it, go
** into the list at 3. */
static int end_wait (lua_State *L, lc_channel *c, lc_turn *turn) {
  lc_exchanged done = turn->result;
  lc_item item;
  lc_item_move(&item, &turn->item);
  lc_seat_return(turn);
  if (done == LC_EX_CLOSED) return lc_channel_closed(L, "EOF");
  lua_settop(L, 3);
  lc_channel_keep(L, c->seat, &item);
  return received_many(L, take_list(L, c, lua_tointeger(L, 2)));
}

static int recv_moved (lua_State *L, lc_turn *turn) {
  lc_seat_return(turn);
  return lc_channel_recv_many_far(L, lc_channel_self(L));
}

static int k_recv_many (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_turn *turn = t->op.u.what;
  if (turn->result == LC_EX_MOVED) return recv_moved(L, turn);
  if (turn->result != LC_EX_BLOCKED)
    return end_wait(L, lc_channel_self(L), turn);
  lc_seat_return(turn);
  lc_task_woken(L);
  return 0;   /* not reached */
}

void lc_channel_need_hand (lua_State *L, lc_seat *seat) {
  if (!seat->hand) seat->hand = lc_batch_new(LC_HAND);
  if (!seat->hand) luaL_error(L, "not enough memory");
}

/* ch:recv_many(max) -> list | nil, "closed", "EOF" */
int lc_channel_recv_many (lua_State *L) {
  lc_channel *c = lc_channel_self(L);
  lua_Integer most = lc_luax_integer(L, 2, "the number of items", 1,
                                     INT32_MAX);
  lc_task *t = lc_task_at(L, c->loop);
  if (lc_exchange_strait(c->exchange)) return lc_channel_recv_many_far(L, c);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_channel_need_hand(L, c->seat);
  lua_settop(L, 2);
  lua_newtable(L);
  lc_exchanged done = take_list(L, c, most);
  if (done == LC_EX_MOVED) return lc_channel_recv_many_far(L, c);
  if (done != LC_EX_BLOCKED)
    return lc_task_pause(L, t, received_many(L, done));
  lc_turn *turn = lc_seat_turn(c->seat, &t->op);
  if (!turn) luaL_error(L, "not enough memory");
  done = lc_channel_fetch(c, &turn->item, turn);
  if (done == LC_EX_BLOCKED)
    return lc_channel_wait(L, t, turn, kinds, k_recv_many);
  turn->result = (uint8_t)done;
  if (done == LC_EX_MOVED) return recv_moved(L, turn);
  return lc_task_pause(L, t, end_wait(L, c, turn));
}

/* }} */
