/*
** errors.c: own errors and failures. See errors.h.
*/

#include <string.h>

#include "base/errors.h"

#define ERROR_TYPE "luaconc.error"

/* Wraps the string on top: {message = ..., code = ...}. */
static void wrap_message (lua_State *L, const char *code) {
  lua_createtable(L, 0, 2);
  lua_insert(L, -2);
  lua_setfield(L, -2, "message");
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  luaL_setmetatable(L, ERROR_TYPE);
}

void lc_errors_push (lua_State *L, const char *code, const char *fmt, ...) {
  va_list args;
  luaL_checkstack(L, 8, NULL);
  va_start(args, fmt);
  lua_pushvfstring(L, fmt, args);
  va_end(args);
  wrap_message(L, code);
}

int lc_errors_raise (lua_State *L, const char *code, const char *fmt, ...) {
  va_list args;
  luaL_checkstack(L, 8, NULL);
  luaL_where(L, 1);
  va_start(args, fmt);
  lua_pushvfstring(L, fmt, args);
  va_end(args);
  lua_concat(L, 2);
  wrap_message(L, code);
  return lua_error(L);
}

int lc_errors_uv (lua_State *L, int code) {
  lua_pushnil(L);
  if (code == UV_EOF) lua_pushliteral(L, "end of file");
  else lua_pushstring(L, uv_strerror(code));
  lua_pushstring(L, uv_err_name(code));
  return 3;
}

int lc_errors_fail (lua_State *L, const char *code, const char *fmt, ...) {
  va_list args;
  lua_pushnil(L);
  va_start(args, fmt);
  lua_pushvfstring(L, fmt, args);
  va_end(args);
  lua_pushstring(L, code);
  return 3;
}

bool lc_errors_own (lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_checkstack(L, 3)) return false;
  if (!lua_getmetatable(L, index)) return false;
  luaL_getmetatable(L, ERROR_TYPE);
  bool ours = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return ours;
}

bool lc_errors_is (lua_State *L, int index, const char *code) {
  index = lua_absindex(L, index);
  if (!lc_errors_own(L, index)) return false;
  lua_pushliteral(L, "code");
  lua_rawget(L, index);
  const char *is = lua_tostring(L, -1);
  bool same = is && strcmp(is, code) == 0;
  lua_pop(L, 1);
  return same;
}

/* tostring(err): the message, with the tracebacks once `run` has let it go */
static int error_tostring (lua_State *L) {
  lua_getfield(L, 1, "message");
  lua_getfield(L, 1, "traceback");
  if (lua_isnil(L, -1)) lua_pop(L, 1);
  else {
    lua_pushliteral(L, "\n");
    lua_insert(L, -2);
    lua_concat(L, 3);
  }
  luaL_tolstring(L, -1, NULL);
  return 1;
}

/* value -> its text */
static int text_of (lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

const char *lc_errors_text (lua_State *L, int index) {
  const char *type = luaL_typename(L, index);
  lua_pushvalue(L, index);
  lua_pushcfunction(L, text_of);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    lua_pushfstring(L, "(%s without a text)", type);
  }
  return lua_tostring(L, -1);
}

/* conc.is_cancelled(err) -> boolean */
static int errors_is_cancelled (lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, lc_errors_is(L, 1, "ECANCELED"));
  return 1;
}

/* core.error(code, message) -> error table: for the Lua part */
static int errors_new (lua_State *L) {
  const char *code = luaL_optstring(L, 1, NULL);
  lc_errors_push(L, code, "%s", luaL_checkstring(L, 2));
  return 1;
}

void lc_errors_open (lua_State *L) {
  luaL_newmetatable(L, ERROR_TYPE);
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
  lua_pushcfunction(L, errors_is_cancelled);
  lua_setfield(L, -2, "is_cancelled");
  lua_pushcfunction(L, errors_new);
  lua_setfield(L, -2, "error");
}
