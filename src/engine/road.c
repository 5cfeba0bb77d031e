/*
** road.c: the family's descriptors. See road.h.
**
** In the root the list is under a lock, which its own threads take as the
** serving thread does. Elsewhere one question is under way at a time.
**
** The serving thread sleeps in the poller, which holds the sockets of all
** members and one of a pair of its own; shutting that down ends the thread.
** A second lock, the gate, lets nobody in while the last one leaves.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/system.h"
#include "engine/parcel.h"
#include "engine/road.h"
#include "shared/commons.h"
#include "shared/guest.h"

enum { STACK_BYTES = 256 << 10, MANY = 16, LEAST = 16 };

typedef enum verb { PUT = 1, GET, DROP, JOIN, LEAVE, COMMON, RING,
               PUT_OWN } verb;

typedef struct question { uint32_t verb; uint32_t pad; uint64_t id; } question;
typedef struct answer {
  int32_t err;
  uint32_t pad;
  uint64_t id, parent;
} answer;

typedef struct entry { uint64_t id, owner; int fd; } entry;  /* owner 0: none */
typedef struct member { uint64_t id, parent; int socket; } member;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static struct {
  pthread_mutex_t lock;      /* of all that follows */
  unsigned users;
  int up;                    /* a member's socket to the root; -1: none */
  atomic_bool is_member;     /* set once */
  /* The root's: */
  bool serves;
  pthread_t thread;
  int poller, stop[2];
  entry *list;               /* by id, ascending */
  uint32_t n, size;
  member *members;
  uint32_t nmembers, members_size;
  uint32_t burying;        /* members that have gone, and are not buried */
  uint64_t last_id;
} road = {.lock = PTHREAD_MUTEX_INITIALIZER, .up = -1};

static void lock (void) { (void)pthread_mutex_lock(&road.lock); }
static void unlock (void) { (void)pthread_mutex_unlock(&road.lock); }

/* {{ The list; the lock is held */

/* Makes room for one more; false: no memory. */
static bool make_room (void **block, uint32_t n, uint32_t *size, size_t each) {
  if (n < *size) return true;
  uint32_t more = *size ? *size * 2 : LEAST;
  void *moved = lc_realloc(*block, *size * each, more * each);
  if (!moved) return false;
  *block = moved;
  *size = more;
  return true;
}

/* Where the id is, or would be. */
static uint32_t find_place (uint64_t id) {
  uint32_t low = 0, high = road.n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (road.list[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

static entry *find_entry (uint64_t id) {
  uint32_t i = find_place(id);
  if (!road.list || i == road.n) return NULL;
  return road.list[i].id == id ? &road.list[i] : NULL;
}

/* Takes the descriptor over. */
static int add_entry (int fd, uint64_t owner, uint64_t *id) {
  void *list = road.list;
  bool room = make_room(&list, road.n, &road.size, sizeof(entry));
  road.list = list;
  if (!room) return UV_ENOMEM;
  *id = ++road.last_id;
  road.list[road.n++] = (entry){*id, owner, fd};
  return 0;
}

static void free_list (void) {
  lc_free(road.list, road.size * sizeof(entry));
  road.list = NULL;
  road.size = 0;
}

static int drop_entry (uint64_t id) {
  entry *e = find_entry(id);
  if (!e) return UV_ENOENT;
  (void)close(e->fd);
  for (entry *last = road.list + --road.n; e < last; e++) e[0] = e[1];
  if (road.n == 0) free_list();
  return 0;
}

/* What was that member's own goes with it. */
static void drop_owned (uint64_t owner) {
  for (uint32_t i = road.n; i > 0; i--)
    if (road.list[i - 1].owner == owner)
      (void)drop_entry(road.list[i - 1].id);
}

/* Takes the socket over. Its sender must not be waited for. `parent`: who asks
** for it. */
static int add_member (int socket, uint64_t parent, uint64_t *id) {
  void *members = road.members;
  bool room = make_room(&members, road.nmembers, &road.members_size,
                        sizeof(member));
  road.members = members;
  if (!room) return UV_ENOMEM;
  (void)fcntl(socket, F_SETFL, O_NONBLOCK);
  int err = lc_system_poller_add(road.poller, socket);
  if (err) return err;
  *id = ++road.last_id;
  road.members[road.nmembers++] = (member){*id, parent, socket};
  return 0;
}

/* By its id, or where that is 0 by its socket; NULL: it has gone. */
static member *find_member (uint64_t id, int socket) {
  for (uint32_t i = 0; i < road.nmembers; i++) {
    member *m = &road.members[i];
    if (id ? m->id == id : m->socket == socket) return m;
  }
  return NULL;
}

static void remove_member (member *m) {
  if (!m) return;
  drop_owned(m->id);
  (void)close(m->socket);
  *m = road.members[--road.nmembers];
}

/* }} */

/* {{ The serving thread */

static void reply (const member *m, int err, uint64_t id, int fd) {
  answer a = {.err = err, .id = id, .parent = m->parent};
  (void)lc_parcel_send(m->socket, &a, sizeof a, &fd, fd >= 0 ? 1 : 0);
}

/* What arrives with a put or a join is kept. */
static void serve_question (const member *asker, const question *q,
                            lc_parcel *p) {
  const member m[] = {*asker};   /* a join moves it */
  uint64_t id = q->id;
  int err = UV_EINVAL, fd = -1, came = p->n == 1 ? p->fds[0] : -1;
  entry *e;
  if (q->verb == GET) {
    e = find_entry(id);
    err = e ? 0 : UV_ENOENT;
    if (e) fd = e->fd;
  }
  else if (q->verb == DROP) err = drop_entry(id);
  else if (q->verb == RING) {
    lc_guest_ring_own((uint32_t)id);
    err = 0;
  }
  else if (came < 0) err = p->torn ? UV_EMFILE : UV_EINVAL;
  else if (q->verb == PUT) err = add_entry(came, 0, &id);
  else if (q->verb == PUT_OWN) err = add_entry(came, m->id, &id);
  else if (q->verb == JOIN) err = add_member(came, m->id, &id);
  bool kept = q->verb == PUT || q->verb == PUT_OWN || q->verb == JOIN;
  if (!err && kept) p->n = 0;
  reply(m, err, id, fd);
}

/* What is done without the lock: it may need the road. */
typedef struct errand {
  uint64_t asker;            /* waits for the answer; 0: nobody does */
  uint64_t gone;             /* a member that has gone, or 0 */
} errand;

/* It may have left since the poller named it, and its number may be that of
** a new one by now, which then has nothing to say. */
static errand serve_member (int socket) {
  question q = {0};
  lc_parcel p;
  errand e = {0, 0};
  member *m = find_member(0, socket);
  if (!m) return e;
  ssize_t got = lc_parcel_recv(socket, &q, sizeof q, &p);
  bool asked = got == sizeof q, leaves = asked && q.verb == LEAVE && q.id;
  if (leaves || (asked && q.verb == COMMON)) e.asker = m->id;
  else if (asked) serve_question(m, &q, &p);
  lc_parcel_close(&p);
  if (leaves) e.gone = q.id;
  else if (!asked && got != UV_EAGAIN) e.gone = m->id;
  if (e.gone) {
    remove_member(find_member(e.gone, -1));
    road.burying++;
  }
  return e;
}

static void serve_one (int socket) {
  lock();
  errand e = serve_member(socket);
  unlock();
  int fd = -1;
  if (e.gone) lc_commons_bury(e.gone);
  else if (e.asker) fd = lc_commons_lend(e.asker);
  if (!e.asker && !e.gone) return;
  lock();
  if (e.gone) road.burying--;
  member *m = find_member(e.asker, -1);
  if (m && e.gone) reply(m, 0, e.gone, -1);
  else if (m) reply(m, fd < 0 ? fd : 0, e.asker, fd);
  unlock();
}

static void *serve (void *arg) {
  int ready[MANY];
  (void)sem_post(arg);
  for (;;) {
    int n = lc_system_poller_wait(road.poller, ready, MANY);
    if (n < 0) return NULL;
    for (int i = 0; i < n; i++) {
      if (ready[i] == road.stop[1]) return NULL;
      serve_one(ready[i]);
    }
  }
}

/* All signals are for other threads. It has begun when this returns: in the
** child of a fork that came between, what a thread's start locks (in the
** allocator of a sanitizer) would be locked for ever. */
static int start_thread (void) {
  pthread_attr_t attributes;
  sigset_t all, before;
  sem_t begun;
  int err = pthread_attr_init(&attributes);
  if (err) return uv_translate_sys_error(err);
  (void)sem_init(&begun, 0, 0);
  (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  err = pthread_create(&road.thread, &attributes, serve, &begun);
  while (!err && sem_wait(&begun) < 0 && errno == EINTR) ;
  (void)sem_destroy(&begun);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  (void)pthread_attr_destroy(&attributes);
  return err ? uv_translate_sys_error(err) : 0;
}

static void close_stop (void) {
  (void)close(road.stop[0]);
  (void)close(road.stop[1]);
  (void)close(road.poller);
}

/* The lock is held. */
static int start_serving (void) {
  if (road.serves) return 0;
  int err = road.poller = lc_uv(lc_system_poller());
  if (err < 0) return err;
  err = lc_parcel_pair(false, road.stop);
  if (err) {
    (void)close(road.poller);
    return err;
  }
  err = lc_system_poller_add(road.poller, road.stop[1]);
  if (!err) err = lc_uv(start_thread());
  if (err) close_stop();
  else road.serves = true;
  return err;
}

static void stop_serving (void) {
  if (!road.serves) return;
  (void)shutdown(road.stop[0], SHUT_RDWR);
  (void)pthread_join(road.thread, NULL);
  close_stop();
  while (road.nmembers > 0) {
    uint64_t id = road.members[0].id;
    remove_member(&road.members[0]);
    lc_commons_bury(id);
  }
  lc_free(road.members, road.members_size * sizeof(member));
  road.members = NULL;
  road.members_size = 0;
  road.serves = false;
}

/* }} */

/* {{ A member's questions; the lock is held */

/* Of the last answer. */
static uint64_t asker_parent;

static int ask (verb what, uint64_t *id, int fd, lc_parcel *p) {
  question q = {.verb = what, .id = *id};
  answer a;
  p->n = 0;
  if (road.up < 0) return UV_EPIPE;
  int err = lc_uv(lc_parcel_send(road.up, &q, sizeof q, &fd, fd >= 0));
  if (err) return err;
  if (lc_parcel_recv(road.up, &a, sizeof a, p) != sizeof a) return UV_EPIPE;
  *id = a.id;
  asker_parent = a.parent;
  return a.err;
}

static int ask_for (verb what, uint64_t *id, int fd) {
  lc_parcel p;
  int err = ask(what, id, fd, &p);
  lc_parcel_close(&p);
  return err;
}

static int ask_get (uint64_t id) {
  lc_parcel p;
  int err = ask(GET, &id, -1, &p);
  if (!err && p.n == 1) return p.fds[0];
  lc_parcel_close(&p);
  return err ? err : UV_EMFILE;
}

/* }} */

static int copy (int fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return own < 0 ? uv_translate_sys_error(errno) : own;
}

static int put_here (int fd, uint64_t *id) {
  int own = lc_uv(copy(fd));
  if (own < 0) return own;
  int err = add_entry(own, 0, id);
  if (err) (void)close(own);
  return err;
}

static int put (verb how, int fd, uint64_t *id) {
  *id = 0;
  lock();
  int err = road.is_member ? ask_for(how, id, fd) : put_here(fd, id);
  unlock();
  return err;
}

int lc_road_put (int fd, uint64_t *id) { return put(PUT, fd, id); }
int lc_road_put_own (int fd, uint64_t *id) { return put(PUT_OWN, fd, id); }

int lc_road_get (uint64_t id) {
  lock();
  entry *e = road.is_member ? NULL : find_entry(id);
  int fd = road.is_member ? ask_get(id) : e ? lc_uv(copy(e->fd)) : UV_ENOENT;
  unlock();
  return fd;
}

int lc_road_drop (uint64_t id) {
  lock();
  int err = road.is_member ? ask_for(DROP, &id, -1) : drop_entry(id);
  unlock();
  return err;
}

static int join_here (int socket, uint64_t *id) {
  int err = start_serving();
  int own = err ? err : lc_uv(copy(socket));
  if (own < 0) return own;
  err = add_member(own, 0, id);
  if (err) (void)close(own);
  return err;
}

int lc_road_join (uint64_t *id) {
  int ends[2];
  *id = 0;
  int err = lc_parcel_pair(false, ends);
  if (err) return err;
  lock();
  err = road.is_member ? ask_for(JOIN, id, ends[1]) : join_here(ends[1], id);
  unlock();
  (void)close(ends[1]);
  if (err) (void)close(ends[0]);
  return err ? err : ends[0];
}

void lc_road_leave (uint64_t id) {
  lock();
  bool is_member = road.is_member;
  if (is_member) (void)ask_for(LEAVE, &id, -1);
  else remove_member(find_member(id, -1));
  unlock();
  if (!is_member) lc_commons_bury(id);
}

int lc_road_common (uint64_t *self, uint64_t *parent) {
  lc_parcel p = {0};
  *self = *parent = 0;
  if (!road.is_member) return UV_ENOENT;   /* the caller's lock comes after */
  lock();
  int err = ask(COMMON, self, -1, &p);
  if (!err) *parent = asker_parent;
  unlock();
  if (!err && p.n == 1) return p.fds[0];
  lc_parcel_close(&p);
  return err ? err : UV_EMFILE;
}

void lc_road_ring (uint64_t sleeper) {
  lock();
  if (road.is_member) (void)ask_for(RING, &sleeper, -1);
  unlock();
}

/* {{ Beginning and end */

void lc_road_enter (int socket) {
  lock();
  road.is_member = true;
  road.up = socket;
  road.users++;
  unlock();
}

void lc_road_pause (void) { lock(); }
void lc_road_resume (void) { unlock(); }

void lc_road_fork (int socket) {
  (void)pthread_mutex_init(&road.lock, NULL);
  (void)pthread_mutex_init(&gate, NULL);
  for (uint32_t i = 0; i < road.n; i++) (void)close(road.list[i].fd);
  for (uint32_t i = 0; i < road.nmembers; i++)
    (void)close(road.members[i].socket);
  if (road.serves) close_stop();
  if (road.up >= 0) (void)close(road.up);
  road.n = road.nmembers = road.burying = 0;
  road.serves = false;
  road.is_member = true;
  road.up = socket;
}

int lc_road_threads (void) {
  lock();
  int n = road.serves ? 1 : 0;
  unlock();
  return n;
}

void lc_road_hold (void) {
  (void)pthread_mutex_lock(&gate);
  lock();
  road.users++;
  unlock();
  (void)pthread_mutex_unlock(&gate);
}

/* The thread takes the lock itself, so it is not held meanwhile. */
static void end_all (void) {
  stop_serving();
  for (uint32_t i = 0; i < road.n; i++) (void)close(road.list[i].fd);
  road.n = 0;
  free_list();
  if (road.up >= 0) (void)close(road.up);
  road.up = -1;
}

void lc_road_release (void) {
  (void)pthread_mutex_lock(&gate);
  lock();
  bool last = --road.users == 0;
  unlock();
  if (last) end_all();
  (void)pthread_mutex_unlock(&gate);
}

void lc_road_count (uint32_t *descriptors, uint32_t *members) {
  lock();
  *descriptors = road.n;
  *members = road.nmembers + road.burying;
  unlock();
}

/* }} */
