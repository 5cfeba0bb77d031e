/*
** write.h: the sending side of a stream: see stream.h.
**
** Bytes are tried first, straight from the Lua strings; what the system
** does not take is copied into one pooled request and sent in the
** background. The queue of such requests is libuv's.
*/

#ifndef lc_write_h
#define lc_write_h

#include "stream.h"

/* Lua methods: see write.c. */
int lc_write_method (lua_State *L);
int lc_write_flush (lua_State *L);
int lc_write_shutdown (lua_State *L);

/* Is everything that was accepted with the system? */
static inline bool lc_write_drained (lc_stream *s) {
  return !s->shutting && uv_stream_get_write_queue_size(lc_stream_uv(s)) == 0;
}

/* Begins `kind`, which ends once everything is sent or can't be. 0, or
** UV_ENOMEM. */
int lc_write_await (lc_stream *s, lc_task *t, const lc_opkind *kind);

#endif
