/*
** listener.c: accepting streams. See listener.h.
*/

#define _GNU_SOURCE  /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "stream/listener.h"

static const lc_listenerkind *kind_of (const lc_listener *l) {
  return (const lc_listenerkind *)(const void *)l->handle.kind;
}

/* The port is free again at once, not only when libuv gets round to it. */
void lc_listener_closing (lc_handle *h) {
  lc_listener *l = (lc_listener *)(void *)h;
  lc_waiter_wake(&l->acceptors, UV_ECANCELED);
  lc_waiter_wake(&l->closers, LC_OK);
  if (l->retry.index) lc_loop_unat(h->loop, &l->retry);
  close(l->fd);
  l->fd = -1;
}

lc_listener *lc_listener_self (lua_State *L) {
  return (lc_listener *)(void *)*(lc_handle **)lc_luax_self(L);
}

/* {{ Listening */

static void on_retry (lc_timer *t);

static lc_listener *new_listener (lc_loop *loop, const lc_listenerkind *kind) {
  lc_handle *h = lc_handle_new(loop, &kind->handle);
  lc_listener *l = (lc_listener *)(void *)h;
  if (!h) return NULL;
  l->limit = LC_NOLIMIT;
  l->retry.fire = on_retry;
  lc_waiter_init(&l->acceptors, lc_handle_uv(h));
  lc_waiter_init(&l->closers, NULL);
  return l;
}

static int start_listening (int fd, int backlog) {
  return listen(fd, backlog) ? uv_translate_sys_error(errno) : 0;
}

/* Takes the listening socket over, but for an error. */
static int adopt (lua_State *L, lc_loop *loop, lc_handle **owner,
                  const lc_listenerkind *kind, int fd) {
  lc_listener *l = new_listener(loop, kind);
  int err = l ? lc_uv(uv_poll_init_socket(loop->uv, &l->uv, fd))
              : lc_handle_refusal(loop);
  if (err) {
    if (l) lc_handle_drop(&l->handle);
    return err;
  }
  l->fd = fd;
  lc_handle_opened(&l->handle);
  uv_unref(lc_handle_uv(&l->handle));
  lc_handle_own(L, owner, &l->handle);
  return 0;
}

int lc_listener_start (lua_State *L, lc_handle **owner,
                       const lc_listenerkind *kind, int fd, int backlog) {
  int err = lc_uv(start_listening(fd, backlog));
  if (!err) err = adopt(L, lc_luax_loop(L), owner, kind, fd);
  if (err) close(fd);
  return err;
}

/* }} */

/* {{ The budget of descriptors */

enum { RETRY_NS = 10000000 };   /* 10 ms */

/* The lowest descriptor that is not for accepted streams. */
static int first_reserved (void) {
  struct rlimit r;
  rlim_t part;
  if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur > INT_MAX) return INT_MAX;
  part = r.rlim_cur / LC_RESERVE_PART;
  if (part < LC_RESERVE_LEAST) part = LC_RESERVE_LEAST;
  if (part > LC_RESERVE_MOST) part = LC_RESERVE_MOST;
  return r.rlim_cur > part ? (int)(r.rlim_cur - part) : 0;
}

/* The system gives the lowest one that is free, so a new one tells how many
** there are, whoever opened them. Asked only where the last was high. */
static bool may_accept (const lc_listener *l) {
  int fd;
  if (!l->near) return true;
  fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return false;
  close(fd);
  return fd < first_reserved();
}

/* 0, or an error: then nobody may wait. */
static int start_polling (lc_listener *l);

static void on_retry (lc_timer *t) {
  lc_listener *l = lc_container(t, lc_listener, retry);
  int err = lc_waiter_none(&l->acceptors) ? 0 : start_polling(l);
  if (err) lc_waiter_wake(&l->acceptors, err);
}

static int pause_polling (lc_listener *l) {
  lc_loop *loop = l->handle.loop;
  int err = 0;
  if (!l->retry.index)
    err = lc_loop_at(loop, &l->retry, lc_clock_after(&loop->clock, RETRY_NS));
  if (err) return err;
  uv_poll_stop(&l->uv);
  l->armed = false;
  l->dry = true;
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

/* The next descriptor; 0 where there is none now; an error. */
static int next_descriptor (lc_listener *l) {
  int fd;
  if (!may_accept(l)) return pause_polling(l);
  fd = lc_uv(accept_descriptor(l->fd));
  if (fd > 0) {
    l->near = fd >= first_reserved() - 1;
    return fd;
  }
  l->dry = true;
  if (fd == UV_EMFILE || fd == UV_ENFILE) {
    l->near = true;
    return pause_polling(l);
  }
  return fd == UV_EAGAIN ? 0 : fd;
}

/* Accepts into the userdata on top. 1; 0 where nobody has come; an error.
** The block is there first: no connection is taken to be dropped. */
static int try_accept (lua_State *L, lc_listener *l) {
  const lc_listenerkind *kind = kind_of(l);
  lc_handle **owner = lua_touserdata(L, -1);
  int err, fd;
  lc_stream *s = lc_stream_new(l->handle.loop, kind->streams, &err);
  if (!s) return err;
  fd = next_descriptor(l);
  if (fd <= 0) {
    lc_handle_drop(&s->handle);
    return fd;
  }
  err = kind->streams->adopt(s, l->uv.loop, fd);
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
  if (!may_accept(l) && pause_polling(l) == 0) return;
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

static int start_polling (lc_listener *l) {
  int err = lc_uv(uv_poll_start(&l->uv, UV_READABLE, on_poll));
  if (!err) l->armed = true;
  return err;
}

static int arm (lc_listener *l) {
  return l->armed || l->retry.index ? 0 : start_polling(l);
}

static int k_accept (lua_State *L, int status, lua_KContext ctx);

/* Waits until the time at index 2: it stays the same when another task was
** quicker. */
static int wait_accept (lua_State *L, lc_listener *l, lc_task *t, bool front) {
  uint64_t due = (uint64_t)lua_tointeger(L, 2);
  int err = arm(l);
  if (!err) err = lc_waiter_join(&l->acceptors, &t->op, due, front);
  if (err) return lc_stream_fail_now(L, t, err);
  lc_task_begin(t, &kind_of(l)->accept);
  return lc_task_wait(L, t, k_accept, 0);
}

static int k_accept (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_listener *l;
  int got;
  (void)status; (void)ctx;
  if (t->op.result != LC_OK) return lc_stream_fail(L, t->op.result);
  l = (lc_listener *)(void *)*(lc_handle **)lua_touserdata(L, 1);
  if (!l) return lc_stream_fail(L, UV_ECANCELED);
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
  lua_pushinteger(L, (lua_Integer)lc_clock_after(&l->handle.loop->clock,
                                                 l->limit));
  lc_stream_push(L, kind_of(l)->streams->type);   /* may run finalisers */
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!lc_listener_self(L)) return lc_stream_fail_now(L, t, UV_EBADF);
  if (lc_waiter_none(&l->acceptors)) got = try_accept(L, l);
  if (got < 0) return lc_stream_fail_now(L, t, got);
  return got ? lc_task_pause(L, t, 1) : wait_accept(L, l, t, false);
}

/* }} */

/* {{ Cases of a select */

static lc_listener *listener_at (lua_State *L, int object) {
  return (lc_listener *)(void *)*(lc_handle **)lua_touserdata(L, object);
}

/* Accepts into a new userdata: results, or -1: nobody has come. */
static int accept_now (lua_State *L, int object, int closed) {
  lc_listener *l = listener_at(L, object);
  if (!l) return lc_stream_fail(L, closed);
  lc_stream_push(L, kind_of(l)->streams->type);   /* may run finalisers */
  l = listener_at(L, object);
  int got = l ? try_accept(L, l) : closed;
  if (got < 0) return lc_stream_fail(L, got);
  return got ? got : -1;
}

/* Those who wait already come first. */
static int attempt_accept (lua_State *L, int object, int value) {
  const lc_listener *l = listener_at(L, object);
  (void)value;
  if (l && !lc_waiter_none(&l->acceptors)) return -1;
  return accept_now(L, object, UV_EBADF);
}

static void begin_accept (lua_State *L, lc_case *c, int object, int value) {
  lc_listener *l = listener_at(L, object);
  (void)value;
  if (!l) {
    lc_select_look(c);
    return;
  }
  int err = arm(l);
  if (!err)
    err = lc_waiter_join(&l->acceptors, &c->op,
                         lc_clock_after(&l->handle.loop->clock, l->limit),
                         false);
  if (err) lc_errors_raise(L, uv_err_name(err), "%s", uv_strerror(err));
  c->op.kind = &kind_of(l)->acceptcase;
}

static int finish_accept (lua_State *L, lc_case *c, int object) {
  if (c->op.result != LC_OK) return lc_stream_fail(L, c->op.result);
  return accept_now(L, object, UV_ECANCELED);
}

static const lc_selectable selectables[] = {
  {"accept", attempt_accept, begin_accept, finish_accept, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

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

/* {{ Copies, and moving to another state */

enum { LIMIT = LC_PASSAGE_NOTES - 1 };   /* note; the others are the kind's */

static int copy_descriptor (int fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return own < 0 ? uv_translate_sys_error(errno) : own;
}

/* l:dup() -> listener | nil, message, code: another one on the same socket */
static int listener_dup (lua_State *L) {
  const lc_listener *l = lc_listener_self(L);
  if (!l) return lc_stream_fail(L, UV_EBADF);
  const lc_listenerkind *kind = kind_of(l);
  lc_handle **owner = lc_handle_push(L, kind->type);   /* may run finalisers */
  l = lc_listener_self(L);
  int fd = l ? lc_uv(copy_descriptor(l->fd)) : UV_EBADF;
  int err = fd < 0 ? fd : adopt(L, lc_luax_loop(L), owner, kind, fd);
  if (err && fd >= 0) close(fd);
  if (err) return lc_stream_fail(L, err);
  lc_listener *made = (lc_listener *)(void *)*owner;
  made->limit = l->limit;
  if (kind->land) kind->land(made, NULL);
  return 1;
}

const char *lc_listener_stays (lua_State *L, int index) {
  const lc_listener *l = (const lc_listener *)(const void *)
    *(lc_handle **)lua_touserdata(L, index);
  if (!l) return "is closed";
  if (!lc_waiter_none(&l->acceptors)) return "has a task in accept";
  if (!lc_waiter_none(&l->closers)) return "is being served";
  return NULL;
}

void *lc_listener_depart (lua_State *L, int index) {
  const char *stays = lc_listener_stays(L, index);
  lc_listener *l = (lc_listener *)(void *)
    *(lc_handle **)lua_touserdata(L, index);
  int err;
  if (stays) luaL_error(L, "a listener that was to be moved %s", stays);
  lc_traveller *t = lc_traveller_new(&kind_of(l)->passage, l->fd, &err);
  if (!t)
    lc_errors_raise(L, uv_err_name(err), "cannot move a listener: %s",
                    uv_strerror(err));
  t->notes[LIMIT] = l->limit;
  if (kind_of(l)->leave) kind_of(l)->leave(l, t);
  lc_handle_close(&l->handle);
  return t;
}

void lc_listener_arrive (lua_State *L, void *traveller) {
  lc_traveller *t = traveller;
  const lc_listenerkind *kind =
    lc_container(t->passage, lc_listenerkind, passage);
  lc_loop *loop = lc_passage_loop(L);
  int err;
  lc_handle **owner = lc_handle_push(L, kind->type);
  if (lc_loop_uv(loop, &err)) err = adopt(L, loop, owner, kind, t->fd);
  if (err)
    lc_errors_raise(L, uv_err_name(err), "a listener that was moved here "
                    "can't be used: %s", uv_strerror(err));
  t->fd = -1;
  ((lc_listener *)(void *)*owner)->limit = t->notes[LIMIT];
  if (kind->land) kind->land((lc_listener *)(void *)*owner, t);
  lc_traveller_free(t);
}

/* }} */

static const luaL_Reg methods[] = {
  {"accept", listener_accept},
  {"dup", listener_dup},
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

void lc_listener_type (lua_State *L, lc_loop *loop,
                       const lc_listenerkind *kind, const luaL_Reg *more) {
  lc_luax_type(L, loop, kind->type, methods, metamethods);
  lc_stream_methods(L, loop, more);
  lc_select_type(L, selectables);
  lua_pushlightuserdata(L, (void *)(uintptr_t)&kind->passage);
  lua_setfield(L, -2, "__transfer");
  lua_pop(L, 1);
}
