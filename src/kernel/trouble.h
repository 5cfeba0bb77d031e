/*
** trouble.h: why code outside tasks must unwind: a job started outside any
** task has failed, nothing can go on, os.exit in a task, or Ctrl-C.
**
**   none --cancel of the root scope--> draining --settle--> none, and raised
**
** Each of them cancels the root scope; the wait that drives the loop ends,
** waits until all root jobs have ended, takes the cancellation back, and
** raises (or exits). Code outside tasks only.
*/

#ifndef lc_trouble_h
#define lc_trouble_h

#include "kernel/loop.h"

enum { LC_NONE, LC_DEADLOCK, LC_EXIT, LC_SIGINT };

/* If the root scope is cancelled: waits until all its jobs have ended and
** takes the cancellation back. Leaves trouble and failures as they are. */
void lc_trouble_settle (lua_State *L, lc_loop *loop);

/* Settles, then raises what has happened, or exits. `run` lets the error
** carry its tracebacks. */
int lc_trouble_raise (lua_State *L, lc_loop *loop);

/* Is there something for lc_trouble_raise? */
bool lc_trouble_is (lc_loop *loop);

/* Nothing can ever run again: reports it and cancels all; where that has
** been done, closes a task that can't be woken. */
void lc_trouble_stuck (lua_State *L, lc_loop *loop);

void lc_trouble_open (lua_State *L, lc_loop *loop);

#endif
