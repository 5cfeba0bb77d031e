/*
** sharedcounter.c: see sharedcounter.h. Each operation is one atomic
** instruction; integers wrap around, as Lua's do.
*/

#include "base/luax.h"
#include "shared/handled.h"
#include "shared/sharedcounter.h"

static const luaL_Reg methods[6];

static const lc_handledtype counter_type = {
  .kind = LC_HANDLED("counter"),
  .name = "luaconc.shared.counter", .number = LC_COUNTER_KIND,
  .size = sizeof(lc_handled), .methods = methods
};

static _Atomic(int64_t) *value_of (const lc_handled *h) {
  return &lc_container(h->proxy->common, lc_counterthing, common)->value;
}

/* The tag tells a counter faster than its metatable. */
static inline _Atomic(int64_t) *counter_self (lua_State *L) {
  const lc_handled *h = lua_touserdata(L, 1);
  if (h && lua_rawlen(L, 1) == sizeof *h && h->tag == &counter_type)
    return value_of(h);
  return value_of(lc_handled_self(L));
}

static int push (lua_State *L, int64_t value) {
  lua_pushinteger(L, value);
  return 1;
}

static int64_t check_integer (lua_State *L, int arg) {
  return lc_luax_integer(L, arg, "the number", INT64_MIN, INT64_MAX);
}

/* c:get() -> integer */
static int counter_get (lua_State *L) {
  return push(L, atomic_load(counter_self(L)));
}

/* c:set(n) */
static int counter_set (lua_State *L) {
  atomic_store(counter_self(L), check_integer(L, 2));
  return 0;
}

/* c:add([n]) -> the new value */
static int counter_add (lua_State *L) {
  _Atomic(int64_t) *c = counter_self(L);
  int64_t n = lua_isnoneornil(L, 2) ? 1 : check_integer(L, 2);
  return push(L, (int64_t)((uint64_t)atomic_fetch_add(c, n) + (uint64_t)n));
}

/* c:exchange(n) -> the old value */
static int counter_exchange (lua_State *L) {
  return push(L, atomic_exchange(counter_self(L), check_integer(L, 2)));
}

/* c:cas(old, new) -> true | false, the value that it has */
static int counter_cas (lua_State *L) {
  _Atomic(int64_t) *c = counter_self(L);
  int64_t old = check_integer(L, 2);
  bool done = atomic_compare_exchange_strong(c, &old, check_integer(L, 3));
  lua_pushboolean(L, done);
  return done ? 1 : 1 + push(L, old);
}

static const luaL_Reg methods[6] = {
  {"get", counter_get},
  {"set", counter_set},
  {"add", counter_add},
  {"exchange", counter_exchange},
  {"cas", counter_cas},
  {NULL, NULL}
};

/* conc.shared.counter([n]) -> counter | nil, message, code */
static int counter_new (lua_State *L) {
  lua_Integer n = lua_isnoneornil(L, 1) ? 0 : check_integer(L, 1);
  lc_handled *h = lc_handled_push(L, lc_luax_loop(L), &counter_type);
  int err = lc_handled_make(h, &counter_type);
  if (!err) atomic_store(value_of(h), n);
  return lc_handled_new(L, h, &counter_type, err);
}

static const luaL_Reg functions[] = {
  {"counter", counter_new},
  {NULL, NULL}
};

void lc_sharedcounter_open (lua_State *L, lc_loop *loop) {
  lc_shared_add(LC_COUNTER_KIND, &counter_type.kind);
  lc_luax_functions(L, loop, functions);
}
