/*
** program.c: starting programs. See program.h.
**
** The child may share our memory until it becomes the program: it makes
** system calls only. It can say no more than a number: an errno, negative
** where it is about the folder.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/system.h"
#include "program/program.h"

extern char **environ;

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"

/* {{ In the child */

static bool join_group (pid_t group) {
  return group == LC_PROGRAM_STAYS || setpgid(0, group) == 0;
}

/* A file that the system can't run is a script of the shell. */
static void become (char *path, const lc_program *how, char *const *envp) {
  (void)execve(path, how->argv, envp);
  if (errno != ENOEXEC) return;
  char **argv = how->argv - 1;
  char *name = argv[1];
  argv[0] = (char *)"sh";
  argv[1] = path;
  (void)execve("/bin/sh", argv, envp);
  argv[1] = name;
}

/* The next folder of `path` and the name in one buffer; what comes after. */
static const char *next_place (const char *path, const char *name, char *to) {
  size_t n = strcspn(path, ":"), len = strlen(name);
  const char *rest = path[n] ? path + n + 1 : NULL;
  if (n + len + 2 > PATH_MAX) *to = '\0';
  else {
    memcpy(to, path, n);
    if (n) to[n++] = '/';
    memcpy(to + n, name, len + 1);
  }
  return rest;
}

static void search (const lc_program *how, char *const *envp) {
  char place[PATH_MAX];
  const char *path = how->path;
  int refused = 0;
  while (path) {
    path = next_place(path, how->argv[0], place);
    if (*place) become(place, how, envp);
    if (errno == EACCES) refused = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR) return;
  }
  errno = refused ? refused : ENOENT;
}

static void execute (const lc_program *how) {
  char *const *envp = how->envp ? how->envp : environ;
  if (strchr(how->argv[0], '/')) become(how->argv[0], how, envp);
  else if (*how->argv[0]) search(how, envp);
  else errno = ENOENT;
}

static int run_child (void *arg, const sigset_t *mask) {
  const lc_program *how = arg;
  sigset_t none;
  (void)sigemptyset(&none);
  (void)mask;
  if (!join_group(how->group)) return errno;
  if (how->cwd && chdir(how->cwd)) return -errno;
  if (lc_system_bequeath(how->fds, 3) == 0 &&
      sigprocmask(SIG_SETMASK, &none, NULL) == 0)
    execute(how);
  return errno ? errno : ESRCH;
}

/* }} */

static int start (lc_program *how, pid_t *pid) {
  int failed = lc_system_child(run_child, how, pid);
  how->astray = failed < 0;
  if (failed < 0) failed = -failed;
  return failed ? uv_translate_sys_error(failed) : 0;
}

int lc_program_start (lc_program *how, pid_t *pid) {
  if (!how->path) how->path = getenv("PATH");
  if (!how->path) how->path = USUAL_PATH;
  return lc_uv(start(how, pid));
}

/* {{ Ending */

int lc_program_look (pid_t pid, lc_programfate *fate) {
  siginfo_t info = {.si_pid = 0};
  while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG))
    if (errno != EINTR) return uv_translate_sys_error(errno);
  if (info.si_pid == 0) return 0;
  *fate = (lc_programfate){.code = info.si_status};
  if (info.si_code != CLD_EXITED)
    *fate = (lc_programfate){.signal = info.si_status};
  return 1;
}

void lc_program_reap (pid_t pid) {
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) ;
}

int lc_program_reserve (lc_vigil *v) {
  *v = (lc_vigil){.fd = -1, .told = -1};
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return uv_translate_sys_error(errno);
  v->fd = fd;
  return 0;
}

static void *wait_child (void *arg) {
  const lc_vigil *v = arg;
  siginfo_t info;
  while (waitid(P_PID, (id_t)v->pid, &info, WEXITED | WNOWAIT))
    if (errno != EINTR) break;
  (void)close(v->told);
  return NULL;
}

static int start_thread (lc_vigil *v) {
  sigset_t all, mask;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
  int failed = pthread_create(&v->thread, NULL, wait_child, v);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return failed ? uv_translate_sys_error(failed) : 0;
}

static int watch_by_thread (lc_vigil *v) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC)) return uv_translate_sys_error(errno);
  v->fd = fds[0];
  v->told = fds[1];
  int err = start_thread(v);
  if (!err) return 0;
  (void)close(fds[0]);
  (void)close(fds[1]);
  v->fd = v->told = -1;
  return err;
}

int lc_program_watch (lc_vigil *v, pid_t pid) {
  if (v->fd >= 0) (void)close(v->fd);
  v->pid = pid;
  v->fd = lc_uv(lc_system_pidfd(pid));
  if (v->fd >= 0) return 0;
  int err = v->fd;
  v->fd = -1;
  bool lacks = err == UV_ENOSYS || err == UV_EPERM || err == UV_EINVAL;
  return lacks ? watch_by_thread(v) : err;
}

void lc_program_unwatch (lc_vigil *v) {
  if (v->told >= 0) (void)pthread_join(v->thread, NULL);
  if (v->fd >= 0) (void)close(v->fd);
  v->fd = v->told = -1;
}

/* }} */
