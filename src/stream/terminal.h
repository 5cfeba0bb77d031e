/*
** terminal.h: the terminal that this process runs in: its size, and raw mode,
** which is left again whatever happens.
**
** Any thread; one mode for the process. Failures are negative libuv codes.
*/

#ifndef lc_terminal_h
#define lc_terminal_h

#include "base/base.h"

int lc_terminal_size (int *columns, int *rows);

/* Raw mode, until it was left as often as it was entered. At the end of the
** process, and where a signal ends it (but SIGKILL), it is left too; while it
** is stopped (SIGTSTP) the terminal is as it was. */
int lc_terminal_enter (void);
void lc_terminal_leave (void);

/* Leaves it at once, before a signal that ends the process is raised.
** Async-signal-safe; where the mode is not raw it does nothing. */
void lc_terminal_abandon (void);

#endif
