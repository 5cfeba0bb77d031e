/*
** select.h: waiting for the first of several things.
**
** A select has one case for each thing, and each case an operation in the
** queue of that thing, as a task's own would be. Whatever completes one of
** them chooses it: at that moment the others are taken out of their queues,
** so exactly one takes effect, and each queue serves in its own order.
**
** A case in a channel may be served by another thread, at any moment: it
** takes the select's claim (claim.h), and the thread of the select learns of
** it a little later. So in the meantime completing another case has no
** effect. For what stays as it is, a job that has ended or bytes that are
** there, this is all right. Whoever *hands something over* to a case that it
** completes must ask for it before (lc_select_claim, lc_select_first).
**
** A type that can be waited for in this way has the field `__select` in its
** metatable: a light userdata, an array of lc_selectable ended by a NULL
** verb. The first is what the bare object stands for.
**
**   static const lc_selectable selectables[] = {
**     {"recv", attempt_recv, begin_recv, finish_recv, NULL}, {0}
**   };
*/

#ifndef lc_select_h
#define lc_select_h

#include "kernel/claim.h"
#include "kernel/loop.h"
#include "kernel/op.h"

typedef struct lc_case {
  lc_op op;                     /* in the queue of its object */
  struct lc_select *select;
  const struct lc_selectable *how;
  lc_by by;                     /* who may complete it; as the kind says */
  bool far;                     /* the object's own use */
  bool look;                    /* chosen by lc_select_look */
} lc_case;

typedef struct lc_selectable {
  const char *verb;

  /* Does it if that needs no wait: pushes its results and returns their
  ** number; else -1. `object`, `value`: stack indices, absolute; where the
  ** case has no value, that is nil. May raise. */
  int (*attempt) (lua_State *L, int object, int value);

  /* Puts c->op into the queue, with a kind whose `complete` is
  ** lc_select_choose. Raises before that or not at all. Between `attempt` and
  ** `begin` finalisers may run, and code of values that are sent: where these
  ** have satisfied it, lc_select_look instead. */
  void (*begin) (lua_State *L, lc_case *c, int object, int value);

  /* The case was chosen: pushes the results and returns their number. The
  ** value is at object + 1. Where what it was chosen for is gone again, -1:
  ** then the select begins anew. */
  int (*finish) (lua_State *L, lc_case *c, int object);

  /* It was not, and its operation is out of the queue: for what is left to
  ** undo in Lua. May be NULL. */
  void (*forgo) (lua_State *L, lc_case *c, int object);
} lc_selectable;

/* `complete` of the kinds of cases. */
void lc_select_choose (lc_op *op);

/* In `begin`: what the case waits for is there. `attempt` takes it then. */
void lc_select_look (lc_case *c);

bool lc_select_claim_case (lc_op *op);

/* May the operation, which is out of its queue, be served? Then complete it
** at once. False: it is over. True for what is no case. */
static inline bool lc_select_claim (lc_op *op) {
  return op->kind->complete != lc_select_choose || lc_select_claim_case(op);
}

/* The first operation of a queue that may be served, out of it; or NULL. */
lc_op *lc_select_first (lc_link *queue);

/* {{ For cases that other threads may serve */

/* In `begin`: the claim that they take. */
lc_claim *lc_select_expose (lc_case *c);

/* `complete` of their kinds: the claim has been taken for this case. */
void lc_select_chosen (lc_op *op);

/* The claim has been taken for this case, and nobody will complete it: in
** `begin`, which then need not set a kind, or in its kind's `cancel`. */
void lc_select_won (lc_case *c);

/* Another may complete it from now on: c->op.kind has changed. */
void lc_select_moved (lc_case *c);

/* }} */

/* The case of an operation. */
static inline lc_case *lc_select_case (lc_op *op) {
  return lc_container(op, lc_case, op);
}

/* Sets the field __select of the metatable on top. */
void lc_select_type (lua_State *L, const lc_selectable *selectables);

void lc_select_open (lua_State *L, lc_loop *loop);

#endif
