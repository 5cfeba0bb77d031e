/*
** forkserver.h: the small process that worker processes are forked from.
**
** A process has one at most, started when the first worker is: a fresh
** interpreter with one thread, this core loaded, and neither loop nor pool.
** So a worker is made in a tenth of a millisecond however large its starter
** is, and no thread of the starter has to live on for the worker's sake.
**
**   process --control socket: births, kills--> forkserver --fork--> worker
**           <--a life socket for each worker: pid, then how it ended--
**           <--a link for each worker: whatever the two have to say-->
**
** Invariants:
** 1. A worker is a child of the forkserver, tied to it. The forkserver ends
**    when the control socket is closed, or this process ends in any way: then
**    it has killed and reaped all its workers.
** 2. What has an id can be killed: the forkserver is the only one who reaps,
**    and forgets the id when it does. No signal reaches a stranger.
** 3. It has no descriptor but its control socket and standard error; a
**    worker has none but those that its birth was asked with.
**
** A forkserver that has died is made anew by the next birth; the workers of
** the old one are gone. Any thread may call these functions. Failures are
** negative libuv codes.
*/

#ifndef lc_forkserver_h
#define lc_forkserver_h

#include "base/base.h"

#include <sys/types.h>

typedef struct lc_child {
  uint64_t id;       /* for lc_forkserver_kill */
  pid_t pid;
  int link;          /* the starter's end; neither blocks */
  int life;          /* for lc_forkserver_look */
  uint64_t member;   /* of the road */
} lc_child;

typedef struct lc_origin {
  bool like_lua;           /* may the running program be its interpreter? */
  const char *cpath;       /* see interpreter.h */
  bool spawn;              /* a fresh interpreter instead of a fork */
} lc_origin;

/* States that start workers say so, and when they end: the last one ends the
** forkserver, and waits for that. */
void lc_forkserver_hold (void);
void lc_forkserver_release (void);

/* Starts the forkserver, if it does not run, and has it run a piece of Lua
** that loads modules, as every one that comes after it will: 0; UV_EINVAL: it
** has failed, `problem` says why; or why there is none. Blocks. */
int lc_forkserver_load (const lc_origin *from, const char *text, size_t len,
                        char *problem, size_t size);

/* Starts a worker, in the current folder and with our standard output and
** standard error; blocks until it is there. UV_ENOENT: no interpreter;
** UV_ECONNRESET: the forkserver ended at once. Between hold and release. */
int lc_forkserver_birth (const lc_origin *from, lc_child *child);

/* Closes what there is of it on this side. Harmless on a closed one. */
void lc_forkserver_leave (lc_child *child);

/* Sends a signal to the worker, if it has not been reaped yet. */
void lc_forkserver_kill (uint64_t id, int signal);

enum { LC_FATE_WORDS = 1024 };

typedef enum lc_lot {
  LC_LIVES,
  LC_EXITED,         /* `how` is its exit status */
  LC_KILLED,         /* `how` is the signal */
  LC_LOST            /* with its forkserver: killed by SIGKILL */
} lc_lot;

typedef struct lc_fate {
  lc_lot lot;
  int how;
  size_t nwords;           /* the last it wrote to its standard error */
  char words[LC_FATE_WORDS];
} lc_fate;

/* What has become of the worker; does not wait. The socket is readable when
** that has changed. */
void lc_forkserver_look (int life, lc_fate *fate);

/* In a fork of its starter: it has none, and its own if it asks for one. */
void lc_forkserver_fork (void);

/* The process id of the forkserver; 0: there is none. */
pid_t lc_forkserver_pid (void);

#endif
