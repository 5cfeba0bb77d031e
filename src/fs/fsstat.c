/*
** fsstat.c: see fsstat.h.
*/

#include "fs/fsstat.h"

const char *lc_fsstat_type (mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "link";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "char";
    case S_IFBLK: return "block";
    default: return "unknown";
  }
}

static void set_integer (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

static void set_time (lua_State *L, const char *key, struct timespec ts) {
  lua_pushnumber(L, (lua_Number)ts.tv_sec + (lua_Number)ts.tv_nsec / 1e9);
  lua_setfield(L, -2, key);
}

#if defined(__APPLE__)
#define TIME(st, which) ((st)->st_##which##timespec)
#else
#define TIME(st, which) ((st)->st_##which##tim)
#endif

int lc_fsstat_push (lua_State *L, lc_fsdata *d) {
  const struct stat *st = &d->st;
  lua_createtable(L, 0, 14);
  lua_pushstring(L, lc_fsstat_type(st->st_mode));
  lua_setfield(L, -2, "type");
  set_integer(L, "mode", st->st_mode & 07777);
  set_integer(L, "size", st->st_size);
  set_integer(L, "uid", st->st_uid);
  set_integer(L, "gid", st->st_gid);
  set_integer(L, "dev", (lua_Integer)st->st_dev);
  set_integer(L, "ino", (lua_Integer)st->st_ino);
  set_integer(L, "nlink", (lua_Integer)st->st_nlink);
  set_integer(L, "rdev", (lua_Integer)st->st_rdev);
  set_integer(L, "blksize", st->st_blksize);
  set_integer(L, "blocks", st->st_blocks);
  set_time(L, "atime", TIME(st, a));
  set_time(L, "mtime", TIME(st, m));
  set_time(L, "ctime", TIME(st, c));
  return 1;
}
