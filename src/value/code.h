/*
** code.h: the bytecode of a function, which states and messages hold.
**
** Between states of a process a message names the code of its functions by
** its place among what the message holds, and has only their upvalues in its
** bytes. So a function that is sent often is dumped once, and its code is
** never copied: whoever gets the message has a hold on it.
**
** A code never changes. Any thread may hold and drop one; the last drop frees
** it. See codecache.h for where states keep them.
*/

#ifndef lc_code_h
#define lc_code_h

#include <stdatomic.h>

#include "shared/shared.h"

typedef struct lc_code {
  lc_shared shared;
  atomic_uint holds;
  uint64_t hash;       /* of the bytes */
  size_t size;
  char bytes[];
} lc_code;

/* Never 0. */
uint64_t lc_code_hash (const char *bytes, size_t size);

/* A copy of the bytes, whose hash this is, with one hold; NULL: no memory. */
lc_code *lc_code_new (const char *bytes, size_t size, uint64_t hash);

/* The code that a shared object is; NULL: it is none. */
lc_code *lc_code_of (lc_shared *s);

static inline void lc_code_hold (lc_code *c) {
  atomic_fetch_add_explicit(&c->holds, 1, memory_order_relaxed);
}

void lc_code_drop (lc_code *c);   /* harmless on NULL */

#if defined(LUACONC_TESTING)
/* How many there are: each is a block. */
size_t lc_code_blocks (void);
#endif

#endif
