/*
** hostwait.h: what luaconc.h says of functions that wait: five functions of
** its table.
*/

#ifndef lc_hostwait_h
#define lc_hostwait_h

#include "luaconc.h"

void lc_hostwait_functions (lua_State *L, const luaL_Reg *functions);
void lc_hostwait_begin (lua_State *L);
int lc_hostwait_wait (lua_State *L, luaconc_wait *w, lua_KFunction k,
                      lua_KContext ctx);
void lc_hostwait_complete (luaconc_wait *w, int result);
int lc_hostwait_end (lua_State *L, luaconc_wait *w);

#endif
