/*
** names.c: reading package.loaded backwards. See names.h.
*/

#include <string.h>

#include "value/names.h"

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

/* {{ Modules */

/* Notes the module on top, of this name, as one that is there. */
static bool note_loaded (lc_names *n, lua_State *L, const char *name) {
  const void *address = lua_topointer(L, -1);
  return lc_bytes_append(&n->loaded, &address, sizeof(address)) &&
         lc_bytes_append(&n->loaded, name, strlen(name) + 1);
}

/* Is what comes next in `loaded`, from *at on, the module on top? */
static bool is_noted (const lc_names *n, lua_State *L, const char *name,
                      size_t *at) {
  const void *address = lua_topointer(L, -1);
  size_t len = strlen(name) + 1, left = n->loaded.len - *at;
  const char *next = n->loaded.base + *at;
  if (left < sizeof(address) + len ||
      memcmp(next, &address, sizeof(address)) != 0 ||
      memcmp(next + sizeof(address), name, len) != 0) return false;
  *at += sizeof(address) + len;
  return true;
}

/* Does package.loaded hold the modules that it held? */
static bool is_current (const lc_names *n, lua_State *L) {
  int top = lua_gettop(L);
  size_t at = 0;
  bool same = n->loaded.len > 0, there = push_loaded(L);
  while (there && same && lua_next(L, top + 1)) {
    const char *name = key_name(L);
    if (name && is_module(L)) same = is_noted(n, L, name, &at);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return same && at == n->loaded.len;
}

static bool read_modules (lc_names *n, lua_State *L) {
  int top = lua_gettop(L);
  bool ok = true, there = push_loaded(L);
  while (there && ok && lua_next(L, top + 1)) {
    const char *name = key_name(L);
    if (name && is_module(L))
      ok = name_value(n, L, MODULE, name, NULL) && note_loaded(n, L, name);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return ok;
}

static bool read_anew (lc_names *n, lua_State *L) {
  n->functions = false;
  lc_ptrmap_reset(&n->map);
  lc_bytes_reset(&n->text, UINT32_MAX / 2);
  lc_bytes_reset(&n->loaded, UINT32_MAX / 2);
  if (read_modules(n, L)) return true;
  n->loaded.len = 0;
  return false;
}

bool lc_names_modules (lc_names *n, lua_State *L) {
  if (!lua_checkstack(L, 8)) return false;
  return is_current(n, L) || read_anew(n, L);
}

const char *lc_names_module (const lc_names *n, const void *address) {
  lc_ptrentry *e = lc_ptrmap_find(&n->map, address);
  return e && e->extra == MODULE ? n->text.base + e->value - 1 : NULL;
}

/* }} */

/* {{ Functions */

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

static bool read_functions (lc_names *n, lua_State *L) {
  int top = lua_gettop(L);
  bool ok = true, there = push_loaded(L);
  while (there && ok && lua_next(L, top + 1)) {
    const char *name = key_name(L);
    if (name && lua_istable(L, -1)) ok = name_fields(n, L, name);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  n->functions = ok;
  return ok;
}

/* The name that the function on top had; NULL: none. */
static const char *known_name (const lc_names *n, lua_State *L,
                               const char **module) {
  lc_ptrentry *e = lc_ptrmap_find(&n->map, lua_topointer(L, -1));
  if (!e || e->extra != FUNCTION) return NULL;
  *module = n->text.base + e->value - 1;
  return *module + strlen(*module) + 1;
}

/* Pushes the field of the table on top, which it replaces, or nil. Its name
** is that of a key somewhere, so it may be long, but seldom is. */
static void step_into (lua_State *L, const char *name) {
  if (lua_istable(L, -1)) {
    lua_pushstring(L, name);
    lua_rawget(L, -2);
  }
  else lua_pushnil(L);
  lua_remove(L, -2);
}

/* Is the function on top what this name stands for? */
static bool is_true (lua_State *L, const char *module, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  step_into(L, module);
  step_into(L, name);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 1);
  return same;
}

bool lc_names_function (lc_names *n, lua_State *L, const char **module,
                        const char **name) {
  if (!lua_checkstack(L, 8)) return false;
  *name = n->functions ? known_name(n, L, module) : NULL;
  if (*name && is_true(L, *module, *name)) return true;
  if (!read_anew(n, L) || !read_functions(n, L)) return false;
  *name = known_name(n, L, module);
  return true;
}

/* }} */

void lc_names_free (lc_names *n) {
  lc_ptrmap_free(&n->map);
  lc_bytes_free(&n->text);
  lc_bytes_free(&n->loaded);
  n->functions = false;
}
