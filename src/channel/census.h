/*
** census.h: who holds a channel, and when nobody can reach it any more.
**
** Holders are states, each with a seat, and messages in flight. A message in
** a channel is a holder only as far as that channel can be reached itself: a
** channel that was sent through itself, or two through each other, would
** hold themselves for ever. So when no state holds one, but messages do, all
** that can be reached from it is looked at: what is held by nothing but
** freights of others there is garbage.
**
** One mutex of the process guards all of this. It is taken when a state
** begins or ceases to hold a channel, and for messages that hold channels:
** never for others. Before it takes a freight out of a channel, a thread has
** a seat there, so nothing is taken for garbage meanwhile.
**
** Nothing here raises. Any thread may call these functions.
*/

#ifndef lc_census_h
#define lc_census_h

#include "channel/exchange.h"

/* A state begins to hold the channel, or ceases to. Then the seat's turns
** are returned, and the channel may be gone. */
void lc_census_join (lc_seat *seat);
void lc_census_leave (lc_seat *seat);

/* A message begins or ceases to hold it. The first answers the seat of the
** only state that holds it, if there is only one. */
lc_seat *lc_census_hold (lc_exchange *x);
void lc_census_drop (lc_exchange *x);

/* {{ Channels that other processes have too (strait.h) */

/* Moves it there: 0 or a libuv code; UV_EBUSY: what is in it can't leave this
** process. */
int lc_census_emigrate (lc_exchange *x, const lc_sharedkind *strait);

/* The exchange for one that has come, held by a message; made if this process
** has none. Takes the proxy's reference. NULL: no memory. */
lc_exchange *lc_census_arrive (lc_proxy *p, const lc_sharedkind *kind);

/* }} */

/* A freight is at this channel, or at none any more. */
void lc_census_load (lc_exchange *x, lc_freight *f);
void lc_census_unload (lc_freight *f);

#endif
