/*
** luax.c: additions to lauxlib. See luax.h.
*/

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/luax.h"
#include "base/nearest.h"

void lc_luax_functions (lua_State *L, struct lc_loop *loop,
                        const luaL_Reg *functions) {
  lua_pushlightuserdata(L, loop);
  luaL_setfuncs(L, functions, 1);
}

/* Sets functions into the table below the metatable on top. */
static void set_methods (lua_State *L, struct lc_loop *loop, int table,
                         const luaL_Reg *methods) {
  int meta = lua_gettop(L);
  lua_pushvalue(L, table);
  lua_pushlightuserdata(L, loop);
  lua_pushvalue(L, meta);
  luaL_setfuncs(L, methods, 2);
  lua_pop(L, 1);
}

void lc_luax_module (lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void lc_luax_type (lua_State *L, struct lc_loop *loop, const char *name,
                   const luaL_Reg *methods, const luaL_Reg *metamethods) {
  luaL_newmetatable(L, name);
  int meta = lua_gettop(L);
  lua_pushstring(L, strchr(name, '.') ? strchr(name, '.') + 1 : name);
  lua_setfield(L, -2, "__name");
  lua_newtable(L);
  lua_insert(L, meta);
  set_methods(L, loop, meta, methods);
  if (metamethods) set_methods(L, loop, meta + 1, metamethods);
  lua_insert(L, meta);
  lua_pushvalue(L, -1);
  lua_setfield(L, meta, "methods");
  if (lua_getfield(L, meta, "__index") == LUA_TNIL) {
    lua_pushvalue(L, -2);
    lua_setfield(L, meta, "__index");
  }
  lua_pop(L, 2);
}

void lc_luax_index (lua_State *L, struct lc_loop *loop, lua_CFunction index) {
  lua_pushlightuserdata(L, loop);
  lua_pushvalue(L, -2);
  lua_getfield(L, -3, "methods");
  lua_pushcclosure(L, index, 3);
  lua_setfield(L, -2, "__index");
}

bool lc_luax_callable (lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TFUNCTION) return true;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

enum { SHOWN = 40 };   /* bytes of a string that a message shows */

static const char *push_string (lua_State *L, int index) {
  size_t n, i;
  char shown[SHOWN + 1];
  const char *text = lua_tolstring(L, index, &n);
  for (i = 0; i < n && i < SHOWN; i++)
    shown[i] = iscntrl((unsigned char)text[i]) ? '?' : text[i];
  shown[i] = '\0';
  return lua_pushfstring(L, "\"%s\"%s", shown, n > SHOWN ? "..." : "");
}

const char *lc_luax_got (lua_State *L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNONE: return lua_pushliteral(L, "no value");
    case LUA_TSTRING: return push_string(L, index);
    case LUA_TNUMBER:
      if (lua_tonumber(L, index) != lua_tonumber(L, index))
        return lua_pushliteral(L, "nan");
      return luaL_tolstring(L, index, NULL);
    case LUA_TBOOLEAN: return luaL_tolstring(L, index, NULL);
    default: break;
  }
  if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING)
    return lua_tostring(L, -1);
  return lua_pushstring(L, luaL_typename(L, index));
}

void lc_luax_dot (lua_State *L, int arg) {
  if (luaL_getmetafield(L, arg, "__module") == LUA_TNIL) return;
  lua_pushfstring(L, "this is %s itself: its functions are called with a dot, "
                  "not with a colon", lua_tostring(L, -1));
  luaL_argerror(L, arg, lua_tostring(L, -1));
}

int lc_luax_expected (lua_State *L, int arg, const char *what) {
  lc_luax_dot(L, arg);
  lua_pushfstring(L, "%s expected, got %s", what, lc_luax_got(L, arg));
  return luaL_argerror(L, arg, lua_tostring(L, -1));
}

void lc_luax_function (lua_State *L, int arg) {
  if (lc_luax_callable(L, arg)) return;
  lc_luax_dot(L, arg);
  lua_pushfstring(L, "function expected, got %s: pass the function itself, f, "
                  "not what it returns, f()", lc_luax_got(L, arg));
  luaL_argerror(L, arg, lua_tostring(L, -1));
}

void lc_luax_no_memory (lua_State *L) {
  luaL_error(L, "not enough memory");
  for (;;) ;  /* not reached */
}

void lc_luax_wrong_self (lua_State *L) {
  const char *got = lc_luax_got(L, 1);
  lua_getfield(L, lua_upvalueindex(2), "__name");
  lua_pushfstring(L, "%s expected, got %s: methods are called with a colon, "
                  "object:method()", lua_tostring(L, -1), got);
  luaL_argerror(L, 1, lua_tostring(L, -1));
  for (;;) ;  /* not reached */
}

size_t lc_luax_bytes (lua_State *L, int top) {
  size_t all = 0;
  for (int arg = 2; arg <= top; arg++) {
    size_t n;
    luaL_checklstring(L, arg, &n);
    all += n;
  }
  return all;
}

uint64_t lc_luax_seconds (lua_State *L, int arg) {
  lua_Number s = -1;
  if (lua_type(L, arg) == LUA_TNUMBER) s = lua_tonumber(L, arg);
  if (!(s >= 0))
    lc_luax_expected(L, arg, "a number of seconds, 0 or more,");
  if (s > 9e9) return UINT64_MAX;
  return (uint64_t)ceil(s * 1e9);
}

/* {{ Options */

static void check_table (lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TTABLE)
    lc_luax_expected(L, arg, "table of options");
  lc_luax_dot(L, arg);
}

int lc_luax_option (lua_State *L, int arg, const char *name) {
  if (lua_isnoneornil(L, arg)) {
    lua_pushnil(L);
    return LUA_TNIL;
  }
  check_table(L, arg);
  return lua_getfield(L, arg, name);
}

int lc_luax_bad_option (lua_State *L, int arg, const char *name,
                        const char *must) {
  const char *got = lc_luax_got(L, lua_gettop(L));
  lua_pushfstring(L, "option '%s' must be %s, got %s", name, must, got);
  return luaL_argerror(L, arg, lua_tostring(L, -1));
}

bool lc_luax_flag (lua_State *L, int arg, const char *name, bool unless) {
  int type = lc_luax_option(L, arg, name);
  bool on = type == LUA_TNIL ? unless : lua_toboolean(L, -1);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    lc_luax_bad_option(L, arg, name, "true or false");
  lua_pop(L, 1);
  return on;
}

/* "; options: timeout, name" */
static void push_names (lua_State *L, const char *of,
                        const char *const names[]) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; names[i] && *names[i]; i++) {
    luaL_addstring(&b, i ? ", " : "; options: ");
    luaL_addstring(&b, of);
    luaL_addstring(&b, names[i]);
  }
  luaL_pushresult(&b);
}

/* The key on top is none of the names. */
static void refuse_key (lua_State *L, int arg, const char *of,
                        const char *const names[]) {
  lc_nearest meant;
  lc_nearest_begin(&meant, luaL_tolstring(L, -1, NULL));
  for (int i = 0; names[i] && *names[i]; i++)
    lc_nearest_offer(&meant, names[i]);
  lua_pushfstring(L, "unknown option '%s%s'", of, meant.word);
  if (meant.name)
    lua_pushfstring(L, "; did you mean '%s%s'?", of, meant.name);
  else push_names(L, of, names);
  lua_concat(L, 2);
  luaL_argerror(L, arg, lua_tostring(L, -1));
}

static bool is_among (const char *name, const char *const names[]) {
  for (int i = 0; names[i]; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

void lc_luax_fields (lua_State *L, int arg, const char *of,
                     const char *const names[]) {
  int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TNUMBER) continue;
    if (lua_type(L, -1) != LUA_TSTRING || !is_among(lua_tostring(L, -1), names))
      refuse_key(L, arg, of, names);
  }
}

void lc_luax_options (lua_State *L, int arg, const char *const names[]) {
  if (lua_isnoneornil(L, arg)) return;
  check_table(L, arg);
  lua_pushvalue(L, arg);
  lc_luax_fields(L, arg, "", names);
  lua_pop(L, 1);
}

/* }} */

static lc_noreturn void refuse_integer (lua_State *L, int arg,
                                        const char *what, lua_Integer low,
                                        lua_Integer high) {
  lc_luax_dot(L, arg);
  const char *got = lc_luax_got(L, arg);
  bool above = lua_type(L, arg) == LUA_TNUMBER &&
               lua_tonumber(L, arg) > (lua_Number)high;
  if (low == LUA_MININTEGER)
    lua_pushfstring(L, "%s must be an integer, got %s", what, got);
  else if (high >= INT32_MAX && !above)
    lua_pushfstring(L, "%s must be an integer, %I or more, got %s", what,
                    (LUAI_UACINT)low, got);
  else
    lua_pushfstring(L, "%s must be an integer from %I to %I, got %s", what,
                    (LUAI_UACINT)low, (LUAI_UACINT)high, got);
  luaL_argerror(L, arg, lua_tostring(L, -1));
  for (;;) ;  /* not reached */
}

lua_Integer lc_luax_integer (lua_State *L, int arg, const char *what,
                             lua_Integer low, lua_Integer high) {
  int fits = lua_type(L, arg) == LUA_TNUMBER;
  lua_Integer n = fits ? lua_tointegerx(L, arg, &fits) : 0;
  if (!fits || n < low || n > high) refuse_integer(L, arg, what, low, high);
  return n;
}

void lc_luax_weak (lua_State *L, const char *mode, const void *key) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushstring(L, mode);
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void lc_luax_own (lua_State *L, int index, const void *key, const void *p) {
  luaL_checkstack(L, 4, NULL);
  lc_luax_weak(L, "v", key);
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, p);
  lua_pop(L, 1);
}

bool lc_luax_garbage (lua_State *L, int index, const void *key,
                      const void *p) {
  bool alive = false;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE) {
    lua_rawgetp(L, -1, p);
    alive = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return !alive;
}

bool lc_luax_finalising (lua_State *L) {
  return lua_gc(L, LUA_GCISRUNNING) == -1;
}

/* {{ For the Lua part */

/* core.got(value) -> as messages show it */
static int luax_got (lua_State *L) {
  lc_luax_got(L, 1);
  return 1;
}

/* core.nearest(word, names) -> the name that was meant, how far it is | nil */
static int luax_nearest (lua_State *L) {
  lc_nearest meant;
  lc_nearest_begin(&meant, luaL_checkstring(L, 1));
  luaL_checktype(L, 2, LUA_TTABLE);
  for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
    lc_nearest_offer(&meant, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  if (!meant.name) return 0;
  lua_pushstring(L, meant.name);
  lua_pushinteger(L, (lua_Integer)meant.least);
  return 2;
}

void lc_luax_open (lua_State *L) {
  lua_pushcfunction(L, luax_got);
  lua_setfield(L, -2, "got");
  lua_pushcfunction(L, luax_nearest);
  lua_setfield(L, -2, "nearest");
}

/* }} */
