/*
** program.h: starting programs that are not ours: what conc.exec runs.
**
** A program starts by vfork, in the same time however large this process is.
** It gets three descriptors and no others, no signal blocked, and every
** signal's default effect but for those that this process ignores.
**
** Nothing here raises or needs a loop; any thread may call it. Failures are
** negative libuv codes.
*/

#ifndef lc_program_h
#define lc_program_h

#include "base/base.h"

#include <sys/types.h>

enum {
  LC_PROGRAM_LEADS = 0,    /* a process group of its own */
  LC_PROGRAM_STAYS = -1    /* in ours */
};

typedef struct lc_program {
  char **argv;             /* ends in NULL; argv[-1] is free for our use */
  char **envp;             /* NULL: ours */
  const char *path;        /* where argv[0] is looked for; NULL: our PATH */
  const char *cwd;         /* NULL: ours */
  int fds[3];              /* open; become its descriptors 0 to 2 */
  pid_t group;             /* one of the above, or the group to join */
  bool astray;             /* out: what failed is cwd, not the program */
} lc_program;

/* Starts it; stores its process id. */
int lc_program_start (lc_program *how, pid_t *pid);

typedef struct lc_programfate {
  int code;                /* exit status, where signal is 0 */
  int signal;
} lc_programfate;

/* Has the child ended? 1 and its fate; 0; or a failure: UV_ECHILD where
** somebody else has reaped it. It is not reaped: until it is, its id and
** that of its group can't become another's. */
int lc_program_look (pid_t pid, lc_programfate *fate);

/* Waits for the end of a child, and reaps it. */
void lc_program_reap (pid_t pid);

/* A descriptor that becomes readable when the child ends, by a pidfd or,
** where the system has none, by a thread that waits. */
typedef struct lc_vigil {
  int fd;                  /* -1: none */
  int told;                /* what the thread closes; or -1 */
  pid_t pid;
  pthread_t thread;
} lc_vigil;

/* A place for the descriptor, taken before there is a child. */
int lc_program_reserve (lc_vigil *v);
int lc_program_watch (lc_vigil *v, pid_t pid);
void lc_program_unwatch (lc_vigil *v);   /* once the child has ended, or -1 */

#endif
