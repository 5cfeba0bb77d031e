/*
** fs.c: the functions of conc.fs that take paths. See fs.h.
**
** Each checks its arguments, copies them into a box (fsjob.h), and waits for
** a thread of libuv's pool to do the work: nothing here may block the loop,
** as a path may lead to a disk that sleeps or to another machine.
*/

#include <math.h>
#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "fs/fs.h"
#include "fs/fscall.h"
#include "fs/fsjob.h"
#include "fs/fsstat.h"
#include "fs/fstree.h"
#include "fs/fswhole.h"

/* {{ Arguments */

/* A box with the paths in arguments 1 and, if `two`, 2. The stack is cut at
** `top` before. Raises; NULL: it is refused, with the results of *n. */
static lc_fsbox *make_box (lua_State *L, int top, bool two) {
  size_t n, nto = 0;
  const char *path = lc_fsjob_path(L, 1, &n);
  const char *to = two ? lc_fsjob_path(L, 2, &nto) : NULL;
  lc_fsbox *box;
  lua_settop(L, top);
  box = lc_fsjob_box(L);
  box->data.err = lc_fsdata_paths(&box->data, path, n, to, nto);
  return box;
}

/* Runs the request of the box on top, unless the task is cancelled. */
static int run (lua_State *L, lc_fsbox *box, const lc_fskind *kind) {
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (box->data.err) return lc_fsjob_refuse(L, t, box, box->data.err);
  return lc_fsjob_run(L, t, box, kind);
}

static mode_t check_mode (lua_State *L, int arg) {
  return (mode_t)lc_luax_integer(L, arg, "the mode", 0, 07777);
}

/* The option `mode`: is it there? */
static bool check_mode_option (lua_State *L, int arg, mode_t *mode) {
  int isint, type = lc_luax_option(L, arg, "mode");
  lua_Integer n = lua_tointegerx(L, -1, &isint);
  if (type != LUA_TNIL && (type != LUA_TNUMBER || !isint || n < 0 ||
                           n > 07777))
    lc_luax_bad_option(L, arg, "mode", "an integer from 0 to 4095");
  lua_pop(L, 1);
  if (type != LUA_TNIL) *mode = (mode_t)n;
  return type != LUA_TNIL;
}

static double check_time (lua_State *L, int arg) {
  lua_Number s = lua_type(L, arg) == LUA_TNUMBER ? lua_tonumber(L, arg)
                                                 : (lua_Number)HUGE_VAL;
  if (!(s > -9e15 && s < 9e15))
    lc_luax_expected(L, arg, "a number of seconds since 1970");
  return s;
}

/* }} */

/* {{ Results */

static int push_bytes (lua_State *L, lc_fsdata *d) {
  lua_pushlstring(L, d->bytes.len ? d->bytes.base : "", d->bytes.len);
  return 1;
}

static int push_path (lua_State *L, lc_fsdata *d) {
  lua_pushstring(L, d->path);
  d->undo = NULL;
  return 1;
}

/* A list of {name =, type =}. */
static int push_entries (lua_State *L, lc_fsdata *d) {
  const char *at = d->bytes.base, *end = at ? at + d->bytes.len : NULL;
  lua_newtable(L);
  for (lua_Integer i = 1; at != end; i++) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, at + 1);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, lc_fsstat_type((mode_t)(unsigned char)*at << 12));
    lua_setfield(L, -2, "type");
    lua_rawseti(L, -2, i);
    at += strlen(at + 1) + 2;
  }
  return 1;
}

/* }} */

/* {{ One path */

/* fs.stat(path) -> {type=, size=, ...} | nil, message, code. Waits, as all
** that follow do. */
static int fs_stat (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("stat", lc_fscall_stat,
                                          lc_fsstat_push);
  return run(L, make_box(L, 1, false), &kind);
}

/* fs.lstat(path): of a link itself */
static int fs_lstat (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("lstat", lc_fscall_lstat,
                                          lc_fsstat_push);
  return run(L, make_box(L, 1, false), &kind);
}

static void find (lc_fsdata *d) {
  lc_fscall_stat(d);
  d->size = d->err == 0;
  if (d->err == UV_ENOENT || d->err == UV_ENOTDIR) d->err = 0;
}

static int push_found (lua_State *L, lc_fsdata *d) {
  lua_pushboolean(L, d->size != 0);
  return 1;
}

/* fs.exists(path) -> boolean | nil, message, code: it can't be told */
static int fs_exists (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("exists", find, push_found);
  return run(L, make_box(L, 1, false), &kind);
}

/* fs.scandir(path) -> list of {name=, type=} | nil, message, code */
static int fs_scandir (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("scandir", lc_fstree_scan,
                                          push_entries);
  return run(L, make_box(L, 1, false), &kind);
}

/* fs.readlink(path) -> its target */
static int fs_readlink (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("readlink", lc_fscall_readlink,
                                          push_bytes);
  return run(L, make_box(L, 1, false), &kind);
}

/* fs.realpath(path) -> absolute, without links */
static int fs_realpath (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("realpath", lc_fscall_realpath,
                                          push_bytes);
  return run(L, make_box(L, 1, false), &kind);
}

/* fs.mkdir(path [, {parents=, mode=}]) -> true */
static int fs_mkdir (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("mkdir", lc_fstree_mkdir,
                                          lc_fsjob_true);
  static const char *const options[] = {"parents", "mode", NULL};
  mode_t mode = 0777;
  lc_luax_options(L, 2, options);
  check_mode_option(L, 2, &mode);
  bool parents = lc_luax_flag(L, 2, "parents", false);
  lc_fsbox *box = make_box(L, 1, false);
  box->data.mode = mode;
  box->data.how = parents ? LC_FS_PARENTS : 0;
  return run(L, box, &kind);
}

/* fs.remove(path [, {tree=}]) -> true */
static int fs_remove (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("remove", lc_fstree_remove,
                                          lc_fsjob_true);
  static const char *const options[] = {"tree", NULL};
  lc_luax_options(L, 2, options);
  bool tree = lc_luax_flag(L, 2, "tree", false);
  lc_fsbox *box = make_box(L, 1, false);
  box->data.how = tree ? LC_FS_TREE : 0;
  return run(L, box, &kind);
}

/* fs.chmod(path, mode) -> true */
static int fs_chmod (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("chmod", lc_fscall_chmod,
                                          lc_fsjob_true);
  mode_t mode = check_mode(L, 2);
  lc_fsbox *box = make_box(L, 1, false);
  box->data.mode = mode;
  return run(L, box, &kind);
}

/* fs.utime(path [, atime [, mtime]]) -> true; nil: the present */
static int fs_utime (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("utime", lc_fscall_utime,
                                          lc_fsjob_true);
  bool a = !lua_isnoneornil(L, 2), m = !lua_isnoneornil(L, 3);
  double atime = a ? check_time(L, 2) : 0, mtime = m ? check_time(L, 3) : 0;
  lc_fsbox *box = make_box(L, 1, false);
  box->data.how = (a ? LC_FS_ATIME : 0) | (m ? LC_FS_MTIME : 0);
  box->data.atime = atime;
  box->data.mtime = mtime;
  return run(L, box, &kind);
}

/* fs.truncate(path, size) -> true */
static int fs_truncate (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("truncate", lc_fscall_truncate,
                                          lc_fsjob_true);
  lua_Integer size = lc_luax_integer(L, 2, "the size", 0, INT64_MAX);
  lc_fsbox *box = make_box(L, 1, false);
  box->data.size = size;
  return run(L, box, &kind);
}

/* core.fs.mkdtemp(template) -> path. The template ends in XXXXXX. */
static int fs_mkdtemp (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("mkdtemp", lc_fscall_mkdtemp,
                                          push_path);
  return run(L, make_box(L, 1, false), &kind);
}

/* }} */

/* {{ Two paths */

/* fs.rename(from, to) -> true */
static int fs_rename (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("rename", lc_fscall_rename,
                                          lc_fsjob_true);
  return run(L, make_box(L, 2, true), &kind);
}

/* fs.link(path, new) -> true */
static int fs_link (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("link", lc_fscall_link,
                                          lc_fsjob_true);
  return run(L, make_box(L, 2, true), &kind);
}

/* fs.symlink(target, new) -> true */
static int fs_symlink (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("symlink", lc_fscall_symlink,
                                          lc_fsjob_true);
  return run(L, make_box(L, 2, true), &kind);
}

/* fs.copy(from, to [, {overwrite=}]) -> true */
static int fs_copy (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("copy", lc_fswhole_copy,
                                          lc_fsjob_true);
  static const char *const options[] = {"overwrite", NULL};
  lc_luax_options(L, 3, options);
  bool overwrite = lc_luax_flag(L, 3, "overwrite", true);
  lc_fsbox *box = make_box(L, 2, true);
  box->data.how = overwrite ? 0 : LC_FS_KEEP;
  return run(L, box, &kind);
}

/* }} */

/* {{ Whole files */

/* fs.read_file(path) -> string */
static int fs_read_file (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("read_file", lc_fswhole_read,
                                          push_bytes);
  return run(L, make_box(L, 1, false), &kind);
}

/* The options of write_file, as bits. */
static unsigned check_writing (lua_State *L, int arg, mode_t *mode) {
  static const char *const options[] = {"atomic", "sync", "mode", NULL};
  unsigned how = 0;
  lc_luax_options(L, arg, options);
  if (lc_luax_flag(L, arg, "atomic", true)) how |= LC_FS_ATOMIC;
  if (lc_luax_flag(L, arg, "sync", false)) how |= LC_FS_SYNC;
  if (check_mode_option(L, arg, mode)) how |= LC_FS_MODE;
  return how;
}

/* fs.write_file(path, data [, {atomic=, sync=, mode=}]) -> true */
static int fs_write_file (lua_State *L) {
  static const lc_fskind kind = LC_FSKIND("write_file", lc_fswhole_write,
                                          lc_fsjob_true);
  size_t n;
  mode_t mode = 0;
  const char *data = luaL_checklstring(L, 2, &n);
  unsigned how = check_writing(L, 3, &mode);
  lc_fsbox *box = make_box(L, 2, false);
  box->data.how = how;
  box->data.mode = mode;
  if (!box->data.err && n && !lc_bytes_append(&box->data.bytes, data, n))
    box->data.err = UV_ENOMEM;
  return run(L, box, &kind);
}

/* }} */

static const luaL_Reg functions[] = {
  {"stat", fs_stat},
  {"lstat", fs_lstat},
  {"exists", fs_exists},
  {"scandir", fs_scandir},
  {"readlink", fs_readlink},
  {"realpath", fs_realpath},
  {"mkdir", fs_mkdir},
  {"remove", fs_remove},
  {"chmod", fs_chmod},
  {"utime", fs_utime},
  {"truncate", fs_truncate},
  {"mkdtemp", fs_mkdtemp},
  {"rename", fs_rename},
  {"link", fs_link},
  {"symlink", fs_symlink},
  {"copy", fs_copy},
  {"read_file", fs_read_file},
  {"write_file", fs_write_file},
  {NULL, NULL}
};

void lc_fs_open (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "fs");
}
