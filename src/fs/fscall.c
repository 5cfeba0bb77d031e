/*
** fscall.c: one system call each. See fscall.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE   /* mkostemp */
#endif

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/fscall.h"
#include "fs/fsio.h"

enum { PIECE = 65536 };

void lc_fscall_stat (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(stat(d->path, &d->st)));
}

void lc_fscall_lstat (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(lstat(d->path, &d->st)));
}

void lc_fscall_rename (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(rename(d->path, d->path2)));
}

void lc_fscall_link (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(link(d->path, d->path2)));
}

void lc_fscall_symlink (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(symlink(d->path, d->path2)));
}

void lc_fscall_readlink (lc_fsdata *d) {
  char *to = lc_bytes_room(&d->bytes, PATH_MAX);
  int n = to ? lc_uv(lc_fsdata_code(readlink(d->path, to, PATH_MAX)))
             : UV_ENOMEM;
  d->err = n < 0 ? n : 0;
  if (n > 0) d->bytes.len = (size_t)n;
}

void lc_fscall_realpath (lc_fsdata *d) {
  char real[PATH_MAX];
  d->err = lc_uv(lc_fsdata_code(realpath(d->path, real) ? 0 : -1));
  if (!d->err && !lc_bytes_append(&d->bytes, real, strlen(real)))
    d->err = UV_ENOMEM;
}

void lc_fscall_chmod (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(chmod(d->path, d->mode)));
}

static struct timespec time_of (double seconds, bool given) {
  struct timespec ts = {0, UTIME_NOW};
  if (!given) return ts;
  ts.tv_sec = (time_t)floor(seconds);
  ts.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
  return ts;
}

void lc_fscall_utime (lc_fsdata *d) {
  struct timespec times[2];
  times[0] = time_of(d->atime, d->how & LC_FS_ATIME);
  times[1] = time_of(d->mtime, d->how & LC_FS_MTIME);
  d->err = lc_uv(lc_fsdata_code(utimensat(AT_FDCWD, d->path, times, 0)));
}

void lc_fscall_truncate (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(truncate(d->path, d->size)));
}

/* Can it be read and written at a place of our choosing? */
static void look_at (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(fstat(d->fd, &d->st)));
  if (d->err) return;
  d->seekable = lseek(d->fd, 0, SEEK_CUR) >= 0;
  if (S_ISDIR(d->st.st_mode)) d->err = UV_EISDIR;
}

/* What would keep the open, a read or a write waiting, such as a named pipe,
** answers EAGAIN instead: it must not hold up a thread of the pool. */
void lc_fscall_open (lc_fsdata *d) {
  int flags = d->flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  do d->fd = lc_uv(lc_fsdata_code(open(d->path, flags, d->mode)));
  while (d->fd == UV_EINTR);
  d->err = d->fd < 0 ? d->fd : 0;
  if (!d->err) look_at(d);
}

void lc_fscall_mkdtemp (lc_fsdata *d) {
  d->err = lc_uv(lc_fsdata_code(mkdtemp(d->path) ? 0 : -1));
  if (!d->err) d->undo = rmdir;
}

void lc_fscall_mkstemp (lc_fsdata *d) {
  d->fd = lc_uv(lc_fsdata_code(mkostemp(d->path, O_CLOEXEC)));
  d->err = d->fd < 0 ? d->fd : 0;
  if (d->err) return;
  d->undo = unlink;
  look_at(d);
}

/* In pieces that grow: the file may be shorter than what is asked for. */
static int read_pieces (lc_fsdata *d) {
  lc_bytes *b = &d->bytes;
  while (b->len < (size_t)d->size) {
    size_t left = (size_t)d->size - b->len;
    size_t piece = b->len < PIECE ? PIECE : b->len;
    if (piece > left) piece = left;
    char *to = lc_bytes_room(b, piece);
    ssize_t got = to ? lc_fsio_read_all(d, to, piece, d->offset +
                                        (int64_t)b->len) : UV_ENOMEM;
    if (got < 0) return (int)got;
    b->len += (size_t)got;
    if ((size_t)got < piece) break;
  }
  return 0;
}

void lc_fscall_pread (lc_fsdata *d) {
  d->fd = d->lent;
  d->err = read_pieces(d);
  d->fd = -1;
}

void lc_fscall_pwrite (lc_fsdata *d) {
  d->fd = d->lent;
  d->err = lc_fsio_write_all(d, d->bytes.base, d->bytes.len, d->offset);
  d->fd = -1;
}
