/*
** bytes.c: growing by doubling. See bytes.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

enum { FIRST = 256, KEEP = 64 * 1024 };

bool lc_bytes_grow (lc_bytes *b, size_t n) {
  if (lc_bytes_full(b, n)) return false;
  size_t need = b->len + n;
  size_t size = b->size < FIRST ? FIRST : b->size;
  while (size < need) size = size > b->limit / 2 ? b->limit : size * 2;
  if (size > b->limit) size = b->limit;
  char *base = lc_realloc(b->base, b->size, size);
  if (!base) return false;
  b->base = base;
  b->size = size;
  return true;
}

bool lc_bytes_append (lc_bytes *b, const void *data, size_t n) {
  char *at = lc_bytes_room(b, n);
  if (!at) return false;
  memcpy(at, data, n);
  b->len += n;
  return true;
}

void lc_bytes_reset (lc_bytes *b, size_t limit) {
  bool wasteful = b->size > KEEP && b->len < b->size / 4;
  if (b->size > limit) lc_bytes_free(b);
  else if (wasteful) {
    char *base = lc_realloc(b->base, b->size, FIRST);
    if (base) {
      b->base = base;
      b->size = FIRST;
    }
  }
  b->len = 0;
  b->limit = limit;
}

void lc_bytes_free (lc_bytes *b) {
  lc_free(b->base, b->size);
  b->base = NULL;
  b->len = b->size = 0;
}
