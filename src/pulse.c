/*
** pulse.c: the watchdog. See pulse.h.
*/

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "fault.h"
#include "interrupt.h"
#include "luax.h"
#include "pulse.h"
#include "task.h"

enum { LEAST_NS = 1000000 };   /* between two looks */

static struct {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  bool runs;                     /* mutex */
  lc_loop *loop;                 /* whose thread starts and ends it */
  uint64_t limit;
  _Atomic uint64_t since;        /* when a task was resumed; 0: none runs */
  atomic_uint id;                /* which */
  _Atomic uint64_t told;         /* the `since` that was last told of */
} self = {
  .mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER
};

/* {{ The loop's thread */

void lc_pulse_begin (uint32_t id) {
  atomic_store_explicit(&self.id, id, memory_order_relaxed);
  atomic_store(&self.since, uv_hrtime());
}

void lc_pulse_end (void) {
  atomic_store(&self.since, 0);
}

void lc_pulse_tell (lua_State *L, lc_loop *loop) {
  uint64_t since = atomic_load(&self.since);
  if (since == 0 || !loop->current) return;
  atomic_store(&self.told, since);
  luaL_checkstack(L, 8, NULL);
  lc_job_push(L, &loop->current->job);
  lc_job_label(L, &loop->current->job, -1);
  luaL_traceback(L, L, NULL, 1);
  fprintf(stderr, "luaconc: %s has held the loop for %.3f s, and still does:\n"
          "%s\n", lua_tostring(L, -2), (double)(uv_hrtime() - since) / 1e9,
          lua_tostring(L, -1));
  lua_pop(L, 3);
}

/* }} */

/* {{ The watchdog */

/* What has been seen of one stay of a task. */
typedef struct stay {
  uint64_t since;
  uint64_t due;        /* how long it may take until it is spoken of (again) */
  bool asked;
} stay;

/* Without Lua: the task runs C code, or has not come to its next instruction
** yet. */
static void tell_outside (const stay *s, uint64_t ns) {
  fprintf(stderr, "luaconc: task %u has held the loop for %.3f s, and still "
          "does, inside C code\n", atomic_load(&self.id), (double)ns / 1e9);
  atomic_store(&self.told, s->since);
}

static void look (stay *s) {
  uint64_t since = atomic_load(&self.since), now = uv_hrtime();
  if (since != s->since) *s = (stay){since, self.limit, false};
  if (since == 0 || now - since < s->due) return;
  if (s->asked && atomic_load(&self.told) != since) {
    tell_outside(s, now - since);
    s->asked = false;
  }
  else {
    lc_port_ask(self.loop->port, LC_ASK_PLACE);
    lc_interrupt_strike_program();
    s->asked = true;
    atomic_store(&self.told, 0);
  }
  s->due = 2 * (now - since);
}

static void sleep_locked (uint64_t ns) {
  struct timespec till;
  clock_gettime(CLOCK_REALTIME, &till);
  ns += (uint64_t)till.tv_nsec;
  till.tv_sec += (time_t)(ns / 1000000000u);
  till.tv_nsec = (long)(ns % 1000000000u);
  pthread_cond_timedwait(&self.ended, &self.mutex, &till);
}

static void *watch (void *arg) {
  stay s = {0};
  uint64_t pause = self.limit / 4 > LEAST_NS ? self.limit / 4 : LEAST_NS;
  (void)arg;
  pthread_mutex_lock(&self.mutex);
  while (self.runs) {
    sleep_locked(pause);
    if (self.runs) look(&s);
  }
  pthread_mutex_unlock(&self.mutex);
  return NULL;
}

/* }} */

static int start_thread (void) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  int err = pthread_create(&self.thread, NULL, watch, NULL);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return uv_translate_sys_error(err);
}

void lc_pulse_stop (lc_loop *loop) {
  if (self.loop != loop) return;
  pthread_mutex_lock(&self.mutex);
  self.runs = false;
  pthread_cond_signal(&self.ended);
  pthread_mutex_unlock(&self.mutex);
  pthread_join(self.thread, NULL);
  loop->watch &= (uint8_t)~LC_WATCH_PULSE;
  self.loop = NULL;
}

void lc_pulse_fork (lc_loop *loop) {
  self.runs = false;
  self.loop = NULL;
  loop->watch &= (uint8_t)~LC_WATCH_PULSE;
}

int lc_pulse_watch (lc_loop *loop, uint64_t ns) {
  lc_pulse_stop(loop);
  if (ns == 0) return 0;
  if (self.loop || !lc_interrupt_watch(loop)) return UV_EBUSY;
  self.limit = ns;
  self.loop = loop;
  self.runs = true;
  atomic_store(&self.since, 0);
  int err = lc_uv(start_thread());
  if (err) self.loop = NULL;
  else loop->watch |= LC_WATCH_PULSE;
  return err;
}
