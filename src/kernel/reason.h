/*
** reason.h: why a job was cancelled, on its way to another state.
**
** A reason is a block: the bytes of one value, or, where a deadline did it,
** a single one. It is noted at every job below a scope before that is
** cancelled; a job that is struck takes it along (lc_remotekind.explain), and
** its state reads it when the first wait there raises. What can't be sent is
** sent as text; for want of memory a cancellation goes without its reason.
*/

#ifndef lc_reason_h
#define lc_reason_h

#include "base/base.h"
#include "kernel/scope.h"

struct lc_loop;
struct lc_worker;

/* All zero: none. The block is lc_alloc'ed. */
typedef struct lc_reason {
  char *base;
  size_t len;
} lc_reason;

/* The scope is about to be cancelled with the value at `index`: notes it at
** the jobs below that run elsewhere. Raises nothing; may run Lua code. */
void lc_reason_note (lua_State *L, const struct lc_loop *loop, lc_scope *top,
                     int index);

/* Why a scope is cancelled that has none noted: a deadline, or what has
** cancelled the whole state. No Lua, no raise. */
void lc_reason_inherit (lc_reason *r, const struct lc_loop *loop,
                        const lc_scope *s);

/* Pushes the value that the starter of this state cancelled its job with, or
** nil; true where a deadline did it. May raise for want of memory. */
bool lc_reason_push (lua_State *L, struct lc_worker *w);

void lc_reason_free (lc_reason *r);   /* harmless on none */

#endif
