/*
** sharedarray.c: see sharedarray.h; element.h has how elements are read and
** written.
**
** The elements lie in a mapping of their own. An index is checked once, and
** nothing is looked up by name: the handle's tag tells an array, its type the
** element.
*/

#include <stdio.h>

#include "base/errors.h"
#include "base/luax.h"
#include "inspect/debug.h"
#include "inspect/races.h"
#include "shared/element.h"
#include "shared/sharedarray.h"

static const lc_handledtype array_type;

static lc_arraything *thing_of (const lc_array *a) {
  return lc_container(a->handled.proxy->common, lc_arraything, thing.common);
}

/* {{ Self and index */

static inline lc_array *array_in (lua_State *L, int index) {
  lc_array *a = lua_touserdata(L, index);
  if (a && lua_rawlen(L, index) == sizeof *a &&
      a->handled.tag == &array_type) return a;
  return NULL;
}

lc_array *lc_sharedarray_at (lua_State *L, int index) {
  lc_array *a = array_in(L, index);
  if (a) return a;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_type) == LUA_TTABLE &&
      lua_getmetatable(L, index) && lua_rawequal(L, -1, -2))
    luaL_error(L, "this shared array is closed");
  luaL_typeerror(L, index, "shared array");
  return lua_touserdata(L, index);   /* not reached */
}

/* Raises: the value at `arg` is no index of the array. */
static int bad_index (lua_State *L, const lc_array *a, int arg) {
  int right;
  lua_Integer i = lua_tointegerx(L, arg, &right);
  if (!right || lua_type(L, arg) != LUA_TNUMBER) {
    return luaL_error(L, "an index of a shared array must be an integer, "
                      "got %s", lc_luax_got(L, arg));
  }
  return luaL_error(L, "index %I is out of bounds: the array has %I elements, "
                    "from 1 on", (LUAI_UACINT)i, (LUAI_UACINT)a->n);
}

/* The element whose index is at `arg`. */
static inline char *element_at (lua_State *L, const lc_array *a, int arg) {
  int right = 0;
  lua_Integer i = lua_type(L, arg) == LUA_TNUMBER
    ? lua_tointegerx(L, arg, &right) : 0;
  if (lc_unlikely(!right || (uint64_t)i - 1 >= a->n)) bad_index(L, a, arg);
  return a->base + ((uint64_t)i - 1) * a->width;
}

/* a[i]; for names the methods, upvalue 3 */
static int array_index (lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(3));
    return 1;
  }
  const lc_array *a = lc_sharedarray_at(L, 1);
  const char *at = element_at(L, a, 2);
  lc_element_push(L, at, a->type);
  lc_loop *loop = lc_luax_loop(L);
  if (lc_debug_on(loop))
    lc_races_read(L, loop, at, lc_element_load(at, a->width));
  return 1;
}

lc_cold static void look_for_race (lua_State *L, const lc_array *a,
                                   const char *at) {
  char what[64];
  snprintf(what, sizeof what, "element %lld of a shared array",
           (long long)lua_tointeger(L, 2));
  lc_races_write(L, lc_luax_loop(L), at, lc_element_load(at, a->width), what,
                 "a:add, a:cas");
}

/* a[i] = v */
static int array_newindex (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  char *at = element_at(L, a, 2);
  uint64_t bytes = lc_element_read(L, 3, a->type);
  if (lc_debug_on(lc_luax_loop(L))) look_for_race(L, a, at);
  lc_element_store(at, a->width, bytes);
  return 0;
}

/* #a */
static int array_len (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)lc_sharedarray_at(L, 1)->n);
  return 1;
}

/* array, i -> i + 1, a[i + 1]; nothing at the end */
static int array_next (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  lua_Integer i = luaL_checkinteger(L, 2);
  if (i < 0 || (uint64_t)i >= a->n) return 0;
  lua_pushinteger(L, i + 1);
  lc_element_push(L, a->base + (uint64_t)i * a->width, a->type);
  return 2;
}

/* pairs(a) */
static int array_pairs (lua_State *L) {
  lc_sharedarray_at(L, 1);
  lua_pushcfunction(L, array_next);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

/* }} */

/* {{ Atomic operations, in one order for all; on integers */

static lc_array *check_integers (lua_State *L, const char *what) {
  lc_array *a = lc_sharedarray_at(L, 1);
  if (lc_element_is_float(a->type))
    luaL_error(L, "'%s' needs elements that are integers: these are %s", what,
               lc_elements[a->type].name);
  return a;
}

static int push_bytes (lua_State *L, const lc_array *a, uint64_t bytes) {
  char plain[8];
  lc_element_store(plain, a->width, bytes);
  lua_pushinteger(L, lc_element_integer(a->type,
                                        lc_element_load(plain, a->width)));
  return 1;
}

/* a:load(i) -> integer */
static int array_load (lua_State *L) {
  const lc_array *a = check_integers(L, "load");
  return push_bytes(L, a, lc_element_add(element_at(L, a, 2), a->width, 0));
}

/* a:store(i, n) */
static int array_store (lua_State *L) {
  const lc_array *a = check_integers(L, "store");
  char *at = element_at(L, a, 2);
  lc_element_exchange(at, a->width, lc_element_read(L, 3, a->type));
  return 0;
}

/* a:add(i, n) -> the new value, which wraps around */
static int array_add (lua_State *L) {
  const lc_array *a = check_integers(L, "add");
  char *at = element_at(L, a, 2);
  uint64_t n = (uint64_t)luaL_checkinteger(L, 3);
  return push_bytes(L, a, lc_element_add(at, a->width, n) + n);
}

/* a:exchange(i, n) -> the old value */
static int array_exchange (lua_State *L) {
  const lc_array *a = check_integers(L, "exchange");
  char *at = element_at(L, a, 2);
  uint64_t n = lc_element_read(L, 3, a->type);
  return push_bytes(L, a, lc_element_exchange(at, a->width, n));
}

/* a:cas(i, old, new) -> true | false, the value that is there */
static int array_cas (lua_State *L) {
  const lc_array *a = check_integers(L, "cas");
  char *at = element_at(L, a, 2);
  uint64_t old = lc_element_read(L, 3, a->type);
  uint64_t new = lc_element_read(L, 4, a->type);
  bool done = lc_element_cas(at, a->width, &old, new);
  lua_pushboolean(L, done);
  return done ? 1 : 1 + push_bytes(L, a, old);
}

/* }} */

/* {{ Waiting for a change */

static const lc_opkind wait_kind = {"shared array:wait", lc_handled_cancel,
                                    NULL, LC_BY_OTHERS};

static int k_wait (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  if (lc_handled_result(t) == LC_TICKET_WAITS) lc_task_woken(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* Is the element as expected? Else it changes under the lock of the queue, so
** that a `notify` after the change finds the wait. */
static bool join_if (const lc_array *a, const char *at, uint64_t expected,
                     lc_wait *w, int64_t index) {
  lc_thing *t = &thing_of(a)->thing;
  (void)lc_thing_lock(t);
  bool same = lc_element_load(at, a->width) == expected;
  w->ticket->what = index;
  if (same) lc_thing_join(t, w);
  lc_thing_unlock(t);
  return same;
}

/* a:wait(i, expected) -> true once notified | false: another value is there */
static int array_wait (lua_State *L) {
  lc_array *a = check_integers(L, "wait");
  const char *at = element_at(L, a, 2);
  uint64_t expected = lc_element_read(L, 3, a->type);
  lc_task *t = lc_task_here(L);
  char plain[8];
  lc_element_store(plain, a->width, expected);
  expected = lc_element_load(plain, a->width);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_wait *w = lc_handled_wait(L, &a->handled, t);
  if (join_if(a, at, expected, w, lua_tointeger(L, 2)))
    return lc_handled_await(L, t, w, &wait_kind, k_wait, 0);
  lc_handled_return(w);
  lua_pushboolean(L, 0);
  return lc_task_pause(L, t, 1);
}

/* a:notify(i [, n]) -> how many were woken; one at most, unless said */
static int array_notify (lua_State *L) {
  lc_array *a = check_integers(L, "notify");
  element_at(L, a, 2);
  lua_Integer n = lua_isnoneornil(L, 3) ? 1
    : lc_luax_integer(L, 3, "the number of waiters", 0, INT64_MAX);
  lua_pushinteger(L, lc_array_notify(thing_of(a), a->handled.guest,
                                     lua_tointeger(L, 2), n));
  return 1;
}

/* }} */

/* {{ Handles */

static int enter_array (lc_handled *h) {
  lc_array *a = lc_container(h, lc_array, handled);
  const lc_arraything *t = thing_of(a);
  a->base = h->proxy->bulk.base;
  a->n = t->n;
  a->type = (uint8_t)t->type;
  a->width = lc_elements[t->type].width;
  return 0;
}

static void leave_array (lc_handled *h, bool last) {
  lc_array *a = lc_container(h, lc_array, handled);
  (void)last;
  a->base = NULL;
  a->n = 0;
}

/* a:close(): this state has it no more; others are not affected */
static int array_close (lua_State *L) {
  lc_array *a = array_in(L, 1);
  if (a) lc_handled_leave(L, &a->handled);
  else if (!lua_isuserdata(L, 1)) luaL_typeerror(L, 1, "shared array");
  return 0;
}

static const luaL_Reg methods[] = {
  {"fill", lc_sharedarray_fill},
  {"copy", lc_sharedarray_copy},
  {"sum", lc_sharedarray_sum},
  {"get_string", lc_sharedarray_get},
  {"set_string", lc_sharedarray_set},
  {"load", array_load},
  {"store", array_store},
  {"add", array_add},
  {"exchange", array_exchange},
  {"cas", array_cas},
  {"wait", array_wait},
  {"notify", array_notify},
  {"close", array_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__newindex", array_newindex},
  {"__len", array_len},
  {"__pairs", array_pairs},
  {"__close", array_close},
  {NULL, NULL}
};

static const lc_handledtype array_type = {
  .kind = LC_HANDLED("array"),
  .name = "luaconc.shared.array", .number = LC_ARRAY_KIND,
  .size = sizeof(lc_array), .waits = true, .methods = methods,
  .metamethods = metamethods, .index = array_index, .enter = enter_array,
  .leave = leave_array
};

/* The elements, all 0. */
static int map_elements (lc_array *a, int type, lua_Integer n) {
  lc_arraything *t = thing_of(a);
  lc_proxy *p = a->handled.proxy;
  uint64_t width = lc_elements[type].width;
  lc_thing_init(&t->thing);
  if ((uint64_t)n > (uint64_t)PTRDIFF_MAX / width) return UV_ENOMEM;
  t->n = (uint64_t)n;
  t->type = (uint32_t)type;
  t->bulk.bytes = t->n * width;
  return lc_mapping_make(&p->bulk, "luaconc array", t->bulk.bytes);
}

/* conc.shared.array(type, n) -> array | nil, message, code */
static int array_new (lua_State *L) {
  int type = lua_type(L, 1) == LUA_TSTRING
    ? lc_element_type(lua_tostring(L, 1)) : LC_ELEMENTS;
  if (type == LC_ELEMENTS)
    lc_luax_expected(L, 1, "a type of elements (i8, i16, i32, i64, u8, u16, "
                     "u32, f32 or f64)");
  lua_Integer n = lc_luax_integer(L, 2, "the number of elements", 1,
                                  INT64_MAX);
  lc_array *a = (lc_array *)(void *)
    lc_handled_push(L, lc_luax_loop(L), &array_type);
  int err = lc_handled_make(&a->handled, &array_type);
  if (!err) err = map_elements(a, type, n);
  if (err) return lc_errors_uv(L, err);
  return lc_handled_new(L, &a->handled, &array_type, 0);
}

/* }} */

static const luaL_Reg functions[] = {
  {"array", array_new},
  {NULL, NULL}
};

void lc_sharedarray_open (lua_State *L, lc_loop *loop) {
  lc_shared_add(LC_ARRAY_KIND, &array_type.kind);
  lc_luax_functions(L, loop, functions);
}
