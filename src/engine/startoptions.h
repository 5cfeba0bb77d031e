/*
** startoptions.h: the options that a process is started with.
*/

#ifndef lc_startoptions_h
#define lc_startoptions_h

#include "base/system.h"

typedef enum lc_start { LC_FORKSERVER, LC_SPAWN, LC_FORK } lc_start;

/* Of the options table at `options` (0: none). They raise for wrong ones, and
** may leave values on the stack. */
lc_start lc_startoptions_start (lua_State *L, int options);
void lc_startoptions_limits (lua_State *L, int options, lc_limits *limits);

#endif
