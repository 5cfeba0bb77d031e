/*
** tty.c: the terminal. See tty.h.
*/

#include <unistd.h>

#include "base/errors.h"
#include "base/luax.h"
#include "stream/terminal.h"
#include "stream/tty.h"

#define RAW_TYPE "luaconc.raw mode"

typedef struct raw_mode {
  bool entered;
} raw_mode;

static int fail (lua_State *L, int err) {
  if (err == UV_ENOTTY) return lc_errors_fail(L, "ENOTTY", "no terminal");
  return lc_errors_uv(L, err);
}

/* tty.is(name) -> boolean */
static int tty_is (lua_State *L) {
  static const char *const names[] = {"stdin", "stdout", "stderr", NULL};
  lua_pushboolean(L, isatty(luaL_checkoption(L, 1, NULL, names)));
  return 1;
}

/* tty.size() -> columns, rows | nil, message, code */
static int tty_size (lua_State *L) {
  int columns, rows;
  int err = lc_terminal_size(&columns, &rows);
  if (err) return fail(L, err);
  lua_pushinteger(L, columns);
  lua_pushinteger(L, rows);
  return 2;
}

/* tty.raw() -> mode | nil, message, code */
static int tty_raw (lua_State *L) {
  raw_mode *m = lua_newuserdatauv(L, sizeof *m, 0);
  m->entered = false;
  luaL_setmetatable(L, RAW_TYPE);
  int err = lc_terminal_enter();
  if (err) return fail(L, err);
  m->entered = true;
  return 1;
}

/* m:close() -> true */
static int raw_close (lua_State *L) {
  raw_mode *m = lc_luax_self(L);
  if (m->entered) lc_terminal_leave();
  m->entered = false;
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  {"close", raw_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", raw_close},
  {"__close", raw_close},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"is", tty_is},
  {"size", tty_size},
  {"raw", tty_raw},
  {NULL, NULL}
};

void lc_tty_open (lua_State *L, lc_loop *loop) {
  lc_luax_type(L, loop, RAW_TYPE, methods, metamethods);
  lua_pop(L, 1);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "tty");
}
