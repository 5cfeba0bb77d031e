/*
** hostwork.h: work of others in a thread of its own, for which a task waits:
** `offload` of the table in luaconc.h.
*/

#ifndef lc_hostwork_h
#define lc_hostwork_h

#include "luaconc.h"

int lc_hostwork_offload (lua_State *L, void (*work) (void *ud),
                         luaconc_call done, void *ud);

#endif
