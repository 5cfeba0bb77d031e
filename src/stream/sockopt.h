/*
** sockopt.h: options of sockets that streams stand on.
*/

#ifndef lc_sockopt_h
#define lc_sockopt_h

#include "stream/stream.h"

/* s:option(name) -> value | nil, message, code
** s:option(name, value) -> s | nil, message, code
** A method of streams over sockets: see sockopt.c for the names. */
int lc_sockopt_method (lua_State *L);

#endif
