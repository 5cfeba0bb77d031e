/* The load generator: N connections that each send a message, wait for the
 * whole echo, check it, and send the next.
 *
 *   load [options] -- SERVER ARGUMENTS...    start the server, load it
 *   load [options] -p PORT                   load a server that is running
 *
 *   -c N    connections (64)          -s N    bytes a message (64)
 *   -t S    seconds (1)               -n N    this many echoes instead
 *   -w S    warm-up seconds (0.2)
 *   -i      idle connections: memory each, and a message on each at once
 *
 * Prints lines `name value`; exits with 1 when a connection failed or an
 * echo was not what was sent.
 *
 * It has to cost less than the server. So: plain epoll, edge-triggered (a
 * message in flight per connection makes that safe: after a whole echo
 * nothing more can come), one recv and one send an echo, one reading of
 * the clock, and a complete comparison only every 64th time; the others
 * compare a stamp at both ends of the message. The server is pinned to one
 * CPU and the load to another where there are two. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "latency.h"

enum { STAMP = 8, SILENCE_MS = 5000 };

struct conn {
  int fd;
  size_t sent, got; /* of the message under way */
  uint64_t number;  /* of the message under way */
  uint64_t since;   /* when it was sent */
  char *in, *out;
};

struct load {
  unsigned conns;
  size_t size;
  double seconds, warm;
  uint64_t count; /* 0: go by time */
  int idle, port;
  int epoll;
  int draining; /* no new messages */
  unsigned busy; /* connections with a message under way */
  uint64_t begun, done;
  unsigned failed, wrong;
  struct conn *all;
  struct latency latency;
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- one connection ---- */

static void fail_conn(struct load *l, struct conn *c, const char *what) {
  if (l->failed++ < 3)
    fprintf(stderr, "load: connection %u: %s: %s\n", (unsigned)(c - l->all),
            what, errno ? strerror(errno) : "ended by the server");
  close(c->fd);
  c->fd = -1;
  l->busy--;
}

static void send_more(struct load *l, struct conn *c) {
  while (c->sent < l->size) {
    ssize_t n = send(c->fd, c->out + c->sent, l->size - c->sent,
                     MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      fail_conn(l, c, "send");
      return;
    }
    c->sent += (size_t)n;
  }
}

static void send_next(struct load *l, struct conn *c, uint64_t now) {
  if (l->draining || (l->count && l->begun >= l->count)) {
    l->busy--;
    return;
  }
  l->begun++;
  c->number++;
  memcpy(c->out, &c->number, STAMP);
  memcpy(c->out + l->size - STAMP, &c->number, STAMP);
  c->sent = c->got = 0;
  c->since = now;
  send_more(l, c);
}

static int same(const struct load *l, const struct conn *c) {
  if (c->number % 64 == 1) return memcmp(c->in, c->out, l->size) == 0;
  return memcmp(c->in, c->out, STAMP) == 0 &&
         memcmp(c->in + l->size - STAMP, c->out + l->size - STAMP,
                STAMP) == 0;
}

static void take_echo(struct load *l, struct conn *c) {
  uint64_t now = now_ns();
  if (!same(l, c)) l->wrong++;
  latency_add(&l->latency, now - c->since);
  l->done++;
  send_next(l, c, now);
}

/* A short count means that the socket is empty: the next edge will come. */
static void receive(struct load *l, struct conn *c) {
  size_t want = l->size - c->got;
  ssize_t n = recv(c->fd, c->in + c->got, want, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    if (n == 0) errno = 0;
    fail_conn(l, c, "recv");
    return;
  }
  c->got += (size_t)n;
  if (c->got == l->size) take_echo(l, c);
}

static void turn(struct load *l, struct conn *c) {
  if (c->fd >= 0 && c->sent < l->size) send_more(l, c);
  if (c->fd >= 0) receive(l, c);
}

/* ---- all of them ---- */

static int dial(int port) {
  struct sockaddr_in addr = {.sin_family = AF_INET};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  addr.sin_port = htons((uint16_t)port);
  if (connect(fd, (struct sockaddr *)&addr, sizeof addr)) {
    close(fd);
    return -1;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static int watch(struct load *l, struct conn *c) {
  struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
  ev.data.ptr = c;
  if (fcntl(c->fd, F_SETFL, O_NONBLOCK)) return -1;
  return epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

static int open_conn(struct load *l, struct conn *c) {
  size_t i;
  c->fd = dial(l->port);
  c->in = malloc(2 * l->size);
  if (c->fd < 0 || c->in == NULL) return -1;
  c->out = c->in + l->size;
  for (i = 0; i < l->size; i++) c->out[i] = (char)('a' + i % 23);
  return watch(l, c);
}

static int open_all(struct load *l) {
  unsigned i;
  l->all = calloc(l->conns, sizeof *l->all);
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (l->all == NULL || l->epoll < 0) return -1;
  for (i = 0; i < l->conns; i++) {
    if (open_conn(l, &l->all[i]) == 0) continue;
    fprintf(stderr, "load: connection %u of %u: %s\n", i + 1, l->conns,
            strerror(errno));
    return -1;
  }
  return 0;
}

static void start_all(struct load *l) {
  uint64_t now = now_ns();
  unsigned i;
  l->busy = l->conns;
  for (i = 0; i < l->conns; i++) send_next(l, &l->all[i], now);
}

/* Serve events until the time is up (0: no limit) or nothing is under way. */
static void run_load(struct load *l, uint64_t until) {
  struct epoll_event events[256];
  while (l->busy > 0 && (until == 0 || now_ns() < until)) {
    int i, n = epoll_wait(l->epoll, events, 256, SILENCE_MS);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      fprintf(stderr, "load: no echo for %d ms\n", SILENCE_MS);
      l->failed++;
      return;
    }
    for (i = 0; i < n; i++) turn(l, events[i].data.ptr);
  }
}

static void close_all(struct load *l, int reset) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  unsigned i;
  for (i = 0; i < l->conns; i++) {
    struct conn *c = &l->all[i];
    if (c->in == NULL) continue;
    if (reset && c->fd >= 0)
      setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (c->fd >= 0) close(c->fd);
    free(c->in);
  }
  free(l->all);
  close(l->epoll);
}

/* ---- the two measurements ---- */

static double own_cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void print_rate(const struct load *l, double wall, double cpu,
                       double own) {
  double n = l->done ? (double)l->done : 1;
  printf("requests %llu\n", (unsigned long long)l->done);
  printf("seconds %.4f\n", wall);
  printf("rps %.0f\n", (double)l->done / wall);
  printf("server_us %.4f\n", cpu / n * 1e6);
  printf("server_busy %.3f\n", cpu / wall);
  printf("load_us %.4f\n", own / n * 1e6);
  printf("p50_us %.1f\n", latency_at(&l->latency, 0.5) / 1e3);
  printf("p90_us %.1f\n", latency_at(&l->latency, 0.9) / 1e3);
  printf("p99_us %.1f\n", latency_at(&l->latency, 0.99) / 1e3);
  printf("max_us %.1f\n", latency_at(&l->latency, 1) / 1e3);
}

static void measure_rate(struct load *l, const struct child *child) {
  double cpu, own;
  uint64_t start;
  start_all(l);
  if (l->count == 0) run_load(l, now_ns() + (uint64_t)(l->warm * 1e9));
  l->done = 0;
  memset(&l->latency, 0, sizeof l->latency);
  start = now_ns();
  own = own_cpu();
  cpu = child->pid ? child_cpu(child) : 0;
  run_load(l, l->count ? 0 : start + (uint64_t)(l->seconds * 1e9));
  cpu = child->pid ? child_cpu(child) - cpu : 0;
  print_rate(l, (double)(now_ns() - start) / 1e9, cpu, own_cpu() - own);
  l->draining = 1;
  run_load(l, 0);
}

/* Ask the server to collect its garbage. Servers without any just echo. */
static int collect(int port) {
  char back[16];
  struct pollfd wait = {.events = POLLIN};
  struct timespec nap = {.tv_nsec = 50000000};
  int ok, fd = dial(port);
  wait.fd = fd;
  if (fd < 0) return -1;
  ok = send(fd, "collect\n", 8, MSG_NOSIGNAL) == 8 &&
       poll(&wait, 1, SILENCE_MS) == 1 && recv(fd, back, 16, 0) == 8;
  close(fd);
  nanosleep(&nap, NULL);
  if (!ok) fprintf(stderr, "load: no answer to `collect`\n");
  return ok ? 0 : -1;
}

/* A message on each of the connections that waited, all at once. */
static void measure_wake(struct load *l, const struct child *child) {
  uint64_t start = now_ns();
  double cpu = child_cpu(child);
  double n = (double)l->conns;
  l->count += l->conns;
  start_all(l);
  run_load(l, 0);
  printf("wake_us %.4f\n", (child_cpu(child) - cpu) / n * 1e6);
  printf("wall_us %.4f\n", (double)(now_ns() - start) / n / 1e3);
}

/* Memory for each connection that has echoed once and now waits. */
static void measure_idle(struct load *l, const struct child *child) {
  long before, after;
  if (collect(l->port)) l->failed++;
  before = child_rss(child);
  if (open_all(l)) {
    l->failed++;
    return;
  }
  l->count = l->conns;
  start_all(l);
  run_load(l, 0);
  if (collect(l->port)) l->failed++;
  after = child_rss(child);
  printf("connections %llu\n", (unsigned long long)l->done);
  printf("rss_before %ld\n", before);
  printf("rss_after %ld\n", after);
  printf("bytes %.1f\n", (double)(after - before) / (double)l->conns);
  measure_wake(l, child);
}

/* ---- the program ---- */

static int usage(void) {
  fputs("usage: load [-c conns] [-s bytes] [-t seconds | -n echoes]"
        " [-w seconds] [-i] (-p port | -- server...)\n", stderr);
  return 2;
}

static int parse(struct load *l, int argc, char **argv) {
  int opt;
  while ((opt = getopt(argc, argv, "+c:s:t:n:w:p:i")) != -1) {
    switch (opt) {
      case 'c': l->conns = (unsigned)strtoul(optarg, NULL, 10); break;
      case 's': l->size = strtoul(optarg, NULL, 10); break;
      case 't': l->seconds = strtod(optarg, NULL); break;
      case 'n': l->count = strtoull(optarg, NULL, 10); break;
      case 'w': l->warm = strtod(optarg, NULL); break;
      case 'p': l->port = (int)strtol(optarg, NULL, 10); break;
      case 'i': l->idle = 1; break;
      default: return -1;
    }
  }
  if (l->conns == 0 || l->size < 2 * STAMP || l->seconds > 60) return -1;
  return (l->port > 0) == (optind >= argc) ? 0 : -1;
}

/* The first two CPUs that we may use: the server's and ours. */
static void pick_cpus(int *server, int *own) {
  cpu_set_t set;
  int i, found = 0;
  *server = *own = -1;
  if (sched_getaffinity(0, sizeof set, &set)) return;
  for (i = 0; i < CPU_SETSIZE && found < 2; i++) {
    if (!CPU_ISSET((size_t)i, &set)) continue;
    if (found++ == 0) *server = i;
    else *own = i;
  }
  if (found < 2) *server = -1;
}

static void pin_self(int cpu) {
  cpu_set_t set;
  if (cpu < 0) return;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) perror("load: pinning");
}

static void measure(struct load *l, const struct child *child) {
  if (l->idle) {
    measure_idle(l, child);
  } else if (open_all(l) == 0) {
    measure_rate(l, child);
  } else {
    l->failed++;
  }
  printf("failed %u\nwrong %u\n", l->failed, l->wrong);
  if (l->all != NULL) close_all(l, l->idle);
}

int main(int argc, char **argv) {
  static struct load l = {
      .conns = 64, .size = 64, .seconds = 1, .warm = 0.2};
  struct child child = {0};
  int server_cpu, own_cpu_number, ended = 0;
  if (parse(&l, argc, argv)) return usage();
  signal(SIGPIPE, SIG_IGN);
  pick_cpus(&server_cpu, &own_cpu_number);
  if (l.port == 0) {
    if (child_start(&child, argv + optind, server_cpu)) return 1;
    l.port = child.port;
  }
  pin_self(own_cpu_number);
  measure(&l, &child);
  if (child.pid) ended = child_stop(&child);
  return l.failed || l.wrong || ended ? 1 : 0;
}
