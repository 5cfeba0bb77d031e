/*
** conduit.h: packets over the link between a worker process and who started
** it.
**
** A link is a stream of bytes, both ways; a packet is a head (a mark, its
** kind, its length) and that many bytes. Nothing here blocks, but
** lc_conduit_wait, and nobody's pace is forced on anybody: what can't be sent
** at once waits in a queue without bound.
**
** What comes is not trusted: a head that is none, a length above the limit,
** an end in the midst of a packet are UV_EPROTO. A length is believed as the
** bytes come, not before: memory grows with them.
**
** Nothing here raises. One thread at a time.
*/

#ifndef lc_conduit_h
#define lc_conduit_h

#include "base/base.h"

typedef struct lc_packet lc_packet;
typedef struct lc_conduit lc_conduit;

enum { LC_CONDUIT_HEAD = 16 };
#define LC_CONDUIT_LIMIT ((size_t)1 << 30)   /* bytes of a packet */

/* To be sent; lies in its owner's block until `gone`. */
struct lc_packet {
  lc_packet *next;
  const char *bytes;
  size_t len;
  uint32_t kind;
  void (*gone) (lc_packet *p);   /* sent, or dropped */
};

struct lc_conduit {
  int fd;                        /* -1: closed; the conduit's own */
  lc_packet *first, *last;       /* to be sent */
  size_t sent;                   /* of the first, head included */
  char head[LC_CONDUIT_HEAD];    /* of the packet that comes */
  size_t had;                    /* of the head */
  char *body;                    /* lc_alloc'ed */
  size_t size, len;              /* of that block; of what is in it */
  size_t want;                   /* how long it is to be */
  uint32_t kind;
  void *owner;
  /* A packet is there: `bytes` (NULL where len is 0) is the receiver's, to be
  ** freed by lc_free(bytes, len). False: it is wrong (UV_EPROTO). */
  bool (*arrive) (lc_conduit *c, uint32_t kind, char *bytes, size_t len);
};

void lc_conduit_init (lc_conduit *c, int fd);

/* Drops what is queued or half there, and closes the link. Harmless on a
** closed one. */
void lc_conduit_close (lc_conduit *c);

/* Queues it and sends what can be sent now: UV_EAGAIN where something is
** left, which then waits for lc_conduit_flush; UV_EPIPE: nobody will read it
** (all that is queued is dropped). */
int lc_conduit_send (lc_conduit *c, lc_packet *p);
int lc_conduit_flush (lc_conduit *c);

/* Queues it only, for a flush that comes soon: many packets then take one
** system call. UV_EPIPE as above. */
int lc_conduit_queue (lc_conduit *c, lc_packet *p);

/* Reads what has come, a megabyte at most; `scratch` is for its use
** meanwhile. 0: there may be more; UV_EAGAIN: there is not; UV_EOF;
** UV_EPROTO; UV_ENOMEM; or another failure. */
int lc_conduit_read (lc_conduit *c, char *scratch, size_t size);

/* Blocks until something can be read, or sent (`send`). */
void lc_conduit_wait (const lc_conduit *c, bool send);

static inline bool lc_conduit_idle (const lc_conduit *c) {
  return !c->first;
}

#endif
