/*
** fsdata.h: what one request to the file system is about: plain C, so that a
** thread of libuv's pool can work on it while Lua goes on.
**
** A request's functions (fscall.h, fstree.h, fswhole.h) get such a struct,
** may block, and leave their result in it: `err`, and what their own comment
** says. They own it while they run; nobody else looks at it but for `stop`.
** The memory in it is its own, so the request may outlive whoever asked.
*/

#ifndef lc_fsdata_h
#define lc_fsdata_h

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/fault.h"

/* Bits of `how`. */
enum {
  LC_FS_PARENTS = 1,    /* mkdir: the folders above too */
  LC_FS_TREE = 2,       /* remove: what is in it as well */
  LC_FS_ATOMIC = 4,     /* write: by way of another file and a rename */
  LC_FS_SYNC = 8,       /* write: until it is on the disk */
  LC_FS_MODE = 16,      /* `mode` is to be set */
  LC_FS_KEEP = 32,      /* copy: fails where there is a file already */
  LC_FS_ATIME = 64,     /* utime: `atime`, `mtime`; else the present */
  LC_FS_MTIME = 128
};

typedef struct lc_fsdata {
  int err;              /* 0, or libuv's code */
  int fd;               /* -1: none; closed by lc_fsdata_free */
  int lent;             /* an open file's: not ours to close */
  int flags;            /* of open(2) */
  unsigned how;
  mode_t mode;
  int64_t offset;
  int64_t size;
  double atime, mtime;  /* seconds */
  char *path, *path2;   /* in `paths`; path2 may be NULL */
  char *paths;
  size_t npaths;
  lc_bytes where;       /* the path that failed, if not `path`; empty */
  lc_bytes bytes;       /* to be written, or what was read */
  struct stat st;
  bool seekable;
  int (*undo) (const char *path);  /* if nobody takes what was made; or NULL */
  const atomic_bool *stop;        /* nobody waits any more */
  void *held;           /* given back by `release`, in the loop's thread */
  void (*release) (void *held);
} lc_fsdata;

/* An empty one. */
void lc_fsdata_init (lc_fsdata *d);

/* Copies the paths; `to` may be NULL. 0, or UV_ENOMEM. */
int lc_fsdata_paths (lc_fsdata *d, const char *path, size_t n,
                     const char *to, size_t nto);

/* Frees what is in it and makes it empty. In the loop's thread. */
void lc_fsdata_free (lc_fsdata *d);

/* The result of a system call: 0 or more, or libuv's code. */
static inline int lc_fsdata_code (long result) {
  return result < 0 ? uv_translate_sys_error(errno) : (int)result;
}

static inline bool lc_fsdata_stopped (const lc_fsdata *d) {
  return d->stop && atomic_load_explicit(d->stop, memory_order_relaxed);
}

/* Notes that the error is about `path`; without memory it is not noted. */
void lc_fsdata_blame (lc_fsdata *d, const char *path);

/* Puts "name/" before what is noted, as its folder is left. */
void lc_fsdata_blame_in (lc_fsdata *d, const char *name);

#endif
