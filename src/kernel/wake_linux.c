/*
** wake_linux.c: sleeping and waking by futex and eventfd. See wake.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "kernel/wake.h"

#define SECOND 1000000000u

static long futex (atomic_uint *word, int op, unsigned value,
                   const struct timespec *limit) {
  return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, limit, NULL,
                 0);
}

void lc_wake_park (atomic_uint *word, unsigned value, uint64_t ns) {
  struct timespec limit = {
    .tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)
  };
  futex(word, FUTEX_WAIT, value, ns == UINT64_MAX ? NULL : &limit);
}

void lc_wake_unpark (atomic_uint *word) {
  futex(word, FUTEX_WAKE, 1, NULL);
}

int lc_wake_cores (void) {
  static atomic_int cores;   /* 0: not asked yet */
  int n = atomic_load_explicit(&cores, memory_order_relaxed);
  cpu_set_t set;
  if (n > 0) return n;
  n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  atomic_store_explicit(&cores, n, memory_order_relaxed);
  return n;
}

int lc_wake_event (void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return lc_uv(fd >= 0 ? fd : uv_translate_sys_error(errno));
}

void lc_wake_signal (int fd) {
  const uint64_t one = 1;
  ssize_t done;
  do done = write(fd, &one, sizeof(one));
  while (done < 0 && errno == EINTR);
}

void lc_wake_clear (int fd) {
  uint64_t count;
  ssize_t done = read(fd, &count, sizeof(count));
  (void)done;   /* it was clear: nothing to read */
}
