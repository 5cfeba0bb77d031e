/*
** write.c: writing, flushing and half-closing streams. See write.h.
**
** A write that does not fit is accepted whole, and waits until the queue is
** at the high-water mark or below. So a cancellation or a deadline never
** cuts a write in two: what was accepted is still sent.
*/

#include <string.h>

#include "errors.h"
#include "fault.h"
#include "write.h"

enum { BATCH = 16 };  /* strings that go into one system call */

typedef struct lc_sending {
  uv_write_t req;
  size_t size;        /* of this block */
  char data[];
} lc_sending;

/* {{ Waking who waits */

static bool has_room (lc_stream *s) {
  return uv_stream_get_write_queue_size(lc_stream_uv(s)) <= LC_HIGHWATER;
}

static void wake_first (lc_stream *s, lc_waitqueue *q) {
  if (s->out_error) s->told = true;
  lc_op_complete_now(lc_waiter_take(q), s->out_error);
}

/* Each task that is woken may write more, or close the stream. */
static void wake_waiting (lc_stream *s) {
  while (!lc_stream_isclosing(s) && !lc_waiter_none(&s->writers) &&
         (s->out_error || has_room(s)))
    wake_first(s, &s->writers);
  while (!lc_stream_isclosing(s) && !lc_waiter_none(&s->drainers) &&
         (s->out_error || lc_write_drained(s)))
    wake_first(s, &s->drainers);
}

static void note_error (lc_stream *s, int err) {
  if (err < 0 && !s->out_error) s->out_error = err;
}

static void on_write (uv_write_t *req, int status) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(req->handle);
  lc_sending *out = lc_container(req, lc_sending, req);
  lc_loop_giveback(s->handle.loop, out, out->size);
  note_error(s, status);
  wake_waiting(s);
}

static void on_shutdown (uv_shutdown_t *req, int status) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(req->handle);
  lc_loop_giveback(s->handle.loop, req, sizeof *req);
  s->shutting = false;
  note_error(s, status);
  wake_waiting(s);
}

int lc_write_await (lc_stream *s, lc_task *t, const lc_opkind *kind) {
  return lc_waiter_begin(&s->drainers, t, kind, s->limit, false);
}

/* }} */

/* Returns the failure of a write that was never accepted. */
static int fail (lua_State *L, lc_stream *s, int err) {
  if (err == s->out_error) s->told = true;
  return lc_stream_fail(L, err);
}

/* {{ Writing */

/* The bytes in the arguments; raises where one is no string or number. */
static size_t count_bytes (lua_State *L, int top) {
  size_t all = 0;
  for (int i = 2; i <= top; i++) {
    size_t len;
    luaL_checklstring(L, i, &len);
    all += len;
  }
  return all;
}

/* Fills one batch from the arguments from `arg` on; returns its bytes. */
static size_t fill_batch (lua_State *L, int arg, int top, uv_buf_t *bufs,
                          unsigned *n) {
  size_t all = 0;
  *n = 0;
  for (; arg <= top && *n < BATCH; arg++, (*n)++) {
    bufs[*n].base = (char *)lua_tolstring(L, arg, &bufs[*n].len);
    all += bufs[*n].len;
  }
  return all;
}

/* Sends what the system takes at once; `sent` bytes are gone. 0 or error. */
static int try_strings (lua_State *L, lc_stream *s, int top, size_t *sent) {
  uv_buf_t bufs[BATCH];
  unsigned n;
  *sent = 0;
  for (int arg = 2; arg <= top; arg += BATCH) {
    size_t all = fill_batch(L, arg, top, bufs, &n);
    int got = lc_uv(uv_try_write(lc_stream_uv(s), bufs, n));
    if (got < 0) return got == UV_EAGAIN ? 0 : got;
    *sent += (size_t)got;
    if ((size_t)got < all) return 0;
  }
  return 0;
}

/* Copies the arguments, without their first `skip` bytes. */
static void copy_rest (lua_State *L, int top, size_t skip, char *to) {
  for (int arg = 2; arg <= top; arg++) {
    size_t len;
    const char *from = lua_tolstring(L, arg, &len);
    size_t gone = skip < len ? skip : len;
    memcpy(to, from + gone, len - gone);
    to += len - gone;
    skip -= gone;
  }
}

/* Queues the last `rest` of `all` bytes. 0, or an error: not accepted. */
static int queue_rest (lua_State *L, lc_stream *s, int top, size_t all,
                       size_t rest) {
  lc_loop *loop = s->handle.loop;
  size_t size = sizeof(lc_sending) + rest;
  lc_sending *out = lc_loop_borrow(loop, size);
  uv_buf_t buf;
  int err;
  if (!out) return UV_ENOMEM;
  out->size = size;
  copy_rest(L, top, all - rest, out->data);
  buf.base = out->data;
  buf.len = rest;
  err = lc_uv(uv_write(&out->req, lc_stream_uv(s), &buf, 1, on_write));
  if (err) lc_loop_giveback(loop, out, size);
  return err;
}

/* Hands all bytes to the system or the queue. 0, or an error. Where part of
** a write is out and the rest is lost, nothing more can follow it. */
static int accept_strings (lua_State *L, lc_stream *s, int top, size_t all) {
  size_t sent;
  int err = try_strings(L, s, top, &sent);
  if (!err && sent < all) err = queue_rest(L, s, top, all, all - sent);
  if (err && (sent || err != UV_ENOMEM)) note_error(s, err);
  return err;
}

static int k_write (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status; (void)ctx;
  if (result != LC_OK) return lc_stream_fail(L, result);
  lua_settop(L, 1);
  return 1;
}

/* s:write(...) -> s | nil, message, code. Strings and numbers. Waits while
** more than LC_HIGHWATER bytes are queued; all of them are accepted then. */
int lc_write_method (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  int top = lua_gettop(L);
  lc_task *t;
  size_t all;
  int err;
  if (!s) return 3;
  t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  all = count_bytes(L, top);
  err = s->out_error ? s->out_error : s->shut ? UV_EPIPE : 0;
  if (!err && all) err = accept_strings(L, s, top, all);
  if (err) return fail(L, s, err);
  lua_settop(L, 1);
  if (has_room(s)) return lc_task_pause(L, t, 1);
  err = lc_waiter_begin(&s->writers, t, &lc_stream_kind(s)->write, s->limit,
                        false);
  if (err) return 1;  /* accepted; without memory it goes on unthrottled */
  return lc_task_wait(L, t, k_write, 0);
}

/* }} */

/* {{ Until everything is sent */

static int k_drained (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status; (void)ctx;
  if (result != LC_OK) return lc_stream_fail(L, result);
  lua_pushboolean(L, 1);
  return 1;
}

/* Waits until everything is sent, then returns true or the failure. */
static int wait_drained (lua_State *L, lc_stream *s, lc_task *t,
                         const lc_opkind *kind) {
  int err = s->out_error;
  if (!err && lc_write_drained(s)) {
    lua_pushboolean(L, 1);
    return lc_task_pause(L, t, 1);
  }
  if (!err) err = lc_write_await(s, t, kind);
  if (err) return fail(L, s, err);
  return lc_task_wait(L, t, k_drained, 0);
}

/* s:flush() -> true | nil, message, code. Waits until all is sent. */
int lc_write_flush (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  lc_task *t;
  if (!s) return 3;
  t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return wait_drained(L, s, t, &lc_stream_kind(s)->flush);
}

static int start_shutdown (lc_stream *s) {
  lc_loop *loop = s->handle.loop;
  uv_shutdown_t *req = lc_loop_borrow(loop, sizeof *req);
  int err;
  if (!req) return UV_ENOMEM;
  err = lc_uv(uv_shutdown(req, lc_stream_uv(s), on_shutdown));
  if (err) lc_loop_giveback(loop, req, sizeof *req);
  else s->shut = s->shutting = true;
  return err;
}

/* s:shutdown() -> true | nil, message, code. Waits until all is sent, then
** ends the stream's output; its input stays. */
int lc_write_shutdown (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  lc_task *t;
  int err = 0;
  if (!s) return 3;
  t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (s->out_error) err = s->out_error;
  else if (!s->shut) err = start_shutdown(s);
  if (err) return fail(L, s, err);
  return wait_drained(L, s, t, &lc_stream_kind(s)->shutdown);
}

/* }} */
