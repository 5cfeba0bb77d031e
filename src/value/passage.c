/*
** passage.c: travellers, and their way between processes. See passage.h.
*/

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "base/system.h"
#include "engine/road.h"
#include "value/passage.h"
#include "value/stub.h"

/* Registry keys: the function `arrive`, and where things went. */
static const char arrive_key, where_key, loop_key;

/* What a message has of a traveller. Ids are 0 where there is none. */
typedef struct lc_passticket {
  uint64_t fd, block, len;
  uint64_t notes[LC_PASSAGE_NOTES];
} lc_passticket;

_Static_assert(sizeof(lc_passticket) == LC_TICKET,
               "tickets have a fixed size");

/* {{ Travellers */

static int copy_descriptor (int fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return own < 0 ? uv_translate_sys_error(errno) : own;
}

static lc_traveller *make_traveller (const lc_passage *p, int fd) {
  lc_traveller *t = lc_alloc(sizeof *t);
  if (!t) return NULL;
  memset(t, 0, sizeof *t);
  t->passage = p;
  t->fd = fd;
  return t;
}

lc_traveller *lc_traveller_new (const lc_passage *p, int fd, int *err) {
  int own = lc_uv(copy_descriptor(fd));
  lc_traveller *t = own < 0 ? NULL : make_traveller(p, own);
  *err = own < 0 ? own : t ? 0 : UV_ENOMEM;
  if (own >= 0 && !t) (void)close(own);
  return t;
}

void lc_traveller_free (lc_traveller *t) {
  if (t->fd >= 0) (void)close(t->fd);
  lc_free(t->base, t->size);
  lc_free(t, sizeof *t);
}

void lc_traveller_drop (void *traveller) {
  lc_traveller_free(traveller);
}

/* }} */

/* {{ The road */

static int write_all (int fd, const char *at, size_t n) {
  while (n > 0) {
    ssize_t done = write(fd, at, n);
    if (done < 0 && errno != EINTR) return uv_translate_sys_error(errno);
    if (done < 0) continue;
    at += done;
    n -= (size_t)done;
  }
  return 0;
}

/* The bytes go in a file without a name. */
static int ship_bytes (const lc_traveller *t, uint64_t *id) {
  if (t->len == 0) return 0;
  int fd = lc_uv(lc_system_file("luaconc passage"));
  if (fd < 0) return fd;
  int err = write_all(fd, t->base + t->start, t->len);
  if (!err) err = lc_road_put(fd, id);
  (void)close(fd);
  return err;
}

int lc_passage_ship (lc_traveller *t, lc_shared *stub, char *ticket) {
  lc_passticket to = {.len = t->len};
  int err = lc_road_put(t->fd, &to.fd);
  if (!err) err = ship_bytes(t, &to.block);
  lc_stub_fill(stub, to.fd, to.block);
  memcpy(to.notes, t->notes, sizeof to.notes);
  memcpy(ticket, &to, sizeof to);
  lc_traveller_free(t);
  return err;
}

/* Takes it off the road: the descriptor, or libuv's code. */
static int fetch (uint64_t id) {
  int fd = lc_road_get(id);
  (void)lc_road_drop(id);
  return fd;
}

static int read_all (int fd, char *at, size_t n) {
  for (size_t got = 0; got < n; ) {
    ssize_t done = pread(fd, at + got, n - got, (off_t)got);
    if (done < 0 && errno != EINTR) return uv_translate_sys_error(errno);
    if (done == 0) return UV_EIO;
    if (done > 0) got += (size_t)done;
  }
  return 0;
}

static int land_bytes (lc_traveller *t, const lc_passticket *from) {
  if (from->block == 0) return 0;
  int fd = fetch(from->block);
  if (fd < 0) return fd;
  t->base = lc_alloc((size_t)from->len);
  int err = t->base ? 0 : UV_ENOMEM;
  if (t->base) t->size = t->len = (size_t)from->len;
  if (!err) err = read_all(fd, t->base, t->len);
  (void)close(fd);
  return err;
}

/* NULL and libuv's code where it is not there any more. */
static lc_traveller *land (const lc_passage *p, const char *ticket,
                           int *err) {
  lc_passticket from;
  memcpy(&from, ticket, sizeof from);
  int fd = *err = fetch(from.fd);
  lc_traveller *t = fd < 0 ? NULL : make_traveller(p, fd);
  if (fd < 0) return NULL;
  if (t) {
    memcpy(t->notes, from.notes, sizeof t->notes);
    *err = land_bytes(t, &from);
    if (*err == 0) return t;
    lc_traveller_free(t);
    return NULL;
  }
  (void)close(fd);
  *err = UV_ENOMEM;
  return NULL;
}

/* (traveller): the passage's own `arrive` */
static int arrive_safely (lua_State *L) {
  lc_traveller *t = lua_touserdata(L, 1);
  t->passage->how.arrive(L, t);
  return 1;
}

/* The type is named as its values show it: see lc_luax_type. */
static const lc_passage *passage_of (lua_State *L, const char *type) {
  const luaconc_transfer *how = NULL;
  lua_settop(L, 2);
  type = lua_pushfstring(L, "luaconc.%s", type);
  if (luaL_getmetatable(L, type) == LUA_TTABLE &&
      lua_getfield(L, -1, "__transfer") == LUA_TLIGHTUSERDATA)
    how = lua_touserdata(L, -1);
  lua_settop(L, 2);
  if (!how || how->version != LC_PASSAGE)
    luaL_argerror(L, 1, "no type of a thing that moves");
  return lc_container(how, lc_passage, how);
}

/* core.arrive(type, ticket) -> what has moved here. For messages only. */
static int arrive (lua_State *L) {
  size_t len;
  const lc_passage *p = passage_of(L, luaL_checkstring(L, 1));
  const char *ticket = luaL_checklstring(L, 2, &len);
  int err;
  luaL_argcheck(L, len == LC_TICKET, 2, "no ticket");
  lua_pushcfunction(L, arrive_safely);
  lc_traveller *t = land(p, ticket, &err);
  if (!t)
    return lc_errors_raise(L, uv_err_name(err), "what was moved here can't "
                           "be had: %s", uv_strerror(err));
  lua_pushlightuserdata(L, t);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return 1;
  lc_traveller_free(t);
  return lua_error(L);
}

/* (userdata) -> arrive, type, room for the ticket */
int lc_passage_describe (lua_State *L) {
  static const char room[LC_TICKET];
  lua_rawgetp(L, LUA_REGISTRYINDEX, &arrive_key);
  luaL_getmetafield(L, 1, "__name");
  lua_pushlstring(L, room, sizeof room);
  return 3;
}

/* }} */

/* {{ Where it went */

void lc_passage_note (lua_State *L, int index, const char *where) {
  index = lua_absindex(L, index);
  lc_luax_weak(L, "k", &where_key);
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, (void *)(uintptr_t)where);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

const char *lc_passage_where (lua_State *L, int index) {
  int top = lua_gettop(L);
  const char *where = NULL;
  index = lua_absindex(L, index);
  if (lua_type(L, index) == LUA_TUSERDATA &&
      lua_rawgetp(L, LUA_REGISTRYINDEX, &where_key) == LUA_TTABLE) {
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) == LUA_TLIGHTUSERDATA)
      where = lua_touserdata(L, -1);
  }
  lua_settop(L, top);
  return where;
}

/* }} */

struct lc_loop *lc_passage_loop (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_key);
  struct lc_loop *loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return loop;
}

static const luaL_Reg functions[] = {
  {"arrive", arrive},
  {NULL, NULL}
};

void lc_passage_open (lua_State *L, struct lc_loop *loop) {
  lc_stub_open();
  lc_luax_functions(L, loop, functions);
  lua_getfield(L, -1, "arrive");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &arrive_key);
  lua_pushlightuserdata(L, loop);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loop_key);
}
