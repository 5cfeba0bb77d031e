/*
** uvhost.c: a program with a libuv loop of its own, on which the jobs of its
** scripts run beside what the program does itself.
**
**   cc uvhost.c -o uvhost $(pkg-config --cflags --libs luaconc lua5.4)
**   ./uvhost SCRIPT
*/

#define _POSIX_C_SOURCE 200809L   /* for uv.h, with -std=c11 */

#include <stdio.h>

#include <lualib.h>
#include <uv.h>

#include "luaconc.h"

/* Something of the program's own that goes on meanwhile. */
static void on_tick (uv_timer_t *timer) {
  int *ticks = (int *)timer->data;
  if (++*ticks == 3) uv_close((uv_handle_t *)timer, NULL);
}

static lua_State *open_state (uv_loop_t *loop) {
  lua_State *L = luaL_newstate();
  if (!L) return NULL;
  luaL_openlibs(L);
  luaconc_preload(L);
  lua_pushlightuserdata(L, loop);
  lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
  return L;
}

int main (int argc, char **argv) {
  uv_loop_t loop;
  uv_timer_t timer;
  int ticks = 0, failed;
  if (argc != 2) {
    fprintf(stderr, "usage: %s SCRIPT\n", argv[0]);
    return 2;
  }
  uv_loop_init(&loop);
  uv_timer_init(&loop, &timer);
  timer.data = &ticks;
  uv_timer_start(&timer, on_tick, 10, 10);
  lua_State *L = open_state(&loop);
  if (!L) return 1;
  failed = luaL_dofile(L, argv[1]) != LUA_OK;
  if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  uv_run(&loop, UV_RUN_DEFAULT);   /* its jobs run in here */
  printf("%d ticks of the program's own\n", ticks);
  lua_close(L);
  return uv_loop_close(&loop) != 0 || failed;
}
