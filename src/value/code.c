/*
** code.c: codes as shared objects. See code.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "value/code.h"
#include "value/codecache.h"

/* Eight bytes at a time, each mixed into what came before. */
uint64_t lc_code_hash (const char *bytes, size_t size) {
  uint64_t hash = size;
  for (size_t at = 0; at < size; at += sizeof(hash)) {
    uint64_t part = 0;
    size_t n = size - at < sizeof(part) ? size - at : sizeof(part);
    memcpy(&part, bytes + at, n);
    hash = (hash ^ part) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
  }
  return hash ? hash : 1;
}

static void code_hold (lc_shared *s) {
  lc_code_hold(lc_container(s, lc_code, shared));
}

static void code_drop (lc_shared *s) {
  lc_code_drop(lc_container(s, lc_code, shared));
}

static void code_push (lua_State *L, lc_shared *s) {
  lc_codecache_push(L, lc_container(s, lc_code, shared));
}

static const lc_sharedkind code_kind = {
  .name = "function", .hold = code_hold, .drop = code_drop,
  .push = code_push, .leaf = true
};

#if defined(LUACONC_TESTING)
static atomic_uint live;

size_t lc_code_blocks (void) {
  return atomic_load(&live);
}

#define count(n) atomic_fetch_add(&live, (unsigned)(n))
#else
#define count(n) ((void)0)
#endif

lc_code *lc_code_new (const char *bytes, size_t size, uint64_t hash) {
  lc_code *c = lc_alloc(sizeof(*c) + size);
  if (!c) return NULL;
  c->shared.kind = &code_kind;
  atomic_init(&c->holds, 1);
  c->hash = hash;
  c->size = size;
  memcpy(c->bytes, bytes, size);
  count(1);
  return c;
}

lc_code *lc_code_of (lc_shared *s) {
  return s->kind == &code_kind ? lc_container(s, lc_code, shared) : NULL;
}

void lc_code_drop (lc_code *c) {
  if (!c || atomic_fetch_sub(&c->holds, 1) > 1) return;
  count(-1);
  lc_free(c, sizeof(*c) + c->size);
}
