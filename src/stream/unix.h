/*
** unix.h: streams over Unix sockets: see stream.h, listener.h. A socket has
** the name of a file, or on Linux an abstract name, which begins with a zero
** byte and is in no folder.
*/

#ifndef lc_unix_h
#define lc_unix_h

#include "kernel/loop.h"

/* Adds `unix` = {connect, listen} to the table on top. May raise. */
void lc_unix_open (lua_State *L, lc_loop *loop);

#endif
