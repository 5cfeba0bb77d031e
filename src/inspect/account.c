/*
** account.c: what each task has used. See account.h.
*/

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/system.h"
#include "inspect/account.h"

enum {
  LEAST = 64,            /* entries that are made room for */
  LONG_NS = 1000000      /* between two looks at delays, which take 5 us */
};

struct lc_account {
  lc_spent *entries;     /* by slot */
  uint32_t n;
  uint64_t all;          /* held by all tasks */
  uint64_t longest;      /* stay of any of them */
  double delayed;        /* seconds, as last asked */
  uint64_t asked;        /* when */
  uint64_t cpu, since;   /* when the running task's stay began; 0: unknown */
};

static uint64_t cpu_time (void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* For how long other programs have had the core since this was last asked. */
static uint64_t ask_delay (struct lc_account *a, uint64_t now) {
  double before = a->delayed;
  a->delayed = lc_system_delayed();
  a->asked = now;
  return (uint64_t)((a->delayed - before) * 1e9);
}

static void begin_stay (struct lc_account *a) {
  a->since = uv_hrtime();
  if (a->since - a->asked > LONG_NS) (void)ask_delay(a, a->since);
  a->cpu = cpu_time();
}

/* How long a stay was, without those delays if it was long. */
static uint64_t without_delays (struct lc_account *a, uint64_t ns) {
  if (ns <= LONG_NS) return ns;
  uint64_t lost = ask_delay(a, a->since + ns);
  return lost < ns ? ns - lost : 0;
}

static void add_stay (struct lc_account *a, lc_spent *s) {
  uint64_t ns = uv_hrtime() - a->since, cpu = cpu_time() - a->cpu;
  uint64_t held = without_delays(a, ns);
  if (held < cpu) held = cpu;
  a->all += ns;
  s->cpu += cpu;
  s->held += held;
  if (held > s->longest) s->longest = held;
  if (held > a->longest) a->longest = held;
}

static bool make_room (struct lc_account *a, uint32_t slot) {
  uint32_t n = a->n ? a->n : LEAST;
  if (slot < a->n) return true;
  while (n <= slot) n *= 2;
  lc_spent *entries = lc_realloc(a->entries, a->n * sizeof *entries,
                                 n * sizeof *entries);
  if (!entries) return false;
  memset(entries + a->n, 0, (n - a->n) * sizeof *entries);
  a->entries = entries;
  a->n = n;
  return true;
}

void lc_account_begin (const lc_task *t) {
  struct lc_account *a = t->job.loop->account;
  a->since = 0;
  if (make_room(a, (uint32_t)t->job.slot)) begin_stay(a);
}

void lc_account_end (const lc_task *t) {
  struct lc_account *a = t->job.loop->account;
  lc_spent gone = {0};   /* for a task that has ended, and has no slot */
  if (!a || !a->since) return;
  bool kept = (uint32_t)t->job.slot < a->n;
  add_stay(a, kept ? &a->entries[t->job.slot] : &gone);
  a->since = 0;
}

bool lc_account_look (lc_loop *loop, lc_spent *spent) {
  struct lc_account *a = loop->account;
  if (!a || !loop->current || !a->since) return false;
  lc_spent *s = &a->entries[loop->current->job.slot];
  add_stay(a, s);
  *spent = *s;
  s->longest = 0;
  begin_stay(a);
  return true;
}

uint64_t lc_account_all (const lc_loop *loop) {
  return loop->account ? loop->account->all : 0;
}

uint64_t lc_account_longest (const lc_loop *loop) {
  return loop->account ? loop->account->longest : 0;
}

int lc_account_start (lc_loop *loop) {
  if (loop->account) return 0;
  loop->account = lc_alloc(sizeof *loop->account);
  if (!loop->account) return UV_ENOMEM;
  memset(loop->account, 0, sizeof *loop->account);
  loop->watch |= LC_WATCH_ACCOUNT;
  if (loop->current) lc_account_begin(loop->current);
  return 0;
}

void lc_account_stop (lc_loop *loop) {
  struct lc_account *a = loop->account;
  if (!a) return;
  loop->watch &= (uint8_t)~LC_WATCH_ACCOUNT;
  loop->account = NULL;
  lc_free(a->entries, a->n * sizeof *a->entries);
  lc_free(a, sizeof *a);
}
