/*
** stream.c: reading streams, closing them, and their type. See stream.h;
** for the sending side write.h.
**
** The path of a read, when nothing has arrived yet:
**
**   stream_read   parses the format, arms libuv, waits as `reader`
**   on_read       libuv has filled the loop's buffer: it becomes the hand;
**                 is it enough? Then the reader's task runs, in place:
**   k_read          builds the Lua string from the hand; the task goes on,
**                   reads again from what is left of it, writes, waits
**   on_read       keeps what is left of the hand
*/

#include <math.h>
#include <signal.h>
#include <string.h>

#include "errors.h"
#include "fault.h"
#include "luax.h"
#include "stream.h"
#include "write.h"

/* {{ The block */

static void on_deadline (lc_timer *t);

/* libuv writes without MSG_NOSIGNAL. A handler, unlike SIG_IGN, is not
** handed down to programs that are started. */
static void on_sigpipe (int signum) {
  (void)signum;
}

static uv_once_t sigpipe_once = UV_ONCE_INIT;

static void survive_sigpipe (void) {
  struct sigaction old, own;
  if (sigaction(SIGPIPE, NULL, &old) || old.sa_handler != SIG_DFL) return;
  memset(&own, 0, sizeof own);
  own.sa_handler = on_sigpipe;
  own.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &own, NULL);
}

lc_stream *lc_stream_new (lc_loop *loop, const lc_streamkind *kind,
                          int *err) {
  lc_stream *s = NULL;
  uv_once(&sigpipe_once, survive_sigpipe);
  if (lc_loop_buffer(loop))
    s = (lc_stream *)(void *)lc_handle_new(loop, &kind->handle);
  *err = s ? 0 : lc_handle_refusal(loop);
  if (!s) return NULL;
  s->limit = LC_NOLIMIT;
  s->deadline.fire = on_deadline;
  lc_waiter_init(&s->senders, NULL);
  return s;
}

void lc_stream_ready (lc_stream *s) {
  lc_handle_opened(&s->handle);
  uv_unref(lc_handle_uv(&s->handle));
}

/* Takes the reader's operation out. */
static lc_op *release_reader (lc_stream *s) {
  lc_op *op = s->reader;
  s->reader = NULL;
  if (s->deadline.index) lc_loop_unat(s->handle.loop, &s->deadline);
  return op;
}

/* Ends every wait on the stream, for callers outside callbacks. */
static void wake_all (lc_stream *s, int result) {
  if (s->reader) lc_op_complete(release_reader(s), result);
  lc_waiter_wake(&s->senders, result);
}

void lc_stream_closing (lc_handle *h) {
  wake_all((lc_stream *)(void *)h, UV_ECANCELED);
}

void lc_stream_freeing (lc_handle *h) {
  lc_inbuf_free(&((lc_stream *)(void *)h)->in);
}

/* }} */

/* {{ Self and failures */

int lc_stream_fail (lua_State *L, int code) {
  if (code == LC_DEADLINE) return lc_errors_fail(L, "ETIMEDOUT", "timed out");
  if (code == UV_EBADF) return lc_errors_fail(L, "EBADF", "closed");
  if (code == UV_ECANCELED) return lc_errors_fail(L, "ECANCELED", "closed");
  return lc_errors_uv(L, code);
}

int lc_stream_fail_now (lua_State *L, lc_task *t, int code) {
  return lc_task_pause(L, t, lc_stream_fail(L, code));
}

int lc_stream_fail_closed (lua_State *L) {
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return lc_stream_fail_now(L, t, UV_EBADF);
}

const char lc_stream_tag = 0;

lc_handle **lc_stream_push (lua_State *L, const char *type) {
  lc_streambox *box = lua_newuserdatauv(L, sizeof *box, 0);
  box->handle = NULL;
  box->tag = &lc_stream_tag;
  luaL_setmetatable(L, type);
  return &box->handle;
}

lc_stream *lc_stream_refuse (lua_State *L) {
  lc_luax_self(L);
  return NULL;
}

lc_stream *lc_stream_again (lua_State *L) {
  lc_stream *s = (lc_stream *)(void *)*(lc_handle **)lua_touserdata(L, 1);
  return s && !s->leaving ? s : NULL;
}

/* }} */

/* {{ Waiting for input */

/* Results of a read's wait: LC_OK, there may be something; LC_SERVED, it is
** want.n bytes long and the stream is open, as we are inside on_read. */
enum { LC_SERVED = 3 };

/* Tells libuv whether the handle keeps its loop alive. */
static inline void count_handle (lc_stream *s, bool counted) {
  if (s->counted == counted) return;
  s->counted = counted;
  if (counted) uv_ref(lc_handle_uv(&s->handle));
  else uv_unref(lc_handle_uv(&s->handle));
}

int lc_stream_await (lc_stream *s, lc_task *t, const lc_opkind *kind,
                     uint64_t limit) {
  lc_loop *loop = s->handle.loop;
  if (limit != LC_NOLIMIT) {
    int err = lc_loop_at(loop, &s->deadline,
                         lc_clock_after(&loop->clock, limit));
    if (err) return err;
  }
  s->reader = &t->op;
  t->op.u.what = s;
  count_handle(s, true);
  lc_task_begin(t, kind);
  return 0;
}

void lc_stream_leave (lc_op *op) {
  lc_stream *s = op->u.what;
  release_reader(s);
  count_handle(s, false);
}

static void on_deadline (lc_timer *t) {
  lc_op *op = lc_container(t, lc_stream, deadline)->reader;
  lc_stream_leave(op);
  lc_op_complete(op, LC_DEADLINE);
}

void lc_stream_wake (lc_stream *s, int result) {
  lc_op_complete_now(release_reader(s), result);
  if (!s->reader) count_handle(s, false);
}

/* Without a reader there is no more room than up to LC_AHEAD bytes; none
** makes libuv call on_read with UV_ENOBUFS. */
static void on_alloc (uv_handle_t *uv, size_t hint, uv_buf_t *buf) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(uv);
  (void)hint;
  buf->base = s->handle.loop->buffer;
  if (s->reader) buf->len = LC_BUFFER;
  else buf->len = s->in.len < LC_AHEAD ? LC_AHEAD - s->in.len : 0;
}

static void stop_reading (lc_stream *s) {
  if (s->armed && !lc_stream_isclosing(s)) uv_read_stop(lc_stream_uv(s));
  s->armed = false;
}

static void end_input (lc_stream *s, int code) {
  if (!s->in_end) s->in_end = code;
  stop_reading(s);
}

/* After the hand was offered: where memory is short, what it holds is lost,
** and the input has ended. */
static void keep_hand (lc_stream *s) {
  int err = lc_inbuf_keep(&s->in);
  if (err) {
    end_input(s, err);
    if (s->reader) lc_stream_wake(s, LC_OK);
  }
  else if (!s->reader && s->in.len >= LC_AHEAD) stop_reading(s);
}

/* The reader's `len` bytes are there. Its task runs at once where it can,
** with the hand still there. */
static void serve_reader (lc_stream *s, size_t len) {
  const lc_task *t = s->reader->task;
  const lc_loop *loop = s->handle.loop;
  bool now = !loop->current && t->co && !loop->clock.is_seeded;
  s->want.n = len;
  lc_stream_wake(s, now ? LC_SERVED : LC_OK);
}

static void on_read (uv_stream_t *uv, ssize_t n, const uv_buf_t *buf) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(uv);
  size_t len;
  if (n > 0) {
    lc_inbuf_hand(&s->in, buf->base, (size_t)n);
    if (s->reader && lc_inbuf_measure(&s->in, &s->want, &len))
      serve_reader(s, len);
    if (s->in.nhand) keep_hand(s);
  }
  else if (n == UV_ENOBUFS) stop_reading(s);
  else if (n < 0) {
    end_input(s, (int)n);
    if (s->reader) lc_stream_wake(s, LC_OK);
  }
}

/* }} */

/* {{ Reading */

static lc_want parse_count (lua_State *L, int arg) {
  lua_Integer n = luaL_checkinteger(L, arg);
  lc_want want = {.mode = LC_WANT_COUNT, .n = (size_t)n};
  luaL_argcheck(L, n >= 0, arg, "a number of bytes, 0 or more, expected");
  return want;
}

/* The longest that may be read, from the argument. */
static size_t check_longest (lua_State *L, int arg, size_t unless_said) {
  if (lua_isnoneornil(L, arg)) return unless_said;
  if (lua_type(L, arg) == LUA_TNUMBER &&
      lua_tonumber(L, arg) == (lua_Number)HUGE_VAL) return SIZE_MAX;
  return (size_t)lc_luax_integer(L, arg, "the limit", 1, INT64_MAX);
}

static lc_want parse_want (lua_State *L, int arg) {
  lc_want want = {.mode = LC_WANT_LINE};
  const char *format;
  if (lua_type(L, arg) == LUA_TNUMBER) return parse_count(L, arg);
  format = luaL_checkstring(L, arg);
  if (*format == '*') format++;
  switch (*format) {
    case 'l': break;
    case 'L': want.mode = LC_WANT_WHOLELINE; break;
    case 'a': want.mode = LC_WANT_ALL; break;
    default:
      luaL_argerror(L, arg, "invalid format: 'l', 'L', 'a', a number of "
                            "bytes, or nothing expected");
  }
  want.n = check_longest(L, arg + 1, want.mode == LC_WANT_ALL ? SIZE_MAX
                                                              : LC_LONGEST);
  return want;
}

/* "l", "L", "a", a number of bytes, or nil; like files, "*l" as well. */
static inline lc_want check_want (lua_State *L, int arg) {
  lc_want want = {.mode = LC_WANT_ANY};
  return lua_isnoneornil(L, arg) ? want : parse_want(L, arg);
}

/* Pushes `len` bytes, all of what is wanted; or says that it is too long. */
static int push_input (lua_State *L, lc_stream *s, const lc_want *want,
                       size_t len) {
  size_t strip = want->mode == LC_WANT_LINE ? 1
               : want->mode == LC_WANT_UNTIL ? want->ndelimiter : 0;
  if (lc_unlikely(len == 0 && want->mode >= LC_WANT_LINE))
    return lc_errors_fail(L, "EMSGSIZE", "longer than its limit");
  int err = lc_inbuf_push(L, &s->in, len, strip);
  return err ? lc_stream_fail(L, err) : 1;
}

static int push_rest (lua_State *L, lc_stream *s, size_t len) {
  int err = lc_inbuf_push(L, &s->in, len, 0);
  return err ? lc_stream_fail(L, err) : 1;
}

/* The input has ended. What an error has cut short is not handed out as if
** it were whole; it stays for a plain read. */
static int read_end (lua_State *L, lc_stream *s, const lc_want *want) {
  size_t all = lc_inbuf_bytes(&s->in);
  if (s->in_end == UV_EOF) {
    if (all && want->mode != LC_WANT_UNTIL) return push_rest(L, s, all);
    if (want->mode == LC_WANT_ALL) {
      lua_pushliteral(L, "");
      return 1;
    }
  }
  return lc_stream_fail(L, s->in_end);
}

/* Reads from what is there: the number of results, or 0: must wait. */
static int read_now (lua_State *L, lc_stream *s, lc_want *want) {
  size_t len;
  if (lc_inbuf_measure(&s->in, want, &len))
    return push_input(L, s, want, len);
  return s->in_end ? read_end(L, s, want) : 0;
}

static int start_reading (lc_stream *s) {
  int err = lc_uv(uv_read_start(lc_stream_uv(s), on_alloc, on_read));
  if (!err) s->armed = true;
  return err;
}

static int k_next (lua_State *L, int status, lua_KContext ctx);
static int iterate (lua_State *L, int n);

/* The `n` results of a read whose continuation would have been k: a turn for
** the others comes after `lines` has made of them what it returns. */
static int done (lua_State *L, lc_task *t, lua_KFunction k, int n) {
  if (k == k_next) n = iterate(L, n);
  return lc_task_pause(L, t, n);
}

/* Waits for `want`, then calls k. */
static inline int wait_input (lua_State *L, lc_stream *s, lc_task *t,
                              const lc_want *want, lua_KFunction k) {
  int err = lc_unlikely(!s->armed) ? start_reading(s) : 0;
  if (!err) err = lc_stream_await(s, t, &lc_stream_kind(s)->read, s->limit);
  if (lc_unlikely(err)) return done(L, t, k, lc_stream_fail(L, err));
  s->want = *want;
  return lc_task_wait(L, t, k, (lua_KContext)t);
}

static int refuse_second (lua_State *L, lc_stream *s) {
  return lc_errors_raise(L, "EBUSY", "another task is reading this %s "
                         "already: only one may", s->handle.kind->name);
}

static int k_until (lua_State *L, int status, lua_KContext ctx);

/* (delimiter, limit) at index 2 */
static lc_want check_until (lua_State *L) {
  lc_want want = {.mode = LC_WANT_UNTIL};
  want.delimiter = luaL_checklstring(L, 2, &want.ndelimiter);
  luaL_argcheck(L, want.ndelimiter > 0, 2, "the delimiter is empty");
  want.n = check_longest(L, 3, LC_LONGEST);
  return want;
}

/* What is asked for by the arguments from index 2 on. */
static inline lc_want check_asked (lua_State *L, lua_KFunction k) {
  return lc_unlikely(k == k_until) ? check_until(L) : check_want(L, 2);
}

/* Reads what the arguments ask for from the stream at 1. */
static inline int read_format (lua_State *L, lc_stream *s, lua_KFunction k) {
  lc_task *t = lc_task_at(L, s->handle.loop);
  lc_want want;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  want = check_asked(L, k);
  if (lc_unlikely(s->reader != NULL)) return refuse_second(L, s);
  if (lc_unlikely(lc_inbuf_bytes(&s->in) || s->in_end)) {
    int n = read_now(L, s, &want);
    if (n) return done(L, t, k, n);
  }
  return wait_input(L, s, t, &want, k);
}

/* The reader goes on after the callback, as it does outside tasks: others
** may have taken what was there, or closed the stream. */
static int look_again (lua_State *L, lc_task *t, lua_KFunction k) {
  lc_stream *s;
  lc_want want;
  int n;
  if (t->op.result == LC_CANCELLED) return lc_task_raise(L, t);
  if (t->op.result != LC_OK) return lc_stream_fail(L, t->op.result);
  s = lc_stream_again(L);
  if (!s) return lc_stream_fail(L, UV_EBADF);
  want = check_asked(L, k);
  n = read_now(L, s, &want);
  if (n) return n;
  return s->reader ? refuse_second(L, s) : wait_input(L, s, t, &want, k);
}

static inline int go_on (lua_State *L, lc_task *t, lua_KFunction k) {
  lc_stream *s = t->op.u.what;
  if (lc_unlikely(t->op.result != LC_SERVED)) return look_again(L, t, k);
  return push_input(L, s, &s->want, s->want.n);
}

static int k_read (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return go_on(L, (lc_task *)ctx, k_read);
}

/* s:read([format [, limit]]) -> string | nil, message, code. Waits. */
static int stream_read (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  if (lc_unlikely(!s)) return lc_stream_fail_closed(L);
  return read_format(L, s, k_read);
}

static int k_until (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return go_on(L, (lc_task *)ctx, k_until);
}

/* s:read_until(delimiter [, limit]) -> string | nil, message, code. Waits. */
static int stream_read_until (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  if (!s) return lc_stream_fail_closed(L);
  lua_settop(L, 3);
  return read_format(L, s, k_until);
}

/* Results of a read as those of an iterator: failures are raised, as those
** of io.lines are; the end of the input is the end of the loop. */
static int iterate (lua_State *L, int n) {
  const char *code = n == 3 ? lua_tostring(L, -1) : NULL;
  if (!code) return n;
  if (strcmp(code, "EOF") == 0) {
    lua_pushnil(L);
    return 1;
  }
  return lc_errors_raise(L, code, "%s", lua_tostring(L, -2));
}

static int k_next (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return iterate(L, go_on(L, (lc_task *)ctx, k_next));
}

static int lines_next (lua_State *L) {
  lc_stream *s;
  lua_settop(L, 0);
  for (int i = 2; i <= 4; i++) lua_pushvalue(L, lua_upvalueindex(i));
  s = lc_stream_again(L);
  if (!s) return iterate(L, lc_stream_fail(L, UV_EBADF));
  return read_format(L, s, k_next);
}

/* s:lines([format [, limit]]) -> iterator that reads: "l" unless said */
static int stream_lines (lua_State *L) {
  lc_luax_self(L);
  lua_settop(L, 3);
  if (lua_isnil(L, 2)) {
    lua_pushliteral(L, "l");
    lua_replace(L, 2);
  }
  luaL_argcheck(L, check_want(L, 2).mode != LC_WANT_ALL, 2,
                "'a' reads once: use s:read('a')");
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_insert(L, 1);
  lua_pushcclosure(L, lines_next, 4);
  return 1;
}

/* }} */

/* {{ Limits and closing */

/* s:timeout([seconds]) -> s: how long each wait may take; nil: for ever */
static int stream_timeout (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  if (!s) return lc_stream_fail(L, UV_EBADF);
  s->limit = lua_isnoneornil(L, 2) ? LC_NOLIMIT : lc_luax_seconds(L, 2);
  lua_settop(L, 1);
  return 1;
}

/* Closes now; the result tells of an error that nobody has heard of. */
static int close_now (lua_State *L, lc_stream *s, int err) {
  if (s->out_error && !s->told) err = s->out_error;
  lc_handle_close(&s->handle);
  if (err) return lc_stream_fail(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* Sent, or not to be sent: closes in any case. */
static int end_close (lua_State *L, lc_task *t) {
  lc_handle **owner = lua_touserdata(L, 1);
  lc_stream *s = (lc_stream *)(void *)*owner;
  int result = t->op.result;
  if (!s) return lc_stream_fail(L, UV_EBADF);
  return close_now(L, s, result == LC_CANCELLED ? UV_ECANCELED : result);
}

static int k_close (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = (lc_task *)ctx;
  int n = end_close(L, t);
  (void)status;
  return t->op.result == LC_CANCELLED ? lc_task_raise(L, t) : n;
}

/* A cancellation must not take the place of the error that unwinds; the
** next wait raises it. */
static int k_close_variable (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return end_close(L, (lc_task *)ctx);
}

/* Waits until what is queued is sent, then closes. Where that can't be
** waited for, what is queued is dropped. */
static int close_sent (lua_State *L, lc_stream *s, bool quiet) {
  lc_loop *loop = s->handle.loop;
  lc_task *t = lc_task_may_wait(L, loop) ? lc_task_here(L) : NULL;
  bool cancelled = t && lc_task_cancelled(t);
  if (!t || cancelled || lc_write_await(s, t, &lc_stream_kind(s)->close)) {
    lc_handle_close(&s->handle);
    if (cancelled && !quiet) return lc_task_refuse(L, t);
    return lc_errors_fail(L, "ECANCELED", "closed before all was sent");
  }
  s->leaving = true;
  stop_reading(s);
  if (s->reader) {
    lc_op *op = s->reader;
    lc_stream_leave(op);
    lc_op_complete(op, UV_ECANCELED);
  }
  return lc_task_wait(L, t, quiet ? k_close_variable : k_close,
                      (lua_KContext)t);
}

static int close_stream (lua_State *L, lc_handle **owner, bool quiet) {
  lc_stream *s = (lc_stream *)(void *)*owner;
  if (!s || s->leaving) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (s->out_error || lc_write_drained(s)) return close_now(L, s, 0);
  return close_sent(L, s, quiet);
}

/* s:close() -> true | nil, message, code. Waits until all is sent; again:
** true. Whoever waits on the stream gets nil, "closed", "ECANCELED". */
static int stream_close (lua_State *L) {
  lua_settop(L, 1);
  return close_stream(L, lc_luax_self(L), false);
}

/* The same for a variable that is left: nobody looks at the results. */
static int stream_close_variable (lua_State *L) {
  lua_settop(L, 1);
  return close_stream(L, lc_luax_self(L), true);
}

/* }} */

/* {{ The type */

int lc_stream_tostring (lua_State *L) {
  lc_handle **owner = lc_luax_self(L);
  lua_getfield(L, lua_upvalueindex(2), "__name");
  if (*owner) lua_pushfstring(L, "%s (%p)", lua_tostring(L, -1), *owner);
  else lua_pushfstring(L, "%s (closed)", lua_tostring(L, -1));
  return 1;
}

static const luaL_Reg methods[] = {
  {"read", stream_read},
  {"read_until", stream_read_until},
  {"lines", stream_lines},
  {"write", lc_write_method},
  {"flush", lc_write_flush},
  {"shutdown", lc_write_shutdown},
  {"timeout", stream_timeout},
  {"close", stream_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", lc_handle_collect},
  {"__close", stream_close_variable},
  {"__tostring", lc_stream_tostring},
  {NULL, NULL}
};

void lc_stream_methods (lua_State *L, lc_loop *loop, const luaL_Reg *more) {
  lua_getfield(L, -1, "__index");
  lua_pushlightuserdata(L, loop);
  lua_pushvalue(L, -3);
  luaL_setfuncs(L, more, 2);
  lua_pop(L, 1);
}

void lc_stream_type (lua_State *L, lc_loop *loop, const char *name,
                     const luaL_Reg *more) {
  lc_luax_type(L, loop, name, methods, metamethods);
  lc_stream_methods(L, loop, more);
  lua_pop(L, 1);
}

void lc_stream_open (lua_State *L, lc_loop *loop) {
  (void)loop;
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, LC_AHEAD);
  lua_setfield(L, -2, "ahead");
  lua_pushinteger(L, LC_HIGHWATER);
  lua_setfield(L, -2, "highwater");
  lua_pushinteger(L, LC_LONGEST);
  lua_setfield(L, -2, "longest");
  lua_setfield(L, -2, "stream");
}

/* }} */
