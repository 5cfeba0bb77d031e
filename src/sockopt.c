/*
** sockopt.c: options of sockets. See sockopt.h.
**
**   nodelay          boolean: small writes go out at once
**   keepalive        seconds of silence after which the system asks whether
**                    the other end is still there, or false
**   send_buffer,     bytes that the system keeps (Linux keeps twice what it
**   receive_buffer   is asked for, and says so)
*/

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "fault.h"
#include "luax.h"
#include "sockopt.h"

#if !defined(TCP_KEEPIDLE)
#define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

enum { NODELAY, KEEPALIVE, SEND, RECEIVE };

static const char *const names[] = {
  "nodelay", "keepalive", "send_buffer", "receive_buffer", NULL
};

static const struct { int level, name; } plain[] = {
  [NODELAY] = {IPPROTO_TCP, TCP_NODELAY},
  [KEEPALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
  [SEND] = {SOL_SOCKET, SO_SNDBUF},
  [RECEIVE] = {SOL_SOCKET, SO_RCVBUF},
};

static int set (int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value)
    ? uv_translate_sys_error(errno) : 0;
}

static int get (int fd, int level, int name, int *value) {
  socklen_t size = sizeof *value;
  return getsockopt(fd, level, name, value, &size)
    ? uv_translate_sys_error(errno) : 0;
}

static int push_option (lua_State *L, int fd, int which) {
  int value;
  int err = lc_uv(get(fd, plain[which].level, plain[which].name, &value));
  if (!err && which == KEEPALIVE && value)
    err = lc_uv(get(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value));
  if (err) return lc_stream_fail(L, err);
  if (which == NODELAY || (which == KEEPALIVE && !value))
    lua_pushboolean(L, value);
  else lua_pushinteger(L, value);
  return 1;
}

/* The value at index 3 as the system wants it; raises where it is none. */
static int check_value (lua_State *L, int which) {
  if (which == NODELAY) luaL_checktype(L, 3, LUA_TBOOLEAN);
  if (which == NODELAY || (which == KEEPALIVE && lua_isboolean(L, 3) &&
                           !lua_toboolean(L, 3)))
    return lua_toboolean(L, 3);
  return (int)lc_luax_integer(L, 3, which == KEEPALIVE ? "seconds" : "bytes",
                              1, which == KEEPALIVE ? 32767 : 1 << 30);
}

static int set_option (int fd, int which, int value) {
  int asked = which == KEEPALIVE ? value != 0 : value;
  int err = lc_uv(set(fd, plain[which].level, plain[which].name, asked));
  if (!err && which == KEEPALIVE && value)
    err = lc_uv(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, value));
  return err;
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
  if (!err) err = set_option(fd, which, value);
  if (err) return lc_stream_fail(L, err);
  lua_settop(L, 1);
  return 1;
}
