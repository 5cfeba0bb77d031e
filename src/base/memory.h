/*
** memory.h: a limit on what a Lua state may allocate.
**
** The state's own allocator goes on allocating; what would go beyond the
** limit is refused, so that Lua collects garbage, tries again, and raises
** "not enough memory".
*/

#ifndef lc_memory_h
#define lc_memory_h

#include "base/base.h"

typedef struct lc_memory {
  lua_Alloc alloc;    /* the state's own */
  void *ud;
  size_t used;
  size_t limit;
} lc_memory;

/* The state of L gets the limit, in bytes, for good. `m` outlives it. False
** where it uses more already. Does not raise. */
bool lc_memory_limit (lua_State *L, lc_memory *m, size_t limit);

/* Takes it back, before the state is closed: clean-ups find memory. */
void lc_memory_lift (lc_memory *m);

#endif
