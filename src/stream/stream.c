/*
** stream.c: what arrives on a stream, closing it, and the type. See stream.h;
** for reading read.h, for the sending side write.h.
*/

#include <signal.h>
#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "stream/read.h"
#include "stream/stream.h"
#include "stream/transport.h"

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

/* Index 1 is the stream, in its methods. */
static int fail_closed (lua_State *L) {
  const char *where = lc_passage_where(L, 1);
  if (where) return lc_errors_fail(L, "EBADF", "closed: %s", where);
  return lc_errors_fail(L, "EBADF", "closed");
}

int lc_stream_fail (lua_State *L, int code) {
  if (code == LC_DEADLINE) return lc_errors_fail(L, "ETIMEDOUT", "timed out");
  if (code == UV_EBADF) return fail_closed(L);
  if (code == UV_ECANCELED) return lc_errors_fail(L, "ECANCELED", "closed");
  return lc_errors_uv(L, code);
}

/* Not of our own doing? */
static bool is_systems (int code) {
  return code < 0 && code != UV_EOF && code != UV_EBADF &&
         code != UV_ECANCELED && code != UV_ENOMEM;
}

bool lc_stream_broke (int code) {
  return code == UV_ECONNRESET || code == UV_ETIMEDOUT ||
         code == UV_EHOSTUNREACH || code == UV_ENETUNREACH ||
         code == UV_ENETDOWN || code == UV_ECONNABORTED;
}

int lc_stream_fail_of (lua_State *L, lc_stream *s, int code) {
  char name[LC_STREAM_NAME] = "";
  if (s && is_systems(code) && lc_stream_kind(s)->name)
    lc_stream_kind(s)->name(s, name);
  if (!*name) return lc_stream_fail(L, code);
  return lc_errors_fail(L, uv_err_name(code), "%s: %s", name,
                        uv_strerror(code));
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

/* Tells libuv whether the handle keeps its loop alive. */
static inline void count_handle (lc_stream *s, bool counted) {
  if (s->counted == counted) return;
  s->counted = counted;
  if (counted) uv_ref(lc_handle_uv(&s->handle));
  else uv_unref(lc_handle_uv(&s->handle));
}

int lc_stream_join (lc_stream *s, lc_op *op, uint64_t limit) {
  lc_loop *loop = s->handle.loop;
  if (limit != LC_NOLIMIT) {
    int err = lc_loop_at(loop, &s->deadline,
                         lc_clock_after(&loop->clock, limit));
    if (err) return err;
  }
  s->reader = op;
  op->u.what = s;
  count_handle(s, true);
  return 0;
}

int lc_stream_await (lc_stream *s, lc_task *t, const lc_opkind *kind,
                     uint64_t limit) {
  int err = lc_stream_join(s, &t->op, limit);
  if (!err) lc_task_begin(t, kind);
  return err;
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

void lc_stream_complete (lc_stream *s, lc_op *op, int result) {
  if (lc_stream_via(s)->in_callbacks) lc_op_complete_now(op, result);
  else lc_op_complete(op, result);
}

void lc_stream_wake (lc_stream *s, int result) {
  lc_stream_complete(s, release_reader(s), result);
  if (!s->reader) count_handle(s, false);
}

size_t lc_stream_room (const lc_stream *s) {
  if (s->reader) return LC_BUFFER;
  return s->in.len < LC_AHEAD ? LC_AHEAD - s->in.len : 0;
}

void lc_stream_stop (lc_stream *s) {
  if (s->armed && !lc_stream_isclosing(s)) lc_stream_via(s)->stop(s);
  s->armed = false;
}

void lc_stream_end (lc_stream *s, int code) {
  if (!s->in_end) s->in_end = code;
  lc_stream_stop(s);
  if (s->reader) lc_stream_wake(s, LC_OK);
}

/* After the hand was offered: where memory is short, what it holds is lost,
** and the input has ended. */
static void keep_hand (lc_stream *s) {
  int err = lc_inbuf_keep(&s->in);
  if (err) lc_stream_end(s, err);
  else if (!s->reader && s->in.len >= LC_AHEAD) lc_stream_stop(s);
}

/* The reader's `len` bytes are there. Its task runs at once where it can,
** with the hand still there. */
static void serve_reader (lc_stream *s, size_t len) {
  bool now = lc_task_runs_now(s->handle.loop, s->reader->task) &&
             lc_stream_via(s)->in_callbacks && !s->reader->kind->complete;
  s->want.n = len;
  lc_stream_wake(s, now ? LC_SERVED : LC_OK);
}

void lc_stream_bring (lc_stream *s, const char *data, size_t n) {
  size_t len;
  lc_inbuf_hand(&s->in, data, n);
  if (s->reader && lc_inbuf_measure(&s->in, &s->want, &len))
    serve_reader(s, len);
  if (s->in.nhand) keep_hand(s);
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
  if (err) return lc_stream_fail_of(L, s, err);
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
  lc_stream_stop(s);
  if (s->reader) {
    lc_op *op = s->reader;
    lc_stream_leave(op);
    lc_op_complete(op, UV_ECANCELED);
  }
  return lc_task_wait(L, t, quiet ? k_close_variable : k_close,
                      (lua_KContext)t);
}

/* s:reset() -> true. Closes at once: what is queued is dropped, and the peer
** of a tcp or memory stream sees ECONNRESET. */
static int stream_reset (lua_State *L) {
  lc_stream *s = (lc_stream *)(void *)*(lc_handle **)lc_luax_self(L);
  if (s) lc_stream_via(s)->abort(s);
  if (s) lc_handle_close(&s->handle);
  lua_pushboolean(L, 1);
  return 1;
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

/* {{ Moving to another state */

enum { IN_END, SHUT, LIMIT };   /* notes of a traveller */

const char *lc_stream_stays (lua_State *L, int index) {
  const lc_streambox *box = lua_touserdata(L, index);
  const lc_stream *s = (const lc_stream *)(const void *)box->handle;
  const char *stays = s ? lc_stream_kind(s)->stays : NULL;
  if (!s || s->leaving) return "is closed";
  if (stays) return stays;
  if (s->reader) return "is being read by a task";
  if (!lc_waiter_none(&s->senders)) return "is being written by a task";
  if (!lc_write_drained(s)) return "has bytes that are not sent yet: flush it";
  if (s->out_error && !s->told) return "has failed to send";
  return NULL;
}

/* What was read goes with it. (In a callback, a part of that may still be in
** the hand.) */
static int pack (lc_stream *s, lc_traveller *t) {
  int err = lc_inbuf_keep(&s->in);
  if (err) return err;
  t->base = s->in.base;
  t->size = s->in.size;
  t->start = s->in.start;
  t->len = s->in.len;
  s->in = (lc_inbuf){0};
  t->notes[IN_END] = (uint64_t)(int64_t)s->in_end;
  t->notes[SHUT] = s->shut;
  t->notes[LIMIT] = s->limit;
  return 0;
}

void *lc_stream_depart (lua_State *L, int index) {
  const char *stays = lc_stream_stays(L, index);
  const lc_streambox *box = lua_touserdata(L, index);
  lc_stream *s = (lc_stream *)(void *)box->handle;
  uv_os_fd_t fd;
  if (stays) luaL_error(L, "a stream that was to be moved %s", stays);
  int err = uv_fileno(lc_handle_uv(&s->handle), &fd);
  lc_traveller *t = err ? NULL
    : lc_traveller_new(&lc_stream_kind(s)->passage, fd, &err);
  if (t) err = pack(s, t);
  if (t && err) lc_traveller_free(t);
  if (err)
    lc_errors_raise(L, uv_err_name(err), "cannot move a stream: %s",
                    uv_strerror(err));
  lc_handle_close(&s->handle);
  return t;
}

static void unpack (lc_stream *s, lc_traveller *t) {
  s->in.base = t->base;
  s->in.size = t->size;
  s->in.start = t->start;
  s->in.len = t->len;
  t->base = NULL;
  t->size = 0;
  if (t->notes[IN_END]) s->in_end = (int)(int64_t)t->notes[IN_END];
  s->shut = t->notes[SHUT] != 0;
  s->limit = t->notes[LIMIT];
}

static int adopt (lc_loop *loop, lc_handle **owner, lc_traveller *t) {
  const lc_streamkind *kind = lc_container(t->passage, lc_streamkind, passage);
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_stream *s = uv ? lc_stream_new(loop, kind, &err) : NULL;
  if (!s) return err;
  err = kind->adopt(s, uv, t->fd);
  if (err) return err;
  *owner = &s->handle;
  t->fd = -1;
  unpack(s, t);
  return 0;
}

void lc_stream_arrive (lua_State *L, void *traveller) {
  lc_traveller *t = traveller;
  lc_handle **owner = lc_stream_push(L,
    lc_container(t->passage, lc_streamkind, passage)->type);
  int err = adopt(lc_passage_loop(L), owner, t);
  if (err)
    lc_errors_raise(L, uv_err_name(err), "a stream that was moved here can't "
                    "be used: %s", uv_strerror(err));
  lc_handle_own(L, owner, *owner);
  lc_traveller_free(t);
}

/* }} */

/* {{ The type */

int lc_stream_tostring (lua_State *L) {
  lc_handle **owner = lc_luax_self(L);
  lua_getfield(L, lua_upvalueindex(2), "__name");
  const char *name = lua_tostring(L, -1), *where = lc_passage_where(L, 1);
  if (*owner) lua_pushfstring(L, "%s (%p)", name, *owner);
  else if (where) lua_pushfstring(L, "%s (closed: %s)", name, where);
  else lua_pushfstring(L, "%s (closed)", name);
  return 1;
}

static const luaL_Reg methods[] = {
  {"read", lc_read_method},
  {"read_until", lc_read_until},
  {"lines", lc_read_lines},
  {"write", lc_write_method},
  {"flush", lc_write_flush},
  {"shutdown", lc_write_shutdown},
  {"timeout", stream_timeout},
  {"reset", stream_reset},
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

void lc_stream_type (lua_State *L, lc_loop *loop, const lc_streamkind *kind,
                     const luaL_Reg *more) {
  lc_luax_type(L, loop, kind->type, methods, metamethods);
  lc_stream_methods(L, loop, more);
  lc_select_type(L, lc_read_cases);
  lua_pushlightuserdata(L, (void *)(uintptr_t)&kind->passage);
  lua_setfield(L, -2, "__transfer");
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
