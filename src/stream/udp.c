/*
** udp.c: sockets for datagrams. See udp.h.
**
** Sending is tried at once; what the system does not take is copied and
** sent by libuv. A send never waits, as nobody knows when there is room for
** a datagram: where too much is queued, it fails with EAGAIN.
*/

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "stream/address.h"
#include "stream/stream.h"
#include "stream/udp.h"

#define SOCKET_TYPE "luaconc.udp socket"

typedef struct lc_datagram {
  lc_link link;
  struct sockaddr_storage from;
  size_t len;
  char data[];
} lc_datagram;

typedef struct lc_udp {
  lc_handle handle;
  lc_waitqueue receivers;
  lc_link kept;
  size_t bytes, bound;
  uint64_t limit;           /* of each wait, in ns */
  lua_Integer dropped;
  bool armed;
  uv_udp_t uv;
} lc_udp;

/* {{ The block */

static void drop_first (lc_udp *u) {
  lc_datagram *d = lc_container(u->kept.next, lc_datagram, link);
  lc_list_remove(&d->link);
  u->bytes -= sizeof *d + d->len;
  lc_loop_giveback(u->handle.loop, d, sizeof *d + d->len);
}

static void closing (lc_handle *h) {
  lc_waiter_wake(&((lc_udp *)(void *)h)->receivers, UV_ECANCELED);
}

static void freeing (lc_handle *h) {
  lc_udp *u = (lc_udp *)(void *)h;
  while (!lc_list_empty(&u->kept)) drop_first(u);
}

static const lc_handlekind socket_kind = {
  "udp socket", sizeof(lc_udp), offsetof(lc_udp, uv), closing, freeing
};

static const lc_opkind recv_kind = {
  "recv of udp socket", lc_waiter_cancel, NULL, LC_BY_UV
};

static const lc_opkind recv_case = {
  "recv of udp socket", lc_waiter_cancel, lc_select_choose, LC_BY_UV
};

static lc_udp *new_socket (lc_loop *loop, int *err) {
  uv_loop_t *uv = lc_loop_uv(loop, err);
  lc_udp *u = uv ? (lc_udp *)(void *)lc_handle_new(loop, &socket_kind) : NULL;
  if (!uv) return NULL;
  *err = u ? lc_uv(uv_udp_init(uv, &u->uv)) : lc_handle_refusal(loop);
  if (*err) {
    lc_handle_drop((lc_handle *)(void *)u);
    return NULL;
  }
  u->limit = LC_NOLIMIT;
  u->bound = LC_UDP_BOUND;
  lc_list_init(&u->kept);
  lc_waiter_init(&u->receivers, (uv_handle_t *)&u->uv);
  lc_handle_opened(&u->handle);
  uv_unref((uv_handle_t *)&u->uv);
  return u;
}

/* The open socket of a method, else NULL. Raises for another type. */
static lc_udp *self (lua_State *L) {
  return (lc_udp *)(void *)*(lc_handle **)lc_luax_self(L);
}

/* true, or the failure, of a method that does not wait. */
static int answer (lua_State *L, int err) {
  if (err) return lc_stream_fail(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* }} */

/* {{ Making one */

/* The numeric address in arguments `arg` and `arg` + 1; raises for others. */
static void check_address (lua_State *L, int arg,
                           struct sockaddr_storage *a) {
  const char *host = luaL_checkstring(L, arg);
  int port = lc_address_port(L, arg + 1);
  luaL_argcheck(L, lc_address_parse(a, host, port) == 0, arg,
                "a numeric address expected: conc.dns.lookup has those of a "
                "name");
}

/* A socket whose port others may share: libuv makes none before 1.49. */
static int shared_socket (int family) {
  int on = 1;
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) {
    int err = uv_translate_sys_error(errno);
    close(fd);
    return err;
  }
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

static int open_shared (lc_udp *u, int family) {
  int fd = lc_uv(shared_socket(family));
  int err = fd < 0 ? fd : lc_uv(uv_udp_open(&u->uv, fd));
  if (err && fd >= 0) close(fd);
  return err;
}

enum { REUSEPORT = 1 << 16 };   /* a flag of ours, beside libuv's */

static int bind_to (lc_udp *u, const struct sockaddr_storage *a,
                    unsigned flags) {
  int err = flags & REUSEPORT ? open_shared(u, a->ss_family) : 0;
  flags &= ~(unsigned)REUSEPORT;
  if (err) return err;
  return lc_uv(uv_udp_bind(&u->uv, (const struct sockaddr *)a, flags));
}

static int connect_to (lc_udp *u, const struct sockaddr_storage *a,
                       unsigned flags) {
  (void)flags;
  return lc_uv(uv_udp_connect(&u->uv, (const struct sockaddr *)a));
}

static int make_socket (lua_State *L, unsigned flags,
                        int (*give) (lc_udp *u,
                                     const struct sockaddr_storage *a,
                                     unsigned flags)) {
  struct sockaddr_storage a;
  lc_handle **owner;
  lc_udp *u;
  int err;
  check_address(L, 1, &a);
  owner = lc_handle_push(L, SOCKET_TYPE);
  u = new_socket(lc_luax_loop(L), &err);
  if (!u) return lc_stream_fail(L, err);
  lc_handle_own(L, owner, &u->handle);
  err = give(u, &a, flags);
  if (!err) return 1;
  lc_handle_close(&u->handle);
  return lc_stream_fail(L, err);
}

/* core.udp.bind(host, port, reuseaddr, v6only, reuseport)
** -> socket | nil, message, code */
static int udp_bind (lua_State *L) {
  unsigned flags = 0;
  if (lua_toboolean(L, 3)) flags |= UV_UDP_REUSEADDR;
  if (lua_toboolean(L, 4)) flags |= UV_UDP_IPV6ONLY;
  if (lua_toboolean(L, 5)) flags |= REUSEPORT;
  return make_socket(L, flags, bind_to);
}

/* core.udp.connect(host, port) -> socket | nil, message, code */
static int udp_connect (lua_State *L) {
  return make_socket(L, 0, connect_to);
}

/* }} */

/* {{ Receiving */

static void on_alloc (uv_handle_t *uv, size_t hint, uv_buf_t *buf) {
  const lc_handle *h = lc_handle_of(uv);
  (void)hint;
  buf->base = h->loop->buffer;
  buf->len = LC_BUFFER;
}

static bool keep (lc_udp *u, const char *data, size_t len,
                  const struct sockaddr *from) {
  size_t size = sizeof(lc_datagram) + len;
  bool full = u->bytes && u->bytes + size > u->bound;
  lc_datagram *d = full ? NULL : lc_loop_borrow(u->handle.loop, size);
  if (!d) return false;
  d->len = len;
  memcpy(&d->from, from, from->sa_family == AF_INET6
         ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
  memcpy(d->data, data, len);
  lc_list_append(&u->kept, &d->link);
  u->bytes += size;
  return true;
}

static void wake_first (lc_udp *u, int result) {
  if (!lc_waiter_none(&u->receivers))
    lc_op_complete_now(lc_waiter_take(&u->receivers), result);
}

/* An error (of an earlier send, mostly) is told to who waits. */
static void on_recv (uv_udp_t *uv, ssize_t n, const uv_buf_t *buf,
                     const struct sockaddr *from, unsigned flags) {
  lc_udp *u = (lc_udp *)(void *)lc_handle_of(uv);
  (void)flags;
  if (n == 0 && !from) return;   /* no more at this moment */
  if (n < 0) wake_first(u, (int)n);
  else if (keep(u, buf->base, (size_t)n, from)) wake_first(u, LC_OK);
  else {
    u->dropped++;
    if (lc_list_empty(&u->kept)) wake_first(u, UV_ENOMEM);
  }
}

static int start_receiving (lc_udp *u) {
  int err = lc_loop_buffer(u->handle.loop) ? 0 : UV_ENOMEM;
  if (!err) err = lc_uv(uv_udp_recv_start(&u->uv, on_alloc, on_recv));
  if (!err) u->armed = true;
  return err;
}

/* Pushes the first datagram and where it is from. */
static int push_datagram (lua_State *L, lc_udp *u) {
  lc_datagram *d = lc_container(u->kept.next, lc_datagram, link);
  lua_pushlstring(L, d->data, d->len);
  lc_address_push(L, (const struct sockaddr *)&d->from);
  drop_first(u);
  return 2;
}

static int k_recv (lua_State *L, int status, lua_KContext ctx);

/* Waits until the time at index 2: it stays the same when another task was
** quicker. */
static int wait_datagram (lua_State *L, lc_udp *u, lc_task *t, bool front) {
  uint64_t due = (uint64_t)lua_tointeger(L, 2);
  int err = u->armed ? 0 : start_receiving(u);
  if (!err) err = lc_waiter_join(&u->receivers, &t->op, due, front);
  if (err) return lc_stream_fail_now(L, t, err);
  lc_task_begin(t, &recv_kind);
  return lc_task_wait(L, t, k_recv, 0);
}

static uint64_t due_now (const lc_udp *u) {
  return lc_clock_after(&u->handle.loop->clock, u->limit);
}

/* Somebody else may have taken it, or closed the socket. */
static int k_recv (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_udp *u = (lc_udp *)(void *)*(lc_handle **)lua_touserdata(L, 1);
  (void)status; (void)ctx;
  if (t->op.result != LC_OK) return lc_stream_fail(L, t->op.result);
  if (!u) return lc_stream_fail(L, UV_ECANCELED);
  if (lc_list_empty(&u->kept)) return wait_datagram(L, u, t, true);
  return push_datagram(L, u);
}

/* u:recv() -> data, address | nil, message, code. Waits. */
static int socket_recv (lua_State *L) {
  lc_udp *u = self(L);
  lc_task *t;
  if (!u) return lc_stream_fail_closed(L);
  lua_settop(L, 1);
  t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!lc_list_empty(&u->kept))
    return lc_task_pause(L, t, push_datagram(L, u));
  lua_pushinteger(L, (lua_Integer)due_now(u));
  return wait_datagram(L, u, t, false);
}

/* {{ Cases of a select */

static lc_udp *socket_at (lua_State *L, int object) {
  return (lc_udp *)(void *)*(lc_handle **)lua_touserdata(L, object);
}

static int attempt_recv (lua_State *L, int object, int value) {
  lc_udp *u = socket_at(L, object);
  (void)value;
  if (!u) return lc_stream_fail(L, UV_EBADF);
  return lc_list_empty(&u->kept) ? -1 : push_datagram(L, u);
}

static void begin_recv (lua_State *L, lc_case *c, int object, int value) {
  lc_udp *u = socket_at(L, object);
  (void)value;
  if (!u) {
    lc_select_look(c);
    return;
  }
  int err = u->armed ? 0 : start_receiving(u);
  if (!err) err = lc_waiter_join(&u->receivers, &c->op, due_now(u), false);
  if (err) lc_errors_raise(L, uv_err_name(err), "%s", uv_strerror(err));
  c->op.kind = &recv_case;
}

static int finish_recv (lua_State *L, lc_case *c, int object) {
  lc_udp *u = socket_at(L, object);
  if (c->op.result != LC_OK) return lc_stream_fail(L, c->op.result);
  if (!u) return lc_stream_fail(L, UV_ECANCELED);
  return lc_list_empty(&u->kept) ? -1 : push_datagram(L, u);
}

static const lc_selectable selectables[] = {
  {"recv", attempt_recv, begin_recv, finish_recv, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

/* u:dropped() -> integer: how many came and could not be kept */
static int socket_dropped (lua_State *L) {
  const lc_udp *u = self(L);
  if (!u) return lc_stream_fail(L, UV_EBADF);
  lua_pushinteger(L, u->dropped);
  return 1;
}

/* u:keep(bytes) -> u */
static int socket_keep (lua_State *L) {
  lc_udp *u = self(L);
  lua_Integer n = lc_luax_integer(L, 2, "bytes", 0, INT32_MAX);
  if (!u) return lc_stream_fail(L, UV_EBADF);
  u->bound = (size_t)n;
  lua_settop(L, 1);
  return 1;
}

/* u:timeout([seconds]) -> u: how long a recv may take; nil: for ever */
static int socket_timeout (lua_State *L) {
  lc_udp *u = self(L);
  if (!u) return lc_stream_fail(L, UV_EBADF);
  u->limit = lua_isnoneornil(L, 2) ? LC_NOLIMIT : lc_luax_seconds(L, 2);
  lua_settop(L, 1);
  return 1;
}

/* }} */

/* {{ Sending */

typedef struct lc_sent {
  uv_udp_send_t req;
  size_t size;
  char data[];
} lc_sent;

static void on_sent (uv_udp_send_t *req, int status) {
  lc_sent *s = lc_container(req, lc_sent, req);
  (void)status;
  lc_loop_giveback(lc_handle_of(req->handle)->loop, s, s->size);
}

/* What the system did not take at once. */
static int queue_datagram (lc_udp *u, const char *data, size_t len,
                           const struct sockaddr *to) {
  lc_loop *loop = u->handle.loop;
  size_t size = sizeof(lc_sent) + len;
  uv_buf_t buf;
  lc_sent *s;
  int err;
  if (uv_udp_get_send_queue_size(&u->uv) > LC_HIGHWATER) return UV_EAGAIN;
  s = lc_loop_borrow(loop, size);
  if (!s) return UV_ENOMEM;
  s->size = size;
  memcpy(s->data, data, len);
  buf = uv_buf_init(s->data, (unsigned)len);
  err = lc_uv(uv_udp_send(&s->req, &u->uv, &buf, 1, to, on_sent));
  if (err) lc_loop_giveback(loop, s, size);
  return err;
}

static int send_datagram (lc_udp *u, const char *data, size_t len,
                          const struct sockaddr *to) {
  uv_buf_t buf = {.base = (char *)data, .len = len};
  int got = lc_uv(uv_udp_try_send(&u->uv, &buf, 1, to));
  return got == UV_EAGAIN ? queue_datagram(u, data, len, to)
       : got < 0 ? got : 0;
}

/* u:send(data [, host, port]) -> true | nil, message, code. Without an
** address: to the peer of a connected socket. */
static int socket_send (lua_State *L) {
  struct sockaddr_storage a;
  lc_udp *u = self(L);
  bool given = !lua_isnoneornil(L, 3);
  size_t len;
  const char *data = luaL_checklstring(L, 2, &len);
  lc_task *t;
  int err;
  if (given) check_address(L, 3, &a);
  if (!u) return lc_stream_fail_closed(L);
  t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  err = send_datagram(u, data, len,
                      given ? (const struct sockaddr *)&a : NULL);
  return lc_task_pause(L, t, answer(L, err));
}

/* }} */

/* {{ Options and addresses */

static int join_or_leave (lua_State *L, uv_membership what) {
  lc_udp *u = self(L);
  const char *group = luaL_checkstring(L, 2);
  const char *interface = luaL_optstring(L, 3, NULL);
  if (!u) return lc_stream_fail(L, UV_EBADF);
  return answer(L, lc_uv(uv_udp_set_membership(&u->uv, group, interface,
                                               what)));
}

/* u:join(group [, interface]) -> true | nil, message, code */
static int socket_join (lua_State *L) {
  return join_or_leave(L, UV_JOIN_GROUP);
}

/* u:leave(group [, interface]) -> true | nil, message, code */
static int socket_leave (lua_State *L) {
  return join_or_leave(L, UV_LEAVE_GROUP);
}

/* u:broadcast(on) -> true | nil, message, code */
static int socket_broadcast (lua_State *L) {
  lc_udp *u = self(L);
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  if (!u) return lc_stream_fail(L, UV_EBADF);
  return answer(L, lc_uv(uv_udp_set_broadcast(&u->uv, lua_toboolean(L, 2))));
}

/* u:ttl(hops) -> true | nil, message, code: of datagrams to one host and to
** many */
static int socket_ttl (lua_State *L) {
  lc_udp *u = self(L);
  int hops = (int)lc_luax_integer(L, 2, "hops", 1, 255);
  int err;
  if (!u) return lc_stream_fail(L, UV_EBADF);
  err = lc_uv(uv_udp_set_ttl(&u->uv, hops));
  if (!err) err = lc_uv(uv_udp_set_multicast_ttl(&u->uv, hops));
  return answer(L, err);
}

/* u:loopback(on) -> true | nil, message, code: do one's own datagrams to a
** group come back? */
static int socket_loopback (lua_State *L) {
  lc_udp *u = self(L);
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  if (!u) return lc_stream_fail(L, UV_EBADF);
  return answer(L, lc_uv(uv_udp_set_multicast_loop(&u->uv,
                                                   lua_toboolean(L, 2))));
}

static int push_address (lua_State *L, int (*ask) (const uv_udp_t *uv,
                                                   struct sockaddr *a,
                                                   int *size)) {
  lc_udp *u = self(L);
  struct sockaddr_storage a;
  int size = sizeof a, err;
  if (!u) return lc_stream_fail(L, UV_EBADF);
  err = lc_uv(ask(&u->uv, (struct sockaddr *)&a, &size));
  if (err) return lc_stream_fail(L, err);
  lc_address_push(L, (const struct sockaddr *)&a);
  return 1;
}

/* u:sock() -> {host, port, family} | nil, message, code */
static int socket_sock (lua_State *L) {
  return push_address(L, uv_udp_getsockname);
}

/* u:peer() -> {host, port, family} | nil, message, code */
static int socket_peer (lua_State *L) {
  return push_address(L, uv_udp_getpeername);
}

/* u:close() -> true. Who waits in recv gets nil, "closed", "ECANCELED". */
static int socket_close (lua_State *L) {
  lc_handle_close(*(lc_handle **)lc_luax_self(L));
  lua_pushboolean(L, 1);
  return 1;
}

/* }} */

static const luaL_Reg methods[] = {
  {"recv", socket_recv},
  {"send", socket_send},
  {"timeout", socket_timeout},
  {"keep", socket_keep},
  {"dropped", socket_dropped},
  {"join", socket_join},
  {"leave", socket_leave},
  {"broadcast", socket_broadcast},
  {"ttl", socket_ttl},
  {"loopback", socket_loopback},
  {"sock", socket_sock},
  {"peer", socket_peer},
  {"close", socket_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", lc_handle_collect},
  {"__close", lc_handle_close_method},
  {"__tostring", lc_stream_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"bind", udp_bind},
  {"connect", udp_connect},
  {NULL, NULL}
};

void lc_udp_open (lua_State *L, lc_loop *loop) {
  lc_luax_type(L, loop, SOCKET_TYPE, methods, metamethods);
  lc_select_type(L, selectables);
  lua_pop(L, 1);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "udp");
}
