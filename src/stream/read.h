/*
** read.h: the reading side of a stream: see stream.h.
*/

#ifndef lc_read_h
#define lc_read_h

#include "stream/stream.h"

/* Lua methods: see read.c. */
int lc_read_method (lua_State *L);
int lc_read_until (lua_State *L);
int lc_read_lines (lua_State *L);

/* What a select may wait for: {s, "read", format}. */
extern const lc_selectable lc_read_cases[];

#endif
