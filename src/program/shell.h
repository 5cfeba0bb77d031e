/*
** shell.h: os.execute and io.popen in a thread of ours.
**
** Our threads block signals, which are for those of the program, and a program
** that is started inherits that: most shells leave it so, and what they run
** could not be stopped. So these functions let signals in while they start one.
*/

#ifndef lc_shell_h
#define lc_shell_h

#include "base/base.h"

/* Sees to both, where the state has them. May raise. */
void lc_shell_open (lua_State *L);

#endif
