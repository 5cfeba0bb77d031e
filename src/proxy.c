/*
** proxy.c: see proxy.h. The table finds the proxy of an object that has come
** from another process.
*/

#include <string.h>

#include "alloc.h"
#include "proxy.h"

enum { SLOTS = 256 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static lc_proxy *table[SLOTS];

static void lock (void) { (void)pthread_mutex_lock(&mutex); }
static void unlock (void) { (void)pthread_mutex_unlock(&mutex); }

static lc_proxy **slot_of (const lc_common *c) {
  return &table[lc_commons_ref(c) / 64 % SLOTS];
}

static void insert (lc_proxy *p) {
  lc_proxy **slot = slot_of(p->common);
  p->next = *slot;
  *slot = p;
}

static void take_out (lc_proxy *p) {
  lc_proxy **at = slot_of(p->common);
  while (*at != p) at = &(*at)->next;
  *at = p->next;
}

/* In the commons already. */
static lc_proxy *make_proxy (const lc_sharedkind *kind, lc_common *c) {
  lc_proxy *p = lc_alloc(sizeof *p);
  if (!p) return NULL;
  memset(p, 0, sizeof *p);
  p->shared.kind = kind;
  p->common = c;
  p->bulk.fd = -1;
  p->references = 1;
  return p;
}

int lc_proxy_new (const lc_sharedkind *kind, uint32_t number, lc_proxy **p) {
  int err = lc_commons_enter();
  if (err) return err;
  lc_common *c = lc_commons_new(number);
  *p = c ? make_proxy(kind, c) : NULL;
  if (!*p) {
    if (c) lc_commons_drop(c);
    lc_commons_leave();
    return UV_ENOMEM;
  }
  lock();
  insert(*p);
  unlock();
  return 0;
}

void lc_proxy_hold (lc_shared *s) {
  lock();
  lc_proxy_of(s)->references++;
  unlock();
}

void lc_proxy_drop (lc_shared *s) {
  lc_proxy *p = lc_proxy_of(s);
  lock();
  bool last = --p->references == 0;
  if (last) take_out(p);
  unlock();
  if (!last) return;
  lc_mapping_close(&p->bulk);
  lc_commons_drop(p->common);
  lc_commons_leave();
  lc_free(p, sizeof *p);
}
