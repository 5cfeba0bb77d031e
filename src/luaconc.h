/*
** luaconc.h: what a program that embeds Lua may use.
**
** A script's jobs run on a libuv loop of their own unless the host gives
** them its own, before the module is first required:
**
**   lua_pushlightuserdata(L, loop);          // a uv_loop_t *
**   lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
**
** Then every uv_run of the host runs the jobs too, with no call of ours; the
** loop must outlive the state, and lua_close must not be called from inside
** one of its callbacks. Nor may a script that such a callback calls wait: that
** raises where it can be seen, which is while the loop polls; libuv does not
** tell of the callbacks of its timers. A host that can't hand its loop over
** calls `require("luaconc.core").turn()` now and then: it runs what is ready,
** polls without waiting, and returns whether there are live jobs.
**
** All of this is for the thread of the state.
*/

#ifndef luaconc_h
#define luaconc_h

#include <lua.h>

#define LUACONC_UV_LOOP "luaconc.uv_loop"

#ifdef __cplusplus
extern "C" {
#endif

/* Opens the private module `luaconc.core`: a lua_CFunction for require. */
int luaopen_luaconc_core (lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
