/*
** sharedbulk.c: methods of arrays for many elements. See sharedarray.h.
**
** Ranges are `first` to `last`, both included; all, where nothing is said.
*/

#include "base/luax.h"
#include "shared/element.h"
#include "shared/sharedarray.h"

typedef struct range {
  char *at;
  size_t bytes;
} range;

/* Raises: no such elements. */
static int out_of_bounds (lua_State *L, lua_Integer first, uint64_t count,
                          const lc_array *a) {
  return luaL_error(L, "%I elements from index %I on are out of bounds: the "
                    "array has %I elements, from 1 on", (LUAI_UACINT)count,
                    (LUAI_UACINT)first, (LUAI_UACINT)a->n);
}

/* An empty range may begin one behind the end. */
static range range_of (lua_State *L, const lc_array *a, lua_Integer first,
                       uint64_t count) {
  uint64_t before = (uint64_t)first - 1;
  if (before > a->n || count > a->n - before)
    out_of_bounds(L, first, count, a);
  return (range){a->base + before * a->width, count * a->width};
}

static range read_range (lua_State *L, const lc_array *a, int arg) {
  lua_Integer first = luaL_optinteger(L, arg, 1);
  lua_Integer last = luaL_optinteger(L, arg + 1, (lua_Integer)a->n);
  uint64_t count = last < first ? 0 : (uint64_t)last - (uint64_t)first + 1;
  return range_of(L, a, first, count);
}

/* a:fill(value [, first [, last]]) -> a */
int lc_sharedarray_fill (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  uint64_t bytes = lc_element_read(L, 2, a->type);
  range r = read_range(L, a, 3);
  lc_element_fill(r.at, r.bytes, a->width, bytes);
  lua_settop(L, 1);
  return 1;
}

/* a:sum([first [, last]]) -> number; integers wrap around */
int lc_sharedarray_sum (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  range r = read_range(L, a, 2);
  if (lc_element_is_float(a->type))
    lua_pushnumber(L, lc_element_total(r.at, r.bytes, a->type));
  else lua_pushinteger(L, lc_element_sum(r.at, r.bytes, a->type));
  return 1;
}

/* a:copy(first, last, to [, b]) -> b: a[first .. last] to b[to ..], as
** table.move does; b is a, unless said */
int lc_sharedarray_copy (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  luaL_checkinteger(L, 2);
  luaL_checkinteger(L, 3);
  range from = read_range(L, a, 2);
  lua_Integer to = luaL_checkinteger(L, 4);
  lua_settop(L, lua_isnoneornil(L, 5) ? 1 : 5);
  const lc_array *b = lc_sharedarray_at(L, lua_gettop(L));
  if (a->type != b->type)
    luaL_error(L, "both arrays must have elements of one type: these are %s "
               "and %s", lc_elements[a->type].name, lc_elements[b->type].name);
  range into = range_of(L, b, to, from.bytes / a->width);
  lc_element_copy(into.at, from.at, from.bytes, a->width);
  return 1;
}

/* a:get_string([first [, last]]) -> the bytes of these elements */
int lc_sharedarray_get (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  range r = read_range(L, a, 2);
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, r.bytes);
  a = lc_sharedarray_at(L, 1);   /* a finaliser may have closed it */
  lc_element_copy(to, r.at, r.bytes, a->width);
  luaL_pushresultsize(&b, r.bytes);
  return 1;
}

/* a:set_string(first, bytes) -> a: the elements from `first` on */
int lc_sharedarray_set (lua_State *L) {
  const lc_array *a = lc_sharedarray_at(L, 1);
  lua_Integer first = luaL_checkinteger(L, 2);
  size_t len;
  const char *bytes = luaL_checklstring(L, 3, &len);
  if (len % a->width)
    luaL_argerror(L, 3, lua_pushfstring(L, "%d bytes are no whole number of "
      "elements: one of %s has %d", (int)(len % INT32_MAX),
      lc_elements[a->type].name, a->width));
  range r = range_of(L, a, first, len / a->width);
  lc_element_copy(r.at, bytes, len, a->width);
  lua_settop(L, 1);
  return 1;
}
