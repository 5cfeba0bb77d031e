/*
** chain.c: see chain.h. Stores that must not change places are atomic: for who
** finds the work of a process that was killed between two of them.
*/

#include "shared/chain.h"
#include "shared/commons.h"

static lc_chain *at (lc_ref r) {
  return (lc_chain *)(void *)(lc_commons_base + r);
}

void lc_chain_init (lc_chain *l) {
  lc_ref_set(&l->next, lc_commons_ref(l));
  lc_ref_set(&l->prev, lc_commons_ref(l));
}

bool lc_chain_empty (const lc_chain *head) {
  return lc_ref_get(&head->next) == lc_commons_ref(head);
}

lc_chain *lc_chain_next (const lc_chain *l) {
  return at(lc_ref_get(&l->next));
}

void lc_chain_append (lc_chain *head, lc_chain *l) {
  lc_ref last = lc_ref_get(&head->prev), self = lc_commons_ref(l);
  lc_ref_set(&l->next, lc_commons_ref(head));
  lc_ref_set(&l->prev, last);
  lc_ref_set(&at(last)->next, self);   /* now it is in */
  lc_ref_set(&head->prev, self);
}

/* A link whose neighbour does not know it was taken out by one who died
** before he could tell it so. */
void lc_chain_remove (lc_chain *l) {
  lc_ref next = lc_ref_get(&l->next), prev = lc_ref_get(&l->prev);
  if (lc_ref_get(&at(prev)->next) == lc_commons_ref(l)) {
    lc_ref_set(&at(prev)->next, next);   /* now it is out */
    lc_ref_set(&at(next)->prev, prev);
  }
  lc_chain_init(l);
}

void lc_chain_repair (lc_chain *head) {
  lc_chain *l = head;
  do {
    lc_chain *next = lc_chain_next(l);
    lc_ref_set(&next->prev, lc_commons_ref(l));
    l = next;
  } while (l != head);
}
