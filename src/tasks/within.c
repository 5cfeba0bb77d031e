/*
** within.c: see within.h.
*/

#include "base/luax.h"
#include "kernel/task.h"
#include "tasks/within.h"

static int k_with (lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  lc_task *t = status == LUA_YIELD ? lc_task_resumed(L)
                                   : lc_task_self(lc_luax_loop(L));
  return lc_task_pause(L, t, lua_gettop(L) - 1);
}

int lc_within_call (lua_State *L) {
  lua_toclose(L, 1);
  lua_callk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, k_with);
  return k_with(L, LUA_OK, 0);
}
