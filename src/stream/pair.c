/*
** pair.c: two streams joined in memory. See pair.h.
**
** What one end writes goes straight into the other's input, up to `capacity`
** bytes where nobody reads there; any number to a reader that waits for
** more. The rest is queued at the writer, as libuv would, and follows when a
** reader finds too little (`start`): in `carry`, between two polls, since a
** reader that is about to wait can't be served yet.
**
**   try_write --> the peer's input
**   write --> queue --peer's start, on_carry--> the peer's input
**
** All bytes pass through `hand_over`.
**
** Invariants:
** 1. `peer` is NULL exactly when the other end has been closed.
** 2. What is in the queue has come after all that is in the peer's input;
**    while there is something, the peer is not armed.
** 3. `carry` has a place in the heap of deadlines, so setting it can't fail.
*/

#include "base/fault.h"
#include "base/luax.h"
#include "stream/pair.h"
#include "stream/stream.h"
#include "stream/transport.h"

#define STREAM_TYPE "luaconc.memory stream"

enum { CAPACITY = 65536, MOST = 1 << 30 };

typedef struct lc_pair {
  lc_stream stream;
  struct lc_pair *peer;
  lc_link queue;            /* lc_sendings */
  size_t queued;            /* bytes of them */
  size_t capacity;          /* of the input */
  lc_timer carry;           /* brings what the peer has queued */
  bool reset;               /* the peer is to see that */
  uv_idle_t uv;             /* never started: for the life of the block */
} lc_pair;

static lc_pair *pair_of (lc_stream *s) {
  return (lc_pair *)(void *)s;
}

static const lc_pair *const_pair_of (const lc_stream *s) {
  return (const lc_pair *)(const void *)s;
}

/* {{ Carrying */

/* How many bytes the end takes now. */
static size_t room (const lc_pair *p) {
  const lc_stream *s = &p->stream;
  if (s->in_end) return 0;
  if (s->reader) return LC_BUFFER;
  return s->in.len < p->capacity ? p->capacity - s->in.len : 0;
}

/* Moves as much as is taken from the buffer to an end; how much. */
static size_t hand_over (lc_pair *to, uv_buf_t *from) {
  size_t all = 0, n;
  while (from->len > 0 && (n = room(to)) > 0) {
    if (n > from->len) n = from->len;
    lc_stream_bring(&to->stream, from->base, n);
    from->base += n;
    from->len -= n;
    all += n;
  }
  return all;
}

static lc_sending *first_queued (lc_pair *p) {
  return lc_list_empty(&p->queue) ? NULL
    : lc_container(p->queue.next, lc_sending, as.link);
}

/* The first block of the queue leaves it. */
static void leave_queue (lc_pair *p, lc_sending *out, int status) {
  lc_list_remove(&out->as.link);
  p->queued -= out->rest.len;
  lc_write_sent(&p->stream, out, status);
}

/* Everything is sent; the peer sees the end, if that was asked for. */
static void end_output (lc_pair *p) {
  if (p->peer) lc_stream_end(&p->peer->stream, UV_EOF);
  lc_write_ended(&p->stream, 0);
}

/* Brings what the peer of `to` has queued. Whoever is woken joins the ready
** ring, so nothing changes meanwhile. */
static void carry (lc_pair *to) {
  lc_pair *from = to->peer;
  lc_sending *out;
  while (from && (out = first_queued(from)) != NULL) {
    from->queued -= hand_over(to, &out->rest);
    if (out->rest.len > 0) break;
    leave_queue(from, out, 0);
  }
  to->stream.armed = !from || lc_list_empty(&from->queue);
  if (from && to->stream.armed && from->stream.shutting) end_output(from);
}

static void on_carry (lc_timer *t) {
  carry(lc_container(t, lc_pair, carry));
}

/* }} */

/* {{ The transport */

static int start (lc_stream *s) {
  lc_pair *p = pair_of(s);
  lc_loop *loop = s->handle.loop;
  if (p->peer && first_queued(p->peer) && !p->carry.index)
    lc_heap_add_reserved(&loop->deadlines, &p->carry,
                         lc_clock_now(&loop->clock));
  return 0;
}

static void stop (lc_stream *s) {
  (void)s;
}

static int try_write (lc_stream *s, const uv_buf_t *bufs, unsigned n) {
  lc_pair *p = pair_of(s);
  size_t sent = 0, asked = 0;
  if (!p->peer) return UV_EPIPE;
  if (first_queued(p)) return UV_EAGAIN;
  for (unsigned i = 0; i < n && sent == asked; i++) {
    uv_buf_t rest = bufs[i];
    asked += rest.len;
    sent += hand_over(p->peer, &rest);
  }
  return sent || !asked ? (int)sent : UV_EAGAIN;
}

static int write_later (lc_stream *s, lc_sending *out) {
  lc_pair *p = pair_of(s);
  if (!p->peer) return UV_EPIPE;
  lc_list_append(&p->queue, &out->as.link);
  p->queued += out->rest.len;
  p->peer->stream.armed = false;
  return 0;
}

static int shut_down (lc_stream *s) {
  lc_pair *p = pair_of(s);
  if (!first_queued(p)) end_output(p);
  return 0;
}

static size_t queued (const lc_stream *s) {
  return const_pair_of(s)->queued;
}

static void abort_stream (lc_stream *s) {
  pair_of(s)->reset = true;
}

static const lc_transport transport = {
  start, stop, try_write, write_later, shut_down, queued, abort_stream, false
};

/* }} */

/* {{ The block */

static void drop_queue (lc_pair *p, int status) {
  lc_sending *out;
  while ((out = first_queued(p)) != NULL) leave_queue(p, out, status);
}

/* As with sockets: what was not read is not received, and the peer hears
** of that. */
static void closing (lc_handle *h) {
  lc_pair *p = (lc_pair *)(void *)h, *peer = p->peer;
  bool lost = p->reset || p->stream.in.len > 0 ||
              (peer && first_queued(peer));
  lc_stream_closing(h);
  lc_loop_unat(h->loop, &p->carry);
  lc_heap_unreserve(&h->loop->deadlines);
  drop_queue(p, UV_ECANCELED);
  if (!peer) return;
  p->peer = peer->peer = NULL;
  lc_stream_end(&peer->stream, lost ? UV_ECONNRESET : UV_EOF);
  if (peer->stream.shutting) lc_write_ended(&peer->stream, UV_EPIPE);
  drop_queue(peer, UV_EPIPE);
}

static const lc_streamkind stream_kind =
  LC_STREAM_KIND_OF("memory stream", lc_pair, &transport, LC_BY_TASK, closing,
                    lc_stream_freeing, STREAM_TYPE, NULL,
                    "is in memory, and stays in its state", NULL);

/* An end in the userdata on top, without a peer yet. */
static int make_end (lua_State *L, uv_loop_t *uv, lc_handle **owner,
                     size_t capacity) {
  lc_loop *loop = lc_luax_loop(L);
  int err;
  lc_stream *s = lc_stream_new(loop, &stream_kind, &err);
  if (!s) return err;
  err = lc_heap_reserve(&loop->deadlines);
  if (err) {
    lc_handle_drop(&s->handle);
    return err;
  }
  lc_pair *p = pair_of(s);
  (void)uv_idle_init(uv, &p->uv);
  lc_list_init(&p->queue);
  p->capacity = capacity;
  p->carry.fire = on_carry;
  lc_stream_ready(s);
  lc_handle_own(L, owner, &s->handle);
  return 0;
}

/* core.pair([capacity]) -> stream, stream | nil, message, code */
static int pair (lua_State *L) {
  size_t capacity = lua_isnoneornil(L, 1) ? CAPACITY
    : (size_t)lc_luax_integer(L, 1, "the capacity", 1, MOST);
  int err;
  uv_loop_t *uv = lc_loop_uv(lc_luax_loop(L), &err);
  lc_handle **ends[2];
  lua_settop(L, 0);
  for (int i = 0; i < 2 && !err; i++) {
    ends[i] = lc_stream_push(L, STREAM_TYPE);
    if (uv) err = make_end(L, uv, ends[i], capacity);
  }
  if (err) {
    if (lua_gettop(L) == 2) lc_handle_close(*ends[0]);
    return lc_stream_fail(L, err);
  }
  ((lc_pair *)(void *)*ends[0])->peer = (lc_pair *)(void *)*ends[1];
  ((lc_pair *)(void *)*ends[1])->peer = (lc_pair *)(void *)*ends[0];
  return 2;
}

/* }} */

/* s:sock(), s:peer() -> nil, message, code: there is no address */
static int pair_address (lua_State *L) {
  if (!lc_stream_self(L)) return lc_stream_fail(L, UV_EBADF);
  return lc_stream_fail(L, UV_ENOTSOCK);
}

static const luaL_Reg methods[] = {
  {"sock", pair_address},
  {"peer", pair_address},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"pair", pair},
  {NULL, NULL}
};

void lc_pair_open (lua_State *L, lc_loop *loop) {
  lc_stream_type(L, loop, &stream_kind, methods);
  lc_luax_functions(L, loop, functions);
}
