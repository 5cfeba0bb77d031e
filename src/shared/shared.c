/*
** shared.c: handles of shared objects. See shared.h.
**
** The registry has a table from objects to handles, with weak values
** (lc_luax_own): it gives the one handle, too.
*/

#include <stdatomic.h>

#include "base/luax.h"
#include "shared/shared.h"

enum { KINDS = 32 };

static _Atomic(const lc_sharedkind *) kinds[KINDS];

/* In the registry, and in marked metatables. */
static const char handles_key, mark_key;

/* In handles. */
static const char handle_tag;

void lc_shared_add (uint32_t number, const lc_sharedkind *kind) {
  lc_assert(number < KINDS);
  atomic_store(&kinds[number], kind);
}

const lc_sharedkind *lc_shared_kind (uint32_t number) {
  return number < KINDS ? atomic_load(&kinds[number]) : NULL;
}

void lc_shared_mark (lua_State *L) {
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &mark_key);
}

lc_shared *lc_shared_at (lua_State *L, int index) {
  const lc_handleof *h = lua_touserdata(L, index);
  if (!h || lua_islightuserdata(L, index) ||
      lua_rawlen(L, index) < sizeof *h || h->tag != &handle_tag) return NULL;
  if (!lua_getmetatable(L, index)) return NULL;
  bool marked = lua_rawgetp(L, -1, &mark_key) != LUA_TNIL;
  lua_pop(L, 2);
  return marked ? h->shared : NULL;
}

bool lc_shared_find (lua_State *L, const lc_shared *s) {
  luaL_checkstack(L, 2, NULL);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &handles_key) == LUA_TTABLE)
    lua_rawgetp(L, -1, s);
  else lua_pushnil(L);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void lc_shared_own (lua_State *L, lc_shared *s) {
  lc_handleof *h = lua_touserdata(L, -1);
  lc_luax_own(L, lua_gettop(L), &handles_key, s);
  h->tag = &handle_tag;
  h->shared = s;
}

bool lc_shared_garbage (lua_State *L, int index) {
  const lc_handleof *h = lua_touserdata(L, index);
  return lc_luax_garbage(L, index, &handles_key, h->shared);
}
