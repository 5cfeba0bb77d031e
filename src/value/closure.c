/*
** closure.c: functions as bytes: bytecode and upvalues, or the name by which
** a C function is found. See encoder.h, and wire.h for the format.
*/

#include <string.h>

#include "value/closure.h"
#include "value/codec.h"
#include "value/codecache.h"
#include "value/encode.h"
#include "value/encoder.h"

typedef struct lc_dump {
  lc_encoder *e;
  int depth;
} lc_dump;

static int write_code (lua_State *L, const void *code, size_t n, void *ud) {
  lc_dump *dump = ud;
  (void)L;
  return !lc_encoder_bytes(dump->e, dump->depth, code, n);
}

/* The bytecode of the function on top, after its size. */
static bool dump_code (lc_encoder *e, int depth) {
  size_t head = e->out.len;
  lc_dump dump = {e, depth};
  if (!lc_encoder_bytes(e, depth, "size", 4)) return false;
  if (lua_dump(e->L, write_code, &dump, 0) != 0) return false;
  uint32_t size = (uint32_t)(e->out.len - head - 4);
  lc_wire_put(e->out.base + head, &size, 4);
  return true;
}

static bool copy_code (lc_encoder *e, int depth, const lc_code *c) {
  uint32_t size = (uint32_t)c->size;
  char head[4];
  lc_wire_put(head, &size, sizeof(head));
  return lc_encoder_bytes(e, depth, head, sizeof(head)) &&
         lc_encoder_bytes(e, depth, c->bytes, c->size);
}

/* The code of the function on top: a state of this process gets a hold. */
static bool encode_code (lc_encoder *e, int depth) {
  lc_code *c = lc_codecache_code(e->L);
  if (c && e->carrier == LC_TO_STATE)
    return lc_encoder_number(e, depth, LC_WIRE_CODE, e->nheld) &&
           lc_encoder_hold(e, &c->shared);
  return lc_encoder_tag(e, depth, LC_WIRE_FUNCTION) &&
         (c ? copy_code(e, depth, c) : dump_code(e, depth));
}

static int count_upvalues (lua_State *L) {
  lua_Debug ar;
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">u", &ar);
  return ar.nups;
}

/* Is the value on top a function's environment that stands in for the globals,
** as those of test frameworks and sandboxes do? Such a table has a metatable,
** which can't be sent; its reader has an environment of its own. */
static bool is_environment (lua_State *L, const char *name) {
  if (strcmp(name, "_ENV") != 0 || !lua_istable(L, -1)) return false;
  if (!lua_getmetatable(L, -1)) return false;
  lc_codec_name(L);
  bool registered = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return !registered;
}

/* The value of an upvalue of the function on top, or, where a function
** before it has the same variable, which one that is. */
static bool encode_upvalue (lc_encoder *e, int depth, uint32_t number,
                            int upvalue) {
  lua_State *L = e->L;
  lc_ptrentry *seen =
    lc_ptrmap_put(&e->seen, lua_upvalueid(L, -1, upvalue));
  if (!seen) return lc_encoder_nomemory(e);
  if (seen->value) {
    uint8_t place = (uint8_t)seen->extra;
    e->again = true;
    return lc_encoder_number(e, depth, LC_WIRE_JOINED, seen->value - 1) &&
           lc_encoder_bytes(e, depth, &place, 1);
  }
  seen->value = number + 1;
  seen->extra = (uint32_t)upvalue;
  const char *name = lua_getupvalue(L, -1, upvalue);
  bool ok = is_environment(L, name)
    ? lc_encoder_tag(e, depth, LC_WIRE_GLOBALS)
    : lc_encode_value(e, depth + 1);
  if (ok) lua_pop(L, 1);
  return ok;
}

static bool encode_luafunction (lc_encoder *e, int depth) {
  int f = lua_gettop(e->L);
  uint32_t number = e->objects - 1;
  int n = count_upvalues(e->L);
  char count = (char)n;
  if (!encode_code(e, depth) || !lc_encoder_bytes(e, depth, &count, 1))
    return false;
  for (int i = 1; i <= n; i++) {
    if (encode_upvalue(e, depth, number, i)) continue;
    if (lc_encoder_refused(e))
      lc_path_upvalue(e->path, depth, e->L, f, i);
    return false;
  }
  return true;
}

static bool encode_cfunction (lc_encoder *e, int depth) {
  const char *module = NULL, *name = NULL;
  if (!lc_names_function(&e->names, e->L, &module, &name))
    return lc_encoder_nomemory(e);
  if (!name)
    return lc_encoder_refuse(e, depth, "this C function is in no loaded "
                             "module: send a function in Lua that finds it");
  return lc_encoder_tag(e, depth, LC_WIRE_CFUNCTION) &&
         lc_encoder_text(e, depth, module) && lc_encoder_text(e, depth, name);
}

bool lc_closure_encode (lc_encoder *e, int depth) {
  const void *address = lua_topointer(e->L, -1);
  if (!lc_encoder_beyond(e)) return false;
  lc_begun begun = lc_encoder_begin(e, depth, address);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  if (lua_iscfunction(e->L, -1)) return encode_cfunction(e, depth);
  return encode_luafunction(e, depth);
}
