/*
** chain.h: circular lists in the commons (commons.h), whose links lie in what
** they link. A head is a link, too.
**
** A place there is an lc_ref, as each process maps the commons elsewhere.
*/

#ifndef lc_chain_h
#define lc_chain_h

#include <stdatomic.h>

#include "base/base.h"

typedef uint32_t lc_ref;     /* 0: none */

static inline lc_ref lc_ref_get (const _Atomic(lc_ref) *r) {
  return atomic_load_explicit(r, memory_order_relaxed);
}

static inline void lc_ref_set (_Atomic(lc_ref) *r, lc_ref value) {
  atomic_store_explicit(r, value, memory_order_release);
}

typedef struct lc_chain {
  _Atomic(lc_ref) next;
  _Atomic(lc_ref) prev;
} lc_chain;

void lc_chain_init (lc_chain *l);
bool lc_chain_empty (const lc_chain *head);
void lc_chain_append (lc_chain *head, lc_chain *l);
void lc_chain_remove (lc_chain *l);        /* twice does no harm */
lc_chain *lc_chain_next (const lc_chain *l);
void lc_chain_repair (lc_chain *head);     /* after a death */

#define lc_chain_each(l, head) \
  for (lc_chain *l = lc_chain_next(head), *l##_next = lc_chain_next(l); \
       l != (head); l = l##_next, l##_next = lc_chain_next(l))

#endif
