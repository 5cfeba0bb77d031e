/*
** stub.h: what a message holds for each ticket (passage.h) in it.
**
** A stub is an object of the commons. Messages hold it as they hold other
** shared objects: while one is on its way, is kept in a channel, or was read
** and not freed yet. With the last hold, what the ticket stands for and was
** not fetched leaves the road, and is closed. So nothing stays open that was
** sent to a process that died, or that nobody has read.
**
** Nothing here raises. Any thread may call these functions.
*/

#ifndef lc_stub_h
#define lc_stub_h

#include "shared/shared.h"

/* A new one, with one hold, for nothing yet; NULL: no memory. */
lc_shared *lc_stub_new (void);

/* It stands for these numbers of the road; 0: none. Once. */
void lc_stub_fill (lc_shared *stub, uint64_t fd, uint64_t block);

/* Makes the kind known, when the core is opened. */
void lc_stub_open (void);

#endif
