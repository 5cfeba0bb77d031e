/*
** transport.h: how the bytes of streams travel: over libuv, or in memory.
**
** A transport carries; all that streams promise besides (formats, limits,
** who waits, backpressure) stands above it. It tells what happens by
** lc_stream_bring and lc_stream_end, lc_write_sent and lc_write_ended.
**
** Nothing here raises or calls Lua. Results are libuv's codes.
*/

#ifndef lc_transport_h
#define lc_transport_h

#include "stream/stream.h"
#include "stream/write.h"

typedef struct lc_transport {
  /* Begins, or stops, to bring what arrives. */
  int (*start) (lc_stream *s);
  void (*stop) (lc_stream *s);

  /* Sends what can be sent at once: bytes, UV_EAGAIN, or an error. */
  int (*try_write) (lc_stream *s, const uv_buf_t *bufs, unsigned n);

  /* Sends the block later, and all in order. On success the block is the
  ** transport's until lc_write_sent. */
  int (*write) (lc_stream *s, lc_sending *out);

  /* Ends the output after all of that: lc_write_ended. */
  int (*shutdown) (lc_stream *s);

  /* Bytes that were given to `write` and are not sent yet. */
  size_t (*queued) (const lc_stream *s);

  /* The stream is about to be closed: its peer is to see an error, where
  ** that is possible. */
  void (*abort) (lc_stream *s);

  bool in_callbacks;   /* it tells from libuv's callbacks, never from Lua */
} lc_transport;

#endif
