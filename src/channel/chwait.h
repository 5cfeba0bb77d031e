/*
** chwait.h: the handle of a channel, and waits there.
**
** What the files of channels share: what a state has of a channel, and how a
** turn that is served ends the wait of its operation. See channel.h, and
** exchange.h for what is shared with others.
*/

#ifndef lc_chwait_h
#define lc_chwait_h

#include "base/errors.h"
#include "channel/exchange.h"
#include "kernel/loop.h"
#include "kernel/task.h"
#include "shared/shared.h"

typedef struct lc_channel {
  lc_handleof handle;
  const void *tag;         /* set while there is a seat */
  lc_loop *loop;
  lc_exchange *exchange;
  lc_seat *seat;
} lc_channel;

extern const char lc_channel_tag;

/* The channel at `index`: at 1 it is the first argument of a method, at
** others known to be one. Raises where it is none, or is gone. */
lc_channel *lc_channel_at (lua_State *L, int index);

static inline lc_channel *lc_channel_self (lua_State *L) {
  lc_channel *c = lua_touserdata(L, 1);
  if (c && lua_rawlen(L, 1) == sizeof(*c) && c->tag == &lc_channel_tag)
    return c;
  return lc_channel_at(L, 1);
}

/* Kinds of operations in a channel come in pairs. */
enum { LC_NEAR, LC_FAR };   /* FAR: others may end it */

/* `cancel` of these kinds. */
void lc_channel_cancel (lc_op *op);

/* Brings or takes an item, as lc_exchange_put and lc_exchange_take do, and
** ends the waits that this has served. What the state has in its hand already
** comes first. */
lc_exchanged lc_channel_bring (lc_channel *c, lc_item *item, lc_turn *turn);
lc_exchanged lc_channel_fetch (lc_channel *c, lc_item *item, lc_turn *turn);
void lc_channel_follow (lc_calls *calls);

/* Has the state items in its hand, which nobody else can have? */
static inline bool lc_channel_has (const lc_channel *c) {
  const lc_batch *hand = c->seat->hand;
  return lc_unlikely(hand != NULL) && lc_batch_left(hand) > 0;
}

/* {{ What methods return */

static inline int lc_channel_closed (lua_State *L, const char *code) {
  return lc_errors_fail(L, code, "closed");
}

/* }} */

/* The turn, which is in its queue, waits for an operation: which of its two
** kinds is it? */
int lc_channel_enter (lc_turn *turn);

/* Waits for a turn that is in its queue. Can't fail. */
int lc_channel_wait (lua_State *L, lc_task *t, lc_turn *turn,
                     const lc_opkind *kinds, lua_KFunction k);

/* The seat's note arrives. */
void lc_channel_served (lc_note *note, lc_loop *loop);

/* Says who may end the waits of this state in the channel. */
void lc_channel_set_by (lc_seat *seat, bool alone);

#endif
