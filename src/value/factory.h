/*
** factory.h: functions that make functions of a code.
**
** Loading bytecode takes as long as making all the strings and blocks of its
** function. Lua makes a second function of the same code by a closure of it
** only, which takes a function around it. So that is what is loaded here: a
** function that Lua has compiled, in which one that it makes has been
** replaced by ours:
**
**     function() local a, b, c return function() return a, b, c end end
**
** This reads as much of Lua 5.4's bytecode as it must to find the list of
** upvalues, and stops at whatever it does not know.
*/

#ifndef lc_factory_h
#define lc_factory_h

#include "base/base.h"

/* Pushes a function that makes a function of this bytecode at each call, with
** upvalues of its own, which are nil. False, and nothing, where that can't be
** done. The bytes are trusted. May raise for want of memory. */
bool lc_factory_push (lua_State *L, const char *code, size_t size);

#endif
