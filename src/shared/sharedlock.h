/*
** sharedlock.h: locks and semaphores between states.
**
** A lock belongs to the task that has it. Where a task, state or process ends
** with one, the next to get it is told, by two more results of `acquire`:
** what the lock guards may be half done.
*/

#ifndef lc_sharedlock_h
#define lc_sharedlock_h

#include "kernel/loop.h"

/* Adds `lock` and `semaphore` to the table on top. */
void lc_sharedlock_open (lua_State *L, lc_loop *loop);

#endif
