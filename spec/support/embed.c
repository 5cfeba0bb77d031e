/*
** embed.c: a host with a loop of its own, for spec/embed_spec.lua.
**
**   embed run SCRIPT    hands its uv_loop_t over and runs it to the end
**   embed turn SCRIPT   hands nothing over and asks for turns
**   embed inside SCRIPT runs SCRIPT from inside a callback of the loop
*/

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <uv.h>

#include "luaconc.h"

static const char *script;
static int ticks;

static int run_script (lua_State *L) {
  if (luaL_dofile(L, script) == LUA_OK) return 0;
  printf("error: %s\n", lua_tostring(L, -1));
  lua_pop(L, 1);
  return 1;
}

static void on_tick (uv_timer_t *timer) {
  if (++ticks == 3) uv_close((uv_handle_t *)timer, NULL);
}

static void on_async (uv_async_t *async) {
  run_script(async->data);
  uv_close((uv_handle_t *)async, NULL);
}

static void give_turns (lua_State *L) {
  int live = 1;
  while (live) {
    luaL_dostring(L, "return require('luaconc.core').turn()");
    live = lua_toboolean(L, -1);
    lua_settop(L, 0);
    uv_sleep(1);
  }
}

static int use_loop (lua_State *L, uv_loop_t *loop, const char *how) {
  uv_timer_t timer;
  uv_async_t async;
  int failed = 0;
  lua_pushlightuserdata(L, loop);
  lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
  uv_timer_init(loop, &timer);
  uv_timer_start(&timer, on_tick, 1, 1);
  if (strcmp(how, "inside") == 0) {
    luaL_dostring(L, "require 'luaconc'");
    uv_async_init(loop, &async, on_async);
    async.data = L;
    uv_async_send(&async);
  }
  else failed = run_script(L);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("%d ticks\n", ticks);
  return failed;
}

int main (int argc, char **argv) {
  uv_loop_t loop;
  int failed;
  if (argc != 3) return 2;
  script = argv[2];
  uv_loop_init(&loop);
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  if (strcmp(argv[1], "turn") == 0) {
    failed = run_script(L);
    give_turns(L);
  }
  else failed = use_loop(L, &loop, argv[1]);
  lua_close(L);
  printf("loop closed: %s\n", uv_loop_close(&loop) == 0 ? "yes" : "no");
  return failed;
}
