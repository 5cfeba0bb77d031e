/*
** transfer.c: userdata: a shared object by its handle; others as what their
** __transfer gives, a function and its arguments. See codec.h.
*/

#include "encode.h"
#include "encoder.h"
#include "transfer.h"

/* Keeps the n values on top alive until the message is complete: another
** object at the address of one that is gone would be taken for it. */
static void anchor_values (lc_encoder *e, int n) {
  lua_State *L = e->L;
  lua_createtable(L, n + 1, 0);
  lua_getiuservalue(L, e->self, 1);
  lua_rawseti(L, -2, n + 1);
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(L, -1 - i);
    lua_rawseti(L, -2, i);
  }
  lua_setiuservalue(L, e->self, 1);
}

/* Calls the __transfer on top for the userdata below it; how many results
** there are in their place. */
static int call_transfer (lc_encoder *e) {
  lua_State *L = e->L;
  int top = lua_gettop(L) - 1;
  lua_pushvalue(L, top);
  lua_call(L, 1, LUA_MULTRET);
  int n = lua_gettop(L) - top;
  luaL_checkstack(L, LUA_MINSTACK, "too many results");
  if (n == 0 || !lua_isfunction(L, top + 1))
    luaL_error(L, "the __transfer of a userdata must return a function and "
               "its arguments");
  anchor_values(e, n);
  return n;
}

static bool encode_results (lc_encoder *e, int depth, int n) {
  int base = lua_gettop(e->L) - n;
  if (!lc_encoder_number(e, depth, LC_WIRE_TRANSFER, (uint32_t)n))
    return false;
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(e->L, base + i);
    if (!lc_encode_value(e, depth + 1)) {
      if (lc_encoder_refused(e)) lc_path_transfer(e->path, depth, i);
      return false;
    }
    lua_pop(e->L, 1);
  }
  lua_pop(e->L, n);
  return true;
}

static const char *name_of_userdata (lua_State *L) {
  return luaL_getmetafield(L, -1, "__name") == LUA_TSTRING
    ? lua_tostring(L, -1) : "unknown";
}

static bool transfer (lc_encoder *e, int depth, const void *address) {
  lua_State *L = e->L;
  if (luaL_getmetafield(L, -1, "__transfer") == LUA_TNIL)
    return lc_encoder_refuse(e, depth, "userdata '%.40s' has no __transfer",
                             name_of_userdata(L));
  if (!lc_encoder_mark(e, address, true)) return false;
  int n = call_transfer(e);
  return encode_results(e, depth, n) &&
         lc_encoder_mark(e, address, false);
}

static bool refuse_shared (lc_encoder *e, int depth, const char *kind) {
  if (e->carrier == LC_TO_PROCESS)
    return lc_encoder_refuse(e, depth, "a %s does not reach another process "
                             "yet: use it between tasks and threads", kind);
  return lc_encoder_refuse(e, depth, "a %s can't be kept as bytes: send it "
                           "itself, to a thread or through a channel", kind);
}

static bool encode_shared (lc_encoder *e, int depth, lc_shared *s) {
  if (e->carrier != LC_TO_STATE)
    return refuse_shared(e, depth, s->kind->name);
  lc_begun begun = lc_encoder_begin(e, depth, s);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  return lc_encoder_number(e, depth, LC_WIRE_SHARED, e->nheld) &&
         lc_encoder_hold(e, s);
}

bool lc_transfer_encode (lc_encoder *e, int depth) {
  lc_shared *s = lc_shared_at(e->L, -1);
  if (s) return encode_shared(e, depth, s);
  const void *address = lua_topointer(e->L, -1);
  if (!lc_encoder_beyond(e)) return false;
  lc_begun begun = lc_encoder_begin(e, depth, address);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  return transfer(e, depth, address);
}
