/*
** channel.h: values from task to task, whichever states they are in.
**
** The shared part is an exchange (exchange.h); a state that holds a channel
** has one handle of it, and a seat. Waits are those of queues. They count as
** ended by others while another state or a message holds the channel too:
** so a deadlock inside one state is found, and waiting for others is none.
*/

#ifndef lc_channel_h
#define lc_channel_h

#include "kernel/loop.h"

/* Adds `channel` to the table on top. */
void lc_channel_open (lua_State *L, lc_loop *loop);

#endif
