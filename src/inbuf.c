/*
** inbuf.c: finding and taking what a reader wants. See inbuf.h.
*/

#include <string.h>

#include "inbuf.h"
#include "alloc.h"

/* Where the first line of `kept` and hand ends; 0 where it does not. */
static size_t find_line (lc_inbuf *in) {
  const char *kept = in->base + in->start;
  const char *end = NULL;
  if (in->len > in->scanned)
    end = memchr(kept + in->scanned, '\n', in->len - in->scanned);
  if (end) return (size_t)(end - kept) + 1;
  in->scanned = in->len;
  if (in->nhand) end = memchr(in->hand, '\n', in->nhand);
  return end ? in->len + (size_t)(end - in->hand) + 1 : 0;
}

bool lc_inbuf_search (lc_inbuf *in, const lc_want *want, size_t *len) {
  switch (want->mode) {
    case LC_WANT_COUNT:
      *len = want->n;
      return lc_inbuf_bytes(in) >= want->n;
    case LC_WANT_LINE: case LC_WANT_WHOLELINE:
      *len = find_line(in);
      return *len != 0;
    case LC_WANT_ANY: case LC_WANT_ALL:
      break;
  }
  return false;
}

/* Makes room for `n` more bytes after `kept`. */
static int reserve (lc_inbuf *in, size_t n) {
  size_t need = in->len + n;
  size_t size = in->size ? in->size : 256;
  char *base;
  if (in->start && in->start + need > in->size) {
    memmove(in->base, in->base + in->start, in->len);
    in->start = 0;
  }
  if (in->start + need <= in->size) return 0;
  if (need < in->len) return UV_ENOMEM;
  while (size < need) size = size > SIZE_MAX / 2 ? need : size * 2;
  base = lc_realloc(in->base, in->size, size);
  if (!base) return UV_ENOMEM;
  in->base = base;
  in->size = size;
  return 0;
}

/* Moves the first `n` bytes of the hand to `kept`. */
static int keep (lc_inbuf *in, size_t n) {
  int err = reserve(in, n);
  if (err) return err;
  memcpy(in->base + in->start + in->len, in->hand, n);
  in->len += n;
  in->hand += n;
  in->nhand -= n;
  return 0;
}

static void drop (lc_inbuf *in, size_t n) {
  in->start += n;
  in->len -= n;
  in->scanned = in->scanned > n ? in->scanned - n : 0;
  if (in->len == 0) lc_inbuf_free(in);
}

/* The copy is made before any finaliser can run (lua_pushlstring collects
** last); one that reads this very stream makes us drop less, not too much. */
int lc_inbuf_push (lua_State *L, lc_inbuf *in, size_t len, bool strip) {
  if (in->len == 0) {
    lua_pushlstring(L, in->hand, len - strip);
    if (len > in->nhand) len = in->nhand;
    in->hand += len;
    in->nhand -= len;
    return 0;
  }
  if (len > in->len) {
    int err = keep(in, len - in->len);
    if (err) return err;
  }
  lua_pushlstring(L, in->base + in->start, len - strip);
  drop(in, len < in->len ? len : in->len);
  return 0;
}

int lc_inbuf_keep (lc_inbuf *in) {
  int err = in->nhand ? keep(in, in->nhand) : 0;
  in->hand = NULL;
  in->nhand = 0;
  return err;
}

void lc_inbuf_free (lc_inbuf *in) {
  lc_free(in->base, in->size);
  in->base = NULL;
  in->size = in->start = in->len = in->scanned = 0;
}
