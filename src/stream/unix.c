/*
** unix.c: connecting to Unix sockets and listening at them. See unix.h.
**
** A listener owns the file that its bind has made, and removes it when it is
** closed: unless another file has that name by then, or this is a process
** that was forked from the one that listens. A file that a killed listener
** has left is taken over: a socket where a connect is refused.
*/

#define _GNU_SOURCE  /* struct ucred */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fault.h"
#include "base/luax.h"
#include "stream/listener.h"
#include "stream/sockopt.h"
#include "stream/stream.h"
#include "stream/unix.h"

#define STREAM_TYPE "luaconc.unix stream"
#define LISTENER_TYPE "luaconc.unix listener"

enum { BACKLOG = 511 };

typedef struct lc_unix {
  lc_stream stream;
  uv_pipe_t uv;
} lc_unix;

/* The name of a socket, as the system wants it. */
typedef struct place {
  struct sockaddr_un a;
  socklen_t size;
} place;

typedef struct lc_unixlistener {
  lc_listener listener;
  place at;
  dev_t device;             /* the file that bind has made */
  ino_t inode;              /* 0: none */
  pid_t owner;
} lc_unixlistener;

static uv_pipe_t *pipe_of (lc_stream *s) {
  return &((lc_unix *)(void *)s)->uv;
}

static int failed (int result) {
  return result ? uv_translate_sys_error(errno) : 0;
}

/* Gives the descriptor to the block. On failure the block is gone or closed,
** and the descriptor is still the caller's. */
static int give_descriptor (lc_stream *s, uv_loop_t *uv, int fd) {
  int err = lc_uv(uv_pipe_init(uv, pipe_of(s), 0));
  if (err) {
    lc_handle_drop(&s->handle);
    return err;
  }
  lc_stream_ready(s);
  err = lc_uv(uv_pipe_open(pipe_of(s), fd));
  if (err) lc_handle_close(&s->handle);
  return err;
}

/* The end that has a name: the other one, or of an accepted stream its own.
** An abstract name begins with a zero, which is shown as an @. */
static void name (lc_stream *s, char *to) {
  struct sockaddr_un a;
  uv_os_fd_t fd;
  socklen_t most = offsetof(struct sockaddr_un, sun_path), size = sizeof a;
  if (uv_fileno(lc_handle_uv(&s->handle), &fd)) return;
  if (getpeername(fd, (struct sockaddr *)&a, &size) || size <= most) {
    size = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &size) || size <= most) return;
  }
  if (!a.sun_path[0]) a.sun_path[0] = '@';
  (void)snprintf(to, LC_STREAM_NAME, "%.*s", (int)(size - most), a.sun_path);
}

static const lc_streamkind stream_kind =
  LC_STREAM_KIND("unix stream", lc_unix, STREAM_TYPE, give_descriptor, name);

/* {{ Names */

static bool is_abstract (const place *at) {
  return at->a.sun_path[0] == '\0';
}

/* The name in argument 1: 0, or UV_ENAMETOOLONG. Raises for what is none. */
static int check_place (lua_State *L, place *at) {
  size_t len;
  const char *path = luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, len > 0, 1, "the path is empty");
  luaL_argcheck(L, path[0] == '\0' || strlen(path) == len, 1,
                "a path can't hold a zero byte");
  if (len > sizeof at->a.sun_path - (path[0] != '\0')) return UV_ENAMETOOLONG;
  memset(at, 0, sizeof *at);
  at->a.sun_family = AF_UNIX;
  memcpy(at->a.sun_path, path, len);
  at->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
  if (path[0] != '\0') at->size++;
  return 0;
}

/* Pushes {path=, family="unix"}; a socket without a name has no path. */
static void push_place (lua_State *L, const place *at) {
  size_t start = offsetof(struct sockaddr_un, sun_path);
  size_t len = at->size > start ? at->size - start : 0;
  lua_createtable(L, 0, 2);
  if (len && !is_abstract(at)) len = strnlen(at->a.sun_path, len);
  if (len) {
    lua_pushlstring(L, at->a.sun_path, len);
    lua_setfield(L, -2, "path");
  }
  lua_pushliteral(L, "unix");
  lua_setfield(L, -2, "family");
}

typedef int (*namer) (int fd, struct sockaddr *a, socklen_t *size);

static int name_of (int fd, namer ask, place *at) {
  memset(at, 0, sizeof *at);
  at->size = sizeof at->a;
  return failed(ask(fd, (struct sockaddr *)&at->a, &at->size));
}

/* }} */

/* {{ Sockets */

static int open_socket (void) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

/* A connected socket, or an error: at once, as no network is in between. */
static int connected_socket (const place *at) {
  int fd = lc_uv(open_socket());
  int err;
  if (fd < 0) return fd;
  err = lc_uv(failed(connect(fd, (const struct sockaddr *)&at->a, at->size)));
  if (!err) return fd;
  close(fd);
  return err;
}

/* Was the file left by a listener that is no more? */
static bool is_stale (const place *at) {
  struct stat st;
  int fd;
  if (is_abstract(at) || lstat(at->a.sun_path, &st) || !S_ISSOCK(st.st_mode))
    return false;
  fd = connected_socket(at);
  if (fd >= 0) close(fd);
  return fd == UV_ECONNREFUSED;
}

static int bind_socket (int fd, const place *at) {
  return failed(bind(fd, (const struct sockaddr *)&at->a, at->size));
}

/* Nobody can connect before `listen`, so the mode is there in time. */
static int set_mode (const place *at, int mode) {
  return mode < 0 || is_abstract(at) ? 0
    : failed(chmod(at->a.sun_path, (mode_t)mode));
}

static int take_place (int fd, const place *at, int mode) {
  int err = lc_uv(bind_socket(fd, at));
  if (err == UV_EADDRINUSE && is_stale(at)) {
    unlink(at->a.sun_path);
    err = lc_uv(bind_socket(fd, at));
  }
  if (err) return err;
  err = lc_uv(set_mode(at, mode));
  if (err) unlink(at->a.sun_path);
  return err;
}

/* A bound socket, or an error. */
static int bound_socket (const place *at, int mode) {
  int fd = lc_uv(open_socket());
  int err = fd < 0 ? fd : take_place(fd, at, mode);
  if (!err) return fd;
  if (fd >= 0) close(fd);
  return err;
}

/* }} */

/* {{ Connecting */

/* A connected stream in the userdata on top. */
static int connect_stream (lua_State *L, lc_loop *loop, lc_handle **owner,
                           const place *at) {
  int err, fd;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_stream *s = uv ? lc_stream_new(loop, &stream_kind, &err) : NULL;
  if (!s) return err;
  fd = connected_socket(at);
  if (fd < 0) {
    lc_handle_drop(&s->handle);
    return fd;
  }
  err = give_descriptor(s, uv, fd);
  if (err) close(fd);
  else lc_handle_own(L, owner, &s->handle);
  return err;
}

/* core.unix.connect(path) -> stream | nil, message, code. Never waits: the
** code EAGAIN where the listener's backlog is full. */
static int unix_connect (lua_State *L) {
  place at;
  int err = check_place(L, &at);
  lc_task *t = lc_task_here(L);
  lc_handle **owner;
  lua_settop(L, 1);
  owner = lc_stream_push(L, STREAM_TYPE);   /* may run finalisers */
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!err) err = connect_stream(L, t->job.loop, owner, &at);
  if (err) return lc_stream_fail_now(L, t, err);
  return lc_task_pause(L, t, 1);
}

/* }} */

/* {{ Listening */

static void remove_file (const lc_unixlistener *l) {
  const char *path = l->at.a.sun_path;
  struct stat st;
  if (l->inode && l->owner == getpid() && lstat(path, &st) == 0 &&
      st.st_dev == l->device && st.st_ino == l->inode)
    unlink(path);
}

static void close_listener (lc_handle *h) {
  remove_file((lc_unixlistener *)(void *)h);
  lc_listener_closing(h);
}

static void note_file (lc_unixlistener *l, const place *at) {
  struct stat st;
  l->at = *at;
  if (is_abstract(at) || lstat(at->a.sun_path, &st)) return;
  l->device = st.st_dev;
  l->inode = st.st_ino;
  l->owner = getpid();
}

enum { OWNS };   /* note of a traveller: the file */

static lc_unixlistener *unix_of (lc_listener *l) {
  return (lc_unixlistener *)(void *)l;
}

/* The file stays: the listener that arrives will remove it. */
static void leave (lc_listener *l, lc_traveller *t) {
  t->notes[OWNS] = unix_of(l)->inode && unix_of(l)->owner == getpid();
  unix_of(l)->inode = 0;
}

static void land (lc_listener *l, const lc_traveller *t) {
  place at;
  if (name_of(l->fd, getsockname, &at)) return;
  if (t && t->notes[OWNS]) note_file(unix_of(l), &at);
  else unix_of(l)->at = at;
}

static const lc_listenerkind listener_kind =
  LC_LISTENER_KIND_OF("unix listener", lc_unixlistener, close_listener,
                      LISTENER_TYPE, &stream_kind, leave, land);

/* core.unix.listen(path, backlog, mode) -> listener | nil, message, code */
static int unix_listen (lua_State *L) {
  place at;
  int err = check_place(L, &at);
  int backlog = (int)luaL_optinteger(L, 2, BACKLOG);
  int mode = (int)luaL_optinteger(L, 3, -1);
  lc_handle **owner = lc_handle_push(L, LISTENER_TYPE);
  int fd;
  if (!err) lc_loop_uv(lc_luax_loop(L), &err);
  if (err) return lc_stream_fail(L, err);
  fd = bound_socket(&at, mode);
  if (fd < 0) return lc_stream_fail(L, fd);
  err = lc_listener_start(L, owner, &listener_kind, fd, backlog);
  if (!err) {
    note_file((lc_unixlistener *)(void *)*owner, &at);
    return 1;
  }
  if (!is_abstract(&at)) unlink(at.a.sun_path);
  return lc_stream_fail(L, err);
}

/* }} */

/* {{ Addresses */

#if defined(SO_PEERCRED)
/* Adds who connected, or listened, as the kernel knows it. */
static void add_credentials (lua_State *L, int fd) {
  struct ucred who;
  socklen_t size = sizeof who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size)) return;
  lua_pushinteger(L, who.pid);
  lua_setfield(L, -2, "pid");
  lua_pushinteger(L, who.uid);
  lua_setfield(L, -2, "uid");
  lua_pushinteger(L, who.gid);
  lua_setfield(L, -2, "gid");
}
#else
static void add_credentials (lua_State *L, int fd) {
  (void)L; (void)fd;
}
#endif

/* The open unix stream of a method, else NULL. Raises for other streams. */
static lc_stream *self (lua_State *L) {
  lc_luax_self(L);
  return lc_stream_self(L);
}

/* Pushes the name of one end of a stream. */
static int push_name (lua_State *L, lc_stream *s, namer ask, uv_os_fd_t *fd) {
  place at;
  int err = lc_uv(uv_fileno(lc_handle_uv(&s->handle), fd));
  if (!err) err = lc_uv(name_of(*fd, ask, &at));
  if (err) return lc_stream_fail(L, err);
  push_place(L, &at);
  return 1;
}

/* s:sock() -> {path=, family="unix"} | nil, message, code */
static int stream_sock (lua_State *L) {
  lc_stream *s = self(L);
  uv_os_fd_t fd;
  return s ? push_name(L, s, getsockname, &fd) : lc_stream_fail(L, UV_EBADF);
}

/* s:peer() -> {path=, family="unix", pid=, uid=, gid=} | nil, message, code */
static int stream_peer (lua_State *L) {
  lc_stream *s = self(L);
  uv_os_fd_t fd;
  int n = s ? push_name(L, s, getpeername, &fd) : lc_stream_fail(L, UV_EBADF);
  if (n == 1) add_credentials(L, fd);
  return n;
}

/* l:sock() -> {path=, family="unix"} | nil, message, code */
static int listener_sock (lua_State *L) {
  const lc_listener *l = lc_listener_self(L);
  if (!l) return lc_stream_fail(L, UV_EBADF);
  push_place(L, &((const lc_unixlistener *)(const void *)l)->at);
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
  {"connect", unix_connect},
  {"listen", unix_listen},
  {NULL, NULL}
};

void lc_unix_open (lua_State *L, lc_loop *loop) {
  lc_stream_type(L, loop, &stream_kind, stream_methods);
  lc_listener_type(L, loop, &listener_kind, listener_methods);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "unix");
}
