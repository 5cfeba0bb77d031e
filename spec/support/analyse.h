/*
** analyse.h: what gcc's analyser must know of Lua; included by `make lint`
** before each source.
**
** luaL_typeerror never returns, which Lua's headers don't say; without this
** each of our methods seems to go on with a NULL self. luaL_error and the
** others are left alone: that the analyser sees `return luaL_error(...)`
** return is how it finds memory lost on the way out. No header is included:
** a source may ask for more of the system before its first one.
*/

struct lua_State;

int luaL_typeerror (struct lua_State *L, int arg, const char *name)
  __attribute__((noreturn));
