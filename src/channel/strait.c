/*
** strait.c: see strait.h. The order of stores matters where a process may be
** killed between two of them: see dock.c.
*/

#include "channel/dock.h"
#include "channel/slot.h"
#include "channel/strait.h"
#include "engine/road.h"

static bool unload_block (lc_proxy *p, uint32_t i, lc_item *item) {
  lc_straitthing *t = lc_dock_thing(p);
  const lc_slot *s = lc_slot_at(&p->bulk, i);
  lc_message *m = &item->u.message;
  if (!lc_slot_copy_block(t, &p->bulk, i, m)) return false;
  item->kind = s->kind;
  item->flow = s->flow;
  if (item->kind != LC_ITEM_MESSAGE || !lc_message_import(m, true))
    return true;
  lc_message_free(m);
  return false;
}

static void free_slot (lc_proxy *p, uint32_t i) {
  lc_rings rings;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  lc_slot_give(t, &p->bulk, i);
  lc_dock_unlock(t, NULL, &rings);
}

/* Reads the slot, which is this process's, and frees it. */
static void unload (lc_proxy *p, uint32_t i, lc_item *item) {
  lc_slot *s = lc_slot_at(&p->bulk, i);
  if (lc_slot_is_small(s)) lc_slot_copy_small(s, item);
  else {
    if (!unload_block(p, i, item)) *item = (lc_item){.kind = LC_ITEM_LOST};
    lc_slot_drop_apart(s);
  }
  free_slot(p, i);
}

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

/* The slot goes to a receiver who waits, or into the ring; false: neither. */
static bool publish (lc_straitthing *t, const lc_mapping *m, uint32_t i,
                     lc_rings *rings) {
  lc_ticket *k;
  while ((k = lc_thing_first(&t->thing)) && k->what == LC_STRAIT_WATCH &&
         lc_dock_may_ring(rings)) {
    lc_dock_tell(k, rings);
    if (lc_slot_count(t) < t->capacity) {
      lc_slot_put_last(t, m, i);
      return true;
    }
  }
  if (k && k->what != LC_STRAIT_WATCH) {
    k->what = (int64_t)i + 1;
    lc_slot_at(m, i)->owner = lc_dock_owner(t, k);
    (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
    return true;
  }
  if (lc_slot_count(t) >= t->capacity) return false;
  lc_slot_put_last(t, m, i);
  return true;
}

/* Does somebody stand there who is no select? Two selects don't meet. */
static bool has_taker (lc_chain *queue) {
  lc_chain_each(l, queue)
    if (lc_container(l, lc_ticket, in)->what != LC_STRAIT_WATCH) return true;
  return false;
}

static bool can_go (lc_straitthing *t) {
  return lc_slot_count(t) < t->capacity || has_taker(&t->thing.queue);
}

static bool can_come (lc_straitthing *t) {
  return lc_slot_count(t) > 0 || has_taker(&t->senders);
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
  if (!lc_slot_take(t, m, &i)) return LC_CROSS_NOMEMORY;
  lc_slot_fill(t, m, i, item, apart);
  if (publish(t, m, i, rings)) return LC_CROSS_DONE;
  if (w) wait_with(t, w, i);
  else lc_slot_give(t, m, i);
  return LC_CROSS_BLOCKED;
}

/* There may be room: the first sender's slot comes to the end of the ring. */
static void let_follow (lc_straitthing *t, const lc_mapping *m,
                        lc_rings *rings) {
  lc_ticket *k = lc_dock_sender(t);
  if (!k || lc_slot_count(t) >= t->capacity) return;
  if (k->what > 0) {
    lc_slot_put_last(t, m, (uint32_t)k->what - 1);
    k->what = 0;
    (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
  }
  else lc_dock_tell(k, rings);
}

/* Nothing is kept here: takes the slot of the first sender. */
static bool take_from_sender (lc_straitthing *t, const lc_mapping *m,
                              uint32_t *i, lc_rings *rings) {
  lc_ticket *k;
  while ((k = lc_dock_sender(t)) && lc_dock_may_ring(rings)) {
    if (k->what > 0) {
      *i = (uint32_t)k->what - 1;
      lc_slot_at(m, *i)->owner = lc_slot_owner();
      k->what = 0;
      (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
      return true;
    }
    lc_dock_tell(k, rings);
  }
  return false;
}

static lc_crossed take (lc_straitthing *t, const lc_mapping *m, uint32_t *i,
                        lc_wait *w, lc_rings *rings) {
  if (lc_slot_count(t) > 0) {
    *i = lc_slot_take_first(t, m);
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

/* {{ Sending and receiving */

static lc_crossed put_now (lc_proxy *p, lc_item *item, uint64_t apart,
                           lc_guest *g, lc_wait *w) {
  lc_rings rings;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  lc_crossed done = put(t, &p->bulk, item, apart, w, &rings);
  lc_dock_unlock(t, g, &rings);
  return done;
}

/* {{ In several slots, which are filled without the lock */

static lc_crossed prepare_chain (lc_proxy *p, const lc_item *item,
                                 lc_wait *w, uint32_t *i) {
  lc_rings rings;
  size_t n = (item->u.message.len + LC_SLOT_ARENA - 1) / LC_SLOT_ARENA;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  lc_crossed done = t->closed ? LC_CROSS_CLOSED
                    : !w && !can_go(t) ? LC_CROSS_BLOCKED
                    : lc_slot_take_chain(t, &p->bulk, n, i) ? LC_CROSS_DONE
                    : LC_CROSS_NOMEMORY;
  lc_dock_unlock(t, NULL, &rings);
  return done;
}

static lc_crossed put_filled (lc_proxy *p, uint32_t i, lc_guest *g,
                              lc_wait *w) {
  lc_rings rings;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  lc_crossed done = LC_CROSS_DONE;
  lc_slot_link(&p->bulk, i);
  if (t->closed) done = LC_CROSS_CLOSED;
  else if (!publish(t, &p->bulk, i, &rings)) done = LC_CROSS_BLOCKED;
  if (done == LC_CROSS_BLOCKED && w) wait_with(t, w, i);
  else if (done != LC_CROSS_DONE) lc_slot_give(t, &p->bulk, i);
  lc_dock_unlock(t, g, &rings);
  return done;
}

static lc_crossed put_chain (lc_proxy *p, const lc_item *item, lc_guest *g,
                             lc_wait *w) {
  uint32_t i;
  lc_crossed done = prepare_chain(p, item, w, &i);
  if (done != LC_CROSS_DONE) return done;
  lc_slot_fill_chain(lc_dock_thing(p), &p->bulk, i, item);
  return put_filled(p, i, g, w);
}

/* }} */

lc_crossed lc_strait_put (lc_proxy *p, lc_item *item, lc_guest *g,
                          lc_wait *w) {
  uint64_t apart = 0;
  if (lc_dock_lonely(p)) return LC_CROSS_CLOSED;
  if (lc_slot_is_block(item) && item->u.message.len > LC_SLOT_ARENA) {
    lc_crossed done = item->u.message.len > LC_SLOT_CHAINED ? LC_CROSS_NOMEMORY
                      : put_chain(p, item, g, w);
    if (done == LC_CROSS_DONE || (done == LC_CROSS_BLOCKED && w))
      lc_item_free(item);
    if (done != LC_CROSS_NOMEMORY) return done;
    apart = lc_slot_put_apart(&item->u.message);
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
  bool lonely = lc_dock_lonely(p);
  uint32_t i = (uint32_t)w->ticket->what - 1;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  lc_crossed done = LC_CROSS_DONE;
  if (t->closed || lonely) done = LC_CROSS_CLOSED;
  else if (publish(t, &p->bulk, i, &rings)) w->ticket->what = 0;
  else {
    wait_with(t, w, i);
    done = LC_CROSS_BLOCKED;
  }
  lc_dock_unlock(t, g, &rings);
  return done;
}

/* Small ones are read, and their slots freed, while the lock is held. */
lc_crossed lc_strait_take (lc_proxy *p, lc_item *item, lc_guest *g,
                           lc_wait *w) {
  lc_rings rings;
  uint32_t i = 0;
  bool lonely = lc_dock_lonely(p), small = false;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  lc_crossed done = take(t, &p->bulk, &i, lonely ? NULL : w, &rings);
  if (done == LC_CROSS_DONE) {
    lc_slot *s = lc_slot_at(&p->bulk, i);
    small = lc_slot_is_small(s);
    if (small) {
      lc_slot_copy_small(s, item);
      lc_slot_give(t, &p->bulk, i);
    }
  }
  lc_dock_unlock(t, g, &rings);
  if (done == LC_CROSS_BLOCKED && lonely) return LC_CROSS_CLOSED;
  if (done == LC_CROSS_DONE && !small) unload(p, i, item);
  return done;
}

/* {{ Many. The lock is held for BULK of them at the most. */

enum { BULK = 64 };

static bool put_one (lc_straitthing *t, const lc_mapping *m,
                     const lc_item *item, lc_rings *rings) {
  if (lc_slot_is_block(item) && item->u.message.len > LC_SLOT_ARENA)
    return false;
  return lc_dock_may_ring(rings) &&
         put(t, m, item, 0, NULL, rings) == LC_CROSS_DONE;
}

uint32_t lc_strait_put_many (lc_proxy *p, lc_item *items, uint32_t n,
                             lc_guest *g) {
  lc_rings rings;
  uint32_t gone = 0;
  if (n > BULK) n = BULK;
  if (n < 2 || lc_dock_lonely(p)) return 0;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  while (gone < n && put_one(t, &p->bulk, &items[gone], &rings)) gone++;
  lc_dock_unlock(t, g, &rings);
  for (uint32_t i = 0; i < gone; i++) lc_item_free(&items[i]);
  return gone;
}

/* The first in the ring, if it is small. */
static bool take_one (lc_straitthing *t, const lc_mapping *m, lc_item *item,
                      lc_rings *rings) {
  if (lc_slot_count(t) == 0 || !lc_dock_may_ring(rings)) return false;
  const lc_slot *s = lc_slot_at(m, *lc_slot_ring(t, m, t->head));
  if (!lc_slot_is_small(s)) return false;
  uint32_t i = lc_slot_take_first(t, m);
  lc_slot_copy_small(s, item);
  lc_slot_give(t, m, i);
  let_follow(t, m, rings);
  return true;
}

uint32_t lc_strait_take_many (lc_proxy *p, lc_item *items, uint32_t n,
                              lc_guest *g) {
  lc_rings rings;
  uint32_t got = 0;
  if (n > BULK) n = BULK;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  while (got < n && take_one(t, &p->bulk, &items[got], &rings)) got++;
  lc_dock_unlock(t, g, &rings);
  return got;
}

/* }} */

void lc_strait_read (lc_proxy *p, lc_item *item, lc_wait *w) {
  uint32_t i = (uint32_t)w->ticket->what - 1;
  w->ticket->what = 0;
  unload(p, i, item);
}

void lc_strait_watch (lc_proxy *p, lc_wait *w, bool send) {
  lc_rings rings;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  bool there = send ? can_go(t) : can_come(t);
  w->told = false;
  w->ticket->what = LC_STRAIT_WATCH;
  w->ticket->result = LC_TICKET_WAITS;
  lc_chain_append(send ? &t->senders : &t->thing.queue, &w->ticket->in);
  if (there || t->closed || t->lonely) lc_dock_tell(w->ticket, &rings);
  lc_dock_unlock(t, NULL, &rings);
}

/* Serves those who wait though they need not: who was told to look may not
** have done so. */
static void settle (lc_straitthing *t, const lc_mapping *m,
                    lc_rings *rings) {
  uint64_t there = lc_slot_count(t);
  lc_ticket *k;
  for (; there > 0 && lc_dock_may_ring(rings); there--) {
    if (!(k = lc_thing_first(&t->thing))) break;
    if (k->what == LC_STRAIT_WATCH) {
      lc_dock_tell(k, rings);
      continue;
    }
    uint32_t i = lc_slot_take_first(t, m);
    k->what = (int64_t)i + 1;
    lc_slot_at(m, i)->owner = lc_dock_owner(t, k);
    (void)lc_ticket_grant(k, LC_STRAIT_DONE, rings);
  }
  if (lc_dock_may_ring(rings)) let_follow(t, m, rings);
  if ((k = lc_dock_sender(t)) && t->capacity == 0 && lc_dock_may_ring(rings) &&
      has_taker(&t->thing.queue)) lc_dock_tell(k, rings);
}

void lc_strait_abandon (lc_wait *w, lc_guest *g) {
  lc_proxy *p = w->hold;
  lc_rings rings;
  if (w->ticket->what > 0) {
    uint32_t i = (uint32_t)w->ticket->what - 1;
    w->ticket->what = 0;
    lc_slot_drop(lc_dock_thing(p), &p->bulk, i);
    free_slot(p, i);
  }
  if (w->ticket->result != LC_STRAIT_LOOK) return;
  lc_straitthing *t = lc_dock_lock(p, &rings);
  settle(t, &p->bulk, &rings);
  lc_dock_unlock(t, g, &rings);
}

void lc_strait_close (lc_proxy *p, lc_guest *g) {
  lc_straitthing *t = lc_dock_lock(p, NULL);
  t->closed = true;
  lc_thing_unlock(&t->thing);
  lc_dock_stir(p, g);
}

uint32_t lc_strait_len (const lc_proxy *p) {
  lc_straitthing *t = lc_dock_lock(p, NULL);
  uint32_t n = (uint32_t)lc_slot_count(t);
  lc_thing_unlock(&t->thing);
  return n;
}

bool lc_strait_stirs (const lc_proxy *p, bool send) {
  const lc_straitthing *t = lc_dock_thing(p);
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
  lc_straitthing *t = lc_dock_thing(*p);
  t->capacity = capacity < LC_SLOT_MOST ? capacity : LC_SLOT_MOST;
  t->nslots = t->capacity + LC_SLOT_SPARE;
  lc_thing_init(&t->thing);
  lc_chain_init(&t->senders);
  lc_chain_init(&t->piers);
  t->bulk.bytes = lc_slot_arenas(t) + (size_t)t->nslots * LC_SLOT_ARENA;
  err = lc_mapping_make(&(*p)->bulk, "luaconc channel", t->bulk.bytes);
  if (err) lc_proxy_drop(&(*p)->shared);
  return err;
}

/* }} */
