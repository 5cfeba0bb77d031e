/*
** fstree.c: reading, making and removing folders. See fstree.h.
**
** A tree is removed from its root down by descriptors of folders, so that
** nobody can lead us out of it by putting a link in our way. One descriptor
** is open for each level; what lies deeper than DEPTH is first moved up to
** the root of the tree, so their number and the stack are bounded.
*/

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fs/fstree.h"

enum { DEPTH = 64 };

static bool is_dots (const char *name) {
  return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Opens a folder below `at`; a link only if `follow`. NULL and a code. */
static DIR *open_folder (int at, const char *name, bool follow, int *err) {
  int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK |
              (follow ? 0 : O_NOFOLLOW);
  int fd = lc_uv(lc_fsdata_code(openat(at, name, flags)));
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  *err = fd < 0 ? fd : 0;
  if (fd >= 0 && !dir) {
    *err = uv_translate_sys_error(errno);
    close(fd);
  }
  return dir;
}

/* The next entry; NULL at the end, or with a code. */
static struct dirent *next_entry (DIR *dir, int *err) {
  struct dirent *e;
  *err = lc_uv(0);
  if (*err) return NULL;
  do {
    errno = 0;
    e = readdir(dir);
  } while (e && is_dots(e->d_name));
  if (!e) *err = errno ? uv_translate_sys_error(errno) : 0;
  return e;
}

/* {{ Reading */

static unsigned char type_of (DIR *dir, const struct dirent *e) {
  struct stat st;
#if defined(DTTOIF)
  if (e->d_type != DT_UNKNOWN) return (unsigned char)(DTTOIF(e->d_type) >> 12);
#endif
  if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) return 0;
  return (unsigned char)(st.st_mode >> 12);
}

static int collect (lc_fsdata *d, DIR *dir, size_t *n) {
  const struct dirent *e;
  int err;
  while ((e = next_entry(dir, &err))) {
    char type = (char)type_of(dir, e);
    if (!lc_bytes_append(&d->bytes, &type, 1) ||
        !lc_bytes_append(&d->bytes, e->d_name, strlen(e->d_name) + 1))
      return UV_ENOMEM;
    if (lc_fsdata_stopped(d)) return UV_ECANCELED;
    ++*n;
  }
  return err;
}

static int by_name (const void *a, const void *b) {
  return strcmp(*(char *const *)a + 1, *(char *const *)b + 1);
}

/* Points at each of the n entries, sorted. */
static void point_at (const lc_bytes *from, char **list, size_t n) {
  char *at = from->base;
  for (size_t i = 0; i < n; i++) {
    list[i] = at;
    at += strlen(at + 1) + 2;
  }
  qsort(list, n, sizeof *list, by_name);
}

/* A copy of the n entries in the order of their names. */
static int sort (lc_fsdata *d, size_t n) {
  lc_bytes sorted = {NULL, 0, 0, d->bytes.limit};
  size_t size = n * sizeof(char *);
  char **list = lc_alloc(size);
  if (list && lc_bytes_room(&sorted, d->bytes.len)) {
    point_at(&d->bytes, list, n);
    for (size_t i = 0; i < n; i++)
      lc_bytes_append(&sorted, list[i], strlen(list[i] + 1) + 2);
    lc_bytes_free(&d->bytes);
    d->bytes = sorted;
    lc_free(list, size);
    return 0;
  }
  lc_free(list, size);
  return UV_ENOMEM;
}

void lc_fstree_scan (lc_fsdata *d) {
  DIR *dir = open_folder(AT_FDCWD, d->path, true, &d->err);
  size_t n = 0;
  if (!dir) return;
  d->err = collect(d, dir, &n);
  closedir(dir);
  if (!d->err && n > 1) d->err = sort(d, n);
}

/* }} */

/* {{ Making */

static bool is_folder (const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int make_one (lc_fsdata *d, const char *path, mode_t mode) {
  int err = lc_uv(lc_fsdata_code(mkdir(path, mode)));
  if (err == UV_EEXIST && (d->how & LC_FS_PARENTS) && is_folder(path)) err = 0;
  return err;
}

/* The folders above `path`, from the root on. */
static int make_parents (lc_fsdata *d, char *path) {
  for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
    if (s[-1] == '/' || !s[1]) continue;
    *s = '\0';
    int err = make_one(d, path, 0777);
    if (err && err != UV_EEXIST) lc_fsdata_blame(d, path);
    *s = '/';
    if (err) return err;
  }
  return 0;
}

void lc_fstree_mkdir (lc_fsdata *d) {
  d->err = make_one(d, d->path, d->mode);
  if (d->err != UV_ENOENT || !(d->how & LC_FS_PARENTS) || !*d->path) return;
  d->err = make_parents(d, d->path);
  if (!d->err) d->err = make_one(d, d->path, d->mode);
}

/* }} */

/* {{ Removing */

static int remove_inside (lc_fsdata *d, DIR *dir, int root, int depth,
                          unsigned *moved);

/* Moves the folder to the root of the tree, under a name of our own. */
static int move_up (int at, const char *name, int root, unsigned *moved) {
  char own[64];
  struct stat st;
  do snprintf(own, sizeof own, ".luaconc-removed-%u", (*moved)++);
  while (fstatat(root, own, &st, AT_SYMLINK_NOFOLLOW) == 0);
  return lc_uv(lc_fsdata_code(renameat(at, name, root, own)));
}

static int remove_folder (lc_fsdata *d, int at, const char *name, int root,
                          int depth, unsigned *moved) {
  int err;
  if (depth >= DEPTH) return move_up(at, name, root, moved);
  DIR *dir = open_folder(at, name, false, &err);
  if (!dir) return err;
  err = remove_inside(d, dir, root < 0 ? dirfd(dir) : root, depth + 1, moved);
  closedir(dir);
  if (err) return err;
  return lc_uv(lc_fsdata_code(unlinkat(at, name, AT_REMOVEDIR)));
}

/* Linux says EISDIR, others EPERM. What others have removed is gone. */
static int remove_entry (lc_fsdata *d, int at, const char *name, int root,
                         int depth, unsigned *moved) {
  int err = lc_uv(lc_fsdata_code(unlinkat(at, name, 0)));
  if (err != UV_EISDIR && err != UV_EPERM) return err;
  int again = remove_folder(d, at, name, root, depth, moved);
  return again == UV_ENOTDIR || again == UV_ELOOP ? err : again;
}

/* Everything in it, until a whole look finds nothing: what is removed may
** hide others from a look that goes on. */
static int remove_inside (lc_fsdata *d, DIR *dir, int root, int depth,
                          unsigned *moved) {
  const struct dirent *e;
  int err = 0, n;
  do {
    n = 0;
    rewinddir(dir);
    while ((e = next_entry(dir, &err))) {
      if (lc_fsdata_stopped(d)) return UV_ECANCELED;
      err = remove_entry(d, dirfd(dir), e->d_name, root, depth, moved);
      if (err && err != UV_ENOENT) {
        if (d->where.len == 0) lc_fsdata_blame(d, e->d_name);
        else lc_fsdata_blame_in(d, e->d_name);
        return err;
      }
      if (!err) n++;
    }
  } while (n > 0 && !err);
  return err;
}

static int remove_tree (lc_fsdata *d) {
  unsigned moved = 0;
  int err = remove_entry(d, AT_FDCWD, d->path, -1, 0, &moved);
  if (err && d->where.len) lc_fsdata_blame_in(d, d->path);
  return err;
}

void lc_fstree_remove (lc_fsdata *d) {
  if (d->how & LC_FS_TREE) {
    d->err = remove_tree(d);
    return;
  }
  d->err = lc_uv(lc_fsdata_code(unlink(d->path)));
  if (d->err != UV_EISDIR && d->err != UV_EPERM) return;
  int err = lc_uv(lc_fsdata_code(rmdir(d->path)));
  if (err != UV_ENOTDIR) d->err = err;
}

/* }} */
