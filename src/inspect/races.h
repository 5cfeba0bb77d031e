/*
** races.h: under debug: a job that reads an element of a shared array, or a
** number in a shared map, and writes it later, while somebody else has written
** it in between, or could have, as the job waited and held no lock.
**
** What it sees: what this state does by a[i], m:get and m:set, and that the
** value (of a map: its version) has changed meanwhile. What it does not: a
** change that was undone by the time of the write; a read whose value goes
** another way than into the next write; reads that RACES_KEPT others have
** followed; locks that are none of luaconc's.
*/

#ifndef lc_races_h
#define lc_races_h

#include "kernel/loop.h"

/* What is known by that address, and is `bytes` now, is read, or will be
** written: `what` it is, and what could be called instead. Only where
** lc_debug_on. No raise. */
void lc_races_read (lua_State *L, lc_loop *loop, const void *at,
                    uint64_t bytes);
void lc_races_write (lua_State *L, lc_loop *loop, const void *at,
                     uint64_t bytes, const char *what, const char *instead);

void lc_races_end (lc_loop *loop);   /* the state ends */

#endif
