/*
** relay.c: standard error on its way. See relay.h.
**
** Relays are found by the descriptor that the poller names, in a list of
** chains. Most never carry a byte, so their memory for the last ones is made
** with the first one that comes.
**
** Where the target is a pipe or a socket, writing must not block us: poll
** tells that there is room, and RWF_NOWAIT sees to it that another writer who
** takes that room meanwhile does no harm. A terminal or a file is asked by
** poll alone.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/system.h"
#include "engine/relay.h"

enum { CHAINS = 256, PIECE = 4096, MOST_AT_END = 256 << 10 };

/* Where relays lead: those of one pipe, socket or terminal share it. */
typedef struct outlet {
  int fd;
  unsigned users;
  bool shared;           /* no file, whose place is its opener's own */
  dev_t device;
  ino_t node;
} outlet;

struct lc_relay {
  lc_relay *next;        /* of its chain */
  int from;              /* -1: closed, but for what waits */
  outlet *to;
  char *tail;            /* LC_RELAY_TAIL bytes, a ring; NULL: none yet */
  size_t total;          /* bytes that came */
  char *rest;            /* read; written up to `written` */
  size_t nrest, written;
  bool orphan;           /* its worker has ended */
};

static struct {
  lc_relay *chains[CHAINS];
  outlet *latest;
  unsigned waiting;      /* relays that have a rest */
  int poller;
} relays = {.poller = -1};

int lc_relay_open (void) {
  return relays.poller = lc_system_poller();
}

bool lc_relay_waits (void) {
  return relays.waiting > 0;
}

/* {{ Outlets */

static void leave_outlet (outlet *o) {
  if (--o->users > 0) return;
  if (relays.latest == o) relays.latest = NULL;
  (void)close(o->fd);
  lc_free(o, sizeof *o);
}

static outlet *make_outlet (int fd, const struct stat *s) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  outlet *o = own < 0 ? NULL : lc_alloc(sizeof *o);
  if (!o) {
    if (own >= 0) (void)close(own);
    return NULL;
  }
  *o = (outlet){own, 1, !S_ISREG(s->st_mode), s->st_dev, s->st_ino};
  return o;
}

static outlet *find_outlet (int fd) {
  struct stat s;
  outlet *o = relays.latest;
  if (fstat(fd, &s)) return NULL;
  if (o && o->shared && !S_ISREG(s.st_mode) && o->device == s.st_dev
      && o->node == s.st_ino) {
    o->users++;
    return o;
  }
  o = make_outlet(fd, &s);
  if (o) relays.latest = o;
  return o;
}

/* }} */

/* {{ The list */

static lc_relay **chain_of (int fd) {
  return &relays.chains[fd % CHAINS];
}

static lc_relay *find_relay (int fd) {
  lc_relay *r = *chain_of(fd);
  while (r && r->from != fd) r = r->next;
  return r;
}

static void unchain (lc_relay *r) {
  lc_relay **at = chain_of(r->from);
  while (*at != r) at = &(*at)->next;
  *at = r->next;
}

static void free_rest (lc_relay *r) {
  if (r->nrest > 0) relays.waiting--;
  lc_free(r->rest, r->nrest);
  r->rest = NULL;
  r->nrest = r->written = 0;
}

static void free_relay (lc_relay *r) {
  unchain(r);
  lc_system_poller_remove(relays.poller, r->from);
  (void)close(r->from);
  leave_outlet(r->to);
  free_rest(r);
  lc_free(r->tail, r->tail ? LC_RELAY_TAIL : 0);
  lc_free(r, sizeof *r);
}

void lc_relay_drop (lc_relay *r) {
  if (r) free_relay(r);
}

void lc_relay_close (void) {
  for (int i = 0; i < CHAINS; i++)
    while (relays.chains[i]) free_relay(relays.chains[i]);
  if (relays.poller >= 0) (void)close(relays.poller);
  relays.poller = -1;
}

static int add_relay (int from, int to, lc_relay **relay) {
  lc_relay *r = lc_alloc(sizeof *r);
  outlet *o = r ? find_outlet(to) : NULL;
  int err = !r ? UV_ENOMEM : !o ? UV_EMFILE : 0;
  if (!err) err = lc_system_poller_add(relays.poller, from);
  if (err) {
    if (o) leave_outlet(o);
    lc_free(r, sizeof *r);
    return err;
  }
  *r = (lc_relay){.next = *chain_of(from), .from = from, .to = o};
  *chain_of(from) = *relay = r;
  return 0;
}

int lc_relay_new (int to, int *fd, lc_relay **relay) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return uv_translate_sys_error(errno);
  int err = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            ? uv_translate_sys_error(errno) : add_relay(ends[0], to, relay);
  if (err) {
    (void)close(ends[0]);
    (void)close(ends[1]);
    return err;
  }
  *fd = ends[1];
  return 0;
}

/* }} */

/* {{ Passing on */

/* How much was written; 0: it has to wait. Who can't be written to has lost
** it, as the worker's own write would. */
static size_t write_now (const outlet *o, const char *bytes, size_t len) {
  struct pollfd p = {.fd = o->fd, .events = POLLOUT};
  struct iovec part = {(void *)(uintptr_t)bytes, len > PIECE ? PIECE : len};
  ssize_t n = -1;
  if (poll(&p, 1, 0) == 0) return 0;
  if (o->shared) n = pwritev2(o->fd, &part, 1, -1, RWF_NOWAIT);
  if (n < 0 && (!o->shared || errno == EOPNOTSUPP || errno == EINVAL))
    n = write(o->fd, part.iov_base, part.iov_len);
  if (n >= 0) return (size_t)n;
  return errno == EAGAIN || errno == EINTR ? 0 : len;
}

static size_t write_all (const outlet *o, const char *bytes, size_t len) {
  size_t done = 0;
  while (done < len) {
    size_t n = write_now(o, bytes + done, len - done);
    if (n == 0) break;
    done += n;
  }
  return done;
}

static void keep_tail (lc_relay *r, const char *bytes, size_t len) {
  if (!r->tail) r->tail = lc_alloc(LC_RELAY_TAIL);
  if (!r->tail || r->orphan) return;
  for (size_t i = len > LC_RELAY_TAIL ? len - LC_RELAY_TAIL : 0; i < len; i++)
    r->tail[(r->total + i) % LC_RELAY_TAIL] = bytes[i];
  r->total += len;
}

/* What can't be kept, for want of memory, is lost. */
static void keep_rest (lc_relay *r, const char *bytes, size_t len) {
  char *more = lc_realloc(r->rest, r->nrest, r->nrest + len);
  if (!more) return;
  memcpy(more + r->nrest, bytes, len);
  if (r->nrest == 0) relays.waiting++;
  r->rest = more;
  r->nrest += len;
}

static void write_rest (lc_relay *r) {
  r->written += write_all(r->to, r->rest + r->written, r->nrest - r->written);
  if (r->written == r->nrest) free_rest(r);
}

/* Reads a piece: how much; 0: nothing there; -1: nobody has the other end. */
static ssize_t pass_piece (lc_relay *r) {
  char piece[PIECE];
  ssize_t n = read(r->from, piece, sizeof piece);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return -1;
  if (n < 0) return 0;
  keep_tail(r, piece, (size_t)n);
  size_t done = r->nrest > 0 ? 0 : write_all(r->to, piece, (size_t)n);
  if (done < (size_t)n) keep_rest(r, piece + done, (size_t)n - done);
  return n;
}

/* Who has a rest is not listened to until it is written. */
static void listen_to (lc_relay *r, bool on) {
  if (on) (void)lc_system_poller_add(relays.poller, r->from);
  else lc_system_poller_remove(relays.poller, r->from);
}

static void pass_ready (int fd) {
  lc_relay *r = find_relay(fd);
  if (!r) return;
  ssize_t n = pass_piece(r);
  if (r->nrest > 0) listen_to(r, false);
  else if (n < 0 && r->orphan) free_relay(r);
  else if (n < 0) listen_to(r, false);   /* until its worker is reaped */
}

static void pass_rests (void) {
  for (int i = 0; i < CHAINS; i++)
    for (lc_relay *r = relays.chains[i], *next; r; r = next) {
      next = r->next;
      if (r->nrest == 0) continue;
      write_rest(r);
      if (r->nrest == 0) listen_to(r, true);
    }
}

void lc_relay_pass (bool ready) {
  int fds[16];
  if (relays.waiting > 0) pass_rests();
  int n = ready ? lc_system_poller_wait(relays.poller, fds, 16) : 0;
  for (int i = 0; i < n; i++) pass_ready(fds[i]);
}

/* }} */

/* {{ The end */

static size_t copy_tail (const lc_relay *r, char *tail) {
  size_t n = r->total < LC_RELAY_TAIL ? r->total : LC_RELAY_TAIL;
  for (size_t i = 0; i < n; i++)
    tail[i] = r->tail[(r->total - n + i) % LC_RELAY_TAIL];
  return n;
}

size_t lc_relay_end (lc_relay *r, char tail[LC_RELAY_TAIL]) {
  ssize_t n = 1;
  for (size_t sum = 0; n > 0 && sum < MOST_AT_END; sum += (size_t)n) {
    n = pass_piece(r);
    if (n <= 0) break;
  }
  size_t len = copy_tail(r, tail);
  r->orphan = true;
  if (n < 0 && r->nrest == 0) free_relay(r);
  else if (r->nrest > 0) listen_to(r, false);
  else listen_to(r, true);
  return len;
}

/* }} */
