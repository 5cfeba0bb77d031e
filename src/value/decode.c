/*
** decode.c: from bytes to values. See decode.h, and wire.h for the format.
**
** The stack, from `objects` on: the table of objects (nil where none is
** repeated), the strings in slots, and then the values.
**
** Invariants:
** 1. `at` is never beyond `end`, and what is read is there.
** 2. `claimed`, the bytes that the tables made so far must still have (one
**    an element, two a pair), is at most the length of the message.
** 3. Each decode_* pushes one value and leaves the rest of the stack alone.
*/

#include "base/errors.h"
#include "value/codec.h"
#include "value/codecache.h"
#include "value/decode.h"
#include "value/wire.h"

typedef struct lc_decoder {
  lua_State *L;
  const char *at;
  const char *end;
  const char *bytes;
  lc_shared *const *held;
  uint32_t nheld;
  size_t claimed;
  int objects;           /* index */
  uint32_t begun;        /* objects that have begun */
  uint32_t slots;
  uint32_t filled;       /* slots that have been set */
  bool again;            /* objects must be remembered */
  bool code;
} lc_decoder;

static void decode_value (lc_decoder *d, int depth);

/* {{ Reading */

static lc_noreturn void fail (const lc_decoder *d, const char *what) {
  lc_errors_raise(d->L, "EPROTO", "no message, or a damaged one: %s (byte %d)",
                  what, (int)(d->at - d->bytes));
  for (;;) ;  /* not reached */
}

static size_t left (const lc_decoder *d) {
  return (size_t)(d->end - d->at);
}

/* Goes over n bytes; where they begin. */
static const char *take (lc_decoder *d, size_t n) {
  const char *at = d->at;
  if (lc_unlikely(n > left(d))) fail(d, "it ends too early");
  d->at += n;
  return at;
}

static uint8_t take_byte (lc_decoder *d) {
  return (uint8_t)*take(d, 1);
}

static uint32_t take_varint (lc_decoder *d) {
  uint32_t number = 0;
  for (int shift = 0; shift < 32; shift += 7) {
    uint32_t byte = take_byte(d);
    if (shift == 28 && byte > 0x0f) break;
    number |= (byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
  fail(d, "a number is too long");
}

/* }} */

/* {{ Objects */

static uint32_t begin_object (lc_decoder *d) {
  return d->begun++;
}

/* The value on top is that object from now on. */
static void set_object (lc_decoder *d, uint32_t number) {
  if (!d->again) return;
  lua_pushvalue(d->L, -1);
  lua_rawseti(d->L, d->objects, (lua_Integer)number + 1);
}

static void push_object (lc_decoder *d, uint32_t number) {
  if (!d->again || number >= d->begun) fail(d, "no such object");
  if (lua_rawgeti(d->L, d->objects, (lua_Integer)number + 1) == LUA_TNIL)
    fail(d, "an object is in itself where it can't be");
}

/* }} */

/* {{ Strings and numbers */

static void push_slot (lc_decoder *d, uint32_t slot) {
  if (lc_unlikely(slot >= d->filled)) fail(d, "no such string");
  lua_pushvalue(d->L, d->objects + 1 + (int)slot);
}

static void decode_setslot (lc_decoder *d) {
  uint32_t slot = take_byte(d);
  size_t len = take_byte(d);
  if (slot >= d->slots || slot > d->filled) fail(d, "no such string");
  lua_pushlstring(d->L, take(d, len), len);
  lua_copy(d->L, -1, d->objects + 1 + (int)slot);
  if (slot == d->filled) d->filled++;
}

static void push_text (lc_decoder *d) {
  size_t len = take_varint(d);
  lua_pushlstring(d->L, take(d, len), len);
}

static void decode_long (lc_decoder *d) {
  uint32_t number = begin_object(d);
  push_text(d);
  set_object(d, number);
}

#define PUSH_INTEGER(d, type) do { \
  type n_; \
  lc_wire_get(take(d, sizeof n_), &n_, sizeof n_); \
  lua_pushinteger((d)->L, n_); \
} while (0)

static void decode_float (lc_decoder *d) {
  lua_Number n;
  lc_wire_get(take(d, sizeof n), &n, sizeof n);
  lua_pushnumber(d->L, n);
}

/* }} */

/* {{ Tables */

/* A key can be neither nil nor nan. */
static void check_key (lc_decoder *d) {
  bool nan = lua_type(d->L, -1) == LUA_TNUMBER &&
             !lua_rawequal(d->L, -1, -1);
  if (nan || lua_isnil(d->L, -1)) fail(d, "a key that is none");
}

static void decode_key (lc_decoder *d, int depth) {
  uint8_t tag = left(d) ? (uint8_t)*d->at : 0;
  if (tag >= LC_WIRE_SLOT0 && tag < LC_WIRE_NIL) {
    d->at++;
    push_slot(d, tag - (uint32_t)LC_WIRE_SLOT0);
    return;
  }
  decode_value(d, depth);
  check_key(d);
}

static void make_table (lc_decoder *d, size_t elements, size_t pairs) {
  size_t room = (size_t)(d->end - d->bytes) - d->claimed;
  if (elements > room || pairs > (room - elements) / 2)
    fail(d, "a table that is too large");
  d->claimed += elements + 2 * pairs;
  lua_createtable(d->L, (int)elements, (int)pairs);
}

static void decode_content (lc_decoder *d, int depth, uint32_t number,
                            size_t elements, size_t pairs) {
  lua_State *L = d->L;
  make_table(d, elements, pairs);
  set_object(d, number);
  int table = lua_gettop(L);
  for (size_t i = 1; i <= elements; i++) {
    decode_value(d, depth + 1);
    lua_rawseti(L, table, (lua_Integer)i);
  }
  for (; pairs > 0; pairs--) {
    decode_key(d, depth + 1);
    decode_value(d, depth + 1);
    lua_rawset(L, table);
  }
}

/* A table whose tag has been read. */
static void decode_table (lc_decoder *d, int depth, uint8_t tag,
                          uint32_t number) {
  uint32_t counts[2];
  luaL_checkstack(d->L, LUA_MINSTACK, "a message is nested too deeply");
  for (int i = 0; i < 2; i++)
    if (tag == LC_WIRE_TABLE1) counts[i] = take_byte(d);
    else lc_wire_get(take(d, 4), &counts[i], 4);
  decode_content(d, depth, number, counts[0], counts[1]);
}

static lc_noreturn void fail_class (lc_decoder *d, const char *name) {
  if (d->code)
    lc_errors_raise(d->L, "ENOENT", "the module '%s' does not register its "
                    "class (conc.codec.register)", name);
  lc_errors_raise(d->L, "ENOENT", "the class '%s' is not registered here "
                  "(conc.codec.register)", name);
  for (;;) ;  /* not reached */
}

/* The metatable comes last: its finaliser is to see no half of an object. */
static void decode_class (lc_decoder *d, int depth) {
  lua_State *L = d->L;
  uint32_t number = begin_object(d);
  luaL_checkstack(L, LUA_MINSTACK, "a message is nested too deeply");
  decode_value(d, depth + 1);
  if (lua_type(L, -1) != LUA_TSTRING) fail(d, "the name of a class is none");
  lua_pushvalue(L, -1);
  lc_codec_class(L, d->code);
  if (!lua_istable(L, -1)) fail_class(d, lua_tostring(L, -2));
  uint8_t tag = take_byte(d);
  if (tag != LC_WIRE_TABLE1 && tag != LC_WIRE_TABLE4)
    fail(d, "an object of a class that is no table");
  decode_table(d, depth, tag, number);
  lua_pushvalue(L, -2);
  lua_setmetatable(L, -2);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* }} */

/* {{ Code */

static void decode_module (lc_decoder *d) {
  uint32_t number = begin_object(d);
  push_text(d);
  lc_codec_module(d->L);
  set_object(d, number);
}

static void decode_cfunction (lc_decoder *d) {
  lua_State *L = d->L;
  uint32_t number = begin_object(d);
  push_text(d);
  push_text(d);
  lua_pushvalue(L, -2);
  lc_codec_module(L);
  lua_pushvalue(L, -2);
  lua_gettable(L, -2);
  if (!lua_isfunction(L, -1))
    lc_errors_raise(L, "ENOENT", "the module '%s' has no function '%s' here",
                    lua_tostring(L, -4), lua_tostring(L, -3));
  lua_replace(L, -4);
  lua_pop(L, 2);
  set_object(d, number);
}

static void load_function (lc_decoder *d) {
  uint32_t size;
  lc_wire_get(take(d, 4), &size, 4);
  const char *bytes = take(d, size);
  lc_codecache_load(d->L, bytes, size);
}

/* The code is one of what the message holds. */
static void make_function (lc_decoder *d) {
  uint32_t which = take_varint(d);
  lc_code *c = which < d->nheld ? lc_code_of(d->held[which]) : NULL;
  if (!c) fail(d, "no such code");
  else lc_codecache_push(d->L, c);
}

static int count_upvalues (lua_State *L, int f) {
  lua_Debug ar;
  lua_pushvalue(L, f);
  lua_getinfo(L, ">u", &ar);
  return ar.nups;
}

/* Gives the function at `f` a variable that another one has already. */
static void join_upvalue (lc_decoder *d, int f, int upvalue) {
  lua_State *L = d->L;
  push_object(d, take_varint(d));
  int other = take_byte(d);
  if (lua_type(L, -1) != LUA_TFUNCTION || lua_iscfunction(L, -1) ||
      other < 1 || other > count_upvalues(L, lua_gettop(L)))
    fail(d, "no such upvalue");
  lua_upvaluejoin(L, f, upvalue, -1, other);
  lua_pop(L, 1);
}

static void decode_function (lc_decoder *d, int depth, uint8_t tag) {
  lua_State *L = d->L;
  uint32_t number = begin_object(d);
  luaL_checkstack(L, LUA_MINSTACK, "a message is nested too deeply");
  if (tag == LC_WIRE_CODE) make_function(d);
  else load_function(d);
  int f = lua_gettop(L), n = count_upvalues(L, f);
  set_object(d, number);
  if (take_byte(d) != n) fail(d, "a function with other upvalues");
  for (int i = 1; i <= n; i++) {
    if (left(d) && (uint8_t)*d->at == LC_WIRE_JOINED) {
      d->at++;
      join_upvalue(d, f, i);
      continue;
    }
    decode_value(d, depth + 1);
    lua_setupvalue(L, f, i);
  }
}

/* Calls the function that stands for userdata. */
static void decode_transfer (lc_decoder *d, int depth) {
  lua_State *L = d->L;
  uint32_t number = begin_object(d);
  uint32_t n = take_varint(d);
  if (n == 0 || n > left(d)) fail(d, "a transfer of too much");
  luaL_checkstack(L, (int)n + LUA_MINSTACK, "too many arguments");
  for (uint32_t i = 0; i < n; i++) decode_value(d, depth + 1);
  lua_call(L, (int)n - 1, 1);
  if (lua_isnil(L, -1))
    lc_errors_raise(L, "EPROTO", "the function that a __transfer names "
                    "returns nothing");
  set_object(d, number);
}

/* }} */

/* The receiver's handle of a shared object. */
static void decode_shared (lc_decoder *d) {
  uint32_t number = begin_object(d), which = take_varint(d);
  if (which >= d->nheld) fail(d, "no such shared object");
  lc_shared *s = d->held[which];
  luaL_checkstack(d->L, LUA_MINSTACK, "a message is nested too deeply");
  s->kind->push(d->L, s);
  set_object(d, number);
}

static void decode_code (lc_decoder *d, int depth, uint8_t tag) {
  if (tag > LC_WIRE_TRANSFER) fail(d, "an unknown kind of value");
  if (!d->code)
    lc_errors_raise(d->L, "EPERM", "the message holds functions or modules, "
                    "which are refused unless functions = true says that it "
                    "comes from this program");
  switch (tag) {
    case LC_WIRE_GLOBALS:
      lua_rawgeti(d->L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
      break;
    case LC_WIRE_MODULE: decode_module(d); break;
    case LC_WIRE_CFUNCTION: decode_cfunction(d); break;
    case LC_WIRE_FUNCTION: decode_function(d, depth, tag); break;
    default: decode_transfer(d, depth);
  }
}

static void decode_value (lc_decoder *d, int depth) {
  lua_State *L = d->L;
  uint8_t tag = take_byte(d);
  if (tag < LC_WIRE_SLOT0) {
    lua_pushinteger(L, tag);
    return;
  }
  if (tag < LC_WIRE_NIL) {
    push_slot(d, tag - (uint32_t)LC_WIRE_SLOT0);
    return;
  }
  if (lc_unlikely(depth > LC_WIRE_DEPTH)) fail(d, "it is nested too deeply");
  switch (tag) {
    case LC_WIRE_NIL: lua_pushnil(L); break;
    case LC_WIRE_FALSE: lua_pushboolean(L, 0); break;
    case LC_WIRE_TRUE: lua_pushboolean(L, 1); break;
    case LC_WIRE_INT1: PUSH_INTEGER(d, int8_t); break;
    case LC_WIRE_INT2: PUSH_INTEGER(d, int16_t); break;
    case LC_WIRE_INT4: PUSH_INTEGER(d, int32_t); break;
    case LC_WIRE_INT8: PUSH_INTEGER(d, int64_t); break;
    case LC_WIRE_FLOAT: decode_float(d); break;
    case LC_WIRE_SLOT: push_slot(d, take_byte(d)); break;
    case LC_WIRE_SETSLOT: decode_setslot(d); break;
    case LC_WIRE_STRING: push_text(d); break;
    case LC_WIRE_LONG: decode_long(d); break;
    case LC_WIRE_TABLE1: case LC_WIRE_TABLE4:
      decode_table(d, depth, tag, begin_object(d));
      break;
    case LC_WIRE_AGAIN: push_object(d, take_varint(d)); break;
    case LC_WIRE_CLASS: decode_class(d, depth); break;
    case LC_WIRE_SHARED: decode_shared(d); break;
    case LC_WIRE_CODE: decode_function(d, depth, tag); break;
    default: decode_code(d, depth, tag);
  }
}

/* {{ A message */

/* Reads the header and lays the stack out; the number of values. */
static int begin_message (lc_decoder *d) {
  if (left(d) > LC_CODEC_LIMIT) fail(d, "it is too long");
  if (take_byte(d) != LC_WIRE_VERSION) fail(d, "it is of another version");
  uint8_t flags = take_byte(d);
  uint8_t known = LC_FLAG_AGAIN | (d->nheld > 0 ? LC_FLAG_HOLDS : 0);
  if (flags & ~known) fail(d, "it is of another version");
  d->again = flags & LC_FLAG_AGAIN;
  d->slots = take_byte(d);
  uint32_t n = take_varint(d);
  if (n > left(d)) fail(d, "it ends too early");
  luaL_checkstack(d->L, (int)(n + d->slots) + LUA_MINSTACK,
                  "too many values");
  d->objects = lua_gettop(d->L) + 1;
  if (d->again) lua_newtable(d->L);
  lua_settop(d->L, d->objects + (int)d->slots);
  return (int)n;
}

/* The whole message. */
static int decode_values (lc_decoder *d) {
  lua_State *L = d->L;
  int n = begin_message(d);
  int values = lua_gettop(L);
  for (int i = 0; i < n; i++) decode_value(d, 0);
  if (left(d) > 0) fail(d, "something follows it");
  for (int i = 0; i < n; i++) lua_copy(L, values + 1 + i, d->objects + i);
  lua_settop(L, d->objects + n - 1);
  return n;
}

int lc_decode (lua_State *L, const char *bytes, size_t size, bool code) {
  lc_decoder d = {
    .L = L, .bytes = bytes, .at = bytes, .end = bytes + size, .code = code
  };
  return decode_values(&d);
}

int lc_decode_message (lua_State *L, const char *bytes, size_t size,
                       lc_shared *const *held, uint32_t n) {
  lc_decoder d = {
    .L = L, .bytes = bytes, .at = bytes, .end = bytes + size, .code = true,
    .held = held, .nheld = n
  };
  return decode_values(&d);
}

/* }} */
