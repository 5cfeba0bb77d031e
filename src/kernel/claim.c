/*
** claim.c: see claim.h.
*/

#include <pthread.h>

#include "kernel/claim.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static bool is_free (const lc_claim *c) {
  return !c || !c->taken;
}

bool lc_claim_take (lc_claim *a, lc_claim *b) {
  lc_assert(!a || a != b);
  if (!a && !b) return true;
  (void)pthread_mutex_lock(&mutex);
  bool free = is_free(a) && is_free(b);
  if (free && a) a->taken = true;
  if (free && b) b->taken = true;
  (void)pthread_mutex_unlock(&mutex);
  return free;
}

bool lc_claim_taken (const lc_claim *c) {
  (void)pthread_mutex_lock(&mutex);
  bool taken = c->taken;
  (void)pthread_mutex_unlock(&mutex);
  return taken;
}
