/*
** tcp.c: connecting and listening. See tcp.h.
*/

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/fault.h"
#include "base/luax.h"
#include "stream/address.h"
#include "stream/listener.h"
#include "stream/sockopt.h"
#include "stream/stream.h"
#include "stream/tcp.h"

#define STREAM_TYPE "luaconc.tcp stream"
#define LISTENER_TYPE "luaconc.tcp listener"

enum { BACKLOG = 511 };

/* The peer, who can't be asked for any more once the connection is broken. */
typedef union lc_peer {
  struct sockaddr any;      /* its family is 0 where nobody is known */
  struct sockaddr_in four;
  struct sockaddr_in6 six;
} lc_peer;

typedef struct lc_tcp {
  lc_stream stream;
  lc_peer peer;
  uv_tcp_t uv;
} lc_tcp;

static uv_tcp_t *tcp_of (lc_stream *s) {
  return &((lc_tcp *)(void *)s)->uv;
}

/* Makes the block known to libuv; on failure it is gone. */
static int init_stream (lc_stream *s, uv_loop_t *uv) {
  int err = lc_uv(uv_tcp_init(uv, tcp_of(s)));
  if (err) lc_handle_drop(&s->handle);
  else lc_stream_ready(s);
  return err;
}

static void name (lc_stream *s, char *to) {
  const lc_peer *p = &((lc_tcp *)(void *)s)->peer;
  char host[INET6_ADDRSTRLEN];
  bool six = p->any.sa_family == AF_INET6;
  int err = six ? uv_ip6_name(&p->six, host, sizeof host)
                : uv_ip4_name(&p->four, host, sizeof host);
  if (err || !p->any.sa_family) return;
  (void)snprintf(to, LC_STREAM_NAME, six ? "[%s]:%d" : "%s:%d", host,
                 ntohs(six ? p->six.sin6_port : p->four.sin_port));
}

static void note_peer (lc_stream *s, int fd) {
  lc_peer *p = &((lc_tcp *)(void *)s)->peer;
  socklen_t size = sizeof *p;
  if (getpeername(fd, &p->any, &size)) p->any.sa_family = 0;
}

/* The options of the socket are as they were. */
static int adopt_stream (lc_stream *s, uv_loop_t *uv, int fd) {
  int err = init_stream(s, uv);
  if (err) return err;
  err = lc_uv(uv_tcp_open(tcp_of(s), fd));
  if (err) lc_handle_close(&s->handle);
  else note_peer(s, fd);
  return err;
}

static const lc_streamkind stream_kind =
  LC_STREAM_KIND("tcp stream", lc_tcp, STREAM_TYPE, adopt_stream, name);

/* The numeric address in arguments 1 and 2; raises where it is none. */
static void check_address (lua_State *L, struct sockaddr_storage *a) {
  const char *host = luaL_checkstring(L, 1);
  int port = lc_address_port(L, 2);
  luaL_argcheck(L, lc_address_parse(a, host, port) == 0, 1,
                "a numeric address expected");
}

/* {{ Connecting */

/* A cancelled connect closes its socket. */
static void cancel_connect (lc_op *op) {
  lc_stream *s = op->u.what;
  lc_stream_leave(op);
  lc_handle_close(&s->handle);
}

static const lc_opkind connect_kind = {
  "connect of tcp stream", cancel_connect, NULL, LC_BY_UV
};

static void on_connect (uv_connect_t *req, int status) {
  lc_stream *s = (lc_stream *)(void *)lc_handle_of(req->handle);
  lc_loop_giveback(s->handle.loop, req, sizeof *req);
  if (s->reader) lc_stream_wake(s, status);
}

static int k_connect (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status; (void)ctx;
  if (result == LC_OK) return 1;
  lc_handle_close(*(lc_handle **)lua_touserdata(L, -1));
  return lc_stream_fail(L, result);
}

static int start_connect (lc_stream *s, const struct sockaddr_storage *a) {
  lc_loop *loop = s->handle.loop;
  uv_connect_t *req = lc_loop_borrow(loop, sizeof *req);
  int err;
  if (!req) return UV_ENOMEM;
  err = lc_uv(uv_tcp_connect(req, tcp_of(s), (const struct sockaddr *)a,
                             on_connect));
  if (err) lc_loop_giveback(loop, req, sizeof *req);
  else memcpy(&((lc_tcp *)(void *)s)->peer, a, sizeof(lc_peer));
  return err;
}

/* What is asked of a connect. */
typedef struct lc_route {
  struct sockaddr_storage to, from;
  bool bound;               /* there is a `from` */
  bool nodelay;
  uint64_t limit;
} lc_route;

static int bind_stream (lc_stream *s, const lc_route *r) {
  if (!r->bound) return 0;
  return lc_uv(uv_tcp_bind(tcp_of(s), (const struct sockaddr *)&r->from, 0));
}

/* A stream in the userdata on top that is about to connect. */
static int begin_connect (lua_State *L, lc_task *t, lc_handle **owner,
                          const lc_route *r) {
  int err;
  uv_loop_t *uv = lc_loop_uv(t->job.loop, &err);
  lc_stream *s = uv ? lc_stream_new(t->job.loop, &stream_kind, &err) : NULL;
  if (!s) return err;
  err = init_stream(s, uv);
  if (err) return err;
  lc_handle_own(L, owner, &s->handle);
  err = r->nodelay ? lc_uv(uv_tcp_nodelay(tcp_of(s), 1)) : 0;
  if (!err) err = bind_stream(s, r);
  if (!err) err = start_connect(s, &r->to);
  if (!err) err = lc_stream_await(s, t, &connect_kind, r->limit);
  if (err) lc_handle_close(&s->handle);
  return err;
}

static void check_route (lua_State *L, lc_route *r) {
  const char *from = luaL_optstring(L, 5, NULL);
  check_address(L, &r->to);
  r->nodelay = lua_toboolean(L, 3);
  r->limit = lua_isnoneornil(L, 4) ? LC_NOLIMIT : lc_luax_seconds(L, 4);
  r->bound = from != NULL;
  luaL_argcheck(L, !from || lc_address_parse(&r->from, from, 0) == 0, 5,
                "a numeric address expected");
}

/* core.tcp.connect(host, port, nodelay [, seconds [, from]])
** -> stream | nil, message, code. Waits. */
static int tcp_connect (lua_State *L) {
  lc_route route;
  lc_handle **owner;
  lc_task *t;
  int err;
  lua_settop(L, 5);
  check_route(L, &route);
  t = lc_task_here(L);
  owner = lc_stream_push(L, STREAM_TYPE);   /* may run finalisers */
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  err = begin_connect(L, t, owner, &route);
  if (err) return lc_stream_fail_now(L, t, err);
  return lc_task_wait(L, t, k_connect, 0);
}

/* }} */

/* {{ Listening */

static const lc_listenerkind listener_kind =
  LC_LISTENER_KIND("tcp listener", LISTENER_TYPE, &stream_kind);

static int set_option (int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

/* What is asked of a listener. */
typedef struct lc_door {
  struct sockaddr_storage at;
  bool nodelay;             /* which accepted sockets inherit */
  bool reuseport;
  bool v6only;
} lc_door;

static int bind_socket (int fd, const lc_door *d) {
  const struct sockaddr_storage *a = &d->at;
  int err = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!err && d->nodelay) err = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (!err && d->reuseport) err = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!err && a->ss_family == AF_INET6)
    err = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, d->v6only);
  if (!err) err = bind(fd, (const struct sockaddr *)a, lc_address_size(a));
  return err ? uv_translate_sys_error(errno) : 0;
}

static int open_socket (int family) {
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

/* A bound socket, or an error. */
static int bound_socket (const lc_door *d) {
  int fd = lc_uv(open_socket(d->at.ss_family));
  int err = fd < 0 ? fd : lc_uv(bind_socket(fd, d));
  if (!err) return fd;
  if (fd >= 0) close(fd);
  return err;
}

/* core.tcp.listen(host, port, backlog, nodelay, reuseport, v6only)
** -> listener | nil, message, code */
static int tcp_listen (lua_State *L) {
  lc_door door;
  lc_handle **owner;
  int fd, err, backlog;
  lua_settop(L, 6);
  check_address(L, &door.at);
  backlog = (int)luaL_optinteger(L, 3, BACKLOG);
  door.nodelay = lua_toboolean(L, 4);
  door.reuseport = lua_toboolean(L, 5);
  door.v6only = lua_toboolean(L, 6);
  owner = lc_handle_push(L, LISTENER_TYPE);
  if (!lc_loop_uv(lc_luax_loop(L), &err)) return lc_stream_fail(L, err);
  fd = bound_socket(&door);
  err = fd < 0 ? fd : lc_listener_start(L, owner, &listener_kind, fd, backlog);
  return err ? lc_stream_fail(L, err) : 1;
}

/* }} */

/* {{ Addresses */

/* The open tcp stream of a method, else NULL. Raises for other streams. */
static lc_stream *self (lua_State *L) {
  lc_luax_self(L);
  return lc_stream_self(L);
}

/* s:sock() -> {host, port, family} | nil, message, code: the own end */
static int stream_sock (lua_State *L) {
  lc_stream *s = self(L);
  struct sockaddr_storage a;
  int size = sizeof a, err;
  if (!s) return lc_stream_fail(L, UV_EBADF);
  err = lc_uv(uv_tcp_getsockname(tcp_of(s), (struct sockaddr *)&a, &size));
  if (err) return lc_stream_fail(L, err);
  lc_address_push(L, (const struct sockaddr *)&a);
  return 1;
}

/* s:peer() -> {host, port, family} | nil, message, code: the other end */
static int stream_peer (lua_State *L) {
  lc_stream *s = self(L);
  struct sockaddr_storage a;
  int size = sizeof a, err;
  if (!s) return lc_stream_fail(L, UV_EBADF);
  err = lc_uv(uv_tcp_getpeername(tcp_of(s), (struct sockaddr *)&a, &size));
  if (err) return lc_stream_fail(L, err);
  lc_address_push(L, (const struct sockaddr *)&a);
  return 1;
}

static int own_name (int fd, struct sockaddr *a, socklen_t *size) {
  return getsockname(fd, a, size) ? uv_translate_sys_error(errno) : 0;
}

/* l:sock() -> {host, port, family} | nil, message, code */
static int listener_sock (lua_State *L) {
  lc_listener *l = lc_listener_self(L);
  struct sockaddr_storage a;
  socklen_t size = sizeof a;
  int err;
  if (!l) return lc_stream_fail(L, UV_EBADF);
  err = lc_uv(own_name(l->fd, (struct sockaddr *)&a, &size));
  if (err) return lc_stream_fail(L, err);
  lc_address_push(L, (const struct sockaddr *)&a);
  return 1;
}

/* }} */

static const luaL_Reg stream_methods[] = {
  {"option", lc_sockopt_method},
  {"sock", stream_sock},
  {"peer", stream_peer},
  {NULL, NULL}
};

static const luaL_Reg listener_methods[] = {
  {"sock", listener_sock},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"connect", tcp_connect},
  {"listen", tcp_listen},
  {NULL, NULL}
};

void lc_tcp_open (lua_State *L, lc_loop *loop) {
  lc_stream_type(L, loop, &stream_kind, stream_methods);
  lc_listener_type(L, loop, &listener_kind, listener_methods);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "tcp");
}
