/*
** pulse.h: a thread that watches the loops of its process, and says which task
** holds one for too long while it does so. In a thread or process that has no
** other job it says nothing: these are there to compute.
**
** A loop notes when it resumes a task and when that comes back. The watchdog
** looks at these notes, and where one is too old makes the task print its own
** traceback, as inquiry.h says: from inside, at its next instruction. What runs
** C code comes to none: then the watchdog itself says what it knows.
**
** The first loop that is watched starts it, the last one ends it. Off, it costs
** a branch by switch (loop->watch).
*/

#ifndef lc_pulse_h
#define lc_pulse_h

#include "kernel/loop.h"
#include "kernel/task.h"

/* Watches from now on: says what takes longer than `ns`, then what takes
** twice as long, and so on. 0 ends it. In a program also what is started later,
** as soon as it asks for luaconc: by the environment. 0, or a libuv code:
** UV_EBUSY where another state of the process is the program. */
int lc_pulse_watch (lc_loop *loop, uint64_t ns);

/* What the program of this process watches for, ns; 0: nothing. Any thread. */
uint64_t lc_pulse_everywhere (void);

/* A task goes on, or comes back. Only where LC_WATCH_PULSE is set. */
void lc_pulse_begin (const lc_task *t);
void lc_pulse_end (const lc_loop *loop);

/* In the midst of the task, which has been asked: prints where it is. May
** raise. */
void lc_pulse_tell (lua_State *L, lc_loop *loop);

/* In a fork, which has no watchdog. */
void lc_pulse_fork (lc_loop *loop);

/* The loop ends. Harmless on others. */
void lc_pulse_stop (lc_loop *loop);

#endif
