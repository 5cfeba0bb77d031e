/*
** fswhole.c: reading, writing and copying whole files. See fswhole.h.
**
** An atomic write: the new contents go to a file of our own in the same
** folder, which then takes the name. Whatever fails, or is cancelled, before
** that, the own file is removed. A link is followed: its target is replaced.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE   /* SEEK_DATA */
#endif

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/fsio.h"
#include "fs/fswhole.h"

enum { TRIES = 100, PIECE = 1 << 20 };

static int open_file (const char *path, int flags, mode_t mode) {
  int fd;
  flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  do fd = lc_uv(lc_fsdata_code(open(path, flags, mode)));
  while (fd == UV_EINTR);
  return fd;
}

static int stat_file (int fd, struct stat *st) {
  return lc_uv(lc_fsdata_code(fstat(fd, st)));
}

void lc_fswhole_read (lc_fsdata *d) {
  d->fd = open_file(d->path, O_RDONLY, 0);
  d->err = d->fd < 0 ? d->fd : stat_file(d->fd, &d->st);
  if (!d->err && S_ISDIR(d->st.st_mode)) d->err = UV_EISDIR;
  if (!d->err)
    d->err = lc_fsio_slurp(d, S_ISREG(d->st.st_mode) && d->st.st_size > 0
                              ? (size_t)d->st.st_size : 0);
  lc_fsio_close(d);
}

/* {{ Writing */

static int close_written (lc_fsdata *d, int err) {
  if (!err && (d->how & LC_FS_SYNC))
    err = lc_uv(lc_fsdata_code(fsync(d->fd)));
  int closed = lc_fsio_close(d);
  return err ? err : closed;
}

static int write_in_place (lc_fsdata *d) {
  int err;
  d->fd = open_file(d->path, O_WRONLY | O_CREAT | O_TRUNC,
                    d->how & LC_FS_MODE ? d->mode : 0666);
  if (d->fd < 0) return d->fd;
  err = lc_fsio_write_all(d, d->bytes.base, d->bytes.len, -1);
  if (!err && (d->how & LC_FS_MODE))
    err = lc_uv(lc_fsdata_code(fchmod(d->fd, d->mode)));
  return close_written(d, err);
}

/* The name of a file of our own beside `path`. */
static int make_name (char *name, const char *path) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
  const char *slash = strrchr(path, '/');
  unsigned char r[12];
  char text[sizeof r + 1];
  int err = lc_uv(uv_random(NULL, NULL, r, sizeof r, 0, NULL));
  if (err) return err;
  for (size_t i = 0; i < sizeof r; i++) text[i] = letters[r[i] % 32];
  text[sizeof r] = '\0';
  int n = snprintf(name, PATH_MAX, "%.*s.luaconc-%s",
                   slash ? (int)(slash + 1 - path) : 0, path, text);
  return n >= PATH_MAX ? UV_ENAMETOOLONG : 0;
}

/* Makes the file and its name. */
static int make_own (lc_fsdata *d, char *name, const char *path, mode_t mode) {
  int err = 0;
  for (int i = 0; i < TRIES; i++) {
    err = make_name(name, path);
    if (err) return err;
    d->fd = open_file(name, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (d->fd != UV_EEXIST) break;
  }
  err = d->fd < 0 ? d->fd : 0;
  return err;
}

/* The own file takes over who may use it: from `old`, if there was one. */
static int adopt_rights (lc_fsdata *d, const struct stat *old) {
  if (old && (old->st_uid != geteuid() || old->st_gid != getegid()) &&
      fchown(d->fd, old->st_uid, old->st_gid) != 0) errno = 0;
  if (!old && !(d->how & LC_FS_MODE)) return 0;
  mode_t mode = d->how & LC_FS_MODE ? d->mode : old->st_mode & 07777;
  return lc_uv(lc_fsdata_code(fchmod(d->fd, mode)));
}

static int sync_folder (const char *path) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  int n = slash ? (int)(slash + 1 - path) : 0;
  snprintf(folder, sizeof folder, n ? "%.*s" : ".", n, path);
  int fd = open_file(folder, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return fd;
  int err = lc_uv(lc_fsdata_code(fsync(fd)));
  close(fd);
  return err == UV_EINVAL ? 0 : err;   /* there are none to be synced */
}

/* Writes beside `path`, then takes its name. `old`: what is there. */
static int replace (lc_fsdata *d, const char *path, const struct stat *old) {
  char own[PATH_MAX];
  int err = make_own(d, own, path, d->how & LC_FS_MODE ? d->mode : 0666);
  if (err) return err;
  err = lc_fsio_write_all(d, d->bytes.base, d->bytes.len, -1);
  if (!err) err = adopt_rights(d, old);
  err = close_written(d, err);
  if (!err && lc_fsdata_stopped(d)) err = UV_ECANCELED;
  if (!err) err = lc_uv(lc_fsdata_code(rename(own, path)));
  if (err) unlink(own);
  else if (d->how & LC_FS_SYNC) err = sync_folder(path);
  return err;
}

/* Where `path` leads, through links. */
static int replace_target (lc_fsdata *d) {
  char real[PATH_MAX];
  struct stat st;
  if (lstat(d->path, &st) != 0)
    return errno == ENOENT && *d->path ? replace(d, d->path, NULL)
                                       : uv_translate_sys_error(errno);
  if (!S_ISLNK(st.st_mode))
    return S_ISREG(st.st_mode) ? replace(d, d->path, &st) : write_in_place(d);
  if (!realpath(d->path, real) || stat(real, &st) != 0 ||
      !S_ISREG(st.st_mode)) return write_in_place(d);
  return replace(d, real, &st);
}

void lc_fswhole_write (lc_fsdata *d) {
  d->err = d->how & LC_FS_ATOMIC ? replace_target(d) : write_in_place(d);
}

/* }} */

/* {{ Copying */

typedef struct copying {
  lc_fsdata *d;
  int from, to;
  int64_t size;
  bool plain;      /* `to` is a plain file */
} copying;

/* Copies what is there from `at` up to `end`. */
static int copy_bytes (copying *c, int64_t at, int64_t end) {
  char *buffer = lc_bytes_room(&c->d->bytes, PIECE);
  if (!buffer) return UV_ENOMEM;
  while (at < end) {
    size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
    ssize_t got = lc_fsio_read(c->from, buffer, want, at);
    if (got <= 0) return (int)got;
    for (ssize_t done = 0; done < got; ) {
      ssize_t put = lc_fsio_write(c->to, buffer + done, (size_t)(got - done),
                                  at + done);
      if (put < 0) return (int)put;
      done += put;
    }
    at += got;
    if (lc_fsdata_stopped(c->d)) return UV_ECANCELED;
  }
  return 0;
}

/* Up to the end, hole by hole; a system that knows no holes says that all is
** data. What has grown meanwhile is left out. */
static int copy_parts (copying *c) {
  int64_t at = 0;
  while (at < c->size) {
    int64_t data = at, hole = c->size;
#if defined(SEEK_DATA)
    data = lseek(c->from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) data = at;
    else hole = lseek(c->from, data, SEEK_HOLE);
    if (hole < 0 || hole > c->size) hole = c->size;
#endif
    int err = copy_bytes(c, data, hole);
    if (err) return err;
    at = hole;
  }
  return lc_uv(lc_fsdata_code(ftruncate(c->to, c->size)));
}

/* A file that tells no size, as those of /proc, or to what is no plain file:
** read, then written. */
static int copy_stream (copying *c) {
  lc_fsdata *d = c->d;
  d->fd = c->from;
  int err = lc_fsio_slurp(d, 0);
  d->fd = c->to;
  if (!err) err = lc_fsio_write_all(d, d->bytes.base, d->bytes.len, -1);
  d->fd = -1;
  return err;
}

static int copy_contents (copying *c, const struct stat *st) {
  int err;
  c->size = st->st_size;
  if (lc_fsdata_stopped(c->d)) return UV_ECANCELED;
  err = st->st_size > 0 && c->plain ? copy_parts(c) : copy_stream(c);
  if (!err && c->plain)
    err = lc_uv(lc_fsdata_code(fchmod(c->to, st->st_mode & 07777)));
  return err;
}

/* Opens what is copied to, as it is: emptied once it is known to be another
** file. *made: it was not there. */
static int open_copy (lc_fsdata *d, const struct stat *from, bool *made,
                      bool *plain) {
  mode_t mode = (from->st_mode & 0777) | S_IWUSR;
  struct stat st;
  int fd = open_file(d->path2, O_WRONLY | O_CREAT | O_EXCL, mode), err;
  *made = *plain = fd >= 0;
  if (fd != UV_EEXIST || (d->how & LC_FS_KEEP)) return fd;
  fd = open_file(d->path2, O_WRONLY | O_CREAT, mode);
  if (fd < 0) return fd;
  err = stat_file(fd, &st);
  if (!err && st.st_dev == from->st_dev && st.st_ino == from->st_ino)
    err = UV_EINVAL;   /* a file onto itself */
  *plain = !err && S_ISREG(st.st_mode);
  if (*plain)
    err = lc_uv(lc_fsdata_code(ftruncate(fd, 0)));
  if (!err) return fd;
  close(fd);
  return err;
}

static int copy_from (lc_fsdata *d, int from, const struct stat *st) {
  bool made;
  copying c = {.d = d, .from = from};
  c.to = open_copy(d, st, &made, &c.plain);
  if (c.to < 0) {
    lc_fsdata_blame(d, d->path2);
    return c.to;
  }
  int err = copy_contents(&c, st);
  int closed = lc_fsdata_code(close(c.to));
  if (!err) err = closed;
  if (err && made) unlink(d->path2);
  return err;
}

void lc_fswhole_copy (lc_fsdata *d) {
  int from = open_file(d->path, O_RDONLY, 0);
  d->err = from < 0 ? from : stat_file(from, &d->st);
  if (!d->err && S_ISDIR(d->st.st_mode)) d->err = UV_EISDIR;
  if (d->err) lc_fsdata_blame(d, d->path);
  else d->err = copy_from(d, from, &d->st);
  if (from >= 0) close(from);
}

/* }} */
