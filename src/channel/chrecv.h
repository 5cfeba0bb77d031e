/*
** chrecv.h: receiving from a channel.
*/

#ifndef lc_chrecv_h
#define lc_chrecv_h

#include "channel/chwait.h"

enum { LC_HAND = 64 };   /* items that are taken at once */

/* A flow ends at the item, if one has begun. */
void lc_channel_arrived (lc_loop *loop, const lc_item *item);

/* What `recv` returns. May raise; the item is emptied. */
int lc_channel_received (lua_State *L, lc_exchanged done, lc_item *item);

/* {{ What recv_many has taken lies in the hand of the seat (see chrecv.c) */

void lc_channel_need_hand (lua_State *L, lc_seat *seat);   /* may raise */

/* Puts an item that a wait has brought behind those in the hand; where that
** is full of what could not be read, into the empty list on top, which may
** raise. The item is emptied. */
void lc_channel_keep (lua_State *L, lc_seat *seat, lc_item *item);

/* Moves what is in the hand to the end of the list at `list`, of `most` items
** at last. False: one can't be read; the list ends before it, and it is the
** next. Raises where that is the first, which then is dropped. */
bool lc_channel_unload (lua_State *L, lc_seat *seat, int list,
                        lua_Integer most);

/* }} */

/* {{ Methods */

int lc_channel_recv (lua_State *L);
int lc_channel_try_recv (lua_State *L);
int lc_channel_recv_many (lua_State *L);
int lc_channel_iter (lua_State *L);

/* }} */

#endif
