/*
** read.c: reading streams: formats, lines, cases of a select. See read.h.
**
** The path of a read, when nothing has arrived yet:
**
**   lc_read_method    parses the format, arms the transport, waits as
**                     `reader`
**   lc_stream_bring   libuv has filled the loop's buffer: it becomes the
**                     hand; is it enough? Then the reader's task runs, in
**                     place:
**   k_read              builds the Lua string from the hand; the task goes
**                       on, reads again from what is left of it, writes,
**                       waits
**   lc_stream_bring   keeps what is left of the hand
*/

#include <math.h>
#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "stream/read.h"
#include "stream/transport.h"

/* {{ Reading */

/* The longest that may be read, from the argument. */
static size_t check_longest (lua_State *L, int arg, size_t unless_said) {
  if (lua_isnoneornil(L, arg)) return unless_said;
  if (lua_type(L, arg) == LUA_TNUMBER &&
      lua_tonumber(L, arg) == (lua_Number)HUGE_VAL) return SIZE_MAX;
  return (size_t)lc_luax_integer(L, arg, "the limit", 1, INT64_MAX);
}

static bool parse_letter (const char *format, lc_want *want) {
  if (*format == '*') format++;
  *want = (lc_want){.mode = LC_WANT_LINE, .n = LC_LONGEST};
  if (*format == 'l') return true;
  want->mode = *format == 'L' ? LC_WANT_WHOLELINE : LC_WANT_ALL;
  if (*format == 'a') want->n = SIZE_MAX;
  return *format == 'L' || *format == 'a';
}

/* A number of bytes, or a letter that may follow a star as in files. NULL,
** or what is expected instead. */
static const char *parse_format (lua_State *L, int arg, lc_want *want) {
  int whole, type = lua_type(L, arg);
  if (type == LUA_TNUMBER) {
    lua_Integer n = lua_tointegerx(L, arg, &whole);
    *want = (lc_want){.mode = LC_WANT_COUNT, .n = (size_t)n};
    return whole && n >= 0 ? NULL : "a number of bytes, 0 or more,";
  }
  if (type == LUA_TSTRING && parse_letter(lua_tostring(L, arg), want))
    return NULL;
  return "'l', 'L', 'a', a number of bytes, or nothing";
}

static lc_want parse_want (lua_State *L, int arg) {
  lc_want want;
  const char *wanted = parse_format(L, arg, &want);
  if (wanted) lc_luax_expected(L, arg, wanted);
  if (want.mode != LC_WANT_COUNT) want.n = check_longest(L, arg + 1, want.n);
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
  return lc_stream_fail_of(L, s, s->in_end);
}

/* Reads from what is there: the number of results, or 0: must wait. */
static int read_now (lua_State *L, lc_stream *s, lc_want *want) {
  size_t len;
  if (lc_inbuf_measure(&s->in, want, &len))
    return push_input(L, s, want, len);
  return s->in_end ? read_end(L, s, want) : 0;
}

static int start_reading (lc_stream *s) {
  int err = lc_stream_via(s)->start(s);
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
  if (lc_unlikely(err)) return done(L, t, k, lc_stream_fail_of(L, s, err));
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
  if (!s) return lc_stream_fail(L, UV_ECANCELED);
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
int lc_read_method (lua_State *L) {
  lc_stream *s = lc_stream_self(L);
  if (lc_unlikely(!s)) return lc_stream_fail_closed(L);
  return read_format(L, s, k_read);
}

static int k_until (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return go_on(L, (lc_task *)ctx, k_until);
}

/* s:read_until(delimiter [, limit]) -> string | nil, message, code. Waits. */
int lc_read_until (lua_State *L) {
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
int lc_read_lines (lua_State *L) {
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

/* {{ Cases of a select */

/* The open stream, else NULL. */
static lc_stream *stream_at (lua_State *L, int object) {
  const lc_streambox *box = lua_touserdata(L, object);
  lc_stream *s = (lc_stream *)(void *)box->handle;
  return s && !s->leaving ? s : NULL;
}

/* The format of a case: nil, a string or a number. */
static lc_want check_case (lua_State *L, int value) {
  lc_want want = {.mode = LC_WANT_ANY};
  const char *wanted = lua_isnil(L, value) ? NULL
                                           : parse_format(L, value, &want);
  if (!wanted) return want;
  lua_pushfstring(L, "%s expected, got %s", wanted, lc_luax_got(L, value));
  luaL_argerror(L, 1, lua_tostring(L, -1));
  return want;   /* not reached */
}

static int attempt_read (lua_State *L, int object, int value) {
  lc_stream *s = stream_at(L, object);
  lc_want want = check_case(L, value);
  if (!s) return lc_stream_fail(L, UV_EBADF);
  if (s->reader) return refuse_second(L, s);
  int n = read_now(L, s, &want);
  return n > 0 ? n : -1;
}

/* Is there something to take, or nothing to wait for? */
static bool is_ready (lc_stream *s, lc_want *want) {
  size_t len;
  return !s || s->in_end || lc_inbuf_measure(&s->in, want, &len);
}

static void begin_read (lua_State *L, lc_case *c, int object, int value) {
  lc_stream *s = stream_at(L, object);
  lc_want want = check_case(L, value);
  if (is_ready(s, &want)) {
    lc_select_look(c);
    return;
  }
  if (s->reader) refuse_second(L, s);
  int err = s->armed ? 0 : start_reading(s);
  if (!err) err = lc_stream_join(s, &c->op, s->limit);
  if (err) lc_errors_raise(L, uv_err_name(err), "%s", uv_strerror(err));
  s->want = want;
  c->op.kind = &lc_stream_kind(s)->readcase;
}

static int finish_read (lua_State *L, lc_case *c, int object) {
  lc_stream *s = stream_at(L, object);
  if (c->op.result != LC_OK) return lc_stream_fail(L, c->op.result);
  if (!s) return lc_stream_fail(L, UV_ECANCELED);
  lc_want want = check_case(L, object + 1);
  int n = read_now(L, s, &want);
  return n > 0 ? n : -1;
}

const lc_selectable lc_read_cases[] = {
  {"read", attempt_read, begin_read, finish_read, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */
