/*
** fsdata.c: the life of what a request is about. See fsdata.h.
*/

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fs/fsdata.h"

void lc_fsdata_init (lc_fsdata *d) {
  memset(d, 0, sizeof *d);
  d->fd = -1;
  d->where.limit = d->bytes.limit = SIZE_MAX / 4;
}

int lc_fsdata_paths (lc_fsdata *d, const char *path, size_t n,
                     const char *to, size_t nto) {
  size_t size = n + 1 + (to ? nto + 1 : 0);
  d->paths = lc_alloc(size);
  if (!d->paths) return UV_ENOMEM;
  d->npaths = size;
  d->path = d->paths;
  memcpy(d->path, path, n + 1);
  if (!to) return 0;
  d->path2 = d->paths + n + 1;
  memcpy(d->path2, to, nto + 1);
  return 0;
}

void lc_fsdata_free (lc_fsdata *d) {
  if (d->fd >= 0) close(d->fd);
  if (d->undo) d->undo(d->path);
  lc_free(d->paths, d->npaths);
  lc_bytes_free(&d->where);
  lc_bytes_free(&d->bytes);
  if (d->held) d->release(d->held);
  lc_fsdata_init(d);
}

void lc_fsdata_blame (lc_fsdata *d, const char *path) {
  d->where.len = 0;
  if (!lc_bytes_append(&d->where, path, strlen(path) + 1)) d->where.len = 0;
}

void lc_fsdata_blame_in (lc_fsdata *d, const char *name) {
  size_t n = strlen(name), old = d->where.len;
  if (old == 0 || !lc_bytes_room(&d->where, n + 1)) {
    d->where.len = 0;
    return;
  }
  memmove(d->where.base + n + 1, d->where.base, old);
  memcpy(d->where.base, name, n);
  d->where.base[n] = '/';
  d->where.len += n + 1;
}
