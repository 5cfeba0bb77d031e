/*
** cargo.h: userdata of C modules on its way to another state.
**
** What the module gave for it (luaconc.h, luaconc_transfer) lies in a crate,
** a shared object that is held by the one message it is in. It is empty until
** the whole message has been encoded, and again once it has arrived; whoever
** drops the last hold before that gives the module its object back.
*/

#ifndef lc_cargo_h
#define lc_cargo_h

#include "luaconc.h"
#include "shared/shared.h"

/* An empty crate that nobody holds yet; NULL: no memory. */
lc_shared *lc_cargo_new (const luaconc_transfer *how);

/* Takes the object out of the userdata on top, which stays. Raises where
** the module does. */
void lc_cargo_load (lua_State *L, lc_shared *crate);

#endif
