/*
** channel.c: channels as Lua sees them. See channel.h, and exchange.h for
** what is shared.
**
** The handle is a userdata; the registry has the state's seat in each channel
** that it holds, as a handle may be garbage and not yet finalised when the
** channel comes again. A turn belongs to its seat, and is returned by the
** continuation; what a cancelled task leaves there goes with the seat.
*/

#include "base/alloc.h"
#include "base/luax.h"
#include "channel/census.h"
#include "channel/channel.h"
#include "channel/chcase.h"
#include "channel/chfar.h"
#include "channel/chrecv.h"
#include "channel/chsend.h"
#include "channel/dock.h"
#include "inspect/tree.h"
#include "kernel/end.h"

#define CHANNEL_TYPE "luaconc.channel"

enum { DEFAULT_CAPACITY = 64 };

static const char seats_key;

/* ch:close(): senders fail, receivers get what is there and then the end */
static int channel_close (lua_State *L) {
  lc_channel *c = lc_channel_self(L);
  lc_calls calls;
  lc_proxy *strait = lc_exchange_strait(c->exchange);
  if (strait) {
    lc_strait_close(strait, c->seat->guest);
    return 0;
  }
  lc_calls_init(&calls, c->seat);
  lc_exchange_close(c->exchange, &calls);
  lc_channel_follow(&calls);
  return 0;
}

static uint32_t count_items (const lc_channel *c) {
  const lc_batch *hand = c->seat->hand;
  const lc_proxy *strait = lc_exchange_strait(c->exchange);
  uint32_t n = strait ? lc_strait_len(strait) : lc_exchange_len(c->exchange);
  return n + (hand ? lc_batch_left(hand) : 0);
}

/* ch:len(), #ch */
static int channel_len (lua_State *L) {
  lua_pushinteger(L, count_items(lc_channel_self(L)));
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
  if (made) seat = lc_seat_new(x, c->loop->port, c->loop, lc_channel_served);
  if (!seat) return false;
  c->exchange = x;
  c->seat = seat;
  c->tag = &lc_channel_tag;
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
  lc_channel_quit(seat);
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
  if (only) lc_channel_set_by(only, false);
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

/* Its proxies, which the exchange has. */
static const lc_sharedkind strait_kind = {
  .name = "channel", .hold = lc_proxy_hold, .drop = lc_proxy_drop
};

/* Between processes it lies in the commons. */
static int cross (lc_shared *s, lc_common **common) {
  lc_exchange *x = exchange_of(s);
  int err = lc_census_emigrate(x, &strait_kind);
  if (err) return err;
  return lc_proxy_cross(&lc_exchange_strait(x)->shared, common);
}

static lc_shared *come (const lc_sharedkind *kind, lc_common *common) {
  lc_proxy *p = lc_proxy_come(&strait_kind, common);
  lc_exchange *x = p ? lc_census_arrive(p, kind) : NULL;
  return x ? &x->shared : NULL;
}

static const lc_sharedkind channel_kind = {
  .name = "channel", .hold = hold, .drop = drop, .push = push_handle,
  .cross = cross, .come = come
};

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
  {"send", lc_channel_send},
  {"recv", lc_channel_recv},
  {"send_many", lc_channel_send_many},
  {"recv_many", lc_channel_recv_many},
  {"try_send", lc_channel_try_send},
  {"try_recv", lc_channel_try_recv},
  {"iter", lc_channel_iter},
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

/* channel -> "3 in it", and what all states call it */
static int channel_about (lua_State *L) {
  const lc_channel *c = lua_touserdata(L, 1);
  if (!c->seat) return 0;
  const lc_proxy *p = lc_exchange_strait(c->exchange);
  lua_pushfstring(L, "%I in it", (LUAI_UACINT)count_items(c));
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushfstring(L, "%p", p ? (void *)(uintptr_t)lc_commons_ref(p->common)
                             : (void *)c->exchange);
  return 4;
}

/* Makes what handles need, unless the state has it: a worker's state opens
** the rest of the core only if its job asks for that. */
static void make_type (lua_State *L, lc_loop *loop) {
  push_seats(L);
  bool made = lua_istable(L, -1);
  lua_pop(L, 1);
  if (made) return;
  lc_luax_type(L, loop, CHANNEL_TYPE, methods, metamethods);
  lc_shared_mark(L);
  lc_select_type(L, lc_channel_cases);
  lua_pushcfunction(L, channel_about);
  lc_tree_about(L);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &seats_key);
  lua_pop(L, 1);
}

void lc_channel_open (lua_State *L, lc_loop *loop) {
  lc_dock_open();
  lc_shared_add(LC_STRAIT_KIND, &channel_kind);
  lc_luax_functions(L, loop, functions);
  make_type(L, loop);
}
