/*
** inbuf.c: finding and taking what a reader wants. See inbuf.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE   /* memmem */
#endif

#include <string.h>

#include "base/alloc.h"
#include "stream/inbuf.h"

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

/* Where the delimiter ends; 0 where it does not. What may be cut by the end
** of `kept` is looked for in one piece. */
static size_t find_delimiter (lc_inbuf *in, lc_want *want) {
  size_t n = want->ndelimiter;
  if (in->len && in->nhand && keep(in, in->nhand) != 0) return 0;
  const char *text = in->len ? in->base + in->start : in->hand;
  size_t len = lc_inbuf_bytes(in), from = in->len ? want->from : 0;
  const char *at = len < from + n ? NULL
    : memmem(text + from, len - from, want->delimiter, n);
  want->from = len < n ? 0 : len - n + 1;
  return at ? (size_t)(at - text) + n : 0;
}

/* Is the end there, or too far away already? */
static bool is_found (lc_inbuf *in, const lc_want *want, size_t *len) {
  bool far = *len ? *len > want->n : lc_inbuf_bytes(in) >= want->n;
  if (far) *len = 0;
  return far || *len;
}

bool lc_inbuf_search (lc_inbuf *in, lc_want *want, size_t *len) {
  switch (want->mode) {
    case LC_WANT_COUNT:
      *len = want->n;
      return lc_inbuf_bytes(in) >= want->n;
    case LC_WANT_LINE: case LC_WANT_WHOLELINE:
      *len = find_line(in);
      return is_found(in, want, len);
    case LC_WANT_UNTIL:
      *len = find_delimiter(in, want);
      return is_found(in, want, len);
    case LC_WANT_ALL:
      *len = 0;
      return lc_inbuf_bytes(in) > want->n;
    case LC_WANT_ANY:
      break;
  }
  return false;
}

static void drop (lc_inbuf *in, size_t n) {
  in->start += n;
  in->len -= n;
  in->scanned = in->scanned > n ? in->scanned - n : 0;
  if (in->len == 0) lc_inbuf_free(in);
}

/* The copy is made before any finaliser can run (lua_pushlstring collects
** last); one that reads this very stream makes us drop less, not too much. */
int lc_inbuf_push (lua_State *L, lc_inbuf *in, size_t len, size_t strip) {
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
