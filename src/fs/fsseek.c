/*
** fsseek.c: the place of a file, and reading and writing at others. See
** fsfile.h.
*/

#include <string.h>

#include "fs/fscall.h"
#include "fs/fsfile.h"
#include "fs/fsstat.h"

/* {{ The place */

static int push_place (lua_State *L, lc_fsfile *f) {
  lua_pushinteger(L, f->pos);
  return 1;
}

/* What the file ends with is asked of the system. */
static int find_end (lc_fsfile *f) {
  return lc_uv(lc_fsdata_code(fstat(f->fd, &f->st)));
}

static int move_to (lua_State *L, lc_fsfile *f, lua_Integer base) {
  lua_Integer to;
  if (__builtin_add_overflow(base, luaL_optinteger(L, 3, 0), &to) || to < 0)
    return lc_fsfile_fail(L, UV_EINVAL);
  f->pos = to;
  f->scanned = 0;
  return push_place(L, f);
}

static int push_set (lua_State *L, lc_fsfile *f) {
  return move_to(L, f, 0);
}

static int push_cur (lua_State *L, lc_fsfile *f) {
  return move_to(L, f, f->pos);
}

static int push_end (lua_State *L, lc_fsfile *f) {
  return move_to(L, f, f->st.st_size);
}

static const lc_fsplan seek_plans[] = {
  {LC_FSOP("seek of file"), NULL, NULL, push_set},
  {LC_FSOP("seek of file"), NULL, NULL, push_cur},
  {LC_FSOP("seek of file"), NULL, find_end, push_end}
};

/* f:seek([whence [, offset]]) -> place | nil, message, code. As Lua's. Waits
** where something is to be written first, and for "end". */
int lc_fsseek_method (lua_State *L) {
  static const char *const names[] = {"set", "cur", "end", NULL};
  lc_fsfile *f = lc_fsfile_self(L);
  int whence = luaL_checkoption(L, 2, "cur", names);
  lc_task *t = lc_task_here(L);
  luaL_optinteger(L, 3, 0);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!f) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsfile_check(L, f);
  if (!f->seekable) return lc_fsfile_fail_now(L, t, UV_ESPIPE);
  return lc_fsfile_run(L, f, t, &seek_plans[whence]);
}

static int push_stat (lua_State *L, lc_fsfile *f) {
  lc_fsdata d = {.st = f->st};
  return lc_fsstat_push(L, &d);
}

/* f:stat() -> as fs.stat | nil, message, code. Waits. */
int lc_fsseek_stat (lua_State *L) {
  static const lc_fsplan plan = {LC_FSOP("stat of file"), NULL, find_end,
                                 push_stat};
  lc_fsfile *f = lc_fsfile_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!f) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsfile_check(L, f);
  return lc_fsfile_run(L, f, t, &plan);
}

/* }} */

/* {{ Elsewhere: any number of tasks at once, each by a request of its own */

static lua_Integer check_offset (lua_State *L, int arg) {
  return lc_luax_integer(L, arg, "the offset", 0, INT64_MAX);
}

/* A box that uses the descriptor of the file at 1. */
static lc_fsbox *make_box (lua_State *L, int64_t offset,
                           void (*release) (void *f)) {
  lc_fsbox *box = lc_fsjob_box(L);
  lc_fsfile *f = lc_fsfile_again(L);
  if (!f) {
    box->data.err = UV_EBADF;
    return box;
  }
  lua_getiuservalue(L, 1, 1);
  size_t n;
  const char *path = lua_tolstring(L, -1, &n);
  box->data.err = lc_fsdata_paths(&box->data, path, n, NULL, 0);
  lua_pop(L, 1);
  box->data.lent = f->fd;
  box->data.offset = offset;
  box->data.held = f;
  box->data.release = release;
  lc_fsfile_hold(f);
  return box;
}

static int run (lua_State *L, lc_task *t, lc_fsbox *box,
                const lc_fskind *kind) {
  if (box->data.err) return lc_fsjob_refuse(L, t, box, box->data.err);
  return lc_fsjob_run(L, t, box, kind);
}

static int push_bytes (lua_State *L, lc_fsdata *d) {
  if (d->bytes.len == 0 && d->size > 0) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s: end of file", d->path);
    lua_pushliteral(L, "EOF");
    return 3;
  }
  lua_pushlstring(L, d->bytes.len ? d->bytes.base : "", d->bytes.len);
  return 1;
}

/* f:pread(n, offset) -> string | nil, message, code. At the end of the file
** it may be shorter; behind it, "EOF". Waits. */
int lc_fsseek_pread (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("pread", lc_fscall_pread,
                                          push_bytes);
  lc_fsfile *f = lc_fsfile_self(L);
  lua_Integer n = lc_luax_integer(L, 2, "the number of bytes", 0, INT64_MAX);
  lua_Integer offset = check_offset(L, 3);
  lc_task *t = lc_task_here(L);
  lua_settop(L, 1);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!f || !f->readable) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsbox *box = make_box(L, offset, lc_fsfile_release);
  box->data.size = n;
  return run(L, t, box, &kind);
}

/* f:pwrite(data, offset) -> true | nil, message, code. Waits. */
int lc_fsseek_pwrite (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("pwrite", lc_fscall_pwrite,
                                          lc_fsjob_true);
  lc_fsfile *f = lc_fsfile_self(L);
  size_t n;
  const char *data = luaL_checklstring(L, 2, &n);
  lua_Integer offset = check_offset(L, 3);
  lc_task *t = lc_task_here(L);
  lua_settop(L, 2);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!f || !f->writable) return lc_fsfile_fail_now(L, t, UV_EBADF);
  lc_fsbox *box = make_box(L, offset, lc_fsfile_release_changed);
  if (!box->data.err && n && !lc_bytes_append(&box->data.bytes, data, n))
    box->data.err = UV_ENOMEM;
  return run(L, t, box, &kind);
}

/* }} */
