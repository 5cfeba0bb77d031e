/*
** fswrite.c: writing a file at its place, and what changes it otherwise.
** See fsfile.h.
**
** What is written is held back until there is a buffer full of it; then the
** pool writes it, and the task waits for that. It has been accepted by then:
** a cancellation in that wait does not take it back.
*/

#include <string.h>
#include <unistd.h>

#include "base/luax.h"
#include "fs/fsfile.h"

static const lc_opkind write_kind = LC_FSOP("write to file");

/* Takes all arguments, whose bytes are `all`, at the file's place. 0, or
** UV_ENOMEM with nothing taken. */
static int hold_back (lua_State *L, lc_fsfile *f, int top, size_t all) {
  if (all == 0) return 0;
  if (!lc_bytes_room(&f->out, all)) return UV_ENOMEM;
  lc_fsfile_forget(f);
  if (f->out.len == 0) f->out_at = f->pos;
  for (int arg = 2; arg <= top; arg++) {
    size_t n;
    const char *from = lua_tolstring(L, arg, &n);
    if (n) lc_bytes_append(&f->out, from, n);
  }
  f->pos += (int64_t)all;
  return 0;
}

/* Is what is held back elsewhere than at the place? */
static bool is_elsewhere (const lc_fsfile *f) {
  return f->out.len && f->seekable && !f->append &&
         f->out_at + (int64_t)f->out.len != f->pos;
}

/* After the pool has written what was just accepted. */
static int k_written (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_fsfile *f = lc_fsfile_again(L);
  (void)status; (void)ctx;
  if (t->op.result != LC_OK || !f) return lc_fsfile_gone(L, t);
  int err = lc_fsfile_complaint(f);
  if ( f->out.size > 4 * LC_FSBUFFER && f->out.len == 0)
    lc_bytes_free(&f->out);
  if (err) return lc_fsfile_fail(L, err);
  lua_settop(L, 1);
  return 1;
}

static int k_write (lua_State *L, int status, lua_KContext ctx);

static int step (lua_State *L, lc_fsfile *f, lc_task *t) {
  int top = lua_gettop(L), err = 0;
  if (!f->working && is_elsewhere(f)) err = lc_fsfile_drain(f);
  if (!err && f->working)
    return lc_fsfile_wait(L, f, t, &write_kind, k_write, 0);
  if (!err) err = lc_fsfile_complaint(f);
  if (!err) err = hold_back(L, f, top, lc_luax_bytes(L, top));
  if (!err && f->out.len >= LC_FSBUFFER) {
    err = lc_fsfile_drain(f);
    if (!err) return lc_fsfile_wait(L, f, t, &write_kind, k_written, 0);
  }
  if (err) return lc_fsfile_fail_now(L, t, err);
  lua_settop(L, 1);
  return lc_task_pause(L, t, 1);
}

static int k_write (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_fsfile *f = lc_fsfile_again(L);
  (void)status; (void)ctx;
  if (t->op.result != LC_OK || !f) return lc_fsfile_gone(L, t);
  return step(L, f, t);
}

/* f:write(...) -> f | nil, message, code. Strings and numbers. Waits where a
** buffer is full. */
int lc_fswrite_method (lua_State *L) {
  lc_luax_self(L);
  lc_task *t = lc_task_at(L, lc_luax_loop(L));
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_luax_bytes(L, lua_gettop(L));
  lc_fsfile *f = lc_fsfile_again(L);   /* a finaliser may have closed it */
  if (!f || !f->writable) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsfile_check(L, f);
  return step(L, f, t);
}

/* {{ What is a plan */

static int push_true (lua_State *L, lc_fsfile *f) {
  (void)f;
  lua_pushboolean(L, 1);
  return 1;
}

/* Runs the plan for the file at 1, if it may be written. */
static int run (lua_State *L, const lc_fsplan *plan) {
  lc_fsfile *f = lc_fsfile_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!f) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsfile_check(L, f);
  return lc_fsfile_run(L, f, t, plan);
}

/* f:flush() -> true | nil, message, code. Waits until the system has all. */
int lc_fswrite_flush (lua_State *L) {
  static const lc_fsplan plan = {LC_FSOP("flush of file"), NULL, NULL,
                                 push_true};
  return run(L, &plan);
}

static int sync_file (lc_fsfile *f) {
  return lc_uv(lc_fsdata_code(fsync(f->fd)));
}

/* f:sync() -> true | nil, message, code. Waits until the disk has all. */
int lc_fswrite_sync (lua_State *L) {
  static const lc_fsplan plan = {LC_FSOP("sync of file"), NULL, sync_file,
                                 push_true};
  return run(L, &plan);
}

static void prepare_truncate (lua_State *L, lc_fsfile *f) {
  f->arg = lua_isnoneornil(L, 2) ? f->pos : lua_tointeger(L, 2);
  lc_fsfile_forget(f);
}

static int truncate_file (lc_fsfile *f) {
  return lc_uv(lc_fsdata_code(ftruncate(f->fd, f->arg)));
}

/* f:truncate([size]) -> true | nil, message, code. The file's place unless
** said. Waits. */
int lc_fswrite_truncate (lua_State *L) {
  static const lc_fsplan plan = {LC_FSOP("truncate of file"),
                                 prepare_truncate, truncate_file, push_true};
  if (!lua_isnoneornil(L, 2)) lc_luax_integer(L, 2, "the size", 0, INT64_MAX);
  return run(L, &plan);
}

/* }} */
