/*
** strait.h: a channel between processes: its items in a shared mapping, and
** who waits, in the commons.
**
** A channel begins as an exchange (exchange.h), private to its process. When
** a message takes it to another one, it moves here, with what is in it; each
** process then has an exchange of its own for it, which only counts its
** holders and leads here.
**
** An item lies in a *slot*. A slot has one owner: a process, the ring, or
** nobody. Small values lie in the slot itself, others in its arena, and what
** is too large for that in a mapping of its own, by the road.
**
**   free --a sender fills it--> the process's --put--> the ring's
**     ^                            |  who waits for room      |
**     +---- read ---- the receiver's process <--take, grant---+
**
** Tickets (guest.h) of receivers stand in the thing's queue, those of senders
** in a second one. `what` of a ticket is 0 for a receiver, a slot and one more
** for a sender that waits or a receiver that was served, and LC_STRAIT_WATCH
** for a select, which is not served but told to look. So two selects do not
** meet where nothing is kept (capacity 0).
**
** Invariants:
** 1. Receivers (but selects) wait only where there is no item and no sender,
**    senders only where it is full: as in an exchange.
** 2. The lock is held for a few instructions and never across a wait. Where
**    its holder has died, or a process that had the channel, the next one
**    puts the slots in order: what the dead one was sending is gone, what it
**    was taking is still there. Nobody is left asleep: all look anew.
** 3. In the ring are the slots `head` to `tail`.
** 4. A *pier* stands for each process that has the channel, and tells how many
**    of its states and messages hold it.
**
** Nothing here raises. Any thread of a process that has the channel.
*/

#ifndef lc_strait_h
#define lc_strait_h

#include "channel/dock.h"
#include "channel/item.h"

typedef enum lc_crossed {
  LC_CROSS_DONE, LC_CROSS_BLOCKED, LC_CROSS_CLOSED, LC_CROSS_NOMEMORY
} lc_crossed;

/* A new one for a channel of this capacity: 0 or a libuv code. */
int lc_strait_new (const lc_sharedkind *kind, uint32_t capacity,
                   lc_proxy **p);

/* An item for other processes: what it holds is kept by the root. */
int lc_strait_export (lc_item *item);
void lc_strait_discard (lc_item *item);   /* it was not sent */

/* Sends, or receives. Where that can't be now the wait, if given, joins the
** queue; with the item, if it sends. The item is emptied where it has gone,
** or waits; what is received may be lost (LC_ITEM_LOST). `g`: the guest of
** the calling state. */
lc_crossed lc_strait_put (lc_proxy *p, lc_item *item, lc_guest *g,
                          lc_wait *w);
lc_crossed lc_strait_take (lc_proxy *p, lc_item *item, lc_guest *g,
                           lc_wait *w);

/* Sends, or receives, the first of n items, as many as go at once and are no
** larger than a slot: how many. `items` are emptied; or filled. */
uint32_t lc_strait_put_many (lc_proxy *p, lc_item *items, uint32_t n,
                             lc_guest *g);
uint32_t lc_strait_take_many (lc_proxy *p, lc_item *items, uint32_t n,
                              lc_guest *g);

/* A wait that was told to look: sends what it had in its slot. */
lc_crossed lc_strait_put_again (lc_proxy *p, lc_guest *g, lc_wait *w);

/* Reads what a wait has received. */
void lc_strait_read (lc_proxy *p, lc_item *item, lc_wait *w);

/* Lets a select wait, for an item or (`send`) for room. It is told at once
** where there is some. */
void lc_strait_watch (lc_proxy *p, lc_wait *w, bool send);

/* The wait is over, one way or the other: what it still has is dropped, and
** where it was told to look in vain the next one is told. */
void lc_strait_abandon (lc_wait *w, lc_guest *g);

void lc_strait_close (lc_proxy *p, lc_guest *g);
uint32_t lc_strait_len (const lc_proxy *p);

/* May there be something for a receiver, or room for a sender? Without the
** lock. */
bool lc_strait_stirs (const lc_proxy *p, bool send);

#endif
