/*
** codec.c: registered classes, modules by name, and the codec for Lua. See
** codec.h.
*/

#include "base/errors.h"
#include "base/luax.h"
#include "value/codec.h"
#include "value/decode.h"
#include "value/encode.h"
#include "value/encoder.h"

/* In the registry: metatable -> name, and name -> metatable. */
static const char classes_key;

/* {{ Classes and modules */

void lc_codec_name (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key);
  lua_pushvalue(L, -2);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

/* Registers the metatable on top under the name at `name`. */
static void register_class (lua_State *L, int name) {
  name = lua_absindex(L, name);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, name);
  lua_rawset(L, -3);
  lua_pushvalue(L, name);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* Pushes the class of the name at `name`, or nil. */
static bool find_class (lua_State *L, int name) {
  lua_pushvalue(L, name);
  lc_codec_name(L);
  lua_remove(L, -2);
  return lua_istable(L, -1);
}

/* Is the value on top a module that is a metatable? */
static bool is_class (lua_State *L) {
  if (!lua_istable(L, -1)) return false;
  lua_pushliteral(L, "__index");
  bool index = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 1);
  return index;
}

void lc_codec_class (lua_State *L, bool load) {
  int name = lua_gettop(L);
  if (!find_class(L, name) && load) {
    lua_settop(L, name);
    lua_pushvalue(L, name);
    lc_codec_module(L);
    if (!find_class(L, name)) {
      lua_pop(L, 1);
      if (is_class(L)) register_class(L, name);
      else lua_pushnil(L);
    }
  }
  lua_replace(L, name);
  lua_settop(L, name);
}

void lc_codec_module (lua_State *L) {
  int name = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, name);
    lua_rawget(L, -2);
  }
  if (!lua_toboolean(L, -1)) {
    if (lua_getglobal(L, "require") != LUA_TFUNCTION)
      lc_errors_raise(L, "ENOENT", "the module '%s' is not loaded, and there "
                      "is no 'require' here", lua_tostring(L, name));
    lua_pushvalue(L, name);
    lua_call(L, 1, 1);
  }
  lua_replace(L, name);
  lua_settop(L, name);
}

/* }} */

/* {{ For Lua */

/* codec.encode(...) -> bytes */
static int codec_encode (lua_State *L) {
  lc_bytes *bytes = lc_encode(L, 1, lua_gettop(L), "argument");
  lua_pushlstring(L, bytes->base, bytes->len);
  lc_encoder_done(lua_touserdata(L, -2));
  return 1;
}

static const char *const options[] = {"functions", NULL};

/* codec.decode(bytes, {functions = false}) -> values */
static int codec_decode (lua_State *L) {
  size_t n;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *bytes = lua_tolstring(L, 1, &n);
  lc_luax_options(L, 2, options);
  bool code = lc_luax_flag(L, 2, "functions", false);
  lua_settop(L, 1);
  return lc_decode(L, bytes, n, code);
}

/* codec.register(name, metatable) */
static int codec_register (lua_State *L) {
  lc_luax_dot(L, 1);
  luaL_checktype(L, 1, LUA_TSTRING);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  register_class(L, 1);
  return 0;
}

/* codec.limit([bytes]) -> the largest message that was allowed so far */
static int codec_limit (lua_State *L) {
  lua_Integer limit = lua_isnoneornil(L, 1) ? 0
    : lc_luax_integer(L, 1, "the limit", 1, (lua_Integer)LC_CODEC_LIMIT);
  lua_pushinteger(L, (lua_Integer)lc_encode_limit(L, (size_t)limit));
  return 1;
}

/* }} */

static const luaL_Reg functions[] = {
  {"encode", codec_encode},
  {"decode", codec_decode},
  {"register", codec_register},
  {"limit", codec_limit},
  {NULL, NULL}
};

/* Own errors are a class that every state has. */
static void register_errors (lua_State *L) {
  lua_pushliteral(L, "luaconc.error");
  lc_errors_push(L, NULL, "%s", "");
  lua_getmetatable(L, -1);
  register_class(L, -3);
  lua_pop(L, 3);
}

void lc_codec_open (lua_State *L, struct lc_loop *loop) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &classes_key);
  register_errors(L);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lc_luax_module(L, "luaconc.codec");
  lua_setfield(L, -2, "codec");
}
