/*
** tracefile.c: the file of a trace. See tracefile.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "inspect/tracefile.h"

struct lc_tracefile {
  atomic_uint references;
  atomic_int err;          /* of the first write that failed; or 0 */
  int fd;
  size_t size;             /* of the path, with its zero */
  char path[];
};

lc_tracefile *lc_tracefile_new (const char *path, bool anew, int *err) {
  char whole[PATH_MAX];    /* other processes may be in other folders */
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  int fd = open(path, anew ? flags | O_TRUNC : flags, 0666);
  *err = fd < 0 ? uv_translate_sys_error(errno) : 0;
  if (fd < 0) return NULL;
  if (realpath(path, whole)) path = whole;
  size_t size = strlen(path) + 1;
  lc_tracefile *f = lc_alloc(sizeof *f + size);
  if (!f) {
    *err = UV_ENOMEM;
    close(fd);
    return NULL;
  }
  atomic_init(&f->references, 1);
  atomic_init(&f->err, 0);
  f->fd = fd;
  f->size = size;
  memcpy(f->path, path, size);
  return f;
}

void lc_tracefile_hold (lc_tracefile *f) {
  atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
}

void lc_tracefile_release (lc_tracefile *f) {
  if (!f || atomic_fetch_sub(&f->references, 1) > 1) return;
  close(f->fd);
  lc_free(f, sizeof *f + f->size);
}

const char *lc_tracefile_path (const lc_tracefile *f) {
  return f->path;
}

void lc_tracefile_write (lc_tracefile *f, const char *lines, size_t len) {
  while (len > 0) {
    ssize_t n = write(f->fd, lines, len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      int none = 0;
      (void)atomic_compare_exchange_strong(&f->err, &none, n ? errno : EIO);
      return;
    }
    lines += n;
    len -= (size_t)n;
  }
}

int lc_tracefile_error (const lc_tracefile *f) {
  int err = atomic_load(&f->err);
  return err ? uv_translate_sys_error(err) : 0;
}

/* How many bytes of it are one well-formed character of UTF-8 above ASCII; 0:
** none. What no reader takes need not be told apart further. */
static size_t character (const unsigned char *s) {
  size_t n = *s >= 0xF0 && *s < 0xF5 ? 4 : *s >= 0xE0 ? 3 : 2;
  if (*s < 0xC2 || *s >= 0xF5) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  return n;
}

void lc_tracefile_quote (char *to, size_t size, const char *text) {
  const unsigned char *s = (const unsigned char *)text;
  char *end = to + size - 8;
  while (*s && to < end) {
    size_t n = *s < 0x80 ? 1 : character(s);
    if (*s == '"' || *s == '\\') *to++ = '\\';
    if (n == 0 || *s < 0x20 || *s == 0x7F) {
      *to++ = '?';
      s++;
    }
    else while (n-- > 0) *to++ = (char)*s++;
  }
  *to = '\0';
}

int lc_tracefile_descriptors (void) {
  int n = -1;   /* its own */
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *e;
  if (!dir) return -1;
  while ((e = readdir(dir)))
    if (e->d_name[0] != '.') n++;
  closedir(dir);
  return n;
}

int lc_tracefile_thread (void) {
  return (int)syscall(SYS_gettid);
}
