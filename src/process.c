/*
** process.c: worker processes, for now below the jobs. See process.h.
*/

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "conduit.h"
#include "end.h"
#include "errors.h"
#include "forker.h"
#include "forkserver.h"
#include "luax.h"
#include "process.h"
#include "road.h"
#include "system.h"

/* {{ What this state holds */

static const char hold_key;

/* The state's jobs end before the family does. */
static int release_family (lua_State *L) {
  bool *held = lua_touserdata(L, 1);
  if (!*held) return 0;
  lc_end_state(L, lc_luax_loop(L));
  *held = false;
  lc_forkserver_release();
  lc_road_release();
  return 0;
}

/* Once a state, before its first use of either. May raise. */
static void hold_family (lua_State *L, lc_loop *loop) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &hold_key) == LUA_TNIL) {
    bool *held = lua_newuserdatauv(L, sizeof *held, 0);
    *held = false;
    lua_createtable(L, 0, 1);
    lua_pushlightuserdata(L, loop);
    lua_pushcclosure(L, release_family, 1);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &hold_key);
    lc_road_hold();
    lc_forkserver_hold();
    *held = true;
  }
  lua_pop(L, 1);
}

/* }} */

/* {{ Workers */

enum { TEXT = 100 };   /* kinds of packets, for specs: a program, its result */

static void check_version (lua_State *L) {
  const char *theirs = luaL_checkstring(L, 1);
  if (strcmp(theirs, LUACONC_VERSION) != 0)
    luaL_error(L, "this core is version " LUACONC_VERSION ", and the one that "
               "starts it is version %s", theirs);
}

#if defined(LUACONC_TESTING)

static void nothing (lc_packet *p) { (void)p; }

static bool on_text (lc_conduit *c, uint32_t kind, char *bytes, size_t len) {
  lua_State *L = c->owner;
  lc_packet result = {.kind = TEXT, .gone = nothing};
  if (kind != TEXT) return false;
  if (luaL_loadbuffer(L, bytes, len, "=text") == LUA_OK)
    (void)lua_pcall(L, 0, 1, 0);
  lc_free(bytes, len);
  result.bytes = luaL_tolstring(L, -1, &result.len);
  while (lc_conduit_send(c, &result) == UV_EAGAIN && c->first)
    lc_conduit_wait(c, true);
  lua_settop(L, 0);
  return true;
}

static void serve_texts (lua_State *L) {
  static char scratch[4096];
  lc_conduit c;
  lc_conduit_init(&c, LC_PLACE_LINK);
  c.arrive = on_text;
  c.owner = L;
  for (;;) {
    int err = lc_conduit_read(&c, scratch, sizeof scratch);
    if (err == UV_EAGAIN) lc_conduit_wait(&c, false);
    else if (err) break;
  }
}

#endif

lc_noreturn static void work (lua_State *L) {
  lc_forker_settle();
  lc_road_enter(LC_PLACE_ROAD);
  lc_forker_open();
#if defined(LUACONC_TESTING)
  serve_texts(L);
#endif
  (void)fflush(NULL);
  lua_close(L);
  (void)fflush(NULL);
  _exit(0);
}

/* core.forkserver(version): in the program that a forkserver is */
static int process_forkserver (lua_State *L) {
  check_version(L);
  if (!lc_forker_serve()) work(L);
  return 0;
}

/* core.worker(version): in the program that a worker started afresh is */
static int process_worker (lua_State *L) {
  check_version(L);
  work(L);
}

/* }} */

/* {{ The road, for specs */

static int push_code (lua_State *L, int err) {
  if (err < 0) return lc_errors_uv(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* road.put(fd) -> id | nil, message, code */
static int road_put (lua_State *L) {
  uint64_t id;
  hold_family(L, lc_luax_loop(L));
  int err = lc_road_put((int)luaL_checkinteger(L, 1), &id);
  if (err) return lc_errors_uv(L, err);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* road.get(id) -> fd | nil, message, code */
static int road_get (lua_State *L) {
  hold_family(L, lc_luax_loop(L));
  int fd = lc_road_get((uint64_t)luaL_checkinteger(L, 1));
  if (fd < 0) return lc_errors_uv(L, fd);
  lua_pushinteger(L, fd);
  return 1;
}

/* road.drop(id) -> true | nil, message, code */
static int road_drop (lua_State *L) {
  hold_family(L, lc_luax_loop(L));
  return push_code(L, lc_road_drop((uint64_t)luaL_checkinteger(L, 1)));
}

/* road.join() -> fd | nil, message, code */
static int road_join (lua_State *L) {
  hold_family(L, lc_luax_loop(L));
  int fd = lc_road_join();
  if (fd < 0) return lc_errors_uv(L, fd);
  lua_pushinteger(L, fd);
  return 1;
}

/* road.count() -> descriptors, members besides the root */
static int road_count (lua_State *L) {
  uint32_t descriptors, members;
  lc_road_count(&descriptors, &members);
  lua_pushinteger(L, descriptors);
  lua_pushinteger(L, members);
  return 2;
}

static const luaL_Reg road_functions[] = {
  {"put", road_put}, {"get", road_get}, {"drop", road_drop},
  {"join", road_join}, {"count", road_count},
  {NULL, NULL}
};

/* }} */

#if defined(LUACONC_TESTING)

/* {{ Workers that run texts, for specs */

#define BIRTH "luaconc.birth"

typedef struct birth {
  lc_child child;
  lc_conduit conduit;
  char *bytes;
  size_t len;
} birth;

static bool on_result (lc_conduit *c, uint32_t kind, char *bytes,
                       size_t len) {
  birth *b = c->owner;
  (void)kind;
  lc_free(b->bytes, b->len);
  b->bytes = bytes;
  b->len = len;
  return true;
}

/* core.birth([spawn]) -> b | nil, message, code */
static int birth_new (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  hold_family(L, loop);
  birth *b = lua_newuserdatauv(L, sizeof *b, 0);
  memset(b, 0, sizeof *b);
  lc_origin from = {loop->is_program, "", lua_toboolean(L, 1)};
  int err = lc_forkserver_birth(&from, &b->child);
  if (err) return lc_errors_uv(L, err);
  lc_conduit_init(&b->conduit, b->child.link);
  b->conduit.owner = b;
  b->conduit.arrive = on_result;
  luaL_setmetatable(L, BIRTH);
  return 1;
}

/* b:run(text) -> its result as a string | nil, message, code */
static int birth_run (lua_State *L) {
  static char scratch[4096];
  birth *b = luaL_checkudata(L, 1, BIRTH);
  lc_packet p = {.kind = TEXT, .gone = nothing};
  p.bytes = luaL_checklstring(L, 2, &p.len);
  int err = lc_conduit_send(&b->conduit, &p);
  while (err == UV_EAGAIN) {
    lc_conduit_wait(&b->conduit, true);
    err = lc_conduit_flush(&b->conduit);
  }
  while (!err || err == UV_EAGAIN) {
    if (b->bytes) break;
    err = lc_conduit_read(&b->conduit, scratch, sizeof scratch);
    if (err == UV_EAGAIN && !b->bytes) lc_conduit_wait(&b->conduit, false);
  }
  if (!b->bytes) return lc_errors_uv(L, err);
  lua_pushlstring(L, b->bytes, b->len);
  lc_free(b->bytes, b->len);
  b->bytes = NULL;
  return 1;
}

/* b:kill(signal) */
static int birth_kill (lua_State *L) {
  birth *b = luaL_checkudata(L, 1, BIRTH);
  lc_forkserver_kill(b->child.id, (int)luaL_checkinteger(L, 2));
  return 0;
}

/* b:wait([ms]) -> "lives", "exited", "killed" or "lost", value */
static int birth_wait (lua_State *L) {
  static const char *const lots[] = {"lives", "exited", "killed", "lost"};
  birth *b = luaL_checkudata(L, 1, BIRTH);
  struct pollfd p = {.fd = b->child.life, .events = POLLIN};
  int how = 0;
  (void)poll(&p, 1, (int)luaL_optinteger(L, 2, 20000));
  lc_lot lot = lc_forkserver_look(b->child.life, &how);
  lua_pushstring(L, lots[lot]);
  lua_pushinteger(L, how);
  return 2;
}

static int birth_pid (lua_State *L) {
  birth *b = luaL_checkudata(L, 1, BIRTH);
  lua_pushinteger(L, b->child.pid);
  return 1;
}

/* b:hangup(): closes the link */
static int birth_hangup (lua_State *L) {
  birth *b = luaL_checkudata(L, 1, BIRTH);
  lc_conduit_close(&b->conduit);
  return 0;
}

static int birth_close (lua_State *L) {
  birth *b = luaL_checkudata(L, 1, BIRTH);
  lc_conduit_close(&b->conduit);
  if (b->child.life >= 0) (void)close(b->child.life);
  b->child.life = -1;
  lc_free(b->bytes, b->len);
  b->bytes = NULL;
  return 0;
}

static const luaL_Reg birth_methods[] = {
  {"run", birth_run}, {"kill", birth_kill}, {"wait", birth_wait},
  {"pid", birth_pid}, {"hangup", birth_hangup}, {"close", birth_close},
  {NULL, NULL}
};

/* core.forkserver_pid() -> the process, or nil */
static int forkserver_pid (lua_State *L) {
  pid_t pid = lc_forkserver_pid();
  if (pid) lua_pushinteger(L, pid);
  else lua_pushnil(L);
  return 1;
}

static void open_births (lua_State *L, lc_loop *loop) {
  static const luaL_Reg functions[] = {
    {"birth", birth_new}, {"forkserver_pid", forkserver_pid}, {NULL, NULL}
  };
  static const luaL_Reg metamethods[] = {
    {"__gc", birth_close}, {"__close", birth_close}, {NULL, NULL}
  };
  lc_luax_type(L, loop, BIRTH, birth_methods, metamethods);
  lua_pop(L, 1);
  lc_luax_functions(L, loop, functions);
}

/* }} */

#endif

void lc_process_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg functions[] = {
    {"forkserver", process_forkserver}, {"worker", process_worker},
    {NULL, NULL}
  };
  lc_luax_functions(L, loop, functions);
  lua_newtable(L);
  lc_luax_functions(L, loop, road_functions);
  lua_setfield(L, -2, "road");
#if defined(LUACONC_TESTING)
  open_births(L, loop);
#endif
}
