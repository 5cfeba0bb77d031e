/*
** sharedmap.c: see sharedmap.h; store.h has what is behind it.
**
** Keys and values are copies: numbers, booleans and strings as they are,
** other values as messages. What is read lies in a buffer on the C stack, or
** in a userdata where it is long, before it becomes a value: no lock is held
** while Lua runs.
*/

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "inspect/debug.h"
#include "inspect/races.h"
#include "shared/handled.h"
#include "shared/sharedmap.h"
#include "shared/store.h"
#include "value/decode.h"
#include "value/encode.h"
#include "value/encoder.h"

enum { SMALL = 512, LEAST = 4096 };

#define MEMORY ((size_t)64 << 20)   /* unless said */
#define MOST ((lua_Integer)32 << 30)

static const lc_handledtype map_type;

typedef struct map {
  lc_handled handled;
  lc_store *store;          /* NULL: closed */
} map;

static lc_mapthing *thing_of (const map *m) {
  return lc_container(m->handled.proxy->common, lc_mapthing, common);
}

static map *map_self (lua_State *L) {
  map *m = lua_touserdata(L, 1);
  if (m && lua_rawlen(L, 1) == sizeof *m && m->handled.tag == &map_type)
    return m;
  return (map *)(void *)lc_handled_self(L);
}

/* To be asked again after whatever may have run Lua code: that may have
** closed it. */
static lc_store *store_of (lua_State *L, const map *m) {
  if (!m->store) luaL_error(L, "this shared map is closed");
  return m->store;
}

static uint64_t now_of (const map *m) {
  return lc_clock_now(&m->handled.loop->clock);
}

/* {{ Values as bytes */

typedef struct word { char bytes[8]; } word;

/* A value that needs no message, valid while it is on the stack, and `w`;
** false where it is another. */
static bool read_plain (lua_State *L, int index, word *w, lc_span *x) {
  lua_Integer n;
  lua_Number f;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      *x = (lc_span){"", 0, lua_toboolean(L, index) ? 't' : 'f'};
      return true;
    case LUA_TSTRING:
      x->at = lua_tolstring(L, index, &x->len);
      x->tag = 's';
      return true;
    case LUA_TNUMBER:
      *x = (lc_span){w->bytes, sizeof w->bytes, 'i'};
      n = lua_tointegerx(L, index, NULL);
      f = lua_tonumber(L, index);
      if (lua_isinteger(L, index)) memcpy(w->bytes, &n, sizeof n);
      else memcpy(w->bytes, &f, sizeof f);
      if (!lua_isinteger(L, index)) x->tag = 'd';
      return true;
    default: return false;
  }
}

/* A key. As in a table, a float that is an integer is that integer. */
static lc_span read_key (lua_State *L, int index, word *w) {
  lc_span x;
  if (!read_plain(L, index, w, &x))
    luaL_error(L, "a key of a shared map must be a string, a number or a "
               "boolean, got %s", luaL_typename(L, index));
  int whole = 0;
  lua_Integer n = x.tag == 'd' ? lua_tointegerx(L, index, &whole) : 0;
  if (x.tag == 'd' && isnan(lua_tonumber(L, index)))
    luaL_error(L, "a key of a shared map must not be nan");
  if (!whole) return x;
  memcpy(w->bytes, &n, sizeof n);
  x.tag = 'i';
  return x;
}

/* A value, also nil, which is none. For a message the encoder is pushed. */
static lc_span read_value (lua_State *L, int index, word *w) {
  lc_span x = {NULL, 0, 0};
  if (lua_isnoneornil(L, index) || read_plain(L, index, w, &x)) return x;
  const lc_bytes *bytes = lc_encode(L, index, 1, "value");
  return (lc_span){bytes->base, bytes->len, 'm'};
}

/* Pushes the value of these bytes. */
static void push_value (lua_State *L, const char *bytes, size_t len) {
  lua_Integer n;
  lua_Number f;
  switch (*bytes++) {
    case 't': case 'f': lua_pushboolean(L, bytes[-1] == 't'); break;
    case 'i':
      memcpy(&n, bytes, sizeof n);
      lua_pushinteger(L, n);
      break;
    case 'd':
      memcpy(&f, bytes, sizeof f);
      lua_pushnumber(L, f);
      break;
    case 's': lua_pushlstring(L, bytes, len - 1); break;
    default: (void)lc_decode(L, bytes, len - 1, true);
  }
}

/* }} */

/* {{ get, set, delete */

/* Pushes the value and returns true; or nil. */
static bool fetch (lua_State *L, map *m, lc_span key, uint64_t *version) {
  char small[SMALL], *bytes = small;
  size_t size = sizeof small, len;
  int top = lua_gettop(L);
  while (lc_store_get(store_of(L, m), key, now_of(m), bytes, size, &len,
                      version) == LC_STORED && len > size) {
    lua_settop(L, top);
    bytes = lua_newuserdatauv(L, len, 0);
    size = len;
  }
  if (len == 0) lua_pushnil(L);
  else push_value(L, bytes, len);
  lua_copy(L, -1, top + 1);
  lua_settop(L, top + 1);
  return len > 0;
}

static bool is_refused (lc_stored done) {
  return done == LC_STORE_FULL || done == LC_STORE_LONG;
}

static int refuse (lua_State *L, const map *m, lc_stored done) {
  if (done == LC_STORE_LONG)
    return lc_errors_fail(L, "EMSGSIZE", "keys and values of a shared map "
                          "must be shorter than 4 GiB");
  lua_pushinteger(L, (lua_Integer)thing_of(m)->memory);
  return lc_errors_fail(L, "ENOSPC", "the shared map is full: its memory is "
                        "%s bytes (memory=)", lua_tostring(L, -1));
}

/* What stands for a key in races.h. */
static const void *mark_of (const map *m, lc_span key) {
  uintptr_t mark = (uintptr_t)m->store ^ (uint8_t)key.tag;
  for (size_t i = 0; i < key.len; i++)
    mark = (mark ^ (uint8_t)key.at[i]) * 16777619u;
  return (const void *)mark;
}

/* A number is about to be set. */
lc_cold static void look_for_race (lua_State *L, map *m, lc_span key) {
  char what[80];
  size_t len;
  uint64_t version = 0;
  (void)lc_store_get(store_of(L, m), key, now_of(m), NULL, 0, &len, &version);
  snprintf(what, sizeof what, "key '%.40s' of a shared map",
           luaL_tolstring(L, 2, NULL));
  lua_pop(L, 1);
  lc_races_write(L, m->handled.loop, mark_of(m, key), version, what,
                 "m:incr, m:cas, m:update");
}

/* m:get(key) -> value | nil */
static int map_get (lua_State *L) {
  map *m = map_self(L);
  word w;
  uint64_t version;
  lua_settop(L, 2);
  lc_span key = read_key(L, 2, &w);
  fetch(L, m, key, &version);
  if (lc_debug_on(m->handled.loop) && lua_type(L, -1) == LUA_TNUMBER)
    lc_races_read(L, m->handled.loop, mark_of(m, key), version);
  return 1;
}

/* m:set(key, value) -> true | nil, message, code */
static int map_set (lua_State *L) {
  static const lc_putting always = {.when = LC_PUT_ALWAYS};
  map *m = map_self(L);
  word w, v;
  lua_settop(L, 3);
  if (lua_isnil(L, 3))
    luaL_argerror(L, 3, "nil can't be a value: delete the key instead");
  lc_span key = read_key(L, 2, &w), value = read_value(L, 3, &v);
  if (lc_debug_on(m->handled.loop) && lua_type(L, 3) == LUA_TNUMBER)
    look_for_race(L, m, key);
  lc_stored done = lc_store_put(store_of(L, m), key, value, now_of(m),
                                &always);
  if (value.tag == 'm') lc_encoder_done(lua_touserdata(L, -1));
  if (is_refused(done)) return refuse(L, m, done);
  lua_pushboolean(L, 1);
  return 1;
}

/* m:delete(key) -> was it there? */
static int map_delete (lua_State *L) {
  static const lc_putting always = {.when = LC_PUT_ALWAYS};
  map *m = map_self(L);
  word w;
  lc_span key = read_key(L, 2, &w), none = {NULL, 0, 0};
  lc_stored done = lc_store_put(store_of(L, m), key, none, now_of(m),
                                &always);
  lua_pushboolean(L, done == LC_STORED);
  return 1;
}

/* }} */

/* {{ incr, cas, update */

/* m:incr(key [, n]) -> the new value | nil, message, code */
static int map_incr (lua_State *L) {
  map *m = map_self(L);
  word w;
  int64_t result;
  lc_span key = read_key(L, 2, &w);
  lua_Integer n = luaL_optinteger(L, 3, 1);
  lc_stored done = lc_store_add(store_of(L, m), key, 'i', n, now_of(m),
                                &result);
  if (is_refused(done)) return refuse(L, m, done);
  if (done == LC_STORE_OTHER)
    return luaL_error(L, "'incr' needs a value that is an integer: key '%s' "
                      "has another", luaL_tolstring(L, 2, NULL));
  lua_pushinteger(L, result);
  return 1;
}

static lc_span read_comparable (lua_State *L, int arg, word *w) {
  lc_span x = {NULL, 0, 0};
  if (!lua_isnil(L, arg) && !read_plain(L, arg, w, &x))
    luaL_error(L, "'cas' compares strings, numbers, booleans and nil, not a "
               "%s: use 'update'", luaL_typename(L, arg));
  return x;
}

/* m:cas(key, old, new) -> was it the old one? nil: there is none
** | nil, message, code */
static int map_cas (lua_State *L) {
  map *m = map_self(L);
  word w, o, v;
  lua_settop(L, 4);
  lc_span key = read_key(L, 2, &w);
  lc_putting how = {.when = LC_PUT_IF_VALUE,
                    .expected = read_comparable(L, 3, &o)};
  lc_span value = read_value(L, 4, &v);
  lc_stored done = lc_store_put(store_of(L, m), key, value, now_of(m), &how);
  if (value.tag == 'm') lc_encoder_done(lua_touserdata(L, -1));
  if (is_refused(done)) return refuse(L, m, done);
  lua_pushboolean(L, done != LC_STORE_OTHER);
  return 1;
}

/* Key, f, ... -> one try: pushes the new value. */
static lc_stored try_update (lua_State *L, map *m, lc_span key, int nargs) {
  lc_putting how = {.when = LC_PUT_IF_VERSION};
  word v;
  lua_settop(L, nargs);
  lua_pushvalue(L, 3);
  fetch(L, m, key, &how.version);
  for (int i = 4; i <= nargs; i++) lua_pushvalue(L, i);
  lua_call(L, nargs - 2, 1);
  lc_span value = read_value(L, nargs + 1, &v);
  lc_stored done = lc_store_put(store_of(L, m), key, value, now_of(m), &how);
  if (value.tag == 'm') lc_encoder_done(lua_touserdata(L, -1));
  lua_settop(L, nargs + 1);
  return done;
}

/* m:update(key, f, ...) -> what f(value, ...) gave, and what is there now;
** | nil, message, code. f must not wait, and may run several times. */
static int map_update (lua_State *L) {
  map *m = map_self(L);
  word w;
  lc_span key = read_key(L, 2, &w);
  lc_luax_function(L, 3);
  int nargs = lua_gettop(L);
  luaL_checkstack(L, nargs + LUA_MINSTACK, "too many arguments");
  lc_stored done;
  do done = try_update(L, m, key, nargs);
  while (done == LC_STORE_OTHER);
  return is_refused(done) ? refuse(L, m, done) : 1;
}

/* }} */

/* m:expire(key [, seconds]) -> is it there? Without, or math.huge: never */
static int map_expire (lua_State *L) {
  map *m = map_self(L);
  word w;
  lc_span key = read_key(L, 2, &w);
  uint64_t ns = lua_isnoneornil(L, 3) ? UINT64_MAX : lc_luax_seconds(L, 3);
  uint64_t due = lc_clock_after(&m->handled.loop->clock, ns);
  if (due == 0) due = 1;
  if (due == UINT64_MAX) due = 0;   /* never */
  lua_pushboolean(L, lc_store_expire(store_of(L, m), key, now_of(m), due) ==
                     LC_STORED);
  return 1;
}

/* m:len(), #m */
static int map_len (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)lc_store_count(store_of(L, map_self(L))));
  return 1;
}

/* {{ All. A snapshot is a userdata of its bytes; user value 1 is how far it
** has been read. */

/* Pushes a snapshot; it may have grown since it was measured. */
static void push_snapshot (lua_State *L, map *m) {
  size_t size = 0;
  size_t wanted = lc_store_snapshot(store_of(L, m), now_of(m), NULL, 0);
  int top = lua_gettop(L);
  while (wanted > size || lua_gettop(L) == top) {
    lua_settop(L, top);
    size = wanted + wanted / 8;
    char *to = lua_newuserdatauv(L, size + sizeof(size_t), 1);
    wanted = lc_store_snapshot(store_of(L, m), now_of(m), to, size);
  }
  memcpy((char *)lua_touserdata(L, -1) + size, &wanted, sizeof wanted);
}

/* upvalues: snapshot, place -> key, value */
static int next_pair (lua_State *L) {
  const char *bytes = lua_touserdata(L, lua_upvalueindex(1));
  size_t size = lua_rawlen(L, lua_upvalueindex(1)) - sizeof(size_t), end;
  size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(2));
  uint32_t lengths[2];
  memcpy(&end, bytes + size, sizeof end);
  if (at >= end) return 0;
  memcpy(lengths, bytes + at, sizeof lengths);
  at += sizeof lengths;
  size_t next = at + lengths[0] + lengths[1];
  lua_pushinteger(L, (lua_Integer)next);
  lua_replace(L, lua_upvalueindex(2));
  push_value(L, bytes + at, lengths[0]);
  push_value(L, bytes + at + lengths[0], lengths[1]);
  return 2;
}

/* m:iter(), pairs(m) -> iterator over all keys and values of this moment */
static int map_iter (lua_State *L) {
  push_snapshot(L, map_self(L));
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_pair, 2);
  return 1;
}

/* }} */

/* {{ Handles */

static int enter_map (lc_handled *h) {
  lc_container(h, map, handled)->store = (lc_store *)(void *)
    h->proxy->bulk.base;
  return 0;
}

static void leave_map (lc_handled *h, bool last) {
  (void)last;
  lc_container(h, map, handled)->store = NULL;
}

/* m:close(): this state has it no more; others are not affected */
static int map_close (lua_State *L) {
  map *m = lua_touserdata(L, 1);
  if (m && lua_rawlen(L, 1) == sizeof *m && m->handled.tag == &map_type)
    lc_handled_leave(L, &m->handled);
  else if (!lua_isuserdata(L, 1)) luaL_typeerror(L, 1, "shared map");
  return 0;
}

static const luaL_Reg methods[] = {
  {"get", map_get},
  {"set", map_set},
  {"delete", map_delete},
  {"incr", map_incr},
  {"cas", map_cas},
  {"update", map_update},
  {"expire", map_expire},
  {"len", map_len},
  {"iter", map_iter},
  {"close", map_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__len", map_len},
  {"__pairs", map_iter},
  {"__close", map_close},
  {NULL, NULL}
};

static const lc_handledtype map_type = {
  .kind = LC_HANDLED("map"),
  .name = "luaconc.shared.map", .number = LC_MAP_KIND, .size = sizeof(map),
  .methods = methods, .metamethods = metamethods, .enter = enter_map,
  .leave = leave_map
};

static size_t read_memory (lua_State *L) {
  static const char *const options[] = {"memory", NULL};
  lc_luax_options(L, 1, options);
  if (lc_luax_option(L, 1, "memory") == LUA_TNIL) return MEMORY;
  int right;
  lua_Integer n = lua_tointegerx(L, -1, &right);
  if (!right || lua_type(L, -1) != LUA_TNUMBER || n < LEAST || n > MOST)
    lc_luax_bad_option(L, 1, "memory", "bytes, 4096 to 34359738368");
  lua_pop(L, 1);
  return (size_t)n;
}

static int make_store (map *m, size_t memory) {
  lc_proxy *p = m->handled.proxy;
  uint64_t seed;
  int err = uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
  if (!err)
    err = lc_mapping_make(&p->bulk, "luaconc map", lc_store_size(memory));
  if (err) return err;
  thing_of(m)->bulk.bytes = p->bulk.size;
  thing_of(m)->memory = memory;
  lc_store_init((lc_store *)(void *)p->bulk.base, memory, seed);
  return 0;
}

/* conc.shared.map([{memory=}]) -> map | nil, message, code */
static int map_new (lua_State *L) {
  size_t memory = read_memory(L);
  map *m = (map *)(void *)lc_handled_push(L, lc_luax_loop(L), &map_type);
  int err = lc_handled_make(&m->handled, &map_type);
  if (!err) err = make_store(m, memory);
  if (err) return lc_errors_uv(L, err);
  return lc_handled_new(L, &m->handled, &map_type, 0);
}

/* }} */

static const luaL_Reg functions[] = {
  {"map", map_new},
  {NULL, NULL}
};

void lc_sharedmap_open (lua_State *L, lc_loop *loop) {
  lc_shared_add(LC_MAP_KIND, &map_type.kind);
  lc_luax_functions(L, loop, functions);
}
