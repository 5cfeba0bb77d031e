/*
** encode.c: from values to bytes. See encode.h, encoder.h for how a walk
** works, and wire.h for the format.
*/

#include <string.h>

#include "value/closure.h"
#include "value/codec.h"
#include "value/encode.h"
#include "value/encoder.h"
#include "value/transfer.h"

/* {{ Strings and numbers */

enum { SCALAR = 16 };  /* room for any of them */

static bool put_slot (lc_encoder *e, int depth, uint8_t number) {
  char *at = lc_bytes_room(&e->out, 2);
  if (!at) return lc_encoder_noroom(e, depth, 2);
  if (number < LC_WIRE_NIL - LC_WIRE_SLOT0) {
    at[0] = (char)(LC_WIRE_SLOT0 + number);
    e->out.len += 1;
  }
  else {
    at[0] = (char)LC_WIRE_SLOT;
    at[1] = (char)number;
    e->out.len += 2;
  }
  return true;
}

/* Writes a short string, which from now on is in the slot. */
static bool set_slot (lc_encoder *e, int depth, lc_cachedstring *slot,
                      const char *s, size_t len) {
  if (slot->generation != e->generation) {
    if (e->slots == LC_WIRE_SLOTS)
      return lc_encoder_string(e, depth, LC_WIRE_STRING, s, len);
    slot->generation = e->generation;
    slot->number = (uint8_t)e->slots++;
  }
  char *at = lc_bytes_room(&e->out, 3 + LC_WIRE_SHORT);
  if (!at) return lc_encoder_noroom(e, depth, 3 + LC_WIRE_SHORT);
  slot->string = s;
  at[0] = (char)LC_WIRE_SETSLOT;
  at[1] = (char)slot->number;
  at[2] = (char)len;
  memcpy(at + 3, s, len);
  e->out.len += 3 + len;
  return true;
}

static bool encode_short (lc_encoder *e, int depth, const char *s,
                          size_t len) {
  uint64_t h = (uint64_t)(uintptr_t)s * UINT64_C(0x9E3779B97F4A7C15);
  lc_cachedstring *slot = &e->cache[h >> 56];  /* one of 256 */
  if (slot->string == s && slot->generation == e->generation)
    return put_slot(e, depth, slot->number);
  return set_slot(e, depth, slot, s, len);
}

static bool encode_string (lc_encoder *e, int depth) {
  size_t len;
  const char *s = lua_tolstring(e->L, -1, &len);
  if (len <= LC_WIRE_SHORT) return encode_short(e, depth, s, len);
  lc_begun begun = lc_encoder_begin(e, depth, s);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  return lc_encoder_string(e, depth, LC_WIRE_LONG, s, len);
}

static char *put_integer (char *at, lua_Integer i) {
  if (i >= 0 && i < LC_WIRE_SLOT0) {
    *at = (char)i;
    return at + 1;
  }
  if (i == (int8_t)i) {
    *at = (char)LC_WIRE_INT1;
    at[1] = (char)i;
    return at + 2;
  }
  if (i == (int16_t)i) {
    int16_t n = (int16_t)i;
    *at = (char)LC_WIRE_INT2;
    return lc_wire_put(at + 1, &n, sizeof n);
  }
  if (i == (int32_t)i) {
    int32_t n = (int32_t)i;
    *at = (char)LC_WIRE_INT4;
    return lc_wire_put(at + 1, &n, sizeof n);
  }
  *at = (char)LC_WIRE_INT8;
  return lc_wire_put(at + 1, &i, sizeof i);
}

static bool encode_number (lc_encoder *e, int depth) {
  char *at = lc_bytes_room(&e->out, SCALAR), *end;
  if (!at) return lc_encoder_noroom(e, depth, SCALAR);
  if (lua_isinteger(e->L, -1)) end = put_integer(at, lua_tointeger(e->L, -1));
  else {
    lua_Number n = lua_tonumber(e->L, -1);
    *at = (char)LC_WIRE_FLOAT;
    end = lc_wire_put(at + 1, &n, sizeof n);
  }
  e->out.len += (size_t)(end - at);
  return true;
}

/* }} */

/* {{ Tables
**
** One pass by lua_next. Keys that come as 1, 2, 3 ... are elements; small
** gaps are filled with nil, so that a list with holes stays a list. From the
** first other key on all are pairs. The counts are written at the end. */

enum { GAP = 8, HEAD1 = 3, HEAD4 = 9 };

typedef struct lc_counts {
  size_t head;           /* where the header is in `out` */
  uint32_t elements;
  uint32_t pairs;
  bool large;            /* 4 bytes each */
} lc_counts;

static bool begin_table (lc_encoder *e, int depth, lc_counts *c) {
  *c = (lc_counts){e->out.len, 0, 0, false};
  if (!lc_bytes_room(&e->out, HEAD1))
    return lc_encoder_noroom(e, depth, HEAD1);
  e->out.len += HEAD1;
  return true;
}

/* Makes room for larger counts in the header. */
static bool enlarge_head (lc_encoder *e, int depth, lc_counts *c) {
  size_t more = HEAD4 - HEAD1;
  if (!lc_bytes_room(&e->out, more)) return lc_encoder_noroom(e, depth, more);
  char *body = e->out.base + c->head + HEAD1;
  memmove(body + more, body, e->out.len - c->head - HEAD1);
  e->out.len += more;
  c->large = true;
  return true;
}

static void end_table (lc_encoder *e, const lc_counts *c) {
  char *at = e->out.base + c->head;
  if (c->large) {
    *at = (char)LC_WIRE_TABLE4;
    at = lc_wire_put(at + 1, &c->elements, 4);
    lc_wire_put(at, &c->pairs, 4);
  }
  else {
    *at = (char)LC_WIRE_TABLE1;
    at[1] = (char)c->elements;
    at[2] = (char)c->pairs;
  }
}

/* Fills a gap before an element with nil. */
static bool fill_gap (lc_encoder *e, int depth, size_t gap) {
  char *at = lc_bytes_room(&e->out, GAP);
  if (!at) return lc_encoder_noroom(e, depth, GAP);
  memset(at, LC_WIRE_NIL, gap);
  e->out.len += gap;
  return true;
}

/* How far the key below the value on top is from the next element. */
static lua_Unsigned gap_before (const lc_encoder *e, const lc_counts *c) {
  if (c->pairs > 0 || !lua_isinteger(e->L, -2)) return GAP;
  return (lua_Unsigned)lua_tointeger(e->L, -2) - c->elements - 1;
}

/* A key that is neither a short string nor an element's place. */
static bool encode_key (lc_encoder *e, int depth) {
  lua_pushvalue(e->L, -2);
  bool ok = lc_encode_value(e, depth + 1);
  if (!ok && lc_encoder_refused(e)) lc_path_to_key(e->path, depth);
  if (ok) lua_pop(e->L, 1);
  return ok;
}

static bool count_pair (lc_encoder *e, int depth, lc_counts *c) {
  if (lc_unlikely(++c->pairs == UINT8_MAX + 1) && !c->large)
    return enlarge_head(e, depth, c);
  return true;
}

static bool count_elements (lc_encoder *e, int depth, lc_counts *c,
                            lua_Unsigned gap) {
  if (lc_unlikely(gap > 0) && !fill_gap(e, depth, gap)) return false;
  c->elements += (uint32_t)gap + 1;
  if (lc_unlikely(c->elements > UINT8_MAX) && !c->large)
    return enlarge_head(e, depth, c);
  return true;
}

/* The key below the value on top, or what stands for it. */
static bool begin_pair (lc_encoder *e, int depth, lc_counts *c) {
  if (lua_type(e->L, -2) == LUA_TSTRING) {
    size_t len;
    const char *s = lua_tolstring(e->L, -2, &len);
    if (!count_pair(e, depth, c)) return false;
    return len <= LC_WIRE_SHORT ? encode_short(e, depth, s, len)
                                : encode_key(e, depth);
  }
  lua_Unsigned gap = gap_before(e, c);
  if (gap < GAP) return count_elements(e, depth, c, gap);
  return count_pair(e, depth, c) && encode_key(e, depth);
}

/* The content of the table on top. */
static bool encode_content (lc_encoder *e, int depth) {
  lua_State *L = e->L;
  int table = lua_gettop(L);
  lc_counts c;
  if (!begin_table(e, depth, &c)) return false;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    if (lc_unlikely(!begin_pair(e, depth, &c))) return false;
    if (lc_unlikely(!lc_encode_value(e, depth + 1))) {
      if (lc_encoder_refused(e)) lc_path_key(e->path, depth, L, table + 1);
      return false;
    }
    lua_pop(L, 1);
  }
  end_table(e, &c);
  return true;
}

/* The name of the class whose metatable is on top, which is popped. */
static bool encode_class (lc_encoder *e, int depth) {
  lua_State *L = e->L;
  lc_codec_name(L);
  if (lua_isnil(L, -1)) {
    if (!lc_encoder_beyond(e)) return false;
    lua_pushliteral(L, "__name");
    lua_rawget(L, -3);
    const char *name = lua_tostring(L, -1);
    return lc_encoder_refuse(e, depth, "its metatable%s%.40s%s is not "
                             "registered (conc.codec.register)",
                             name ? " '" : "", name ? name : "",
                             name ? "'" : "");
  }
  bool ok = lc_encoder_tag(e, depth, LC_WIRE_CLASS) && encode_string(e, depth);
  lua_pop(L, 2);
  return ok;
}

static bool encode_table (lc_encoder *e, int depth) {
  const void *address = lua_topointer(e->L, -1);
  if (address == e->globals) return lc_encoder_tag(e, depth, LC_WIRE_GLOBALS);
  lc_begun begun = lc_encoder_begin(e, depth, address);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  if (lua_getmetatable(e->L, -1) && !encode_class(e, depth)) return false;
  return encode_content(e, depth);
}

/* }} */

static bool refuse_other (lc_encoder *e, int depth) {
  return lua_type(e->L, -1) == LUA_TTHREAD
    ? lc_encoder_refuse(e, depth, "a coroutine can't leave its state")
    : lc_encoder_refuse(e, depth, "a light userdata is an address, which "
                        "means nothing elsewhere");
}

/* The value on top, which stays. `depth`: the values that it is in. */
bool lc_encode_value (lc_encoder *e, int depth) {
  if (lc_unlikely(depth > LC_WIRE_DEPTH))
    return lc_encoder_refuse(e, depth, "nested deeper than %d", LC_WIRE_DEPTH);
  switch (lua_type(e->L, -1)) {
    case LUA_TNIL: return lc_encoder_tag(e, depth, LC_WIRE_NIL);
    case LUA_TBOOLEAN:
      return lc_encoder_tag(e, depth, lua_toboolean(e->L, -1)
                            ? LC_WIRE_TRUE : LC_WIRE_FALSE);
    case LUA_TNUMBER: return encode_number(e, depth);
    case LUA_TSTRING: return encode_string(e, depth);
    case LUA_TTABLE: return encode_table(e, depth);
    case LUA_TFUNCTION: return lc_closure_encode(e, depth);
    case LUA_TUSERDATA: return lc_transfer_encode(e, depth);
    default: return refuse_other(e, depth);
  }
}

/* {{ A message */

static void forget_strings (lc_encoder *e) {
  if (++e->generation == 0) {
    memset(e->cache, 0, sizeof e->cache);
    e->generation = 1;
  }
}

static void forget_crates (lc_encoder *e) {
  lua_pushnil(e->L);
  lua_setiuservalue(e->L, e->self, LC_ENCODER_CRATES);
  e->crates = false;
}

static void begin_message (lc_encoder *e) {
  lc_bytes_reset(&e->out, e->limit);
  lc_ptrmap_reset(&e->seen);
  lc_encoder_unhold(e);
  if (e->crates) forget_crates(e);
  forget_strings(e);
  e->objects = e->slots = 0;
  e->restart = e->again = e->memory = false;
}

static void end_message (lc_encoder *e) {
  e->out.base[0] = (char)LC_WIRE_VERSION;
  e->out.base[1] = e->again ? LC_FLAG_AGAIN : 0;
  e->out.base[2] = (char)e->slots;
}

/* The whole message; the place of the value that failed, or 0. */
static int encode_message (lc_encoder *e, int first, int n) {
  begin_message(e);
  char *at = lc_bytes_room(&e->out, LC_WIRE_HEADER + LC_WIRE_VARINT);
  if (!at) {
    lc_encoder_noroom(e, 0, LC_WIRE_HEADER + LC_WIRE_VARINT);
    return 1;
  }
  at = lc_wire_varint(at + LC_WIRE_HEADER, (uint32_t)n);
  e->out.len = (size_t)(at - e->out.base);
  for (int i = 0; i < n; i++) {
    lua_pushvalue(e->L, first + i);
    if (!lc_encode_value(e, 0)) return i + 1;
    lua_pop(e->L, 1);
  }
  end_message(e);
  return 0;
}

/* Lets the next walk know the loaded modules and the globals. */
static void learn_modules (lc_encoder *e) {
  e->modules = true;
  if (!lc_names_modules(&e->names, e->L)) e->memory = true;
  lua_rawgeti(e->L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  e->globals = lua_topointer(e->L, -1);
  lua_pop(e->L, 1);
}

static void forget_modules (lc_encoder *e) {
  e->modules = false;
  e->globals = NULL;
  lua_settop(e->L, e->self);
  lua_pushnil(e->L);
  lua_setiuservalue(e->L, e->self, LC_ENCODER_ANCHOR);
}

static int encode_all (lc_encoder *e, int first, int n) {
  int failed = encode_message(e, first, n);
  if (!e->restart) return failed;
  lua_settop(e->L, e->self);
  learn_modules(e);
  return e->memory ? failed : encode_message(e, first, n);
}

static int raise_refusal (lc_encoder *e, const char *what, int n) {
  lua_State *L = e->L;
  lua_settop(L, e->self);
  lc_encoder_done(e);
  if (e->memory) return luaL_error(L, "not enough memory");
  luaL_where(L, 1);
  lua_pushfstring(L, "cannot send %s: %s", lc_path_end(e->path, what, n),
                  e->path->reason);
  lua_concat(L, 2);
  return lua_error(L);
}

/* }} */

static lc_encoder *encode_for (lua_State *L, int first, int n,
                               const char *what, lc_carrier carrier) {
  lc_path path;
  first = lua_absindex(L, first);
  lc_encoder *e = lc_encoder_push(L);
  e->busy = true;
  e->carrier = (uint8_t)carrier;
  e->L = L;
  e->path = &path;
  e->self = lua_gettop(L);
  int failed = encode_all(e, first, n);
  if (e->modules) forget_modules(e);
  bool departed = failed || !e->crates || lc_transfer_depart(e);
  if (e->crates) forget_crates(e);
  if (failed || !departed) lc_encoder_unhold(e);
  e->busy = false;
  if (failed) raise_refusal(e, what, failed);
  if (!departed) lua_error(L);
  return e;
}

lc_bytes *lc_encode (lua_State *L, int first, int n, const char *what) {
  return &encode_for(L, first, n, what, LC_TO_ANYBODY)->out;
}

lc_encoder *lc_encode_message (lua_State *L, int first, int n,
                               const char *what, bool process) {
  return encode_for(L, first, n, what,
                    process ? LC_TO_PROCESS : LC_TO_STATE);
}

size_t lc_encode_limit (lua_State *L, size_t limit) {
  lc_encoder *e = lc_encoder_push(L);
  size_t old = e->limit;
  if (limit > 0) e->limit = limit;
  lua_pop(L, 1);
  return old;
}

