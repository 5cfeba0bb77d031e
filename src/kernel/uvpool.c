/*
** uvpool.c: trying whether threads can be started. See uvpool.h.
*/

#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "kernel/uvpool.h"

/* libuv's own figures: src/threadpool.c, src/unix/thread.c */
enum { USUAL_THREADS = 4, MAX_THREADS = 1024, STACK_BYTES = 8 << 20 };

static atomic_bool started;

static int pool_size (void) {
  const char *text = getenv("UV_THREADPOOL_SIZE");
  int n = text ? atoi(text) : USUAL_THREADS;
  return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

/* Each thread stays until all have been started. */
static void wait_turn (void *arg) {
  uv_sem_wait(arg);
}

static int start_thread (uv_thread_t *thread, uv_sem_t *turn) {
  uv_thread_options_t options = {UV_THREAD_HAS_STACK_SIZE, STACK_BYTES};
  return uv_thread_create_ex(thread, &options, wait_turn, turn);
}

static int try_threads (int wanted) {
  uv_thread_t threads[MAX_THREADS];
  uv_sem_t turn;
  int n = 0;
  int err = lc_uv(uv_sem_init(&turn, 0));
  if (err) return err;
  while (n < wanted && !err) {
    err = lc_uv(start_thread(&threads[n], &turn));
    if (!err) n++;
  }
  for (int i = 0; i < n; i++) uv_sem_post(&turn);
  for (int i = 0; i < n; i++) uv_thread_join(&threads[i]);
  uv_sem_destroy(&turn);
  return err;
}

int lc_uvpool_try (void) {
  int err;
  if (atomic_load(&started)) return 0;
  err = try_threads(pool_size());
  if (!err) atomic_store(&started, true);
  return err;
}

int lc_uvpool_threads (void) {
  return atomic_load(&started) ? pool_size() : 0;
}
