/*
** account.c: what each task has used. See account.h.
*/

#include <string.h>
#include <time.h>

#include "account.h"
#include "alloc.h"

enum { LEAST = 64 };     /* entries that are made room for */

static struct {
  lc_loop *loop;         /* NULL: nothing is counted */
  lc_spent *entries;     /* by slot */
  uint32_t n;
  uint64_t cpu, since;   /* when the running task's stay began; 0: unknown */
} self;

static uint64_t cpu_time (void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void begin_stay (void) {
  self.cpu = cpu_time();
  self.since = uv_hrtime();
}

static void add_stay (lc_spent *s) {
  uint64_t held = uv_hrtime() - self.since;
  s->cpu += cpu_time() - self.cpu;
  s->held += held;
  if (held > s->longest) s->longest = held;
}

static bool make_room (uint32_t slot) {
  uint32_t n = self.n ? self.n : LEAST;
  if (slot < self.n) return true;
  while (n <= slot) n *= 2;
  lc_spent *entries = lc_realloc(self.entries, self.n * sizeof *entries,
                                 n * sizeof *entries);
  if (!entries) return false;
  memset(entries + self.n, 0, (n - self.n) * sizeof *entries);
  self.entries = entries;
  self.n = n;
  return true;
}

void lc_account_begin (const lc_task *t) {
  self.since = 0;
  if (make_room((uint32_t)t->job.slot)) begin_stay();
}

void lc_account_end (const lc_task *t) {
  if (self.since && (uint32_t)t->job.slot < self.n)
    add_stay(&self.entries[t->job.slot]);
  self.since = 0;
}

bool lc_account_look (lc_loop *loop, lc_spent *spent) {
  if (self.loop != loop || !loop->current || !self.since) return false;
  lc_spent *s = &self.entries[loop->current->job.slot];
  add_stay(s);
  *spent = *s;
  s->longest = 0;
  begin_stay();
  return true;
}

int lc_account_start (lc_loop *loop) {
  if (self.loop) return self.loop == loop ? 0 : UV_EBUSY;
  self.loop = loop;
  loop->watch |= LC_WATCH_ACCOUNT;
  return 0;
}

void lc_account_stop (lc_loop *loop) {
  if (self.loop != loop) return;
  loop->watch &= (uint8_t)~LC_WATCH_ACCOUNT;
  lc_free(self.entries, self.n * sizeof *self.entries);
  memset(&self, 0, sizeof self);
}
