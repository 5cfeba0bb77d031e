/*
** states.c: many states in one process, for spec/hosts_spec.lua. Each runs the
** script, some side by side, and is closed; then what the process has open is
** printed.
**
**   states N SCRIPT
*/

#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <lualib.h>

#include "luaconc.h"

/* Threads leave a little with glibc, more of them side by side a little more.
** 16 bytes of each of 1,000 states are beyond it. */
enum { BESIDE = 4, MARGIN = 16000 };

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

static void run_states (int n, const char *script) {
  lua_State *open[BESIDE] = {NULL};
  for (int i = 0; i < n; i++) {
    if (open[i % BESIDE]) lua_close(open[i % BESIDE]);
    open[i % BESIDE] = open_state(script);
  }
  for (int i = 0; i < BESIDE; i++) if (open[i]) lua_close(open[i]);
}

/* To be asked with GLIBC_TUNABLES=glibc.malloc.tcache_count=0, or what is kept
** for the next use counts. A sanitizer has an allocator of its own, and looks
** for leaks itself. */
static size_t bytes_used (void) {
#ifdef __SANITIZE_ADDRESS__
  return 0;
#else
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

int main (int argc, char **argv) {
  if (argc != 3) return 2;
  run_states(2 * BESIDE, argv[2]);   /* libuv keeps some for the process */
  int fds = count("/proc/self/fd");
  size_t bytes = bytes_used();
  run_states(atoi(argv[1]), argv[2]);
  bool grown = bytes_used() > bytes + MARGIN;
  printf("%d descriptors more, %d threads, %s memory\n",
         count("/proc/self/fd") - fds, count("/proc/self/task") - 2,
         grown ? "more" : "the same");
  return 0;
}
