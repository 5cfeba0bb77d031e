/*
** testworker.c: worker processes without a job, which run texts that specs
** send them, and the road, by hand. Test builds only.
*/

#if defined(LUACONC_TESTING)

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "engine/conduit.h"
#include "engine/road.h"
#include "engine/starter.h"
#include "host/testworker.h"

/* {{ The road */

static int push_code (lua_State *L, int err) {
  if (err < 0) return lc_errors_uv(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* road.put(fd) -> id | nil, message, code */
static int road_put (lua_State *L) {
  uint64_t id;
  lc_starter_hold(L, lc_luax_loop(L));
  int err = lc_road_put((int)luaL_checkinteger(L, 1), &id);
  if (err) return lc_errors_uv(L, err);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* road.get(id) -> fd | nil, message, code */
static int road_get (lua_State *L) {
  lc_starter_hold(L, lc_luax_loop(L));
  int fd = lc_road_get((uint64_t)luaL_checkinteger(L, 1));
  if (fd < 0) return lc_errors_uv(L, fd);
  lua_pushinteger(L, fd);
  return 1;
}

/* road.drop(id) -> true | nil, message, code */
static int road_drop (lua_State *L) {
  lc_starter_hold(L, lc_luax_loop(L));
  return push_code(L, lc_road_drop((uint64_t)luaL_checkinteger(L, 1)));
}

/* road.join() -> fd | nil, message, code */
static int road_join (lua_State *L) {
  lc_starter_hold(L, lc_luax_loop(L));
  uint64_t member;
  int fd = lc_road_join(&member);
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

/* {{ Workers that run texts */

#define BIRTH "luaconc.birth"

static void nothing (lc_packet *p) { (void)p; }

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
  lc_origin from = lc_starter_hold(L, lc_luax_loop(L))->origin;
  from.spawn = lua_toboolean(L, 1);
  birth *b = lua_newuserdatauv(L, sizeof *b, 0);
  memset(b, 0, sizeof *b);
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
  lc_packet p = {.kind = LC_SAY_TEXT, .gone = nothing};
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
  lc_fate fate;
  (void)poll(&p, 1, (int)luaL_optinteger(L, 2, 20000));
  lc_forkserver_look(b->child.life, &fate);
  lua_pushstring(L, lots[fate.lot]);
  lua_pushinteger(L, fate.how);
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
  b->child.link = -1;   /* was the conduit's */
  lc_forkserver_leave(&b->child);
  lc_free(b->bytes, b->len);
  b->bytes = NULL;
  return 0;
}

/* core.forkserver_pid() -> the process, or nil */
static int forkserver_pid (lua_State *L) {
  pid_t pid = lc_forkserver_pid();
  if (pid) lua_pushinteger(L, pid);
  else lua_pushnil(L);
  return 1;
}

static void write_all (int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, bytes, len);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (n < 0 && (errno != EAGAIN || poll(&p, 1, 10000) != 1)) return;
    if (n < 0) continue;
    bytes += n;
    len -= (size_t)n;
  }
}

/* core.write_descriptor(fd, bytes) */
static int write_descriptor (lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 2, &len);
  write_all((int)luaL_checkinteger(L, 1), bytes, len);
  return 0;
}

/* b:write(bytes): to the link, as they are */
static int birth_write (lua_State *L) {
  birth *b = luaL_checkudata(L, 1, BIRTH);
  size_t len;
  const char *bytes = luaL_checklstring(L, 2, &len);
  write_all(b->conduit.fd, bytes, len);
  return 0;
}

/* core.close_descriptor(fd) */
static int close_descriptor (lua_State *L) {
  (void)close((int)luaL_checkinteger(L, 1));
  return 0;
}

static const luaL_Reg birth_methods[] = {
  {"run", birth_run}, {"kill", birth_kill}, {"wait", birth_wait},
  {"write", birth_write}, {"pid", birth_pid}, {"hangup", birth_hangup},
  {"close", birth_close},
  {NULL, NULL}
};

/* }} */

void lc_testworker_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg functions[] = {
    {"birth", birth_new}, {"forkserver_pid", forkserver_pid},
    {"close_descriptor", close_descriptor},
    {"write_descriptor", write_descriptor}, {NULL, NULL}
  };
  static const luaL_Reg metamethods[] = {
    {"__gc", birth_close}, {"__close", birth_close}, {NULL, NULL}
  };
  lc_luax_type(L, loop, BIRTH, birth_methods, metamethods);
  lua_pop(L, 1);
  lc_luax_functions(L, loop, functions);
  lua_newtable(L);
  lc_luax_functions(L, loop, road_functions);
  lua_setfield(L, -2, "road");
}

#else

typedef int lc_testworker_unused;

#endif
