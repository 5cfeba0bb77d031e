/*
** heap.c: a 4-ary heap. See heap.h.
**
** Invariants, which lc_heap_check asserts: no slot comes before its parent;
** slots[i].timer->index == i + 1. Deadlines stand in the slots, so that
** sifting touches timers only to move them or to break a tie. Four children
** a slot: half the depth of a binary heap, and siblings share a cache line.
*/

#include "base/alloc.h"
#include "base/heap.h"

#define ARITY 4u

static bool before (lc_heapslot a, lc_heapslot b) {
  if (a.due != b.due) return a.due < b.due;
  return (int32_t)(a.timer->seq - b.timer->seq) < 0;
}

static void put (lc_heap *h, uint32_t i, lc_heapslot s) {
  h->slots[i] = s;
  s.timer->index = i + 1;
}

static void sift_up (lc_heap *h, uint32_t i, lc_heapslot s) {
  while (i > 0) {
    uint32_t parent = (i - 1) / ARITY;
    if (!before(s, h->slots[parent])) break;
    put(h, i, h->slots[parent]);
    i = parent;
  }
  put(h, i, s);
}

static uint32_t least_child (const lc_heap *h, uint32_t i) {
  uint32_t first = i * ARITY + 1, best = first;
  uint32_t end = first + ARITY < h->n ? first + ARITY : h->n;
  for (uint32_t c = first + 1; c < end; c++)
    if (before(h->slots[c], h->slots[best])) best = c;
  return best;
}

static void sift_down (lc_heap *h, uint32_t i, lc_heapslot s) {
  while (i * ARITY + 1 < h->n) {
    uint32_t child = least_child(h, i);
    if (!before(h->slots[child], s)) break;
    put(h, i, h->slots[child]);
    i = child;
  }
  put(h, i, s);
}

static int grow (lc_heap *h) {
  uint32_t size = h->size ? h->size * 2 : 16;
  lc_heapslot *slots = lc_realloc(h->slots,
    h->size * sizeof(*slots), size * sizeof(*slots));
  if (!slots) return UV_ENOMEM;
  h->slots = slots;
  h->size = size;
  return 0;
}

int lc_heap_add (lc_heap *h, lc_timer *t, uint64_t due) {
  if (h->n + h->reserved >= h->size && grow(h) != 0) return UV_ENOMEM;
  lc_heap_add_reserved(h, t, due);
  return 0;
}

int lc_heap_reserve (lc_heap *h) {
  if (h->n + h->reserved >= h->size && grow(h) != 0) return UV_ENOMEM;
  h->reserved++;
  return 0;
}

void lc_heap_unreserve (lc_heap *h) {
  h->reserved--;
}

void lc_heap_add_reserved (lc_heap *h, lc_timer *t, uint64_t due) {
  lc_assert(t->index == 0 && h->n < h->size);
  t->seq = h->seq++;
  sift_up(h, h->n++, (lc_heapslot){due, t});
}

void lc_heap_remove (lc_heap *h, lc_timer *t) {
  if (t->index == 0) return;
  uint32_t i = t->index - 1;
  lc_heapslot last = h->slots[--h->n];
  t->index = 0;
  if (i == h->n) return;
  if (i > 0 && before(last, h->slots[(i - 1) / ARITY])) sift_up(h, i, last);
  else sift_down(h, i, last);
}

lc_timer *lc_heap_take (lc_heap *h, uint64_t now) {
  if (h->n == 0 || h->slots[0].due > now) return NULL;
  lc_timer *t = h->slots[0].timer;
  lc_heap_remove(h, t);
  return t;
}

void lc_heap_free (lc_heap *h) {
  lc_free(h->slots, h->size * sizeof(*h->slots));
  *h = (lc_heap){0};
}

#if defined(LUACONC_TESTING)
void lc_heap_check (const lc_heap *h) {
  for (uint32_t i = 0; i < h->n; i++) {
    lc_assert(h->slots[i].timer->index == i + 1);
    lc_assert(i == 0 || !before(h->slots[i], h->slots[(i - 1) / ARITY]));
  }
}
#endif
