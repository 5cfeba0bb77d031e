/*
** pipe.c: streams over pipes and terminals. See pipe.h.
*/

#include <fcntl.h>

#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "stream/pipe.h"

static lc_pipe *pipe_of (lc_stream *s) {
  return (lc_pipe *)(void *)s;
}

void lc_pipe_freeing (lc_handle *h) {
  lc_pipe *p = (lc_pipe *)(void *)h;
  lc_stream_freeing(h);
  lc_pump_join(&p->pump);
}

/* What can't be done with this end has failed already. */
static void note_direction (lc_stream *s, int fd) {
  int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  if (mode == O_WRONLY) s->in_end = UV_EPERM;
  if (mode == O_RDONLY) {
    s->out_error = UV_EPERM;
    s->told = true;
  }
}

/* libuv makes the descriptor non-blocking, and takes it over. */
static int open_stream (lc_stream *s, uv_loop_t *uv, int fd) {
  uv_pipe_t *p = &pipe_of(s)->uv;
  int err = lc_uv(uv_pipe_init(uv, p, 0));
  if (err) {
    lc_handle_drop(&s->handle);
    return err;
  }
  lc_stream_ready(s);
  err = lc_uv(uv_pipe_open(p, fd));
  if (err) lc_handle_close(&s->handle);
  else note_direction(s, fd);
  return err;
}

const lc_streamkind lc_pipe_kind =
  LC_PIPE_KIND("pipe stream", open_stream, NULL, NULL);

int lc_pipe_adopt (lua_State *L, lc_loop *loop, lc_handle **owner,
                   const lc_streamkind *kind, int fd) {
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_stream *s = uv ? lc_stream_new(loop, kind, &err) : NULL;
  if (!s) return err;
  err = open_stream(s, uv, fd);
  if (!err) lc_handle_own(L, owner, &s->handle);
  return err;
}

lc_handle **lc_pipe_push (lua_State *L) {
  return lc_stream_push(L, LC_PIPE_TYPE);
}

/* s:sock(), s:peer() -> nil, message, code: a pipe has no address */
static int pipe_address (lua_State *L) {
  if (!lc_stream_self(L)) return lc_stream_fail(L, UV_EBADF);
  return lc_stream_fail(L, UV_ENOTSOCK);
}

static const luaL_Reg methods[] = {
  {"sock", pipe_address},
  {"peer", pipe_address},
  {NULL, NULL}
};

void lc_pipe_open (lua_State *L, lc_loop *loop) {
  lc_stream_type(L, loop, &lc_pipe_kind, methods);
}
