/*
** alloc.h: the one source of C memory, with a fault seam, and in test builds
** with counters.
**
** Sizes are given back on release, so that the counters can be checked and
** no allocator has to remember them. A request for memory answers NULL when
** there is none; nobody here raises. Any thread may call these functions.
** lua_Alloc of a state is never used for C memory.
*/

#ifndef lc_alloc_h
#define lc_alloc_h

#include "base/base.h"

void *lc_alloc (size_t size);
void *lc_realloc (void *block, size_t old, size_t size);
void lc_free (void *block, size_t size);

#if defined(LUACONC_TESTING)
/* What is allocated now. */
size_t lc_alloc_blocks (void);
size_t lc_alloc_bytes (void);
#endif

#endif
