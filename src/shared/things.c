/*
** things.c: see things.h. Stores of which the last one counts are in an
** order that a process killed in between can't spoil.
*/

#include <string.h>

#include "engine/road.h"
#include "shared/things.h"

/* Gives the lock up and tells all who were served; those of the caller's own
** state at once. */
static void finish (lc_thing *t, lc_guest *g, lc_rings *rings) {
  lc_thing_unlock(t);
  lc_guest_call(rings);
  if (g) lc_guest_look(g);
}

/* The rings are full: makes room, while others may come in between. */
static void make_room (lc_thing *t, lc_rings *rings) {
  lc_thing_unlock(t);
  lc_guest_call(rings);
  (void)lc_thing_lock(t);
}

bool lc_thing_withdraw (lc_wait *w) {
  (void)lc_thing_lock(w->thing);
  bool waits = w->ticket->result == LC_TICKET_WAITS;
  if (waits) lc_chain_remove(&w->ticket->in);
  lc_thing_unlock(w->thing);
  return waits;
}

static int join (lc_thing *t, lc_wait *w) {
  if (w) lc_thing_join(t, w);
  return LC_TICKET_WAITS;
}

/* {{ Lock */

static void set_owner (lc_lockthing *l, lc_ref sleeper, uint32_t place,
                       uint64_t task) {
  atomic_store(&l->task, 0);
  l->sleeper = sleeper;
  l->place = place;
  l->where[0] = '\0';
  atomic_store(&l->task, task);
}

static bool is_owner (const lc_lockthing *l, const lc_ticket *t) {
  return l->task == t->task && l->sleeper == t->sleeper;
}

static int grade (const lc_lockthing *l) {
  return l->abandoned ? LC_BEREFT : LC_GRANTED;
}

/* To the first who waits, or to nobody. */
static void pass_on (lc_lockthing *l, lc_rings *rings) {
  lc_ticket *t = lc_thing_first(&l->thing);
  atomic_store(&l->task, 0);
  if (!t) return;
  set_owner(l, t->sleeper, t->place, t->task);
  (void)lc_ticket_grant(t, grade(l), rings);
}

/* Who died had the lock's lock, and may have been passing it on. */
static void lock_lock (lc_lockthing *l, lc_rings *rings) {
  rings->n = 0;
  if (!lc_thing_lock(&l->thing)) return;
  lc_ticket *t = lc_thing_first(&l->thing);
  if (t && (!l->task || is_owner(l, t))) pass_on(l, rings);
}

int lc_lock_take (lc_lockthing *l, lc_guest *g, uint64_t task, lc_wait *w) {
  lc_rings rings;
  lock_lock(l, &rings);
  int result = LC_TICKET_WAITS;
  if (l->task) (void)join(&l->thing, w);
  else {
    set_owner(l, lc_commons_ref(g->sleeper), lc_commons_place(), task);
    result = grade(l);
  }
  finish(&l->thing, NULL, &rings);
  return result;
}

static lc_owning owning (const lc_lockthing *l, const lc_guest *g,
                         uint64_t task) {
  if (!l->task) return LC_NOBODY;
  if (l->sleeper != lc_commons_ref(g->sleeper)) return LC_SOMEBODY;
  return l->task == task || !task ? LC_ME : LC_SOMEBODY;
}

lc_owning lc_lock_owner (lc_lockthing *l, const lc_guest *g, uint64_t task) {
  lc_rings rings;
  lock_lock(l, &rings);
  lc_owning who = owning(l, g, task);
  finish(&l->thing, NULL, &rings);
  return who;
}

bool lc_lock_abandoned (lc_lockthing *l) {
  lc_rings rings;
  lock_lock(l, &rings);
  bool abandoned = l->abandoned;
  finish(&l->thing, NULL, &rings);
  return abandoned;
}

static bool has_in_queue (lc_thing *t, const lc_ticket *k) {
  lc_chain_each(l, &t->queue)
    if (lc_container(l, lc_ticket, in) == k) return true;
  return false;
}

/* Nobody, too, where `k` is a ticket that does not wait for it any more. */
static void look (lc_lockthing *l, const lc_ticket *k, lc_holder *h,
                  lc_rings *rings) {
  lock_lock(l, rings);
  *h = (lc_holder){.lock = lc_commons_ref(l), .sleeper = l->sleeper,
                   .task = !k || has_in_queue(&l->thing, k) ? l->task : 0};
  memcpy(h->where, l->where, sizeof h->where);
  lc_thing_unlock(&l->thing);
}

void lc_lock_look (lc_lockthing *l, lc_holder *h) {
  lc_rings rings;
  look(l, NULL, h, &rings);
  lc_guest_call(&rings);
}

void lc_lock_note (lc_lockthing *l, const char *where) {
  lc_rings rings;
  size_t len = strlen(where), most = sizeof l->where - 1;
  if (len > most) where += len - most;
  lock_lock(l, &rings);
  strcpy(l->where, where);
  finish(&l->thing, NULL, &rings);
}

/* With the lock of the commons: the lock that a ticket waits for; or NULL. */
static lc_lockthing *wanted (const lc_ticket *k) {
  lc_common *c = k ? lc_commons_at(k->thing) : NULL;
  return c && c->kind == LC_LOCK_KIND
    ? lc_container(c, lc_lockthing, thing.common) : NULL;
}

int lc_lock_circle (lc_lockthing *l, const lc_guest *g, uint64_t task,
                    lc_holder *list, int most) {
  const lc_holder *last = list;
  const lc_ticket *k = NULL;
  lc_rings rings = {.n = 0};
  bool found = false;
  int n = 0;
  lc_commons_lock();
  while (l && n < most && !found && rings.n == 0) {
    last = &list[n];
    look(l, k, &list[n++], &rings);
    found = last->task == task && last->sleeper == lc_commons_ref(g->sleeper);
    k = last->task ? lc_commons_waits(last->sleeper, last->task) : NULL;
    l = wanted(k);
  }
  lc_commons_unlock();
  lc_guest_call(&rings);   /* somebody has died with one */
  return found ? n : 0;
}

static lc_owning give_up (lc_lockthing *l, lc_guest *g, uint64_t task,
                          bool abandoned) {
  lc_rings rings;
  lock_lock(l, &rings);
  lc_owning who = owning(l, g, task);
  if (who == LC_ME) {
    l->abandoned = abandoned;
    pass_on(l, &rings);
  }
  finish(&l->thing, g, &rings);
  return who;
}

lc_owning lc_lock_release (lc_lockthing *l, lc_guest *g, uint64_t task) {
  return give_up(l, g, task, false);
}

void lc_lock_abandon (lc_lockthing *l, lc_guest *g, uint64_t task) {
  (void)give_up(l, g, task, true);
}

static void bury_lock (lc_common *c, uint32_t place) {
  lc_lockthing *l = lc_container(c, lc_lockthing, thing.common);
  lc_rings rings;
  lock_lock(l, &rings);
  lc_thing_bury(&l->thing, place);
  if (l->task && l->place == place) {
    l->abandoned = true;
    pass_on(l, &rings);
  }
  lc_thing_unlock(&l->thing);   /* everybody is shaken next */
}

/* }} */

/* {{ Semaphore */

static lc_ticket *stake_of (lc_ticket *t) {
  return (lc_ticket *)(void *)(lc_commons_base + t->what);
}

/* One permit more: for the first who waits, or to be had. */
static void add_permit (lc_semaphorething *s, lc_rings *rings) {
  if (rings->n == LC_RINGS) make_room(&s->thing, rings);
  lc_ticket *t = lc_thing_first(&s->thing);
  if (!t) {
    s->permits++;
    return;
  }
  stake_of(t)->what++;
  (void)lc_ticket_grant(t, LC_GRANTED, rings);
}

lc_ticket *lc_semaphore_join (lc_semaphorething *s, lc_guest *g) {
  lc_ticket *stake = lc_commons_ticket(g->sleeper);
  if (!stake) return NULL;
  stake->what = 0;
  (void)lc_thing_lock(&s->thing);
  lc_chain_append(&s->stakes, &stake->in);
  lc_thing_unlock(&s->thing);
  return stake;
}

static void end_stake (lc_semaphorething *s, lc_ticket *stake,
                       lc_rings *rings) {
  int64_t n = stake->what, room = s->initial - s->permits;
  lc_chain_remove(&stake->in);
  for (n = n < room ? n : room; n > 0; n--) add_permit(s, rings);
}

void lc_semaphore_leave (lc_semaphorething *s, lc_guest *g, lc_ticket *stake,
                         bool last) {
  lc_rings rings = {.n = 0};
  (void)lc_thing_lock(&s->thing);
  if (!last) stake->what = 0;
  end_stake(s, stake, &rings);
  finish(&s->thing, g, &rings);
  lc_commons_unticket(stake);
}

int lc_semaphore_take (lc_semaphorething *s, lc_ticket *stake, lc_wait *w) {
  (void)lc_thing_lock(&s->thing);
  int result = LC_TICKET_WAITS;
  if (s->permits > 0) {
    s->permits--;
    stake->what++;
    result = LC_GRANTED;
  }
  else {
    if (w) w->ticket->what = lc_commons_ref(stake);
    (void)join(&s->thing, w);
  }
  lc_thing_unlock(&s->thing);
  return result;
}

/* Somebody else may give back what one has taken. */
static lc_ticket *stake_to_reduce (lc_semaphorething *s, lc_ticket *stake) {
  if (stake->what > 0) return stake;
  lc_chain_each(l, &s->stakes) {
    lc_ticket *other = lc_container(l, lc_ticket, in);
    if (other->what > 0) return other;
  }
  return NULL;
}

void lc_semaphore_release (lc_semaphorething *s, lc_guest *g,
                           lc_ticket *stake) {
  lc_rings rings = {.n = 0};
  (void)lc_thing_lock(&s->thing);
  lc_ticket *reduced = stake_to_reduce(s, stake);
  if (reduced) reduced->what--;
  add_permit(s, &rings);
  finish(&s->thing, g, &rings);
}

static void bury_semaphore (lc_common *c, uint32_t place) {
  lc_semaphorething *s = lc_container(c, lc_semaphorething, thing.common);
  lc_rings rings = {.n = 0};
  if (lc_thing_lock(&s->thing)) lc_chain_repair(&s->stakes);
  lc_thing_bury(&s->thing, place);
  lc_chain_each(l, &s->stakes) {
    lc_ticket *stake = lc_container(l, lc_ticket, in);
    if (stake->place == place) end_stake(s, stake, &rings);
  }
  lc_thing_unlock(&s->thing);
}

/* }} */

/* {{ Event */

/* Also where one died who had set it. */
static void serve_event (lc_eventthing *e, lc_rings *rings) {
  lc_ticket *t;
  while (atomic_load(&e->set) && (t = lc_thing_first(&e->thing)))
    if (!lc_ticket_grant(t, LC_GRANTED, rings)) make_room(&e->thing, rings);
}

void lc_event_set (lc_eventthing *e, lc_guest *g) {
  lc_rings rings = {.n = 0};
  (void)lc_thing_lock(&e->thing);
  atomic_store(&e->set, true);
  serve_event(e, &rings);
  finish(&e->thing, g, &rings);
}

void lc_event_clear (lc_eventthing *e) {
  (void)lc_thing_lock(&e->thing);
  atomic_store(&e->set, false);
  lc_thing_unlock(&e->thing);
}

int lc_event_wait (lc_eventthing *e, lc_wait *w) {
  if (atomic_load(&e->set)) return LC_GRANTED;
  (void)lc_thing_lock(&e->thing);
  int result = atomic_load(&e->set) ? LC_GRANTED : join(&e->thing, w);
  lc_thing_unlock(&e->thing);
  return result;
}

static void bury_event (lc_common *c, uint32_t place) {
  lc_eventthing *e = lc_container(c, lc_eventthing, thing.common);
  lc_rings rings = {.n = 0};
  (void)lc_thing_lock(&e->thing);
  lc_thing_bury(&e->thing, place);
  serve_event(e, &rings);
  lc_thing_unlock(&e->thing);
}

/* }} */

/* {{ Barrier. A ticket's `what` is the phase in which it came. */

/* Is the caller the last to come? Those who have given up are found out only
** when they would matter. */
static bool is_last (lc_barrierthing *b) {
  if (++b->arrived < b->parties) return false;
  b->arrived = 1;
  lc_chain_each(l, &b->thing.queue)
    if (lc_container(l, lc_ticket, in)->what == b->phase) b->arrived++;
  return b->arrived >= b->parties;
}

static void begin_phase (lc_barrierthing *b) {
  b->phase++;
  b->arrived = 0;
}

/* Those of former phases go; the last who come find them first. */
static void release_former (lc_barrierthing *b, lc_rings *rings, bool died) {
  int order = 0;
  lc_ticket *t;
  while ((t = lc_thing_first(&b->thing)) && t->what < b->phase) {
    int result = died ? UV_EPIPE : order + 1;
    if (lc_ticket_grant(t, result, rings)) order++;
    else make_room(&b->thing, rings);
  }
}

/* Who died may have come, or not. */
static void lock_barrier (lc_barrierthing *b, lc_rings *rings) {
  rings->n = 0;
  if (!lc_thing_lock(&b->thing)) return;
  release_former(b, rings, false);
  b->arrived = b->parties;
}

int lc_barrier_wait (lc_barrierthing *b, lc_guest *g, lc_wait *w) {
  lc_rings rings;
  int result = LC_TICKET_WAITS;
  lock_barrier(b, &rings);
  if (is_last(b)) {
    begin_phase(b);
    release_former(b, &rings, false);
    result = (int)b->parties;
  }
  else {
    w->ticket->what = b->phase;
    (void)join(&b->thing, w);
  }
  finish(&b->thing, g, &rings);
  return result;
}

static void bury_barrier (lc_common *c, uint32_t place) {
  lc_barrierthing *b = lc_container(c, lc_barrierthing, thing.common);
  lc_rings rings;
  lock_barrier(b, &rings);
  lc_thing_bury(&b->thing, place);
  begin_phase(b);
  release_former(b, &rings, true);
  lc_thing_unlock(&b->thing);
}

/* }} */

/* {{ Arrays and maps */

/* As many as there are rings for; the number that is left to do. */
static int64_t notify_some (lc_arraything *a, int64_t index, int64_t n,
                            lc_rings *rings) {
  lc_chain_each(l, &a->thing.queue) {
    lc_ticket *t = lc_container(l, lc_ticket, in);
    if (n == 0 || rings->n == LC_RINGS) break;
    if (t->what == index && lc_ticket_grant(t, LC_GRANTED, rings)) n--;
  }
  return n;
}

int64_t lc_array_notify (lc_arraything *a, lc_guest *g, int64_t index,
                         int64_t n) {
  lc_rings rings = {.n = 0};
  int64_t left = n;
  (void)lc_thing_lock(&a->thing);
  while ((left = notify_some(a, index, left, &rings)) > 0 &&
         rings.n == LC_RINGS)
    make_room(&a->thing, &rings);
  finish(&a->thing, g, &rings);
  return n - left;
}

static void bury_array (lc_common *c, uint32_t place) {
  lc_arraything *a = lc_container(c, lc_arraything, thing.common);
  (void)lc_thing_lock(&a->thing);
  lc_thing_bury(&a->thing, place);
  lc_thing_unlock(&a->thing);
}

lc_bulk *lc_bulk_of (lc_common *c) {
  if (c->kind == LC_STRAIT_KIND)
    return &lc_container(c, lc_straitthing, thing.common)->bulk;
  if (c->kind == LC_ARRAY_KIND)
    return &lc_container(c, lc_arraything, thing.common)->bulk;
  if (c->kind == LC_MAP_KIND)
    return &lc_container(c, lc_mapthing, common)->bulk;
  return NULL;
}

static void drop_bulk (lc_bulk *bulk) {
  uint64_t road = atomic_load(&bulk->road);
  if (road) (void)lc_road_drop(road);
}

static void empty_array (lc_common *c) {
  drop_bulk(&lc_container(c, lc_arraything, thing.common)->bulk);
}

static void empty_map (lc_common *c) {
  drop_bulk(&lc_container(c, lc_mapthing, common)->bulk);
}

/* }} */

static const lc_commonkind
  lock_kind = {sizeof(lc_lockthing), bury_lock, NULL},
  semaphore_kind = {sizeof(lc_semaphorething), bury_semaphore, NULL},
  event_kind = {sizeof(lc_eventthing), bury_event, NULL},
  barrier_kind = {sizeof(lc_barrierthing), bury_barrier, NULL},
  counter_kind = {sizeof(lc_counterthing), NULL, NULL},
  array_kind = {sizeof(lc_arraything), bury_array, empty_array},
  map_kind = {sizeof(lc_mapthing), NULL, empty_map};

const lc_commonkind *const lc_commons_kinds[] = {
  [LC_LOCK_KIND] = &lock_kind,
  [LC_SEMAPHORE_KIND] = &semaphore_kind,
  [LC_EVENT_KIND] = &event_kind,
  [LC_BARRIER_KIND] = &barrier_kind,
  [LC_COUNTER_KIND] = &counter_kind,
  [LC_ARRAY_KIND] = &array_kind,
  [LC_MAP_KIND] = &map_kind
};
