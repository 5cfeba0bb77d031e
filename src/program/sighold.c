/*
** sighold.c: signals that somebody waits for. See sighold.h.
*/

#include <pthread.h>

#include "program/sighold.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned holders[NSIG];
static bool reserved[NSIG];
static struct sigaction before[NSIG];

void lc_sighold_take (int number) {
  pthread_mutex_lock(&mutex);
  if (holders[number]++ == 0)
    (void)sigaction(number, NULL, &before[number]);
  pthread_mutex_unlock(&mutex);
}

/* libuv leaves the default behind, unless a host of ours holds it too. */
void lc_sighold_give (int number) {
  struct sigaction now;
  pthread_mutex_lock(&mutex);
  if (--holders[number] == 0 && sigaction(number, NULL, &now) == 0 &&
      now.sa_handler == SIG_DFL)
    (void)sigaction(number, &before[number], NULL);
  pthread_mutex_unlock(&mutex);
}

bool lc_sighold_held (int number) {
  pthread_mutex_lock(&mutex);
  bool held = holders[number] > 0;
  pthread_mutex_unlock(&mutex);
  return held;
}

void lc_sighold_reserve (int number) {
  pthread_mutex_lock(&mutex);
  reserved[number] = true;
  pthread_mutex_unlock(&mutex);
}

bool lc_sighold_reserved (int number) {
  pthread_mutex_lock(&mutex);
  bool own = reserved[number];
  pthread_mutex_unlock(&mutex);
  return own;
}

void lc_sighold_restore (int number, const struct sigaction *action) {
  pthread_mutex_lock(&mutex);
  if (holders[number] > 0) before[number] = *action;
  else (void)sigaction(number, action, NULL);
  pthread_mutex_unlock(&mutex);
}
