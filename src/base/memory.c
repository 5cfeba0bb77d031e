/*
** memory.c: counting what a state allocates. See memory.h.
*/

#include "base/memory.h"

static void *limited (void *ud, void *block, size_t old, size_t size) {
  lc_memory *m = ud;
  size_t had = block ? old : 0;   /* else `old` tells a type */
  if (size > had && size - had > m->limit - m->used) return NULL;
  void *moved = m->alloc(m->ud, block, old, size);
  if (moved || size == 0) m->used = m->used - had + size;
  return moved;
}

bool lc_memory_limit (lua_State *L, lc_memory *m, size_t limit) {
  size_t used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 +
                (size_t)lua_gc(L, LUA_GCCOUNTB);
  if (used > limit) return false;
  m->alloc = lua_getallocf(L, &m->ud);
  m->used = used;
  m->limit = limit;
  lua_setallocf(L, limited, m);
  return true;
}

void lc_memory_lift (lc_memory *m) {
  m->limit = SIZE_MAX;
}
