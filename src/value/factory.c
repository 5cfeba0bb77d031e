/*
** factory.c: bytecode in other bytecode. See factory.h.
**
** A dump is a header, the number of upvalues of its function, and the
** function: its source, lines and sizes, instructions, constants, upvalues
** (3 bytes each: where its maker finds them), functions in it, and debug
** information.
*/

#include <string.h>

#include "value/factory.h"

enum {
  HEADER = 31,          /* bytes that are the same in all dumps of a Lua */
  INSTRUCTION = 4,
  UPVALUE = 3,
  MOST = 100            /* upvalues of a function that is made so */
};

/* What is left to read; NULL after something that is not known. */
typedef struct lc_reading {
  const char *at, *end;
} lc_reading;

/* {{ Reading */

static void skip (lc_reading *r, size_t n) {
  if (!r->at || n > (size_t)(r->end - r->at)) r->at = NULL;
  else r->at += n;
}

static int read_byte (lc_reading *r) {
  const char *at = r->at;
  skip(r, 1);
  return r->at ? (unsigned char)*at : 0;
}

/* Seven bits a byte, highest first; the last has its top bit set. */
static size_t read_size (lc_reading *r) {
  size_t n = 0;
  int byte;
  do {
    byte = read_byte(r);
    if (n >> 56) r->at = NULL;
    n = n << 7 | (size_t)(byte & 0x7f);
  } while (r->at && !(byte & 0x80));
  return n;
}

static void skip_string (lc_reading *r) {
  size_t n = read_size(r);
  if (n > 0) skip(r, n - 1);
}

/* A count, and as many things of this size. */
static void skip_list (lc_reading *r, size_t size) {
  size_t n = read_size(r);
  if (r->at && n > (size_t)(r->end - r->at)) r->at = NULL;
  skip(r, n * size);
}

static void skip_constant (lc_reading *r) {
  enum { NIL = 0, FALSE = 1, TRUE = 17, INTEGER = 3, FLOAT = 19,
         SHORT = 4, LONG = 20 };
  switch (read_byte(r)) {
    case NIL: case FALSE: case TRUE: return;
    case INTEGER: skip(r, sizeof(lua_Integer)); return;
    case FLOAT: skip(r, sizeof(lua_Number)); return;
    case SHORT: case LONG: skip_string(r); return;
    default: r->at = NULL;
  }
}

/* A function as far as its upvalues; their number, and where they begin. */
static size_t read_upvalues (lc_reading *r, const char **where) {
  skip_string(r);                     /* the source */
  read_size(r);
  read_size(r);                       /* lines */
  skip(r, 3);                         /* parameters, is it vararg, registers */
  skip_list(r, INSTRUCTION);
  for (size_t n = read_size(r); r->at && n > 0; n--) skip_constant(r);
  size_t n = read_size(r);
  *where = r->at;
  if (r->at && n <= MOST) skip(r, n * UPVALUE);
  else r->at = NULL;
  return n;
}

/* The rest of a function that has no functions in it. */
static void skip_rest (lc_reading *r) {
  if (read_size(r) != 0) r->at = NULL;
  skip_list(r, 1);                    /* lines of the instructions */
  for (size_t n = read_size(r); r->at && n > 0; n--) {
    read_size(r);
    read_size(r);
  }
  for (size_t n = read_size(r); r->at && n > 0; n--) {
    skip_string(r);                   /* local variables */
    read_size(r);
    read_size(r);
  }
  for (size_t n = read_size(r); r->at && n > 0; n--) skip_string(r);
}

/* }} */

/* {{ The function around it */

/* Pushes "v1, v2, ..." */
static const char *push_names (lua_State *L, size_t n) {
  luaL_Buffer names;
  luaL_buffinit(L, &names);
  for (size_t i = 1; i <= n; i++) {
    lua_pushfstring(L, i > 1 ? ", v%d" : "v%d", (int)i);
    luaL_addvalue(&names);
  }
  luaL_pushresult(&names);
  return lua_tostring(L, -1);
}

/* Pushes it, with n upvalues of the function in it. */
static void push_frame (lua_State *L, size_t n) {
  const char *names = push_names(L, n), *text =
    n == 0 ? "return function() return function() end end"
    : lua_pushfstring(L, "return function() local %s return function() "
                      "return %s end end", names, names);
  if (luaL_loadbufferx(L, text, strlen(text), "=luaconc", "t") != LUA_OK)
    lua_error(L);
  lua_call(L, 0, 1);
}

typedef struct lc_dumped {
  luaL_Buffer buffer;
  bool begun;
} lc_dumped;

/* (The buffer may begin only when the function is no longer needed on top.) */
static int write_frame (lua_State *L, const void *part, size_t n, void *ud) {
  lc_dumped *d = ud;
  if (!d->begun) luaL_buffinit(L, &d->buffer);
  d->begun = true;
  luaL_addlstring(&d->buffer, part, n);
  return 0;
}

/* Pushes the bytecode of the frame for n upvalues. */
static const char *push_dump (lua_State *L, size_t n, size_t *size) {
  lc_dumped d = {.begun = false};
  push_frame(L, n);
  lua_dump(L, write_frame, &d, 1);
  luaL_pushresult(&d.buffer);
  return lua_tolstring(L, -1, size);
}

/* }} */

/* {{ Both */

/* Where a dump is to be cut. */
typedef struct lc_cuts {
  const char *begin;      /* of the function that counts */
  const char *upvalues;
  const char *end;
} lc_cuts;

static lc_reading open_dump (const char *dump, size_t size) {
  if (size <= HEADER) return (lc_reading){NULL, NULL};
  return (lc_reading){dump + HEADER + 1, dump + size};
}

/* The inner function of a frame; false: it is not as we know it. */
static bool cut_frame (const char *dump, size_t size, lc_cuts *c) {
  lc_reading r = open_dump(dump, size);
  read_upvalues(&r, &c->begin);
  if (read_size(&r) != 1) return false;
  c->begin = r.at;
  read_upvalues(&r, &c->upvalues);
  skip_rest(&r);
  c->end = r.at;
  return r.at != NULL;
}

/* The function of a code, and how many upvalues it has. */
static bool cut_code (const char *code, size_t size, lc_cuts *c, size_t *n) {
  lc_reading r = open_dump(code, size);
  c->begin = r.at;
  c->end = r.end;
  *n = read_upvalues(&r, &c->upvalues);
  return r.at != NULL;
}

static void add (luaL_Buffer *b, const char *from, const char *to) {
  luaL_addlstring(b, from, (size_t)(to - from));
}

/* Pushes the frame with the code in the place of its function, which finds
** its n upvalues where that one did. */
static void push_joined (lua_State *L, const char *dump, size_t size,
                         const lc_cuts *frame, const lc_cuts *code,
                         size_t n) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  add(&b, dump, frame->begin);
  add(&b, code->begin, code->upvalues);
  luaL_addlstring(&b, frame->upvalues, n * UPVALUE);
  add(&b, code->upvalues + n * UPVALUE, code->end);
  add(&b, frame->end, dump + size);
  luaL_pushresult(&b);
}

/* Loads the string on top in its place; false where that fails. */
static bool load_joined (lua_State *L) {
  size_t size;
  const char *joined = lua_tolstring(L, -1, &size);
  int status = luaL_loadbufferx(L, joined, size, "=luaconc", "b");
  if (status == LUA_ERRMEM) lua_error(L);
  return status == LUA_OK;
}

/* }} */

bool lc_factory_push (lua_State *L, const char *code, size_t size) {
  lc_cuts ours, frame;
  size_t n, length;
  int top = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  if (!cut_code(code, size, &ours, &n)) return false;
  const char *dump = push_dump(L, n, &length);
  bool ok = cut_frame(dump, length, &frame) &&
            memcmp(code, dump, HEADER) == 0;
  if (ok) {
    push_joined(L, dump, length, &frame, &ours, n);
    ok = load_joined(L);
  }
  if (ok) lua_replace(L, top + 1);
  lua_settop(L, ok ? top + 1 : top);
  return ok;
}
