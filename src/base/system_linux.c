/*
** system_linux.c: see system.h. Linux 4.14 or newer (smaps_rollup).
**
** Programs start by vfork: it takes the same time however large this process
** is, and unlike posix_spawn it lets the child ask to be killed with its
** parent. The child shares our memory until it becomes the program, so it
** makes system calls only, with all signals blocked and no handler of ours
** left in place. Tools that look into a program may make a fork of vfork: so
** what the child has to say comes over a pipe, not in memory.
**
** Descendants are found by reading the parent of every process. That is slow
** (2 us for each process of the machine), so it is done only when the system
** has handed out a new process id since, or by age, as some containers don't
** show the true last id.
**
** What belongs to measuring comes first, then what belongs to the family of
** worker processes; both start programs in the same way.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "base/system.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_AGE = 16 };  /* samples after which the family is looked up anew */

/* {{ Starting */

int lc_system_file (const char *name) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

/* Handlers are functions of ours: the program's start gives them up, but
** signals are let in just before. SIGPIPE is back to what programs expect. */
static void drop_handlers (void) {
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action)) continue;
    if (action.sa_handler == SIG_DFL) continue;
    if (action.sa_handler == SIG_IGN && number != SIGPIPE) continue;
    action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    (void)sigaction(number, &action, NULL);
  }
}

/* What the child says, once it has become a program: nothing, which is 0. */
static int listen_to (int fd) {
  int said = 0;
  while (read(fd, &said, sizeof said) < 0 && errno == EINTR) ;
  return said;
}

static pid_t bear (lc_childbody *body, void *arg, const sigset_t *mask,
                   int tell) {
  pid_t pid = vfork();
  if (pid != 0) return pid;
  drop_handlers();
  int why = body(arg, mask);
  (void)!write(tell, &why, sizeof why);
  _exit(127);
}

int lc_system_child (lc_childbody *body, void *arg, pid_t *pid) {
  int tell[2];
  sigset_t all, mask;
  if (pipe2(tell, O_CLOEXEC)) return errno;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
  *pid = bear(body, arg, &mask, tell[1]);
  int failed = *pid < 0 ? errno : 0;
  (void)close(tell[1]);
  if (*pid > 0) failed = listen_to(tell[0]);
  (void)close(tell[0]);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
  if (*pid > 0 && failed)
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) ;
  return failed;
}

/* First out of the way, then in place: none overwrites another. */
static int place_descriptors (const int *fds, int n) {
  int away[LC_LAUNCH_FDS];
  lc_assert(n <= LC_LAUNCH_FDS);
  for (int i = 0; i < n; i++) {
    away[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
    if (away[i] < 0) return -1;
  }
  for (int i = 0; i < n; i++)
    if (dup2(away[i], i) < 0) return -1;
  return 0;
}

static bool close_range_as (int first, unsigned flags) {
#if defined(SYS_close_range)
  return syscall(SYS_close_range, (unsigned)first, ~0u, flags) == 0;
#else
  (void)first; (void)flags;
  return false;
#endif
}

/* Closes the descriptors from `first` on, or lets the next exec do it. */
static void close_from (int first, bool at_exec) {
  enum { AT_EXEC = 1u << 2 };   /* CLOSE_RANGE_CLOEXEC */
  if (close_range_as(first, at_exec ? AT_EXEC : 0)) return;
  long most = sysconf(_SC_OPEN_MAX);
  for (int fd = first; fd < (most > 0 ? most : 1024); fd++) {
    if (at_exec) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    else (void)close(fd);
  }
}

int lc_system_descriptors (const int *fds, int n) {
  if (place_descriptors(fds, n)) return -1;
  close_from(n, false);
  return 0;
}

int lc_system_bequeath (const int *fds, int n) {
  if (place_descriptors(fds, n)) return -1;
  close_from(n, true);
  return 0;
}

bool lc_system_tie (pid_t parent) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

typedef struct start {
  lc_launch how;
  bool measured;         /* leads a group, and has our other descriptors */
  pid_t parent;
} start;

static bool settle_in (const start *s, const sigset_t *mask) {
  const lc_launch *how = &s->how;
  if (s->measured)
    return setpgid(0, 0) == 0 && lc_system_tie(s->parent)
           && place_descriptors(how->fds, how->n) == 0
           && sigprocmask(SIG_SETMASK, mask, NULL) == 0;
  return (!how->tied || lc_system_tie(s->parent))
         && (how->cwd < 0 || fchdir(how->cwd) == 0)
         && lc_system_bequeath(how->fds, how->n) == 0;
}

static int become (void *arg, const sigset_t *mask) {
  const start *s = arg;
  if (settle_in(s, mask)) (void)execvp(s->how.file, s->how.argv);
  return errno ? errno : ESRCH;
}

static int start_program (start *s, pid_t *pid) {
  int failed = lc_system_child(become, s, pid);
  return failed ? uv_translate_sys_error(failed) : 0;
}

int lc_system_start (char *const argv[], const int *fds, int n, pid_t *pid) {
  start s = {.how = {argv[0], argv, fds, n, -1, true},
             .measured = true, .parent = getpid()};
  return start_program(&s, pid);
}

int lc_system_launch (const lc_launch *how, pid_t *pid) {
  start s = {.how = *how, .parent = getpid()};
  return start_program(&s, pid);
}

/* The beginning of a small file, as a string; false if it can't be read. */
static bool read_file (const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, buffer, size - 1);
  (void)close(fd);
  if (n < 0) return false;
  buffer[n] = '\0';
  return true;
}

/* }} */

/* {{ Ending */

static double seconds (struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void add_usage (lc_usage *usage, const struct rusage *r) {
  usage->user += seconds(r->ru_utime);
  usage->system += seconds(r->ru_stime);
  usage->voluntary += r->ru_nvcsw;
  usage->involuntary += r->ru_nivcsw;
}

/* Looks first and reaps last: until then the id of the group can't be used
** by others, so what is left in the group can be killed safely. */
int lc_system_ended (pid_t pid, bool wait, lc_ending *ending) {
  siginfo_t info = {.si_pid = 0};
  int flags = WEXITED | WNOWAIT | (wait ? 0 : WNOHANG);
  while (waitid(P_PID, (id_t)pid, &info, flags))
    if (errno != EINTR) return uv_translate_sys_error(errno);
  if (info.si_pid == 0) return 0;
  lc_system_kill(pid, SIGKILL);
  int status;
  struct rusage r;
  while (wait4(pid, &status, 0, &r) < 0)
    if (errno != EINTR) return uv_translate_sys_error(errno);
  *ending = (lc_ending){.code = 0};
  if (WIFSIGNALED(status)) ending->signal = WTERMSIG(status);
  else ending->code = WEXITSTATUS(status);
  add_usage(&ending->usage, &r);
  return 1;
}

void lc_system_kill (pid_t pid, int signal) {
  (void)kill(-pid, signal);
}

void lc_system_usage (lc_usage *usage) {
  struct rusage r;
  *usage = (lc_usage){.user = 0};
  if (getrusage(RUSAGE_SELF, &r) == 0) add_usage(usage, &r);
  if (getrusage(RUSAGE_CHILDREN, &r) == 0) add_usage(usage, &r);
}

/* "time on a core, time waiting for one, turns", in nanoseconds. */
double lc_system_delayed (void) {
  char line[128];
  if (!read_file("/proc/thread-self/schedstat", line, sizeof line)) return 0;
  const char *second = strchr(line, ' ');
  return second ? (double)strtoull(second, NULL, 10) / 1e9 : 0;
}

/* }} */

/* {{ Memory */

static int64_t newest_process (void) {
  char line[128];
  if (!read_file("/proc/loadavg", line, sizeof line)) return -1;
  const char *last = strrchr(line, ' ');
  return last ? strtoll(last, NULL, 10) : -1;
}

static bool knows (const lc_family *f, pid_t pid) {
  for (int i = 0; i < f->n; i++)
    if (f->pids[i] == pid) return true;
  return false;
}

/* Parent and group of a process. The name before them may hold anything, so
** they are looked for behind its last parenthesis: ") S ppid pgrp". */
static bool read_parent (pid_t pid, pid_t *parent, pid_t *group) {
  char path[40], line[512];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (!read_file(path, line, sizeof line)) return false;
  char *at = strrchr(line, ')');
  if (!at || strlen(at) < 4) return false;
  *parent = (pid_t)strtol(at + 4, &at, 10);
  *group = (pid_t)strtol(at, NULL, 10);
  return true;
}

/* Children have higher ids than their parents and come later in /proc. Once
** ids have wrapped round that fails, and the group still tells. */
static void find_family (lc_family *f) {
  DIR *proc = opendir("/proc");
  f->pids[0] = f->leader;
  f->n = 1;
  if (!proc) return;
  struct dirent *entry;
  while (f->n < LC_FAMILY && (entry = readdir(proc))) {
    pid_t parent, group, pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (pid <= 0 || pid == f->leader) continue;
    if (!read_parent(pid, &parent, &group)) continue;
    if (group == f->leader || knows(f, parent)) f->pids[f->n++] = pid;
  }
  (void)closedir(proc);
}

static uint64_t process_memory (pid_t pid) {
  char path[40], text[2048];
  (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
  if (!read_file(path, text, sizeof text)) return 0;
  const char *line = strstr(text, "\nPss:");
  return line ? strtoull(line + 5, NULL, 10) * 1024 : 0;
}

uint64_t lc_system_memory (lc_family *f) {
  int64_t newest = newest_process();
  if (f->n == 0 || newest != f->newest || ++f->age >= MAX_AGE) {
    find_family(f);
    f->newest = newest;
    f->age = 0;
  }
  uint64_t sum = 0;
  for (int i = 0; i < f->n; i++) sum += process_memory(f->pids[i]);
  return sum;
}

/* }} */

/* {{ Worker processes */

void lc_system_adopt (void) {
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void lc_system_rename (const char *name) {
  (void)prctl(PR_SET_NAME, name);
}

int lc_system_pidfd (pid_t pid) {
#if defined(SYS_pidfd_open)
  long fd = syscall(SYS_pidfd_open, pid, 0u);   /* is CLOEXEC */
  return fd < 0 ? uv_translate_sys_error(errno) : (int)fd;
#else
  (void)pid;
  return UV_ENOSYS;
#endif
}

/* Of the fields of /proc/self/stat the 18th behind the name. */
int lc_system_threads (void) {
  char line[1024];
  if (!read_file("/proc/self/stat", line, sizeof line)) return 1;
  const char *at = strrchr(line, ')');
  for (int i = 0; at && i < 18; i++) at = strchr(at + 1, ' ');
  return at ? (int)strtol(at, NULL, 10) : 1;
}

bool lc_system_first_thread (void) {
  return syscall(SYS_gettid) == getpid();
}

/* The letter of ps(1), or 0. */
static char state_of (pid_t pid) {
  char path[40], line[128];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (!read_file(path, line, sizeof line)) return 0;
  const char *name = strrchr(line, ')');
  return name && name[1] == ' ' ? name[2] : 0;
}

bool lc_system_asleep (pid_t pid) { return state_of(pid) == 'S'; }

/* Has it been sent SIGSTOP, and not got round to it? (One for its thread alone
** is a tracer's.) */
static bool is_about_to_stop (pid_t pid) {
  char path[40], text[4096];
  (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  if (!read_file(path, text, sizeof text)) return false;
  const char *line = strstr(text, "\nShdPnd:");
  return line && (strtoull(line + 8, NULL, 16) >> (SIGSTOP - 1) & 1);
}

/* In this order: what is pending no more has taken effect. */
bool lc_system_stopped (pid_t pid) {
  return is_about_to_stop(pid) || state_of(pid) == 'T';
}

static int set_limit (unsigned what, uint64_t soft, uint64_t hard) {
  struct rlimit limit = {soft, hard};
  return soft && setrlimit(what, &limit) ? uv_translate_sys_error(errno) : 0;
}

/* RLIMIT_DATA counts what is private and can be written: memory that is
** shared with others, and files in memory, are not the worker's own. */
int lc_system_limit (const lc_limits *l) {
  int err = set_limit(RLIMIT_DATA, l->memory, l->memory);
  if (!err) err = set_limit(RLIMIT_CPU, l->cpu, l->cpu + 1);
  if (!err) err = set_limit(RLIMIT_NOFILE, l->files, l->files);
  if (!err && l->niced && setpriority(PRIO_PROCESS, 0, l->nice))
    err = uv_translate_sys_error(errno);
  return err;
}

void lc_system_reap (pid_t pid, int ms) {
  struct pollfd end = {.fd = lc_system_pidfd(pid), .events = POLLIN};
  if (end.fd >= 0) {
    int n;
    do n = poll(&end, 1, ms);
    while (n < 0 && errno == EINTR);
    (void)close(end.fd);
    if (n == 0) (void)kill(pid, SIGKILL);
  }
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) ;
}

bool lc_system_program (char *path, size_t size) {
  ssize_t n = readlink("/proc/self/exe", path, size - 1);
  if (n <= 0) return false;
  path[n] = '\0';
  return true;
}

/* A relative name counts from the folder of the time when it was loaded,
** which the dynamic linker has kept. */
static bool find_origin (const char *name, char *path, size_t size) {
  void *library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
  char origin[4096];
  if (!library) return false;
  bool known = dlinfo(library, RTLD_DI_ORIGIN, origin) == 0;
  (void)dlclose(library);
  const char *base = strrchr(name, '/');
  int n = snprintf(path, size, "%s/%s", origin, base ? base + 1 : name);
  return known && n > 0 && (size_t)n < size;
}

bool lc_system_library (const void *symbol, char *path, size_t size) {
  Dl_info info;
  if (!dladdr(symbol, &info) || !info.dli_fname) return false;
  if (info.dli_fname[0] != '/')
    return find_origin(info.dli_fname, path, size);
  int n = snprintf(path, size, "%s", info.dli_fname);
  return n > 0 && (size_t)n < size;
}

int lc_system_poller (void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

int lc_system_poller_add (int poller, int fd) {
  struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
  int failed = epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
  return failed ? uv_translate_sys_error(errno) : 0;
}

void lc_system_poller_remove (int poller, int fd) {
  (void)epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
}

int lc_system_poller_wait (int poller, int *fds, int n) {
  struct epoll_event events[16];
  int got;
  if (n > 16) n = 16;
  do got = epoll_wait(poller, events, n, -1);
  while (got < 0 && errno == EINTR);
  for (int i = 0; i < got; i++) fds[i] = events[i].data.fd;
  return got;
}

/* }} */

/* {{ Signals */

void lc_system_pin (const void *part) {
  Dl_info info;
  if (!dladdr(part, &info) || !info.dli_fname) return;
  void *held = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  if (held) dlclose(held);
}

const char *lc_system_signal (int number) {
  static const char *const names[] = {
    [SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT",
    [SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",
    [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE", [SIGKILL] = "SIGKILL",
    [SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
    [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",
    [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP", [SIGTTIN] = "SIGTTIN",
    [SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG", [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
    [SIGWINCH] = "SIGWINCH", [SIGIO] = "SIGIO", [SIGPWR] = "SIGPWR",
    [SIGSYS] = "SIGSYS",
  };
  size_t n = sizeof names / sizeof *names;
  return number > 0 && (size_t)number < n ? names[number] : NULL;
}

int lc_system_signal_number (const char *name) {
  for (int number = 1; number < NSIG; number++) {
    const char *own = lc_system_signal(number);
    if (own && strcmp(own, name) == 0) return number;
  }
  return 0;
}

/* }} */
