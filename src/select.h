/*
** select.h: waiting for the first of several things.
**
** A select has one case for each thing, and each case an operation in the
** queue of that thing, as a task's own would be. Whatever completes one of
** them chooses it: at that moment the others are taken out of their queues,
** so exactly one takes effect, and each queue serves in its own order.
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

#include "op.h"
#include "loop.h"

typedef struct lc_case {
  lc_op op;                     /* in the queue of its object */
  struct lc_select *select;
  const struct lc_selectable *how;
  lc_by by;                     /* who may complete it */
} lc_case;

typedef struct lc_selectable {
  const char *verb;

  /* Does it if that needs no wait: pushes its results and returns their
  ** number; else -1. `object`, `value`: stack indices, absolute; where the
  ** case has no value, that is nil. May raise. */
  int (*attempt) (lua_State *L, int object, int value);

  /* Puts c->op into the queue, with a kind whose `complete` is
  ** lc_select_choose. Raises before that or not at all. */
  void (*begin) (lua_State *L, lc_case *c, int object, int value);

  /* The case was chosen: pushes the results and returns their number. */
  int (*finish) (lua_State *L, lc_case *c, int object);

  /* It was not, and its operation is out of the queue: for what is left to
  ** undo in Lua. May be NULL. */
  void (*forgo) (lua_State *L, lc_case *c, int object);
} lc_selectable;

/* `complete` of the kinds of cases. */
void lc_select_choose (lc_op *op);

/* The case of an operation. */
static inline lc_case *lc_select_case (lc_op *op) {
  return lc_container(op, lc_case, op);
}

/* Sets the field __select of the metatable on top. */
void lc_select_type (lua_State *L, const lc_selectable *selectables);

void lc_select_open (lua_State *L, lc_loop *loop);

#endif
