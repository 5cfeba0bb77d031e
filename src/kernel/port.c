/*
** port.c: notes between threads. See port.h.
**
** The inbox is a stack that posters push on and the owner takes whole; the
** owner's list has them in order. Everything that decides who sleeps is
** sequentially consistent.
*/

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/alloc.h"
#include "kernel/port.h"
#include "kernel/wake.h"

enum { AWAKE, PARKED, POLLING };

enum { SPINS = 2000, VAIN_MAX = 8, SPIN_NS = 100000 };

struct lc_port {
  _Atomic(lc_note *) inbox;   /* the latest first; &closed: takes no more */
  atomic_uint state;          /* of the owner */
  atomic_bool rung;
  atomic_bool guarded;        /* see lc_port_guard */
  atomic_bool others;         /* nothing else will end this sleep */
  atomic_uint asks;           /* bits of lc_ask */
  atomic_uint references;
  lc_note list;               /* the owner's: taken, not arrived */
  unsigned skips, vain;       /* the owner's: see spin */
  int fd;                     /* -1: none yet */
  uint64_t arrived;           /* the owner's, as all that follows */
  struct lc_loop *loop;
  int (*open) (struct lc_loop *loop);
  uint64_t (*nap) (struct lc_loop *loop);
  void (*called) (void *who);
  void *who;
};

static lc_note closed;

lc_port *lc_port_new (void) {
  lc_port *p = lc_alloc(sizeof(*p));
  if (!p) return NULL;
  atomic_init(&p->inbox, NULL);
  atomic_init(&p->state, AWAKE);
  atomic_init(&p->rung, false);
  atomic_init(&p->guarded, false);
  atomic_init(&p->others, false);
  atomic_init(&p->asks, 0);
  atomic_init(&p->references, 1);
  p->list.next = p->list.prev = &p->list;
  p->skips = p->vain = 0;
  p->fd = -1;
  p->arrived = 0;
  p->loop = NULL;
  p->open = NULL;
  p->nap = NULL;
  p->called = NULL;
  p->who = NULL;
  return p;
}

void lc_port_hold (lc_port *p) {
  atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
}

void lc_port_release (lc_port *p) {
  if (!p || atomic_fetch_sub(&p->references, 1) > 1) return;
  if (p->fd >= 0) close(p->fd);
  lc_free(p, sizeof(*p));
}

void lc_port_abandon (lc_port *p) {
  if (p->fd >= 0) close(p->fd);
  p->fd = -1;
}

/* {{ Posting */

static void wake (lc_port *p) {
  if (atomic_load(&p->state) == AWAKE) return;
  unsigned was = atomic_exchange(&p->state, AWAKE);
  if (was == PARKED) lc_wake_unpark(&p->state);
  else if (was == POLLING) lc_wake_signal(p->fd);
}

bool lc_port_post (lc_port *p, lc_note *n) {
  lc_note *head = atomic_load(&p->inbox);
  do {
    if (head == &closed) return false;
    n->next = head;
  } while (!atomic_compare_exchange_weak(&p->inbox, &head, n));
  wake(p);
  return true;
}

void lc_port_ring (lc_port *p) {
  int saved = errno;
  atomic_store(&p->rung, true);
  wake(p);
  errno = saved;
}

void lc_port_ask (lc_port *p, lc_ask what) {
  atomic_fetch_or(&p->asks, (unsigned)what);
  lc_port_ring(p);
}

const atomic_uint *lc_port_asks (const lc_port *p) {
  return &p->asks;
}

unsigned lc_port_asked (lc_port *p) {
  if (!atomic_load_explicit(&p->asks, memory_order_relaxed)) return 0;
  return atomic_exchange(&p->asks, 0);
}

bool lc_port_is_asleep (const lc_port *p) {
  return atomic_load(&p->state) != AWAKE;
}

bool lc_port_needs_others (const lc_port *p) {
  return lc_port_is_asleep(p) && atomic_load(&p->others);
}

bool lc_port_is_forlorn (const lc_port *p) {
  return atomic_load(&p->state) != AWAKE && !atomic_load(&p->guarded);
}

/* }} */

/* {{ Arriving */

/* Puts a stack of notes, the latest first, to the end of the list. */
static void put_last (lc_port *p, lc_note *stack) {
  lc_note *end = &p->list;
  while (stack) {
    lc_note *n = stack;
    stack = n->next;
    n->next = end;
    n->prev = end->prev;
    end->prev->next = n;
    end->prev = n;
    end = n;
  }
}

static void take_inbox (lc_port *p) {
  lc_note *head = atomic_load_explicit(&p->inbox, memory_order_relaxed);
  if (!head || head == &closed) return;
  put_last(p, atomic_exchange(&p->inbox, NULL));
}

static void remove_note (lc_note *n) {
  n->prev->next = n->next;
  n->next->prev = n->prev;
  n->next = n->prev = NULL;
}

void lc_port_deliver (lc_port *p, struct lc_loop *loop) {
  if (atomic_load_explicit(&p->rung, memory_order_relaxed))
    atomic_store(&p->rung, false);
  take_inbox(p);
  while (p->list.next != &p->list) {
    lc_note *n = p->list.next;
    remove_note(n);
    p->arrived++;
    n->arrive(n, loop);
  }
}

bool lc_port_withdraw (lc_port *p, lc_note *n) {
  take_inbox(p);
  if (!n->prev) return false;
  remove_note(n);
  return true;
}

void lc_port_close (lc_port *p, struct lc_loop *loop) {
  lc_note *last = atomic_exchange(&p->inbox, &closed);
  if (last != &closed) put_last(p, last);
  lc_port_deliver(p, loop);
}

/* }} */

/* {{ Sleeping */

static bool is_quiet (lc_port *p) {
  return !atomic_load(&p->inbox) && !atomic_load(&p->rung) &&
         p->list.next == &p->list;
}

/* Where another core is there, what is waited for is often on the way: to
** look for it for the time that a wake-up takes, about 30 us, spares both
** sides one. If that was in vain, the next times it is left out, twice as
** often each time. True: something has come. */
static bool spin (lc_port *p) {
  if (p->skips > 0) {
    p->skips--;
    return false;
  }
  for (int i = 0; i < SPINS; i++) {
    if (!is_quiet(p)) {
      p->vain = 0;
      return true;
    }
    lc_wake_pause();
  }
  if (p->vain < VAIN_MAX) p->vain++;
  p->skips = (1u << p->vain) - 1;
  return false;
}

/* Where others alone can wake it, who looks from outside takes it for
** forlorn until it has said more. */
static void fall_asleep (lc_port *p, unsigned how, bool others) {
  atomic_store_explicit(&p->guarded, !others, memory_order_relaxed);
  atomic_store_explicit(&p->others, others, memory_order_relaxed);
  atomic_store(&p->state, how);
}

void lc_port_guard (lc_port *p) {
  atomic_store_explicit(&p->guarded, true, memory_order_release);
}

uint64_t lc_port_arrived (const lc_port *p) {
  return p->arrived;
}

void lc_port_discount (lc_port *p) {
  p->arrived--;
}

static void park (lc_port *p, uint64_t ns, bool others) {
  uint64_t nap = others && p->nap ? p->nap(p->loop) : UINT64_MAX;
  lc_wake_park(&p->state, PARKED, nap < ns ? nap : ns);
}

bool lc_port_park (lc_port *p, uint64_t ns, bool soon, bool others) {
  if (soon && ns > SPIN_NS && lc_wake_cores() > 1 && spin(p)) return true;
  fall_asleep(p, PARKED, others);
  if (is_quiet(p)) park(p, ns, others);
  atomic_store(&p->state, AWAKE);
  return !is_quiet(p);
}

bool lc_port_poll (lc_port *p, bool others) {
  fall_asleep(p, POLLING, others);
  if (is_quiet(p)) return true;
  atomic_store(&p->state, AWAKE);
  return false;
}

void lc_port_polled (lc_port *p) {
  atomic_store(&p->state, AWAKE);
}

int lc_port_descriptor (lc_port *p) {
  if (p->fd >= 0) return p->fd;
  int fd = lc_wake_event();
  if (fd >= 0) p->fd = fd;
  return fd;
}

/* Who is awake is not to be signalled: what `called` posts would ring us again,
** for ever. */
void lc_port_drain (lc_port *p) {
  lc_port_polled(p);
  lc_wake_clear(p->fd);
  if (!p->called) return;
  lc_port_polled(p);   /* or what it posts here would write to it again */
  p->called(p->who);
}

void lc_port_set_owner (lc_port *p, struct lc_loop *loop,
                        int (*open) (struct lc_loop *loop),
                        uint64_t (*nap) (struct lc_loop *loop)) {
  p->loop = loop;
  p->open = open;
  p->nap = nap;
}

int lc_port_reach (lc_port *p, void (*called) (void *who), void *who) {
  p->called = called;
  p->who = who;
  if (!called) return 0;
  int err = p->open ? p->open(p->loop) : UV_ECANCELED;
  return err ? err : lc_port_descriptor(p);
}

/* }} */
