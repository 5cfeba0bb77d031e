/*
** stub.c: see stub.h.
*/

#include <stdatomic.h>

#include "base/errors.h"
#include "engine/road.h"
#include "shared/proxy.h"
#include "shared/things.h"
#include "value/stub.h"

typedef struct lc_stub {
  lc_common common;
  _Atomic(uint64_t) fd, block;
} lc_stub;

static lc_stub *stub_of (lc_common *c) {
  return lc_container(c, lc_stub, common);
}

static void drop_one (_Atomic(uint64_t) *place) {
  uint64_t id = atomic_load(place);
  if (id) (void)lc_road_drop(id);
}

/* What was fetched is on the road no more; numbers are not used again. */
static void empty_stub (lc_common *c) {
  drop_one(&stub_of(c)->fd);
  drop_one(&stub_of(c)->block);
}

static const lc_commonkind common_kind = {sizeof(lc_stub), NULL, empty_stub};

/* No value of a message names it. */
static void push_stub (lua_State *L, lc_shared *s) {
  (void)s;
  lc_errors_raise(L, "EPROTO", "no message, or a damaged one: %s (byte %d)",
                  "a ticket is no value", 0);
}

static const lc_sharedkind stub_kind = {
  .name = "ticket", .hold = lc_proxy_hold, .drop = lc_proxy_drop,
  .push = push_stub, .leaf = true,
  .cross = lc_proxy_cross, .come = lc_proxy_arrive
};

lc_shared *lc_stub_new (void) {
  lc_proxy *p;
  return lc_proxy_new(&stub_kind, LC_STUB_KIND, &p) ? NULL : &p->shared;
}

void lc_stub_fill (lc_shared *stub, uint64_t fd, uint64_t block) {
  lc_stub *s = stub_of(lc_proxy_of(stub)->common);
  atomic_store(&s->fd, fd);
  atomic_store(&s->block, block);
}

void lc_stub_open (void) {
  lc_commons_add(LC_STUB_KIND, &common_kind);
  lc_shared_add(LC_STUB_KIND, &stub_kind);
}
