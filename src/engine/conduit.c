/*
** conduit.c: packets over a link. See conduit.h.
*/

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "engine/conduit.h"

/* The same machine at both ends: numbers go as they are. */
enum { MARK = 0x6c634b31, TURN_BYTES = 1 << 20, FIRST_BYTES = 1 << 16,
       AT_ONCE = 32 };

typedef struct head {
  uint32_t mark, kind;
  uint64_t len;
} head;

void lc_conduit_init (lc_conduit *c, int fd) {
  *c = (lc_conduit){.fd = fd};
}

static void drop_queue (lc_conduit *c) {
  lc_packet *p;
  while ((p = c->first)) {
    c->first = p->next;
    p->gone(p);
  }
  c->last = NULL;
  c->sent = 0;
}

void lc_conduit_close (lc_conduit *c) {
  drop_queue(c);
  lc_free(c->body, c->size);
  c->body = NULL;
  c->size = c->len = c->had = 0;
  if (c->fd >= 0) (void)close(c->fd);
  c->fd = -1;
}

void lc_conduit_wait (const lc_conduit *c, bool send) {
  struct pollfd p = {.fd = c->fd, .events = send ? POLLOUT : POLLIN};
  while (poll(&p, 1, -1) < 0 && errno == EINTR) ;
}

/* {{ Sending */

/* What is still to be sent of a packet, of which so much has been: its parts,
** and how many. */
static int list_parts (lc_packet *p, head *h, size_t sent,
                       struct iovec *parts) {
  int n = 0;
  *h = (head){MARK, p->kind, p->len};
  if (sent < sizeof *h)
    parts[n++] = (struct iovec){(char *)h + sent, sizeof *h - sent};
  sent = sent < sizeof *h ? 0 : sent - sizeof *h;
  if (p->len > sent)
    parts[n++] = (struct iovec){(void *)(uintptr_t)(p->bytes + sent),
                                p->len - sent};
  return n;
}

/* Sends from the first packets what was not yet: how much, or a failure. */
static ssize_t send_some (lc_conduit *c) {
  head heads[AT_ONCE];
  struct iovec parts[2 * AT_ONCE];
  size_t skip = c->sent, sum = 0;
  int n = 0, i = 0;
  for (lc_packet *p = c->first; p && i < AT_ONCE && sum < TURN_BYTES; i++) {
    n += list_parts(p, &heads[i], skip, parts + n);
    sum += p->len;
    skip = 0;
    p = p->next;
  }
  struct msghdr m = {.msg_iov = parts, .msg_iovlen = (size_t)n};
  ssize_t sent;
  do sent = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? uv_translate_sys_error(errno) : sent;
}

static void finish_first (lc_conduit *c) {
  lc_packet *p = c->first;
  c->first = p->next;
  if (!c->first) c->last = NULL;
  c->sent = 0;
  p->gone(p);
}

static void take_sent (lc_conduit *c, size_t sent) {
  while (sent > 0) {
    size_t left = sizeof(head) + c->first->len - c->sent;
    if (sent < left) {
      c->sent += sent;
      return;
    }
    sent -= left;
    finish_first(c);
  }
}

int lc_conduit_flush (lc_conduit *c) {
  size_t turn = 0;
  if (c->fd < 0) drop_queue(c);
  while (c->first) {
    if (turn >= TURN_BYTES) return UV_EAGAIN;
    ssize_t sent = send_some(c);
    if (sent == UV_EAGAIN || sent == UV_ENOBUFS) return UV_EAGAIN;
    if (sent < 0) {
      drop_queue(c);
      return UV_EPIPE;
    }
    turn += (size_t)sent;
    take_sent(c, (size_t)sent);
  }
  return 0;
}

int lc_conduit_queue (lc_conduit *c, lc_packet *p) {
  p->next = NULL;
  if (c->first) c->last->next = p;
  else c->first = p;
  c->last = p;
  if (c->fd >= 0) return 0;
  drop_queue(c);
  return UV_EPIPE;
}

int lc_conduit_send (lc_conduit *c, lc_packet *p) {
  bool first = !c->first;
  int err = lc_conduit_queue(c, p);
  if (err) return err;
  return first ? lc_conduit_flush(c) : UV_EAGAIN;
}

/* }} */

/* {{ Receiving */

static int read_head (lc_conduit *c) {
  head h;
  memcpy(&h, c->head, sizeof h);
  if (h.mark != MARK || h.len > LC_CONDUIT_LIMIT) return UV_EPROTO;
  c->kind = h.kind;
  c->want = (size_t)h.len;
  return 0;
}

/* Makes room for more of the body: twice what there is, and the very length
** at the end, as the receiver frees it by that. */
static int make_room (lc_conduit *c) {
  size_t size = c->size ? c->size * 2 : FIRST_BYTES;
  if (size > c->want) size = c->want;
  char *moved = lc_realloc(c->body, c->size, size);
  if (!moved) return UV_ENOMEM;
  c->body = moved;
  c->size = size;
  return 0;
}

static int deliver (lc_conduit *c) {
  char *bytes = c->body;
  c->body = NULL;
  c->size = c->len = c->had = 0;
  return c->arrive(c, c->kind, bytes, c->want) ? 0 : UV_EPROTO;
}

/* Takes from what was read: 0 and how much, or a failure. */
static int take_some (lc_conduit *c, const char *from, size_t n,
                      size_t *took) {
  int err = 0;
  if (c->had < sizeof(head)) {
    size_t more = sizeof(head) - c->had;
    *took = n < more ? n : more;
    memcpy(c->head + c->had, from, *took);
    c->had += *took;
    if (c->had == sizeof(head)) err = read_head(c);
  }
  else {
    if (c->len == c->size) err = make_room(c);
    size_t room = c->size - c->len;
    *took = n < room ? n : room;
    if (!err) memcpy(c->body + c->len, from, *took);
    c->len += *took;
  }
  if (!err && c->had == sizeof(head) && c->len == c->want) err = deliver(c);
  return err;
}

static int take_all (lc_conduit *c, const char *from, size_t n) {
  while (n > 0) {
    size_t took = 0;
    int err = take_some(c, from, n, &took);
    if (err) return err;
    from += took;
    n -= took;
  }
  return 0;
}

static bool in_packet (const lc_conduit *c) {
  return c->had > 0;
}

/* Where a long body is under way, it is read into its place. `dry`: there was
** less than there was room for. */
static int read_some (lc_conduit *c, char *scratch, size_t size,
                      size_t *got, bool *dry) {
  bool straight = c->had == sizeof(head) && c->want - c->len >= size;
  if (straight && c->len == c->size) {
    int err = make_room(c);
    if (err) return err;
  }
  char *to = straight ? c->body + c->len : scratch;
  size_t room = straight ? c->size - c->len : size;
  ssize_t n;
  do n = recv(c->fd, to, room, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0) return uv_translate_sys_error(errno);
  if (n == 0) return in_packet(c) ? UV_EPROTO : UV_EOF;
  *got = (size_t)n;
  *dry = (size_t)n < room;
  if (!straight) return take_all(c, scratch, (size_t)n);
  c->len += (size_t)n;
  return c->len == c->want ? deliver(c) : 0;
}

/* A reset is what a peer leaves that died with bytes unread. */
int lc_conduit_read (lc_conduit *c, char *scratch, size_t size) {
  size_t turn = 0;
  bool dry = false;
  while (c->fd >= 0 && turn < TURN_BYTES && !dry) {
    size_t got = 0;
    int err = lc_uv(read_some(c, scratch, size, &got, &dry));
    if (err == UV_ECONNRESET) err = in_packet(c) ? UV_EPROTO : UV_EOF;
    if (err) return err;
    turn += got;
  }
  if (c->fd < 0) return UV_EOF;
  return dry ? UV_EAGAIN : 0;
}

/* }} */
