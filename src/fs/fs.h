/*
** fs.h: the functions of conc.fs that take paths.
*/

#ifndef lc_fs_h
#define lc_fs_h

#include "kernel/loop.h"

/* Adds the table `fs` to the table on top. May raise. */
void lc_fs_open (lua_State *L, lc_loop *loop);

#endif
