/*
** exec.h: programs that run beside ours: see program.h. Pipes, pipelines,
** captured output and deadlines are put together in lua/luaconc/exec.lua.
*/

#ifndef lc_exec_h
#define lc_exec_h

#include "kernel/loop.h"

/* Adds `exec` = {start, tube} to the table on top. May raise. */
void lc_exec_open (lua_State *L, lc_loop *loop);

#endif
