/*
** codecache.c: codes of a state. See codecache.h.
**
** A cache is a userdata with two tables: of the codes of functions, by weak
** keys, and of the factories in its places. A place is that of one code, by
** its hash; another code takes it over.
*/

#include <string.h>

#include "base/bytes.h"
#include "base/errors.h"
#include "base/luax.h"
#include "value/codecache.h"
#include "value/factory.h"

#define CACHE_TYPE "luaconc.codecache"
#define CODE_TYPE "luaconc.code"

enum { PLACES = 64, SENT = 1, FACTORIES = 2, LARGEST = INT32_MAX };

/* A place is free, or that of a code which has come once; which has come
** again, and has a factory; or which has come again and can't have one. */
typedef enum lc_placestate { FREE, ONCE, MADE, PLAIN } lc_placestate;

typedef struct lc_place {
  uint64_t hash;       /* of the code */
  lc_code *code;       /* while it has a factory, or one is made */
  uint8_t state;       /* an lc_placestate */
} lc_place;

typedef struct lc_codecache {
  bool closed;
  lc_place places[PLACES];
} lc_codecache;

static const char cache_key;

/* {{ The cache of a state */

static int cache_gc (lua_State *L) {
  lc_codecache *s = lua_touserdata(L, 1);
  s->closed = true;
  for (int i = 0; i < PLACES; i++) {
    lc_code_drop(s->places[i].code);
    s->places[i] = (lc_place){0, NULL, FREE};
  }
  return 0;
}

static void set_finaliser (lua_State *L, const char *type, lua_CFunction f) {
  if (luaL_newmetatable(L, type)) {
    lua_pushcfunction(L, f);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
}

static lc_codecache *make_cache (lua_State *L) {
  lc_codecache *s = lua_newuserdatauv(L, sizeof(*s), 2);
  memset(s, 0, sizeof(*s));
  s->closed = lc_luax_finalising(L);
  set_finaliser(L, CACHE_TYPE, cache_gc);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &cache_key);
  return s;
}

/* Pushes the cache. */
static lc_codecache *push_cache (lua_State *L) {
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &cache_key);
  lc_codecache *s = lua_touserdata(L, -1);
  if (s) return s;
  lua_pop(L, 1);
  return make_cache(L);
}

/* Pushes a table of the cache on top; one is made where there is none. */
static void push_table (lua_State *L, int value) {
  if (lua_getiuservalue(L, -1, value) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  if (value == SENT) {
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
  }
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, value);
}

/* }} */

/* {{ What is sent */

/* (lua_dump raises nothing, so what it writes may be C memory.) */
static int write_code (lua_State *L, const void *part, size_t n, void *ud) {
  (void)L;
  return !lc_bytes_append(ud, part, n);
}

/* Owns a hold. */
static int code_gc (lua_State *L) {
  lc_code **c = lua_touserdata(L, 1);
  lc_code_drop(*c);
  *c = NULL;
  return 0;
}

static lc_code *code_of (const lc_bytes *dump) {
  return lc_code_new(dump->base, dump->len,
                     lc_code_hash(dump->base, dump->len));
}

/* Pushes what owns the code of the function on top. */
static lc_code *push_code (lua_State *L) {
  lc_code **owner = lua_newuserdatauv(L, sizeof(*owner), 0);
  *owner = NULL;
  set_finaliser(L, CODE_TYPE, code_gc);
  lua_insert(L, -2);
  lc_bytes dump = {.limit = LARGEST};
  if (lua_dump(L, write_code, &dump, 0) == 0) *owner = code_of(&dump);
  lc_bytes_free(&dump);
  if (!*owner) luaL_error(L, "not enough memory");
  lua_pop(L, 1);
  return *owner;
}

/* The code of the function at f in the table on top, or NULL. */
static lc_code *find_code (lua_State *L, int f) {
  lua_pushvalue(L, f);
  lua_rawget(L, -2);
  lc_code **owner = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return owner ? *owner : NULL;
}

static lc_code *add_code (lua_State *L, int f) {
  lua_pushvalue(L, f);
  lua_pushvalue(L, f);
  lc_code *c = push_code(L);
  lua_rawset(L, -3);
  return c;
}

lc_code *lc_codecache_code (lua_State *L) {
  lc_code *c = NULL;
  int f = lua_gettop(L);
  lc_codecache *s = push_cache(L);
  if (!s->closed && !lc_luax_finalising(L)) {
    push_table(L, SENT);
    c = find_code(L, f);
    if (!c) c = add_code(L, f);
  }
  lua_settop(L, f);
  return c;
}

/* }} */

/* {{ What is received */

/* Bytecode, and its code where the caller has one. */
typedef struct lc_source {
  const char *bytes;
  size_t size;
  uint64_t hash;
  lc_code *code;
} lc_source;

static void load (lua_State *L, const lc_source *from) {
  if (luaL_loadbufferx(L, from->bytes, from->size, "=message", "b") != LUA_OK)
    lc_errors_raise(L, "EPROTO", "a function can't be loaded: %s",
                    lua_tostring(L, -1));
}

static bool is_in (const lc_place *p, const lc_source *from) {
  const lc_code *c = p->code;
  return c->bytes == from->bytes ||
         (c->size == from->size && memcmp(c->bytes, from->bytes, c->size) == 0);
}

static void begin_place (lc_place *p, const lc_source *from) {
  lc_code_drop(p->code);
  *p = (lc_place){from->hash, NULL, ONCE};
}

/* The code has come again: gives it a factory. The cache is on top. What runs
** meanwhile (finalisers) may use the place for another code. */
static void make_factory (lua_State *L, lc_codecache *s, lc_place *p,
                          const lc_source *from) {
  int top = lua_gettop(L);
  lc_code *c = from->code;
  if (c) lc_code_hold(c);
  else c = lc_code_new(from->bytes, from->size, from->hash);
  if (!c) return;
  lc_code_drop(p->code);
  p->code = c;
  push_table(L, FACTORIES);
  bool made = lc_factory_push(L, from->bytes, from->size);
  if (p->code == c) {
    if (made) lua_rawseti(L, top + 1, p - s->places + 1);
    p->state = made ? MADE : PLAIN;
  }
  lua_settop(L, top);
}

/* Pushes a function by the factory in the place. The cache is on top. */
static void call_factory (lua_State *L, const lc_codecache *s,
                          const lc_place *p) {
  lua_getiuservalue(L, -1, FACTORIES);
  lua_rawgeti(L, -1, p - s->places + 1);
  lua_call(L, 0, 1);
  lua_remove(L, -2);
}

static void push_function (lua_State *L, const lc_source *from) {
  lc_codecache *s = push_cache(L);
  lc_place *p = &s->places[from->hash % PLACES];
  if (!s->closed) {
    if (p->hash != from->hash) begin_place(p, from);
    else if (p->state == ONCE) make_factory(L, s, p, from);
  }
  if (p->state == MADE && is_in(p, from)) call_factory(L, s, p);
  else load(L, from);
  lua_remove(L, -2);
}

void lc_codecache_push (lua_State *L, lc_code *c) {
  push_function(L, &(lc_source){c->bytes, c->size, c->hash, c});
}

void lc_codecache_load (lua_State *L, const char *bytes, size_t size) {
  push_function(L, &(lc_source){bytes, size, lc_code_hash(bytes, size), NULL});
}

/* }} */
