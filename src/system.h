/*
** system.h: what each system does in its own way, behind a plain interface.
**
** For the instrument: start a program so that it can be measured and can't
** be left behind, how it ended and what it used, and the memory of a tree of
** processes. Another system is another file beside system_linux.c.
**
** Nothing here raises, allocates C memory or needs a loop. Any thread may
** call these functions, except lc_system_start (see there). Failures are
** negative libuv codes.
*/

#ifndef lc_system_h
#define lc_system_h

#include "base.h"

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

/* Starts argv[0] (looked for in PATH) as the leader of a process group of
** its own, with fds as its descriptors 0 .. n-1; stores its process id.
** It is killed when the calling thread ends: call from the main thread. */
int lc_system_start (char *const argv[], const int *fds, int n, pid_t *pid);

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

/* "SIGKILL"; NULL for an unknown number. */
const char *lc_system_signal (int number);

#endif
