/*
** sockopt.c: options of sockets. See sockopt.h.
**
**   nodelay          boolean: small writes go out at once
**   keepalive        seconds of silence after which the system asks whether
**                    the other end is still there, or false. Who has not
**                    answered after as many again is gone (ETIMEDOUT). While
**                    something is not acknowledged, nothing is asked.
**   user_timeout     seconds that what was sent may be without an answer, or
**                    false; then the other end is gone (ETIMEDOUT)
**   send_buffer,     bytes that the system keeps (Linux keeps twice what it
**   receive_buffer   is asked for, and says so)
*/

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/luax.h"
#include "stream/sockopt.h"

#if !defined(TCP_KEEPIDLE)
#define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

#if defined(TCP_USER_TIMEOUT)
#define USER_TIMEOUT_NAME TCP_USER_TIMEOUT
#else
#define USER_TIMEOUT_NAME (-1)   /* the system refuses it */
#endif

enum { NODELAY, KEEPALIVE, USER_TIMEOUT, SEND, RECEIVE };

static const char *const names[] = {
  "nodelay", "keepalive", "user_timeout", "send_buffer", "receive_buffer", NULL
};

static const struct { int level, name; } plain[] = {
  [NODELAY] = {IPPROTO_TCP, TCP_NODELAY},
  [KEEPALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
  [USER_TIMEOUT] = {IPPROTO_TCP, USER_TIMEOUT_NAME},
  [SEND] = {SOL_SOCKET, SO_SNDBUF},
  [RECEIVE] = {SOL_SOCKET, SO_RCVBUF},
};

/* Questions without an answer before the other end is given up. */
enum { KEEPALIVE_TRIES = 3, KEEPALIVE_MOST = 32767 };

static int set (int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value)
    ? uv_translate_sys_error(errno) : 0;
}

static int get (int fd, int level, int name, int *value) {
  socklen_t size = sizeof *value;
  return getsockopt(fd, level, name, value, &size)
    ? uv_translate_sys_error(errno) : 0;
}

static void push_value (lua_State *L, int which, int value) {
  bool off = value == 0 && (which == KEEPALIVE || which == USER_TIMEOUT);
  if (which == NODELAY || off) lua_pushboolean(L, value);
  else if (which == USER_TIMEOUT) lua_pushnumber(L, value / 1000.0);
  else lua_pushinteger(L, value);
}

static int push_option (lua_State *L, int fd, int which) {
  int value;
  int err = lc_uv(get(fd, plain[which].level, plain[which].name, &value));
  if (!err && which == KEEPALIVE && value)
    err = lc_uv(get(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value));
  if (err) return lc_stream_fail(L, err);
  push_value(L, which, value);
  return 1;
}

/* Milliseconds, of at most so many that an int has room for them. */
static int check_milliseconds (lua_State *L) {
  lua_Number ms = ceil(luaL_checknumber(L, 3) * 1000);
  luaL_argcheck(L, ms >= 1 && ms <= INT_MAX, 3,
                "seconds above 0, or false, expected");
  return (int)ms;
}

/* The value at index 3 as the system wants it; raises where it is none. */
static int check_value (lua_State *L, int which) {
  bool off = lua_isboolean(L, 3) && !lua_toboolean(L, 3);
  switch (which) {
    case NODELAY:
      luaL_checktype(L, 3, LUA_TBOOLEAN);
      return lua_toboolean(L, 3);
    case KEEPALIVE:
      if (off) return 0;
      return (int)lc_luax_integer(L, 3, "seconds", 1, KEEPALIVE_MOST);
    case USER_TIMEOUT: return off ? 0 : check_milliseconds(L);
    default: return (int)lc_luax_integer(L, 3, "bytes", 1, 1 << 30);
  }
}

/* When it asks, how often, and how long after each other. */
static int set_keepalive (int fd, int seconds) {
  int tries = KEEPALIVE_TRIES, pause = (seconds + tries - 1) / tries;
  int err = set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  if (!err) err = set(fd, IPPROTO_TCP, TCP_KEEPINTVL, pause);
  if (!err) err = set(fd, IPPROTO_TCP, TCP_KEEPCNT, tries);
  return err ? err : set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

static int set_option (int fd, int which, int value) {
  if (which == KEEPALIVE && value) return set_keepalive(fd, value);
  return set(fd, plain[which].level, plain[which].name, value);
}

int lc_sockopt_method (lua_State *L) {
  int which = luaL_checkoption(L, 2, NULL, names);
  bool asks = lua_isnoneornil(L, 3);
  int value = asks ? 0 : check_value(L, which);
  lc_stream *s = lc_stream_self(L);
  uv_os_fd_t fd;
  int err;
  if (!s) return lc_stream_fail(L, UV_EBADF);
  err = lc_uv(uv_fileno(lc_handle_uv(&s->handle), &fd));
  if (!err && asks) return push_option(L, fd, which);
  if (!err) err = lc_uv(set_option(fd, which, value));
  if (err) return lc_stream_fail(L, err);
  lua_settop(L, 1);
  return 1;
}
