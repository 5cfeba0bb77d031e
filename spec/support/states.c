/*
** states.c: many states in one process, for spec/hosts_spec.lua. Each runs the
** script, some side by side, and is closed; then what the process has open is
** printed.
**
**   states N SCRIPT
*/

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <lualib.h>

#include "luaconc.h"

enum { BESIDE = 4 };

static int count (const char *folder) {
  int n = 0;
  DIR *d = opendir(folder);
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static lua_State *open_state (const char *script) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaconc_preload(L);
  if (luaL_dofile(L, script) != LUA_OK) {
    printf("error: %s\n", lua_tostring(L, -1));
    exit(1);
  }
  return L;
}

int main (int argc, char **argv) {
  lua_State *open[BESIDE] = {NULL};
  if (argc != 3) return 2;
  lua_close(open_state(argv[2]));   /* libuv opens some for the process */
  int fds = count("/proc/self/fd");
  for (int i = 0; i < atoi(argv[1]); i++) {
    if (open[i % BESIDE]) lua_close(open[i % BESIDE]);
    open[i % BESIDE] = open_state(argv[2]);
  }
  for (int i = 0; i < BESIDE; i++) if (open[i]) lua_close(open[i]);
  printf("%d descriptors more, %d threads\n", count("/proc/self/fd") - fds,
         count("/proc/self/task") - 2);
  return 0;
}
