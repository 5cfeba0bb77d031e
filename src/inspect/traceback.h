/*
** traceback.h: where things happen, in words: tracebacks of failures, the
** places of tasks, and why somebody can't wait.
*/

#ifndef lc_traceback_h
#define lc_traceback_h

#include "kernel/task.h"

/* The message handler of every body: keeps the traceback of the error for
** conc.traceback and leaves the error as it is. */
int lc_traceback_on_error (lua_State *L);

/* Raises the error on top, which was raised before: an error that is passed
** on keeps the traceback of where it happened. */
int lc_traceback_pass_on (lua_State *L);

/* Raises: the caller is in a task but can't wait. `inside`: in the right
** coroutine, but below a C function that can't be suspended. */
void lc_traceback_cannot_wait (lua_State *L, bool inside);

/* A lua_CFunction: the task at 1 (light userdata) -> the error of one that
** yielded to nobody, or swallowed its cancellation too often. */
int lc_traceback_misbehaviour (lua_State *L);

/* Pushes "script.lua:12", where the innermost coroutine of the task waits,
** or where it was started. */
void lc_traceback_place (lua_State *L, lc_task *t);
void lc_traceback_started (lua_State *L, lc_job *j);

/* Pushes the place of the first function of the user's that runs in L, or
** nil. May raise. */
void lc_traceback_here (lua_State *L, const lc_loop *loop);

/* The level, from 1 on, of the first function of the user's on the stack of
** L: not one of this library's own Lua files. 0: there is none. */
int lc_traceback_user_level (lua_State *L);

/* The coroutine that waits inside `co`, through conc.coroutine; or NULL. */
lua_State *lc_traceback_inner (const lc_loop *loop, lua_State *co);

/* Pushes both tracebacks known for the error at `index`, or nil. */
void lc_traceback_push (lua_State *L, int index);

/* The error at `index`, of the job at `handle`, which ran elsewhere, has the
** traceback on top, which is popped; where the job was started is added. May
** raise. */
void lc_traceback_remember (lua_State *L, int index, lc_job *j, int handle);

/* The same, and nothing is added. */
void lc_traceback_keep (lua_State *L, int index);

void lc_traceback_open (lua_State *L, lc_loop *loop);

#endif
