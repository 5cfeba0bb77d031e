/*
** commons.c: records, processes and holds. See commons.h.
**
** Beside the region's own lock there is one of this process, the gate: who
** enters or leaves, and where the region is mapped. It comes before the
** region's; in the root the road's lock comes before the gate.
*/

#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "engine/road.h"
#include "shared/commons.h"
#include "shared/guest.h"

#define SIZE ((size_t)64 << 20)

enum { LINE = 64, CLASSES = LC_RECORD / LINE };

typedef struct process {
  _Atomic(uint64_t) member;    /* its number + 1; 0: a free place */
  lc_chain holds;
  lc_chain sleepers;
} process;

/* Lies at the begin of the commons. */
typedef struct region {
  lc_robust lock;
  _Atomic(lc_ref) top;         /* above it nothing has been used yet */
  _Atomic(lc_ref) free[CLASSES];
  _Atomic(lc_ref) idle;        /* sleepers that nobody uses */
  uint32_t nprocesses;         /* places that have ever been used */
  process processes[LC_PROCESSES_MAX];
} region;

typedef struct hold {
  lc_chain of_object;
  lc_chain of_process;
  lc_ref object;
  uint32_t place;
  uint32_t coming;             /* messages that are on the way with it */
  bool here;                   /* does the process itself hold it? */
} hold;

char *lc_commons_base;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

/* The gate's. */
static struct {
  lc_mapping mapping;
  unsigned users;
  lc_member self, parent;
  uint32_t place;
  bool lent;                   /* the root's: other processes have it */
} here;

/* Those of other files. */
static _Atomic(const lc_commonkind *) more[LC_MORE_KINDS];

static const lc_commonkind *kind_of (uint32_t number) {
  return number < LC_COMMON_MORE ? lc_commons_kinds[number]
                                 : more[number - LC_COMMON_MORE];
}

void lc_commons_add (uint32_t number, const lc_commonkind *kind) {
  more[number - LC_COMMON_MORE] = kind;
}

static region *the (void) {
  return (region *)(void *)lc_commons_base;
}

/* {{ The lock of the region */

static void repair (region *r) {
  for (uint32_t i = 0; i < r->nprocesses; i++) {
    process *p = &r->processes[i];
    lc_chain_repair(&p->holds);
    lc_chain_repair(&p->sleepers);
    lc_chain_each(s, &p->sleepers)
      lc_chain_repair(&lc_container(s, lc_sleeper, all)->tickets);
    lc_chain_each(l, &p->holds) {
      hold *h = lc_container(l, hold, of_process);
      lc_common *c = lc_commons_at(h->object);
      lc_chain_repair(&c->holds);
    }
  }
}

static region *lock (void) {
  region *r = the();
  if (lc_robust_lock(&r->lock)) repair(r);
  return r;
}

static void unlock (region *r) {
  lc_robust_unlock(&r->lock);
}

/* }} */

/* {{ Records; the lock is held */

static int class_of (size_t size) {
  lc_assert(size > 0 && size <= LC_RECORD);
  return (int)((size - 1) / LINE);
}

static void *take_free (_Atomic(lc_ref) *list) {
  lc_chain *first = lc_commons_at(lc_ref_get(list));
  if (first) lc_ref_set(list, lc_ref_get(&first->next));
  return first;
}

static void put_free (_Atomic(lc_ref) *list, void *record) {
  lc_chain *l = record;
  lc_ref_set(&l->next, lc_ref_get(list));
  lc_ref_set(list, lc_commons_ref(record));
}

/* Above the top all is zero; what comes from a list is made so. */
static void *take (region *r, size_t size) {
  int class = class_of(size);
  size_t whole = (size_t)(class + 1) * LINE;
  if (lc_fault_alloc()) return NULL;
  void *record = take_free(&r->free[class]);
  if (record) {
    memset(record, 0, whole);
    return record;
  }
  lc_ref top = lc_ref_get(&r->top);
  if (top + whole > SIZE) return NULL;
  lc_ref_set(&r->top, top + (lc_ref)whole);
  return lc_commons_at(top);
}

static void give (region *r, void *record, size_t size) {
  put_free(&r->free[class_of(size)], record);
}

void *lc_commons_alloc (size_t size) {
  region *r = lock();
  void *record = take(r, size);
  unlock(r);
  return record;
}

void lc_commons_free (void *record, size_t size) {
  region *r = lock();
  give(r, record, size);
  unlock(r);
}

/* }} */

/* {{ Processes; the lock is held */

static process *find_process (region *r, lc_member member) {
  for (uint32_t i = 0; i < r->nprocesses; i++)
    if (r->processes[i].member == member + 1) return &r->processes[i];
  return NULL;
}

static uint32_t place_of (region *r, const process *p) {
  return (uint32_t)(p - r->processes);
}

/* Finds it, or gives it a place; NULL where there are too many. */
static process *make_process (region *r, lc_member member) {
  process *p = find_process(r, member);
  if (p) return p;
  uint32_t i = 0;
  while (i < r->nprocesses && r->processes[i].member) i++;
  if (i == LC_PROCESSES_MAX) return NULL;
  p = &r->processes[i];
  lc_chain_init(&p->holds);
  lc_chain_init(&p->sleepers);
  if (i == r->nprocesses) r->nprocesses = i + 1;
  p->member = member + 1;
  return p;
}

static bool has_others (region *r) {
  for (uint32_t i = 0; i < r->nprocesses; i++)
    if (r->processes[i].member > 1) return true;
  return false;
}

/* }} */

lc_common *lc_commons_find (lc_ref r) {
  if (r < sizeof(region) || r % LINE) return NULL;
  if (r >= lc_ref_get(&the()->top)) return NULL;
  return lc_commons_at(r);
}

/* {{ Coming and going; the gate is held */

static void init_region (void) {
  region *r = the();
  lc_robust_init(&r->lock);
  lc_ref_set(&r->top, (lc_ref)(sizeof *r + LINE - 1) / LINE * LINE);
}

/* In the root it is made, elsewhere fetched. */
static int map_region (void) {
  int fd = lc_road_common(&here.self, &here.parent);
  int err = fd == UV_ENOENT ? lc_mapping_make(&here.mapping, "luaconc", SIZE)
            : fd < 0 ? fd : lc_mapping_take(&here.mapping, fd, SIZE);
  if (err) return err;
  lc_commons_base = here.mapping.base;
  if (fd == UV_ENOENT) init_region();
  return 0;
}

static void unmap_region (void) {
  lc_guest_hush();
  lc_mapping_close(&here.mapping);
  lc_commons_base = NULL;
}

static int enter (void) {
  int err = here.users ? 0 : map_region();
  if (err) return err;
  if (here.users++) return 0;
  region *r = lock();
  process *p = make_process(r, here.self);
  if (p) here.place = place_of(r, p);
  unlock(r);
  if (p) return 0;
  here.users = 0;
  unmap_region();
  return UV_EAGAIN;
}

/* In the root, that others have it: do they, or is something on its way to
** the root, or kept by it? */
static bool is_wanted (void) {
  region *r = lock();
  process *own = find_process(r, 0);
  bool wanted = has_others(r) || (own && !lc_chain_empty(&own->holds));
  unlock(r);
  return wanted;
}

static void leave (void) {
  lc_assert(here.users > 0);
  here.users--;
  if (here.lent && here.users == 1 && !is_wanted()) {
    here.lent = false;
    here.users--;
  }
  if (here.users == 0) unmap_region();
}

int lc_commons_enter (void) {
  (void)pthread_mutex_lock(&gate);
  int err = enter();
  (void)pthread_mutex_unlock(&gate);
  return err;
}

void lc_commons_leave (void) {
  (void)pthread_mutex_lock(&gate);
  leave();
  (void)pthread_mutex_unlock(&gate);
}

unsigned lc_commons_users (void) {
  (void)pthread_mutex_lock(&gate);
  unsigned n = here.users;
  (void)pthread_mutex_unlock(&gate);
  return n;
}

lc_member lc_commons_self (void) { return here.self; }
lc_member lc_commons_parent (void) { return here.parent; }
uint32_t lc_commons_place (void) { return here.place; }

bool lc_commons_shared (void) {
  (void)pthread_mutex_lock(&gate);
  bool shared = here.lent || here.self != 0;
  (void)pthread_mutex_unlock(&gate);
  return shared;
}

/* Others have it, or are about to: the root keeps it for them. */
static int keep (void) {
  int err = here.lent ? 0 : enter();
  if (!err) here.lent = true;
  return err;
}

static int lend (lc_member to) {
  int err = keep();
  if (err) return err;
  region *r = lock();
  process *p = make_process(r, to);
  unlock(r);
  return p ? here.mapping.fd : UV_EAGAIN;
}

int lc_commons_lend (lc_member to) {
  (void)pthread_mutex_lock(&gate);
  int fd = lend(to);
  (void)pthread_mutex_unlock(&gate);
  return fd;
}

/* }} */

/* {{ Holds; the lock is held */

static hold *find_hold (lc_common *c, uint32_t place) {
  lc_chain_each(l, &c->holds) {
    hold *h = lc_container(l, hold, of_object);
    if (h->place == place) return h;
  }
  return NULL;
}

/* In the chain of the process first: who is buried must be found. */
static hold *make_hold (region *r, lc_common *c, uint32_t place) {
  hold *h = find_hold(c, place);
  if (h) return h;
  h = take(r, sizeof *h);
  if (!h) return NULL;
  h->object = lc_commons_ref(c);
  h->place = place;
  lc_chain_init(&h->of_object);
  lc_chain_append(&r->processes[place].holds, &h->of_process);
  lc_chain_append(&c->holds, &h->of_object);
  return h;
}

/* The object, where nobody holds it any more. */
static lc_common *end_hold (region *r, hold *h) {
  lc_common *c = lc_commons_at(h->object);
  lc_chain_remove(&h->of_object);
  lc_chain_remove(&h->of_process);
  give(r, h, sizeof *h);
  return lc_chain_empty(&c->holds) ? c : NULL;
}

/* No lock is held. */
static void free_object (lc_common *c) {
  if (!c) return;
  const lc_commonkind *kind = kind_of(c->kind);
  if (kind->empty) kind->empty(c);
  lc_commons_free(c, kind->size);
}

lc_common *lc_commons_new (uint32_t kind) {
  region *r = lock();
  size_t size = kind_of(kind)->size;
  lc_common *c = take(r, size);
  hold *h = NULL;
  if (c) {
    c->kind = kind;
    lc_chain_init(&c->holds);
    h = make_hold(r, c, here.place);
    if (h) h->here = true;
    else give(r, c, size);
  }
  unlock(r);
  return h ? c : NULL;
}

bool lc_commons_hold (lc_common *c, bool arrived) {
  region *r = lock();
  hold *h = make_hold(r, c, here.place);
  if (h) {
    h->here = true;
    if (arrived && h->coming > 0) h->coming--;
  }
  unlock(r);
  return h != NULL;
}

void lc_commons_drop (lc_common *c) {
  region *r = lock();
  hold *h = find_hold(c, here.place);
  lc_common *last = NULL;
  if (h) {
    h->here = false;
    if (h->coming == 0) last = end_hold(r, h);
  }
  unlock(r);
  free_object(last);
}

static bool hold_for (lc_common *c, lc_member to) {
  region *r = lock();
  process *p = make_process(r, to);
  hold *h = p ? make_hold(r, c, place_of(r, p)) : NULL;
  if (h) h->coming++;
  unlock(r);
  return h != NULL;
}

/* The message may soon be all that there is of it, in this process. */
bool lc_commons_send (lc_common *c, lc_member to) {
  (void)pthread_mutex_lock(&gate);
  bool sent = (here.self != 0 || keep() == 0) && hold_for(c, to);
  (void)pthread_mutex_unlock(&gate);
  return sent;
}

uint32_t lc_commons_coming (lc_common *c) {
  region *r = lock();
  uint32_t n = 0;
  lc_chain_each(l, &c->holds) n += lc_container(l, hold, of_object)->coming;
  unlock(r);
  return n;
}

void lc_commons_unsend (lc_common *c, lc_member to) {
  region *r = lock();
  process *p = find_process(r, to);
  hold *h = p ? find_hold(c, place_of(r, p)) : NULL;
  lc_common *last = NULL;
  if (h && h->coming > 0 && --h->coming == 0 && !h->here)
    last = end_hold(r, h);
  unlock(r);
  free_object(last);
}

/* }} */

/* {{ Sleepers */

lc_sleeper *lc_commons_sleeper (void) {
  region *r = lock();
  lc_sleeper *s = take_free(&r->idle);
  if (!s) s = take(r, sizeof *s);
  if (s) {
    atomic_store(&s->bell, 0);
    atomic_store(&s->inbox, 0);
    atomic_store(&s->shaken, false);
    atomic_store(&s->guest, NULL);
    atomic_store(&s->place, here.place);
    lc_chain_init(&s->tickets);
    lc_chain_append(&r->processes[here.place].sleepers, &s->all);
  }
  unlock(r);
  return s;
}

void lc_commons_lock (void) { (void)lock(); }
void lc_commons_unlock (void) { unlock(the()); }

lc_ticket *lc_commons_waits (lc_ref sleeper, uint64_t task) {
  lc_sleeper *s = lc_commons_at(sleeper);
  if (!s) return NULL;
  lc_chain_each(l, &s->tickets) {
    lc_ticket *t = lc_container(l, lc_ticket, mine);
    if (t->thing && t->task == task) return t;
  }
  return NULL;
}

lc_ticket *lc_commons_ticket (lc_sleeper *s) {
  region *r = lock();
  lc_ticket *t = take(r, sizeof *t);
  if (t) {
    t->sleeper = lc_commons_ref(s);
    t->place = here.place;
    lc_chain_init(&t->in);
    lc_chain_append(&s->tickets, &t->mine);
  }
  unlock(r);
  return t;
}

void lc_commons_unticket (lc_ticket *t) {
  region *r = lock();
  lc_chain_remove(&t->mine);
  give(r, t, sizeof *t);
  unlock(r);
}

/* Who still rings it must not find what it was to another process. */
static void end_sleeper (region *r, lc_sleeper *s) {
  atomic_store(&s->guest, NULL);
  lc_chain_each(l, &s->tickets)
    give(r, lc_container(l, lc_ticket, mine), sizeof(lc_ticket));
  lc_chain_remove(&s->all);
  put_free(&r->idle, s);
}

void lc_commons_awake (lc_sleeper *s) {
  region *r = lock();
  end_sleeper(r, s);
  unlock(r);
}

enum { MANY = 64 };

/* The sleepers of a process from the `from`-th on, all of them shaken. */
static int shake_some (uint32_t place, int from, lc_sleeper *list[MANY]) {
  region *r = lock();
  int i = 0, n = 0;
  if (r->processes[place].member)
    lc_chain_each(l, &r->processes[place].sleepers) {
      if (i++ < from) continue;
      if (n == MANY) break;
      list[n] = lc_container(l, lc_sleeper, all);
      atomic_store(&list[n++]->shaken, true);
    }
  unlock(r);
  return n;
}

/* The dead one may have been about to ring somebody. No lock is held: to ring
** may need the road. */
static void shake_all (void) {
  lc_sleeper *list[MANY];
  for (uint32_t place = 0; place < the()->nprocesses; place++)
    for (int from = 0, n = MANY; n == MANY; from += n) {
      n = shake_some(place, from, list);
      for (int i = 0; i < n; i++) lc_guest_ring(list[i]);
    }
}

/* }} */

/* {{ Deaths */

/* Objects that nobody holds any more are linked by their chains of holds. */
static lc_common *bury_process (region *r, process *p, uint64_t bells[MANY],
                                int *nbells) {
  uint32_t place = place_of(r, p);
  lc_common *last = NULL;
  lc_chain_each(l, &p->holds) {
    hold *h = lc_container(l, hold, of_process);
    lc_common *c = (lc_common *)(void *)(lc_commons_base + h->object);
    if (kind_of(c->kind)->bury)
      kind_of(c->kind)->bury(c, place);
    if (!end_hold(r, h)) continue;
    lc_ref_set(&c->holds.next, last ? lc_commons_ref(last) : 0);
    last = c;
  }
  lc_chain_each(l, &p->sleepers) {
    lc_sleeper *s = lc_container(l, lc_sleeper, all);
    if (*nbells < MANY && s->bell) bells[(*nbells)++] = s->bell;
    end_sleeper(r, s);
  }
  p->member = 0;
  return last;
}

static void free_objects (lc_common *c) {
  while (c) {
    lc_common *next = lc_commons_at(lc_ref_get(&c->holds.next));
    free_object(c);
    c = next;
  }
}

/* The gate is held, but not while objects are freed, which may need the
** road. */
static void bury (lc_member dead) {
  region *r = lock();
  process *p = find_process(r, dead);
  uint64_t bells[MANY];
  int nbells = 0;
  lc_common *last = p ? bury_process(r, p, bells, &nbells) : NULL;
  unlock(r);
  here.users++;
  (void)pthread_mutex_unlock(&gate);
  while (nbells > 0) (void)lc_road_drop(bells[--nbells]);
  if (p) shake_all();
  free_objects(last);
  (void)pthread_mutex_lock(&gate);
  leave();
}

void lc_commons_bury (lc_member dead) {
  (void)pthread_mutex_lock(&gate);
  if (here.users) bury(dead);
  (void)pthread_mutex_unlock(&gate);
}

/* }} */
