/*
** sighold.h: which signals somebody waits for, and what was in force before.
**
** libuv's handlers are the process's, and so is what they take the place of:
** the first state that waits for a signal keeps that, the last one puts it
** back. Any thread.
*/

#ifndef lc_sighold_h
#define lc_sighold_h

#include "base/base.h"

#include <signal.h>

/* Before libuv's handler is set, and after it is gone. */
void lc_sighold_take (int number);
void lc_sighold_give (int number);

/* Does somebody wait for it? */
bool lc_sighold_held (int number);

/* Puts `action` into force, or, where somebody waits for the signal, sees to
** it that it will be. */
void lc_sighold_restore (int number, const struct sigaction *action);

/* It is luaconc's own from now on: nobody may wait for it. */
void lc_sighold_reserve (int number);
bool lc_sighold_reserved (int number);

#endif
