/*
** pipe.h: streams over descriptors that can be polled: ends of pipes,
** terminals. See stream.h.
**
** A pipe goes one way. Reading from its writing end, and writing to its
** reading end, fails with EPERM; shutdown of a writing end closes the pipe.
*/

#ifndef lc_pipe_h
#define lc_pipe_h

#include "program/pump.h"
#include "stream/stream.h"

/* A block of a pipe, for the kinds of others. */
typedef struct lc_pipe {
  lc_stream stream;
  lc_pump pump;            /* carries what it is about, or does not run */
  uv_pipe_t uv;
} lc_pipe;

void lc_pipe_freeing (lc_handle *h);

#define LC_PIPE_TYPE "luaconc.pipe stream"

#define LC_PIPE_KIND(noun, adopt, stays, name) \
  LC_STREAM_KIND_OF(noun, lc_pipe, &lc_transport_uv, LC_BY_UV, \
                    lc_stream_closing, lc_pipe_freeing, LC_PIPE_TYPE, \
                    adopt, stays, name)

/* Makes the block for the userdata on top, whose box is `owner`, with the
** descriptor, which it takes over where that succeeds. 0, or a libuv code.
** May raise for memory, with the descriptor taken over. */
int lc_pipe_adopt (lua_State *L, lc_loop *loop, lc_handle **owner,
                   const lc_streamkind *kind, int fd);

/* Pushes a userdata of a pipe without a block. */
lc_handle **lc_pipe_push (lua_State *L);

extern const lc_streamkind lc_pipe_kind;

/* Makes the type. Once a state. */
void lc_pipe_open (lua_State *L, lc_loop *loop);

#endif
