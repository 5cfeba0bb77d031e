/*
** chfar.c: see chfar.h.
**
** A wait is one of the state's guest (guest.h), with a ticket in the strait.
** A ticket that was told to look begins anew: what it waits for may be there,
** or another process has died.
*/

#include "base/luax.h"
#include "channel/chfar.h"
#include "channel/chrecv.h"
#include "channel/chsend.h"
#include "kernel/select.h"
#include "kernel/wake.h"
#include "shared/handled.h"

enum { SPINS = 2000, VAIN_MAX = 8 };

static lc_proxy *strait_of (const lc_channel *c) {
  return lc_exchange_strait(c->exchange);
}

static lc_exchanged as_exchanged (lc_crossed done) {
  static const lc_exchanged as[] = {
    [LC_CROSS_DONE] = LC_EX_DONE, [LC_CROSS_BLOCKED] = LC_EX_BLOCKED,
    [LC_CROSS_CLOSED] = LC_EX_CLOSED, [LC_CROSS_NOMEMORY] = LC_EX_NOMEMORY
  };
  return as[done];
}

/* {{ Waits */

/* An idle one; NULL: no memory. */
static lc_wait *make_wait (lc_channel *c, lc_task *t) {
  lc_proxy *p = strait_of(c);
  lc_guest **g = &c->seat->guest;
  if (!*g && lc_handled_join(c->loop, g)) return NULL;
  lc_thing *thing = lc_container(p->common, lc_thing, common);
  lc_wait *w = lc_guest_wait(*g, thing, lc_handled_number(&t->job));
  if (!w) return NULL;
  lc_proxy_hold(&p->shared);
  w->hold = p;
  t->job.guest = true;
  return w;
}

void lc_channel_quit (lc_seat *seat) {
  if (seat->guest) lc_handled_quit(seat->loop);
  seat->guest = NULL;
}

static const lc_opkind send_kind = {"channel:send", lc_handled_cancel, NULL,
                                    LC_BY_OTHERS};
static const lc_opkind recv_kind = {"channel:recv", lc_handled_cancel, NULL,
                                    LC_BY_OTHERS};

/* Where another core is there, what is waited for is often on the way; see
** port.c, which does so for threads. */
static bool spin (lc_channel *c, bool send) {
  lc_seat *seat = c->seat;
  const lc_proxy *p = strait_of(c);
  if (c->loop->nready > 0 || lc_wake_cores() < 2) return false;
  if (seat->skips > 0) {
    seat->skips--;
    return false;
  }
  for (int i = 0; i < SPINS; i++) {
    if (lc_strait_stirs(p, send)) {
      seat->vain = 0;
      return true;
    }
    lc_wake_pause();
  }
  if (seat->vain < VAIN_MAX) seat->vain++;
  seat->skips = (1u << seat->vain) - 1;
  return false;
}

/* The wait has ended without what it was for. */
static void give_up (lc_wait *w) {
  lc_strait_abandon(w, w->guest);
  lc_handled_return(w);
}

/* Was it cancelled, with nothing come of it? Raises then. */
static void raise_cancelled (lua_State *L, lc_task *t, lc_wait *w) {
  if (t->op.result == LC_OK && !lc_task_cancelled(t)) return;
  give_up(w);
  lc_task_raise(L, t);
}

/* }} */

/* {{ Sending */

static int sent (lua_State *L, lc_crossed done, lc_item *item) {
  if (done != LC_CROSS_DONE) {
    lc_strait_discard(item);
    item->kind = LC_ITEM_NONE;
  }
  return lc_channel_sent(L, as_exchanged(done), item);
}

static int k_send (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_wait *w = t->op.u.what;
  lc_item none = {.kind = LC_ITEM_NONE};
  lc_crossed done = LC_CROSS_DONE;
  if (w->ticket->result != LC_STRAIT_DONE) {
    raise_cancelled(L, t, w);
    done = lc_strait_put_again(w->hold, NULL, w);
    if (done == LC_CROSS_BLOCKED)
      return lc_handled_await(L, t, w, &send_kind, k_send, 0);
  }
  give_up(w);
  return sent(L, done, &none);
}

/* Sends, or begins to wait: then the wait, else NULL. */
static lc_wait *put_or_begin (lc_channel *c, lc_task *t, lc_item *item,
                              lc_crossed *done) {
  lc_proxy *p = strait_of(c);
  *done = lc_strait_put(p, item, c->seat->guest, NULL);
  if (*done == LC_CROSS_BLOCKED && t && spin(c, true))
    *done = lc_strait_put(p, item, c->seat->guest, NULL);
  if (*done != LC_CROSS_BLOCKED || !t) return NULL;
  lc_wait *w = make_wait(c, t);
  if (!w) {
    *done = LC_CROSS_NOMEMORY;
    return NULL;
  }
  *done = lc_strait_put(p, item, NULL, w);
  if (*done == LC_CROSS_BLOCKED) return w;
  lc_handled_return(w);
  return NULL;
}

int lc_channel_send_far (lua_State *L, lc_channel *c, bool waits) {
  lc_task *t = waits ? lc_task_at(L, c->loop) : NULL;
  lc_item item;
  lc_crossed done;
  if (t && lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_channel_read(L, c, 2, &item);
  lc_wait *w = put_or_begin(c, t, &item, &done);
  if (w) return lc_handled_await(L, t, w, &send_kind, k_send, 0);
  int n = sent(L, done, &item);
  return t ? lc_task_pause(L, t, n) : n;
}

/* {{ Many */

static int end_many (lua_State *L, lc_turn *turn, lc_crossed done) {
  lc_batch *b = turn->batch;
  lua_Integer n = b->next;
  while (b->next < b->n) lc_strait_discard(&b->items[b->next++]);
  lc_seat_return(turn);
  if (done == LC_CROSS_NOMEMORY) return luaL_error(L, "not enough memory");
  int results = done == LC_CROSS_CLOSED ? lc_channel_closed(L, "EPIPE") : 0;
  lua_pushinteger(L, n);
  return results + 1;
}

static int send_rest (lua_State *L, lc_channel *c, lc_task *t,
                      lc_turn *turn);

/* ctx: the turn */
static int k_send_many (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task *t = lc_task_resumed(L);
  lc_wait *w = t->op.u.what;
  lc_turn *turn = (lc_turn *)ctx;
  lc_crossed done = LC_CROSS_DONE;
  if (w->ticket->result != LC_STRAIT_DONE) {
    if (t->op.result != LC_OK || lc_task_cancelled(t)) {
      give_up(w);
      end_many(L, turn, LC_CROSS_DONE);
      return lc_task_raise(L, t);
    }
    done = lc_strait_put_again(w->hold, NULL, w);
    if (done == LC_CROSS_BLOCKED)
      return lc_handled_await(L, t, w, &send_kind, k_send_many, ctx);
  }
  give_up(w);
  if (done != LC_CROSS_DONE) return end_many(L, turn, done);
  turn->batch->next++;
  return send_rest(L, lc_channel_self(L), t, turn);
}

/* Those that go at once. */
static void send_some (lc_channel *c, lc_batch *b) {
  uint32_t gone;
  do {
    gone = lc_strait_put_many(strait_of(c), &b->items[b->next],
                              lc_batch_left(b), c->seat->guest);
    b->next += gone;
  } while (gone > 0);
}

static int send_rest (lua_State *L, lc_channel *c, lc_task *t,
                      lc_turn *turn) {
  lc_batch *b = turn->batch;
  lc_crossed done = LC_CROSS_DONE;
  for (; b->next < b->n; b->next++) {
    send_some(c, b);
    if (b->next == b->n) break;
    lc_wait *w = put_or_begin(c, t, &b->items[b->next], &done);
    if (w) return lc_handled_await(L, t, w, &send_kind, k_send_many,
                                   (lua_KContext)turn);
    if (done != LC_CROSS_DONE) break;
  }
  return lc_task_pause(L, t, end_many(L, turn, done));
}

int lc_channel_send_many_far (lua_State *L, lc_channel *c, lc_task *t,
                              lc_turn *turn) {
  return send_rest(L, c, t, turn);
}

/* }} */
/* }} */

/* {{ Receiving */

static int received (lua_State *L, lc_crossed done, lc_item *item) {
  if (done == LC_CROSS_NOMEMORY) lc_luax_no_memory(L);
  return lc_channel_received(L, as_exchanged(done), item);
}

/* Takes an item, or begins to wait: then the wait, else NULL. */
static lc_wait *take_or_begin (lc_channel *c, lc_task *t, lc_item *item,
                               lc_crossed *done) {
  lc_proxy *p = strait_of(c);
  item->kind = LC_ITEM_NONE;
  if (lc_channel_has(c)) {
    lc_item_move(item, &c->seat->hand->items[c->seat->hand->next++]);
    *done = LC_CROSS_DONE;
    return NULL;
  }
  *done = lc_strait_take(p, item, c->seat->guest, NULL);
  if (*done == LC_CROSS_BLOCKED && t && spin(c, false))
    *done = lc_strait_take(p, item, c->seat->guest, NULL);
  if (*done != LC_CROSS_BLOCKED || !t) return NULL;
  lc_wait *w = make_wait(c, t);
  if (!w) {
    *done = LC_CROSS_NOMEMORY;
    return NULL;
  }
  *done = lc_strait_take(p, item, NULL, w);
  if (*done == LC_CROSS_BLOCKED) return w;
  lc_handled_return(w);
  return NULL;
}

/* The wait is over: what has come; or it goes on. */
static lc_crossed end_wait (lua_State *L, lc_task *t, lc_wait *w,
                            lc_item *item) {
  lc_crossed done = LC_CROSS_DONE;
  item->kind = LC_ITEM_NONE;
  if (w->ticket->result == LC_STRAIT_DONE) lc_strait_read(w->hold, item, w);
  else {
    raise_cancelled(L, t, w);
    done = lc_strait_take(w->hold, item, NULL, w);
    if (done == LC_CROSS_BLOCKED) return done;
  }
  give_up(w);
  return done;
}

static int k_recv (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_wait *w = t->op.u.what;
  lc_item item;
  lc_crossed done = end_wait(L, t, w, &item);
  if (done == LC_CROSS_BLOCKED)
    return lc_handled_await(L, t, w, &recv_kind, k_recv, 0);
  return received(L, done, &item);
}

int lc_channel_recv_far (lua_State *L, lc_channel *c, bool waits) {
  lc_task *t = waits ? lc_task_at(L, c->loop) : NULL;
  lc_item item;
  lc_crossed done;
  if (t && lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_wait *w = take_or_begin(c, t, &item, &done);
  if (w) return lc_handled_await(L, t, w, &recv_kind, k_recv, 0);
  int n = received(L, done, &item);
  return t ? lc_task_pause(L, t, n) : n;
}

/* {{ Many */

/* Takes what is there, up to `most` items, into the empty hand: the small
** ones at once, or one of another size. */
static lc_crossed fill_hand (lc_channel *c, lua_Integer most) {
  lc_batch *hand = c->seat->hand;
  uint32_t n = most < LC_HAND ? (uint32_t)most : LC_HAND;
  hand->next = 0;
  hand->n = lc_strait_take_many(strait_of(c), hand->items, n, c->seat->guest);
  if (hand->n > 0) return LC_CROSS_DONE;
  lc_crossed done = lc_strait_take(strait_of(c), hand->items, c->seat->guest,
                                   NULL);
  hand->n = done == LC_CROSS_DONE;
  return done;
}

/* Takes what is there, as many as 2 says, into the list at 3. */
static lc_crossed take_list (lua_State *L, lc_channel *c) {
  lua_Integer most = lua_tointeger(L, 2), n;
  lc_crossed done = LC_CROSS_DONE;
  while ((n = (lua_Integer)lua_rawlen(L, 3)) < most) {
    if (!lc_channel_has(c)) done = fill_hand(c, most - n);
    if (done != LC_CROSS_DONE ||
        !lc_channel_unload(L, c->seat, 3, most)) break;
  }
  return n > 0 ? LC_CROSS_DONE : done;
}

/* The item that has come, and what follows it now. */
static int received_many (lua_State *L, lc_channel *c, lc_crossed done,
                          lc_item *item) {
  if (done != LC_CROSS_DONE) return received(L, done, item);
  lua_settop(L, 3);
  lc_channel_keep(L, c->seat, item);
  (void)take_list(L, c);
  return 1;
}

static int k_recv_many (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_wait *w = t->op.u.what;
  lc_item item;
  lc_crossed done = end_wait(L, t, w, &item);
  if (done == LC_CROSS_BLOCKED)
    return lc_handled_await(L, t, w, &recv_kind, k_recv_many, 0);
  return received_many(L, lc_channel_self(L), done, &item);
}

int lc_channel_recv_many_far (lua_State *L, lc_channel *c) {
  lc_task *t = lc_task_at(L, c->loop);
  lc_item item;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_channel_need_hand(L, c->seat);
  lua_settop(L, 2);
  lua_newtable(L);
  lc_crossed done = take_list(L, c);
  if (done == LC_CROSS_DONE) return lc_task_pause(L, t, 1);
  lc_wait *w = take_or_begin(c, t, &item, &done);
  if (w) return lc_handled_await(L, t, w, &recv_kind, k_recv_many, 0);
  return lc_task_pause(L, t, received_many(L, c, done, &item));
}

/* }} */
/* }} */

/* {{ Cases of a select. They are told to look, and try then. */

int lc_channel_attempt_far (lua_State *L, lc_channel *c, int value) {
  lc_crossed done;
  lc_item item;
  if (value) {
    lc_channel_read(L, c, value, &item);
    (void)put_or_begin(c, NULL, &item, &done);
    if (done != LC_CROSS_BLOCKED) return sent(L, done, &item);
    lc_strait_discard(&item);
    return -1;
  }
  (void)take_or_begin(c, NULL, &item, &done);
  return done == LC_CROSS_BLOCKED ? -1 : received(L, done, &item);
}

static const lc_opkind case_kinds[] = {
  {"channel:recv", lc_handled_cancel, lc_select_choose, LC_BY_OTHERS},
  {"channel:send", lc_handled_cancel, lc_select_choose, LC_BY_OTHERS}
};

void lc_channel_begin_far (lua_State *L, lc_channel *ch, lc_case *c,
                           bool send) {
  lc_wait *w = make_wait(ch, c->op.task);
  if (!w) lc_luax_no_memory(L);
  c->far = true;
  c->op.u.what = w;
  c->op.kind = &case_kinds[send];
  w->op = &c->op;
  lc_strait_watch(w->hold, w, send);
}

void lc_channel_forgo_far (lc_case *c) {
  give_up(c->op.u.what);
}

/* }} */
