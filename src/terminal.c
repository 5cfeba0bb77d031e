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

#include "fault.h"
#include "terminal.h"

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
static struct termios usual;         /* set before `terminal` */

int lc_terminal_find (void) {
  for (int fd = 0; fd < 3; fd++)
    if (isatty(fd)) return fd;
  return UV_ENOTTY;
}

int lc_terminal_size (int *columns, int *rows) {
  struct winsize size;
  int fd = lc_terminal_find();
  if (fd < 0) return fd;
  if (ioctl(fd, TIOCGWINSZ, &size)) return uv_translate_sys_error(errno);
  *columns = size.ws_col;
  *rows = size.ws_row;
  return 0;
}

/* {{ Leaving it */

/* A process in the background is not stopped by this. */
void lc_terminal_abandon (void) {
  sigset_t stop, mask;
  int fd = terminal;
  if (fd < 0) return;
  (void)sigemptyset(&stop);
  (void)sigaddset(&stop, SIGTTOU);
  (void)pthread_sigmask(SIG_BLOCK, &stop, &mask);
  (void)tcsetattr(fd, TCSANOW, &usual);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void on_fatal (int number) {
  lc_terminal_abandon();
  (void)signal(number, SIG_DFL);
  (void)raise(number);
}

static void guard (void) {
  for (int i = 0; i < FATAL; i++) {
    struct sigaction action;
    if (sigaction(fatal[i], NULL, &action)) continue;
    if (action.sa_handler != SIG_DFL) continue;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_fatal;
    (void)sigaction(fatal[i], &action, NULL);
  }
}

static void unguard (void) {
  for (int i = 0; i < FATAL; i++) {
    struct sigaction action;
    if (sigaction(fatal[i], NULL, &action)) continue;
    if (action.sa_handler == on_fatal) (void)signal(fatal[i], SIG_DFL);
  }
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
  struct termios mode;
  int found = lc_terminal_find();
  int fd = found < 0 ? found : fcntl(found, F_DUPFD_CLOEXEC, 3);
  if (found < 0) return found;
  if (fd < 0) return uv_translate_sys_error(errno);
  if (tcgetattr(fd, &usual) == 0) {
    mode = usual;
    cfmakeraw(&mode);
    terminal = fd;
    guard();
    if (tcsetattr(fd, TCSANOW, &mode) == 0) return 0;
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
