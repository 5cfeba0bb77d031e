/*
** mapping.c: by mmap, and by POSIX's robust mutexes. See mapping.h.
*/

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/system.h"
#include "kernel/wake.h"
#include "shared/mapping.h"

enum { TRIES = 200 };

static int set_size (int fd, size_t size) {
  return ftruncate(fd, (off_t)size) ? uv_translate_sys_error(errno) : 0;
}

static int map (lc_mapping *m) {
  m->base = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_NORESERVE, m->fd, 0);
  if (m->base != MAP_FAILED) return 0;
  m->base = NULL;
  return uv_translate_sys_error(errno);
}

int lc_mapping_take (lc_mapping *m, int fd, size_t size) {
  *m = (lc_mapping){.size = size, .fd = fd};
  int err = lc_uv(map(m));
  if (err) {
    (void)close(fd);
    m->fd = -1;
  }
  return err;
}

int lc_mapping_make (lc_mapping *m, const char *name, size_t size) {
  *m = (lc_mapping){.fd = -1};
  int fd = lc_uv(lc_system_file(name));
  if (fd < 0) return fd;
  int err = lc_uv(set_size(fd, size));
  if (!err) return lc_mapping_take(m, fd, size);
  (void)close(fd);
  return err;
}

void lc_mapping_close (lc_mapping *m) {
  if (!m->base) return;
  (void)munmap(m->base, m->size);
  (void)close(m->fd);
  *m = (lc_mapping){.fd = -1};
}

void lc_robust_init (lc_robust *r) {
  pthread_mutexattr_t a;
  (void)pthread_mutexattr_init(&a);
  (void)pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
  (void)pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
  (void)pthread_mutex_init(&r->mutex, &a);
  (void)pthread_mutexattr_destroy(&a);
}

/* It is held so shortly that to try again costs less than to sleep. */
static int take (pthread_mutex_t *mutex) {
  int err = pthread_mutex_trylock(mutex);
  for (int i = 0; err == EBUSY && i < TRIES; i++) {
    lc_wake_pause();
    err = pthread_mutex_trylock(mutex);
  }
  return err == EBUSY ? pthread_mutex_lock(mutex) : err;
}

bool lc_robust_lock (lc_robust *r) {
  if (take(&r->mutex) != EOWNERDEAD) return false;
  (void)pthread_mutex_consistent(&r->mutex);
  return true;
}

void lc_robust_unlock (lc_robust *r) {
  (void)pthread_mutex_unlock(&r->mutex);
}
