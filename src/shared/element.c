/*
** element.c: see element.h.
*/

#include <math.h>
#include <string.h>

#include "shared/element.h"

enum { WORD = 8, RELAXED = __ATOMIC_RELAXED, ORDERED = __ATOMIC_SEQ_CST };

const lc_elementinfo lc_elements[LC_ELEMENTS] = {
  [LC_I8] = {"i8", 1, INT8_MIN, INT8_MAX},
  [LC_I16] = {"i16", 2, INT16_MIN, INT16_MAX},
  [LC_I32] = {"i32", 4, INT32_MIN, INT32_MAX},
  [LC_I64] = {"i64", 8, INT64_MIN, INT64_MAX},
  [LC_U8] = {"u8", 1, 0, UINT8_MAX},
  [LC_U16] = {"u16", 2, 0, UINT16_MAX},
  [LC_U32] = {"u32", 4, 0, UINT32_MAX},
  [LC_F32] = {"f32", 4, 0, 0},
  [LC_F64] = {"f64", 8, 0, 0}
};

int lc_element_type (const char *name) {
  int type = 0;
  while (type < LC_ELEMENTS && strcmp(lc_elements[type].name, name)) type++;
  return type;
}

/* {{ By width: elements lie at multiples of it */

static uint8_t *p8 (const char *at) { return (uint8_t *)(uintptr_t)at; }
static uint16_t *p16 (const char *at) { return (uint16_t *)(uintptr_t)at; }
static uint32_t *p32 (const char *at) { return (uint32_t *)(uintptr_t)at; }
static uint64_t *p64 (const char *at) { return (uint64_t *)(uintptr_t)at; }

uint64_t lc_element_load (const char *at, int width) {
  switch (width) {
    case 1: return __atomic_load_n(p8(at), RELAXED);
    case 2: return __atomic_load_n(p16(at), RELAXED);
    case 4: return __atomic_load_n(p32(at), RELAXED);
    default: return __atomic_load_n(p64(at), RELAXED);
  }
}

void lc_element_store (char *at, int width, uint64_t bytes) {
  switch (width) {
    case 1: __atomic_store_n(p8(at), (uint8_t)bytes, RELAXED); break;
    case 2: __atomic_store_n(p16(at), (uint16_t)bytes, RELAXED); break;
    case 4: __atomic_store_n(p32(at), (uint32_t)bytes, RELAXED); break;
    default: __atomic_store_n(p64(at), bytes, RELAXED);
  }
}

uint64_t lc_element_add (char *at, int width, uint64_t n) {
  switch (width) {
    case 1: return __atomic_fetch_add(p8(at), (uint8_t)n, ORDERED);
    case 2: return __atomic_fetch_add(p16(at), (uint16_t)n, ORDERED);
    case 4: return __atomic_fetch_add(p32(at), (uint32_t)n, ORDERED);
    default: return __atomic_fetch_add(p64(at), n, ORDERED);
  }
}

uint64_t lc_element_exchange (char *at, int width, uint64_t bytes) {
  switch (width) {
    case 1: return __atomic_exchange_n(p8(at), (uint8_t)bytes, ORDERED);
    case 2: return __atomic_exchange_n(p16(at), (uint16_t)bytes, ORDERED);
    case 4: return __atomic_exchange_n(p32(at), (uint32_t)bytes, ORDERED);
    default: return __atomic_exchange_n(p64(at), bytes, ORDERED);
  }
}

static bool cas8 (char *at, uint64_t *old, uint64_t bytes) {
  uint8_t was = (uint8_t)*old;
  bool done = __atomic_compare_exchange_n(p8(at), &was, (uint8_t)bytes, false,
                                          ORDERED, ORDERED);
  *old = was;
  return done;
}

static bool cas16 (char *at, uint64_t *old, uint64_t bytes) {
  uint16_t was = (uint16_t)*old;
  bool done = __atomic_compare_exchange_n(p16(at), &was, (uint16_t)bytes,
                                          false, ORDERED, ORDERED);
  *old = was;
  return done;
}

static bool cas32 (char *at, uint64_t *old, uint64_t bytes) {
  uint32_t was = (uint32_t)*old;
  bool done = __atomic_compare_exchange_n(p32(at), &was, (uint32_t)bytes,
                                          false, ORDERED, ORDERED);
  *old = was;
  return done;
}

bool lc_element_cas (char *at, int width, uint64_t *old, uint64_t bytes) {
  switch (width) {
    case 1: return cas8(at, old, bytes);
    case 2: return cas16(at, old, bytes);
    case 4: return cas32(at, old, bytes);
    default: return __atomic_compare_exchange_n(p64(at), old, bytes, false,
                                                ORDERED, ORDERED);
  }
}

/* }} */

/* {{ As Lua's values */

lua_Integer lc_element_integer (int type, uint64_t bytes) {
  switch (type) {
    case LC_I8: return (int8_t)bytes;
    case LC_I16: return (int16_t)bytes;
    case LC_I32: return (int32_t)bytes;
    default: return (lua_Integer)bytes;
  }
}

static lua_Number as_float (int type, uint64_t bytes) {
  uint32_t low = (uint32_t)bytes;
  float single;
  double number;
  memcpy(&single, &low, sizeof single);
  memcpy(&number, &bytes, sizeof number);
  return type == LC_F32 ? (lua_Number)single : number;
}

static uint64_t float_bytes (int type, lua_Number number) {
  float single = (float)number;
  uint32_t low;
  uint64_t bytes;
  memcpy(&low, &single, sizeof low);
  memcpy(&bytes, &number, sizeof bytes);
  return type == LC_F32 ? low : bytes;
}

void lc_element_push (lua_State *L, const char *at, int type) {
  uint64_t bytes = lc_element_load(at, lc_elements[type].width);
  if (lc_element_is_float(type)) lua_pushnumber(L, as_float(type, bytes));
  else lua_pushinteger(L, lc_element_integer(type, bytes));
}

static uint64_t refuse (lua_State *L, int index, int type) {
  const char *got = lua_type(L, index) == LUA_TNUMBER
    ? luaL_tolstring(L, index, NULL) : luaL_typename(L, index);
  if (lc_element_is_float(type))
    luaL_error(L, "a number expected, got %s", got);
  return (uint64_t)luaL_error(L, "an integer expected, got %s", got);
}

uint64_t lc_element_read (lua_State *L, int index, int type) {
  const lc_elementinfo *info = &lc_elements[type];
  int right = lua_type(L, index) == LUA_TNUMBER;
  if (lc_element_is_float(type))
    return right ? float_bytes(type, lua_tonumber(L, index))
                 : refuse(L, index, type);
  lua_Integer n = right ? lua_tointegerx(L, index, &right) : 0;
  if (!right) refuse(L, index, type);
  if (n < info->low || n > info->high)
    luaL_error(L, "%I is out of the range of %s: %I to %I", (LUAI_UACINT)n,
               info->name, (LUAI_UACINT)info->low, (LUAI_UACINT)info->high);
  return (uint64_t)n;
}

/* }} */

/* {{ Many */

static bool is_aligned (const char *at) {
  return (uintptr_t)at % WORD == 0;
}

/* The bytes of an element, repeated to a word. */
static uint64_t repeat (int width, uint64_t bytes) {
  uint64_t word = 0;
  if (width == WORD) return bytes;
  bytes &= (UINT64_C(1) << (width * 8)) - 1;
  for (int i = 0; i < WORD; i += width) word |= bytes << (i * 8);
  return word;
}

void lc_element_fill (char *at, size_t n, int width, uint64_t bytes) {
  uint64_t word = repeat(width, bytes);
  char *end = at + n;
  for (; at < end && !is_aligned(at); at += width)
    lc_element_store(at, width, bytes);
  for (; end - at >= WORD; at += WORD)
    __atomic_store_n(p64(at), word, RELAXED);
  for (; at < end; at += width) lc_element_store(at, width, bytes);
}

static void copy_one (char *to, const char *from, int width) {
  lc_element_store(to, width, lc_element_load(from, width));
}

static void copy_up (char *to, const char *from, size_t n, int width) {
  const char *end = from + n;
  bool alike = ((uintptr_t)to - (uintptr_t)from) % WORD == 0;
  for (; from < end && !(alike && is_aligned(from));
       to += width, from += width)
    copy_one(to, from, width);
  for (; end - from >= WORD; to += WORD, from += WORD)
    __atomic_store_n(p64(to), __atomic_load_n(p64(from), RELAXED), RELAXED);
  for (; from < end; to += width, from += width) copy_one(to, from, width);
}

static void copy_down (char *to, const char *from, size_t n, int width) {
  const char *end = from;
  bool alike = ((uintptr_t)to - (uintptr_t)from) % WORD == 0;
  for (to += n, from += n; from > end && !(alike && is_aligned(from)); ) {
    to -= width, from -= width;
    copy_one(to, from, width);
  }
  while (from - end >= WORD) {
    to -= WORD, from -= WORD;
    __atomic_store_n(p64(to), __atomic_load_n(p64(from), RELAXED), RELAXED);
  }
  while (from > end) {
    to -= width, from -= width;
    copy_one(to, from, width);
  }
}

void lc_element_copy (char *to, const char *from, size_t n, int width) {
  if (to > from && to < from + n) copy_down(to, from, n, width);
  else copy_up(to, from, n, width);
}

lua_Integer lc_element_sum (const char *at, size_t n, int type) {
  int width = lc_elements[type].width;
  uint64_t sum = 0;
  for (const char *end = at + n; at < end; at += width)
    sum += (uint64_t)lc_element_integer(type, lc_element_load(at, width));
  return (lua_Integer)sum;
}

/* Four sums at a time, as the next addition waits for the last. */
lua_Number lc_element_total (const char *at, size_t n, int type) {
  size_t width = lc_elements[type].width;
  lua_Number sums[4] = {0};
  for (size_t i = 0; i < n; i += width)
    sums[i / width % 4] +=
      as_float(type, lc_element_load(at + i, (int)width));
  return sums[0] + sums[1] + sums[2] + sums[3];
}

/* }} */
