/*
** standard.c: descriptors 0 to 2 as streams. See standard.h.
**
** They are shared: with Lua's io library, with programs that we start, with
** the shell that has started us. So none of them is made non-blocking, which
** all the others would be too; each kind is reached in its own way.
**
**   pipe, terminal    opened anew, through /proc/self/fd: another open file
**                     description, which may be non-blocking
**   file or device,   a copy of the descriptor, so that the position stays
**   written           shared; such writes don't wait for anybody
**   anything else     a thread carries the bytes: a file that is read, a
**                     socket, what can't be opened anew (see pump.h)
**
** A write to one of them returns when the system has it all: what a program
** has said is not lost at its end.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  /* pipe2 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/luax.h"
#include "stream/pipe.h"
#include "stream/standard.h"

#define STAYS "is a standard stream: each state has its own"

static void name (lc_stream *s, char *to) {
  (void)snprintf(to, LC_STREAM_NAME, "%s", s->handle.kind->name);
}

static const lc_streamkind kinds[] = {
  LC_PIPE_KIND("standard input", NULL, STAYS, name),
  LC_PIPE_KIND("standard output", NULL, STAYS, name),
  LC_PIPE_KIND("standard error", NULL, STAYS, name)
};

/* {{ A descriptor of our own */

static int failure (void) {
  return uv_translate_sys_error(errno);
}

static int open_anew (int number) {
  char path[32];
  int mode = number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", number);
  int fd = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return fd < 0 ? failure() : fd;
}

static int copy (int number) {
  int fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
  return fd < 0 ? failure() : fd;
}

/* Which of the ways in the essay above. */
typedef enum way { ANEW, COPIED, CARRIED } way;

static way choose (int number, const struct stat *s) {
  if (S_ISFIFO(s->st_mode) || isatty(number)) return ANEW;
  bool waits = S_ISSOCK(s->st_mode) || number == STDIN_FILENO;
  return waits ? CARRIED : COPIED;
}

/* }} */

/* {{ Streams on it */

/* libuv has made the copy non-blocking, and with it the original. */
static int adopt_copy (lua_State *L, lc_loop *loop, lc_handle **owner,
                       int number) {
  int fd = copy(number);
  if (fd < 0) return fd;
  int flags = fcntl(fd, F_GETFL);
  int err = lc_pipe_adopt(L, loop, owner, &kinds[number], fd);
  (void)fcntl(number, F_SETFL, flags);
  if (!*owner) (void)close(fd);
  return err;
}

static int make_pipe (int *fds) {
  return pipe2(fds, O_CLOEXEC) ? failure() : 0;
}

/* A stream on one end of a pipe; the thread has the other one. */
static int adopt_carried (lua_State *L, lc_loop *loop, lc_handle **owner,
                          int number) {
  int fds[2], own = number == STDIN_FILENO ? 0 : 1;
  int fd = copy(number);
  if (fd < 0) return fd;
  int err = lc_uv(make_pipe(fds));
  if (!err) {
    err = lc_pipe_adopt(L, loop, owner, &kinds[number], fds[own]);
    if (!*owner) (void)close(fds[own]);
    if (!err)
      err = lc_pump_start(&((lc_pipe *)(void *)*owner)->pump,
                          own ? fds[0] : fd, own ? fd : fds[1]);
    if (!err) return 0;
    (void)close(fds[!own]);
  }
  (void)close(fd);
  lc_handle_close(*owner);
  return err;
}

static int adopt (lua_State *L, lc_loop *loop, lc_handle **owner,
                  int number) {
  struct stat s;
  if (fstat(number, &s)) return failure();
  way w = choose(number, &s);
  if (w == COPIED) return adopt_copy(L, loop, owner, number);
  int fd = w == ANEW ? open_anew(number) : -1;
  if (fd < 0) return adopt_carried(L, loop, owner, number);
  int err = lc_pipe_adopt(L, loop, owner, &kinds[number], fd);
  if (!*owner) (void)close(fd);
  return err;
}

/* }} */

/* core.standard(number) -> stream | nil, message, code */
static int standard (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  int number = (int)luaL_checkinteger(L, 1);
  lc_assert(number >= 0 && number <= 2);
  lc_handle **owner = lc_pipe_push(L);
  int err = adopt(L, loop, owner, number);
  if (err) return lc_stream_fail(L, err);
  ((lc_stream *)(void *)*owner)->strict = true;
  return 1;
}

static const luaL_Reg functions[] = {
  {"standard", standard},
  {NULL, NULL}
};

void lc_standard_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
