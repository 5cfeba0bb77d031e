/*
** strait.c: see strait.h. The order of stores matters where a process may be
** killed between two of them; `rebuild` says what is made of it.
*/

#include <string.h>

#include "alloc.h"
#include "road.h"
#include "strait.h"

enum {
  ARENA = 8192, PAGE = 4096,
  CHAINED = 4 << 20,           /* bytes up to which several slots are used */
  SPARE = 4096,                /* slots beside those in the ring: for waits */
  MOST = 65536                 /* of the capacity */
};

/* Owners; MEMBER and a number. LINKED: it goes on for another slot. */
enum { FREE = 0, IN_RING = 1, LINKED = 2, MEMBER = 3 };

/* Of the pier of a process that has died. */
#define NOWHERE UINT32_MAX
#define NOBODY (UINT64_MAX - MEMBER)

typedef struct slot {
  uint64_t owner;
  uint32_t next;               /* of free ones, and of those that go on in
                               ** another: its place and one more; or 0 */
  uint8_t kind;                /* an lc_itemkind */
  uint8_t len;                 /* of a short string */
  bool apart;                  /* its bytes are in a mapping of their own */
  bool chained;                /* it is the first of several */
  union {
    int64_t integer;
    double number;
    char text[LC_ITEM_TEXT];
    struct { uint64_t len, road; } bytes;
  } u;
} slot;

typedef struct pier {
  lc_chain in;
  uint64_t member;
  uint32_t place, states, flights;
} pier;

/* {{ Where things lie */

static lc_straitthing *thing_of (const lc_proxy *p) {
  return lc_container(p->common, lc_straitthing, thing.common);
}

static slot *slot_at (const lc_mapping *m, uint32_t i) {
  return (slot *)(void *)m->base + i;
}

static size_t ring_begin (const lc_straitthing *t) {
  return t->nslots * sizeof(slot);
}

static uint32_t *ring_at (const lc_straitthing *t, const lc_mapping *m,
                          uint64_t i) {
  return (uint32_t *)(void *)(m->base + ring_begin(t)) + i % t->nslots;
}

static size_t arenas_begin (const lc_straitthing *t) {
  size_t end = ring_begin(t) + t->nslots * sizeof(uint32_t);
  return (end + PAGE - 1) / PAGE * PAGE;
}

static char *arena_of (const lc_straitthing *t, const lc_mapping *m,
                       uint32_t i) {
  return m->base + arenas_begin(t) + (size_t)i * ARENA;
}

static uint64_t count (const lc_straitthing *t) {
  return t->tail - t->head;
}

static uint64_t self_owner (void) {
  return lc_commons_self() + MEMBER;
}

/* }} */

/* {{ Chains of tickets and piers */

static lc_ticket *first_sender (lc_straitthing *t) {
  lc_chain *l = lc_chain_next(&t->senders);
  return l == &t->senders ? NULL : lc_container(l, lc_ticket, in);
}

static pier *pier_of (lc_straitthing *t, uint32_t place) {
  lc_chain_each(l, &t->piers) {
    pier *p = lc_container(l, pier, in);
    if (p->place == place) return p;
  }
  return NULL;
}

/* Whose slots are those of this ticket? */
static uint64_t owner_of (lc_straitthing *t, const lc_ticket *k) {
  const pier *p = pier_of(t, k->place);
  return p ? p->member + MEMBER : FREE;
}

static bool is_alive (lc_straitthing *t, uint64_t owner) {
  lc_chain_each(l, &t->piers)
    if (lc_container(l, pier, in)->member + MEMBER == owner) return true;
  return false;
}

/* }} */

/* {{ The lock */

/* Who has died with the lock had perhaps moved the slot of a sender to the
** ring and not told it; or taken it, and not told it; or given one to a
** receiver, and not told it. */
static void rebuild_waits (lc_straitthing *t, const lc_mapping *m,
                           lc_rings *rings) {
  lc_chain_each(l, &t->senders) {
    lc_ticket *k = lc_container(l, lc_ticket, in);
    if (k->what <= 0) continue;
    slot *s = slot_at(m, (uint32_t)k->what - 1);
    if (s->owner != IN_RING) s->owner = owner_of(t, k);
    else if (rings->n < LC_RINGS) {
      k->what = 0;
      (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
    }
  }
  lc_chain_each(l, &t->thing.queue) {
    lc_ticket *k = lc_container(l, lc_ticket, in);
    if (k->what > 0) {
      slot_at(m, (uint32_t)k->what - 1)->owner = FREE;
      k->what = 0;
    }
  }
}

/* The slots in which this one goes on are in use, too. */
static void keep_chain (const lc_mapping *m, uint32_t i) {
  const slot *s = slot_at(m, i);
  if (!s->chained) return;
  for (uint32_t j = s->next; j; j = slot_at(m, j - 1)->next)
    if (slot_at(m, j - 1)->owner < MEMBER) slot_at(m, j - 1)->owner = LINKED;
}

/* Slots of the dead are free, and what is in the ring is in it, whatever
** else is written down. */
static void rebuild (lc_straitthing *t, const lc_mapping *m,
                     lc_rings *rings) {
  for (uint32_t i = 0; i < t->high; i++) {
    slot *s = slot_at(m, i);
    if (s->owner < MEMBER || !is_alive(t, s->owner)) s->owner = FREE;
  }
  for (uint64_t i = t->head; i != t->tail; i++)
    slot_at(m, *ring_at(t, m, i))->owner = IN_RING;
  rebuild_waits(t, m, rings);
  for (uint32_t i = 0; i < t->high; i++)
    if (slot_at(m, i)->owner != FREE) keep_chain(m, i);
  t->free = 0;
  for (uint32_t i = t->high; i > 0; i--) {
    slot *s = slot_at(m, i - 1);
    if (s->owner != FREE) continue;
    s->next = t->free;
    t->free = i;
  }
  t->torn = false;
}

/* The lock, without what is in the mapping. */
static void lock_thing (lc_straitthing *t) {
  if (!lc_thing_lock(&t->thing)) return;
  lc_chain_repair(&t->piers);
  lc_chain_repair(&t->senders);
  lc_chain_each(l, &t->senders)
    if (lc_container(l, lc_ticket, in)->result != LC_TICKET_WAITS)
      lc_chain_remove(l);
  t->torn = true;
}

static lc_straitthing *lock (const lc_proxy *p, lc_rings *rings) {
  lc_straitthing *t = thing_of(p);
  lock_thing(t);
  if (rings) rings->n = 0;
  if (rings && t->torn) rebuild(t, &p->bulk, rings);
  return t;
}

static void drop_forgotten (void);

static void finish (lc_straitthing *t, lc_guest *g, lc_rings *rings) {
  lc_thing_unlock(&t->thing);
  drop_forgotten();
  lc_guest_call(rings);
  if (g) lc_guest_look(g);
}

/* }} */

/* {{ What is on the road for those who have died: it is dropped once the lock
** is given up. */

enum { FORGOTTEN = 8 };

static _Thread_local struct {
  int n;
  uint64_t ids[FORGOTTEN];
} forgotten;

static void forget (uint64_t id) {
  if (forgotten.n < FORGOTTEN) forgotten.ids[forgotten.n++] = id;
}

static void drop_forgotten (void) {
  while (forgotten.n > 0)
    (void)lc_road_drop(forgotten.ids[--forgotten.n]);
}

/* }} */

/* {{ Slots; the lock is held */

/* NULL: there is none. */
static slot *take_slot (lc_straitthing *t, const lc_mapping *m,
                        uint32_t *i) {
  if (t->free) {
    *i = t->free - 1;
    t->free = slot_at(m, *i)->next;
  }
  else if (t->high < t->nslots) *i = t->high++;
  else return NULL;
  slot *s = slot_at(m, *i);
  if (s->apart) forget(s->u.bytes.road);
  s->owner = self_owner();
  s->apart = s->chained = false;
  s->next = 0;
  return s;
}

static void give_one (lc_straitthing *t, const lc_mapping *m, uint32_t i) {
  slot *s = slot_at(m, i);
  s->owner = FREE;
  s->next = t->free;
  t->free = i + 1;
}

static void give_slot (lc_straitthing *t, const lc_mapping *m, uint32_t i) {
  const slot *s = slot_at(m, i);
  uint32_t next = s->chained ? s->next : 0;
  give_one(t, m, i);
  while (next) {
    i = next - 1;
    next = slot_at(m, i)->next;
    give_one(t, m, i);
  }
}

/* Several slots that go on in each other: the first, or false. */
static bool take_chain (lc_straitthing *t, const lc_mapping *m,
                        size_t n, uint32_t *first) {
  uint32_t i, before = 0;
  for (; n > 0; n--) {
    slot *s = take_slot(t, m, &i);
    if (!s) break;
    s->next = before;
    s->chained = true;
    before = i + 1;
  }
  *first = before - 1;
  if (n == 0) return true;
  if (before) give_slot(t, m, *first);
  return false;
}

static void put_last (lc_straitthing *t, const lc_mapping *m, uint32_t i) {
  *ring_at(t, m, t->tail) = i;
  slot_at(m, i)->owner = IN_RING;
  t->tail++;
}

static uint32_t take_first (lc_straitthing *t, const lc_mapping *m) {
  uint32_t i = *ring_at(t, m, t->head);
  slot_at(m, i)->owner = self_owner();
  t->head++;
  return i;
}

/* }} */

/* {{ What is in a slot */

static bool is_block (const lc_item *item) {
  return item->kind > LC_ITEM_SHORT;
}

/* What is too long for an arena goes into a mapping of its own: its number on
** the road; 0: it can't. */
static uint64_t put_apart (const lc_message *m) {
  lc_mapping apart;
  uint64_t id;
  if (lc_mapping_make(&apart, "luaconc message", m->len)) return 0;
  memcpy(apart.base, m->base, m->len);
  int err = lc_road_put(apart.fd, &id);
  lc_mapping_close(&apart);
  return err ? 0 : id;
}

static void fill (const lc_straitthing *t, const lc_mapping *m, uint32_t i,
                  const lc_item *item, uint64_t apart) {
  slot *s = slot_at(m, i);
  s->kind = item->kind;
  s->len = item->len;
  s->apart = apart != 0;
  if (!is_block(item)) {
    memcpy(&s->u, &item->u, sizeof s->u);
    return;
  }
  s->u.bytes.len = item->u.message.len;
  s->u.bytes.road = apart;
  if (!apart)
    memcpy(arena_of(t, m, i), item->u.message.base, item->u.message.len);
}

static bool copy_apart (const slot *s, char *base) {
  lc_mapping apart;
  int fd = lc_road_get(s->u.bytes.road);
  if (fd < 0 || lc_mapping_take(&apart, fd, s->u.bytes.len)) return false;
  memcpy(base, apart.base, s->u.bytes.len);
  lc_mapping_close(&apart);
  return true;
}

static void copy_chain (const lc_straitthing *t, const lc_mapping *m,
                        uint32_t i, char *base, size_t len) {
  while (len > 0) {
    size_t n = len < ARENA ? len : ARENA;
    memcpy(base, arena_of(t, m, i), n);
    base += n;
    len -= n;
    i = slot_at(m, i)->next - 1;
  }
}

/* The bytes of a block; the slot is this process's. */
static bool copy_block (const lc_straitthing *t, const lc_mapping *m,
                        uint32_t i, lc_message *out) {
  const slot *s = slot_at(m, i);
  size_t len = s->u.bytes.len;
  *out = (lc_message){.base = lc_alloc(len), .len = len};
  if (!out->base) return false;
  if (s->chained) copy_chain(t, m, i, out->base, len);
  else if (!s->apart) memcpy(out->base, arena_of(t, m, i), len);
  else if (!copy_apart(s, out->base)) {
    lc_message_free(out);
    return false;
  }
  return true;
}

static void drop_apart (slot *s) {
  if (s->apart) (void)lc_road_drop(s->u.bytes.road);
  s->apart = false;
}

static void copy_small (const slot *s, lc_item *item) {
  memcpy(&item->u, &s->u, sizeof s->u);
  item->kind = s->kind;
  item->len = s->len;
}

static bool is_small (const slot *s) {
  return s->kind <= LC_ITEM_SHORT;
}

static lc_crossed unload_block (lc_proxy *p, uint32_t i, lc_item *item) {
  lc_straitthing *t = thing_of(p);
  const slot *s = slot_at(&p->bulk, i);
  lc_message *m = &item->u.message;
  if (!copy_block(t, &p->bulk, i, m)) return LC_CROSS_NOMEMORY;
  item->kind = s->kind;
  if (item->kind != LC_ITEM_MESSAGE || !lc_message_import(m, true))
    return LC_CROSS_DONE;
  lc_message_free(m);
  item->kind = LC_ITEM_NONE;
  return LC_CROSS_NOMEMORY;
}

static void free_slot (lc_proxy *p, uint32_t i) {
  lc_rings rings;
  lc_straitthing *t = lock(p, &rings);
  give_slot(t, &p->bulk, i);
  finish(t, NULL, &rings);
}

/* Reads the slot, which is this process's, and frees it. */
static lc_crossed unload (lc_proxy *p, uint32_t i, lc_item *item) {
  slot *s = slot_at(&p->bulk, i);
  lc_crossed done = LC_CROSS_DONE;
  if (is_small(s)) copy_small(s, item);
  else {
    done = unload_block(p, i, item);
    drop_apart(s);
  }
  free_slot(p, i);
  return done;
}

/* Nobody will read it: what it holds is let go. */
static void drop_content (const lc_straitthing *t, const lc_mapping *m,
                          uint32_t i) {
  slot *s = slot_at(m, i);
  lc_message copy;
  if (is_small(s)) return;
  if (s->kind == LC_ITEM_MESSAGE && copy_block(t, m, i, &copy)) {
    lc_message_unexport(&copy, 0);
    lc_message_free(&copy);
  }
  drop_apart(s);
}

/* }} */

/* {{ Items */

int lc_strait_export (lc_item *item) {
  lc_message out;
  if (item->kind != LC_ITEM_MESSAGE || item->u.message.nheld == 0) return 0;
  int err = lc_message_export(&item->u.message, 0, &out);
  if (err) return err;
  lc_message_free(&item->u.message);
  item->u.message = out;
  return 0;
}

void lc_strait_discard (lc_item *item) {
  if (item->kind == LC_ITEM_MESSAGE)
    lc_message_unexport(&item->u.message, 0);
  lc_item_free(item);
}

/* }} */

/* {{ Sending and receiving; the lock is held */

static void tell (lc_ticket *k, lc_rings *rings) {
  (void)lc_ticket_grant(k, LC_STRAIT_LOOK, rings);
}

/* Is there room for another ring, and one more? */
static bool may_ring (const lc_rings *rings) {
  return rings->n + 2 <= LC_RINGS;
}

/* The slot goes to a receiver who waits, or into the ring; false: neither. */
static bool publish (lc_straitthing *t, const lc_mapping *m, uint32_t i,
                     lc_rings *rings) {
  lc_ticket *k;
  while ((k = lc_thing_first(&t->thing)) && k->what == LC_STRAIT_WATCH &&
         may_ring(rings)) {
    tell(k, rings);
    if (count(t) < t->capacity) {
      put_last(t, m, i);
      return true;
    }
  }
  if (k && k->what != LC_STRAIT_WATCH) {
    k->what = (int64_t)i + 1;
    slot_at(m, i)->owner = owner_of(t, k);
    (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
    return true;
  }
  if (count(t) >= t->capacity) return false;
  put_last(t, m, i);
  return true;
}

/* Does somebody stand there who is no select? Two selects don't meet. */
static bool has_taker (lc_chain *queue) {
  lc_chain_each(l, queue)
    if (lc_container(l, lc_ticket, in)->what != LC_STRAIT_WATCH) return true;
  return false;
}

static bool can_go (lc_straitthing *t) {
  return count(t) < t->capacity || has_taker(&t->thing.queue);
}

static bool can_come (lc_straitthing *t) {
  return count(t) > 0 || has_taker(&t->senders);
}

static void wait_with (lc_straitthing *t, lc_wait *w, uint32_t i) {
  w->told = false;
  w->ticket->what = (int64_t)i + 1;
  w->ticket->result = LC_TICKET_WAITS;
  lc_chain_append(&t->senders, &w->ticket->in);
}

static lc_crossed put (lc_straitthing *t, const lc_mapping *m,
                       const lc_item *item, uint64_t apart, lc_wait *w,
                       lc_rings *rings) {
  uint32_t i;
  if (t->closed) return LC_CROSS_CLOSED;
  if (!w && !can_go(t)) return LC_CROSS_BLOCKED;
  if (!take_slot(t, m, &i)) return LC_CROSS_NOMEMORY;
  fill(t, m, i, item, apart);
  if (publish(t, m, i, rings)) return LC_CROSS_DONE;
  if (w) wait_with(t, w, i);
  else give_slot(t, m, i);
  return LC_CROSS_BLOCKED;
}

/* There may be room: the first sender's slot comes to the end of the ring. */
static void let_follow (lc_straitthing *t, const lc_mapping *m,
                        lc_rings *rings) {
  lc_ticket *k = first_sender(t);
  if (!k || count(t) >= t->capacity) return;
  if (k->what > 0) {
    put_last(t, m, (uint32_t)k->what - 1);
    k->what = 0;
    (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
  }
  else tell(k, rings);
}

/* Nothing is kept here: takes the slot of the first sender. */
static bool take_from_sender (lc_straitthing *t, const lc_mapping *m,
                              uint32_t *i, lc_rings *rings) {
  lc_ticket *k;
  while ((k = first_sender(t)) && may_ring(rings)) {
    if (k->what > 0) {
      *i = (uint32_t)k->what - 1;
      slot_at(m, *i)->owner = self_owner();
      k->what = 0;
      (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
      return true;
    }
    tell(k, rings);
  }
  return false;
}

static lc_crossed take (lc_straitthing *t, const lc_mapping *m, uint32_t *i,
                        lc_wait *w, lc_rings *rings) {
  if (count(t) > 0) {
    *i = take_first(t, m);
    let_follow(t, m, rings);
    return LC_CROSS_DONE;
  }
  if ((w || has_taker(&t->senders)) && take_from_sender(t, m, i, rings))
    return LC_CROSS_DONE;
  if (t->closed) return LC_CROSS_CLOSED;
  if (w) {
    w->told = false;
    w->ticket->what = 0;
    lc_thing_join(&t->thing, w);
  }
  return LC_CROSS_BLOCKED;
}

/* }} */

/* {{ Alone? What is on the way is known to the commons, whose lock comes
** first: so it is asked when it matters. */

static bool is_lonely (lc_proxy *p) {
  lc_straitthing *t = thing_of(p);
  return t->lonely && lc_commons_coming(p->common) == 0;
}

/* Ends all waits: everybody looks anew. No lock is held. */
static void stir_all (lc_proxy *p, lc_guest *g) {
  bool more = true;
  while (more) {
    lc_rings rings;
    lc_straitthing *t = lock(p, &rings);
    lc_ticket *k;
    while (may_ring(&rings) && (k = lc_thing_first(&t->thing)))
      tell(k, &rings);
    while (may_ring(&rings) && (k = first_sender(t))) tell(k, &rings);
    more = lc_thing_first(&t->thing) || first_sender(t);
    finish(t, g, &rings);
  }
}

static void count_holders (lc_straitthing *t) {
  uint32_t states = 0, flights = 0;
  lc_chain_each(l, &t->piers) {
    const pier *p = lc_container(l, pier, in);
    states += p->states;
    flights += p->flights;
  }
  if (states > 1) t->spread = true;
  t->lonely = t->spread && states == 1 && flights == 0;
}

void lc_strait_tell (lc_proxy *p, uint32_t states, uint32_t flights) {
  lc_straitthing *t = lock(p, NULL);
  pier *own = pier_of(t, lc_commons_place());
  if (own) {
    own->states = states;
    own->flights = flights;
  }
  count_holders(t);
  bool lonely = t->lonely;
  lc_thing_unlock(&t->thing);
  if (lonely) stir_all(p, NULL);
}

/* }} */

/* {{ Sending and receiving */

static lc_crossed put_now (lc_proxy *p, lc_item *item, uint64_t apart,
                           lc_guest *g, lc_wait *w) {
  lc_rings rings;
  lc_straitthing *t = lock(p, &rings);
  lc_crossed done = put(t, &p->bulk, item, apart, w, &rings);
  finish(t, g, &rings);
  return done;
}

/* {{ In several slots, which are filled without the lock */

static lc_crossed prepare_chain (lc_proxy *p, const lc_item *item,
                                 lc_wait *w, uint32_t *i) {
  lc_rings rings;
  size_t n = (item->u.message.len + ARENA - 1) / ARENA;
  lc_straitthing *t = lock(p, &rings);
  lc_crossed done = t->closed ? LC_CROSS_CLOSED
                    : !w && !can_go(t) ? LC_CROSS_BLOCKED
                    : take_chain(t, &p->bulk, n, i) ? LC_CROSS_DONE
                    : LC_CROSS_NOMEMORY;
  finish(t, NULL, &rings);
  return done;
}

static void fill_chain (lc_proxy *p, const lc_item *item, uint32_t i) {
  const lc_straitthing *t = thing_of(p);
  const char *base = item->u.message.base;
  size_t len = item->u.message.len;
  slot *first = slot_at(&p->bulk, i);
  first->kind = item->kind;
  first->u.bytes.len = len;
  while (len > 0) {
    size_t n = len < ARENA ? len : ARENA;
    memcpy(arena_of(t, &p->bulk, i), base, n);
    base += n;
    len -= n;
    i = slot_at(&p->bulk, i)->next - 1;
  }
}

/* All but the first belong to it from now on. */
static void link_chain (const lc_mapping *m, uint32_t i) {
  for (uint32_t j = slot_at(m, i)->next; j; j = slot_at(m, j - 1)->next)
    slot_at(m, j - 1)->owner = LINKED;
}

static lc_crossed put_filled (lc_proxy *p, uint32_t i, lc_guest *g,
                              lc_wait *w) {
  lc_rings rings;
  lc_straitthing *t = lock(p, &rings);
  lc_crossed done = LC_CROSS_DONE;
  link_chain(&p->bulk, i);
  if (t->closed) done = LC_CROSS_CLOSED;
  else if (!publish(t, &p->bulk, i, &rings)) done = LC_CROSS_BLOCKED;
  if (done == LC_CROSS_BLOCKED && w) wait_with(t, w, i);
  else if (done != LC_CROSS_DONE) give_slot(t, &p->bulk, i);
  finish(t, g, &rings);
  return done;
}

static lc_crossed put_chain (lc_proxy *p, const lc_item *item, lc_guest *g,
                             lc_wait *w) {
  uint32_t i;
  lc_crossed done = prepare_chain(p, item, w, &i);
  if (done != LC_CROSS_DONE) return done;
  fill_chain(p, item, i);
  return put_filled(p, i, g, w);
}

/* }} */

lc_crossed lc_strait_put (lc_proxy *p, lc_item *item, lc_guest *g,
                          lc_wait *w) {
  uint64_t apart = 0;
  if (is_lonely(p)) return LC_CROSS_CLOSED;
  if (is_block(item) && item->u.message.len > ARENA) {
    lc_crossed done = item->u.message.len > CHAINED ? LC_CROSS_NOMEMORY
                      : put_chain(p, item, g, w);
    if (done == LC_CROSS_DONE || (done == LC_CROSS_BLOCKED && w))
      lc_item_free(item);
    if (done != LC_CROSS_NOMEMORY) return done;
    apart = put_apart(&item->u.message);
    if (!apart) return LC_CROSS_NOMEMORY;
  }
  lc_crossed done = put_now(p, item, apart, g, w);
  if (done == LC_CROSS_DONE || (done == LC_CROSS_BLOCKED && w))
    lc_item_free(item);
  else if (apart) (void)lc_road_drop(apart);
  return done;
}

lc_crossed lc_strait_put_again (lc_proxy *p, lc_guest *g, lc_wait *w) {
  lc_rings rings;
  bool lonely = is_lonely(p);
  uint32_t i = (uint32_t)w->ticket->what - 1;
  lc_straitthing *t = lock(p, &rings);
  lc_crossed done = LC_CROSS_DONE;
  if (t->closed || lonely) done = LC_CROSS_CLOSED;
  else if (publish(t, &p->bulk, i, &rings)) w->ticket->what = 0;
  else {
    wait_with(t, w, i);
    done = LC_CROSS_BLOCKED;
  }
  finish(t, g, &rings);
  return done;
}

/* Small ones are read, and their slots freed, while the lock is held. */
lc_crossed lc_strait_take (lc_proxy *p, lc_item *item, lc_guest *g,
                           lc_wait *w) {
  lc_rings rings;
  uint32_t i = 0;
  bool lonely = is_lonely(p), small = false;
  lc_straitthing *t = lock(p, &rings);
  lc_crossed done = take(t, &p->bulk, &i, lonely ? NULL : w, &rings);
  if (done == LC_CROSS_DONE) {
    slot *s = slot_at(&p->bulk, i);
    small = is_small(s);
    if (small) {
      copy_small(s, item);
      give_slot(t, &p->bulk, i);
    }
  }
  finish(t, g, &rings);
  if (done == LC_CROSS_BLOCKED && lonely) return LC_CROSS_CLOSED;
  return done == LC_CROSS_DONE && !small ? unload(p, i, item) : done;
}

lc_crossed lc_strait_read (lc_proxy *p, lc_item *item, lc_wait *w) {
  uint32_t i = (uint32_t)w->ticket->what - 1;
  w->ticket->what = 0;
  return unload(p, i, item);
}

void lc_strait_watch (lc_proxy *p, lc_wait *w, bool send) {
  lc_rings rings;
  lc_straitthing *t = lock(p, &rings);
  bool there = send ? can_go(t) : can_come(t);
  w->told = false;
  w->ticket->what = LC_STRAIT_WATCH;
  w->ticket->result = LC_TICKET_WAITS;
  lc_chain_append(send ? &t->senders : &t->thing.queue, &w->ticket->in);
  if (there || t->closed || t->lonely) tell(w->ticket, &rings);
  finish(t, NULL, &rings);
}

/* Serves those who wait though they need not: who was told to look may not
** have done so. */
static void settle (lc_straitthing *t, const lc_mapping *m,
                    lc_rings *rings) {
  uint64_t there = count(t);
  lc_ticket *k;
  for (; there > 0 && may_ring(rings); there--) {
    if (!(k = lc_thing_first(&t->thing))) break;
    if (k->what == LC_STRAIT_WATCH) {
      tell(k, rings);
      continue;
    }
    uint32_t i = take_first(t, m);
    k->what = (int64_t)i + 1;
    slot_at(m, i)->owner = owner_of(t, k);
    (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
  }
  if (may_ring(rings)) let_follow(t, m, rings);
  if ((k = first_sender(t)) && t->capacity == 0 && may_ring(rings) &&
      has_taker(&t->thing.queue)) tell(k, rings);
}

void lc_strait_abandon (lc_wait *w, lc_guest *g) {
  lc_proxy *p = w->hold;
  lc_rings rings;
  if (w->ticket->what > 0) {
    uint32_t i = (uint32_t)w->ticket->what - 1;
    w->ticket->what = 0;
    drop_content(thing_of(p), &p->bulk, i);
    free_slot(p, i);
  }
  if (w->ticket->result != LC_STRAIT_LOOK) return;
  lc_straitthing *t = lock(p, &rings);
  settle(t, &p->bulk, &rings);
  finish(t, g, &rings);
}

void lc_strait_close (lc_proxy *p, lc_guest *g) {
  lc_straitthing *t = lock(p, NULL);
  t->closed = true;
  lc_thing_unlock(&t->thing);
  stir_all(p, g);
}

uint32_t lc_strait_len (const lc_proxy *p) {
  lc_straitthing *t = lock(p, NULL);
  uint32_t n = (uint32_t)count(t);
  lc_thing_unlock(&t->thing);
  return n;
}

bool lc_strait_stirs (const lc_proxy *p, bool send) {
  const lc_straitthing *t = thing_of(p);
  uint64_t head = atomic_load_explicit(&t->head, memory_order_relaxed);
  uint64_t n = atomic_load_explicit(&t->tail, memory_order_relaxed) - head;
  return (send ? n < t->capacity : n > 0) ||
         atomic_load_explicit(&t->closed, memory_order_relaxed);
}

/* }} */

/* {{ Beginning and end */

int lc_strait_new (const lc_sharedkind *how, uint32_t capacity,
                   lc_proxy **p) {
  int err = lc_proxy_new(how, LC_STRAIT_KIND, p);
  if (err) return err;
  lc_straitthing *t = thing_of(*p);
  t->capacity = capacity < MOST ? capacity : MOST;
  t->nslots = t->capacity + SPARE;
  lc_thing_init(&t->thing);
  lc_chain_init(&t->senders);
  lc_chain_init(&t->piers);
  t->bulk.bytes = arenas_begin(t) + (size_t)t->nslots * ARENA;
  err = lc_mapping_make(&(*p)->bulk, "luaconc channel", t->bulk.bytes);
  if (err) lc_proxy_drop(&(*p)->shared);
  return err;
}

/* The pier of a process that has died is used again. */
bool lc_strait_moor (lc_proxy *p) {
  pier *made = lc_commons_alloc(sizeof *made);
  if (!made) return false;
  lc_straitthing *t = lock(p, NULL);
  pier *own = pier_of(t, NOWHERE);
  if (!own) {
    own = made;
    made = NULL;
    lc_chain_append(&t->piers, &own->in);
  }
  own->member = lc_commons_self();
  own->place = lc_commons_place();
  lc_thing_unlock(&t->thing);
  if (made) lc_commons_free(made, sizeof *made);
  return true;
}

void lc_strait_unmoor (lc_proxy *p) {
  lc_straitthing *t = lock(p, NULL);
  pier *own = pier_of(t, lc_commons_place());
  if (own) lc_chain_remove(&own->in);
  count_holders(t);
  bool lonely = t->lonely;
  lc_thing_unlock(&t->thing);
  if (own) lc_commons_free(own, sizeof *own);
  if (lonely) stir_all(p, NULL);
}

/* In the root, which may not have the mapping: the next one with the lock puts
** the slots in order. Everybody is shaken, and rung, after this. */
static void bury (lc_common *c, uint32_t place) {
  lc_straitthing *t = lc_container(c, lc_straitthing, thing.common);
  lc_rings rings = {0};
  lc_ticket *k;
  lock_thing(t);
  lc_thing_bury(&t->thing, place);
  lc_chain_each(l, &t->senders)
    if (lc_container(l, lc_ticket, in)->place == place) lc_chain_remove(l);
  pier *dead = pier_of(t, place);
  if (dead) {
    dead->place = NOWHERE;
    dead->member = NOBODY;
    dead->states = dead->flights = 0;
  }
  t->torn = true;
  count_holders(t);
  while ((k = lc_thing_first(&t->thing)) || (k = first_sender(t))) {
    tell(k, &rings);
    rings.n = 0;
  }
  lc_thing_unlock(&t->thing);
}

/* Those in the ring, and what the dead have left. */
static void empty_slots (lc_straitthing *t, const lc_mapping *m) {
  for (; t->head != t->tail; t->head++)
    drop_content(t, m, *ring_at(t, m, t->head));
  for (uint32_t i = 0; i < t->high; i++) drop_apart(slot_at(m, i));
}

/* Nobody has it any more. */
static void empty (lc_common *c) {
  lc_straitthing *t = lc_container(c, lc_straitthing, thing.common);
  uint64_t road = atomic_load(&t->bulk.road);
  lc_mapping m = {.fd = -1};
  int fd = road ? lc_road_get(road) : UV_ENOENT;
  if (fd >= 0 && !lc_mapping_take(&m, fd, t->bulk.bytes))
    empty_slots(t, &m);
  lc_mapping_close(&m);
  if (road) (void)lc_road_drop(road);
  lc_chain_each(l, &t->piers)
    lc_commons_free(lc_container(l, pier, in), sizeof(pier));
}

static const lc_commonkind kind = {sizeof(lc_straitthing), bury, empty};

void lc_strait_open (void) {
  lc_commons_add(LC_STRAIT_KIND, &kind);
}

/* }} */
