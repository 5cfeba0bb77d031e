/*
** bytes.h: bytes that grow at their end.
**
** The block belongs to whoever holds the struct; all zero is an empty one.
** A block is never larger than the limit that the caller names, so what is
** written can't be longer. Nothing here raises. One thread at a time.
*/

#ifndef lc_bytes_h
#define lc_bytes_h

#include "base/base.h"

typedef struct lc_bytes {
  char *base;      /* NULL: no block yet */
  size_t len;
  size_t size;     /* of the block */
  size_t limit;    /* the largest it may be; set by the holder */
} lc_bytes;

/* Makes room for n more; false where there is no memory, or by the limit:
** lc_bytes_full tells which. */
bool lc_bytes_grow (lc_bytes *b, size_t n);

static inline bool lc_bytes_full (const lc_bytes *b, size_t n) {
  return n > b->limit - b->len;
}

/* Where the next n bytes go; NULL like lc_bytes_grow. The caller writes
** them and adds what it wrote to `len`. */
static inline char *lc_bytes_room (lc_bytes *b, size_t n) {
  if (lc_unlikely(b->size - b->len < n) && !lc_bytes_grow(b, n)) return NULL;
  return b->base + b->len;
}

/* Appends; false like lc_bytes_grow. */
bool lc_bytes_append (lc_bytes *b, const void *data, size_t n);

/* Empties it for the next use and sets its limit. A block that the last use
** left nearly empty goes back to a small one; one stays. */
void lc_bytes_reset (lc_bytes *b, size_t limit);

void lc_bytes_free (lc_bytes *b);

#endif
