/*
** guest.c: inboxes, tickets and rings. See guest.h.
*/

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "engine/road.h"
#include "kernel/wake.h"
#include "shared/guest.h"

enum { KEPT_WAITS = 4 };

/* Guards what sleepers say of guests of this process. */
static pthread_mutex_t beds = PTHREAD_MUTEX_INITIALIZER;

/* {{ Things and tickets */

void lc_thing_init (lc_thing *t) {
  lc_chain_init(&t->queue);
  lc_robust_init(&t->lock);
}

static lc_ticket *ticket_of (lc_chain *l) {
  return lc_container(l, lc_ticket, in);
}

static void repair (lc_thing *t) {
  lc_chain_repair(&t->queue);
  lc_chain_each(l, &t->queue)
    if (ticket_of(l)->result != LC_TICKET_WAITS) lc_chain_remove(l);
}

bool lc_thing_lock (lc_thing *t) {
  if (!lc_robust_lock(&t->lock)) return false;
  repair(t);
  return true;
}

void lc_thing_unlock (lc_thing *t) {
  lc_robust_unlock(&t->lock);
}

void lc_thing_join (lc_thing *t, lc_wait *w) {
  w->ticket->result = LC_TICKET_WAITS;
  lc_chain_append(&t->queue, &w->ticket->in);
}

lc_ticket *lc_thing_first (lc_thing *t) {
  lc_chain *l = lc_chain_next(&t->queue);
  return l == &t->queue ? NULL : ticket_of(l);
}

void lc_thing_bury (lc_thing *t, uint32_t place) {
  lc_chain_each(l, &t->queue)
    if (ticket_of(l)->place == place) lc_chain_remove(l);
}

/* True: the inbox was empty. */
static bool put_in (lc_sleeper *s, lc_ticket *c) {
  lc_ref first = atomic_load(&s->inbox);
  do atomic_store(&c->next, first);
  while (!atomic_compare_exchange_weak(&s->inbox, &first, lc_commons_ref(c)));
  return first == 0;
}

bool lc_ticket_grant (lc_ticket *c, int result, lc_rings *rings) {
  lc_sleeper *s = lc_commons_at(c->sleeper);
  if (rings->n == LC_RINGS) return false;
  c->result = result;
  lc_chain_remove(&c->in);
  if (put_in(s, c)) rings->sleepers[rings->n++] = s;
  return true;
}

/* }} */

/* {{ Ringing */

static void release (lc_guest *g) {
  if (atomic_fetch_sub(&g->references, 1) > 1) return;
  lc_port_release(g->port);
  lc_free(g, sizeof *g);
}

/* As soon as the note is posted, the guest and its state may be gone. */
static void ring_here (lc_sleeper *s) {
  (void)pthread_mutex_lock(&beds);
  lc_guest *g = atomic_load(&s->guest);
  if (atomic_load(&s->place) != lc_commons_place()) g = NULL;
  if (g && atomic_exchange(&g->posted, true)) g = NULL;
  lc_port *port = g ? g->port : NULL;
  if (g) {
    atomic_fetch_add(&g->references, 1);
    lc_port_hold(port);
  }
  (void)pthread_mutex_unlock(&beds);
  if (!g) return;
  if (!lc_port_post(port, &g->note)) release(g);
  lc_port_release(port);
}

/* {{ Bells */

enum { BELLS = 64 };

static pthread_mutex_t belfry = PTHREAD_MUTEX_INITIALIZER;

/* The belfry's. */
static struct { uint64_t id; int fd; } bells[BELLS];

/* Rings a bell that is here. */
static bool ring_known (uint64_t id) {
  unsigned i = (unsigned)(id % BELLS);
  (void)pthread_mutex_lock(&belfry);
  bool known = bells[i].id == id;
  if (known) lc_wake_signal(bells[i].fd);
  (void)pthread_mutex_unlock(&belfry);
  return known;
}

static void keep_bell (uint64_t id, int fd) {
  unsigned i = (unsigned)(id % BELLS);
  (void)pthread_mutex_lock(&belfry);
  if (bells[i].id) (void)close(bells[i].fd);
  bells[i].id = id;
  bells[i].fd = fd;
  (void)pthread_mutex_unlock(&belfry);
}

/* A state of the root may have begun to wait before there were others: then
** it has none, and the root itself rings it. The road's lock comes before the
** belfry's nowhere, nor the other way round. */
static void ring_far (lc_sleeper *s) {
  uint64_t id = atomic_load(&s->bell);
  if (id && ring_known(id)) return;
  int fd = id ? lc_road_get(id) : UV_ENOENT;
  if (fd < 0) lc_road_ring(lc_commons_ref(s));
  else {
    lc_wake_signal(fd);
    keep_bell(id, fd);
  }
}

void lc_guest_hush (void) {
  (void)pthread_mutex_lock(&belfry);
  for (unsigned i = 0; i < BELLS; i++) {
    if (bells[i].id) (void)close(bells[i].fd);
    bells[i].id = 0;
  }
  (void)pthread_mutex_unlock(&belfry);
}

static void on_call (void *who) {
  const lc_guest *g = who;
  if (g->sleeper) ring_here(g->sleeper);
}

/* From now on other processes can ring the state. */
static int hang_bell (lc_guest *g) {
  uint64_t id;
  int fd = lc_port_reach(g->port, on_call, g);
  int err = fd < 0 ? fd : lc_road_put_own(fd, &id);
  if (!err) atomic_store(&g->sleeper->bell, id);
  return err;
}

/* Must be so in a process that is not the root: see ring_far. */
static bool is_reachable (lc_guest *g) {
  if (atomic_load(&g->sleeper->bell) || !lc_commons_shared()) return true;
  return hang_bell(g) == 0 || lc_commons_self() == 0;
}

static void drop_bell (lc_guest *g) {
  uint64_t id = atomic_exchange(&g->sleeper->bell, 0);
  (void)lc_port_reach(g->port, NULL, NULL);
  if (id) (void)lc_road_drop(id);
}

/* }} */

void lc_guest_ring_own (lc_ref sleeper) {
  lc_sleeper *s = lc_commons_at(sleeper);
  if (s && lc_commons_base) ring_here(s);
}

void lc_guest_ring (lc_sleeper *s) {
  if (atomic_load(&s->place) == lc_commons_place()) ring_here(s);
  else ring_far(s);
}

void lc_guest_call (lc_rings *rings) {
  while (rings->n > 0) lc_guest_ring(rings->sleepers[--rings->n]);
}

/* }} */

/* {{ What has come */

/* Turns the inbox round: the first first. */
static lc_ref reverse (lc_ref list) {
  lc_ref first = 0;
  while (list) {
    lc_ticket *c = lc_commons_at(list);
    lc_ref next = atomic_load(&c->next);
    atomic_store(&c->next, first);
    first = list;
    list = next;
  }
  return first;
}

/* Once each. */
static void tell (lc_guest *g, lc_wait *w) {
  if (w->told) return;
  w->told = true;
  if (w->op) g->come(w);
}

static void take_inbox (lc_guest *g) {
  lc_ref list = reverse(atomic_exchange(&g->sleeper->inbox, 0));
  while (list) {
    lc_ticket *c = lc_commons_at(list);
    list = atomic_load(&c->next);
    tell(g, c->wait);
  }
}

/* Looks at all tickets: who has granted one may have died before he said so. */
static void look_about (lc_guest *g) {
  for (lc_link *l = g->waits.next, *next; l != &g->waits; l = next) {
    lc_wait *w = lc_container(l, lc_wait, mine);
    next = l->next;
    (void)lc_thing_lock(w->thing);
    bool granted = w->ticket->result != LC_TICKET_WAITS;
    lc_thing_unlock(w->thing);
    if (granted) tell(g, w);
  }
}

/* The bells of who has died are given up. */
void lc_guest_look (lc_guest *g) {
  if (atomic_exchange(&g->sleeper->shaken, false)) {
    lc_guest_hush();
    look_about(g);
  }
  if (atomic_load(&g->sleeper->inbox)) take_inbox(g);
}

static void on_note (lc_note *note, struct lc_loop *loop) {
  lc_guest *g = lc_container(note, lc_guest, note);
  (void)loop;
  atomic_store(&g->posted, false);
  lc_port_discount(g->port);   /* who is woken counts */
  if (g->sleeper) lc_guest_look(g);
  release(g);
}

/* }} */

/* {{ Guests and waits */

static lc_guest *make_guest (lc_port *port, void *loop) {
  lc_guest *g = lc_alloc(sizeof *g);
  if (!g) return NULL;
  memset(g, 0, sizeof *g);
  g->note.arrive = on_note;
  g->port = port;
  g->loop = loop;
  lc_port_hold(port);
  lc_list_init(&g->waits);
  lc_list_init(&g->free);
  lc_list_init(&g->held);
  atomic_init(&g->references, 1);
  return g;
}

int lc_guest_new (lc_port *port, void *loop, void (*come) (lc_wait *w),
                  lc_guest **made) {
  lc_guest *g = make_guest(port, loop);
  int err = g ? lc_commons_enter() : UV_ENOMEM;
  if (err && g) release(g);
  if (err) return err;
  g->come = come;
  g->sleeper = lc_commons_sleeper();
  if (!g->sleeper) {
    lc_commons_leave();
    release(g);
    return UV_ENOMEM;
  }
  (void)pthread_mutex_lock(&beds);
  atomic_store(&g->sleeper->guest, g);
  (void)pthread_mutex_unlock(&beds);
  *made = g;
  return 0;
}

static void free_wait (lc_wait *w) {
  lc_commons_unticket(w->ticket);
  lc_free(w, sizeof *w);
}

static void free_waits (lc_link *list) {
  lc_link *l;
  while ((l = lc_list_shift(list))) free_wait(lc_container(l, lc_wait, mine));
}

void lc_guest_leave (lc_guest *g) {
  lc_assert(lc_list_empty(&g->waits));
  (void)pthread_mutex_lock(&beds);
  atomic_store(&g->sleeper->guest, NULL);
  (void)pthread_mutex_unlock(&beds);
  free_waits(&g->free);
  drop_bell(g);
  lc_commons_awake(g->sleeper);
  lc_commons_leave();
  g->sleeper = NULL;
  release(g);
}

static lc_wait *make_wait (lc_guest *g) {
  lc_wait *w = lc_alloc(sizeof *w);
  if (!w) return NULL;
  w->ticket = lc_commons_ticket(g->sleeper);
  if (!w->ticket) {
    lc_free(w, sizeof *w);
    return NULL;
  }
  w->guest = g;
  lc_list_init(&w->mine);
  w->ticket->wait = w;
  return w;
}

lc_wait *lc_guest_wait (lc_guest *g, lc_thing *thing, uint64_t task) {
  if (!is_reachable(g)) return NULL;
  lc_link *l = lc_list_shift(&g->free);
  lc_wait *w = l ? lc_container(l, lc_wait, mine) : make_wait(g);
  if (!w) return NULL;
  if (l) g->nfree--;
  w->thing = thing;
  w->op = w->hold = NULL;
  w->told = false;
  w->ticket->result = LC_TICKET_WAITS;
  atomic_store_explicit(&w->ticket->task, task, memory_order_relaxed);
  atomic_store_explicit(&w->ticket->thing, lc_commons_ref(thing),
                        memory_order_release);
  w->ticket->what = 0;
  lc_list_append(&g->waits, &w->mine);
  return w;
}

/* What is in the inbox must not be used again before it is out of there. */
void lc_guest_return (lc_wait *w) {
  lc_guest *g = w->guest;
  w->op = NULL;
  atomic_store_explicit(&w->ticket->thing, 0, memory_order_release);
  if (!w->told && w->ticket->result != LC_TICKET_WAITS) lc_guest_look(g);
  lc_list_remove(&w->mine);
  if (g->nfree >= KEPT_WAITS) {
    free_wait(w);
    return;
  }
  lc_list_append(&g->free, &w->mine);
  g->nfree++;
}

/* }} */
