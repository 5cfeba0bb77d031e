/*
** worker.h: a state that runs one job for another: what threads and worker
** processes share, on the side of the job.
**
** Whoever makes the state fills an lc_worker, makes it known, and runs it:
** the libraries are opened, the job is read from the request and runs as the
** root task, and what became of it stands in `outcome` and `reply`. The state
** is closed by its maker, before the outcome is told.
**
** Invariants:
** 1. The worker outlives its state.
** 2. `strikes` is counted up by who cancels the job, before it interrupts the
**    thread; the handler there notes that it has felt it, and the state, when
**    it sees a new one, cancels everything.
*/

#ifndef lc_worker_h
#define lc_worker_h

#include <stdatomic.h>

#include "engine/mailbox.h"
#include "engine/remote.h"
#include "kernel/loop.h"
#include "kernel/reason.h"

struct lc_report;
typedef struct lc_worker lc_worker;

struct lc_worker {
  const char *noun;            /* "thread", "process" */
  unsigned libs;               /* lc_worker_libs; all unless set */
  const lc_opener *opener;
  lc_port *port;               /* that its loop takes; NULL: it makes one */
  lc_port *top;                /* of the process's first state, if this is a
                               ** thread of it: still.h */
  int (*post) (lc_worker *w, lc_message *m);   /* a letter to the starter: 0,
                               ** UV_EPIPE, UV_ENOMEM; takes the message */
  void (*report) (lc_worker *w, struct lc_report *rep);   /* to the starter;
                               ** takes it */
  bool (*quiet) (lc_worker *w);   /* has all gone that was to be sent? NULL:
                               ** always */
  int (*listen) (lc_worker *w);  /* before each look for letters: 0, or a
                               ** libuv code; NULL: they come by themselves */
  void (*hear) (lc_worker *w);   /* takes what has come over the link; NULL:
                               ** it comes by itself */
  lc_reason reason;            /* of its cancellation */
  lc_message context;
  lc_message request;
  const void *kept;            /* instead of it: see lc_remote_kept; or NULL */
  uint32_t flow;               /* from the starter: trace.h */
  lc_mailbox mailbox;          /* letters from the starter */
  atomic_uint probe;           /* what it was asked last: still.h */
  atomic_uint strikes;
  atomic_uint felt;            /* the last that came through to its thread */
  atomic_uint seen;            /* the last that its loop or Lua code knows of */
  lc_loop *volatile loop;      /* while the job can be interrupted */
  lc_job *root;                /* NULL: not begun */
  lc_outcome outcome;
  lc_message reply;
};

/* The standard libraries that its state may open beside the basic one, by
** their bits in `libs`; the last name is NULL. */
extern const char *const lc_worker_libs[];

/* The worker of the state that L belongs to, or NULL. */
lc_worker *lc_worker_of (lua_State *L);

/* All but messages and `post`; `noun` is what it is called. */
void lc_worker_init (lc_worker *w, const char *noun);

/* Makes the state a worker's: before luaconc.core is opened in it, or after,
** where the worker has no port of its own. May raise. */
void lc_worker_adopt (lua_State *L, lc_worker *w);

/* Runs the job; does not raise. The libraries of the state are opened unless
** `warm`: then that has been done, and luaconc.core is open. */
void lc_worker_run (lua_State *L, lc_worker *w, bool warm);

/* Frees the messages that are left. */
void lc_worker_free (lc_worker *w);

/* What the state of a job must know beside it: pushes nothing, fills an
** empty message with module paths and job-local values. May raise. */
void lc_worker_context (lua_State *L, lc_message *m, lc_job *j, int handle,
                        bool process);

/* The port of the first state of this process. */
lc_port *lc_worker_top (const lc_loop *loop);

/* Is it the job that the state is there for? */
bool lc_worker_is_root (const lc_job *j);

/* Where the error at `index`, a string, is about a global function that the
** starter had and this state lacks: replaces it by one that says so. */
void lc_worker_explain (lua_State *L, lc_worker *w, int index);

/* Has a new strike come that the loop does not know of yet? */
bool lc_worker_struck (lc_worker *w);

/* Has a strike come through that nobody there has seen? Any thread. */
bool lc_worker_owes (lc_worker *w);

#endif
