/*
** tty.h: the terminal, for Lua: see terminal.h. What is typed comes from
** conc.stdin; that its size has changed tells conc.signal("SIGWINCH").
*/

#ifndef lc_tty_h
#define lc_tty_h

#include "kernel/loop.h"

/* Adds `tty` = {is, size, raw} to the table on top. May raise. */
void lc_tty_open (lua_State *L, lc_loop *loop);

#endif
