/*
** pulse.h: a thread that watches the program's loop, and says which task holds
** it for too long while it does so.
**
** The loop notes when it resumes a task and when that comes back. The watchdog
** looks at these notes, and where one is too old makes the task print its own
** traceback, as inquiry.h says: from inside, at its next instruction. What runs
** C code comes to none: then the watchdog itself says what it knows.
**
** One loop of the process at most: that of the main program. Off, it costs a
** branch by switch (loop->watch).
*/

#ifndef lc_pulse_h
#define lc_pulse_h

#include "loop.h"

/* Watches from now on: says what takes longer than `ns`, then what takes
** twice as long, and so on. 0 ends it. 0, or a libuv code: UV_EBUSY where
** another loop is watched, or this one is a worker's. */
int lc_pulse_watch (lc_loop *loop, uint64_t ns);

/* A task goes on, or comes back. Only where LC_WATCH_PULSE is set. */
void lc_pulse_begin (uint32_t id);
void lc_pulse_end (void);

/* In the midst of the task, which has been asked: prints where it is. May
** raise. */
void lc_pulse_tell (lua_State *L, lc_loop *loop);

/* In a fork, which has no watchdog. */
void lc_pulse_fork (lc_loop *loop);

/* The loop ends. Harmless on others. */
void lc_pulse_stop (lc_loop *loop);

#endif
