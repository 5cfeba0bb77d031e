/*
** heap.h: deadlines in order: a 4-ary heap of timers that live elsewhere.
**
** A timer belongs to whoever embeds it. It is in the heap from lc_heap_add
** to the moment it is taken or removed. Of two equal deadlines the one
** added first comes first. Adding can fail for want of memory, so it
** happens before the wait begins; removing and taking can't fail.
*/

#ifndef lc_heap_h
#define lc_heap_h

#include "base/base.h"

typedef struct lc_timer {
  void (*fire) (struct lc_timer *t);  /* runs in a libuv callback: no Lua */
  uint32_t index;                     /* place in the heap + 1; 0: not in it */
  uint32_t seq;                       /* order among equal deadlines */
} lc_timer;

typedef struct lc_heapslot {
  uint64_t due;                       /* nanoseconds of the loop's clock */
  lc_timer *timer;
} lc_heapslot;

typedef struct lc_heap {
  lc_heapslot *slots;
  uint32_t n;
  uint32_t size;
  uint32_t seq;
  uint32_t reserved;
} lc_heap;

/* 0, or UV_ENOMEM. The timer must not be in the heap. */
int lc_heap_add (lc_heap *h, lc_timer *t, uint64_t due);
void lc_heap_remove (lc_heap *h, lc_timer *t);  /* harmless if not in it */

/* A place for one timer that will be added where nothing may fail: 0, or
** UV_ENOMEM. Each such timer has one, in the heap or not. */
int lc_heap_reserve (lc_heap *h);
void lc_heap_unreserve (lc_heap *h);
void lc_heap_add_reserved (lc_heap *h, lc_timer *t, uint64_t due);

void lc_heap_free (lc_heap *h);

/* The first timer due at `now` or before, taken out; NULL if none is. */
lc_timer *lc_heap_take (lc_heap *h, uint64_t now);

/* The earliest deadline; UINT64_MAX where the heap is empty. */
static inline uint64_t lc_heap_next (const lc_heap *h) {
  return h->n ? h->slots[0].due : UINT64_MAX;
}

#if defined(LUACONC_TESTING)
void lc_heap_check (const lc_heap *h);
#endif

#endif
