/*
** write.c: writing, flushing and half-closing streams. See write.h.
**
** A write that does not fit is accepted whole, and waits until the queue is
** at the high-water mark or below. So a cancellation or a deadline never
** cuts a write in two: what was accepted is still sent.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "stream/transport.h"
#include "stream/write.h"

enum { BATCH = 16 };  /* strings that go into one system call */

/* {{ Waking who waits */

static bool has_room (const lc_stream *s) {
  size_t most = s->strict ? 0 : LC_HIGHWATER;
  return lc_stream_via(s)->queued(s) <= most;
}

bool lc_write_drained (const lc_stream *s) {
  return !s->shutting && lc_stream_via(s)->queued(s) == 0;
}

static bool may_go (const lc_stream *s, const lc_op *op) {
  if (s->out_error) return true;
  return op->kind == &lc_stream_kind(s)->write ? has_room(s)
                                               : lc_write_drained(s);
}

/* In the order of asking, so that a flush ends while others write. Each
** task that is woken may write more, or close the stream. */
static void wake_senders (lc_stream *s) {
  while (!lc_stream_isclosing(s) && !lc_waiter_none(&s->senders) &&
         may_go(s, lc_waiter_first(&s->senders))) {
    if (s->out_error) s->told = true;
    lc_stream_complete(s, lc_waiter_take(&s->senders), s->out_error);
  }
}

/* Where the input was told already why the connection is broken, the system
** has nothing better to say here than that it is. */
static void note_error (lc_stream *s, int err) {
  if (err == UV_EPIPE && lc_stream_broke(s->in_end)) err = s->in_end;
  if (err < 0 && !s->out_error) s->out_error = err;
}

void lc_write_sent (lc_stream *s, lc_sending *out, int status) {
  lc_loop_giveback(s->handle.loop, out, out->size);
  note_error(s, status);
  wake_senders(s);
}

void lc_write_ended (lc_stream *s, int status) {
  s->shutting = false;
  note_error(s, status);
  wake_senders(s);
}

int lc_write_await (lc_stream *s, lc_task *t, const lc_opkind *kind) {
  return lc_waiter_begin(&s->senders, t, kind, s->limit, false);
}

/* }} */

/* Returns the failure of a write that was never accepted. */
static int fail (lua_State *L, lc_stream *s, lc_task *t, int err) {
  if (err == s->out_error) s->told = true;
  return lc_task_pause(L, t, lc_stream_fail_of(L, s, err));
}

/* {{ Writing */

/* Fills one batch from the arguments from `arg` on; returns its bytes.
** Raises where one is no string or number. */
static size_t fill_batch (lua_State *L, int arg, int top, uv_buf_t *bufs,
                          unsigned *n) {
  size_t all = 0;
  *n = 0;
  for (; arg <= top && *n < BATCH; arg++, (*n)++) {
    bufs[*n].base = (char *)luaL_checklstring(L, arg, &bufs[*n].len);
    all += bufs[*n].len;
  }
  return all;
}

/* Sends what the system takes at once of one batch: bytes or an error. */
static inline ssize_t try_batch (lc_stream *s, const uv_buf_t *bufs,
                                 unsigned n) {
  int got = lc_stream_via(s)->try_write(s, bufs, n);
  return got == UV_EAGAIN ? 0 : got;
}

/* The same for the strings after the first batch, which has gone. */
static int try_more (lua_State *L, lc_stream *s, int top, size_t *sent) {
  uv_buf_t bufs[BATCH];
  unsigned n;
  for (int arg = 2 + BATCH; arg <= top; arg += BATCH) {
    size_t all = fill_batch(L, arg, top, bufs, &n);
    ssize_t got = try_batch(s, bufs, n);
    if (got < 0) return (int)got;
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
  int err;
  if (!out) return UV_ENOMEM;
  out->size = size;
  copy_rest(L, top, all - rest, out->data);
  out->rest = (uv_buf_t){.base = out->data, .len = rest};
  err = lc_stream_via(s)->write(s, out);
  if (err) lc_loop_giveback(loop, out, size);
  return err;
}

/* After the first batch, of which `got` went out (or an error): hands the
** rest to the system or the queue. 0, or an error. Where part of a write is
** out and the rest is lost, nothing more can follow it. */
static int accept_rest (lua_State *L, lc_stream *s, int top, size_t first,
                        ssize_t got) {
  size_t sent = got < 0 ? 0 : (size_t)got;
  int err = got < 0 ? (int)got : 0;
  if (!err && sent == first) err = try_more(L, s, top, &sent);
  if (!err) {
    size_t all = lc_luax_bytes(L, top);
    if (sent < all) err = queue_rest(L, s, top, all, all - sent);
  }
  if (!err || (err == UV_ENOMEM && !sent)) return err;
  note_error(s, err);
  return s->out_error;
}

static int k_write (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status; (void)ctx;
  if (result != LC_OK)
    return lc_stream_fail_of(L, lc_stream_again(L), result);
  lua_settop(L, 1);
  return 1;
}

/* Accepted, but more than LC_HIGHWATER bytes are queued: waits. */
static int wait_room (lua_State *L, lc_stream *s, lc_task *t) {
  int err = lc_waiter_begin(&s->senders, t, &lc_stream_kind(s)->write,
                            s->limit, false);
  if (!err) return lc_task_wait(L, t, k_write, 0);
  lua_settop(L, 1);
  return 1;  /* without memory it goes on unthrottled */
}

/* What was not sent at once. */
static int write_slowly (lua_State *L, lc_stream *s, lc_task *t, int top,
                         size_t first, ssize_t got) {
  int err = accept_rest(L, s, top, first, got);
  if (err) return fail(L, s, t, err);
  if (!has_room(s)) return wait_room(L, s, t);
  lua_settop(L, 1);
  return lc_task_pause(L, t, 1);
}

static int check_output (const lc_stream *s) {
  return s->out_error ? s->out_error : s->shut ? UV_EPIPE : 0;
}

/* Any number of strings. */
static int write_strings (lua_State *L, lc_stream *s, lc_task *t, int top) {
  uv_buf_t bufs[BATCH];
  unsigned n;
  size_t first;
  if (top > 1 + BATCH) lc_luax_bytes(L, top);
  first = fill_batch(L, 2, top, bufs, &n);
  if (s->out_error || s->shut) return fail(L, s, t, check_output(s));
  return write_slowly(L, s, t, top, first,
                      first ? try_batch(s, bufs, n) : 0);
}

/* s:write(...) -> s | nil, message, code. Strings and numbers. Waits while
** more than LC_HIGHWATER bytes are queued; all of them are accepted then. */
int lc_write_method (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  int top = lua_gettop(L);
  uv_buf_t buf;
  ssize_t got;
  lc_task *t;
  if (!s) return lc_stream_fail_closed(L);
  t = lc_task_at(L, s->handle.loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (lc_unlikely(top != 2 || s->out_error || s->shut))
    return write_strings(L, s, t, top);
  buf.base = (char *)luaL_checklstring(L, 2, &buf.len);
  got = buf.len ? try_batch(s, &buf, 1) : 0;
  if (lc_unlikely(got < 0 || (size_t)got < buf.len))
    return write_slowly(L, s, t, top, buf.len, got);
  lua_pushvalue(L, 1);
  return lc_task_pause(L, t, 1);
}

/* }} */

/* {{ Until everything is sent */

static int k_drained (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status; (void)ctx;
  if (result != LC_OK)
    return lc_stream_fail_of(L, lc_stream_again(L), result);
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
  if (err) return fail(L, s, t, err);
  return lc_task_wait(L, t, k_drained, 0);
}

/* s:flush() -> true | nil, message, code. Waits until all is sent. */
int lc_write_flush (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  lc_task *t;
  if (!s) return lc_stream_fail_closed(L);
  t = lc_task_at(L, s->handle.loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return wait_drained(L, s, t, &lc_stream_kind(s)->flush);
}

static int start_shutdown (lc_stream *s) {
  s->shut = s->shutting = true;
  int err = lc_stream_via(s)->shutdown(s);
  if (err) s->shut = s->shutting = false;
  return err;
}

/* s:shutdown() -> true | nil, message, code. Waits until all is sent, then
** ends the stream's output; its input stays. */
int lc_write_shutdown (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  lc_task *t;
  int err = 0;
  if (!s) return lc_stream_fail_closed(L);
  t = lc_task_at(L, s->handle.loop);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (s->out_error) err = s->out_error;
  else if (!s->shut) err = start_shutdown(s);
  if (err) return fail(L, s, t, err);
  return wait_drained(L, s, t, &lc_stream_kind(s)->shutdown);
}

/* }} */
