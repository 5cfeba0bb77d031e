/*
** codecache.h: what a state remembers of functions that it has sent or
** received.
**
** Of a function that it sends, the code, for as long as the function lives.
** Of codes that it gets, a few: a second time they are not loaded, but made
** (factory.h). Codes are told apart by what is in them, so it does not matter
** who sends them, how often, or whether by a hold or as bytes from another
** process.
**
** A state that is being closed remembers nothing.
*/

#ifndef lc_codecache_h
#define lc_codecache_h

#include "value/code.h"

/* The code of the Lua function on top, valid as long as the function is; NULL
** where nothing is remembered. May raise for want of memory. */
lc_code *lc_codecache_code (lua_State *L);

/* Pushes a function of this code, with upvalues that are nil (or the globals,
** where there is one only). May raise. */
void lc_codecache_push (lua_State *L, lc_code *c);

/* The same for bytecode. */
void lc_codecache_load (lua_State *L, const char *bytes, size_t size);

#endif
