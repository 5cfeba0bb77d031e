/*
** list.h: circular doubly linked lists whose links live in the elements.
**
** A head is a link that belongs to no element. An element that is in no
** list points to itself, so taking it out twice does no harm. Nothing here
** allocates, waits or raises.
*/

#ifndef lc_list_h
#define lc_list_h

#include "base/base.h"

typedef struct lc_link {
  struct lc_link *next;
  struct lc_link *prev;
} lc_link;

static inline void lc_list_init (lc_link *l) {
  l->next = l->prev = l;
}

static inline bool lc_list_empty (const lc_link *head) {
  return head->next == head;
}

static inline void lc_list_append (lc_link *head, lc_link *l) {
  l->prev = head->prev;
  l->next = head;
  head->prev->next = l;
  head->prev = l;
}

static inline void lc_list_remove (lc_link *l) {
  l->prev->next = l->next;
  l->next->prev = l->prev;
  lc_list_init(l);
}

/* Takes the first element out; NULL where there is none. */
static inline lc_link *lc_list_shift (lc_link *head) {
  lc_link *l = head->next;
  if (l == head) return NULL;
  lc_list_remove(l);
  return l;
}

#define lc_list_each(l, head) \
  for (lc_link *l = (head)->next; l != (head); l = l->next)

#endif
