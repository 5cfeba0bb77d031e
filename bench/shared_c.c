/*
** shared_c.c copy|lock|counter [N]: what shared.lua does, in C alone: memcpy
** of 64 MiB, a robust mutex that processes may share, an atomic addition.
*/

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now (clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_copy (void) {
  size_t bytes = (size_t)64 << 20;
  char *from = malloc(bytes), *to = malloc(bytes);
  if (!from || !to) return 1;
  memset(from, 1, bytes);
  memset(to, 2, bytes);
  void *(*volatile copy) (void *, const void *, size_t) = memcpy;
  double start = now(CLOCK_MONOTONIC);
  copy(to, from, bytes);
  double seconds = now(CLOCK_MONOTONIC) - start;
  int right = to[bytes - 1] == 1;
  printf("ms %.17g\n", seconds * 1e3);
  free(from);
  free(to);
  return !right;
}

static int run_lock (uint64_t n) {
  pthread_mutexattr_t a;
  pthread_mutex_t m;
  pthread_mutexattr_init(&a);
  pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&m, &a);
  double start = now(CLOCK_PROCESS_CPUTIME_ID);
  for (uint64_t i = 0; i < n; i++) {
    pthread_mutex_lock(&m);
    pthread_mutex_unlock(&m);
  }
  printf("ns %.17g\n",
         (now(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)n * 1e9);
  return 0;
}

static int run_counter (uint64_t n) {
  static _Atomic(int64_t) counter;
  double start = now(CLOCK_PROCESS_CPUTIME_ID);
  for (uint64_t i = 0; i < n; i++) atomic_fetch_add(&counter, 1);
  printf("ns %.17g\n",
         (now(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)n * 1e9);
  return (uint64_t)atomic_load(&counter) != n;
}

int main (int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
  if (strcmp(what, "copy") == 0) return run_copy();
  if (strcmp(what, "lock") == 0) return run_lock(n);
  if (strcmp(what, "counter") == 0) return run_counter(n);
  return 2;
}
