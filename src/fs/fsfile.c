/*
** fsfile.c: the life of an open file, and its work. See fsfile.h.
*/

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "fs/fscall.h"
#include "fs/fsfile.h"
#include "fs/fsio.h"
#include "inspect/debug.h"
#include "inspect/trace.h"
#include "kernel/end.h"

/* {{ The block */

lc_cold static void trace_open (lc_fsfile *f) {
  f->traced = f->loop->era;
  lc_trace_opened(f->loop, f, "file");
}

/* (The descriptor may be somebody else's by now.) */
lc_cold static void trace_close (lc_fsfile *f) {
  if (f->traced == f->loop->era) lc_trace_closed(f->loop, f, "file", -1);
}

static lc_fsfile *new_file (lc_loop *loop) {
  lc_fsfile *f = lc_alloc(sizeof *f);
  if (!f) return NULL;
  memset(f, 0, sizeof *f);
  f->loop = loop;
  f->fd = -1;
  f->in.limit = f->out.limit = SIZE_MAX / 4;
  return f;
}

static void free_file (lc_fsfile *f) {
  lc_bytes_free(&f->in);
  lc_bytes_free(&f->out);
  lc_free(f, sizeof *f);
}

void lc_fsfile_forget (lc_fsfile *f) {
  f->in.len = 0;
  f->scanned = 0;
  f->stale = false;
}

int lc_fsfile_complaint (lc_fsfile *f) {
  int err = f->out_err;
  f->out_err = 0;
  return err;
}

/* }} */

/* {{ Work */

static void go_on_closing (lc_fsfile *f);

static void do_work (lc_fswork *w) {
  lc_fsfile *f = lc_container(w, lc_fsfile, work);
  f->err = f->act(f);
}

/* In the loop's thread: whoever waits goes on. It may close the file. */
static void end_work (lc_fsfile *f) {
  lc_op *op = f->user;
  f->working = false;
  if (!f->owner) go_on_closing(f);
  else if (op) {
    f->user = NULL;
    lc_op_complete_now(op, LC_OK);
  }
}

static void on_done (lc_fswork *w, int err) {
  lc_fsfile *f = lc_container(w, lc_fsfile, work);
  if (err) f->err = err;
  end_work(f);
}

int lc_fsfile_start (lc_fsfile *f, lc_fsact *act) {
  lc_assert(!f->working);
  f->act = act;
  f->work.work = do_work;
  f->work.done = on_done;
  int err = lc_fswork_start(f->loop, &f->work);
  f->working = !err;
  return err;
}

/* Where it ends up, appended or not, is the place of what comes next. What
** can't be written is given up: it would be in the way of all that follows. */
static int drain (lc_fsfile *f) {
  lc_fsdata d = {.fd = f->fd};
  int64_t at = f->append || !f->seekable ? -1 : f->out_at;
  int err = lc_fsio_write_all(&d, f->out.base, f->out.len, at);
  f->out.len = 0;
  if (f->append && f->seekable) f->pos = lseek(f->fd, 0, SEEK_CUR);
  if (err) f->out_err = err;
  return err;
}

int lc_fsfile_drain (lc_fsfile *f) {
  return lc_fsfile_start(f, drain);
}

/* }} */

/* {{ Waiting */

void lc_fsfile_cancel (lc_op *op) {
  ((lc_fsfile *)op->u.what)->user = NULL;
}

int lc_fsfile_wait (lua_State *L, lc_fsfile *f, lc_task *t,
                    const lc_opkind *kind, lua_KFunction k,
                    lua_KContext ctx) {
  lc_assert(f->working);
  lc_fsfile_check(L, f);
  f->user = &t->op;
  t->op.u.what = f;
  lc_task_begin(t, kind);
  return lc_task_wait(L, t, k, ctx);
}

void lc_fsfile_busy (lua_State *L) {
  lc_errors_raise(L, "EBUSY", "another task is reading or writing this file "
                  "already: only one may, but pread and pwrite go beside it");
}

/* (The path goes from below the results: there may be others before them.) */
int lc_fsfile_fail (lua_State *L, int code) {
  const lc_fsfile *f = lc_fsfile_again(L);
  lua_getiuservalue(L, 1, 1);
  const char *path = lua_tostring(L, -1);
  const char *where = lc_passage_where(L, 1);
  if (where && code == UV_EBADF)
    lc_errors_fail(L, "EBADF", "%s: closed: %s", path, where);
  else if (code == UV_ECANCELED || (code == UV_EBADF && !f))
    lc_errors_fail(L, uv_err_name(code), "%s: closed", path);
  else if (code == UV_EBADF && f && f->readable != f->writable)
    lc_errors_fail(L, "EBADF", "%s: not open for %s", path,
                   f->readable ? "writing" : "reading");
  else if (code == UV_EOF) lc_errors_fail(L, "EOF", "%s: end of file", path);
  else lc_fsjob_fail(L, path, code);
  lua_remove(L, -4);
  return 3;
}

int lc_fsfile_gone (lua_State *L, const lc_task *t) {
  return lc_fsfile_fail(L, t->op.result == LC_OK ? UV_EBADF : t->op.result);
}

int lc_fsfile_fail_now (lua_State *L, lc_task *t, int code) {
  return lc_task_pause(L, t, lc_fsfile_fail(L, code));
}

/* }} */

/* {{ Plans */

/* What the continuation is told: the plan, and whether its own act is what
** was waited for. */
static lua_KContext pack (const lc_fsplan *plan, bool own) {
  return (lua_KContext)plan | own;
}

static int k_plan (lua_State *L, int status, lua_KContext ctx);

/* The work that is to be waited for before the plan may go on is under way:
** 1; none: 0; or a code. */
static int settle (lc_fsfile *f) {
  int err;
  if (f->working) return 1;
  if (f->out.len == 0) return 0;
  err = lc_fsfile_drain(f);
  return err ? err : 1;
}

static int step (lua_State *L, lc_fsfile *f, lc_task *t,
                 const lc_fsplan *plan) {
  int busy = settle(f);
  if (busy == 0) busy = lc_fsfile_complaint(f);
  if (busy > 0)
    return lc_fsfile_wait(L, f, t, &plan->op, k_plan, pack(plan, false));
  if (busy == 0 && plan->act) {
    if (plan->prepare) plan->prepare(L, f);
    busy = lc_fsfile_start(f, plan->act);
    if (busy == 0)
      return lc_fsfile_wait(L, f, t, &plan->op, k_plan, pack(plan, true));
  }
  if (busy < 0) return lc_fsfile_fail_now(L, t, busy);
  return lc_task_pause(L, t, plan->push(L, f));
}

static int k_plan (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_fsfile *f = lc_fsfile_again(L);
  const lc_fsplan *plan = (const lc_fsplan *)(ctx & ~(lua_KContext)1);
  (void)status;
  if (t->op.result != LC_OK || !f) return lc_fsfile_gone(L, t);
  if (!(ctx & 1)) return step(L, f, t, plan);
  return f->err ? lc_fsfile_fail(L, f->err) : plan->push(L, f);
}

int lc_fsfile_run (lua_State *L, lc_fsfile *f, lc_task *t,
                   const lc_fsplan *plan) {
  return step(L, f, t, plan);
}

/* }} */

/* {{ Closing */

static int close_file (lc_fsfile *f) {
  lc_fsdata d = {.fd = f->fd};
  f->fd = -1;
  return lc_fsio_close(&d);
}

/* All is done: tells who waits, if somebody does. */
static void end_closing (lc_fsfile *f) {
  lc_op *op = f->user;
  int err = f->out_err ? f->out_err : f->err;
  if (lc_trace_on(f->loop)) trace_close(f);
  free_file(f);
  if (op) lc_op_complete_now(op, err);
}

/* Is there something to wait for? Where the pool takes no work any more, as
** at the end of a state, it is done here. */
static bool is_closing (lc_fsfile *f) {
  if (f->working || f->holds) return true;
  if (f->fd < 0) return false;
  if (!lc_fsfile_start(f, f->out.len ? drain : close_file)) return true;
  if (f->out.len) drain(f);
  f->err = close_file(f);
  return false;
}

static void go_on_closing (lc_fsfile *f) {
  if (!is_closing(f)) end_closing(f);
}

/* Nobody has it any more; who waits in it is told. */
static void begin_closing (lc_fsfile *f) {
  lc_op *op = f->user;
  *f->owner = NULL;
  f->owner = NULL;
  f->user = NULL;
  if (op) lc_op_complete(op, UV_ECANCELED);
}

void lc_fsfile_hold (lc_fsfile *f) {
  f->holds++;
}

void lc_fsfile_release (void *file) {
  lc_fsfile *f = file;
  f->holds--;
  if (!f->owner) go_on_closing(f);
}

void lc_fsfile_release_changed (void *file) {
  ((lc_fsfile *)file)->stale = true;
  lc_fsfile_release(file);
}

void lc_fsfile_abandon (lc_fsfile *f) {
  begin_closing(f);
  go_on_closing(f);
}

static int finish_close (lua_State *L, int result) {
  if (result != LC_OK && result != LC_CANCELLED) {
    lua_getiuservalue(L, 1, 1);
    return lc_fsjob_fail(L, lua_tostring(L, -1), result);
  }
  lua_pushboolean(L, 1);
  return 1;
}

static int k_close (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  return finish_close(L, lc_task_woken(L)->op.result);
}

/* A cancellation must not take the place of the error that unwinds; the
** next wait raises it. */
static int k_close_variable (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  return finish_close(L, lc_task_resumed(L)->op.result);
}

/* Waits where that can be; else it closes in the background. */
static int close_self (lua_State *L, bool quiet) {
  static const lc_opkind kind = LC_FSOP("close of file");
  lc_fsfile *f = lc_fsfile_self(L);
  lc_loop *loop = lc_luax_loop(L);
  lc_task *t = lc_task_may_wait(L, loop) ? lc_task_here(L) : NULL;
  bool cancelled = t && lc_task_cancelled(t);
  lua_settop(L, 1);
  if (f) begin_closing(f);
  if (f && t && !cancelled && is_closing(f)) {
    f->user = &t->op;
    t->op.u.what = f;
    lc_task_begin(t, &kind);
    return lc_task_wait(L, t, quiet ? k_close_variable : k_close, 0);
  }
  if (f) go_on_closing(f);
  if (cancelled && !quiet) return lc_task_refuse(L, t);
  lua_pushboolean(L, 1);
  return 1;
}

/* f:close() -> true | nil, message, code. Waits until all is written; again:
** true. Whoever waits on the file gets nil, "PATH: closed", "ECANCELED". */
static int file_close (lua_State *L) {
  return close_self(L, false);
}

static int file_close_variable (lua_State *L) {
  return close_self(L, true);
}

/* }} */

/* {{ The userdata */

static const char alive_key;

static int file_collect (lua_State *L) {
  lc_fsfile *f = lc_fsfile_self(L);
  if (f && !lc_luax_garbage(L, 1, &alive_key, f)) lc_end_state(L, f->loop);
  f = lc_fsfile_self(L);   /* clean-ups may have closed it */
  if (!f) return 0;
  if (lc_debug_on(f->loop)) lc_debug_garbage(L, f, "file");
  lc_fsfile_abandon(f);
  return 0;
}

static int file_tostring (lua_State *L) {
  lc_fsfile *f = lc_fsfile_self(L);
  lua_getiuservalue(L, 1, 1);
  lua_pushfstring(L, f ? "file (%s)" : "file (closed)", lua_tostring(L, -1));
  return 1;
}

int lc_fsfile_push (lua_State *L, lc_loop *loop, lc_fsdata *d) {
  lc_fsfile **owner = lua_newuserdatauv(L, sizeof *owner, 1);
  lc_fsfile *f;
  *owner = NULL;
  luaL_setmetatable(L, LC_FSFILE_TYPE);
  lua_pushstring(L, d->path);
  lua_setiuservalue(L, -2, 1);
  f = *owner = new_file(loop);
  if (!f) return UV_ENOMEM;
  f->owner = owner;
  lc_luax_own(L, lua_gettop(L), &alive_key, f);
  f->fd = d->fd;
  d->fd = -1;
  f->readable = (d->flags & O_ACCMODE) != O_WRONLY;
  f->writable = (d->flags & O_ACCMODE) != O_RDONLY;
  f->append = d->flags & O_APPEND;
  f->seekable = d->seekable;
  if (lc_trace_on(loop)) trace_open(f);
  if (lc_debug_on(loop)) lc_debug_note(L, loop, f);
  return 0;
}

static int push_opened (lua_State *L, lc_fsdata *d) {
  int err = lc_fsfile_push(L, lc_luax_loop(L), d);
  return err ? lc_fsjob_fail(L, d->path, err) : 1;
}

static int push_with_path (lua_State *L, lc_fsdata *d) {
  int err = lc_fsfile_push(L, lc_luax_loop(L), d);
  if (err) return lc_fsjob_fail(L, d->path, err);
  lua_pushstring(L, d->path);
  d->undo = NULL;
  return 2;
}

/* }} */

/* {{ Opening */

/* Flags of open(2) for "r", "r+", "w" ...: see fopen(3). */
static int check_how (lua_State *L, int arg) {
  const char *mode = luaL_optstring(L, arg, "r"), *s = mode;
  int flags = *s == 'w' ? O_CREAT | O_TRUNC
            : *s == 'a' ? O_CREAT | O_APPEND : 0;
  int access = *s == 'r' ? O_RDONLY : O_WRONLY;
  bool known = *s && strchr("rwa", *s);
  for (s++; known && *s; s++) {
    if (*s == '+') access = O_RDWR;
    else if (*s == 'x' && *mode == 'w') flags |= O_EXCL;
    else if (*s != 'b') known = false;
  }
  if (!known)
    lc_luax_expected(L, arg, "'r', 'w', 'a', 'r+', 'w+' or 'a+'");
  return flags | access;
}

static mode_t check_rights (lua_State *L, int arg) {
  int isint, type = lc_luax_option(L, arg, "mode");
  lua_Integer n = lua_tointegerx(L, -1, &isint);
  if (type == LUA_TNIL) n = 0666;
  else if (type != LUA_TNUMBER || !isint || n < 0 || n > 07777)
    lc_luax_bad_option(L, arg, "mode", "an integer from 0 to 4095");
  lua_pop(L, 1);
  return (mode_t)n;
}

static int begin_open (lua_State *L, int flags, mode_t mode,
                       const lc_fskind *kind) {
  size_t n;
  const char *path = lc_fsjob_path(L, 1, &n);
  lua_settop(L, 1);
  lc_fsbox *box = lc_fsjob_box(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  int err = lc_fsdata_paths(&box->data, path, n, NULL, 0);
  if (err) return lc_fsjob_refuse(L, t, box, err);
  box->data.flags = flags;
  box->data.mode = mode;
  return lc_fsjob_run(L, t, box, kind);
}

/* fs.open(path [, mode [, {mode=}]]) -> file | nil, message, code. Waits. */
static int fs_open (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("open", lc_fscall_open,
                                          push_opened);
  static const char *const options[] = {"mode", NULL};
  int flags = check_how(L, 2);
  lc_luax_options(L, 3, options);
  return begin_open(L, flags, check_rights(L, 3), &kind);
}

/* core.fs.mkstemp(template) -> file, path | nil, message, code. Waits. */
static int fs_mkstemp (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("mkstemp", lc_fscall_mkstemp,
                                          push_with_path);
  return begin_open(L, O_RDWR, 0, &kind);
}

/* }} */

static const luaL_Reg methods[] = {
  {"read", lc_fsread_method},
  {"lines", lc_fsread_lines},
  {"write", lc_fswrite_method},
  {"flush", lc_fswrite_flush},
  {"sync", lc_fswrite_sync},
  {"truncate", lc_fswrite_truncate},
  {"seek", lc_fsseek_method},
  {"stat", lc_fsseek_stat},
  {"pread", lc_fsseek_pread},
  {"pwrite", lc_fsseek_pwrite},
  {"close", file_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", file_collect},
  {"__close", file_close_variable},
  {"__tostring", file_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"open", fs_open},
  {"mkstemp", fs_mkstemp},
  {NULL, NULL}
};

void lc_fsfile_open (lua_State *L, lc_loop *loop) {
  lc_luax_type(L, loop, LC_FSFILE_TYPE, methods, metamethods);
  lua_pushlightuserdata(L, (void *)(uintptr_t)&lc_fsmove_passage);
  lua_setfield(L, -2, "__transfer");
  lua_pop(L, 1);
  lua_getfield(L, -1, "fs");
  lc_luax_functions(L, loop, functions);
  lua_pop(L, 1);
}
