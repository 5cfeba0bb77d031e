/*
** interrupt.h: code that computes is interrupted by a signal to its thread,
** whose handler sets a hook on the coroutine that runs there.
**
** Ctrl-C while `run` drives the loop of a program like `lua`: the first
** SIGINT cancels the root scope and interrupts Lua code that computes in a
** task; after the clean-ups the signal is raised again with its default
** effect, so that a shell sees status 130. A second one takes that effect at
** once. While somebody waits for SIGINT by conc.signal, it is theirs instead.
**
** A worker (worker.h) is struck by SIGURG, if it is a thread, or SIGTERM, if
** it is a process, when its job is cancelled: all its jobs are cancelled, and
** code that computes is interrupted; from the second strike on, at every
** instruction outside conc.shield, until it ends.
**
** POSIX signals; other systems are a second file.
*/

#ifndef lc_interrupt_h
#define lc_interrupt_h

#include <pthread.h>

#include "kernel/loop.h"

/* Installs the handler of SIGINT, if the state belongs to a program like
** `lua` and SIGINT isn't ignored. True where it did: who started it stops it,
** which restores the handler that was there before. */
bool lc_interrupt_start (lc_loop *loop);
void lc_interrupt_stop (lc_loop *loop);

/* Has a signal come that the loop does not know of yet? */
bool lc_interrupt_pending (lc_loop *loop);

/* Raises SIGINT again: does not come back, as a rule. */
int lc_interrupt_again (lua_State *L, lc_loop *loop);

/* This thread is the worker's from now on; NULL: no longer. It was started
** with all signals blocked. */
void lc_interrupt_adopt (struct lc_worker *w);

/* The worker's job begins: `w->loop` is set. */
void lc_interrupt_begun (struct lc_worker *w);

/* While somebody has threads to strike, the process handles SIGURG; what was
** in force before is restored when nobody has. Any thread. */
void lc_interrupt_hold (void);
void lc_interrupt_release (void);

/* Strikes a thread whose worker's `strikes` has been counted up, or whose port
** says what it is asked for. Any thread. */
void lc_interrupt_strike (pthread_t thread);

/* A coroutine that was to be interrupted at every instruction has ended or
** yielded, so that who has resumed it goes on: it is interrupted instead. */
void lc_interrupt_follow (const struct lc_worker *w, lua_State *L,
                          lua_State *co);

/* The state of the main program can be asked (inquiry.h) where it computes,
** until it ends: by a signal that makes it print what goes on, if one is named
** (false: somebody waits for that one), and by the watchdog. One state of a
** process, in the thread that calls; false for others. */
bool lc_interrupt_watch (lc_loop *loop);
bool lc_interrupt_dump_on (lc_loop *loop, int number);
void lc_interrupt_unwatch (lc_loop *loop);

/* In a worker process: SIGTERM is a strike. */
void lc_interrupt_serve (void);

#endif
