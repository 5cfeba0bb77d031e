/*
** relay.h: what a worker writes to its standard error, on its way through the
** forkserver: it is passed on as it comes, and its last bytes are kept, for
** the error of a job whose worker dies.
**
**   worker --pipe--> relay --> the standard error that the worker was given
**
** Nothing here blocks: where the other side does not read, the worker's pipe
** fills, and the worker waits, as it would without us. What has been read and
** can't be written yet waits in the relay. A relay lives until nobody has the
** writing end any more: programs that the worker has started may outlive it.
**
** One thread. Failures are negative libuv codes.
*/

#ifndef lc_relay_h
#define lc_relay_h

#include "engine/forkserver.h"

enum { LC_RELAY_TAIL = LC_FATE_WORDS };

typedef struct lc_relay lc_relay;

/* Whose relays are ready can be read from this descriptor (epoll's). */
int lc_relay_open (void);
void lc_relay_close (void);   /* and all relays */

/* Makes one to the descriptor `to`, which it copies: it, and the writing end
** in *fd, which is the caller's. */
int lc_relay_new (int to, int *fd, lc_relay **relay);

/* There will be no worker: closes it. */
void lc_relay_drop (lc_relay *r);

/* Passes on what has come. `ready`: the descriptor of lc_relay_open is
** readable; without it only what could not be written before. */
void lc_relay_pass (bool ready);

/* Does something wait to be written? Then call lc_relay_pass soon. */
bool lc_relay_waits (void);

/* The worker has ended: reads what it has left, and copies its last bytes to
** `tail`: how many. The relay sees to itself from here on. */
size_t lc_relay_end (lc_relay *r, char tail[LC_RELAY_TAIL]);

#endif
