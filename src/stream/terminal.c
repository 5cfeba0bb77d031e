/*
** terminal.c: the terminal and its modes. See terminal.h.
*/

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fault.h"
#include "stream/terminal.h"

/* What ends a process, and that it may live to tell. */
static const int fatal[] = {
  SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
  SIGILL, SIGSYS, SIGXCPU, SIGXFSZ, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM
};

enum { FATAL = sizeof fatal / sizeof *fatal };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned depth;
static bool registered;
static volatile int terminal = -1;   /* a descriptor of our own; -1: not raw */
static struct termios usual, raw;    /* set before `terminal` */

/* The first of descriptors 0 to 2 that is a terminal, or UV_ENOTTY. */
static int find_terminal (void) {
  for (int fd = 0; fd < 3; fd++)
    if (isatty(fd)) return fd;
  return UV_ENOTTY;
}

int lc_terminal_size (int *columns, int *rows) {
  struct winsize size;
  int fd = find_terminal();
  if (fd < 0) return fd;
  if (ioctl(fd, TIOCGWINSZ, &size)) return uv_translate_sys_error(errno);
  *columns = size.ws_col;
  *rows = size.ws_row;
  return 0;
}

/* {{ Leaving it */

/* A process in the background is not stopped by this. */
static void set_mode (const struct termios *mode) {
  sigset_t stop, mask;
  int fd = terminal;
  if (fd < 0) return;
  (void)sigemptyset(&stop);
  (void)sigaddset(&stop, SIGTTOU);
  (void)pthread_sigmask(SIG_BLOCK, &stop, &mask);
  (void)tcsetattr(fd, TCSANOW, mode);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void lc_terminal_abandon (void) {
  set_mode(&usual);
}

static void on_fatal (int number) {
  lc_terminal_abandon();
  (void)signal(number, SIG_DFL);
  (void)raise(number);
}

/* In the background the terminal is somebody else's: when that is over there
** is a SIGCONT. */
static void go_raw_again (void) {
  if (terminal >= 0 && tcgetpgrp(terminal) == getpgrp()) set_mode(&raw);
}

/* To be stopped, by a shell or by hand: others find the terminal as it was. */
static void on_stop (int number) {
  int saved = errno;
  sigset_t own;
  lc_terminal_abandon();
  (void)signal(number, SIG_DFL);
  (void)sigemptyset(&own);
  (void)sigaddset(&own, number);
  (void)kill(getpid(), number);
  (void)pthread_sigmask(SIG_UNBLOCK, &own, NULL);   /* here it stops */
  (void)pthread_sigmask(SIG_BLOCK, &own, NULL);
  (void)signal(number, on_stop);
  go_raw_again();
  errno = saved;
}

static void on_continue (int number) {
  int saved = errno;
  (void)number;
  go_raw_again();
  errno = saved;
}

/* Only what has no other handler. */
static void take_signal (int number, void (*handler) (int)) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) || action.sa_handler != SIG_DFL)
    return;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = handler == on_fatal ? 0 : SA_RESTART;
  (void)sigaction(number, &action, NULL);
}

static void leave_signal (int number, void (*handler) (int)) {
  struct sigaction action;
  if (sigaction(number, NULL, &action)) return;
  if (action.sa_handler == handler) (void)signal(number, SIG_DFL);
}

static void guard (void) {
  for (int i = 0; i < FATAL; i++) take_signal(fatal[i], on_fatal);
  take_signal(SIGTSTP, on_stop);
  take_signal(SIGCONT, on_continue);
}

static void unguard (void) {
  for (int i = 0; i < FATAL; i++) leave_signal(fatal[i], on_fatal);
  leave_signal(SIGTSTP, on_stop);
  leave_signal(SIGCONT, on_continue);
}

static void restore (void) {
  int fd = terminal;
  if (fd < 0) return;
  lc_terminal_abandon();
  terminal = -1;
  unguard();
  (void)close(fd);
}

void lc_terminal_leave (void) {
  pthread_mutex_lock(&mutex);
  if (--depth == 0) restore();
  pthread_mutex_unlock(&mutex);
}

/* }} */

/* {{ Entering it */

static int make_raw (void) {
  int found = find_terminal();
  int fd = found < 0 ? found : fcntl(found, F_DUPFD_CLOEXEC, 3);
  if (found < 0) return found;
  if (fd < 0) return uv_translate_sys_error(errno);
  if (tcgetattr(fd, &usual) == 0) {
    raw = usual;
    cfmakeraw(&raw);
    terminal = fd;
    guard();
    if (tcsetattr(fd, TCSANOW, &raw) == 0) return 0;
  }
  int err = uv_translate_sys_error(errno);
  if (terminal >= 0) restore();
  else (void)close(fd);
  return err;
}

int lc_terminal_enter (void) {
  pthread_mutex_lock(&mutex);
  int err = depth > 0 ? 0 : lc_uv(make_raw());
  if (!err) depth++;
  if (!err && !registered) registered = atexit(lc_terminal_abandon) == 0;
  pthread_mutex_unlock(&mutex);
  return err;
}

/* }} */
