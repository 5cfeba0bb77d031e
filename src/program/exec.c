/*
** exec.c: programs that run beside ours. See exec.h.
**
**   running --vigil: it has ended--> ended --close--> reaped
**   running --close, or collected--> killed with its group, and reaped
**
** Who owns what: the userdata owns the child's block; the block owns the
** child, until it is reaped, and the vigil that tells of its end. A child
** that has ended stays unreaped until its handle is closed: so long its
** group's id is its own, and what is left of the group can be killed safely.
**
** A tube is a pipe: two descriptors, each of which goes to a program, or
** becomes a stream, or is closed with the tube.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  /* pipe2 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "base/system.h"
#include "kernel/handle.h"
#include "kernel/waiter.h"
#include "program/exec.h"
#include "program/program.h"
#include "stream/pipe.h"

extern char **environ;

#define CHILD_TYPE "luaconc.program"
#define TUBE_TYPE "luaconc.tube"

/* {{ Tubes */

typedef struct tube {
  int fds[2];              /* reading end, writing end; -1: not ours */
} tube;

static void close_end (int *fd) {
  if (*fd >= 0) (void)close(*fd);
  *fd = -1;
}

static int make_pipe (int *fds) {
  return pipe2(fds, O_CLOEXEC) ? uv_translate_sys_error(errno) : 0;
}

/* core.exec.tube() -> tube | nil, message, code */
static int exec_tube (lua_State *L) {
  tube *p = lua_newuserdatauv(L, sizeof *p, 0);
  p->fds[0] = p->fds[1] = -1;
  luaL_setmetatable(L, TUBE_TYPE);
  int err = lc_uv(make_pipe(p->fds));
  return err ? lc_errors_uv(L, err) : 1;
}

/* Makes a stream of one end. */
static int tube_stream (lua_State *L, int end) {
  tube *p = lc_luax_self(L);
  lc_handle **owner = lc_pipe_push(L);
  int fd = p->fds[end];
  if (fd < 0) return lc_stream_fail(L, UV_EBADF);
  int err = lc_pipe_adopt(L, lc_luax_loop(L), owner, &lc_pipe_kind, fd);
  if (*owner) p->fds[end] = -1;
  return err ? lc_stream_fail(L, err) : 1;
}

/* t:reader(), t:writer() -> stream | nil, message, code */
static int tube_reader (lua_State *L) { return tube_stream(L, 0); }
static int tube_writer (lua_State *L) { return tube_stream(L, 1); }

/* t:close(): what is left of it */
static int tube_close (lua_State *L) {
  tube *p = lc_luax_self(L);
  close_end(&p->fds[0]);
  close_end(&p->fds[1]);
  return 0;
}

static const luaL_Reg tube_methods[] = {
  {"reader", tube_reader},
  {"writer", tube_writer},
  {"close", tube_close},
  {NULL, NULL}
};

static const luaL_Reg tube_metamethods[] = {
  {"__gc", tube_close},
  {"__close", tube_close},
  {NULL, NULL}
};

/* }} */

/* {{ The child */

typedef struct lc_execchild {
  lc_handle handle;
  lc_waitqueue waiters;
  lc_vigil vigil;
  pid_t pid;               /* 0: none, or reaped */
  bool leads;              /* a group of its own */
  bool ended;
  int lost;                /* why its fate is not known; or 0 */
  lc_programfate fate;
  uv_poll_t uv;
} lc_execchild;

static const lc_opkind wait_kind = {
  "the end of a program", lc_waiter_cancel, NULL, LC_BY_UV
};

/* To its group, if it leads one. */
static int strike (const lc_execchild *c, int number) {
  pid_t whom = c->leads ? -c->pid : c->pid;
  return kill(whom, number) ? uv_translate_sys_error(errno) : 0;
}

/* A program that nobody holds any more is killed. */
static void on_closing (lc_handle *h) {
  lc_execchild *c = (lc_execchild *)(void *)h;
  if (!c->ended) (void)strike(c, SIGKILL);
  if (!c->lost) lc_program_reap(c->pid);
  c->pid = 0;
  lc_program_unwatch(&c->vigil);
  lc_waiter_wake(&c->waiters, UV_EBADF);
}

static const lc_handlekind child_kind = {
  "program", sizeof(lc_execchild), offsetof(lc_execchild, uv), on_closing, NULL
};

static void on_end (uv_poll_t *uv, int status, int events) {
  lc_execchild *c = (lc_execchild *)(void *)lc_handle_of(uv);
  int n = lc_program_look(c->pid, &c->fate);
  (void)status; (void)events;
  if (n == 0) return;
  if (n < 0) c->lost = n;
  c->ended = true;
  (void)uv_poll_stop(uv);
  while (!uv_is_closing((uv_handle_t *)uv) && !lc_waiter_none(&c->waiters))
    lc_op_complete_now(lc_waiter_take(&c->waiters), LC_OK);
}

static lc_execchild *child_self (lua_State *L) {
  return (lc_execchild *)(void *)*(lc_handle **)lc_luax_self(L);
}

/* }} */

/* {{ Starting */

/* The program's own copy of a standard descriptor of ours; a closed one is
** the null device. */
static int check_inherited (int fd, int null) {
  if (fd == STDOUT_FILENO) (void)fflush(stdout);
  if (fd == STDERR_FILENO) (void)fflush(stderr);
  return fcntl(fd, F_GETFD) < 0 ? null : fd;
}

static int file_number (lua_State *L, int arg) {
  luaL_Stream *f = lua_touserdata(L, arg);
  if (!f->closef) return luaL_argerror(L, arg, "the file is closed");
  (void)fflush(f->f);
  return fileno(f->f);
}

/* The descriptor that argument `arg` stands for: nil is the null device, a
** number one of ours, else an end of a tube, or a file. */
static int check_descriptor (lua_State *L, int arg, int place, int null) {
  tube *p = luaL_testudata(L, arg, TUBE_TYPE);
  if (lua_isnil(L, arg)) return null;
  if (lua_isinteger(L, arg))
    return check_inherited((int)lua_tointeger(L, arg), null);
  if (p) return p->fds[place == 0 ? 0 : 1];
  luaL_checkudata(L, arg, LUA_FILEHANDLE);
  return file_number(L, arg);
}

/* The strings of the list at `index` as an array that ends in NULL, with one
** free place before it, in a userdata that is pushed. */
static char **push_strings (lua_State *L, int index) {
  lua_Integer n = luaL_len(L, index);
  size_t size = ((size_t)n + 2) * sizeof(char *);
  char **list = (char **)lua_newuserdatauv(L, size, 0) + 1;
  for (lua_Integer i = 0; i < n; i++) {
    lua_rawgeti(L, index, i + 1);
    list[i] = (char *)lua_tostring(L, -1);
    lc_assert(list[i] && lua_type(L, -1) == LUA_TSTRING);
    lua_pop(L, 1);
  }
  list[n] = NULL;
  return list;
}

enum { ARGV = 1, STDIO, CWD = STDIO + 3, ENV, PATH, GROUP };

/* Fills `how` from the arguments; pushes what it points to. */
static void fill_program (lua_State *L, lc_program *how, int null) {
  *how = (lc_program){.cwd = luaL_optstring(L, CWD, NULL),
                      .path = luaL_optstring(L, PATH, NULL),
                      .group = (pid_t)luaL_checkinteger(L, GROUP)};
  how->argv = push_strings(L, ARGV);
  if (!lua_isnil(L, ENV)) how->envp = push_strings(L, ENV);
  for (int i = 0; i < 3; i++)
    how->fds[i] = check_descriptor(L, STDIO + i, i, null);
}

/* Watches a child that has just been started. On failure it is gone. */
static int watch (lc_execchild *c, uv_loop_t *uv) {
  int err = lc_program_watch(&c->vigil, c->pid);
  if (!err) err = lc_uv(uv_poll_init(uv, &c->uv, c->vigil.fd));
  if (!err) {
    lc_handle_opened(&c->handle);
    uv_unref(lc_handle_uv(&c->handle));
    err = lc_uv(uv_poll_start(&c->uv, UV_READABLE, on_end));
    if (err) lc_handle_close(&c->handle);
    return err;
  }
  (void)strike(c, SIGKILL);
  lc_program_reap(c->pid);
  lc_program_unwatch(&c->vigil);
  lc_handle_drop(&c->handle);
  return err;
}

static lc_execchild *new_child (lc_loop *loop, int *err) {
  lc_execchild *c = (lc_execchild *)(void *)lc_handle_new(loop, &child_kind);
  *err = c ? 0 : lc_handle_refusal(loop);
  if (!c) return NULL;
  lc_waiter_init(&c->waiters, lc_handle_uv(&c->handle));
  *err = lc_program_reserve(&c->vigil);
  if (!*err) return c;
  lc_handle_drop(&c->handle);
  return NULL;
}

static int start_child (lua_State *L, lc_handle **owner, lc_program *how) {
  lc_loop *loop = lc_luax_loop(L);
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_execchild *c = uv ? new_child(loop, &err) : NULL;
  if (!c) return err;
  err = lc_program_start(how, &c->pid);
  if (err) {
    lc_program_unwatch(&c->vigil);
    lc_handle_drop(&c->handle);
    return err;
  }
  c->leads = how->group == LC_PROGRAM_LEADS;
  err = watch(c, uv);
  if (!err) lc_handle_own(L, owner, &c->handle);
  return err;
}

/* Pushes nil, message, code, and whether it is about the folder. */
static int start_failed (lua_State *L, const lc_program *how, int err) {
  lc_errors_uv(L, err);
  lua_pushboolean(L, how->astray);
  return 4;
}

/* A null device for descriptors that go nowhere, in a tube that closes it. */
static int push_null (lua_State *L, int *err) {
  tube *p = lua_newuserdatauv(L, sizeof *p, 0);
  p->fds[0] = p->fds[1] = -1;
  luaL_setmetatable(L, TUBE_TYPE);
  p->fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
  *err = p->fds[0] < 0 ? uv_translate_sys_error(errno) : 0;
  return p->fds[0];
}

/* core.exec.start(argv, stdin, stdout, stderr, cwd, env, path, group)
** -> program | nil, message, code, whether cwd failed. See check_descriptor
** and lc_program. A joined group is that of a program that is not closed. */
static int exec_start (lua_State *L) {
  lc_program how = {.astray = false};
  int err;
  lua_settop(L, GROUP);
  int null = push_null(L, &err);
  tube *t = lua_touserdata(L, -1);
  if (err) return start_failed(L, &how, err);
  fill_program(L, &how, null);
  lc_handle **owner = lc_handle_push(L, CHILD_TYPE);
  err = start_child(L, owner, &how);
  close_end(&t->fds[0]);
  return err ? start_failed(L, &how, err) : 1;
}

/* }} */

/* {{ Methods */

/* Pushes its exit status, or nil and the name of the signal. */
static int push_fate (lua_State *L, const lc_execchild *c) {
  if (c->lost) return lc_errors_uv(L, c->lost);
  if (!c->fate.signal) {
    lua_pushinteger(L, c->fate.code);
    return 1;
  }
  const char *name = lc_system_signal(c->fate.signal);
  lua_pushnil(L);
  if (name) lua_pushstring(L, name);
  else lua_pushfstring(L, "signal %d", c->fate.signal);
  return 2;
}

static int k_wait (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status; (void)ctx;
  lc_handle **owner = lua_touserdata(L, 1);
  const lc_execchild *c = (lc_execchild *)(void *)*owner;
  if (result != LC_OK || !c) return lc_stream_fail(L, UV_EBADF);
  return push_fate(L, c);
}

/* p:wait() -> code | nil, signal | nil, message, code. Waits. */
static int child_wait (lua_State *L) {
  lc_execchild *c = child_self(L);
  lc_task *t = lc_task_here(L);
  lua_settop(L, 1);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!c) return lc_stream_fail_now(L, t, UV_EBADF);
  if (c->ended) return lc_task_pause(L, t, push_fate(L, c));
  int err = lc_waiter_begin(&c->waiters, t, &wait_kind, LC_NOLIMIT, false);
  if (err) return lc_stream_fail_now(L, t, err);
  return lc_task_wait(L, t, k_wait, 0);
}

/* p:kill(number) -> true | nil, message, code: to its group, if it leads
** one, as long as it is not closed */
static int child_kill (lua_State *L) {
  const lc_execchild *c = child_self(L);
  int number = (int)luaL_checkinteger(L, 2);
  if (!c || c->lost) return lc_errors_uv(L, UV_ESRCH);
  int err = lc_uv(strike(c, number));
  if (err) return lc_errors_uv(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* p:pid() -> integer | nil */
static int child_pid (lua_State *L) {
  const lc_execchild *c = child_self(L);
  if (!c) return 0;
  lua_pushinteger(L, c->pid);
  return 1;
}

/* p:ended() -> boolean */
static int child_ended (lua_State *L) {
  const lc_execchild *c = child_self(L);
  lua_pushboolean(L, !c || c->ended);
  return 1;
}

static const luaL_Reg child_methods[] = {
  {"wait", child_wait},
  {"kill", child_kill},
  {"pid", child_pid},
  {"ended", child_ended},
  {"close", lc_handle_close_method},
  {NULL, NULL}
};

static const luaL_Reg child_metamethods[] = {
  {"__gc", lc_handle_collect},
  {"__close", lc_handle_close_method},
  {NULL, NULL}
};

/* }} */

/* core.exec.environment() -> list of "NAME=value" */
static int exec_environment (lua_State *L) {
  lua_newtable(L);
  for (lua_Integer i = 0; environ && environ[i]; i++) {
    lua_pushstring(L, environ[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* core.exec.may_wait() -> boolean: may the caller wait here? */
static int exec_may_wait (lua_State *L) {
  lua_pushboolean(L, lc_task_may_wait(L, lc_luax_loop(L)));
  return 1;
}

/* core.exec.signals -> {SIGHUP = 1, ...}: is pushed */
static void push_signals (lua_State *L) {
  lua_newtable(L);
  for (int number = 1; number < NSIG; number++) {
    const char *name = lc_system_signal(number);
    if (!name) continue;
    lua_pushinteger(L, number);
    lua_setfield(L, -2, name);
  }
}

static const luaL_Reg functions[] = {
  {"start", exec_start},
  {"tube", exec_tube},
  {"environment", exec_environment},
  {"may_wait", exec_may_wait},
  {NULL, NULL}
};

void lc_exec_open (lua_State *L, lc_loop *loop) {
  lc_pipe_open(L, loop);
  lc_luax_type(L, loop, TUBE_TYPE, tube_methods, tube_metamethods);
  lc_luax_type(L, loop, CHILD_TYPE, child_methods, child_metamethods);
  lua_pop(L, 2);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  push_signals(L);
  lua_setfield(L, -2, "signals");
  lua_setfield(L, -2, "exec");
}
