/*
** inbuf.h: what has arrived and nobody has read yet.
**
** Bytes are in one of two places: `kept`, memory of the buffer's own, and
** after it the `hand`, the part of the loop's receive buffer that libuv has
** just filled. The hand is there only while libuv's read callback runs: a
** reader that is resumed in it takes its bytes straight from there, copied
** once; what it leaves is moved to `kept` before the callback returns.
**
** Invariants:
** 1. Outside a read callback there is no hand.
** 2. `kept` has no memory when it has no bytes and nobody is in the middle
**    of taking from it, so an idle stream costs nothing.
** 3. The first `scanned` bytes of `kept` hold no end of line.
*/

#ifndef lc_inbuf_h
#define lc_inbuf_h

#include "base/base.h"

typedef struct lc_inbuf {
  char *base;         /* memory of `kept`; NULL: none */
  size_t size;
  size_t start;       /* `kept` is base + start, len bytes */
  size_t len;
  size_t scanned;
  const char *hand;
  size_t nhand;
} lc_inbuf;

typedef enum lc_wantmode {
  LC_WANT_ANY,        /* whatever is there */
  LC_WANT_COUNT,      /* n bytes; with n = 0: to know whether there are any */
  LC_WANT_LINE,       /* a line without its end */
  LC_WANT_WHOLELINE,  /* a line with its end */
  LC_WANT_UNTIL,      /* what comes before a delimiter */
  LC_WANT_ALL         /* everything up to the end */
} lc_wantmode;

typedef struct lc_want {
  lc_wantmode mode;
  size_t n;                /* LC_WANT_COUNT: how many; else the longest, with
                           ** the end of the line or the delimiter */
  const char *delimiter;   /* LC_WANT_UNTIL; the caller keeps it */
  size_t ndelimiter;
  size_t from;             /* where to go on looking for it in `kept` */
} lc_want;

enum { LC_LONGEST = 1 << 20 };   /* of a line, unless said, in bytes */

static inline size_t lc_inbuf_bytes (const lc_inbuf *in) {
  return in->len + in->nhand;
}

/* Is there what is wanted, when it is not just anything? */
bool lc_inbuf_search (lc_inbuf *in, lc_want *want, size_t *len);

/* Is there what is wanted? `len` is then its length, the end of the line
** included; 0 where it is longer than it may be, or where no bytes are
** wanted. Does not raise. */
static inline bool lc_inbuf_measure (lc_inbuf *in, lc_want *want,
                                     size_t *len) {
  *len = lc_inbuf_bytes(in);
  if (*len == 0) return false;
  return want->mode == LC_WANT_ANY || lc_inbuf_search(in, want, len);
}

/* Takes `len` bytes out and pushes them as a string, without the last `strip`
** of them. 0, or UV_ENOMEM with nothing taken and nothing pushed. May
** raise for memory; then nothing was taken. */
int lc_inbuf_push (lua_State *L, lc_inbuf *in, size_t len, size_t strip);

/* The read callback brings bytes. */
static inline void lc_inbuf_hand (lc_inbuf *in, const char *data, size_t n) {
  in->hand = data;
  in->nhand = n;
}

/* The read callback ends: the hand moves to `kept`. 0, or UV_ENOMEM: the
** hand is lost. */
int lc_inbuf_keep (lc_inbuf *in);

void lc_inbuf_free (lc_inbuf *in);

#endif
