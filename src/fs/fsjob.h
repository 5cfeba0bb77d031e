/*
** fsjob.h: a request to the file system that a task waits for.
**
**   box (userdata, on the task's stack)  <--->  job (the pool's until done)
**
** A function fills the data of a box, and runs a kind of request on it. While
** the request is under way the data is in the job; then it comes back to the
** box, whose finaliser frees what building the results has left. A task that
** is cancelled lets go of the job, which frees what came when it is done: an
** open that succeeds after that closes its descriptor.
*/

#ifndef lc_fsjob_h
#define lc_fsjob_h

#include "fs/fsdata.h"
#include "kernel/task.h"

typedef struct lc_fskind {
  lc_opkind op;
  void (*work) (lc_fsdata *d);                 /* in the pool: see fscall.h */
  int (*push) (lua_State *L, lc_fsdata *d);    /* the results; may raise */
} lc_fskind;

#define LC_FSKIND(name, work, push) \
  {{name, lc_fsjob_cancel, NULL, LC_BY_UV}, work, push}

typedef struct lc_fsbox {
  const lc_fskind *kind;
  struct lc_fsjob *job;    /* under way; NULL: none */
  lc_fsdata data;
} lc_fsbox;

/* Pushes a box with empty data. May raise. */
lc_fsbox *lc_fsjob_box (lua_State *L);

/* Runs a request on the data of the box on top of the stack and returns its
** results, or nil, "PATH: message", code. `return` it. Waits. */
int lc_fsjob_run (lua_State *L, lc_task *t, lc_fsbox *box,
                  const lc_fskind *kind);

/* The same for a request that could not be made. */
int lc_fsjob_refuse (lua_State *L, lc_task *t, lc_fsbox *box, int err);

/* For LC_FSKIND. */
void lc_fsjob_cancel (lc_op *op);

/* Pushes nil, "PATH: message" and the code; returns 3. */
int lc_fsjob_fail (lua_State *L, const char *path, int err);

/* `push` of requests that give nothing but true. */
int lc_fsjob_true (lua_State *L, lc_fsdata *d);

/* The path at `arg`: a string without zeros; else raises. */
const char *lc_fsjob_path (lua_State *L, int arg, size_t *n);

/* Once a state. */
void lc_fsjob_open (lua_State *L, lc_loop *loop);

#endif
