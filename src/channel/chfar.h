/*
** chfar.h: channels that other processes have, too: the same methods, over a
** strait (strait.h).
*/

#ifndef lc_chfar_h
#define lc_chfar_h

#include "channel/chwait.h"
#include "kernel/select.h"

/* {{ Methods: of a channel that has moved. The arguments are checked. */

int lc_channel_send_far (lua_State *L, lc_channel *c, bool waits);
int lc_channel_recv_far (lua_State *L, lc_channel *c, bool waits);

/* From the turn's batch, all of which can be sent; returns the turn. */
int lc_channel_send_many_far (lua_State *L, lc_channel *c, lc_task *t,
                              lc_turn *turn);

/* At 2: the most that are wanted. */
int lc_channel_recv_many_far (lua_State *L, lc_channel *c);

/* }} */

/* The state has the channel no longer. */
void lc_channel_quit (lc_seat *seat);

/* {{ Cases of a select */

int lc_channel_attempt_far (lua_State *L, lc_channel *c, int value);
void lc_channel_begin_far (lua_State *L, lc_channel *ch, lc_case *c,
                           bool send);
void lc_channel_forgo_far (lc_case *c);

/* }} */

#endif
