/*
** dns.h: names of hosts.
*/

#ifndef lc_dns_h
#define lc_dns_h

#include "kernel/loop.h"

/* Adds `dns` = {lookup, reverse} to the table on top. May raise. */
void lc_dns_open (lua_State *L, lc_loop *loop);

#endif
