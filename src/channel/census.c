/*
** census.c: counting holders, and garbage. See census.h.
**
** Channels that have died are emptied outside the mutex, one after another:
** what one of them holds dies in turn, however long the chain, without
** recursion. A block is freed when it is empty and no message holds it.
*/

#include "base/alloc.h"
#include "channel/census.h"
#include "channel/dock.h"

enum { SURVEYED = 64 };   /* channels looked at for each event */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Of this thread: dead channels that are to be emptied. */
static _Thread_local lc_exchange *dying;
static _Thread_local bool burying;

/* {{ Garbage */

/* The channels that are looked at. */
typedef struct lc_survey {
  lc_exchange *first, *last;   /* by `next` */
  lc_exchange *todo;           /* by `todo`: live, not yet followed */
  uint32_t n;
} lc_survey;

/* Those that no state holds, but messages do, and that hold others. */
static lc_link suspects = {&suspects, &suspects};
static uint32_t events;   /* since the last survey */
static uint32_t due;      /* how many there must be for the next */

/* The shared object, if it is a channel as x is. */
static lc_exchange *channel_of (lc_shared *s, const lc_exchange *x) {
  if (s->kind != x->shared.kind) return NULL;
  return lc_container(s, lc_exchange, shared);
}

/* Calls `visit` for each hold that a freight at x has. */
static void visit_held (const lc_exchange *x, lc_survey *s,
                        void (*visit) (lc_exchange *y, lc_survey *s)) {
  lc_list_each(l, &x->freights) {
    const lc_message *m = &lc_container(l, lc_freight, link)->message;
    for (uint32_t i = 0; i < m->nheld; i++) {
      lc_exchange *y = channel_of(m->held[i], x);
      if (y) visit(y, s);
    }
  }
}

static void include (lc_exchange *x, lc_survey *s) {
  if (x->counted) return;
  x->counted = true;
  x->inner = 0;
  x->next = NULL;
  if (s->last) s->last->next = x;
  else s->first = x;
  s->last = x;
  s->n++;
}

static void count_hold (lc_exchange *x, lc_survey *s) {
  include(x, s);
  x->inner++;
}

static void revive (lc_exchange *x, lc_survey *s) {
  if (x->alive) return;
  x->alive = true;
  x->todo = s->todo;
  s->todo = x;
}

/* All suspects and what can be reached from them, with the holds inside. */
static void find_reachable (lc_survey *s) {
  lc_link *l;
  while ((l = lc_list_shift(&suspects)))
    include(lc_container(l, lc_exchange, suspect), s);
  for (lc_exchange *x = s->first; x; x = x->next)
    visit_held(x, s, count_hold);
}

/* Who is held from outside lives, and what these hold. */
static void find_living (lc_survey *s) {
  for (lc_exchange *x = s->first; x; x = x->next)
    if (x->states > 0 || x->flights > x->inner) revive(x, s);
  while (s->todo) {
    lc_exchange *x = s->todo;
    s->todo = x->todo;
    visit_held(x, s, revive);
  }
}

/* Those in straits. */
static lc_link abroad = {&abroad, &abroad};

static void die (lc_exchange *x) {
  if (x->strait && !lc_list_empty(&x->abroad)) lc_dock_unmoor(x->strait);
  lc_list_remove(&x->abroad);
  lc_list_remove(&x->suspect);
  x->dead = true;
  x->grave = dying;
  dying = x;
}

static void look_for_garbage (void) {
  lc_survey s = {NULL, NULL, NULL, 0};
  find_reachable(&s);
  find_living(&s);
  for (lc_exchange *x = s.first; x; x = x->next) {
    if (!x->alive && !x->dead) die(x);
    x->counted = x->alive = false;
  }
  events = 0;
  due = s.n / SURVEYED;
}

/* One that states or messages do not hold any more. A survey costs as much as
** there is to see, so where that is much, there is one for many events. */
static void look_after (lc_exchange *x) {
  if (x->dead || x->states > 0) return;
  if (x->flights == 0) die(x);
  else if (!lc_list_empty(&x->freights)) {
    lc_list_remove(&x->suspect);
    lc_list_append(&suspects, &x->suspect);
  }
  if (++events >= due && !lc_list_empty(&suspects)) look_for_garbage();
}

/* Is it to be freed? Asked once it may. */
static bool is_over (const lc_exchange *x) {
  return x->dead && x->emptied && x->flights == 0;
}

/* Empties the channels that have died. */
static void bury (void) {
  if (burying) return;
  burying = true;
  while (dying) {
    lc_exchange *x = dying;
    dying = x->grave;
    lc_exchange_empty(x);
    pthread_mutex_lock(&mutex);
    x->emptied = true;
    bool over = is_over(x);
    pthread_mutex_unlock(&mutex);
    if (over) lc_exchange_free(x);
  }
  burying = false;
}

/* }} */

/* {{ Holders */

/* Their number has changed. What is at x itself is no way for others. */
static void review (lc_exchange *x) {
  bool alone = x->states == 1 && x->flights == x->own;
  if (x->strait) lc_dock_count(x->strait, x->states, x->flights);
  else if (x->states > 0) lc_exchange_review(x, alone, alone && x->spread);
}

void lc_census_join (lc_seat *seat) {
  lc_exchange *x = seat->exchange;
  pthread_mutex_lock(&mutex);
  lc_list_append(&x->seats, &seat->all);
  if (++x->states > 1) x->spread = true;
  review(x);
  pthread_mutex_unlock(&mutex);
}

static void return_turns (lc_seat *seat) {
  while (!lc_list_empty(&seat->turns)) {
    lc_turn *turn = lc_container(seat->turns.next, lc_turn, mine);
    lc_exchange_withdraw(turn);
    lc_seat_return(turn);
  }
  lc_batch_free(seat->hand);
  seat->hand = NULL;
}

void lc_census_leave (lc_seat *seat) {
  lc_exchange *x = seat->exchange;
  return_turns(seat);
  pthread_mutex_lock(&mutex);
  lc_list_remove(&seat->all);
  x->states--;
  review(x);
  look_after(x);
  pthread_mutex_unlock(&mutex);
  seat->left = true;
  lc_seat_release(seat);
  bury();
}

lc_seat *lc_census_hold (lc_exchange *x) {
  pthread_mutex_lock(&mutex);
  x->flights++;
  review(x);
  lc_seat *only = x->states > 1 || lc_list_empty(&x->seats) ? NULL
    : lc_container(x->seats.next, lc_seat, all);
  pthread_mutex_unlock(&mutex);
  return only;
}

void lc_census_drop (lc_exchange *x) {
  pthread_mutex_lock(&mutex);
  x->flights--;
  review(x);
  look_after(x);
  bool over = is_over(x);
  pthread_mutex_unlock(&mutex);
  if (over) lc_exchange_free(x);
  bury();
}

/* }} */

/* {{ Abroad */

static bool moor (lc_exchange *x, lc_proxy *p) {
  if (!lc_dock_moor(p)) return false;
  lc_list_append(&abroad, &x->abroad);
  return true;
}

static int emigrate (lc_exchange *x, lc_proxy *p, lc_calls *c) {
  if (!moor(x, p)) return UV_ENOMEM;
  if (lc_exchange_move(x, p, c)) {
    review(x);
    return 0;
  }
  lc_list_remove(&x->abroad);
  lc_dock_unmoor(p);
  return UV_EBUSY;
}

int lc_census_emigrate (lc_exchange *x, const lc_sharedkind *strait) {
  lc_proxy *p;
  lc_calls c;
  if (lc_exchange_strait(x)) return 0;
  int err = lc_strait_new(strait, x->capacity, &p);
  if (err) return err;
  lc_calls_init(&c, NULL);
  pthread_mutex_lock(&mutex);
  bool moved = x->strait != NULL;
  if (!moved) err = emigrate(x, p, &c);
  pthread_mutex_unlock(&mutex);
  if (moved || err) lc_proxy_drop(&p->shared);
  lc_exchange_call(&c);
  return err;
}

static lc_exchange *find (const lc_proxy *p) {
  lc_list_each(l, &abroad) {
    lc_exchange *x = lc_container(l, lc_exchange, abroad);
    if (x->strait == p) return x;
  }
  return NULL;
}

lc_exchange *lc_census_arrive (lc_proxy *p, const lc_sharedkind *kind) {
  lc_exchange *made = lc_exchange_new(kind, 0);
  pthread_mutex_lock(&mutex);
  lc_exchange *x = find(p);
  bool fresh = !x && made && moor(made, p);
  if (fresh) {
    atomic_store(&made->strait, p);
    x = made;
  }
  if (x) {
    x->flights++;
    review(x);
  }
  pthread_mutex_unlock(&mutex);
  if (fresh) return x;
  lc_proxy_drop(&p->shared);
  if (made) lc_exchange_free(made);
  return x;
}

/* }} */

/* How often the message holds x. */
static uint32_t holds_on (const lc_message *m, const lc_exchange *x) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->nheld; i++) n += m->held[i] == &x->shared;
  return n;
}

void lc_census_load (lc_exchange *x, lc_freight *f) {
  uint32_t own = holds_on(&f->message, x);
  pthread_mutex_lock(&mutex);
  f->at = x;
  lc_list_append(&x->freights, &f->link);
  x->own += own;
  if (own > 0) review(x);
  pthread_mutex_unlock(&mutex);
}

void lc_census_unload (lc_freight *f) {
  lc_exchange *x = f->at;
  uint32_t own = holds_on(&f->message, x);
  pthread_mutex_lock(&mutex);
  lc_list_remove(&f->link);
  x->own -= own;
  pthread_mutex_unlock(&mutex);
}
