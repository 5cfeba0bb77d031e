/*
** proxy.c: see proxy.h. The table finds the proxy of an object that has come
** from another process. Its lock is held while the last proxy gives the object
** up, so that none is found of one that is about to go.
*/

#include <string.h>

#include "base/alloc.h"
#include "engine/road.h"
#include "shared/proxy.h"
#include "shared/things.h"

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

static lc_proxy *find (const lc_common *c) {
  lc_proxy *p = *slot_of(c);
  while (p && p->common != c) p = p->next;
  return p;
}

/* Its descriptor must be on the road; two may put it there at once. */
int lc_proxy_offer (lc_proxy *p) {
  lc_bulk *bulk = lc_bulk_of(p->common);
  uint64_t id, none = 0;
  if (!bulk || atomic_load(&bulk->road)) return 0;
  int err = lc_road_put(p->bulk.fd, &id);
  if (!err && !atomic_compare_exchange_strong(&bulk->road, &none, id))
    (void)lc_road_drop(id);
  return err;
}

static int map_bulk (lc_proxy *p) {
  const lc_bulk *bulk = lc_bulk_of(p->common);
  if (!bulk) return 0;
  int fd = lc_road_get(atomic_load(&bulk->road));
  return fd < 0 ? fd : lc_mapping_take(&p->bulk, fd, bulk->bytes);
}

static lc_proxy *come_first (const lc_sharedkind *kind, lc_common *c) {
  if (lc_commons_enter()) return NULL;
  lc_proxy *p = make_proxy(kind, c);
  if (p && !map_bulk(p) && lc_commons_hold(c, false)) {
    insert(p);
    return p;
  }
  if (p) lc_mapping_close(&p->bulk);
  lc_free(p, sizeof *p);
  lc_commons_leave();
  return NULL;
}

lc_proxy *lc_proxy_come (const lc_sharedkind *kind, lc_common *c) {
  lock();
  lc_proxy *p = find(c);
  if (p) p->references++;
  else p = come_first(kind, c);
  unlock();
  return p;
}

int lc_proxy_cross (lc_shared *s, lc_common **c) {
  lc_proxy *p = lc_proxy_of(s);
  *c = p->common;
  return lc_proxy_offer(p);
}

lc_shared *lc_proxy_arrive (const lc_sharedkind *kind, lc_common *c) {
  lc_proxy *p = lc_proxy_come(kind, c);
  return p ? &p->shared : NULL;
}

void lc_proxy_hold (lc_shared *s) {
  lock();
  lc_proxy_of(s)->references++;
  unlock();
}

/* The table stays locked until the commons know: else one that comes anew
** meanwhile would be given up with this one. */
void lc_proxy_drop (lc_shared *s) {
  lc_proxy *p = lc_proxy_of(s);
  lock();
  bool last = --p->references == 0;
  if (last) {
    take_out(p);
    lc_commons_drop(p->common);
  }
  unlock();
  if (!last) return;
  lc_mapping_close(&p->bulk);
  lc_commons_leave();
  lc_free(p, sizeof *p);
}
