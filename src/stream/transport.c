/*
** transport.c: the transport of libuv's streams. See transport.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  /* dup3 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "stream/transport.h"

/* {{ Reading */

/* No room makes libuv call on_read with UV_ENOBUFS. */
static void on_alloc (uv_handle_t *uv, size_t hint, uv_buf_t *buf) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(uv);
  (void)hint;
  buf->base = s->handle.loop->buffer;
  buf->len = lc_stream_room(s);
}

/* Where bytes and a reset have come together libuv tells of the bytes, and
** then of an end; the system still knows better. But it tells of an error
** once: a write may have heard it. */
static int kind_of_end (lc_stream *s) {
  uv_os_fd_t fd;
  int err = 0;
  socklen_t size = sizeof err;
  if (lc_stream_broke(s->out_error)) return s->out_error;
  if (uv_fileno(lc_handle_uv(&s->handle), &fd) == 0 &&
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) == 0 && err)
    return uv_translate_sys_error(err);
  return UV_EOF;
}

static void on_read (uv_stream_t *uv, ssize_t n, const uv_buf_t *buf) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(uv);
  if (n > 0) lc_stream_bring(s, buf->base, (size_t)n);
  else if (n == UV_ENOBUFS) lc_stream_stop(s);
  else if (n < 0) lc_stream_end(s, n == UV_EOF ? kind_of_end(s) : (int)n);
}

static int start (lc_stream *s) {
  return lc_uv(uv_read_start(lc_stream_uv(s), on_alloc, on_read));
}

static void stop (lc_stream *s) {
  uv_read_stop(lc_stream_uv(s));
}

/* }} */

/* {{ Writing */

static int try_write (lc_stream *s, const uv_buf_t *bufs, unsigned n) {
  return lc_uv(uv_try_write(lc_stream_uv(s), bufs, n));
}

static void on_write (uv_write_t *req, int status) {
  lc_write_sent((lc_stream *)(void *)lc_handle_of(req->handle),
                lc_container(req, lc_sending, as.req), status);
}

static int write_later (lc_stream *s, lc_sending *out) {
  return lc_uv(uv_write(&out->as.req, lc_stream_uv(s), &out->rest, 1,
                        on_write));
}

/* Pipes and terminals can't be shut down, but closed: something that nothing
** is written to takes the descriptor's place, as the handle still has it. */
static int close_output (lc_stream *s) {
  uv_os_fd_t fd;
  int err = uv_fileno(lc_handle_uv(&s->handle), &fd);
  if (err) return err;
  int done = dup3(uv_backend_fd(s->handle.loop->uv), fd, O_CLOEXEC);
  return done < 0 ? uv_translate_sys_error(errno) : 0;
}

static void on_shutdown (uv_shutdown_t *req, int status) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(req->handle);
  lc_loop_giveback(s->handle.loop, req, sizeof *req);
  lc_write_ended(s, status == UV_ENOTSOCK ? close_output(s) : status);
}

static int end_output (lc_stream *s) {
  lc_loop *loop = s->handle.loop;
  uv_shutdown_t *req = lc_loop_borrow(loop, sizeof *req);
  int err;
  if (!req) return UV_ENOMEM;
  err = lc_uv(uv_shutdown(req, lc_stream_uv(s), on_shutdown));
  if (err) lc_loop_giveback(loop, req, sizeof *req);
  return err;
}

static size_t queued (const lc_stream *s) {
  return uv_stream_get_write_queue_size(
    (const uv_stream_t *)(const void *)
    ((const char *)s + s->handle.kind->uv));
}

/* A socket that does not linger is reset by its close. What is none, or is
** of another kind than TCP, is closed as usual. */
static void abort_stream (lc_stream *s) {
  static const struct linger none = {.l_onoff = 1};
  uv_os_fd_t fd;
  if (uv_fileno(lc_handle_uv(&s->handle), &fd) == 0)
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* }} */

const lc_transport lc_transport_uv = {
  start, stop, try_write, write_later, end_output, queued, abort_stream, true
};
