/*
** forkserver.c: the starter's side. See forkserver.h; forker.c is the other.
**
** What one order needs is sent in one parcel, so threads do not mix; each
** waits for the answer on the life socket of its own worker. The lock guards
** which forkserver there is. While one loads modules for the first time it is
** free: orders queue up in the control socket then.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/system.h"
#include "engine/forker.h"
#include "engine/forkserver.h"
#include "engine/interpreter.h"
#include "engine/parcel.h"
#include "engine/road.h"

enum { ATTEMPTS = 3, PAUSE_MS = 100, PAUSES = 100, END_MS = 5000 };

static struct {
  pthread_mutex_t lock;
  unsigned users;
  pid_t owner;           /* who started it: a fork of us has none */
  pid_t pid;             /* 0: none */
  int control;
  unsigned loading;      /* threads that wait until it has loaded something */
  char *text;            /* that it has been told to load, in all */
  size_t len;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic uint64_t last_id;

/* {{ The process; the lock is held */

static int start_server (const lc_origin *from, int theirs, int nothing) {
  lc_interpreter *in = lc_alloc(sizeof *in);
  if (!in) return UV_ENOMEM;
  int err = lc_interpreter_find(in, from->like_lua, from->cpath,
                                "forkserver");
  int error = fcntl(2, F_GETFD) < 0 ? nothing : 2;
  int fds[] = {nothing, nothing, error, theirs};
  lc_launch how = {in->file, in->argv, fds, 4, -1, false};
  pid_t pid;
  if (!err) err = lc_uv(lc_system_launch(&how, &pid));
  if (!err) server.pid = pid;
  lc_free(in, sizeof *in);
  return err;
}

static int open_nothing (void) {
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

static int make_server (const lc_origin *from) {
  int ends[2], nothing = lc_uv(open_nothing());
  if (nothing < 0) return nothing;
  int err = lc_parcel_pair(false, ends);
  if (!err) {
    err = start_server(from, ends[1], nothing);
    (void)close(ends[1]);
    if (err) (void)close(ends[0]);
  }
  (void)close(nothing);
  if (err) return err;
  server.owner = getpid();
  server.control = ends[0];
  return 0;
}

/* It closes its socket as it ends, and sends nothing before. */
static bool has_died (void) {
  struct pollfd p = {.fd = server.control, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

/* Somebody may have stopped it: we need it. Any other gets no signal: it would
** let go what a debugger, or a leak checker, is about to hold. */
static void rouse_server (void) {
  if (server.pid && server.owner == getpid() && lc_system_stopped(server.pid))
    (void)kill(server.pid, SIGCONT);
}

static void forget_server (void) {
  if (!server.pid) return;
  (void)close(server.control);
  rouse_server();
  if (server.owner == getpid()) lc_system_reap(server.pid, END_MS);
  server.pid = 0;
}

/* Waits until something can be read, without end where `pauses` is negative,
** and for as long as it loads; `locked`: with the lock. False where nothing
** came. */
static bool await_word (int fd, int pauses, bool locked) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  for (int i = 0; pauses < 0 || i < pauses; i++) {
    int n = poll(&p, 1, PAUSE_MS);
    if (n > 0 || (n < 0 && errno != EINTR)) return true;
    if (n < 0) continue;
    if (!locked) (void)pthread_mutex_lock(&server.lock);
    rouse_server();
    if (server.loading > 0) i = 0;
    if (!locked) (void)pthread_mutex_unlock(&server.lock);
  }
  return false;
}

/* {{ Loading */

static bool write_all (int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return shutdown(fd, SHUT_WR) == 0;
}

/* The answer, as far as there is room: "" is well. */
static int read_answer (int fd, char *text, size_t size, bool locked) {
  size_t n = 0;
  ssize_t got;
  (void)await_word(fd, -1, locked);
  while ((got = recv(fd, text + n, size - n, 0)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return UV_ECONNRESET;
    n += (size_t)got;
    if (n == size) break;
  }
  if (n == 0) return UV_ECONNRESET;
  text[n - 1] = '\0';
  return n > 1 ? UV_EINVAL : 0;
}

/* With the lock: the socket that takes the text, and gives the answer. */
static int order_load (int *fd) {
  lc_order order = {.what = LC_ORDER_LOAD};
  int ends[2], err = lc_parcel_pair(true, ends);
  if (err) return err;
  err = lc_uv(lc_parcel_send(server.control, &order, sizeof order, &ends[1],
                             1));
  (void)close(ends[1]);
  *fd = ends[0];
  if (err) (void)close(ends[0]);
  return err == UV_EPIPE ? UV_ECONNRESET : err;
}

/* Closes the socket. */
static int await_load (int fd, const char *bytes, size_t len, char *problem,
                       size_t size, bool locked) {
  int err = write_all(fd, bytes, len) ? 0 : UV_ECONNRESET;
  if (!err) err = read_answer(fd, problem, size, locked);
  (void)close(fd);
  return err;
}

/* What has been loaded once is loaded by each that comes after it; it may fail
** there: then jobs have to load it themselves. */
static int load_again (void) {
  char problem[64];
  int fd, err = server.text ? order_load(&fd) : 0;
  if (err || !server.text) return err;
  err = await_load(fd, server.text, server.len, problem, sizeof problem, true);
  return err == UV_EINVAL ? 0 : err;
}

static int keep_text (const char *text, size_t len) {
  char *more = lc_realloc(server.text, server.len, server.len + len);
  if (!more) return UV_ENOMEM;
  memcpy(more + server.len, text, len);
  server.text = more;
  server.len += len;
  return 0;
}

/* }} */

static int need_server (const lc_origin *from) {
  if (server.pid && (server.owner != getpid() || has_died()))
    forget_server();
  if (server.pid) return 0;
  int err = make_server(from);
  return err ? err : load_again();
}

/* }} */

void lc_forkserver_hold (void) {
  (void)pthread_mutex_lock(&server.lock);
  server.users++;
  (void)pthread_mutex_unlock(&server.lock);
}

void lc_forkserver_release (void) {
  (void)pthread_mutex_lock(&server.lock);
  if (--server.users == 0) {
    forget_server();
    lc_free(server.text, server.len);
    server.text = NULL;
    server.len = 0;
  }
  (void)pthread_mutex_unlock(&server.lock);
}

void lc_forkserver_fork (void) {
  (void)pthread_mutex_init(&server.lock, NULL);
  if (server.pid) (void)close(server.control);
  server.pid = 0;
  server.loading = 0;
}

pid_t lc_forkserver_pid (void) {
  (void)pthread_mutex_lock(&server.lock);
  pid_t pid = server.owner == getpid() ? server.pid : 0;
  (void)pthread_mutex_unlock(&server.lock);
  return pid;
}

int lc_forkserver_load (const lc_origin *from, const char *text, size_t len,
                        char *problem, size_t size) {
  int fd;
  (void)pthread_mutex_lock(&server.lock);
  int err = need_server(from);
  pid_t pid = server.pid;
  if (!err && len > 0) err = order_load(&fd);
  if (!err && len > 0) {
    server.loading++;
    (void)pthread_mutex_unlock(&server.lock);
    err = await_load(fd, text, len, problem, size, false);
    (void)pthread_mutex_lock(&server.lock);
    server.loading--;
    if (!err && server.pid != pid) err = UV_ECONNRESET;
    if (!err) err = keep_text(text, len);
  }
  (void)pthread_mutex_unlock(&server.lock);
  return err;
}

/* {{ Births */

/* Orders a worker with these descriptors. */
static int send_order (const lc_origin *from, uint64_t id, const int *fds) {
  lc_order order = {
    .what = from->spawn ? LC_ORDER_SPAWN : LC_ORDER_FORK, .id = id
  };
  (void)pthread_mutex_lock(&server.lock);
  int err = need_server(from);
  if (!err)
    err = lc_uv(lc_parcel_send(server.control, &order, sizeof order, fds,
                               LC_NGIVEN));
  (void)pthread_mutex_unlock(&server.lock);
  return err == UV_EPIPE ? UV_ECONNRESET : err;
}

/* Its life socket is closed without a word: it had no room for descriptors,
** or it has died. */
static int why_silent (void) {
  (void)pthread_mutex_lock(&server.lock);
  int err = !server.pid || has_died() ? UV_ECONNRESET : UV_EMFILE;
  (void)pthread_mutex_unlock(&server.lock);
  return err;
}

/* Waits for the answer: 0 and the pid, or why there is no worker. */
static int await_answer (int life, pid_t *pid) {
  lc_news news;
  if (!await_word(life, PAUSES, false)) return UV_ETIMEDOUT;
  if (recv(life, &news, sizeof news, MSG_DONTWAIT) < (int)LC_NEWS_HEAD)
    return why_silent();
  *pid = (pid_t)news.value;
  return news.kind == LC_NEWS_STARTED ? 0 : news.value;
}

static int open_folder (void) {
  int fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno != EMFILE) fd = open("/", O_PATH | O_CLOEXEC);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

/* Standard output or error, or nothing where it is closed. */
static int open_output (int number) {
  int fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
  if (fd < 0 && errno == EBADF) return open_nothing();
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

/* What a worker gets, as -1 at first. */
static int gather (int *given, lc_child *child) {
  int life[2], link[2];
  int err = lc_parcel_pair(false, life);
  if (err) return err;
  child->life = life[0];
  given[LC_GIVE_LIFE] = life[1];
  err = lc_parcel_pair(true, link);
  if (err) return err;
  child->link = link[0];
  given[LC_GIVE_LINK] = link[1];
  (void)fcntl(child->link, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < LC_NGIVEN; i++) {
    if (given[i] >= 0) continue;
    int fd = i == LC_GIVE_CWD ? lc_uv(open_folder())
             : i == LC_GIVE_ROAD ? lc_road_join(&child->member)
             : lc_uv(open_output(i == LC_GIVE_OUT ? 1 : 2));
    if (fd < 0) return fd;
    given[i] = fd;
  }
  return 0;
}

static void close_all (int *fds, int n) {
  for (int i = 0; i < n; i++)
    if (fds[i] >= 0) (void)close(fds[i]);
}

void lc_forkserver_leave (lc_child *child) {
  close_all((int[]){child->link, child->life}, 2);
  child->link = child->life = -1;
  if (child->member) lc_road_leave(child->member);
  child->member = 0;
}

static int try_birth (const lc_origin *from, lc_child *child) {
  int given[LC_NGIVEN] = {-1, -1, -1, -1, -1, -1};
  *child = (lc_child){.link = -1, .life = -1};
  child->id = atomic_fetch_add(&last_id, 1) + 1;
  int err = gather(given, child);
  if (!err) err = send_order(from, child->id, given);
  close_all(given, LC_NGIVEN);
  if (!err) err = await_answer(child->life, &child->pid);
  if (err) lc_forkserver_leave(child);
  return err;
}

/* A worker waits for what its link brings before it does anything: trying
** again can't do a thing twice. */
int lc_forkserver_birth (const lc_origin *from, lc_child *child) {
  int err = UV_ECONNRESET;
  (void)fflush(stdout);
  for (int i = 0; i < ATTEMPTS && err == UV_ECONNRESET; i++)
    err = try_birth(from, child);
  return err;
}

/* }} */

void lc_forkserver_kill (uint64_t id, int signal) {
  lc_order order = {.what = LC_ORDER_KILL, .signal = signal, .id = id};
  (void)pthread_mutex_lock(&server.lock);
  if (server.pid && server.owner == getpid())
    (void)lc_parcel_send(server.control, &order, sizeof order, NULL, 0);
  if (signal == SIGKILL) rouse_server();   /* the order must get there */
  (void)pthread_mutex_unlock(&server.lock);
}

void lc_forkserver_look (int life, lc_fate *fate) {
  lc_news news;
  ssize_t got;
  *fate = (lc_fate){.lot = LC_LIVES};
  do got = recv(life, &news, sizeof news, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  bool told = got >= (ssize_t)LC_NEWS_HEAD;
  fate->how = told ? news.value : SIGKILL;
  fate->lot = !told ? LC_LOST
              : news.kind == LC_NEWS_EXITED ? LC_EXITED : LC_KILLED;
  if (!told) return;
  fate->nwords = (size_t)got - LC_NEWS_HEAD;
  memcpy(fate->words, news.words, fate->nwords);
}
