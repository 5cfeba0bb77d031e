/*
** write.h: the sending side of a stream: see stream.h.
**
** Bytes are tried first, straight from the Lua strings; what the system
** does not take is copied into one pooled request and sent in the
** background. The queue of such requests is libuv's.
*/

#ifndef lc_write_h
#define lc_write_h

#include "stream/stream.h"

/* What the system did not take at once: a pooled block. */
typedef struct lc_sending {
  union {
    uv_write_t req;
    lc_link link;
  } as;               /* the transport's */
  uv_buf_t rest;      /* of `data`: what is still to be sent */
  size_t size;        /* of this block */
  char data[];
} lc_sending;

/* {{ For transports. No Lua, no raise. */

/* The block is sent, or can't be; gives it back, and wakes who waits. */
void lc_write_sent (lc_stream *s, lc_sending *out, int status);

/* The output has ended, or can't be. */
void lc_write_ended (lc_stream *s, int status);

/* }} */

/* Lua methods: see write.c. */
int lc_write_method (lua_State *L);
int lc_write_flush (lua_State *L);
int lc_write_shutdown (lua_State *L);

/* Is everything that was accepted with the system? */
bool lc_write_drained (const lc_stream *s);

/* Begins `kind`, which ends once everything is sent or can't be. 0, or
** UV_ENOMEM. */
int lc_write_await (lc_stream *s, lc_task *t, const lc_opkind *kind);

#endif
