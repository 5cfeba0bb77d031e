/*
** interrupt.h: Ctrl-C while `run` drives the loop of a program like `lua`.
**
** The first SIGINT cancels the root scope and interrupts Lua code that
** computes in a task; after the clean-ups the signal is raised again with
** its default effect, so that a shell sees status 130. A second one takes
** that effect at once. POSIX signals; other systems are a second file.
*/

#ifndef lc_interrupt_h
#define lc_interrupt_h

#include "loop.h"

/* Installs the handler, if the state belongs to a program like `lua` and
** SIGINT isn't ignored. True where it did: who started it stops it, which
** restores the handler that was there before. */
bool lc_interrupt_start (lc_loop *loop);
void lc_interrupt_stop (lc_loop *loop);

/* Has one come that the loop does not know of yet? */
bool lc_interrupt_pending (lc_loop *loop);

/* Raises the signal again: does not come back, as a rule. */
int lc_interrupt_again (lua_State *L, lc_loop *loop);

#endif
