/*
** reason.c: why a job elsewhere was cancelled. See reason.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "engine/remote.h"
#include "engine/worker.h"
#include "kernel/loop.h"
#include "kernel/reason.h"
#include "kernel/task.h"
#include "value/decode.h"
#include "value/encode.h"
#include "value/encoder.h"

static const char reason_key;   /* in the registry: the value, once read */

enum { DEADLINE = 1 };          /* the length of a reason that is one */

void lc_reason_free (lc_reason *r) {
  if (r->base) lc_free(r->base, r->len);
  *r = (lc_reason){0};
}

static void copy (lc_reason *r, const char *base, size_t len) {
  r->base = lc_alloc(len);
  if (!r->base) return;
  memcpy(r->base, base, len);
  r->len = len;
}

/* Has the starter said why? Where it says so over a link, that is read. Until
** it has struck, a thread's starter may be writing to the reason. */
static bool is_told (lc_worker *w) {
  if (!w || atomic_load(&w->strikes) == 0) return false;
  if (!w->reason.base && w->hear) w->hear(w);
  return w->reason.base != NULL;
}

/* {{ Where it is given */

/* value -> its bytes */
static int encode_value (lua_State *L) {
  lc_bytes *bytes = lc_encode(L, 1, 1, "reason");
  lua_pushlstring(L, bytes->base, bytes->len);
  lc_encoder_done(lua_touserdata(L, -2));
  return 1;
}

/* value -> the bytes of its text */
static int encode_text (lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  lua_replace(L, 1);
  return encode_value(L);
}

/* Is it to go as it is? What could be taken from the sender is not. */
static bool is_data (lua_State *L, int index) {
  int type = lua_type(L, index);
  return type == LUA_TTABLE || type == LUA_TSTRING || type == LUA_TNUMBER ||
         type == LUA_TBOOLEAN;
}

static bool protected (lua_State *L, lua_CFunction f, int index) {
  lua_pushcfunction(L, f);
  lua_pushvalue(L, index);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

static void note_below (lc_scope *top, const char *base, size_t len) {
  lc_scope *s = top;
  while (s) {
    bool closed = s != top && (s->cancelled || s->kind == LC_SHIELD);
    if (s->kind == LC_REMOTE && !closed) {
      lc_reason *r = &lc_remote_of(lc_remote_job(s))->reason;
      lc_reason_free(r);
      copy(r, base, len);
    }
    s = lc_scope_next(top, s, !closed);
  }
}

void lc_reason_note (lua_State *L, const lc_loop *loop, lc_scope *top,
                     int index) {
  if (lua_isnil(L, index) || lc_list_empty(&loop->remotes)) return;
  if (top->cancelled || !lua_checkstack(L, 4)) return;
  index = lua_absindex(L, index);
  if (!(is_data(L, index) && protected(L, encode_value, index)) &&
      !protected(L, encode_text, index)) return;
  size_t len;
  const char *base = lua_tolstring(L, -1, &len);
  note_below(top, base, len);
  lua_pop(L, 1);
}

void lc_reason_inherit (lc_reason *r, const lc_loop *loop,
                        const lc_scope *s) {
  const lc_scope *above = s;
  do {
    s = lc_scope_cause(above);
    above = lc_scope_above(s);
  } while (above && !s->expired);
  lc_worker *w = s == &loop->main->base ? loop->worker : NULL;
  if (r->base) return;
  if (s->expired) copy(r, "", DEADLINE);
  else if (is_told(w)) copy(r, w->reason.base, w->reason.len);
}

/* }} */

/* {{ Where it is read */

/* reason (light userdata) -> value */
static int decode_value (lua_State *L) {
  const lc_reason *r = lua_touserdata(L, 1);
  return lc_decode(L, r->base, r->len, false);
}

/* The same value each time. One that can't be read here is none. */
static void push_value (lua_State *L, lc_reason *r) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &reason_key) != LUA_TNIL) return;
  lua_pushcfunction(L, decode_value);
  lua_pushlightuserdata(L, r);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    return;
  }
  lua_replace(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &reason_key);
}

bool lc_reason_push (lua_State *L, lc_worker *w) {
  bool told = is_told(w);
  if (told && w->reason.len > DEADLINE) {
    push_value(L, &w->reason);
    return false;
  }
  lua_pushnil(L);
  return told;
}

/* }} */
