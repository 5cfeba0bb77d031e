/*
** chwait.c: who ends the waits in a channel, and how. See chwait.h.
**
** A turn belongs to its seat, and is returned by the continuation; what a
** cancelled task leaves there goes with the seat.
*/

#include "base/luax.h"
#include "channel/chwait.h"
#include "kernel/select.h"

/* Tells a channel from other userdata, faster than its metatable. */
const char lc_channel_tag;

lc_channel *lc_channel_at (lua_State *L, int index) {
  lc_channel *c = index == 1 ? lc_luax_self(L) : lua_touserdata(L, index);
  if (lua_rawlen(L, index) != sizeof(*c) || !c->seat)
    luaL_error(L, "this channel is gone: its state is closing");
  return c;
}

static int side_of (const lc_op *op) {
  return op->kind->by == LC_BY_TASK ? LC_NEAR : LC_FAR;
}

void lc_channel_cancel (lc_op *op) {
  lc_turn *turn = op->u.what;
  if (!turn) return;
  lc_exchange_withdraw(turn);
  turn->seat->waits[turn->side]--;
  turn->op = NULL;
}

void lc_channel_set_by (lc_seat *seat, bool alone) {
  int from = alone ? LC_FAR : LC_NEAR, to = alone ? LC_NEAR : LC_FAR;
  if (seat->waits[from] == 0) return;
  lc_list_each(l, &seat->turns) {
    lc_turn *turn = lc_container(l, lc_turn, mine);
    lc_op *op = turn->op;
    if (!op || side_of(op) == to) continue;
    op->kind += to - from;
    turn->side = (uint8_t)to;
    lc_loop_expect(seat->loop, LC_BY_OTHERS, to - from);
    if (turn->claim) lc_select_moved(lc_select_case(op));
  }
  seat->waits[to] += seat->waits[from];
  seat->waits[from] = 0;
}

static void complete (lc_turn *turn) {
  lc_op *op = turn->op;
  if (!op) return;
  turn->op = NULL;
  turn->seat->waits[turn->side]--;
  lc_op_complete(op, LC_OK);
}

static void complete_all (lc_link *turns) {
  lc_link *l;
  while ((l = lc_list_shift(turns)))
    complete(lc_container(l, lc_turn, link));
}

void lc_channel_served (lc_note *note, lc_loop *loop) {
  lc_seat *seat = lc_container(note, lc_seat, note);
  lc_link served;
  (void)loop;
  if (!seat->left) {
    bool alone = lc_exchange_served(seat, &served);
    complete_all(&served);
    lc_channel_set_by(seat, alone);
  }
  lc_seat_release(seat);
}

void lc_channel_follow (lc_calls *calls) {
  complete_all(&calls->near);
  if (calls->far) lc_exchange_call(calls);
}

lc_exchanged lc_channel_bring (lc_channel *c, lc_item *item, lc_turn *turn) {
  lc_calls calls;
  lc_calls_init(&calls, c->seat);
  lc_exchanged done = lc_exchange_put(c->exchange, item, turn, &calls);
  lc_channel_follow(&calls);
  return done;
}

lc_exchanged lc_channel_fetch (lc_channel *c, lc_item *item, lc_turn *turn) {
  lc_calls calls;
  if (lc_channel_has(c)) {
    lc_item_move(item, &c->seat->hand->items[c->seat->hand->next++]);
    return LC_EX_DONE;
  }
  lc_calls_init(&calls, c->seat);
  lc_exchanged done = lc_exchange_take(c->exchange, item, turn, &calls);
  lc_channel_follow(&calls);
  return done;
}

int lc_channel_enter (lc_turn *turn) {
  turn->side = turn->alone ? LC_NEAR : LC_FAR;
  turn->seat->waits[turn->side]++;
  return turn->side;
}

int lc_channel_wait (lua_State *L, lc_task *t, lc_turn *turn,
                     const lc_opkind *kinds, lua_KFunction k) {
  t->op.u.what = turn;
  lc_task_begin(t, &kinds[lc_channel_enter(turn)]);
  return lc_task_wait(L, t, k, 0);
}
