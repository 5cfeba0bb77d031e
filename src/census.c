/*
** census.c: counting holders, and garbage. See census.h.
**
** Channels that have died are emptied outside the mutex, one after another:
** what one of them holds dies in turn, however long the chain, without
** recursion. A block is freed when it is empty and no message holds it.
*/

#include "alloc.h"
#include "census.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Of this thread: dead channels that are to be emptied. */
static _Thread_local lc_exchange *dying;
static _Thread_local bool burying;

/* {{ Garbage */

/* The shared object, if it is a channel as x is. */
static lc_exchange *channel_of (lc_shared *s, const lc_exchange *x) {
  if (s->kind != x->shared.kind) return NULL;
  return lc_container(s, lc_exchange, shared);
}

/* Calls `visit` for each channel that a freight at x holds. */
static lc_exchange *visit_held (lc_exchange *x, lc_exchange *list,
                                lc_exchange *(*visit) (lc_exchange *y,
                                                       lc_exchange *list)) {
  lc_list_each(l, &x->freights) {
    lc_freight *f = lc_container(l, lc_freight, link);
    for (uint32_t i = 0; i < f->message.nheld; i++) {
      lc_exchange *y = channel_of(f->message.held[i], x);
      if (y) list = visit(y, list);
    }
  }
  return list;
}

/* Counts one hold; a channel that is new joins the end of the list. */
static lc_exchange *count (lc_exchange *y, lc_exchange *last) {
  y->inner++;
  if (y->counted) return last;
  y->counted = true;
  y->next = NULL;
  last->next = y;
  return y;
}

/* Lists x and what can be reached from it, with the holds inside. */
static void list_reachable (lc_exchange *x) {
  lc_exchange *last = x;
  x->counted = true;
  x->next = NULL;
  for (lc_exchange *y = x; y; y = y->next) last = visit_held(y, last, count);
}

/* What a living channel holds lives. `changed` is not a channel: it tells
** that there was one. */
static lc_exchange *revive (lc_exchange *y, lc_exchange *changed) {
  if (y->alive) return changed;
  y->alive = true;
  return y;
}

/* Who is held from outside lives, and what these hold. */
static void find_living (lc_exchange *x) {
  lc_exchange *changed = x;
  for (lc_exchange *y = x; y; y = y->next)
    y->alive = y->states > 0 || y->flights > y->inner;
  while (changed) {
    changed = NULL;
    for (lc_exchange *y = x; y; y = y->next)
      if (y->alive) changed = visit_held(y, changed, revive);
  }
}

static void die (lc_exchange *x) {
  x->dead = true;
  x->grave = dying;
  dying = x;
}

/* Nobody but messages holds x: is it out of reach? */
static void look_for_garbage (lc_exchange *x) {
  list_reachable(x);
  find_living(x);
  while (x) {
    lc_exchange *y = x;
    x = y->next;
    bool dead = !y->alive && !y->dead;
    y->counted = y->alive = false;
    y->inner = 0;
    if (dead) die(y);
  }
}

static void look_after (lc_exchange *x) {
  if (x->dead || x->states > 0) return;
  if (x->flights == 0) die(x);
  else look_for_garbage(x);
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

/* Their number has changed. */
static void review (lc_exchange *x) {
  bool alone = x->states == 1 && x->flights == 0;
  if (x->states > 0) lc_exchange_review(x, alone, alone && x->spread);
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

void lc_census_load (lc_exchange *x, lc_freight *f) {
  pthread_mutex_lock(&mutex);
  lc_list_append(&x->freights, &f->link);
  pthread_mutex_unlock(&mutex);
}

void lc_census_unload (lc_freight *f) {
  pthread_mutex_lock(&mutex);
  lc_list_remove(&f->link);
  pthread_mutex_unlock(&mutex);
}
