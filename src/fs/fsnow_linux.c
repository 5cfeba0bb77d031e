/*
** fsnow_linux.c: by preadv2 with RWF_NOWAIT, which some file systems (tmpfs,
** those of networks) refuse. See fsnow.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/uio.h>

#include "base/fault.h"
#include "fs/fsnow.h"

#if defined(RWF_NOWAIT)

static ssize_t read_now (int fd, char *to, size_t n, int64_t offset) {
  struct iovec io = {to, n};
  return preadv2(fd, &io, 1, offset, RWF_NOWAIT);
}

ssize_t lc_fsnow_read (int fd, char *to, size_t n, int64_t offset) {
  ssize_t got = lc_uv(read_now(fd, to, n, offset));
  return got < 0 ? UV_EAGAIN : got;
}

#else

ssize_t lc_fsnow_read (int fd, char *to, size_t n, int64_t offset) {
  (void)fd; (void)to; (void)n; (void)offset;
  return UV_EAGAIN;
}

#endif
