/*
** listener.c: accepting streams. See listener.h.
*/

#define _GNU_SOURCE  /* accept4 */
#include <errno.h>
#include <unistd.h>
#include <sys/socket.h>

#include "fault.h"
#include "listener.h"
#include "luax.h"

static const lc_listenerkind *kind_of (const lc_listener *l) {
  return (const lc_listenerkind *)(const void *)l->handle.kind;
}

/* The port is free again at once, not only when libuv gets round to it. */
void lc_listener_closing (lc_handle *h) {
  lc_listener *l = (lc_listener *)(void *)h;
  lc_waiter_wake(&l->acceptors, UV_ECANCELED);
  lc_waiter_wake(&l->closers, LC_OK);
  close(l->fd);
  l->fd = -1;
}

lc_listener *lc_listener_self (lua_State *L) {
  return (lc_listener *)(void *)*(lc_handle **)lc_luax_self(L);
}

/* {{ Listening */

static lc_listener *new_listener (lc_loop *loop, const lc_listenerkind *kind) {
  lc_handle *h = lc_handle_new(loop, &kind->handle);
  lc_listener *l = (lc_listener *)(void *)h;
  if (!h) return NULL;
  l->limit = LC_NOLIMIT;
  lc_waiter_init(&l->acceptors, lc_handle_uv(h));
  lc_waiter_init(&l->closers, NULL);
  return l;
}

static int start_listening (int fd, int backlog) {
  return listen(fd, backlog) ? uv_translate_sys_error(errno) : 0;
}

int lc_listener_start (lua_State *L, lc_handle **owner,
                       const lc_listenerkind *kind, int fd, int backlog) {
  lc_loop *loop = lc_luax_loop(L);
  lc_listener *l = new_listener(loop, kind);
  int err = l ? lc_uv(start_listening(fd, backlog))
              : lc_handle_refusal(loop);
  if (!err) err = lc_uv(uv_poll_init_socket(loop->uv, &l->uv, fd));
  if (err) {
    if (l) lc_handle_drop(&l->handle);
    close(fd);
    return err;
  }
  l->fd = fd;
  lc_handle_opened(&l->handle);
  uv_unref(lc_handle_uv(&l->handle));
  lc_handle_own(L, owner, &l->handle);
  return 0;
}

/* }} */

/* {{ Accepting */

static int accept_descriptor (int listener) {
  int fd;
  do fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

/* Accepts into the userdata on top. 1; 0 where nobody has come; an error.
** The block is there first: no connection is taken to be dropped. */
static int try_accept (lua_State *L, lc_listener *l) {
  const lc_listenerkind *kind = kind_of(l);
  lc_handle **owner = lua_touserdata(L, 2);
  int err, fd;
  lc_stream *s = lc_stream_new(l->handle.loop, kind->streamkind, &err);
  if (!s) return err;
  fd = lc_uv(accept_descriptor(l->fd));
  if (fd < 0) {
    lc_handle_drop(&s->handle);
    l->dry = true;
    return fd == UV_EAGAIN ? 0 : fd;
  }
  err = kind->adopt(l, s, fd);
  if (err) {
    close(fd);
    return err;
  }
  lc_handle_own(L, owner, &s->handle);
  return 1;
}

static void wake_first (lc_listener *l, int result) {
  lc_op_complete_now(lc_waiter_take(&l->acceptors), result);
}

/* Whoever is woken accepts until the backlog is empty, if it wants to. */
static void on_poll (uv_poll_t *uv, int status, int events) {
  lc_listener *l = (lc_listener *)(void *)lc_handle_of(uv);
  (void)events;
  l->dry = false;
  while (!uv_is_closing(lc_handle_uv(&l->handle)) && !l->dry &&
         !lc_waiter_none(&l->acceptors))
    wake_first(l, status < 0 ? status : LC_OK);
  if (!uv_is_closing(lc_handle_uv(&l->handle)) &&
      lc_waiter_none(&l->acceptors)) {
    uv_poll_stop(&l->uv);
    l->armed = false;
  }
}

static int k_accept (lua_State *L, int status, lua_KContext ctx);

static int wait_accept (lua_State *L, lc_listener *l, lc_task *t, bool front) {
  int err = 0;
  if (!l->armed) err = lc_uv(uv_poll_start(&l->uv, UV_READABLE, on_poll));
  if (!err) {
    l->armed = true;
    err = lc_waiter_begin(&l->acceptors, t, &kind_of(l)->accept, l->limit,
                          front);
  }
  if (err) return lc_stream_fail(L, err);
  return lc_task_wait(L, t, k_accept, 0);
}

static int k_accept (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_listener *l;
  int got;
  (void)status; (void)ctx;
  if (t->op.result != LC_OK) return lc_stream_fail(L, t->op.result);
  l = (lc_listener *)(void *)*(lc_handle **)lua_touserdata(L, 1);
  if (!l) return lc_stream_fail(L, UV_EBADF);
  got = try_accept(L, l);
  if (got < 0) return lc_stream_fail(L, got);
  return got ? 1 : wait_accept(L, l, t, true);
}

/* l:accept() -> stream | nil, message, code. Waits; first come, first
** served. */
static int listener_accept (lua_State *L) {
  lc_listener *l = lc_listener_self(L);
  lc_task *t;
  int got = 0;
  if (!l) return lc_stream_fail_closed(L);
  t = lc_task_here(L);
  lua_settop(L, 1);
  lc_stream_push(L, kind_of(l)->streams);   /* may run finalisers */
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!lc_listener_self(L)) return lc_stream_fail_now(L, t, UV_EBADF);
  if (lc_waiter_none(&l->acceptors)) got = try_accept(L, l);
  if (got < 0) return lc_stream_fail_now(L, t, got);
  return got ? lc_task_pause(L, t, 1) : wait_accept(L, l, t, false);
}

/* }} */

static int k_closed (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* l:closed() -> true. Waits until the listener is closed. */
static int listener_closed (lua_State *L) {
  lc_listener *l = lc_listener_self(L);
  lc_task *t = lc_task_here(L);
  int err;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!l) {
    lua_pushboolean(L, 1);
    return lc_task_pause(L, t, 1);
  }
  err = lc_waiter_begin(&l->closers, t, &kind_of(l)->closed, LC_NOLIMIT,
                        false);
  if (err) return lc_stream_fail_now(L, t, err);
  return lc_task_wait(L, t, k_closed, 0);
}

/* l:timeout([seconds]) -> l: how long an accept may take; nil: for ever */
static int listener_timeout (lua_State *L) {
  lc_listener *l = lc_listener_self(L);
  if (!l) return lc_stream_fail(L, UV_EBADF);
  l->limit = lua_isnoneornil(L, 2) ? LC_NOLIMIT : lc_luax_seconds(L, 2);
  lua_settop(L, 1);
  return 1;
}

/* l:close() -> true. Who waits in accept gets nil, "closed", "ECANCELED". */
static int listener_close (lua_State *L) {
  lc_handle_close(*(lc_handle **)lc_luax_self(L));
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  {"accept", listener_accept},
  {"closed", listener_closed},
  {"timeout", listener_timeout},
  {"close", listener_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", lc_handle_collect},
  {"__close", lc_handle_close_method},
  {"__tostring", lc_stream_tostring},
  {NULL, NULL}
};

void lc_listener_type (lua_State *L, lc_loop *loop, const char *name,
                       const luaL_Reg *more) {
  lc_luax_type(L, loop, name, methods, metamethods);
  lc_stream_methods(L, loop, more);
  lua_pop(L, 1);
}
