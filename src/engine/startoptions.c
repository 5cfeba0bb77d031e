/*
** startoptions.c: the options of a process. See startoptions.h.
*/

#include <string.h>

#include "base/luax.h"
#include "engine/startoptions.h"

lc_start lc_startoptions_start (lua_State *L, int options) {
  static const char *const names[] = {"forkserver", "spawn", "fork"};
  if (!options || lc_luax_option(L, options, "start") == LUA_TNIL)
    return LC_FORKSERVER;
  const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  for (int i = LC_FORKSERVER; i <= LC_FORK; i++)
    if (strcmp(name, names[i]) == 0) {
      lua_pop(L, 1);
      return (lc_start)i;
    }
  lc_luax_bad_option(L, options, "start",
                     "\"forkserver\", \"spawn\" or \"fork\"");
  return LC_FORKSERVER;
}

/* The field of the table on top, as a whole number above 0; 0: none. */
static uint64_t read_limit (lua_State *L, int options, const char *name) {
  lua_Number n = 0;
  if (lua_getfield(L, -1, name) == LUA_TNUMBER) n = lua_tonumber(L, -1);
  if (!lua_isnil(L, -1) && !(n >= 1 && n <= 1e15)) {
    lua_pushfstring(L, "rlimit.%s", name);
    lua_insert(L, -2);
    lc_luax_bad_option(L, options, lua_tostring(L, -2), "a number above 0");
  }
  lua_pop(L, 1);
  return (uint64_t)n;
}

static void read_nice (lua_State *L, int options, lc_limits *limits) {
  int fits;
  lua_getfield(L, -1, "nice");
  lua_Integer n = lua_tointegerx(L, -1, &fits);
  limits->niced = !lua_isnil(L, -1);
  if (limits->niced && (!fits || n < -20 || n > 19))
    lc_luax_bad_option(L, options, "rlimit.nice", "an integer from -20 to 19");
  limits->nice = (int32_t)n;
  lua_pop(L, 1);
}

void lc_startoptions_limits (lua_State *L, int options, lc_limits *limits) {
  static const char *const names[] = {"memory", "cpu", "files", "nice", NULL};
  *limits = (lc_limits){0};
  if (!options || lc_luax_option(L, options, "rlimit") == LUA_TNIL) return;
  if (lua_type(L, -1) != LUA_TTABLE)
    lc_luax_bad_option(L, options, "rlimit", "a table of limits");
  lc_luax_fields(L, options, "rlimit.", names);
  limits->memory = read_limit(L, options, "memory");
  limits->cpu = read_limit(L, options, "cpu");
  limits->files = read_limit(L, options, "files");
  read_nice(L, options, limits);
}
