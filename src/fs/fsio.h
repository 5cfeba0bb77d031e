/*
** fsio.h: reading and writing a descriptor to the end of what is asked for.
**
** For threads of libuv's pool: these block. An offset of -1 is the file's own
** place. They stop early, with UV_ECANCELED, where nobody waits any more
** (d->stop).
*/

#ifndef lc_fsio_h
#define lc_fsio_h

#include "fs/fsdata.h"

/* One read, or write, of at most n bytes: their number, or libuv's code. */
ssize_t lc_fsio_read (int fd, char *to, size_t n, int64_t offset);
ssize_t lc_fsio_write (int fd, const char *from, size_t n, int64_t offset);

/* n bytes of d->fd, or those up to its end: their number, or a code. */
ssize_t lc_fsio_read_all (lc_fsdata *d, char *to, size_t n, int64_t offset);

/* All n bytes to d->fd: 0, or a code. */
int lc_fsio_write_all (lc_fsdata *d, const char *from, size_t n,
                       int64_t offset);

/* Reads d->fd to its end, into d->bytes: 0 or a code. */
int lc_fsio_slurp (lc_fsdata *d, size_t hint);

/* Closes d->fd and sets it to -1: 0 or a code. */
int lc_fsio_close (lc_fsdata *d);

#endif
