/*
** remote.h: jobs that run in another state: what threads and processes
** share, on the side of who starts them.
**
**   made --start--> running --its end arrives--> ended
**     |                |  cancel: struck every 100 ms until it ends
**     +--queued--------+
**
** A remote job is a job (job.h) whose function and arguments have gone to
** another state as a message; its results, or its error, come back as one,
** and are read when somebody asks for them (`fetch`). In between both sides
** may send letters.
**
** Invariants:
** 1. `kind` calls lc_remote_arrived and lc_remote_ended in the thread of the
**    loop only; nothing here is touched by another thread.
** 2. `body` belongs to a userdata, the second user value of the handle: it is
**    closed by that one's finaliser, after the job has ended.
** 3. While it lives it has a place among the deadlines for being struck; from
**    its turn on it counts in loop->others: before, it waits for jobs of ours.
*/

#ifndef lc_remote_h
#define lc_remote_h

#include "base/heap.h"
#include "engine/mailbox.h"
#include "kernel/job.h"
#include "kernel/reason.h"
#include "kernel/scope.h"

struct lc_group;
typedef struct lc_remote lc_remote;

/* How it ended there. */
typedef enum lc_outcome {
  LC_RETURNED,     /* reply: the results */
  LC_RAISED,       /* reply: the error, and its traceback or nil */
  LC_UNWOUND,      /* it was cancelled. reply: as LC_RAISED, or none */
  LC_NOMEMORY,     /* no reply */
  LC_NEVERSTARTED, /* `code`: a libuv code; no reply */
  LC_ABANDONED,    /* it did not end within its grace; no reply */
  LC_DIED          /* `kind->epitaph` knows more; no reply */
} lc_outcome;

enum { LC_GRACE_MS = 1000, LC_STRIKE_MS = 100 };

typedef struct lc_remotekind {
  lc_engine engine;    /* made with LC_REMOTE_ENGINE */
  bool process;        /* what it gets leaves this process */

  /* Makes r->body from the options (index, or 0). May raise, then has kept
  ** nothing; or a libuv code. `r->request` is complete. */
  int (*open) (lua_State *L, lc_remote *r, int options);
  void (*close) (void *body);     /* the handle is garbage, the job is over */

  /* These don't raise, and allocate nothing that must not fail. */
  int (*start) (lc_remote *r);    /* 0 or a libuv code */
  void (*strike) (lc_remote *r, bool overdue);  /* asks it to end; overdue:
                                  ** for longer than the grace */
  void (*explain) (lc_remote *r);   /* before the first strike: takes the
                                ** reason there */
  int (*post) (lc_remote *r, lc_message *m);   /* takes a letter; or UV_EPIPE
                                  ** where it can't get there, or UV_ENOMEM */

  /* Pushes the error of a job that died. May raise. */
  void (*epitaph) (lua_State *L, lc_remote *r, const char *label);

  void (*ask) (lc_remote *r);   /* its state is to report: inquiry.h */
  void (*trace) (lc_remote *r);   /* this process is traced from now on, or no
                                ** longer: its state is to look at that */
  bool (*probe) (lc_remote *r, uint32_t probe);   /* to say whether it is
                           ** still: still.h. False: no memory */
  bool (*calm) (const lc_remote *r);   /* does it sleep until others wake it,
                           ** as far as can be told from here, at little cost?
                           ** NULL: where it sleeps */
  bool (*quiet) (const lc_remote *r);   /* has all gone that was to be sent?
                           ** NULL: always */
  int (*pid) (const lc_remote *r);   /* NULL: it runs in this process */
  void (*kill) (lc_remote *r, int signal);   /* NULL, too */

  /* In a fork of the process, which has nothing to do with it: NULL: nothing
  ** need be done. */
  void (*abandon) (lc_remote *r);

  /* Do these options ask for a job whose function and arguments are not sent,
  ** but taken as they are (lc_remote_kept)? NULL: never. */
  bool (*whole) (lua_State *L, int options);
} lc_remotekind;

struct lc_remote {
  lc_job job;
  lc_scope base;
  lc_op turn;              /* its place in the queue of a limited group */
  lc_link all;             /* in loop->remotes while anchored */
  const lc_remotekind *kind;
  void *body;              /* of the engine */
  lc_message context;      /* until it is started: lc_worker_context */
  lc_message request;      /* and: nil, or a function that is called first,
                           ** and the function and its arguments */
  lc_message reply;        /* from its end until it is fetched */
  lc_reason reason;        /* it is about to be cancelled for */
  lc_mailbox mailbox;      /* letters from it */
  lc_note note;            /* to ourselves: it ended without having run */
  lc_timer strikes;
  uint64_t struck;         /* real time of the first strike, ns; 0: none */
  size_t memory;           /* limit of its Lua state, bytes; 0: none */
  int code;                /* LC_NEVERSTARTED: why; else the engine's */
  uint8_t outcome;         /* an lc_outcome, once ended */
  uint32_t readers;        /* of the reply, one inside the other */
  bool queued, fetched;
  bool kept;               /* its values are in the registry */
  bool idle;               /* nothing will come of it but its end: it does not
                           ** count in loop->others */
  bool asked;              /* to report, and has not */
};

/* {{ For engines */

#define LC_REMOTE_ENGINE(name, asleep) \
  {name, lc_remote_cancel, lc_remote_fetch, asleep}

/* conc.thread, conc.process: like lc_spawn_form; returns 1, or 3 for nil,
** message and code where the system refuses. */
int lc_remote_form (lua_State *L, struct lc_group *g, int arg,
                    const lc_remotekind *kind);

/* Under this key the registry has the function and arguments of a job that
** are taken as they are, as a list with `n`. */
static inline const void *lc_remote_kept (const lc_remote *r);

/* A letter has arrived: it is the job's. */
void lc_remote_arrived (lc_remote *r, lc_letter *l);

/* It has ended. Takes the reply. */
void lc_remote_ended (lc_remote *r, lc_outcome outcome, lc_message *reply);

static inline const void *lc_remote_kept (const lc_remote *r) {
  return &r->request;
}

static inline lc_remote *lc_remote_of (const lc_job *j) {
  return lc_container(j, lc_remote, job);
}

void lc_remote_cancel (lc_job *j);
void lc_remote_fetch (lua_State *L, lc_job *j, int index);

/* }} */

/* {{ For the kernel */

/* The scope of a remote job was cancelled. */
void lc_remote_interrupt (lc_scope *s);

/* A queued job's turn has come: `turn` is its place in the queue. */
void lc_remote_start (lc_op *turn);
const lc_job *lc_remote_turn (lc_op *turn);   /* whose it is */

/* The process that the job runs in, or ran in; 0: this one, or none yet. */
int lc_remote_pid (const lc_job *j);

/* Sends it a signal; a libuv code where it has none or has ended. */
int lc_remote_kill (lc_job *j, int signal);

lc_job *lc_remote_job (lc_scope *s);
lc_job *lc_remote_next (const struct lc_loop *loop, const lc_job *j);
void lc_remote_forget (lc_job *j);   /* is no longer anchored */

/* In a fork of the process: it is the parent's. */
void lc_remote_abandon (lc_job *j);

/* Cancels all that live, even inside a shield. */
void lc_remote_cancel_all (struct lc_loop *loop);

/* }} */

void lc_remote_open (lua_State *L, struct lc_loop *loop);

#endif
