/*
** chsend.h: sending to a channel.
*/

#ifndef lc_chsend_h
#define lc_chsend_h

#include "channel/chwait.h"

/* Makes an item of the value at `index`, which is no nil. May raise. */
void lc_channel_read (lua_State *L, lc_channel *c, int index, lc_item *item);

/* What `send` returns: the item has gone, or is freed. May raise. */
int lc_channel_sent (lua_State *L, lc_exchanged done, lc_item *item);

/* {{ Methods */

int lc_channel_send (lua_State *L);
int lc_channel_try_send (lua_State *L);
int lc_channel_send_many (lua_State *L);

/* }} */

#endif
