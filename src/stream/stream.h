/*
** stream.h: the shared base of everything that is read and written in
** order: tcp and unix sockets, pipes, terminals, and pairs in memory.
**
** A resource embeds an lc_stream at the start of its block, puts the uv
** handle last, and describes itself by an lc_streamkind, which also says how
** its bytes travel (transport.h):
**
**   typedef struct lc_tcp { lc_stream stream; uv_tcp_t uv; } lc_tcp;
**   static const lc_streamkind kind =
**     LC_STREAM_KIND("tcp stream", lc_tcp, "luaconc.tcp stream", adopt, name);
**
**        new --uv_*_init, lc_stream_ready--> open
**        open --close, nothing queued--> closing --libuv--> freed
**        open --close--> leaving (sends what is queued) --> closing
**
** Who owns what: the userdata owns the block until it is closed or
** collected; libuv owns it from then to its close callback. Requests to
** write are pooled blocks that libuv owns until their callback.
**
** Invariants:
** 1. At most one task reads (or still connects): `reader`.
** 2. Nothing that arrived is dropped while the stream is open: a reader
**    that is cancelled or timed out leaves its bytes in `in`. (Where there
**    is no memory to keep them, the input ends with ENOMEM.)
** 3. A write is accepted whole before it waits; no two writes mix.
** 4. libuv counts the handle (uv_ref) while somebody reads from it.
** 5. Reading is armed by the first read and stays so; it stops where nobody
**    reads and LC_AHEAD bytes wait already.
*/

#ifndef lc_stream_h
#define lc_stream_h

#include "kernel/handle.h"
#include "kernel/select.h"
#include "kernel/task.h"
#include "kernel/waiter.h"
#include "stream/inbuf.h"
#include "value/passage.h"

enum {
  LC_AHEAD = 16384,      /* bytes kept for a reader that does not come */
  LC_HIGHWATER = 65536   /* queued bytes above which a write waits */
};

typedef struct lc_stream lc_stream;

typedef struct lc_streamkind {
  lc_handlekind handle;
  const struct lc_transport *via;
  lc_opkind read;
  lc_opkind write;
  lc_opkind flush;
  lc_opkind shutdown;
  lc_opkind close;
  lc_opkind readcase;     /* of a select */
  lc_passage passage;
  const char *type;       /* metatable */

  /* Gives a descriptor to a new block. On failure the block is dropped or
  ** closed, and the descriptor is still the caller's. NULL: such a stream
  ** can't be moved, since it ... */
  int (*adopt) (lc_stream *s, uv_loop_t *uv, int fd);
  const char *stays;

  /* What errors of the system are about: writes the peer's address, or leaves
  ** the buffer of LC_STREAM_NAME bytes as it is. May be NULL. */
  void (*name) (lc_stream *s, char *to);
} lc_streamkind;

enum { LC_STREAM_NAME = 128 };

/* The kind of a block of type `block` with its uv handle in `uv`. */
#define LC_STREAM_KIND_OF(noun, block, via, by, closing, freeing, \
                          type, adopt, stays, name) { \
  {noun, sizeof(block), offsetof(block, uv), closing, freeing}, via, \
  {"read of " noun, lc_stream_leave, NULL, by}, \
  {"write to " noun, lc_waiter_cancel, NULL, by}, \
  {"flush of " noun, lc_waiter_cancel, NULL, by}, \
  {"shutdown of " noun, lc_waiter_cancel, NULL, by}, \
  {"close of " noun, lc_waiter_cancel, NULL, by}, \
  {"read of " noun, lc_stream_leave, lc_select_choose, by}, \
  LC_PASSAGE_BY(lc_stream_stays, lc_stream_depart, lc_stream_arrive), \
  type, adopt, stays, name \
}

#define LC_STREAM_KIND(noun, block, type, adopt, name) \
  LC_STREAM_KIND_OF(noun, block, &lc_transport_uv, LC_BY_UV, \
                    lc_stream_closing, lc_stream_freeing, type, adopt, NULL, \
                    name)

extern const struct lc_transport lc_transport_uv;

/* What a read touches comes first, next to each other. */
struct lc_stream {
  lc_handle handle;
  lc_op *reader;
  lc_want want;           /* of `reader`; its length, once it is there */
  lc_inbuf in;
  int in_end;             /* 0, UV_EOF, or the error that ended the input */
  int out_error;          /* 0, or the first error of sending */
  bool counted;           /* libuv counts the handle: uv_ref */
  bool armed;             /* the transport brings what arrives */
  bool told;              /* a caller knows of `out_error` */
  bool shut;              /* no more writes: shutdown was asked for */
  bool shutting;          /* and is on its way */
  bool strict;            /* a write waits until all is sent */
  bool leaving;           /* close was called, and sends what is queued */
  uint64_t limit;         /* of each wait, in ns; LC_NOLIMIT */
  lc_timer deadline;      /* of `reader` */
  lc_waitqueue senders;   /* wait for room, or until everything is sent */
};

static inline const lc_streamkind *lc_stream_kind (const lc_stream *s) {
  return (const lc_streamkind *)(const void *)s->handle.kind;
}

static inline uv_stream_t *lc_stream_uv (lc_stream *s) {
  return (uv_stream_t *)(void *)lc_handle_uv(&s->handle);
}

static inline bool lc_stream_isclosing (lc_stream *s) {
  return uv_is_closing(lc_handle_uv(&s->handle));
}

/* Is it an error that ends both ways of a connection at once? (After EPIPE
** the other end may have sent all that it wanted to.) */
bool lc_stream_broke (int code);

/* {{ For resources */

/* A new block, not known to libuv yet; NULL and a code where it can't be.
** Also sees to it that reading has its buffer. */
lc_stream *lc_stream_new (lc_loop *loop, const lc_streamkind *kind, int *err);

/* libuv's init has succeeded: from now on the block must be closed. */
void lc_stream_ready (lc_stream *s);

/* Makes the metatable of the kind with the methods of a stream and `methods`
** besides. Pushes nothing. May raise. */
void lc_stream_type (lua_State *L, lc_loop *loop, const lc_streamkind *kind,
                     const luaL_Reg *methods);

/* Adds methods to the type whose metatable is on top; __tostring of such
** types: for the listener too. */
void lc_stream_methods (lua_State *L, lc_loop *loop, const luaL_Reg *methods);
int lc_stream_tostring (lua_State *L);

static inline const struct lc_transport *lc_stream_via (const lc_stream *s) {
  return lc_stream_kind(s)->via;
}

/* The userdata of a stream. The tag tells it from others, faster than its
** metatable would. */
typedef struct lc_streambox {
  lc_handle *handle;
  const void *tag;
} lc_streambox;

extern const char lc_stream_tag;

/* Pushes a userdata with the metatable `type`, with no block yet. */
lc_handle **lc_stream_push (lua_State *L, const char *type);

/* The end of lc_stream_self for what seems to be no stream: raises. */
lc_stream *lc_stream_refuse (lua_State *L);

/* The open stream of a method, else NULL. Raises for another type. */
static inline lc_stream *lc_stream_self (lua_State *L) {
  const lc_streambox *box = lua_touserdata(L, 1);
  lc_stream *s;
  if (lc_unlikely(!box || lua_rawlen(L, 1) != sizeof *box ||
                  box->tag != &lc_stream_tag))
    return lc_stream_refuse(L);
  s = (lc_stream *)(void *)box->handle;
  return lc_unlikely(s && s->leaving) ? NULL : s;
}

/* The same for the userdata at index 1 in a continuation. */
lc_stream *lc_stream_again (lua_State *L);

/* Makes `op` the stream's reader, for at most `limit` ns: 0, or UV_ENOMEM.
** Then begin it. Ended by lc_stream_wake or its deadline (LC_DEADLINE). */
int lc_stream_join (lc_stream *s, lc_op *op, uint64_t limit);

/* The same for a task's own operation, which begins. */
int lc_stream_await (lc_stream *s, lc_task *t, const lc_opkind *kind,
                     uint64_t limit);

/* Ends the reader's wait. Where the transport calls this from libuv's
** callbacks, its task runs at once. */
void lc_stream_wake (lc_stream *s, int result);

/* Completes an operation of the stream so. */
void lc_stream_complete (lc_stream *s, lc_op *op, int result);

/* Results of a read's wait: LC_OK, there may be something; LC_SERVED, it is
** want.n bytes long and the stream is open, as we are inside a callback. */
enum { LC_SERVED = 3 };

/* {{ For transports: what arrives. No Lua, no raise. */

/* How many bytes may come now: without a reader no more than are kept. */
size_t lc_stream_room (const lc_stream *s);

/* Bytes, which are the caller's again afterwards. */
void lc_stream_bring (lc_stream *s, const char *data, size_t n);

/* The end of the input: UV_EOF, or an error. */
void lc_stream_end (lc_stream *s, int code);

void lc_stream_stop (lc_stream *s);

/* }} */

/* Pushes nil, message, code for a libuv code or LC_DEADLINE. Returns 3. */
int lc_stream_fail (lua_State *L, int code);

/* The same for what may be the system's error about a stream, whose peer is
** then named. */
int lc_stream_fail_of (lua_State *L, lc_stream *s, int code);

/* The same for a call that did not wait: after a turn for the others when
** the budget is used up, as a loop around a failing call must not freeze
** them. `return` it. */
int lc_stream_fail_now (lua_State *L, lc_task *t, int code);

/* The same, where lc_stream_self gave NULL. */
int lc_stream_fail_closed (lua_State *L);

/* Of LC_STREAM_KIND: moving to another state, see luaconc.h, and others. */
const char *lc_stream_stays (lua_State *L, int index);
void *lc_stream_depart (lua_State *L, int index);
void lc_stream_arrive (lua_State *L, void *traveller);
void lc_stream_closing (lc_handle *h);
void lc_stream_freeing (lc_handle *h);
void lc_stream_leave (lc_op *op);

/* }} */

/* Adds `stream` = {ahead, highwater}, the bounds, to the table on top. */
void lc_stream_open (lua_State *L, lc_loop *loop);

#endif
