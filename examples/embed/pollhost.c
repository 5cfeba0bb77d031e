/*
** pollhost.c: a program that waits by poll. Each line of its input becomes a
** task of the script's function `line`, and what that returns is printed when
** it comes; many may be under way.
**
**   cc pollhost.c -o pollhost $(pkg-config --cflags --libs luaconc lua5.4)
**   ./pollhost SCRIPT
*/

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lualib.h>

#include "luaconc.h"

static const luaconc_api *lc;

/* The end of the task of one line: its result or its error is on the stack. */
static int on_done (lua_State *L, luaconc_status status, void *ud) {
  (void)ud;
  if (!L) return 0;   /* it never began */
  printf("%s%s\n", status == LUACONC_DONE ? "" : "error: ",
         luaL_tolstring(L, 1, NULL));
  return 0;
}

/* (text): starts the task */
static int take_line (lua_State *L) {
  lua_getglobal(L, "line");
  lua_insert(L, 1);
  lc->spawn(L, 1, on_done, NULL);
  return 0;
}

static int report (lua_State *L) {
  fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  lua_settop(L, 0);
  return 1;
}

/* Reads what is there and starts a task for each line. False at the end. */
static int read_lines (lua_State *L) {
  static char buffer[4096];
  static size_t n;
  ssize_t got = read(STDIN_FILENO, buffer + n, sizeof buffer - n);
  char *start = buffer, *end;
  if (got <= 0) return 0;
  n += (size_t)got;
  while ((end = (char *)memchr(start, '\n', (size_t)(buffer + n - start)))) {
    lua_pushcfunction(L, take_line);
    lua_pushlstring(L, start, (size_t)(end - start));
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) report(L);
    start = end + 1;
  }
  n -= (size_t)(start - buffer);
  memmove(buffer, start, n);
  return n < sizeof buffer;
}

/* -> jobs that live, the time for which nothing need be done */
static int turn (lua_State *L) {
  lua_pushinteger(L, lc->turn(L));
  lua_pushinteger(L, lc->timeout(L));
  return 2;
}

static int run (lua_State *L) {
  struct pollfd fds[2] = {
    {STDIN_FILENO, POLLIN, 0},
    {lc->descriptor(L), POLLIN, 0}
  };
  for (;;) {
    lua_pushcfunction(L, turn);
    if (lua_pcall(L, 0, 2, 0) != LUA_OK) return report(L);
    int jobs = (int)lua_tointeger(L, -2), ms = (int)lua_tointeger(L, -1);
    lua_settop(L, 0);
    if (jobs == 0 && fds[0].fd < 0) return 0;
    if (poll(fds, 2, ms) > 0 && fds[0].revents && !read_lines(L))
      fds[0].fd = -1;   /* poll passes over it */
  }
}

/* (script) */
static int open_script (lua_State *L) {
  luaconc_preload(L);
  lc = luaconc_get(L);
  if (luaL_loadfile(L, lua_tostring(L, 1)) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

int main (int argc, char **argv) {
  int failed;
  if (argc != 2) {
    fprintf(stderr, "usage: %s SCRIPT\n", argv[0]);
    return 2;
  }
  lua_State *L = luaL_newstate();
  if (!L) return 1;
  luaL_openlibs(L);
  lua_pushcfunction(L, open_script);
  lua_pushstring(L, argv[1]);
  failed = lua_pcall(L, 1, 0, 0) != LUA_OK ? report(L) : run(L);
  lua_close(L);
  return failed;
}
