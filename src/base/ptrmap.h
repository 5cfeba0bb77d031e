/*
** ptrmap.h: what is known of an address.
**
** The entries lie one after another, in the order in which they came; an
** index of 8 bytes each (a part of the hash and the entry's place), at most
** half full, finds them. So a new address, the usual case, touches one place
** of the index only. All zero is an empty map. Nothing here raises. One
** thread at a time.
*/

#ifndef lc_ptrmap_h
#define lc_ptrmap_h

#include "base/base.h"

typedef struct lc_ptrentry {
  const void *key;
  uint32_t value;      /* the holder's; 0 in a new entry */
  uint32_t extra;      /* the holder's; 0 in a new entry */
} lc_ptrentry;

typedef struct lc_ptrmap {
  uint64_t *index;     /* hash << 32 | 1 + place of the entry; 0: none */
  lc_ptrentry *entries;
  uint32_t size;       /* of the index, a power of two; 0: no blocks yet.
                       ** There are half as many entries. */
  uint32_t n;
} lc_ptrmap;

/* The entry of an address, or NULL. */
lc_ptrentry *lc_ptrmap_find (const lc_ptrmap *m, const void *key);

/* The entry of an address, a new one where there was none; NULL for want of
** memory. Valid until the next call. */
lc_ptrentry *lc_ptrmap_put (lc_ptrmap *m, const void *key);

/* Empties it; large blocks go back to small ones. */
void lc_ptrmap_reset (lc_ptrmap *m);

void lc_ptrmap_free (lc_ptrmap *m);

#endif
