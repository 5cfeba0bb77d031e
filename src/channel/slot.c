/*
** slot.c: see slot.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "channel/slot.h"
#include "engine/road.h"

enum { PAGE = 4096 };

/* {{ Where things lie */

static size_t ring_begin (const lc_straitthing *t) {
  return t->nslots * sizeof(lc_slot);
}

uint32_t *lc_slot_ring (const lc_straitthing *t, const lc_mapping *m,
                        uint64_t i) {
  return (uint32_t *)(void *)(m->base + ring_begin(t)) + i % t->nslots;
}

size_t lc_slot_arenas (const lc_straitthing *t) {
  size_t end = ring_begin(t) + t->nslots * sizeof(uint32_t);
  return (end + PAGE - 1) / PAGE * PAGE;
}

static char *arena_of (const lc_straitthing *t, const lc_mapping *m,
                       uint32_t i) {
  return m->base + lc_slot_arenas(t) + (size_t)i * LC_SLOT_ARENA;
}

uint64_t lc_slot_owner (void) {
  return lc_commons_self() + LC_SLOT_MEMBER;
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

void lc_slot_settle (void) {
  while (forgotten.n > 0)
    (void)lc_road_drop(forgotten.ids[--forgotten.n]);
}

/* }} */

/* {{ Slots; the lock is held */

/* NULL: there is none. */
lc_slot *lc_slot_take (lc_straitthing *t, const lc_mapping *m,
                       uint32_t *i) {
  if (t->free) {
    *i = t->free - 1;
    t->free = lc_slot_at(m, *i)->next;
  }
  else if (t->high < t->nslots) *i = t->high++;
  else return NULL;
  lc_slot *s = lc_slot_at(m, *i);
  if (s->apart) forget(s->u.bytes.road);
  s->owner = lc_slot_owner();
  s->apart = s->chained = false;
  s->next = 0;
  return s;
}

static void give_one (lc_straitthing *t, const lc_mapping *m, uint32_t i) {
  lc_slot *s = lc_slot_at(m, i);
  s->owner = LC_SLOT_FREE;
  s->next = t->free;
  t->free = i + 1;
}

void lc_slot_give (lc_straitthing *t, const lc_mapping *m, uint32_t i) {
  const lc_slot *s = lc_slot_at(m, i);
  uint32_t next = s->chained ? s->next : 0;
  give_one(t, m, i);
  while (next) {
    i = next - 1;
    next = lc_slot_at(m, i)->next;
    give_one(t, m, i);
  }
}

/* Several slots that go on in each other: the first, or false. */
bool lc_slot_take_chain (lc_straitthing *t, const lc_mapping *m,
                         size_t n, uint32_t *first) {
  uint32_t i, before = 0;
  for (; n > 0; n--) {
    lc_slot *s = lc_slot_take(t, m, &i);
    if (!s) break;
    s->next = before;
    s->chained = true;
    before = i + 1;
  }
  *first = before - 1;
  if (n == 0) return true;
  if (before) lc_slot_give(t, m, *first);
  return false;
}

void lc_slot_put_last (lc_straitthing *t, const lc_mapping *m, uint32_t i) {
  *lc_slot_ring(t, m, t->tail) = i;
  lc_slot_at(m, i)->owner = LC_SLOT_IN_RING;
  t->tail++;
}

uint32_t lc_slot_take_first (lc_straitthing *t, const lc_mapping *m) {
  uint32_t i = *lc_slot_ring(t, m, t->head);
  lc_slot_at(m, i)->owner = lc_slot_owner();
  t->head++;
  return i;
}

/* }} */

/* {{ What is in a slot */

/* What is too long for an arena goes into a mapping of its own: its number on
** the road; 0: it can't. */
uint64_t lc_slot_put_apart (const lc_message *m) {
  lc_mapping apart;
  uint64_t id;
  if (lc_mapping_make(&apart, "luaconc message", m->len)) return 0;
  memcpy(apart.base, m->base, m->len);
  int err = lc_road_put(apart.fd, &id);
  lc_mapping_close(&apart);
  return err ? 0 : id;
}

void lc_slot_fill (const lc_straitthing *t, const lc_mapping *m, uint32_t i,
                   const lc_item *item, uint64_t apart) {
  lc_slot *s = lc_slot_at(m, i);
  s->kind = item->kind;
  s->len = item->len;
  s->flow = item->flow;
  s->apart = apart != 0;
  if (!lc_slot_is_block(item)) {
    memcpy(&s->u, &item->u, sizeof s->u);
    return;
  }
  s->u.bytes.len = item->u.message.len;
  s->u.bytes.road = apart;
  if (!apart)
    memcpy(arena_of(t, m, i), item->u.message.base, item->u.message.len);
}

static bool copy_apart (const lc_slot *s, char *base) {
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
    size_t n = len < LC_SLOT_ARENA ? len : LC_SLOT_ARENA;
    memcpy(base, arena_of(t, m, i), n);
    base += n;
    len -= n;
    i = lc_slot_at(m, i)->next - 1;
  }
}

/* The bytes of a block; the slot is this process's. */
bool lc_slot_copy_block (const lc_straitthing *t, const lc_mapping *m,
                         uint32_t i, lc_message *out) {
  const lc_slot *s = lc_slot_at(m, i);
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

void lc_slot_drop_apart (lc_slot *s) {
  if (s->apart) (void)lc_road_drop(s->u.bytes.road);
  s->apart = false;
}

void lc_slot_copy_small (const lc_slot *s, lc_item *item) {
  memcpy(&item->u, &s->u, sizeof s->u);
  item->flow = s->flow;
  item->kind = s->kind;
  item->len = s->len;
}

/* Nobody will read it: what it holds is let go. */
void lc_slot_drop (const lc_straitthing *t, const lc_mapping *m,
                   uint32_t i) {
  lc_slot *s = lc_slot_at(m, i);
  lc_message copy;
  if (lc_slot_is_small(s)) return;
  if (s->kind == LC_ITEM_MESSAGE && lc_slot_copy_block(t, m, i, &copy)) {
    lc_message_unexport(&copy, 0);
    lc_message_free(&copy);
  }
  lc_slot_drop_apart(s);
}

/* }} */

/* {{ Several slots */

/* The slots in which this one goes on are in use, too. */
void lc_slot_keep_chain (const lc_mapping *m, uint32_t i) {
  const lc_slot *s = lc_slot_at(m, i);
  if (!s->chained) return;
  for (uint32_t j = s->next; j; j = lc_slot_at(m, j - 1)->next)
    if (lc_slot_at(m, j - 1)->owner < LC_SLOT_MEMBER)
      lc_slot_at(m, j - 1)->owner = LC_SLOT_LINKED;
}

void lc_slot_fill_chain (const lc_straitthing *t, const lc_mapping *m,
                         uint32_t i, const lc_item *item) {
  const char *base = item->u.message.base;
  size_t len = item->u.message.len;
  lc_slot *first = lc_slot_at(m, i);
  first->kind = item->kind;
  first->flow = item->flow;
  first->u.bytes.len = len;
  while (len > 0) {
    size_t n = len < LC_SLOT_ARENA ? len : LC_SLOT_ARENA;
    memcpy(arena_of(t, m, i), base, n);
    base += n;
    len -= n;
    i = lc_slot_at(m, i)->next - 1;
  }
}

/* All but the first belong to it from now on. */
void lc_slot_link (const lc_mapping *m, uint32_t i) {
  for (uint32_t j = lc_slot_at(m, i)->next; j; j = lc_slot_at(m, j - 1)->next)
    lc_slot_at(m, j - 1)->owner = LC_SLOT_LINKED;
}

/* }} */
