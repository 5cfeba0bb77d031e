/*
** exchange.c: the algorithm of src/channel/exchange.c with selects (claim.h),
** as a model, through every order in which its steps can come.
**
** What is done under one lock is one step; between two steps of a job any
** other job may go on. Jobs are selects, which receive or send in two
** channels and may be cancelled while they wait, and plain senders and
** receivers. After every step the invariants are checked, and when nobody can
** go on: that nobody waits in vain.
**
** -DPLANT=1: serves the case of a select without its claim.
** -DPLANT=2: a select that waits has not looked again.
** -DPLANT=3: what was served while it was being cancelled is dropped.
*/

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined(PLANT)
#define PLANT 0
#endif

enum { CHANNELS = 2, JOBS = 4, QUEUE = 8 };

typedef enum { IDLE, WAITS, SERVED } turnstate;

typedef struct turn {
  turnstate state;
  int item;                /* to send; or received; 0: none */
} turn;

typedef struct queue { int n; struct { int job, way; } at[QUEUE]; } queue;

typedef struct channel {
  int capacity, n, items[QUEUE];
  queue waiting[2];        /* receivers, senders */
} channel;

typedef enum { TRY, BEGIN, WAIT, LEAVE, OVER } phase;

typedef struct job {
  int ways;                /* channels that it waits for: 1 or 2 */
  struct { int channel; bool send; int item; } way[CHANNELS];
  bool may_cancel, cancelled;
  phase phase;
  int step;
  bool claimed;            /* of a select: somebody has taken its claim */
  int chosen;              /* the way that took effect; -1 */
  turn turns[CHANNELS];
} job;

typedef struct world {
  channel channels[CHANNELS];
  job jobs[JOBS];
  int njobs;
} world;

static const char *scenario;
static long states;

static void fail (const char *what) {
  printf("%s: %s\n", scenario, what);
  exit(1);
}

static void leave (queue *q, int i) {
  for (q->n--; i < q->n; i++) q->at[i] = q->at[i + 1];
}

/* Takes both claims, or none; those of plain jobs are free. */
static bool claim (job *a, job *b) {
#if PLANT != 1
  if (a && a->ways > 1 && a->claimed) return false;
  if (b && b->ways > 1 && b->claimed) return false;
#endif
  if (a) a->claimed = true;
  if (b) b->claimed = true;
  return true;
}

/* The first in the queue that can be served, by `own`, or NULL: out of it. */
static job *partner (world *w, queue *q, job *own, int *way) {
  for (int i = 0; i < q->n; ) {
    job *j = &w->jobs[q->at[i].job];
    *way = q->at[i].way;
    if (j == own) { i++; continue; }
    if (claim(j, own)) {
      leave(q, i);
      return j;
    }
    if (own && own->ways > 1 && own->claimed) return NULL;
    leave(q, i);
  }
  return NULL;
}

static void serve (job *j, int way, int item) {
  if (!j->way[way].send) j->turns[way].item = item;
  else j->turns[way].item = 0;
  j->turns[way].state = SERVED;
}

static void let_follow (world *w, channel *c) {
  int way;
  if (c->n >= c->capacity) return;
  job *s = partner(w, &c->waiting[1], NULL, &way);
  if (!s) return;
  c->items[c->n++] = s->turns[way].item;
  serve(s, way, 0);
}

/* True: the way took effect. `waits`: else its turn joins the queue. */
static bool put (world *w, job *j, int way, bool waits) {
  channel *c = &w->channels[j->way[way].channel];
  int other, item = j->way[way].item;
  job *own = waits ? j : NULL;
  job *r = partner(w, &c->waiting[0], own, &other);
  if (r) {
    serve(r, other, item);
    return true;
  }
  if (c->n < c->capacity && claim(own, NULL)) {
    c->items[c->n++] = item;
    return true;
  }
  return false;
}

static bool take (world *w, job *j, int way, bool waits, int *item) {
  channel *c = &w->channels[j->way[way].channel];
  int other;
  job *own = waits ? j : NULL;
  if (c->n > 0) {
    if (!claim(own, NULL)) return false;
    *item = c->items[0];
    memmove(c->items, c->items + 1, (size_t)--c->n * sizeof *c->items);
    let_follow(w, c);
    return true;
  }
  job *s = partner(w, &c->waiting[1], own, &other);
  if (!s) return false;
  *item = s->turns[other].item;
  serve(s, other, 0);
  return true;
}

static bool try_way (world *w, job *j, int way, bool waits) {
  int item = 0;
  bool done;
#if PLANT == 2
  if (waits && j->ways > 1) done = false;
  else
#endif
  done = j->way[way].send ? put(w, j, way, waits)
                          : take(w, j, way, waits, &item);
  if (done) {
    j->turns[way].item = item;
    j->turns[way].state = SERVED;
    j->chosen = way;
    return true;
  }
  if (!waits || (j->ways > 1 && j->claimed)) return false;
  queue *q = &w->channels[j->way[way].channel].waiting[j->way[way].send];
  q->at[q->n].job = (int)(j - w->jobs);
  q->at[q->n++].way = way;
  j->turns[way].state = WAITS;
  j->turns[way].item = j->way[way].send ? j->way[way].item : 0;
  return false;
}

static void withdraw (world *w, job *j, int way) {
  queue *q = &w->channels[j->way[way].channel].waiting[j->way[way].send];
  for (int i = 0; i < q->n; i++)
    if (q->at[i].job == j - w->jobs && q->at[i].way == way) {
      leave(q, i);
      i--;
    }
  if (j->turns[way].state == WAITS) {
    j->turns[way].state = IDLE;
    j->turns[way].item = 0;
  }
#if PLANT == 3
  if (j->cancelled) j->turns[way].item = 0;
#endif
}

static bool is_served (const job *j) {
  for (int i = 0; i < j->ways; i++)
    if (j->turns[i].state == SERVED) return true;
  return false;
}

/* {{ One step of a job */

static bool can_step (const job *j, bool cancel) {
  if (cancel) return j->phase == WAIT && j->may_cancel && !j->cancelled;
  return j->phase != OVER && (j->phase != WAIT || is_served(j));
}

static void next_way (job *j, phase after) {
  if (++j->step < j->ways) return;
  j->step = 0;
  j->phase = after;
}

static void step (world *w, int number, bool cancel) {
  job *j = &w->jobs[number];
  if (cancel) {
    j->cancelled = true;
    j->phase = LEAVE;
    j->step = 0;
    return;
  }
  switch (j->phase) {
    case TRY:
      if (try_way(w, j, j->step, false)) j->phase = OVER;
      else next_way(j, BEGIN);
      break;
    case BEGIN:
      if (try_way(w, j, j->step, true)) {
        j->phase = LEAVE;
        j->step = 0;
      }
      else next_way(j, WAIT);
      break;
    case WAIT:
      j->phase = LEAVE;
      j->step = 0;
      break;
    case LEAVE:
      withdraw(w, j, j->step);
      next_way(j, OVER);
      break;
    default: break;
  }
}

/* }} */

/* {{ What must hold */

static void count (int counts[], int item) {
  if (item) counts[item]++;
}

static void check (const world *w, bool end) {
  int counts[JOBS * CHANNELS + 1] = {0};
  for (int i = 0; i < CHANNELS; i++)
    for (int k = 0; k < w->channels[i].n; k++)
      count(counts, w->channels[i].items[k]);
  for (int i = 0; i < w->njobs; i++) {
    const job *j = &w->jobs[i];
    int served = 0;
    for (int k = 0; k < j->ways; k++) {
      const turn *t = &j->turns[k];
      served += t->state == SERVED;
      if (!j->way[k].send) count(counts, t->item);
      else if (end && t->state != SERVED) counts[j->way[k].item]++;
      if (t->state == SERVED && !j->way[k].send && !t->item)
        fail("a receiver has lost its item");
    }
    if (served > 1) fail("two cases of a select took effect");
  }
  if (!end) return;
  for (int i = 0; i < w->njobs; i++)
    for (int k = 0; k < w->jobs[i].ways; k++) {
      int item = w->jobs[i].way[k].send ? w->jobs[i].way[k].item : 0;
      if (item && counts[item] == 0) fail("an item is lost");
      if (item && counts[item] > 1) fail("an item is there twice");
    }
}

static bool waits_at (const world *w, int c, bool send, int but) {
  const queue *q = &w->channels[c].waiting[send];
  for (int i = 0; i < q->n; i++) {
    const job *j = &w->jobs[q->at[i].job];
    if (q->at[i].job != but && !(j->ways > 1 && j->claimed)) return true;
  }
  return false;
}

/* Nobody can go on: who waits does so with reason. */
static void check_rest (const world *w) {
  check(w, true);
  for (int i = 0; i < w->njobs; i++) {
    const job *j = &w->jobs[i];
    for (int k = 0; j->phase == WAIT && k < j->ways; k++) {
      int number = j->way[k].channel;
      const channel *c = &w->channels[number];
      bool vain = j->way[k].send
        ? c->n < c->capacity || waits_at(w, number, false, i)
        : c->n > 0 || waits_at(w, number, true, i);
      if (vain) fail("a job sleeps though it need not");
    }
  }
}

/* }} */

static void explore (const world *w) {
  bool any = false;
  states++;
  check(w, false);
  for (int i = 0; i < w->njobs; i++)
    for (int cancel = 0; cancel < 2; cancel++) {
      if (!can_step(&w->jobs[i], cancel)) continue;
      world next = *w;
      step(&next, i, cancel);
      any = any || !cancel;
      explore(&next);
    }
  if (!any) check_rest(w);
}

static void add (world *w, int ways, int c0, bool send0, int c1, bool send1,
                 bool may_cancel) {
  job *j = &w->jobs[w->njobs];
  *j = (job){.ways = ways, .may_cancel = may_cancel, .chosen = -1};
  j->way[0].channel = c0;
  j->way[0].send = send0;
  j->way[0].item = send0 ? w->njobs * CHANNELS + 1 : 0;
  j->way[1].channel = c1;
  j->way[1].send = send1;
  j->way[1].item = send1 ? w->njobs * CHANNELS + 2 : 0;
  w->njobs++;
}

enum { RECV, SEND };

static void explore_with (const char *name, int capacity, int what) {
  world w;
  memset(&w, 0, sizeof w);
  scenario = name;
  for (int i = 0; i < CHANNELS; i++) w.channels[i].capacity = capacity;
  add(&w, 2, 0, RECV, 1, RECV, what < 2);
  if (what == 0) {
    add(&w, 1, 0, SEND, 0, RECV, false);
    add(&w, 1, 1, SEND, 0, RECV, capacity == 0);
  }
  else if (what == 1) {
    add(&w, 2, 0, SEND, 1, SEND, false);
    add(&w, 1, 1, SEND, 0, RECV, false);
  }
  else {
    add(&w, 2, 0, SEND, 1, RECV, false);
    add(&w, 2, 1, SEND, 0, RECV, false);
  }
  explore(&w);
}

int main (void) {
  for (int capacity = 0; capacity < 2; capacity++) {
    explore_with("a select and two senders", capacity, 0);
    explore_with("two selects and a sender", capacity, 1);
    explore_with("three selects in a ring", capacity, 2);
  }
  printf("ok: %ld states\n", states);
  return 0;
}
