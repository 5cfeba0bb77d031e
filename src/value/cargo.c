/*
** cargo.c: crates. See cargo.h.
*/

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "value/cargo.h"
#include "value/codec.h"

typedef struct lc_crate {
  lc_shared shared;
  atomic_uint holds;
  const luaconc_transfer *how;
  void *object;            /* NULL: not yet, or no longer */
} lc_crate;

static lc_crate *crate_of (lc_shared *s) {
  return lc_container(s, lc_crate, shared);
}

static void crate_hold (lc_shared *s) {
  atomic_fetch_add(&crate_of(s)->holds, 1);
}

static void crate_drop (lc_shared *s) {
  lc_crate *c = crate_of(s);
  if (atomic_fetch_sub(&c->holds, 1) > 1) return;
  if (c->object) c->how->drop(c->object);
  lc_free(c, sizeof(*c));
}

/* The module that the receiver must have loaded. */
static void load_module (lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lc_codec_module(L);
  lua_pop(L, 1);
}

static void crate_push (lua_State *L, lc_shared *s) {
  lc_crate *c = crate_of(s);
  if (c->how->module) load_module(L, c->how->module);
  if (!c->object)
    lc_errors_raise(L, "EPROTO", "what was moved by this message has arrived "
                    "already");
  c->how->arrive(L, c->object);
  c->object = NULL;
}

static const lc_sharedkind crate_kind = {
  .name = "userdata", .hold = crate_hold, .drop = crate_drop,
  .push = crate_push, .leaf = true
};

lc_shared *lc_cargo_new (const luaconc_transfer *how) {
  lc_crate *c = lc_alloc(sizeof(*c));
  if (!c) return NULL;
  c->shared.kind = &crate_kind;
  atomic_init(&c->holds, 0);
  c->how = how;
  c->object = NULL;
  return &c->shared;
}

void lc_cargo_load (lua_State *L, lc_shared *crate) {
  lc_crate *c = crate_of(crate);
  c->object = c->how->leave(L, lua_gettop(L));
  if (!c->object) luaL_error(L, "not enough memory");
}
