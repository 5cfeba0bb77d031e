/*
** forker.c: a forkserver at work. See forker.h.
**
** It sleeps in ppoll with SIGCHLD let in only there, so that no end of a
** child is missed; all else that arrives is blocked or ignored. Workers are
** found by the id that orders name, and by the pid that wait returns.
**
** A worker that has been forked gets its descriptors put in place and all
** others closed, among them the sockets of its brothers. It leaves the list
** of them in memory: to free it would only copy pages.
**
** Its standard error is a pipe to us (relay.h), so that its last words are
** known when it dies.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/system.h"
#include "engine/forker.h"
#include "engine/interpreter.h"
#include "engine/parcel.h"
#include "engine/relay.h"

enum { CHAINS = 512, RETRY_NS = 10000000, OTHERS = 4 };

typedef struct worker {
  struct worker *next_id, *next_pid;
  uint64_t id;
  pid_t pid;
  int life;
  lc_relay *relay;         /* of its standard error */
} worker;

static struct {
  worker *by_id[CHAINS], *by_pid[CHAINS];
  uint32_t n;
  pid_t self;
  struct sigaction before[OTHERS];   /* of signals: workers get it back */
} brood;

/* {{ The list */

static void add_worker (worker *w) {
  worker **id = &brood.by_id[w->id % CHAINS];
  worker **pid = &brood.by_pid[w->pid % CHAINS];
  w->next_id = *id;
  w->next_pid = *pid;
  *id = *pid = w;
  brood.n++;
}

static worker *find_id (uint64_t id) {
  worker *w = brood.by_id[id % CHAINS];
  while (w && w->id != id) w = w->next_id;
  return w;
}

/* Takes it out of both; NULL: none of ours, an orphan that was adopted. */
static worker *take_pid (pid_t pid) {
  worker **at = &brood.by_pid[pid % CHAINS];
  while (*at && (*at)->pid != pid) at = &(*at)->next_pid;
  worker *w = *at;
  if (!w) return NULL;
  *at = w->next_pid;
  at = &brood.by_id[w->id % CHAINS];
  while (*at != w) at = &(*at)->next_id;
  *at = w->next_id;
  brood.n--;
  return w;
}

/* }} */

/* {{ Signals */

static void on_child (int number) {
  (void)number;   /* to interrupt ppoll is all it is for */
}

static void set_signal (int number, void (*handler) (int)) {
  struct sigaction sa = {.sa_handler = handler};
  sigemptyset(&sa.sa_mask);
  (void)sigaction(number, &sa, NULL);
}

/* What is for the process that we serve; and where its standard error has no
** reader any more, what workers write there is lost, and no more than that. */
static const int others[OTHERS] = {SIGHUP, SIGQUIT, SIGINT, SIGPIPE};

static void ignore_others (void) {
  for (int i = 0; i < OTHERS; i++) set_signal(others[i], SIG_IGN);
}

static void restore_others (void) {
  for (int i = 0; i < OTHERS; i++)
    (void)sigaction(others[i], &brood.before[i], NULL);
}

/* Who ends us is the process that we serve; what a terminal or a supervisor
** sends to the whole group is for that one to deal with. */
static void set_signals (void) {
  sigset_t blocked;
  for (int i = 0; i < OTHERS; i++)
    (void)sigaction(others[i], NULL, &brood.before[i]);
  ignore_others();
  set_signal(SIGTERM, SIG_IGN);
  set_signal(SIGCHLD, on_child);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  (void)sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void on_nothing (int number) {
  (void)number;
}

/* Ctrl-C is for who has started a worker. But a handler is not passed on to
** programs, which SIG_IGN would keep from being stopped so. */
static void ignore_interrupts (void) {
  struct sigaction now, none = {.sa_handler = on_nothing,
                                .sa_flags = SA_RESTART};
  sigemptyset(&none.sa_mask);
  (void)sigaction(SIGINT, NULL, &now);
  if (now.sa_handler != SIG_IGN) (void)sigaction(SIGINT, &none, NULL);
}

static void block_all (sigset_t *before) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, before);
}

/* }} */

/* {{ Reaping */

static void tell (int life, lc_newskind kind, int value) {
  lc_news news = {.kind = (int32_t)kind, .value = value};
  (void)lc_parcel_send(life, &news, LC_NEWS_HEAD, NULL, 0);
}

/* Its output has been passed on when its end is told. */
static void bury (worker *w, int status) {
  bool killed = WIFSIGNALED(status);
  lc_news news = {
    .kind = killed ? LC_NEWS_KILLED : LC_NEWS_EXITED,
    .value = killed ? WTERMSIG(status) : WEXITSTATUS(status)
  };
  size_t len = lc_relay_end(w->relay, news.words);
  (void)lc_parcel_send(w->life, &news, LC_NEWS_HEAD + len, NULL, 0);
  (void)close(w->life);
  lc_free(w, sizeof *w);
}

/* Reaps who has ended; with `wait`, until there are no workers left. */
static void reap (bool wait) {
  int status;
  while (!wait || brood.n > 0) {
    pid_t pid = waitpid(-1, &status, wait ? 0 : WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) break;
    worker *w = take_pid(pid);
    if (w) bury(w, status);
  }
}

static void end_workers (void) {
  for (int i = 0; i < CHAINS; i++)
    for (worker *w = brood.by_id[i]; w; w = w->next_id)
      (void)kill(w->pid, SIGKILL);
  reap(true);
}

/* }} */

/* {{ Births */

/* Its standard input is ours: nothing. `error` is its end of the relay. */
static void list_places (const lc_parcel *given, int error, int *places) {
  places[0] = 0;
  places[1] = given->fds[LC_GIVE_OUT];
  places[2] = error;
  places[LC_PLACE_LINK] = given->fds[LC_GIVE_LINK];
  places[LC_PLACE_ROAD] = given->fds[LC_GIVE_ROAD];
}

/* In the new worker: it starts as a child of ours, or not at all. */
static void become_worker (const lc_parcel *given, int error) {
  int places[LC_NPLACES];
  list_places(given, error, places);
  if (!lc_system_tie(brood.self) || fchdir(given->fds[LC_GIVE_CWD])
      || lc_system_descriptors(places, LC_NPLACES)) _exit(127);
}

static int spawn_worker (const lc_parcel *given, int error, pid_t *pid) {
  static lc_interpreter in;
  int places[LC_NPLACES];
  int err = in.argv[0] ? 0 : lc_interpreter_find(&in, true, "", "worker");
  if (err) return err;
  list_places(given, error, places);
  lc_launch how = {in.file, in.argv, places, LC_NPLACES,
                   given->fds[LC_GIVE_CWD], true};
  sigset_t before;
  block_all(&before);
  restore_others();   /* a program keeps what is ignored */
  err = lc_system_launch(&how, pid);
  ignore_others();
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  return err;
}

/* Nothing of ours is in the buffers, but of the modules that we loaded. */
static int fork_worker (pid_t *pid) {
  sigset_t before;
  (void)fflush(NULL);
  block_all(&before);
  *pid = fork();
  if (*pid == 0) return 0;
  int err = *pid < 0 ? uv_translate_sys_error(errno) : 0;
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  return err;
}

/* Makes the process; *pid is 0 in the new worker. */
static int beget (const lc_order *order, const lc_parcel *given, worker *w) {
  int error = -1;
  int err = lc_relay_new(given->fds[LC_GIVE_ERR], &error, &w->relay);
  if (!err && order->what == LC_ORDER_SPAWN)
    err = spawn_worker(given, error, &w->pid);
  else if (!err) {
    err = fork_worker(&w->pid);
    if (!err && w->pid == 0) become_worker(given, error);
  }
  if (error >= 0 && (err || w->pid)) (void)close(error);
  if (err) lc_relay_drop(w->relay);
  return err;
}

/* True in the new worker. */
static bool make_worker (const lc_order *order, lc_parcel *given) {
  worker *w = given->n == LC_NGIVEN ? lc_alloc(sizeof *w) : NULL;
  int err = given->n < LC_NGIVEN ? UV_EMFILE : w ? 0 : UV_ENOMEM;
  int life = given->n > 0 ? given->fds[LC_GIVE_LIFE] : -1;
  if (w) *w = (worker){.id = order->id, .life = life};
  if (!err) err = beget(order, given, w);
  if (!err && w->pid == 0) {
    lc_free(w, sizeof *w);
    return true;
  }
  if (life >= 0)
    tell(life, err ? LC_NEWS_REFUSED : LC_NEWS_STARTED, err ? err : w->pid);
  if (err) {
    lc_free(w, sizeof *w);
    return false;
  }
  given->fds[LC_GIVE_LIFE] = -1;
  add_worker(w);
  return false;
}

/* }} */

/* {{ Serving */

static void kill_worker (const lc_order *order) {
  worker *w = find_id(order->id);
  if (w) (void)kill(w->pid, order->signal);
}

typedef enum outcome { GOES_ON, OVER, IS_WORKER } outcome;

static struct { lc_loader *load; void *owner; } loader;

static outcome take_order (void) {
  lc_order order;
  lc_parcel given;
  ssize_t got = lc_parcel_recv(LC_FORKER_CONTROL, &order, sizeof order,
                               &given);
  if (got == 0 || (got < 0 && got != UV_EAGAIN)) return OVER;
  if (got == sizeof order) {
    if (order.what == LC_ORDER_KILL) kill_worker(&order);
    else if (order.what == LC_ORDER_LOAD) {
      if (given.n == 1) loader.load(loader.owner, given.fds[0]);
    }
    else if (make_worker(&order, &given)) return IS_WORKER;
  }
  lc_parcel_close(&given);
  return GOES_ON;
}

/* The second descriptor tells that our parent is gone even where somebody
** else has kept the other end of the control socket; -1: can't be told. */
static outcome serve (int parent, int relays) {
  struct pollfd watched[] = {
    {.fd = LC_FORKER_CONTROL, .events = POLLIN},
    {.fd = parent, .events = POLLIN},
    {.fd = relays, .events = POLLIN}
  };
  struct timespec retry = {.tv_nsec = RETRY_NS};
  sigset_t none;
  sigemptyset(&none);
  for (;;) {
    int n = ppoll(watched, 3, lc_relay_waits() ? &retry : NULL, &none);
    lc_relay_pass(n > 0 && watched[2].revents);
    reap(false);
    if (n <= 0) continue;
    outcome o = watched[1].revents ? OVER
                : watched[0].revents ? take_order() : GOES_ON;
    if (o != GOES_ON) return o;
  }
}

bool lc_forker_serve (lc_loader *load, void *owner) {
  loader.load = load;
  loader.owner = owner;
  brood.self = getpid();
  set_signals();
  lc_system_adopt();
  lc_system_rename("luaconc-forks");
  (void)fcntl(LC_FORKER_CONTROL, F_SETFD, FD_CLOEXEC);
  int parent = lc_system_pidfd(getppid()), relays = lc_relay_open();
  if (relays >= 0 && serve(parent, relays) == IS_WORKER) return false;
  end_workers();
  lc_relay_close();
  if (parent >= 0) (void)close(parent);
  (void)close(LC_FORKER_CONTROL);
  return true;
}

void lc_forker_settle (void) {
  block_all(NULL);
  for (int fd = LC_PLACE_LINK; fd < LC_NPLACES; fd++)
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (brood.self) restore_others();
  ignore_interrupts();
  set_signal(SIGTERM, SIG_DFL);
  set_signal(SIGCHLD, SIG_DFL);
  lc_system_rename("luaconc-worker");
}

void lc_forker_fork (void) {
  ignore_interrupts();
  set_signal(SIGTERM, SIG_DFL);
  set_signal(SIGCHLD, SIG_DFL);
  lc_system_rename("luaconc-worker");
}

void lc_forker_open (void) {
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* }} */
