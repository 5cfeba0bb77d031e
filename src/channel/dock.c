/*
** dock.c: see dock.h. The order of stores matters where a process may be
** killed between two of them; `rebuild` says what is made of it.
*/

#include "channel/dock.h"
#include "engine/road.h"

/* Of the pier of a process that has died. */
#define NOWHERE UINT32_MAX
#define NOBODY (UINT64_MAX - LC_SLOT_MEMBER)

typedef struct pier {
  lc_chain in;
  uint64_t member;
  uint32_t place, states, flights;
} pier;

/* {{ Chains of tickets and piers */

lc_ticket *lc_dock_sender (lc_straitthing *t) {
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
uint64_t lc_dock_owner (lc_straitthing *t, const lc_ticket *k) {
  const pier *p = pier_of(t, k->place);
  return p ? p->member + LC_SLOT_MEMBER : LC_SLOT_FREE;
}

static bool is_alive (lc_straitthing *t, uint64_t owner) {
  lc_chain_each(l, &t->piers)
    if (lc_container(l, pier, in)->member + LC_SLOT_MEMBER == owner)
      return true;
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
    lc_slot *s = lc_slot_at(m, (uint32_t)k->what - 1);
    if (s->owner != LC_SLOT_IN_RING) s->owner = lc_dock_owner(t, k);
    else if (rings->n < LC_RINGS) {
      k->what = 0;
      (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
    }
  }
  lc_chain_each(l, &t->thing.queue) {
    lc_ticket *k = lc_container(l, lc_ticket, in);
    if (k->what > 0) {
      lc_slot_at(m, (uint32_t)k->what - 1)->owner = LC_SLOT_FREE;
      k->what = 0;
    }
  }
}

/* Slots of the dead are free, and what is in the ring is in it, whatever
** else is written down. */
static void rebuild (lc_straitthing *t, const lc_mapping *m,
                     lc_rings *rings) {
  for (uint32_t i = 0; i < t->high; i++) {
    lc_slot *s = lc_slot_at(m, i);
    if (s->owner < LC_SLOT_MEMBER || !is_alive(t, s->owner))
      s->owner = LC_SLOT_FREE;
  }
  for (uint64_t i = t->head; i != t->tail; i++)
    lc_slot_at(m, *lc_slot_ring(t, m, i))->owner = LC_SLOT_IN_RING;
  rebuild_waits(t, m, rings);
  for (uint32_t i = 0; i < t->high; i++)
    if (lc_slot_at(m, i)->owner != LC_SLOT_FREE) lc_slot_keep_chain(m, i);
  t->free = 0;
  for (uint32_t i = t->high; i > 0; i--) {
    lc_slot *s = lc_slot_at(m, i - 1);
    if (s->owner != LC_SLOT_FREE) continue;
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

lc_straitthing *lc_dock_lock (const lc_proxy *p, lc_rings *rings) {
  lc_straitthing *t = lc_dock_thing(p);
  lock_thing(t);
  if (rings) rings->n = 0;
  if (rings && t->torn) rebuild(t, &p->bulk, rings);
  return t;
}

void lc_dock_unlock (lc_straitthing *t, lc_guest *g, lc_rings *rings) {
  lc_thing_unlock(&t->thing);
  lc_slot_settle();
  lc_guest_call(rings);
  if (g) lc_guest_look(g);
}

/* }} */

/* {{ Telling */

void lc_dock_tell (lc_ticket *k, lc_rings *rings) {
  (void)lc_ticket_grant(k, LC_STRAIT_LOOK, rings);
}

/* }} */

/* {{ Alone? What is on the way is known to the commons, whose lock comes
** first: so it is asked when it matters. */

bool lc_dock_lonely (lc_proxy *p) {
  lc_straitthing *t = lc_dock_thing(p);
  return t->lonely && lc_commons_coming(p->common) == 0;
}

/* Ends all waits: everybody looks anew. No lock is held. */
void lc_dock_stir (lc_proxy *p, lc_guest *g) {
  bool more = true;
  while (more) {
    lc_rings rings;
    lc_straitthing *t = lc_dock_lock(p, &rings);
    lc_ticket *k;
    while (lc_dock_may_ring(&rings) && (k = lc_thing_first(&t->thing)))
      lc_dock_tell(k, &rings);
    while (lc_dock_may_ring(&rings) && (k = lc_dock_sender(t)))
      lc_dock_tell(k, &rings);
    more = lc_thing_first(&t->thing) || lc_dock_sender(t);
    lc_dock_unlock(t, g, &rings);
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

void lc_dock_count (lc_proxy *p, uint32_t states, uint32_t flights) {
  lc_straitthing *t = lc_dock_lock(p, NULL);
  pier *own = pier_of(t, lc_commons_place());
  if (own) {
    own->states = states;
    own->flights = flights;
  }
  count_holders(t);
  bool lonely = t->lonely;
  lc_thing_unlock(&t->thing);
  if (lonely) lc_dock_stir(p, NULL);
}

/* }} */

/* {{ Coming and going */

/* The pier of a process that has died is used again. */
bool lc_dock_moor (lc_proxy *p) {
  pier *made = lc_commons_alloc(sizeof *made);
  if (!made) return false;
  lc_straitthing *t = lc_dock_lock(p, NULL);
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

void lc_dock_unmoor (lc_proxy *p) {
  lc_straitthing *t = lc_dock_lock(p, NULL);
  pier *own = pier_of(t, lc_commons_place());
  if (own) lc_chain_remove(&own->in);
  count_holders(t);
  bool lonely = t->lonely;
  lc_thing_unlock(&t->thing);
  if (own) lc_commons_free(own, sizeof *own);
  if (lonely) lc_dock_stir(p, NULL);
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
  while ((k = lc_thing_first(&t->thing)) || (k = lc_dock_sender(t))) {
    lc_dock_tell(k, &rings);
    rings.n = 0;
  }
  lc_thing_unlock(&t->thing);
}

/* Those in the ring, and what the dead have left. */
static void empty_slots (lc_straitthing *t, const lc_mapping *m) {
  for (; t->head != t->tail; t->head++)
    lc_slot_drop(t, m, *lc_slot_ring(t, m, t->head));
  for (uint32_t i = 0; i < t->high; i++) lc_slot_drop_apart(lc_slot_at(m, i));
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

void lc_dock_open (void) {
  lc_commons_add(LC_STRAIT_KIND, &kind);
}

/* }} */
