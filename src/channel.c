/*
** channel.c: channels as Lua sees them. See channel.h, and exchange.h for
** what is shared.
**
** The handle is a userdata; the registry has the state's seat in each channel
** that it holds, as a handle may be garbage and not yet finalised when the
** channel comes again. A turn belongs to its seat, and is returned by the
** continuation; what a cancelled task leaves there goes with the seat.
*/

#include "alloc.h"
#include "census.h"
#include "channel.h"
#include "end.h"
#include "errors.h"
#include "exchange.h"
#include "luax.h"
#include "task.h"

#define CHANNEL_TYPE "luaconc.channel"

enum { DEFAULT_CAPACITY = 64 };

/* The tag tells a channel from other userdata, faster than its metatable. */
static const char channel_tag, seats_key;

typedef struct lc_channel {
  lc_handleof handle;
  const void *tag;         /* set while there is a seat */
  lc_loop *loop;
  lc_exchange *exchange;
  lc_seat *seat;
} lc_channel;

static inline lc_channel *channel_self (lua_State *L) {
  lc_channel *c = lua_touserdata(L, 1);
  if (c && lua_rawlen(L, 1) == sizeof(*c) && c->tag == &channel_tag) return c;
  c = lc_luax_self(L);
  if (lua_rawlen(L, 1) != sizeof(*c) || !c->seat)
    luaL_error(L, "this channel is gone: its state is closing");
  return c;
}

/* {{ Waits: who ends them, and how */

enum { NEAR, FAR };   /* others may end it: the second of two kinds */

static int side_of (const lc_op *op) {
  return op->kind->by == LC_BY_TASK ? NEAR : FAR;
}

static void cancel_turn (lc_op *op) {
  lc_turn *turn = op->u.what;
  if (!turn) return;
  lc_exchange_withdraw(turn);
  turn->seat->waits[side_of(op)]--;
  turn->op = NULL;
}

static const lc_opkind send_kinds[] = {
  {"channel:send", cancel_turn, NULL, LC_BY_TASK},
  {"channel:send", cancel_turn, NULL, LC_BY_OTHERS}
};

static const lc_opkind recv_kinds[] = {
  {"channel:recv", cancel_turn, NULL, LC_BY_TASK},
  {"channel:recv", cancel_turn, NULL, LC_BY_OTHERS}
};

/* Says who may end the waits of this state in the channel. */
static void set_by (lc_seat *seat, bool alone) {
  int from = alone ? FAR : NEAR, to = alone ? NEAR : FAR;
  if (seat->waits[from] == 0) return;
  lc_list_each(l, &seat->turns) {
    lc_op *op = lc_container(l, lc_turn, mine)->op;
    if (!op || side_of(op) == to) continue;
    op->kind += to - from;
    lc_loop_expect(seat->loop, LC_BY_OTHERS, to - from);
  }
  seat->waits[to] += seat->waits[from];
  seat->waits[from] = 0;
}

static void complete (lc_turn *turn) {
  lc_op *op = turn->op;
  if (!op) return;
  turn->op = NULL;
  turn->seat->waits[side_of(op)]--;
  lc_op_complete(op, LC_OK);
}

static void complete_all (lc_link *turns) {
  lc_link *l;
  while ((l = lc_list_shift(turns)))
    complete(lc_container(l, lc_turn, link));
}

/* The seat's note arrives. */
static void on_served (lc_note *note, lc_loop *loop) {
  lc_seat *seat = lc_container(note, lc_seat, note);
  lc_link served;
  (void)loop;
  if (!seat->left) {
    bool alone = lc_exchange_served(seat, &served);
    complete_all(&served);
    set_by(seat, alone);
  }
  lc_seat_release(seat);
}

/* Ends the waits that an operation of ours has served. */
static void follow_up (lc_calls *calls) {
  complete_all(&calls->near);
  if (calls->far) lc_exchange_call(calls);
}

/* Waits for a turn that is in its queue. Can't fail. */
static int wait_turn (lua_State *L, lc_task *t, lc_turn *turn,
                      const lc_opkind *kinds, lua_KFunction k) {
  int side = turn->alone ? NEAR : FAR;
  t->op.u.what = turn;
  turn->seat->waits[side]++;
  lc_task_begin(t, &kinds[side]);
  return lc_task_wait(L, t, k, 0);
}

static int fail_memory (lua_State *L, lc_item *item) {
  lc_item_free(item);
  return luaL_error(L, "not enough memory");
}

/* }} */

/* {{ Sending */

static lc_exchanged bring (lc_channel *c, lc_item *item, lc_turn *turn) {
  lc_calls calls;
  lc_calls_init(&calls, c->seat);
  lc_exchanged done = lc_exchange_put(c->exchange, item, turn, &calls);
  follow_up(&calls);
  return done;
}

static int fail_closed (lua_State *L, const char *code) {
  return lc_errors_fail(L, code, "closed");
}

/* What `send` returns; the item has gone, or is freed. */
static int sent (lua_State *L, lc_exchanged done, lc_item *item) {
  if (done == LC_EX_DONE) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (done == LC_EX_NOMEMORY) return fail_memory(L, item);
  lc_item_free(item);
  if (done == LC_EX_CLOSED) return fail_closed(L, "EPIPE");
  return lc_errors_fail(L, "EAGAIN", "full");
}

static lc_channel *check_send (lua_State *L) {
  lc_channel *c = channel_self(L);
  if (lua_isnoneornil(L, 2))
    luaL_argerror(L, 2, "nil can't be sent: it means the end");
  return c;
}

static int k_send (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_turn *turn = t->op.u.what;
  lc_exchanged done = turn->result;
  lc_seat_return(turn);
  if (done == LC_EX_CLOSED) return fail_closed(L, "EPIPE");
  if (done == LC_EX_BLOCKED) lc_task_woken(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* ch:send(v) -> true | nil, "closed", "EPIPE" */
static int channel_send (lua_State *L) {
  lc_channel *c = check_send(L);
  lc_task *t = lc_task_at(L, c->loop);
  lc_item item;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_item_read(L, 2, c->exchange, &item);
  lc_exchanged done = bring(c, &item, NULL);
  if (done == LC_EX_BLOCKED) {
    lc_turn *turn = lc_seat_turn(c->seat, &t->op);
    if (!turn) return fail_memory(L, &item);
    done = bring(c, &item, turn);
    if (done == LC_EX_BLOCKED) return wait_turn(L, t, turn, send_kinds, k_send);
    lc_seat_return(turn);
  }
  return lc_task_pause(L, t, sent(L, done, &item));
}

/* ch:try_send(v) -> true | nil, "full", "EAGAIN" | nil, "closed", "EPIPE" */
static int channel_try_send (lua_State *L) {
  lc_channel *c = check_send(L);
  lc_item item;
  lc_item_read(L, 2, c->exchange, &item);
  return sent(L, bring(c, &item, NULL), &item);
}

/* }} */

/* {{ Receiving */

static lc_exchanged fetch (lc_channel *c, lc_item *item, lc_turn *turn) {
  lc_calls calls;
  lc_calls_init(&calls, c->seat);
  lc_exchanged done = lc_exchange_take(c->exchange, item, turn, &calls);
  follow_up(&calls);
  return done;
}

/* What `recv` returns. */
static int received (lua_State *L, lc_exchanged done, lc_item *item) {
  if (done == LC_EX_CLOSED) return fail_closed(L, "EOF");
  if (done == LC_EX_BLOCKED) return lc_errors_fail(L, "EAGAIN", "empty");
  lc_item_push(L, item);
  return 1;
}

static int k_recv (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_turn *turn = t->op.u.what;
  lc_exchanged done = turn->result;
  lc_item item;
  lc_item_move(&item, &turn->item);
  lc_seat_return(turn);
  if (done == LC_EX_BLOCKED) lc_task_woken(L);
  return received(L, done, &item);
}

/* ch:recv() -> value | nil, "closed", "EOF" */
static int channel_recv (lua_State *L) {
  lc_channel *c = channel_self(L);
  lc_task *t = lc_task_at(L, c->loop);
  lc_item item = {.kind = LC_ITEM_NONE};
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_exchanged done = fetch(c, &item, NULL);
  if (done == LC_EX_BLOCKED) {
    lc_turn *turn = lc_seat_turn(c->seat, &t->op);
    if (!turn) return fail_memory(L, &item);
    done = fetch(c, &item, turn);
    if (done == LC_EX_BLOCKED) return wait_turn(L, t, turn, recv_kinds, k_recv);
    lc_seat_return(turn);
  }
  return lc_task_pause(L, t, received(L, done, &item));
}

/* ch:try_recv() -> value | nil, "empty", "EAGAIN" | nil, "closed", "EOF" */
static int channel_try_recv (lua_State *L) {
  lc_channel *c = channel_self(L);
  lc_item item = {.kind = LC_ITEM_NONE};
  return received(L, fetch(c, &item, NULL), &item);
}

/* ch:iter() -> iterator over the values until the channel is closed */
static int channel_iter (lua_State *L) {
  channel_self(L);
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushcclosure(L, channel_recv, 2);
  lua_pushvalue(L, 1);
  return 2;
}

/* }} */

/* ch:close(): senders fail, receivers get what is there and then the end */
static int channel_close (lua_State *L) {
  lc_channel *c = channel_self(L);
  lc_calls calls;
  lc_calls_init(&calls, c->seat);
  lc_exchange_close(c->exchange, &calls);
  follow_up(&calls);
  return 0;
}

/* ch:len(), #ch */
static int channel_len (lua_State *L) {
  lc_channel *c = channel_self(L);
  lua_pushinteger(L, lc_exchange_len(c->exchange));
  return 1;
}

/* {{ Handles */

static void push_seats (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &seats_key);
}

/* The handle on top gets the state's seat in x, an old one or a new one.
** False: no memory. */
static bool take_seat (lua_State *L, lc_channel *c, lc_exchange *x) {
  push_seats(L);
  lua_rawgetp(L, -1, x);
  lc_seat *seat = lua_touserdata(L, -1);
  lua_pop(L, 2);
  bool made = !seat;
  if (made) seat = lc_seat_new(x, c->loop->port, c->loop, on_served);
  if (!seat) return false;
  c->exchange = x;
  c->seat = seat;
  c->tag = &channel_tag;
  seat->handles++;
  if (made) lc_census_join(seat);
  return true;
}

/* The registry knows the seat of the handle on top, and the handle. If that
** fails, the handle is garbage, and gives the seat up as such. */
static void publish (lua_State *L, lc_channel *c) {
  push_seats(L);
  lua_pushlightuserdata(L, c->seat);
  lua_rawsetp(L, -2, c->exchange);
  lua_pop(L, 1);
  lc_shared_own(L, &c->exchange->shared);
}

/* What is made while a state is closed has no finaliser: it would hold the
** channel for ever. That is when finalisers run, too. */
static lc_channel *push_channel (lua_State *L, lc_loop *loop) {
  if (loop->ending || lua_gc(L, LUA_GCISRUNNING) == -1)
    luaL_error(L, "no channel can be taken in a __gc metamethod, or while the "
               "state is being closed");
  lc_channel *c = lua_newuserdatauv(L, sizeof(*c), 0);
  *c = (lc_channel){.loop = loop};
  luaL_setmetatable(L, CHANNEL_TYPE);
  return c;
}

static void leave (lua_State *L, lc_channel *c) {
  lc_seat *seat = c->seat;
  c->handle = (lc_handleof){NULL, NULL};
  c->tag = NULL;
  c->seat = NULL;
  if (--seat->handles > 0) return;
  push_seats(L);
  lua_pushnil(L);
  lua_rawsetp(L, -2, c->exchange);
  lua_pop(L, 1);
  lc_list_each(l, &seat->turns) {
    lc_op *op = lc_container(l, lc_turn, mine)->op;
    if (op) op->u.what = NULL;
  }
  lc_census_leave(seat);
}

static int channel_collect (lua_State *L) {
  lc_channel *c = lc_luax_self(L);
  if (lua_rawlen(L, 1) != sizeof(*c) || !c->seat) return 0;
  if (!lc_shared_garbage(L, 1)) lc_end_state(L, c->loop);
  leave(L, c);
  return 0;
}

/* }} */

/* {{ As a shared object */

static lc_exchange *exchange_of (lc_shared *s) {
  return lc_container(s, lc_exchange, shared);
}

/* A state that was alone is so no longer; and this is its thread, as only
** who has a handle can send it. */
static void hold (lc_shared *s) {
  lc_seat *only = lc_census_hold(exchange_of(s));
  if (only) set_by(only, false);
}

static void drop (lc_shared *s) {
  lc_census_drop(exchange_of(s));
}

static void make_type (lua_State *L, lc_loop *loop);

static void push_handle (lua_State *L, lc_shared *s) {
  if (lc_shared_find(L, s)) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  make_type(L, loop);
  lc_channel *c = push_channel(L, loop);
  if (!take_seat(L, c, exchange_of(s))) luaL_error(L, "not enough memory");
  publish(L, c);
}

static const lc_sharedkind channel_kind = {"channel", hold, drop, push_handle};

/* conc.channel([capacity]): 64 unless said, 0: handed over */
static int channel_new (lua_State *L) {
  lua_Integer capacity = lua_isnoneornil(L, 1) ? DEFAULT_CAPACITY
    : lc_luax_integer(L, 1, "the capacity", 0, INT32_MAX);
  lc_channel *c = push_channel(L, lc_luax_loop(L));
  lc_exchange *x = lc_exchange_new(&channel_kind, (uint32_t)capacity);
  if (!x || !take_seat(L, c, x)) {
    if (x) lc_exchange_free(x);
    return luaL_error(L, "not enough memory");
  }
  publish(L, c);
  return 1;
}

/* }} */

static const luaL_Reg methods[] = {
  {"send", channel_send},
  {"recv", channel_recv},
  {"try_send", channel_try_send},
  {"try_recv", channel_try_recv},
  {"iter", channel_iter},
  {"close", channel_close},
  {"len", channel_len},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__len", channel_len},
  {"__gc", channel_collect},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"channel", channel_new},
  {NULL, NULL}
};

/* Makes what handles need, unless the state has it: a worker's state opens
** the rest of the core only if its job asks for that. */
static void make_type (lua_State *L, lc_loop *loop) {
  push_seats(L);
  bool made = lua_istable(L, -1);
  lua_pop(L, 1);
  if (made) return;
  lc_luax_type(L, loop, CHANNEL_TYPE, methods, metamethods);
  lc_shared_mark(L);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &seats_key);
  lua_pop(L, 1);
}

void lc_channel_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  make_type(L, loop);
}
