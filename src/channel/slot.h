/*
** slot.h: where the items of a strait lie, in its mapping (strait.h).
**
**   slots | the ring: places of slots | arenas, one for each slot
**
** A slot has one owner: a process, the ring, the slot that goes on in it, or
** nobody; then it is in the list of free ones. Small values lie in the slot,
** others in its arena, and longer ones in the arenas of several slots, or,
** longer still, in a mapping of their own, by the road.
**
** Nothing here raises. "The lock" is that of the strait.
*/

#ifndef lc_slot_h
#define lc_slot_h

#include "channel/item.h"
#include "shared/things.h"

enum {
  LC_SLOT_ARENA = 8192,
  LC_SLOT_CHAINED = 4 << 20,   /* bytes up to which several slots are used */
  LC_SLOT_SPARE = 4096,        /* slots beside those in the ring: for waits */
  LC_SLOT_MOST = 65536         /* of the capacity */
};

/* Owners: MEMBER and the number of a process. */
enum { LC_SLOT_FREE, LC_SLOT_IN_RING, LC_SLOT_LINKED, LC_SLOT_MEMBER };

typedef struct lc_slot {
  uint64_t owner;
  uint32_t next;               /* of free ones, and of those that go on in
                               ** another: its place and one more; or 0 */
  uint8_t kind;                /* an lc_itemkind */
  uint8_t len;                 /* of a short string */
  bool apart;                  /* its bytes are in a mapping of their own */
  bool chained;                /* it is the first of several */
  uint32_t flow;               /* as in an item */
  union {
    int64_t integer;
    double number;
    char text[LC_ITEM_TEXT];
    struct { uint64_t len, road; } bytes;
  } u;
} lc_slot;

static inline lc_slot *lc_slot_at (const lc_mapping *m, uint32_t i) {
  return (lc_slot *)(void *)m->base + i;
}

/* Items in the ring. */
static inline uint64_t lc_slot_count (const lc_straitthing *t) {
  return t->tail - t->head;
}

static inline bool lc_slot_is_block (const lc_item *item) {
  return item->kind > LC_ITEM_SHORT;
}

static inline bool lc_slot_is_small (const lc_slot *s) {
  return s->kind <= LC_ITEM_SHORT;
}

/* The i-th place in the ring; where the arenas begin; we as an owner. */
uint32_t *lc_slot_ring (const lc_straitthing *t, const lc_mapping *m,
                        uint64_t i);
size_t lc_slot_arenas (const lc_straitthing *t);
uint64_t lc_slot_owner (void);

/* {{ With the lock */

/* One of ours; NULL: there is none. Several that go on in each other: the
** first, or false. Back again, with those that it goes on in. */
lc_slot *lc_slot_take (lc_straitthing *t, const lc_mapping *m, uint32_t *i);
bool lc_slot_take_chain (lc_straitthing *t, const lc_mapping *m, size_t n,
                         uint32_t *first);
void lc_slot_give (lc_straitthing *t, const lc_mapping *m, uint32_t i);

/* Into the ring, and out of it: then it is ours. */
void lc_slot_put_last (lc_straitthing *t, const lc_mapping *m, uint32_t i);
uint32_t lc_slot_take_first (lc_straitthing *t, const lc_mapping *m);

/* The slots in which this one goes on belong to it; or are in use, too. */
void lc_slot_link (const lc_mapping *m, uint32_t i);
void lc_slot_keep_chain (const lc_mapping *m, uint32_t i);

/* }} */

/* Drops from the road what the dead had put there for slots that were taken
** since: when the lock has been given up. */
void lc_slot_settle (void);

/* {{ What is in a slot of ours */

/* Puts bytes into a mapping of their own: its number on the road, or 0. */
uint64_t lc_slot_put_apart (const lc_message *m);

void lc_slot_fill (const lc_straitthing *t, const lc_mapping *m, uint32_t i,
                   const lc_item *item, uint64_t apart);
void lc_slot_fill_chain (const lc_straitthing *t, const lc_mapping *m,
                         uint32_t i, const lc_item *item);

void lc_slot_copy_small (const lc_slot *s, lc_item *item);
bool lc_slot_copy_block (const lc_straitthing *t, const lc_mapping *m,
                         uint32_t i, lc_message *out);

/* Nobody will read it: what it holds is let go. */
void lc_slot_drop (const lc_straitthing *t, const lc_mapping *m, uint32_t i);
void lc_slot_drop_apart (lc_slot *s);

/* }} */

#endif
