/*
** chcase.c: see chcase.h.
**
** The turn of a case has the select's claim: another thread may serve it
** until it is withdrawn, and then that was it.
*/

#include "channel/chcase.h"
#include "channel/chfar.h"
#include "channel/chrecv.h"
#include "channel/chsend.h"

static void cancel_case (lc_op *op) {
  lc_turn *turn = op->u.what;
  if (!turn) return;
  lc_channel_cancel(op);
  if (turn->result != LC_EX_BLOCKED) lc_select_won(lc_select_case(op));
}

static const lc_opkind recv_kinds[] = {
  {"channel:recv", cancel_case, lc_select_chosen, LC_BY_TASK},
  {"channel:recv", cancel_case, lc_select_chosen, LC_BY_OTHERS}
};

static const lc_opkind send_kinds[] = {
  {"channel:send", cancel_case, lc_select_chosen, LC_BY_TASK},
  {"channel:send", cancel_case, lc_select_chosen, LC_BY_OTHERS}
};

/* NULL: no memory. */
static lc_turn *make_turn (lc_channel *ch, lc_case *c) {
  lc_turn *turn = lc_seat_turn(ch->seat, &c->op);
  if (!turn) return NULL;
  turn->claim = lc_select_expose(c);
  c->op.u.what = turn;
  return turn;
}

/* The case waits, unless it came true. */
static void begin_turn (lc_case *c, lc_turn *turn, lc_exchanged done,
                        const lc_opkind *kinds) {
  if (done == LC_EX_BLOCKED) {
    c->op.kind = &kinds[lc_channel_enter(turn)];
    return;
  }
  turn->result = (uint8_t)done;
  turn->op = NULL;
  lc_select_won(c);
}

static void forgo (lua_State *L, lc_case *c, int object) {
  (void)L; (void)object;
  if (c->far) lc_channel_forgo_far(c);
  else lc_seat_return(c->op.u.what);
}

static bool is_far (const lc_channel *ch) {
  return lc_exchange_strait(ch->exchange) != NULL;
}

/* {{ recv */

static int attempt_recv (lua_State *L, int object, int value) {
  lc_channel *ch = lc_channel_at(L, object);
  lc_item item = {.kind = LC_ITEM_NONE};
  (void)value;
  if (is_far(ch)) return lc_channel_attempt_far(L, ch, 0);
  lc_exchanged done = lc_channel_fetch(ch, &item, NULL);
  if (done == LC_EX_MOVED) return lc_channel_attempt_far(L, ch, 0);
  return done == LC_EX_BLOCKED ? -1 : lc_channel_received(L, done, &item);
}

static void begin_recv (lua_State *L, lc_case *c, int object, int value) {
  lc_channel *ch = lc_channel_at(L, object);
  (void)value;
  lc_turn *turn = is_far(ch) ? NULL : make_turn(ch, c);
  if (!turn && !is_far(ch)) luaL_error(L, "not enough memory");
  lc_exchanged done = turn ? lc_channel_fetch(ch, &turn->item, turn)
                           : LC_EX_MOVED;
  if (done != LC_EX_MOVED) begin_turn(c, turn, done, recv_kinds);
  else {
    if (turn) lc_seat_return(turn);
    lc_channel_begin_far(L, ch, c, false);
  }
}

static int finish_recv (lua_State *L, lc_case *c, int object) {
  lc_turn *turn = c->op.u.what;
  lc_item item;
  if (c->far) {
    lc_channel_forgo_far(c);
    return attempt_recv(L, object, 0);
  }
  lc_exchanged done = turn->result;
  lc_item_move(&item, &turn->item);
  lc_seat_return(turn);
  return done == LC_EX_MOVED ? -1 : lc_channel_received(L, done, &item);
}

/* }} */

/* {{ send */

static void check_value (lua_State *L, int value) {
  if (lua_isnil(L, value))
    luaL_argerror(L, 1, "nil can't be sent: it means the end");
}

static int attempt_send (lua_State *L, int object, int value) {
  lc_channel *ch = lc_channel_at(L, object);
  lc_item item;
  check_value(L, value);
  if (is_far(ch)) return lc_channel_attempt_far(L, ch, value);
  lc_channel_read(L, ch, value, &item);
  lc_exchanged done = lc_channel_bring(ch, &item, NULL);
  if (done != LC_EX_BLOCKED && done != LC_EX_MOVED)
    return lc_channel_sent(L, done, &item);
  lc_item_free(&item);
  return done == LC_EX_MOVED ? lc_channel_attempt_far(L, ch, value) : -1;
}

/* LC_EX_MOVED: nothing has begun. */
static lc_exchanged begin_near (lua_State *L, lc_channel *ch, lc_case *c,
                                int value) {
  lc_item item;
  lc_channel_read(L, ch, value, &item);
  lc_turn *turn = make_turn(ch, c);
  lc_exchanged done = turn ? lc_channel_bring(ch, &item, turn)
                           : LC_EX_NOMEMORY;
  if (item.kind != LC_ITEM_NONE) lc_item_free(&item);
  if (done != LC_EX_NOMEMORY && done != LC_EX_MOVED)
    begin_turn(c, turn, done, send_kinds);
  else if (turn) lc_seat_return(turn);
  return done;
}

static void begin_send (lua_State *L, lc_case *c, int object, int value) {
  lc_channel *ch = lc_channel_at(L, object);
  lc_exchanged done = is_far(ch) ? LC_EX_MOVED
                                 : begin_near(L, ch, c, value);
  if (done == LC_EX_NOMEMORY) luaL_error(L, "not enough memory");
  if (done == LC_EX_MOVED) lc_channel_begin_far(L, ch, c, true);
}

static int finish_send (lua_State *L, lc_case *c, int object) {
  lc_turn *turn = c->op.u.what;
  lc_item none = {.kind = LC_ITEM_NONE};
  if (c->far) {
    lc_channel_forgo_far(c);
    return attempt_send(L, object, object + 1);
  }
  lc_exchanged done = turn->result;
  lc_seat_return(turn);
  return done == LC_EX_MOVED ? -1 : lc_channel_sent(L, done, &none);
}

/* }} */

const lc_selectable lc_channel_cases[] = {
  {"recv", attempt_recv, begin_recv, finish_recv, forgo},
  {"send", attempt_send, begin_send, finish_send, forgo},
  {NULL, NULL, NULL, NULL, NULL}
};
