/*
** encoder.c: the state's encoder, writing, objects. See encoder.h.
*/

#include "base/alloc.h"
#include "base/luax.h"
#include "value/codec.h"
#include "value/encoder.h"

#define ENCODER_TYPE "luaconc.encoder"

static const char encoder_key;

/* {{ The encoder of a state */

static void free_memory (lc_encoder *e) {
  lc_encoder_unhold(e);
  lc_free(e->held, e->roomheld * sizeof(*e->held));
  e->held = NULL;
  e->roomheld = 0;
  lc_bytes_free(&e->out);
  lc_ptrmap_free(&e->seen);
  lc_names_free(&e->names);
}

static int encoder_gc (lua_State *L) {
  lc_encoder *e = lua_touserdata(L, 1);
  e->closed = true;
  free_memory(e);
  return 0;
}

void lc_encoder_done (lc_encoder *e) {
  if (e->closed) free_memory(e);
}

/* Pushes a new encoder, from now on that of the state. */
static lc_encoder *make_encoder (lua_State *L, size_t limit) {
  lc_encoder *e = lua_newuserdatauv(L, sizeof *e, LC_ENCODER_VALUES);
  memset(e, 0, sizeof *e);
  e->limit = limit;
  if (luaL_newmetatable(L, ENCODER_TYPE)) {
    lua_pushcfunction(L, encoder_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  lc_bytes_reset(&e->out, limit);
  e->closed = lc_luax_finalising(L);
  if (e->closed) return e;
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &encoder_key);
  return e;
}

lc_encoder *lc_encoder_push (lua_State *L) {
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &encoder_key);
  lc_encoder *e = lua_touserdata(L, -1);
  if (e && !e->busy) return e;
  lua_pop(L, 1);
  return make_encoder(L, e ? e->limit : LC_CODEC_LIMIT);
}

/* }} */

/* {{ Failing */

bool lc_encoder_nomemory (lc_encoder *e) {
  e->memory = true;
  return false;
}

bool lc_encoder_noroom (lc_encoder *e, int depth, size_t n) {
  if (!lc_bytes_full(&e->out, n)) return lc_encoder_nomemory(e);
  return lc_encoder_refuse(e, depth, "the message would be longer than %llu "
                           "bytes", (unsigned long long)e->limit);
}

bool lc_encoder_beyond (lc_encoder *e) {
  if (!e->modules) e->restart = true;
  return e->modules;
}

/* }} */

/* {{ Writing */

bool lc_encoder_number (lc_encoder *e, int depth, lc_wiretag tag,
                        uint32_t number) {
  char *at = lc_bytes_room(&e->out, 1 + LC_WIRE_VARINT);
  if (!at) return lc_encoder_noroom(e, depth, 1 + LC_WIRE_VARINT);
  *at = (char)tag;
  e->out.len += (size_t)(lc_wire_varint(at + 1, number) - at);
  return true;
}

bool lc_encoder_bytes (lc_encoder *e, int depth, const void *s, size_t len) {
  char *at = lc_bytes_room(&e->out, len);
  if (!at) return lc_encoder_noroom(e, depth, len);
  memcpy(at, s, len);
  e->out.len += len;
  return true;
}

bool lc_encoder_string (lc_encoder *e, int depth, lc_wiretag tag,
                        const char *s, size_t len) {
  if (len > e->limit) return lc_encoder_noroom(e, depth, len);
  return lc_encoder_number(e, depth, tag, (uint32_t)len) &&
         lc_encoder_bytes(e, depth, s, len);
}

bool lc_encoder_text (lc_encoder *e, int depth, const char *s) {
  char head[LC_WIRE_VARINT];
  size_t len = strlen(s);
  size_t n = (size_t)(lc_wire_varint(head, (uint32_t)len) - head);
  return lc_encoder_bytes(e, depth, head, n) &&
         lc_encoder_bytes(e, depth, s, len);
}

/* }} */

/* {{ Objects */

enum { FORBIDDEN = INT32_MAX };  /* `extra` of an object */

/* Writes an object that has begun before. */
static lc_begun repeat (lc_encoder *e, int depth, const lc_ptrentry *seen) {
  bool ok = seen->extra == FORBIDDEN
    ? lc_encoder_refuse(e, depth, "its own __transfer returned it")
    : lc_encoder_number(e, depth, LC_WIRE_AGAIN, seen->value - 1);
  e->again = true;
  return ok ? LC_OBJECT_DONE : LC_OBJECT_FAILED;
}

lc_begun lc_encoder_begin (lc_encoder *e, int depth, const void *address) {
  lc_ptrentry *seen = lc_ptrmap_put(&e->seen, address);
  if (!seen || !lua_checkstack(e->L, LUA_MINSTACK)) {
    lc_encoder_nomemory(e);
    return LC_OBJECT_FAILED;
  }
  if (seen->value) return repeat(e, depth, seen);
  seen->value = ++e->objects;
  const char *name = e->modules ? lc_names_module(&e->names, address) : NULL;
  if (!name) return LC_OBJECT_NEW;
  return lc_encoder_tag(e, depth, LC_WIRE_MODULE) &&
         lc_encoder_text(e, depth, name) ? LC_OBJECT_DONE : LC_OBJECT_FAILED;
}

bool lc_encoder_hold (lc_encoder *e, lc_shared *s) {
  if (e->nheld == e->roomheld) {
    uint32_t room = e->roomheld ? e->roomheld * 2 : 8;
    lc_shared **held = lc_realloc(e->held, e->roomheld * sizeof(*held),
                                  room * sizeof(*held));
    if (!held) return lc_encoder_nomemory(e);
    e->held = held;
    e->roomheld = room;
  }
  s->kind->hold(s);
  e->held[e->nheld++] = s;
  return true;
}

void lc_encoder_unhold (lc_encoder *e) {
  while (e->nheld > 0) {
    lc_shared *s = e->held[--e->nheld];
    s->kind->drop(s);
  }
}

bool lc_encoder_mark (lc_encoder *e, const void *address, bool forbidden) {
  lc_ptrentry *seen = lc_ptrmap_put(&e->seen, address);
  if (!seen) return lc_encoder_nomemory(e);
  seen->extra = forbidden ? FORBIDDEN : 0;
  return true;
}

/* }} */
