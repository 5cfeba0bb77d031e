/*
** pulse.c: the watchdog. See pulse.h.
*/

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/luax.h"
#include "engine/worker.h"
#include "inspect/pulse.h"
#include "kernel/interrupt.h"
#include "kernel/task.h"

#define VARIABLE "LUACONC_BLOCK_MS"

enum { LEAST_NS = 1000000 };   /* between two looks */

/* What the watchdog has seen of one stay of a task. */
typedef struct stay {
  uint64_t since;
  uint64_t due;        /* how long it may take until it is spoken of (again) */
  bool asked;
} stay;

/* A loop that is watched. */
typedef struct lc_pulse {
  lc_link link;                  /* in `watched` */
  lc_loop *loop;
  pthread_t thread;              /* that is in it */
  uint64_t limit;
  stay stay;                     /* the watchdog's */
  _Atomic uint64_t since;        /* when a task was resumed; 0: none runs */
  atomic_uint id;                /* which */
  atomic_bool harmless;          /* nobody waited for its end then */
  _Atomic uint64_t told;         /* the `since` that was last told of */
} lc_pulse;

static _Atomic uint64_t everywhere;   /* ns, as the program has said; or 0 */

static struct {
  pthread_t thread;              /* where there is one: `watched` isn't empty */
  pthread_mutex_t mutex;         /* of `watched` and `runs` */
  pthread_mutex_t doors;         /* whoever comes or goes has it as well */
  pthread_cond_t ended;
  lc_link watched;
  bool runs;
} dog = {
  .mutex = PTHREAD_MUTEX_INITIALIZER, .doors = PTHREAD_MUTEX_INITIALIZER,
  .ended = PTHREAD_COND_INITIALIZER, .watched = {&dog.watched, &dog.watched}
};

/* {{ The thread of the loop */

/* A thread or process is there to compute: that is a mistake only where it
** has other jobs. */
static bool is_harmless (const lc_loop *loop) {
  return loop->worker && loop->live < 2;
}

void lc_pulse_begin (const lc_task *t) {
  lc_pulse *p = t->job.loop->pulse;
  atomic_store_explicit(&p->id, t->job.id, memory_order_relaxed);
  atomic_store_explicit(&p->harmless, is_harmless(p->loop),
                        memory_order_relaxed);
  atomic_store(&p->since, uv_hrtime());
}

void lc_pulse_end (const lc_loop *loop) {
  if (loop->pulse) atomic_store(&loop->pulse->since, 0);
}

static const char *place_of (const lc_loop *loop) {
  return !loop->worker ? ""
       : loop->worker->top ? " of its thread" : " of its process";
}

void lc_pulse_tell (lua_State *L, lc_loop *loop) {
  lc_pulse *p = loop->pulse;
  uint64_t since = p ? atomic_load(&p->since) : 0;
  if (since == 0 || !loop->current) return;
  atomic_store(&p->told, since);
  if (is_harmless(loop)) return;
  luaL_checkstack(L, 8, NULL);
  lc_job_push(L, &loop->current->job);
  lc_job_label(L, &loop->current->job, -1);
  luaL_traceback(L, L, NULL, 1);
  fprintf(stderr, "luaconc: %s has held the loop%s for %.3f s, and still "
          "does:\n%s\n", lua_tostring(L, -2), place_of(loop),
          (double)(uv_hrtime() - since) / 1e9, lua_tostring(L, -1));
  lua_pop(L, 3);
}

/* }} */

/* {{ The watchdog, which has the mutex */

/* Without Lua: the task runs C code, or has not come to its next instruction
** yet. */
static void tell_outside (lc_pulse *p, uint64_t ns) {
  atomic_store(&p->told, p->stay.since);
  if (atomic_load_explicit(&p->harmless, memory_order_relaxed)) return;
  fprintf(stderr, "luaconc: task %u has held the loop%s for %.3f s, and "
          "still does, inside C code\n", atomic_load(&p->id), place_of(p->loop),
          (double)ns / 1e9);
}

static void ask (lc_pulse *p) {
  lc_port_ask(p->loop->port, LC_ASK_PLACE);
  lc_interrupt_strike(p->thread);
  atomic_store(&p->told, 0);
}

static void look (lc_pulse *p) {
  stay *s = &p->stay;
  uint64_t since = atomic_load(&p->since), now = uv_hrtime();
  if (since != s->since) *s = (stay){since, p->limit, false};
  if (since == 0 || now < since || now - since < s->due) return;
  bool outside = s->asked && atomic_load(&p->told) != since;
  if (outside) tell_outside(p, now - since);
  else ask(p);
  s->asked = !outside;
  s->due = 2 * (now - since);
}

static void sleep_locked (uint64_t ns) {
  struct timespec till;
  clock_gettime(CLOCK_REALTIME, &till);
  ns += (uint64_t)till.tv_nsec;
  till.tv_sec += (time_t)(ns / 1000000000u);
  till.tv_nsec = (long)(ns % 1000000000u);
  pthread_cond_timedwait(&dog.ended, &dog.mutex, &till);
}

static void *watch (void *arg) {
  (void)arg;
  pthread_mutex_lock(&dog.mutex);
  while (dog.runs) {
    uint64_t least = UINT64_MAX;
    lc_list_each(l, &dog.watched) {
      lc_pulse *p = lc_container(l, lc_pulse, link);
      look(p);
      if (p->limit < least) least = p->limit;
    }
    sleep_locked(least / 4 > LEAST_NS ? least / 4 : LEAST_NS);
  }
  pthread_mutex_unlock(&dog.mutex);
  return NULL;
}

/* }} */

/* {{ Who is watched */

static int start_thread (void) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  int err = pthread_create(&dog.thread, NULL, watch, NULL);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return uv_translate_sys_error(err);
}

/* (The thread that starts now waits for the mutex.) */
static int join_watched (lc_pulse *p) {
  int err = 0;
  pthread_mutex_lock(&dog.doors);
  pthread_mutex_lock(&dog.mutex);
  if (lc_list_empty(&dog.watched)) {
    dog.runs = true;
    err = lc_uv(start_thread());
  }
  if (!err) lc_list_append(&dog.watched, &p->link);
  pthread_mutex_unlock(&dog.mutex);
  pthread_mutex_unlock(&dog.doors);
  return err;
}

static void leave_watched (lc_pulse *p) {
  pthread_mutex_lock(&dog.doors);
  pthread_mutex_lock(&dog.mutex);
  lc_list_remove(&p->link);
  bool last = lc_list_empty(&dog.watched);
  if (last) dog.runs = false;
  if (last) pthread_cond_signal(&dog.ended);
  pthread_mutex_unlock(&dog.mutex);
  if (last) pthread_join(dog.thread, NULL);
  pthread_mutex_unlock(&dog.doors);
}

static void forget (lc_loop *loop) {
  lc_free(loop->pulse, sizeof *loop->pulse);
  loop->pulse = NULL;
  loop->watch &= (uint8_t)~LC_WATCH_PULSE;
}

void lc_pulse_stop (lc_loop *loop) {
  if (!loop->pulse) return;
  leave_watched(loop->pulse);
  forget(loop);
}

/* Whoever had the mutexes is not here. */
void lc_pulse_fork (lc_loop *loop) {
  pthread_mutex_init(&dog.mutex, NULL);
  pthread_mutex_init(&dog.doors, NULL);
  pthread_cond_init(&dog.ended, NULL);
  lc_list_init(&dog.watched);
  if (loop->pulse) forget(loop);
}

static int begin (lc_loop *loop, uint64_t ns) {
  lc_pulse *p = lc_alloc(sizeof *p);
  if (!p) return UV_ENOMEM;
  *p = (lc_pulse){.loop = loop, .thread = pthread_self(), .limit = ns};
  int err = join_watched(p);
  if (err) {
    lc_free(p, sizeof *p);
    return err;
  }
  loop->pulse = p;
  loop->watch |= LC_WATCH_PULSE;
  return 0;
}

/* For threads and processes that are started later. (The environment is
** touched where this begins and ends only: threads that run may look at it.) */
static void tell_others (uint64_t ns) {
  char text[32];
  uint64_t before = atomic_exchange(&everywhere, ns);
  snprintf(text, sizeof text, "%.6f", (double)ns / 1e6);
  if (ns > 0 && before == 0) setenv(VARIABLE, text, 0);
  if (ns == 0 && before > 0) unsetenv(VARIABLE);
}

uint64_t lc_pulse_everywhere (void) {
  return atomic_load(&everywhere);
}

int lc_pulse_watch (lc_loop *loop, uint64_t ns) {
  lc_pulse_stop(loop);
  if (!loop->worker) {
    if (ns > 0 && !lc_interrupt_watch(loop)) return UV_EBUSY;
    tell_others(ns);
  }
  return ns > 0 ? begin(loop, ns) : 0;
}

/* }} */
