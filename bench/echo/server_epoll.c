/* The limit: an echo server in C on epoll, with nothing in between.
 *
 * One receive buffer, as in server_c.c. What does not fit into a socket is
 * kept, and the connection is not read until it has gone out; so a server
 * needs no more than one block for each slow reader. Prints its port; ends
 * when standard input ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn {
  int fd;
  size_t from, len; /* of what is kept */
  char *kept;       /* NULL: nothing */
};

static char buffer[65536];
static int epoll;

static void watch(struct conn *c, int how, uint32_t events) {
  struct epoll_event ev = {.events = events};
  ev.data.ptr = c;
  if (epoll_ctl(epoll, how, c->fd, &ev)) perror("server_epoll: epoll_ctl");
}

static void close_conn(struct conn *c) {
  close(c->fd);
  free(c->kept);
  free(c);
}

/* How much went out; -1 where the connection is broken. */
static ssize_t send_some(int fd, const char *data, size_t len) {
  ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

static void keep(struct conn *c, const char *data, size_t len) {
  c->kept = malloc(len);
  if (c->kept == NULL) abort();
  memcpy(c->kept, data, len);
  c->from = 0;
  c->len = len;
  watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

static void send_kept(struct conn *c) {
  ssize_t n = send_some(c->fd, c->kept + c->from, c->len - c->from);
  if (n < 0) {
    close_conn(c);
    return;
  }
  c->from += (size_t)n;
  if (c->from < c->len) return;
  free(c->kept);
  c->kept = NULL;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void echo(struct conn *c) {
  ssize_t got = recv(c->fd, buffer, sizeof buffer, 0), sent;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  sent = got > 0 ? send_some(c->fd, buffer, (size_t)got) : -1;
  if (sent < 0)
    close_conn(c);
  else if (sent < got)
    keep(c, buffer + sent, (size_t)(got - sent));
}

static void take(int listener) {
  int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  struct conn *c;
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  c = calloc(1, sizeof *c);
  if (c == NULL) abort();
  c->fd = fd;
  watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static int listen_on(void) {
  struct sockaddr_in addr = {.sin_family = AF_INET};
  socklen_t len = sizeof addr;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 4096) ||
      getsockname(fd, (struct sockaddr *)&addr, &len)) {
    perror("server_epoll");
    exit(1);
  }
  printf("port %d\n", ntohs(addr.sin_port));
  fflush(stdout);
  return fd;
}

/* Until standard input ends, which is watched for nothing else. */
static void serve(const struct conn *listener, const struct conn *input) {
  struct epoll_event events[1024];
  for (;;) {
    int i, n = epoll_wait(epoll, events, 1024, -1);
    for (i = 0; i < n; i++) {
      struct conn *c = events[i].data.ptr;
      if (c == input) return;
      if (c == listener)
        take(c->fd);
      else if (c->kept != NULL)
        send_kept(c);
      else
        echo(c);
    }
  }
}

int main(void) {
  struct conn listener = {0}, input = {0};
  epoll = epoll_create1(EPOLL_CLOEXEC);
  listener.fd = listen_on();
  watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
  watch(&input, EPOLL_CTL_ADD, EPOLLIN);
  serve(&listener, &input);
  return 0;
}
