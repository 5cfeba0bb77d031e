/*
** arena.h: the first memory of a Lua state that lives for one job.
**
** Half of what it costs to make and to close such a state is the C library's
** malloc and free. So the state's small blocks come from one block of ours,
** where they are taken in order, and go to a list of their size when they are
** freed. What is larger, and what comes when the block is used up, is the
** business of the state's own allocator, as before. So no more than this one
** block is ever kept from others.
**
** Under AddressSanitizer there is no arena: it would hide what that looks for.
*/

#ifndef lc_arena_h
#define lc_arena_h

#include "base/base.h"

enum { LC_ARENA_CLASSES = 64 };   /* of 16 bytes each: blocks up to 1 KiB */

typedef struct lc_arena {
  lua_Alloc alloc;         /* the state's own */
  void *ud;
  char *block;             /* NULL: there is none */
  char *at;                /* the rest of it */
  void *freed[LC_ARENA_CLASSES];
} lc_arena;

/* From now on the state allocates from the arena first, which must outlive
** it. Without memory for it nothing changes. */
void lc_arena_open (lua_State *L, lc_arena *a);

/* The state has been closed. */
void lc_arena_close (lc_arena *a);

#endif
