/*
** proxy.h: an object of the commons in this process.
**
** All states of the process that hold the object share one proxy, and so do
** messages between them; together they are one hold in the commons. A proxy
** is an lc_shared (shared.h): it crosses between states as a channel does.
**
** Nothing here raises. Any thread may call these functions.
*/

#ifndef lc_proxy_h
#define lc_proxy_h

#include "shared/commons.h"
#include "shared/shared.h"

typedef struct lc_proxy lc_proxy;

struct lc_proxy {
  lc_shared shared;
  lc_common *common;
  lc_mapping bulk;        /* where it has one; base NULL: none */
  lc_proxy *next;         /* in the table */
  uint32_t references;    /* the table's lock */
};

/* A new object of this number (things.h) and its proxy, with one reference; 0
** or a libuv code. */
int lc_proxy_new (const lc_sharedkind *kind, uint32_t number, lc_proxy **p);

/* The proxy of an object that has come from another process, with a reference
** more; this process holds the object then. NULL: no memory. */
lc_proxy *lc_proxy_come (const lc_sharedkind *kind, lc_common *c);

/* Other processes are about to get it: 0, or a libuv code. */
int lc_proxy_offer (lc_proxy *p);

/* What a lc_sharedkind of proxies has. */
void lc_proxy_hold (lc_shared *s);
void lc_proxy_drop (lc_shared *s);
int lc_proxy_cross (lc_shared *s, lc_common **c);
lc_shared *lc_proxy_arrive (const lc_sharedkind *kind, lc_common *c);

static inline lc_proxy *lc_proxy_of (lc_shared *s) {
  return lc_container(s, lc_proxy, shared);
}

#endif
