/*
** chrecv.h: receiving from a channel.
*/

#ifndef lc_chrecv_h
#define lc_chrecv_h

#include "chwait.h"

enum { LC_HAND = 64 };   /* items that are taken at once */

/* A flow ends at the item, if one has begun. */
void lc_channel_arrived (lc_loop *loop, const lc_item *item);

/* What `recv` returns. May raise; the item is emptied. */
int lc_channel_received (lua_State *L, lc_exchanged done, lc_item *item);

/* {{ Methods */

int lc_channel_recv (lua_State *L);
int lc_channel_try_recv (lua_State *L);
int lc_channel_recv_many (lua_State *L);
int lc_channel_iter (lua_State *L);

/* }} */

#endif
