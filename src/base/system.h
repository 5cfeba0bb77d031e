/*
** system.h: what each system does in its own way, behind a plain interface.
**
** For the instrument: start a program so that it can be measured and can't
** be left behind, how it ended and what it used, and the memory of a tree of
** processes. For worker processes: start a program of our own family, tie its
** life to its parent's, and watch many descriptors. Another system is another
** file beside system_linux.c.
**
** Nothing here raises, allocates C memory or needs a loop. Any thread may
** call these functions, except lc_system_start (see there). Failures are
** negative libuv codes.
*/

#ifndef lc_system_h
#define lc_system_h

#include "base/base.h"

#include <signal.h>
#include <sys/types.h>

typedef struct lc_usage {
  double user, system;           /* seconds of CPU */
  int64_t voluntary;             /* context switches: it had to wait */
  int64_t involuntary;           /* it was made to wait */
} lc_usage;

typedef struct lc_ending {
  int code;                      /* exit status, where signal is 0 */
  int signal;
  lc_usage usage;                /* of it and of all that it waited for */
} lc_ending;

/* A process and its descendants, as far as they were seen. */
enum { LC_FAMILY = 4096 };
typedef struct lc_family {
  pid_t leader;                  /* set by the owner; the rest zero at first */
  int64_t newest;                /* the system's last process id then */
  int n, age;
  pid_t pids[LC_FAMILY];         /* the leader first */
} lc_family;

/* An anonymous file in memory; the descriptor, or a failure. */
int lc_system_file (const char *name);

/* What a child does to become another program: system calls only, as it may
** share our memory. It returns an errno if it can't (or any code that is not
** 0). All signals are blocked, no handler of ours is left; `mask` was ours. */
typedef int lc_childbody (void *arg, const sigset_t *mask);

/* Makes a child, and waits until it is a program: 0. Else what `body`
** returned, or errno, and there is no child. */
int lc_system_child (lc_childbody *body, void *arg, pid_t *pid);

/* Starts argv[0] (looked for in PATH) as the leader of a process group of
** its own, with fds as its descriptors 0 .. n-1; stores its process id.
** It is killed when the calling thread ends: call from the main thread. */
int lc_system_start (char *const argv[], const int *fds, int n, pid_t *pid);

/* How a program of our own family starts. All signals are blocked in it
** until it has seen to them; what has a handler here takes its default. */
typedef struct lc_launch {
  const char *file;              /* looked for in PATH where it has no '/' */
  char *const *argv;
  const int *fds;                /* become its descriptors 0 .. n-1; it has */
  int n;                         /* no others. At most LC_LAUNCH_FDS. */
  int cwd;                       /* its folder; -1: ours */
  bool tied;                     /* killed when the calling thread ends */
} lc_launch;

enum { LC_LAUNCH_FDS = 8 };

/* Starts it; stores its process id. Any thread. */
int lc_system_launch (const lc_launch *how, pid_t *pid);

/* Makes fds the descriptors 0 .. n-1 of this process and closes all others.
** Async-signal-safe. 0, or -1 with errno. */
int lc_system_descriptors (const int *fds, int n);

/* The same for the program that this process is about to become. */
int lc_system_bequeath (const int *fds, int n);

/* This process is killed as soon as the thread that made it ends; false
** where that has ended already, or was not of the process `parent`. */
bool lc_system_tie (pid_t parent);

/* Orphans among our descendants become our children, where that can be. */
void lc_system_adopt (void);

/* How the system names this process, in 15 bytes at most. */
void lc_system_rename (const char *name);

/* A descriptor that is readable once the process has ended; or a failure. */
int lc_system_pidfd (pid_t pid);

/* How many threads this process has; is the calling one the first? */
int lc_system_threads (void);
bool lc_system_first_thread (void);

/* Does the process wait for something? Has a signal stopped it? */
bool lc_system_asleep (pid_t pid);
bool lc_system_stopped (pid_t pid);

/* Limits of this process; 0: none. A failure leaves those before it. */
typedef struct lc_limits {
  uint64_t memory;               /* bytes of its own: heap, stacks */
  uint64_t cpu;                  /* seconds, then SIGXCPU */
  uint64_t files;                /* descriptors */
  int32_t nice;                  /* priority, where `niced` */
  bool niced;
} lc_limits;

int lc_system_limit (const lc_limits *limits);

/* Waits for the end of a child, and kills it after `ms`. */
void lc_system_reap (pid_t pid, int ms);

/* The file of the running program; of the library or program that `symbol`
** is in. False where it can't be told. */
bool lc_system_program (char *path, size_t size);
bool lc_system_library (const void *symbol, char *path, size_t size);

/* Many descriptors, looked at in one call: each is readable or hung up. */
int lc_system_poller (void);
int lc_system_poller_add (int poller, int fd);
void lc_system_poller_remove (int poller, int fd);
int lc_system_poller_wait (int poller, int *fds, int n);   /* how many */

/* 1 if the process has ended: its group is then gone too, and it is reaped.
** 0 if it still runs (never where `wait` is true). */
int lc_system_ended (pid_t pid, bool wait, lc_ending *ending);

/* Sends a signal to the process group that `pid` leads. */
void lc_system_kill (pid_t pid, int signal);

/* Of this process and of all it waited for. */
void lc_system_usage (lc_usage *usage);

/* Seconds in which the calling thread could have run and had to wait for a
** core; 0 where it can't be told. */
double lc_system_delayed (void);

/* Memory of the family now, in bytes: proportional set sizes, so that a page
** shared by n processes counts 1/n in each. 0 where it can't be told. */
uint64_t lc_system_memory (lc_family *family);

/* Keeps the library or program that `part` belongs to from being unloaded. */
void lc_system_pin (const void *part);

/* "SIGKILL"; NULL for an unknown number. */
const char *lc_system_signal (int number);
int lc_system_signal_number (const char *name);   /* 0: no such name */

#endif
