/*
** fsread.c: reading a file at its place. See fsfile.h.
**
** A read takes what it wants from `in`. If that is not enough, more is
** fetched: what the system has in memory at once, without a thread; else by
** the pool, and the read goes on when it is there.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "fs/fsfile.h"
#include "fs/fsio.h"
#include "fs/fsnow.h"
#include "fs/fsnumber.h"

enum {
  MOST_AT_ONCE = 16 << 20,   /* of a large read */
  MOST_KEPT = 4 * LC_FSBUFFER,
  MOST_FORMATS = 200
};

typedef enum lc_mode { LINE, WHOLE_LINE, ALL, COUNT, NUMBER } lc_mode;

typedef struct lc_wish {
  lc_mode mode;
  size_t n;
} lc_wish;

/* Results of an attempt. */
typedef enum lc_got { TAKEN, MORE, ENDED, NO_NUMBER } lc_got;

/* {{ Formats */

static lc_wish check_count (lua_State *L, int arg) {
  int whole;
  lua_Integer n = lua_tointegerx(L, arg, &whole);
  if (!whole || n < 0)
    lc_luax_expected(L, arg, "a number of bytes, 0 or more,");
  return (lc_wish){COUNT, (size_t)n};
}

static lc_wish check_wish (lua_State *L, int arg) {
  int type = lua_type(L, arg);
  if (type == LUA_TNUMBER) return check_count(L, arg);
  const char *format = type == LUA_TSTRING ? lua_tostring(L, arg) : "";
  if (*format == '*') format++;
  switch (*format) {
    case 'l': return (lc_wish){LINE, 0};
    case 'L': return (lc_wish){WHOLE_LINE, 0};
    case 'a': return (lc_wish){ALL, 0};
    case 'n': return (lc_wish){NUMBER, 0};
    default: break;
  }
  lc_luax_expected(L, arg, "'l', 'L', 'a', 'n' or a number of bytes");
  return (lc_wish){LINE, 0};
}

/* }} */

/* {{ What was read ahead */

/* Bytes of `in` at the file's place, and their number. */
static const char *ahead (const lc_fsfile *f, size_t *n) {
  int64_t from = f->pos - f->in_at;
  bool inside = from >= 0 && from <= (int64_t)f->in.len;
  *n = inside ? f->in.len - (size_t)from : 0;
  return *n ? f->in.base + from : "";
}

static void advance (lc_fsfile *f, size_t n) {
  f->pos += (int64_t)n;
  f->scanned = 0;
}

static void trim (lc_fsfile *f) {
  size_t n;
  ahead(f, &n);
  if (n == 0 && f->in.size > MOST_KEPT) {
    f->in.len = 0;
    lc_bytes_free(&f->in);
  }
}

/* Pushes n bytes, without the last one if `strip`. The copy is made before
** any finaliser can run (lua_pushlstring collects last); one may close this
** very file. */
static lc_got take (lua_State *L, const char *from, size_t n, bool strip) {
  lua_pushlstring(L, from, n - strip);
  lc_fsfile *f = lc_fsfile_again(L);
  if (f) {
    advance(f, n);
    trim(f);
  }
  return TAKEN;
}

static lc_got take_line (lua_State *L, lc_fsfile *f, bool strip, bool end) {
  size_t n;
  const char *from = ahead(f, &n);
  const char *stop = f->scanned < n
    ? memchr(from + f->scanned, '\n', n - f->scanned) : NULL;
  if (stop) return take(L, from, (size_t)(stop - from) + 1, strip);
  f->scanned = n;
  if (!end) return MORE;
  return n ? take(L, from, n, false) : ENDED;
}

static lc_got take_count (lua_State *L, lc_fsfile *f, size_t count,
                          bool end) {
  size_t n;
  const char *from = ahead(f, &n);
  if (count == 0 && n) return take(L, from, 0, false);
  if (count && n >= count) return take(L, from, count, false);
  if (!end) return MORE;
  return n ? take(L, from, n, false) : ENDED;
}

static lc_got take_all (lua_State *L, lc_fsfile *f, bool end) {
  size_t n;
  const char *from = ahead(f, &n);
  return end ? take(L, from, n, false) : MORE;
}

static lc_got take_number (lua_State *L, lc_fsfile *f, bool end) {
  char text[LC_FSNUMBER_MOST + 1];
  size_t n;
  const char *from = ahead(f, &n);
  size_t space = lc_fsnumber_start(from, n);
  advance(f, space);
  n -= space;
  if (n <= LC_FSNUMBER_MOST && !end) return MORE;
  if (n == 0) return ENDED;
  advance(f, lc_fsnumber_scan(from + space, n, text));
  return lua_stringtonumber(L, text) ? TAKEN : NO_NUMBER;
}

static lc_got attempt (lua_State *L, lc_fsfile *f, const lc_wish *wish,
                       bool end) {
  switch (wish->mode) {
    case LINE: return take_line(L, f, true, end);
    case WHOLE_LINE: return take_line(L, f, false, end);
    case ALL: return take_all(L, f, end);
    case COUNT: return take_count(L, f, wish->n, end);
    case NUMBER: break;
  }
  return take_number(L, f, end);
}

/* }} */

/* {{ Fetching */

/* In the pool: `arg` bytes more, at the end of `in`. */
static int fill (lc_fsfile *f) {
  int64_t at = f->seekable ? f->in_at + (int64_t)f->in.len : -1;
  ssize_t got = lc_fsio_read(f->fd, f->in.base + f->in.len, (size_t)f->arg,
                             at);
  f->at_end = got == 0;
  if (got > 0) f->in.len += (size_t)got;
  return got < 0 ? (int)got : 0;
}

/* What lies before the file's place goes, so that `in` begins there. */
static void begin_at_place (lc_fsfile *f) {
  size_t n;
  const char *from = ahead(f, &n);
  if (n && from != f->in.base) memmove(f->in.base, from, n);
  if (!n) f->scanned = 0;
  f->in.len = n;
  f->in_at = f->pos;
}

/* How much to ask for: a buffer; for what is larger, ever more. */
static size_t portion (const lc_fsfile *f, const lc_wish *wish) {
  size_t size = f->in.len > LC_FSBUFFER ? f->in.len : LC_FSBUFFER;
  if (wish->mode == COUNT && wish->n > f->in.len + size)
    size = wish->n - f->in.len;
  return size < MOST_AT_ONCE ? size : MOST_AT_ONCE;
}

/* Sees to more of it. 0: it is there, or *end; 1: it is under way; a code. */
static int fetch (lc_fsfile *f, const lc_wish *wish, bool *end) {
  begin_at_place(f);
  size_t size = portion(f, wish);
  char *to = lc_bytes_room(&f->in, size);
  int err;
  if (!to) return UV_ENOMEM;
  if (f->seekable && size <= LC_FSNOW_MOST) {
    ssize_t got = lc_fsnow_read(f->fd, to, size,
                                f->in_at + (int64_t)f->in.len);
    if (got >= 0) {
      f->in.len += (size_t)got;
      *end = got == 0;
      return 0;
    }
  }
  f->arg = (int64_t)size;
  err = lc_fsfile_start(f, fill);
  return err ? err : 1;
}

/* }} */

/* {{ Reading */

/* A read on its way: format `i` of the `n` in arguments 2 to n + 1 is next;
** the results of those before lie on top of the stack. */
typedef struct lc_course {
  int i, n;
  bool own;        /* what it waited for was its own fetch */
} lc_course;

static lua_KContext pack (const lc_course *c) {
  return (lua_KContext)c->i << 16 | (lua_KContext)c->n << 1 | c->own;
}

static lc_course unpack (lua_KContext ctx) {
  return (lc_course){(int)(ctx >> 16), (int)(ctx >> 1 & 0x7fff), ctx & 1};
}

static const lc_opkind read_kind = LC_FSOP("read of file");

/* The results so far, and why there are no more. */
static int stop (lua_State *L, const lc_course *c, int code) {
  return c->i + lc_fsfile_fail(L, code);
}

static int stop_at (lua_State *L, const lc_course *c, lc_got got) {
  if (got == ENDED) return stop(L, c, UV_EOF);
  lua_getiuservalue(L, 1, 1);
  lc_errors_fail(L, "EINVAL", "%s: no number there", lua_tostring(L, -1));
  lua_remove(L, -4);
  return c->i + 3;
}

/* Reads until it is done (the number of results), or must wait: 0. A code
** in *err, else. */
static int read_on (lua_State *L, lc_fsfile *f, lc_course *c, int *err) {
  bool end = c->own && f->at_end;
  while (c->i < c->n) {
    const lc_wish wish = check_wish(L, 2 + c->i);
    lc_got got = attempt(L, f, &wish, end);
    if (got == TAKEN) {
      f = lc_fsfile_again(L);
      if (++c->i < c->n && !f) return stop(L, c, UV_EBADF);
      continue;
    }
    if (got != MORE) return stop_at(L, c, got);
    int busy = fetch(f, &wish, &end);
    if (busy > 0) return 0;
    if (busy < 0) {
      *err = busy;
      return 0;
    }
  }
  return c->n;
}

/* What must come before: work of a cancelled task, and what is to be
** written. 1: it is under way; 0; or a code. */
static int settle (lc_fsfile *f, const lc_course *c) {
  if (f->working) return 1;
  if (f->stale) lc_fsfile_forget(f);
  if (c->own) return f->err;
  if (lc_unlikely(f->out.len)) {
    int err = lc_fsfile_drain(f);
    return err ? err : 1;
  }
  return lc_fsfile_complaint(f);
}

/* As far as it goes; *n results, or false: it must wait. */
static bool proceed (lua_State *L, lc_fsfile *f, lc_course *c, int *n) {
  int err = settle(f, c);
  if (err > 0) {
    c->own = false;
    return false;
  }
  *n = err ? 0 : read_on(L, f, c, &err);
  if (err) *n = stop(L, c, err);
  c->own = true;
  return *n > 0;
}

static int k_read (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_fsfile *f = lc_fsfile_again(L);
  lc_course c = unpack(ctx);
  int n;
  (void)status;
  if (t->op.result != LC_OK || !f) return c.i + lc_fsfile_gone(L, t);
  if (proceed(L, f, &c, &n)) return n;
  return lc_fsfile_wait(L, f, t, &read_kind, k_read, pack(&c));
}

/* What can be told at once of a read: 0, or the code of its failure. */
static int check_file (lc_fsfile *f) {
  return !f || !f->readable ? UV_EBADF : 0;
}

/* f:read(...) -> as Lua's, but a failure tells nil, message, code; "EOF" at
** the end. Waits. */
int lc_fsread_method (lua_State *L) {
  lc_luax_self(L);
  lc_task *t = lc_task_at(L, lc_luax_loop(L));
  lc_course c = {0, lua_gettop(L) - 1, false};
  lc_fsfile *f;
  int n;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (c.n == 0) {
    lua_pushliteral(L, "l");
    c.n = 1;
  }
  luaL_argcheck(L, c.n <= MOST_FORMATS, MOST_FORMATS + 2,
                "too many arguments");
  luaL_checkstack(L, c.n + LUA_MINSTACK, "too many arguments");
  for (int i = 0; i < c.n; i++) check_wish(L, 2 + i);
  f = lc_fsfile_again(L);   /* now: a finaliser may have closed it */
  if (check_file(f)) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsfile_check(L, f);
  if (proceed(L, f, &c, &n)) return lc_task_pause(L, t, n);
  return lc_fsfile_wait(L, f, t, &read_kind, k_read, pack(&c));
}

/* }} */

/* {{ Lines */

/* Results of a read as those of an iterator: failures are raised, as those
** of io.lines are; the end of the file is the end of the loop. */
static int iterate (lua_State *L, int n) {
  const char *code = n >= 3 && lua_isnil(L, -3) ? lua_tostring(L, -1) : NULL;
  if (!code) return n;
  if (strcmp(code, "EOF") == 0) {
    lua_pop(L, 2);
    return n - 2;
  }
  return lc_errors_raise(L, code, "%s", lua_tostring(L, -2));
}

static int k_next (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_fsfile *f = lc_fsfile_again(L);
  lc_course c = unpack(ctx);
  int n;
  (void)status;
  if (t->op.result != LC_OK || !f)
    return iterate(L, c.i + lc_fsfile_gone(L, t));
  if (proceed(L, f, &c, &n)) return iterate(L, n);
  return lc_fsfile_wait(L, f, t, &read_kind, k_next, pack(&c));
}

/* Upvalues: loop, file, number of formats, formats. */
static int lines_next (lua_State *L) {
  lc_course c = {0, (int)lua_tointeger(L, lua_upvalueindex(3)), false};
  lc_task *t = lc_task_at(L, lc_luax_loop(L));
  lc_fsfile *f;
  int n;
  lua_settop(L, 0);
  luaL_checkstack(L, c.n + LUA_MINSTACK, NULL);
  lua_pushvalue(L, lua_upvalueindex(2));
  for (int i = 0; i < c.n; i++) lua_pushvalue(L, lua_upvalueindex(4 + i));
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  f = lc_fsfile_again(L);
  if (check_file(f)) return iterate(L, lc_fsfile_fail(L, UV_EBADF));
  lc_fsfile_check(L, f);
  if (proceed(L, f, &c, &n)) return lc_task_pause(L, t, iterate(L, n));
  return lc_fsfile_wait(L, f, t, &read_kind, k_next, pack(&c));
}

/* f:lines(...) -> iterator that reads: "l" unless said */
int lc_fsread_lines (lua_State *L) {
  lc_luax_self(L);
  if (lua_gettop(L) == 1) lua_pushliteral(L, "l");
  int n = lua_gettop(L) - 1;
  luaL_argcheck(L, n <= MOST_FORMATS, MOST_FORMATS + 2,
                "too many arguments");
  for (int i = 0; i < n; i++)
    luaL_argcheck(L, check_wish(L, 2 + i).mode != ALL, 2 + i,
                  "'a' reads once: use f:read('a')");
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_insert(L, 1);
  lua_pushinteger(L, n);
  lua_insert(L, 3);
  lua_pushcclosure(L, lines_next, 3 + n);
  return 1;
}

/* }} */
