/*
** luaconc.h: what a program that embeds Lua may use, and a module in C.
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
**
** A module's userdata crosses to other states if its metatable has a field
** `__transfer`: a function (see "What may cross" in docs/design.md), or, for
** what lies in C memory, a light userdata that points to a luaconc_transfer:
**
**   static const luaconc_transfer transfer = {
**     LUACONC_TRANSFER, "image", NULL, image_leave, image_arrive, image_drop
**   };
**   ...
**   lua_pushlightuserdata(L, (void *)&transfer);
**   lua_setfield(L, -2, "__transfer");   // of the metatable
**
** Only addresses are passed on, so the module need not be linked with ours.
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

#define LUACONC_TRANSFER 1   /* the version of the struct below */

/* How userdata moves to another state of this process, or is shared with it:
** by an object, an address that means something to the module alone. Until it
** has arrived the object belongs to the message. */
typedef struct luaconc_transfer {
  int version;               /* LUACONC_TRANSFER */
  const char *module;        /* is required in the other state before the
                             ** object arrives; NULL: none need be */

  /* Why the userdata can't be sent now ("is closed"); NULL: it can. Asked
  ** before anything is sent. NULL in place of the function: it always can. */
  const char *(*refuse) (lua_State *L, int index);

  /* Gives the object: all values of the message can be sent. To move it, what
  ** is left is a userdata without one; to share it, the object counts its
  ** holders. NULL: no memory. May raise, before it has done anything. */
  void *(*leave) (lua_State *L, int index);

  /* Pushes a userdata of the other state, to which the object belongs from
  ** now on. May raise; then it does not. */
  void (*arrive) (lua_State *L, void *object);

  /* Nobody has received the object. Any thread; no Lua. */
  void (*drop) (void *object);

  /* For other processes, and for bytes that are kept: what a function
  ** __transfer is. NULL: it is refused there. */
  lua_CFunction describe;
} luaconc_transfer;

#ifdef __cplusplus
}
#endif

#endif
