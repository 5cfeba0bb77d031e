/*
** decode.c: libFuzzer's target for bytes from outside.
**
** Any bytes are either a message or an error, never more. What is decoded
** must encode again, and that message decode to the same number of values.
** A state serves many inputs; then it is closed, and no C memory may be
** left. See run.sh.
*/

#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#include "base/alloc.h"
#include "value/codec.h"
#include "value/decode.h"
#include "value/encode.h"
#include "base/errors.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { INPUTS = 2000 };  /* of one state */

static void demand (bool so, const char *what) {
  if (so) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

/* (bytes) -> values; errors are raised */
static int decode_bytes (lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  return lc_decode(L, bytes, size, false);
}

/* (values) -> nothing: they cross again */
static int cross_again (lua_State *L) {
  int n = lua_gettop(L);
  lc_bytes *bytes = lc_encode(L, 1, n, "value");
  demand(lc_decode(L, bytes->base, bytes->len, false) == n,
         "another number of values came back");
  demand(lua_gettop(L) == 2 * n + 1, "something is left on the stack");
  return 0;
}

static lua_State *open_state (void) {
  lua_State *L = luaL_newstate();
  demand(L != NULL, "no memory");
  luaL_openlibs(L);
  lua_newtable(L);
  lc_errors_open(L);
  lc_codec_open(L, NULL);
  lua_getfield(L, -1, "codec");
  lua_getfield(L, -1, "register");
  lua_pushliteral(L, "class");
  lua_newtable(L);
  lua_call(L, 2, 0);
  lua_settop(L, 0);
  return L;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static lua_State *L;
  static int inputs;
  if (!L) L = open_state();
  lua_pushcfunction(L, decode_bytes);
  lua_pushlstring(L, (const char *)data, size);
  if (lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK) {
    lua_pushcfunction(L, cross_again);
    lua_insert(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 1, 0, 0);
    demand(status == LUA_OK, status ? luaL_tolstring(L, -1, NULL) : "");
  }
  else demand(lc_errors_own(L, -1), "an error of another kind");
  lua_settop(L, 0);
  if (++inputs % INPUTS == 0) {
    lua_close(L);
    L = NULL;
    demand(lc_alloc_blocks() == 0, "C memory is left");
  }
  return 0;
}
