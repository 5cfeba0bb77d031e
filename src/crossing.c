/*
** crossing.c: see crossing.h.
*/

#include "crossing.h"
#include "proxy.h"

enum { KINDS = 32 };

static _Atomic(const lc_crossing *) table[KINDS];

void lc_crossing_add (uint32_t number, const lc_crossing *x) {
  lc_assert(number < KINDS);
  atomic_store(&table[number], x);
}

const lc_crossing *lc_crossing_at (uint32_t number) {
  return number < KINDS ? atomic_load(&table[number]) : NULL;
}

const lc_crossing *lc_crossing_of (const lc_shared *s) {
  for (uint32_t i = 0; i < KINDS; i++) {
    const lc_crossing *x = lc_crossing_at(i);
    if (x && x->kind == s->kind) return x;
  }
  return NULL;
}

int lc_crossing_proxy (lc_shared *s, lc_common **c) {
  lc_proxy *p = lc_proxy_of(s);
  *c = p->common;
  return lc_proxy_offer(p);
}

lc_shared *lc_crossing_come (const lc_crossing *x, lc_common *c) {
  lc_proxy *p = lc_proxy_come(x->kind, c);
  return p ? &p->shared : NULL;
}
