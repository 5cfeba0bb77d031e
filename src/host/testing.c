/*
** testing.c: faults on demand, counts of memory, and the faults
** planted to prove that the sanitizers see them. See testing.h.
**
** Lua's memory is made to fail by an allocator around the state's own. It
** may do the same full collection at each allocation, by refusing the first
** try: Lua collects and tries again.
*/

#if defined(LUACONC_TESTING)

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  /* posix_openpt and others */
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/luax.h"
#include "host/modules.h"
#include "host/testing.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "stream/pipe.h"
#include "value/code.h"

/* {{ Lua's allocator */

/* A thread's own, as each thread has a state of its own: a fault that one
** has set hits no other. */
typedef struct lua_memory {
  lua_Alloc alloc;       /* the state's own */
  void *ud;
  int left;              /* until the one that fails; 0: none does */
  int refuse;            /* tries still to be refused */
  bool hit;
  bool stress;
  bool retry;            /* stress: the next try is the second */
} lua_memory;

static _Thread_local lua_memory memory;

static bool must_fail (lua_memory *m, size_t old, size_t size) {
  if (size <= old) return false;
  if (m->refuse > 0) {
    m->refuse--;
    return true;
  }
  if (m->left > 0 && --m->left == 0) {
    m->hit = true;
    m->refuse = 1;
    return true;
  }
  if (!m->stress) return false;
  m->retry = !m->retry;
  return m->retry;
}

static void *test_alloc (void *ud, void *block, size_t old, size_t size) {
  lua_memory *m = ud;
  if (must_fail(m, block ? old : 0, size)) return NULL;
  return m->alloc(m->ud, block, old, size);
}

static void wrap_allocator (lua_State *L) {
  if (memory.alloc) return;
  memory.alloc = lua_getallocf(L, &memory.ud);
  lua_setallocf(L, test_alloc, &memory);
}

/* testing.fail_lua([n]) */
static int testing_fail_lua (lua_State *L) {
  wrap_allocator(L);
  memory.hit = false;
  memory.refuse = 0;
  memory.left = (int)luaL_optinteger(L, 1, 0);
  return 0;
}

/* testing.gc_stress(on) */
static int testing_gc_stress (lua_State *L) {
  wrap_allocator(L);
  memory.stress = lua_toboolean(L, 1);
  memory.retry = false;
  return 0;
}

/* }} */

/* testing.fail_alloc([n]) */
static int testing_fail_alloc (lua_State *L) {
  lc_fault_set_alloc((int)luaL_optinteger(L, 1, 0));
  return 0;
}

static int uv_code (lua_State *L, int arg) {
  const char *name = luaL_optstring(L, arg, "EIO");
#define TRY(code, _) if (strcmp(name, #code) == 0) return UV_##code;
  UV_ERRNO_MAP(TRY)
#undef TRY
  return luaL_argerror(L, arg, "no name of a libuv error");
}

/* testing.fail_uv([n, "ECODE"]) */
static int testing_fail_uv (lua_State *L) {
  lc_fault_set_uv((int)luaL_optinteger(L, 1, 0), uv_code(L, 2));
  return 0;
}

/* testing.failed() -> was the fault hit since one was set? */
static int testing_failed (lua_State *L) {
  lua_pushboolean(L, lc_fault_hit() || memory.hit);
  return 1;
}

/* {{ Counting */

/* Blocks for requests that wait to be used again: none of them is lost. */
static lua_Integer count_pooled (const lc_loop *loop) {
  lua_Integer n = 0;
  for (size_t c = 0; c < sizeof loop->pool / sizeof *loop->pool; c++)
    for (void *b = loop->pool[c]; b; memcpy(&b, b, sizeof b)) n++;
  return n;
}

static void set_count (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

/* testing.memory() -> {blocks=, codes=, bytes=}: what C holds */
static int testing_memory (lua_State *L) {
  size_t codes = lc_code_blocks();
  size_t blocks = lc_alloc_blocks() - lc_modules_blocks() - codes;
  lua_createtable(L, 0, 3);
  set_count(L, "blocks",
            (lua_Integer)blocks - count_pooled(lc_luax_loop(L)));
  set_count(L, "codes", (lua_Integer)codes);
  set_count(L, "bytes", (lua_Integer)lc_alloc_bytes());
  return 1;
}

/* }} */

/* testing.check() */
static int testing_check (lua_State *L) {
  lc_loop_check(lc_luax_loop(L));
  return 0;
}

/* {{ Planted faults: what the sanitizers must name */

static void plant_leak (void) {
  void *volatile lost = malloc(77);
  (void)lost;
  lost = NULL;
}

static void plant_overflow (void) {
  volatile uintptr_t address = (uintptr_t)malloc(8);
  ((volatile char *)address)[8] = 1;
  free((void *)address);
}

static void plant_use_after_free (void) {
  char *block = malloc(8);
  volatile uintptr_t address = (uintptr_t)block;
  free(block);
  *(volatile char *)address = 1;
}

static void plant_undefined (void) {
  volatile int big = 2147483647;
  big = big + 1;
}

/* A userdata that only a C pointer knows, used after the next allocation:
** it is gone where that one collected, as the sanitizer run makes each do. */
static void plant_unanchored (lua_State *L) {
  volatile char *lost = lua_newuserdatauv(L, 64, 0);
  lua_pop(L, 1);
  lua_pushfstring(L, "%d", 4711);
  lua_pop(L, 1);
  *lost = 1;
}

/* {{ Races: each between this thread and another that commits it too */

typedef struct race {
  uv_mutex_t lock;
  int count;             /* what both of them write, or one reads */
  atomic_bool ready;
  uv_loop_t loop;
} race;

static void run_race (uv_thread_cb theirs, void (*ours) (race *r)) {
  race r = {.count = 0};
  uv_thread_t thread;
  if (uv_mutex_init(&r.lock)) return;
  if (uv_loop_init(&r.loop)) abort();
  if (!uv_thread_create(&thread, theirs, &r)) {
    ours(&r);
    uv_thread_join(&thread);
  }
  uv_loop_close(&r.loop);
  uv_mutex_destroy(&r.lock);
}

static void write_plainly (race *r) {
  ((volatile race *)r)->count++;
}

static void race_plainly (void *r) {
  write_plainly(r);
}

/* One has lost its lock, and the other one's does not help. */
static void race_locked (void *arg) {
  race *r = arg;
  uv_mutex_lock(&r->lock);
  write_plainly(r);
  uv_mutex_unlock(&r->lock);
}

/* A note that is handed over without telling the processor so. */
static void race_handover (void *arg) {
  race *r = arg;
  write_plainly(r);
  atomic_store_explicit(&r->ready, true, memory_order_relaxed);
}

static void take_handover (race *r) {
  while (!atomic_load_explicit(&r->ready, memory_order_relaxed)) continue;
  write_plainly(r);
}

/* A call of libuv for a loop that another thread is in. */
static void write_in_loop (race *r) {
  uv_update_time(&r->loop);
}

static void race_in_loop (void *r) {
  write_in_loop(r);
}

/* }} */

/* testing.plant(name) */
static int testing_plant (lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  if (strcmp(name, "leak") == 0) plant_leak();
  else if (strcmp(name, "overflow") == 0) plant_overflow();
  else if (strcmp(name, "use_after_free") == 0) plant_use_after_free();
  else if (strcmp(name, "undefined") == 0) plant_undefined();
  else if (strcmp(name, "unanchored") == 0) plant_unanchored(L);
  else if (strcmp(name, "race") == 0) run_race(race_plainly, write_plainly);
  else if (strcmp(name, "lost_lock") == 0) run_race(race_locked, write_plainly);
  else if (strcmp(name, "wrong_thread") == 0)
    run_race(race_in_loop, write_in_loop);
  else if (strcmp(name, "relaxed") == 0) run_race(race_handover, take_handover);
  else return luaL_argerror(L, 1, "no planted fault of this name");
  return 0;
}

/* }} */

/* {{ A terminal of its own */

static int failed (int result) {
  return result < 0 ? uv_translate_sys_error(errno) : 0;
}

/* Both ends of a new one, through which bytes go as they are. */
static int open_terminal (int *fds) {
  struct termios mode;
  char name[64];
  fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int err = failed(fds[0]);
  if (!err) err = failed(grantpt(fds[0]));
  if (!err) err = failed(unlockpt(fds[0]));
  if (!err) err = failed(-ptsname_r(fds[0], name, sizeof name));
  if (err) return err;
  fds[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  err = failed(fds[1]);
  if (!err) err = failed(tcgetattr(fds[1], &mode));
  if (!err) cfmakeraw(&mode);
  return err ? err : failed(tcsetattr(fds[1], TCSANOW, &mode));
}

/* testing.terminal() -> stream, stream | nil, message, code: what its user
** types and sees, and what a program has */
static int testing_terminal (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  int fds[2] = {-1, -1};
  int err = open_terminal(fds);
  for (int i = 0; i < 2; i++) {
    lc_handle **owner = lc_pipe_push(L);
    if (!err) err = lc_pipe_adopt(L, loop, owner, &lc_pipe_kind, fds[i]);
    if (!*owner && fds[i] >= 0) (void)close(fds[i]);
  }
  return err ? lc_stream_fail(L, err) : 2;
}

/* }} */

static const luaL_Reg functions[] = {
  {"terminal", testing_terminal},
  {"fail_lua", testing_fail_lua},
  {"gc_stress", testing_gc_stress},
  {"fail_alloc", testing_fail_alloc},
  {"fail_uv", testing_fail_uv},
  {"failed", testing_failed},
  {"memory", testing_memory},
  {"check", testing_check},
  {"plant", testing_plant},
  {NULL, NULL}
};

void lc_testing_open (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "testing");
}

#else

typedef int lc_testing_unused;

#endif
