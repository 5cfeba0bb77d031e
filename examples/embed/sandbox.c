/*
** sandbox.c: runs scripts that nobody trusts, each in a state of its own, with
** limits on memory, on computing without a wait, and on time in all.
**
**   cc sandbox.c -o sandbox $(pkg-config --cflags --libs luaconc lua5.4)
**   ./sandbox SCRIPT...
**
** A script gets what `allowed` lists, and of luaconc what concerns tasks
** alone: files, programs and sockets are not to be had from here. Nor are
** functions that may compute in C for long, as patterns do: nothing
** interrupts C.
*/

#define _POSIX_C_SOURCE 200809L   /* clock_gettime, with -std=c11 */

#include <poll.h>
#include <stdio.h>
#include <time.h>

#include <lualib.h>

#include "luaconc.h"

enum { MEMORY = 4 << 20, MILLISECONDS = 1000 };
#define SLICE 0.1   /* seconds */

static const luaconc_api *lc;

/* The environment of the script, given its file as the argument. */
static const char make_environment[] =
  "local conc = require 'luaconc'\n"
  "local allowed = { 'assert', 'error', 'ipairs', 'next', 'pairs', 'pcall',\n"
  "  'print', 'select', 'tonumber', 'tostring', 'type', 'math', 'table' }\n"
  "local env = { conc = {}, string = {} }\n"
  "for _, name in ipairs(allowed) do env[name] = _G[name] end\n"
  "for _, name in ipairs { 'spawn', 'sleep', 'yield', 'queue', 'gather' } do\n"
  "  env.conc[name] = conc[name]\n"
  "end\n"
  "for _, name in ipairs { 'byte', 'char', 'format', 'len', 'lower', 'rep',\n"
  "  'reverse', 'sub', 'upper' } do\n"
  "  env.string[name] = string[name]\n"
  "end\n"
  "getmetatable('').__index = env.string\n"
  "env._G = env\n"
  "return assert(loadfile(..., 't', env))\n";

typedef struct verdict {
  int over;
  char text[200];
} verdict;

static int on_done (lua_State *L, luaconc_status status, void *ud) {
  verdict *v = (verdict *)ud;
  v->over = 1;
  if (!L || status == LUACONC_CANCELLED)
    snprintf(v->text, sizeof v->text, "took more than %d ms", MILLISECONDS);
  else if (status == LUACONC_FAILED)
    snprintf(v->text, sizeof v->text, "%s", luaL_tolstring(L, 1, NULL));
  else snprintf(v->text, sizeof v->text, "done");
  return 0;
}

/* (file, verdict) */
static int start (lua_State *L) {
  luaconc_preload(L);
  lc = luaconc_get(L);
  if (luaL_loadstring(L, make_environment) != LUA_OK) return lua_error(L);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  lc->limit_memory(L, MEMORY);
  lc->limit_slice(L, SLICE);
  lc->spawn(L, 0, on_done, lua_touserdata(L, 2));
  return 0;
}

/* -> the time for which nothing need be done */
static int turn (lua_State *L) {
  lc->turn(L);
  lua_pushinteger(L, lc->timeout(L));
  return 1;
}

static int finish (lua_State *L) {
  lc->close(L);
  return 0;
}

static int call (lua_State *L, lua_CFunction f, int nresults, verdict *v) {
  lua_pushcfunction(L, f);
  lua_insert(L, 1);
  if (lua_pcall(L, lua_gettop(L) - 1, nresults, 0) == LUA_OK) return 1;
  snprintf(v->text, sizeof v->text, "%s", luaL_tolstring(L, -1, NULL));
  return 0;
}

static long now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void drive (lua_State *L, verdict *v) {
  struct pollfd fd = {lc->descriptor(L), POLLIN, 0};
  long due = now() + MILLISECONDS, left;
  while ((left = due - now()) > 0) {
    lua_settop(L, 0);
    if (!call(L, turn, 1, v) || v->over) break;
    int ms = (int)lua_tointeger(L, -1);
    (void)poll(&fd, 1, ms < 0 || ms > left ? (int)left : ms);
  }
  lua_settop(L, 0);
  (void)call(L, finish, 0, v);   /* cancels what still runs */
}

static void run (const char *file) {
  verdict v = {0, ""};
  lua_State *L = luaL_newstate();
  if (!L) return;
  luaL_openlibs(L);
  lua_pushstring(L, file);
  lua_pushlightuserdata(L, &v);
  if (call(L, start, 0, &v)) drive(L, &v);
  lua_close(L);
  printf("%s: %s\n", file, v.text);
}

int main (int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s SCRIPT...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; i++) run(argv[i]);
  return 0;
}
