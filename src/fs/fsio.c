/*
** fsio.c: loops around read and write. See fsio.h.
*/

#include <unistd.h>

#include "fs/fsio.h"

enum {
  PIECE = 1 << 20,    /* between two looks at `stop` */
  UNKNOWN = 65536     /* asked for where the end is not known */
};

static ssize_t read_once (int fd, char *to, size_t n, int64_t offset) {
  ssize_t got = offset < 0 ? read(fd, to, n) : pread(fd, to, n, offset);
  return got < 0 ? uv_translate_sys_error(errno) : got;
}

static ssize_t write_once (int fd, const char *from, size_t n,
                           int64_t offset) {
  ssize_t put = offset < 0 ? write(fd, from, n)
                           : pwrite(fd, from, n, offset);
  return put < 0 ? uv_translate_sys_error(errno) : put;
}

ssize_t lc_fsio_read (int fd, char *to, size_t n, int64_t offset) {
  ssize_t got;
  do got = lc_uv(read_once(fd, to, n, offset));
  while (got == UV_EINTR);
  return got;
}

ssize_t lc_fsio_write (int fd, const char *from, size_t n, int64_t offset) {
  ssize_t put;
  do put = lc_uv(write_once(fd, from, n, offset));
  while (put == UV_EINTR);
  return put;
}

ssize_t lc_fsio_read_all (lc_fsdata *d, char *to, size_t n, int64_t offset) {
  size_t done = 0;
  while (done < n) {
    size_t piece = n - done < PIECE ? n - done : PIECE;
    ssize_t got = lc_fsio_read(d->fd, to + done, piece,
                               offset < 0 ? -1 : offset + (int64_t)done);
    if (got < 0) return done ? (ssize_t)done : got;
    if (got == 0) break;
    if (lc_fsdata_stopped(d)) return UV_ECANCELED;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

int lc_fsio_write_all (lc_fsdata *d, const char *from, size_t n,
                       int64_t offset) {
  size_t done = 0;
  while (done < n) {
    size_t piece = n - done < PIECE ? n - done : PIECE;
    ssize_t put = lc_fsio_write(d->fd, from + done, piece,
                                offset < 0 ? -1 : offset + (int64_t)done);
    if (put < 0) return (int)put;
    if (lc_fsdata_stopped(d)) return UV_ECANCELED;
    done += (size_t)put;
  }
  return 0;
}

/* A byte more than expected tells the end from a file that has grown. A
** file without a size (hint 0) is read until there is no more. */
int lc_fsio_slurp (lc_fsdata *d, size_t hint) {
  lc_bytes *b = &d->bytes;
  for (;;) {
    size_t room = b->len <= hint && hint ? hint + 1 - b->len : UNKNOWN;
    size_t piece = room < PIECE ? room : PIECE;
    char *to = lc_bytes_room(b, room);
    ssize_t got = to ? lc_fsio_read(d->fd, to, piece, -1) : UV_ENOMEM;
    if (got <= 0) return (int)got;
    if (lc_fsdata_stopped(d)) return UV_ECANCELED;
    b->len += (size_t)got;
    if (hint && (size_t)got < piece) return 0;
  }
}

int lc_fsio_close (lc_fsdata *d) {
  int fd = d->fd;
  d->fd = -1;
  if (fd < 0) return 0;
  int err = lc_fsdata_code(close(fd));   /* which always closes */
  if (!err) err = lc_uv(0);
  return err == UV_EINTR ? 0 : err;
}
