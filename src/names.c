/*
** names.c: reading package.loaded backwards. See names.h.
*/

#include <string.h>

#include "names.h"

enum { MODULE, FUNCTION };  /* `extra` of an entry */

/* Is (module, field) a better name than what the text has at `old`? */
static bool is_better (const char *old, const char *module,
                       const char *field) {
  size_t a = strlen(old), b = strlen(module);
  int order = a != b ? (a < b ? -1 : 1) : strcmp(old, module);
  if (order == 0 && field) order = strcmp(old + a + 1, field);
  return order > 0;
}

/* Gives the value on top a name, if it is better than what it has. */
static bool name_value (lc_names *n, lua_State *L, uint32_t kind,
                        const char *module, const char *field) {
  lc_ptrentry *e = lc_ptrmap_put(&n->map, lua_topointer(L, -1));
  if (!e) return false;
  if (e->value) {
    if (e->extra != kind) return true;
    if (!is_better(n->text.base + e->value - 1, module, field)) return true;
  }
  e->value = (uint32_t)n->text.len + 1;
  e->extra = kind;
  return lc_bytes_append(&n->text, module, strlen(module) + 1) &&
         (!field || lc_bytes_append(&n->text, field, strlen(field) + 1));
}

/* The key below the value on top as a name; NULL where it can be none. */
static const char *key_name (lua_State *L) {
  size_t len;
  if (lua_type(L, -2) != LUA_TSTRING) return NULL;
  const char *name = lua_tolstring(L, -2, &len);
  return len > 0 && strlen(name) == len ? name : NULL;
}

/* Has the value on top an identity that can be known? */
static bool is_module (lua_State *L) {
  int type = lua_type(L, -1);
  return type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA;
}

/* Pushes package.loaded and nil, to go through it. */
static bool push_loaded (lua_State *L) {
  bool there =
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE) == LUA_TTABLE;
  lua_pushnil(L);
  return there;
}

bool lc_names_modules (lc_names *n, lua_State *L) {
  int top = lua_gettop(L);
  bool ok = lua_checkstack(L, 8) != 0;
  if (!ok) return false;
  lc_bytes_reset(&n->text, UINT32_MAX / 2);
  bool there = push_loaded(L);
  while (there && ok && lua_next(L, top + 1)) {
    const char *name = key_name(L);
    if (name && is_module(L)) ok = name_value(n, L, MODULE, name, NULL);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return ok;
}

/* Names the C functions in the module on top. */
static bool name_fields (lc_names *n, lua_State *L, const char *module) {
  bool ok = true;
  lua_pushnil(L);
  while (ok && lua_next(L, -2)) {
    const char *name = key_name(L);
    if (name && lua_iscfunction(L, -1))
      ok = name_value(n, L, FUNCTION, module, name);
    lua_pop(L, 1);
  }
  if (!ok) lua_pop(L, 1);
  return ok;
}

bool lc_names_functions (lc_names *n, lua_State *L) {
  int top = lua_gettop(L);
  bool ok = lua_checkstack(L, 8) != 0;
  if (n->functions || !ok) return ok;
  bool there = push_loaded(L);
  while (there && ok && lua_next(L, top + 1)) {
    const char *name = key_name(L);
    if (name && lua_istable(L, -1)) ok = name_fields(n, L, name);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  n->functions = ok;
  return ok;
}

const char *lc_names_module (const lc_names *n, const void *address) {
  lc_ptrentry *e = lc_ptrmap_find(&n->map, address);
  return e && e->extra == MODULE ? n->text.base + e->value - 1 : NULL;
}

const char *lc_names_function (const lc_names *n, const void *address,
                               const char **module) {
  lc_ptrentry *e = lc_ptrmap_find(&n->map, address);
  if (!e || e->extra != FUNCTION) return NULL;
  *module = n->text.base + e->value - 1;
  return *module + strlen(*module) + 1;
}

void lc_names_free (lc_names *n) {
  lc_ptrmap_free(&n->map);
  lc_bytes_free(&n->text);
  n->functions = false;
}
