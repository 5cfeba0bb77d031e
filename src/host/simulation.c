/*
** simulation.c: made-up time, a seeded order, counts. See simulation.h.
*/

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/luax.h"
#include "host/simulation.h"
#include "kernel/handle.h"

/* simulation.clock(virtual) -> was it so? Starts or ends virtual time. */
static int simulation_clock (lua_State *L) {
  lc_clock *clock = &lc_luax_loop(L)->clock;
  bool on = lua_toboolean(L, 1), was = clock->is_virtual;
  if (on && !was) clock->now = 0;
  clock->is_virtual = on;
  lua_pushboolean(L, was);
  return 1;
}

/* simulation.seed([n]) */
static int simulation_seed (lua_State *L) {
  lc_clock *clock = &lc_luax_loop(L)->clock;
  if (lua_isnoneornil(L, 1)) clock->is_seeded = false;
  else lc_clock_seed(clock, (uint64_t)luaL_checkinteger(L, 1));
  return 0;
}

/* simulation.message("EIO") -> libuv's words for it, or nil */
static int simulation_message (lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
#define TRY(code, words) \
  if (strcmp(name, #code) == 0) lua_pushliteral(L, words); else
  UV_ERRNO_MAP(TRY) lua_pushnil(L);
#undef TRY
  return 1;
}

typedef struct first {
  lc_handle handle;
  uv_pipe_t uv;
} first;

static const lc_handlekind first_kind = {
  "first stream", sizeof(first), offsetof(first, uv), NULL, NULL
};

/* (With its first stream libuv puts a descriptor aside, for when they run
** out.) */
static void open_first (lc_loop *loop, uv_loop_t *uv) {
  lc_handle *h = lc_handle_new(loop, &first_kind);
  if (!h) return;
  if (uv_pipe_init(uv, &lc_container(h, first, handle)->uv, 0) == 0) {
    lc_handle_opened(h);
    lc_handle_close(h);
  }
  else lc_handle_drop(h);
}

/* simulation.prepare(): what the state opens once, at its first need, is open
** from here on, so that counts compare */
static int simulation_prepare (lua_State *L) {
  int err;
  lc_loop *loop = lc_luax_loop(L);
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  if (uv) open_first(loop, uv);
  return 0;
}

/* {{ Counting */

/* The entries of a folder below /proc/self, "." and ".." left out. */
static lua_Integer count_entries (const char *path) {
  lua_Integer n = 0;
  DIR *dir = opendir(path);
  struct dirent *e;
  if (!dir) return -1;
  while ((e = readdir(dir)))
    if (e->d_name[0] != '.') n++;
  closedir(dir);
  return n;
}

static bool begins (const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

/* Shared memory, which lives as long as its handles, and what loops and ports
** have. */
static bool is_own (const char *number) {
  char path[64], target[64] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%.20s", number);
  if (readlink(path, target, sizeof target - 1) < 0) return false;
  return begins(target, "/memfd:luaconc") || begins(target, "anon_inode:");
}

/* simulation.own() -> how many descriptors come and go by themselves */
static int simulation_own (lua_State *L) {
  lua_Integer n = 0;
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *e;
  while (dir && (e = readdir(dir))) n += is_own(e->d_name);
  if (dir) closedir(dir);
  lua_pushinteger(L, n);
  return 1;
}

/* The children that one thread of this process has. */
static lua_Integer count_born (const char *tid) {
  char path[64];
  lua_Integer n = 0;
  int child;
  snprintf(path, sizeof(path), "/proc/self/task/%.20s/children", tid);
  FILE *f = fopen(path, "r");
  if (!f) return 0;   /* the thread has ended: they went to another */
  while (fscanf(f, "%d", &child) == 1) n++;
  fclose(f);
  return n;
}

static lua_Integer count_children (void) {
  lua_Integer n = 0;
  DIR *dir = opendir("/proc/self/task");
  struct dirent *e;
  if (!dir) return -1;
  while ((e = readdir(dir)))
    if (e->d_name[0] != '.') n += count_born(e->d_name);
  closedir(dir);
  return n;
}

static void set_count (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

/* simulation.counts() -> {jobs=, ops=, handles=, descriptors=, threads=,
** children=}: live jobs, requests, handles; and of the process */
static int simulation_counts (lua_State *L) {
  const lc_loop *loop = lc_luax_loop(L);
  lua_createtable(L, 0, 8);
  set_count(L, "jobs", loop->live);
  set_count(L, "ops", loop->nops);
  set_count(L, "handles", loop->nhandles);
  set_count(L, "descriptors", count_entries("/proc/self/fd") - 1);
  set_count(L, "threads", count_entries("/proc/self/task"));
  set_count(L, "children", count_children());
  return 1;
}

/* }} */

static const luaL_Reg functions[] = {
  {"clock", simulation_clock},
  {"seed", simulation_seed},
  {"message", simulation_message},
  {"prepare", simulation_prepare},
  {"counts", simulation_counts},
  {"own", simulation_own},
  {NULL, NULL}
};

void lc_simulation_open (lua_State *L, lc_loop *loop) {
  lua_createtable(L, 0, 3);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "simulation");
}
