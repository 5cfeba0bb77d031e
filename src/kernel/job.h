/*
** job.h: what all engines share: a job, its handle and its end.
**
**   ready --> running <--> waiting --> done | failed | cancelled
**
** The userdata that Lua holds is the job itself. While it lives it is
** anchored, in a slot or by lc_job_anchor; a failure that nobody has looked
** at stays anchored until its group has raised it. Results and error stand in
** the user value.
**
** Invariants:
** 1. A live job is in `jobs` of its group; an ended one is not.
** 2. A job ends once, by lc_job_end; then its watchers are completed, first
**    come first served, and its group is told.
*/

#ifndef lc_job_h
#define lc_job_h

#include "base/list.h"
#include "kernel/op.h"

struct lc_loop;
struct lc_group;
struct lc_task;
typedef struct lc_job lc_job;

typedef enum lc_jobstate {
  LC_READY, LC_RUNNING, LC_WAITING, LC_DONE, LC_FAILED, LC_ENDCANCELLED
} lc_jobstate;

typedef struct lc_engine {
  const char *name;              /* "task" */
  void (*cancel) (lc_job *job);  /* ask it to end; not for ended ones */
  /* Puts the outcome of the ended job at `index` into its user value, where
  ** it is not there yet. May raise; NULL: it always is there. */
  void (*fetch) (lua_State *L, lc_job *job, int index);
  bool (*asleep) (const lc_job *job);   /* does it wait? NULL: `state` says */
} lc_engine;

struct lc_job {
  const lc_engine *engine;
  struct lc_loop *loop;
  struct lc_group *group;  /* NULL once ended, unless its failure waits */
  lc_link siblings;        /* in the group's `jobs`, later in its `failed` */
  lc_link watchers;        /* operations that wait for the end */
  uint64_t born;           /* by the loop's `time` */
  uint32_t id;             /* 1, 2, ... in each state */
  int32_t slot;            /* a task's place, or -1: see slots.h */
  uint32_t nresults;
  int32_t line;            /* where it was started */
  uint32_t span;           /* while it is traced: tracing.h; 0: none */
  uint8_t state;
  bool keep;
  bool daemon;
  bool asked;              /* cancel was called */
  bool posted;             /* a host's call: no script has started it */
  int8_t priority;         /* in the queue of a limited group: high first */
  uint8_t guise;           /* of a pool: an engine's number + 1, or 0 */
  bool seen;               /* its outcome was looked at */
  uint8_t locks;           /* that it holds, under debug */
  bool extra;              /* has an entry in the side table: name, ... */
  bool guest;              /* may have something of the commons: its end is
                           ** told to loop->bereave */
};

static inline bool lc_job_ended (const lc_job *j) {
  return j->state >= LC_DONE;
}

/* The user value of a job's userdata: while it lives, the function that
** started it; then its result (one: the value; several: a list), or its
** error. */
enum { LC_JOB_VALUE = 1, LC_JOB_VALUES = 1 };

#define LC_JOB_TYPE "luaconc.job"

/* The error or results are in place: ends the job. No Lua, no raise. */
void lc_job_end (lc_job *j, lc_jobstate state);

/* "ready", "running", ... */
const char *lc_job_state_name (const lc_job *j);

/* Pushes the results of the ended job at `index` and returns their number,
** or pushes its error and returns -1. The failure counts as looked at. */
int lc_job_outcome (lua_State *L, lc_job *j, int index);

/* Pushes the entry of the job at `index` in the side table, or nil. With
** `make`, one is made. May raise for memory. */
void lc_job_extra (lua_State *L, lc_job *j, int index, bool make);

/* Pushes a field of that entry, or nil; returns its type. */
int lc_job_field (lua_State *L, lc_job *j, int index, const char *key);

/* Pushes "task 3" or "task 3 'name'". */
const char *lc_job_label (lua_State *L, lc_job *j, int index);

/* Pushes the reason that a live job was cancelled with, or nil. */
void lc_job_reason (lua_State *L, lc_job *j);

/* Pushes the handle of a live job or of a failure not looked at. Two stack
** slots; never raises. */
void lc_job_push (lua_State *L, const lc_job *j);

/* Anchors a job that has no slot, whose handle is at `index`. May raise. */
void lc_job_anchor (lua_State *L, lc_job *j, int index);

/* Lets go of a job that is over. Harmless where that was done. */
void lc_job_release (lc_job *j);

/* The anchored job after `j`, of all engines; NULL: the first, and the end. */
lc_job *lc_job_next (const struct lc_loop *loop, const lc_job *j);

/* Its task, or NULL for a job that runs elsewhere. */
struct lc_task *lc_job_task (lc_job *j);

/* Pushes the error of the failed job at `index`. May raise. */
void lc_job_error (lua_State *L, lc_job *j, int index);

/* The job at `index` gets a copy of the locals of `parent`, the running
** one. May raise for memory. */
void lc_job_inherit (lua_State *L, struct lc_task *parent, lc_job *j,
                     int index);

/* Pushes the locals of the running job, if it has any. May raise. */
bool lc_job_push_locals (lua_State *L, struct lc_loop *loop);

/* The table at `index` becomes those of the running job. May raise. */
void lc_job_set_locals (lua_State *L, struct lc_loop *loop, int index);

/* Handles of this engine may be told by it, instead of their metatable. */
extern const lc_engine lc_task_engine;

void lc_job_open (lua_State *L, struct lc_loop *loop);

#endif
