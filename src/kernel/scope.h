/*
** scope.h: what is cancelled together: a tree of cancel scopes.
**
** Every job has a base scope; conc.scope, conc.group, conc.timeout and
** conc.shield put further ones on the stack of the coroutine that enters
** them. The base scope of a job hangs below the scope of its group.
**
** Invariants:
** 1. `cancelled` is true iff the scope, or one above it with no shield
**    between, was cancelled (`own`) and not left.
** 2. A scope is in its parent's `children` from entering to leaving.
** 3. Leaving hands children that are still there (scopes of a suspended
**    generator) to the parent.
** Nothing here allocates or raises.
*/

#ifndef lc_scope_h
#define lc_scope_h

#include "base/list.h"

struct lc_task;

typedef enum lc_scopekind {
  LC_BASE, LC_REMOTE, LC_SCOPE, LC_GROUP, LC_SHIELD
} lc_scopekind;

typedef struct lc_scope {
  struct lc_scope *parent;
  lc_link siblings;
  lc_link children;
  struct lc_task *task;   /* whose waits it governs; NULL: LC_REMOTE */
  uint8_t kind;
  bool own;               /* cancelled itself */
  bool cancelled;         /* itself or from above */
  bool expired;           /* by its deadline */
} lc_scope;

/* Hangs `s` below `parent` (NULL: a root). */
void lc_scope_enter (lc_scope *s, lc_scopekind kind, lc_scope *parent,
                     struct lc_task *task);
void lc_scope_leave (lc_scope *s);

/* The scope after `s` in a walk of the tree below `top`, parents first, not
** into what is below `s` unless `into`; NULL at the end. */
lc_scope *lc_scope_next (lc_scope *top, lc_scope *s, bool into);

/* Cancels `s` and all below it: their waits end, each task joins the ready
** ring, and every further wait raises. Again: no effect; then false. */
bool lc_scope_cancel (lc_scope *s);

/* By what a cancelled scope is: the next one, from it upwards, that was itself
** cancelled. */
const lc_scope *lc_scope_cause (const lc_scope *s);

/* The scope above, where that would have cancelled it, too; else NULL. */
static inline const lc_scope *lc_scope_above (const lc_scope *s) {
  return s->kind != LC_SHIELD && s->parent && s->parent->cancelled ? s->parent
         : NULL;
}

/* Takes a cancellation back: only for the root, when its error is out. */
void lc_scope_reset (lc_scope *s);

#endif
