/*
** job.h: what all engines share: a job, its handle and its end.
**
**   ready --> running <--> waiting --> done | failed | cancelled
**
** The userdata that Lua holds is the job itself. While it lives, the loop
** anchors it in a slot; a failure that nobody has looked at stays anchored
** until its group has raised it. Results and error stand in the user value.
**
** Invariants:
** 1. A live job is in `jobs` of its group; an ended one is not.
** 2. A job ends once, by lc_job_end; then its watchers are completed, first
**    come first served, and its group is told.
*/

#ifndef lc_job_h
#define lc_job_h

#include "list.h"
#include "op.h"

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
} lc_engine;

struct lc_job {
  const lc_engine *engine;
  struct lc_loop *loop;
  struct lc_group *group;  /* NULL once ended, unless its failure waits */
  lc_link siblings;        /* in the group's `jobs`, later in its `failed` */
  lc_link watchers;        /* operations that wait for the end */
  uint32_t id;             /* 1, 2, ... in each state */
  int32_t slot;            /* where the loop anchors it; -1: not anchored */
  uint32_t nresults;
  uint8_t state;
  bool keep;
  bool daemon;
  bool asked;              /* cancel was called */
  bool extra;              /* has an entry in the side table: name, ... */
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

/* The job at `index` gets a copy of the locals of `parent`, the running
** one. May raise for memory. */
void lc_job_inherit (lua_State *L, struct lc_task *parent, lc_job *j,
                     int index);

/* Handles of this engine may be told by it, instead of their metatable. */
extern const lc_engine lc_task_engine;

void lc_job_open (lua_State *L, struct lc_loop *loop);

#endif
