/*
** pump.c: a thread that carries bytes. See pump.h.
*/

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/fault.h"
#include "program/pump.h"

enum {
  CHUNK = 65536,
  PATIENCE_MS = 1000   /* with an output that is stuck, once all is said */
};

/* Waits until there is input; false where nobody wants it. (A file is always
** readable; a pipe without a reader tells so.) */
static bool await_input (const lc_pump *p) {
  struct pollfd fds[2] = {{.fd = p->from, .events = POLLIN},
                          {.fd = p->to}};
  while (poll(fds, 2, -1) < 0)
    if (errno != EINTR) return false;
  return !(fds[1].revents & (POLLERR | POLLNVAL));
}

/* Waits until there is room; false where the output is stuck and the other
** end of the input has gone. */
static bool await_room (const lc_pump *p) {
  struct pollfd fds[2] = {{.fd = p->to, .events = POLLOUT},
                          {.fd = p->from}};
  int n;
  do n = poll(fds, 2, -1);
  while (n < 0 && errno == EINTR);
  if (n <= 0 || fds[0].revents) return n > 0;
  do n = poll(fds, 1, PATIENCE_MS);
  while (n < 0 && errno == EINTR);
  return n > 0;
}

static bool is_passing (void) {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static bool write_all (const lc_pump *p, const char *data, size_t left) {
  while (left) {
    ssize_t n = await_room(p) ? write(p->to, data, left) : 0;
    if (n == 0 || (n < 0 && !is_passing())) return false;
    if (n < 0) continue;
    data += n;
    left -= (size_t)n;
  }
  return true;
}

static void *carry (void *arg) {
  const lc_pump *p = arg;
  char data[CHUNK];
  while (await_input(p)) {
    ssize_t n = read(p->from, data, sizeof data);
    if (n < 0 && is_passing()) continue;
    if (n <= 0 || !write_all(p, data, (size_t)n)) break;
  }
  (void)close(p->from);
  (void)close(p->to);
  return NULL;
}

static int start_thread (lc_pump *p) {
  sigset_t all, mask;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
  int failed = pthread_create(&p->thread, NULL, carry, p);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return failed ? uv_translate_sys_error(failed) : 0;
}

int lc_pump_start (lc_pump *p, int from, int to) {
  p->from = from;
  p->to = to;
  int err = lc_uv(start_thread(p));
  p->running = !err;
  return err;
}

void lc_pump_join (lc_pump *p) {
  if (p->running) (void)pthread_join(p->thread, NULL);
  p->running = false;
}
