/*
** within.h: obj:with(f, ...): f runs while the object is held.
*/

#ifndef lc_within_h
#define lc_within_h

#include "base/base.h"

/* At 1 the object, which is held, and which closing releases; at 2 the
** function, then its arguments. `return` it: the results of f. */
int lc_within_call (lua_State *L);

#endif
