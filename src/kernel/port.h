/*
** port.h: how other threads reach a loop, and how its thread sleeps.
**
** Every loop has a port, in a block of its own that outlives it: whoever may
** post keeps a reference. A note is posted from any thread and arrives in
** the owner's, in order of posting for each poster.
**
**   owner:  awake --lc_port_park----> parked, on a futex ----+
**             |  \--lc_port_poll----> polling an eventfd ----+
**             +<------- a note, a ring, the end of the time -+
**
** Invariants:
** 1. A note lies in its poster's block, which stays until the note has
**    arrived; it is posted again only after that.
** 2. The owner sleeps only after it has said so and then seen no note and no
**    ring; a poster looks at what the owner said after it has posted. So no
**    note is slept over, and many notes take one wake-up.
** 3. A port that is closed takes no notes, and every note it took arrives.
*/

#ifndef lc_port_h
#define lc_port_h

#include <stdatomic.h>

#include "base/base.h"

struct lc_loop;
typedef struct lc_port lc_port;
typedef struct lc_note lc_note;

struct lc_note {
  lc_note *next;
  lc_note *prev;     /* set once the owner has it in its list */
  void (*arrive) (lc_note *n, struct lc_loop *loop);  /* in the owner's
       thread, between tasks: no Lua, no raise; may free the note */
};

/* {{ Any thread that has a reference */

lc_port *lc_port_new (void);      /* with one reference; NULL: no memory */
void lc_port_hold (lc_port *p);
void lc_port_release (lc_port *p);   /* harmless on NULL */

/* In a fork of the process, whose parent has the same descriptor: closes it
** here. The block is left to whoever has a reference. */
void lc_port_abandon (lc_port *p);

/* False where the port is closed: the note is the caller's again. */
bool lc_port_post (lc_port *p, lc_note *n);

/* Makes the owner look about. In signal handlers too. */
void lc_port_ring (lc_port *p);

/* The same, and asks its state for something: see inquiry.h. */
typedef enum lc_ask {
  LC_ASK_REPORT = 1,   /* what goes on there, to who has started it */
  LC_ASK_DUMP = 2,     /* to print what goes on, there and below */
  LC_ASK_PLACE = 4,    /* to print where it computes: it blocks its loop */
  LC_ASK_STILL = 8,    /* whether anything can go on there: still.h */
  LC_ASK_LOOK = 16     /* to look whether anything can go on at all */
} lc_ask;
void lc_port_ask (lc_port *p, lc_ask what);

/* Does the owner sleep, as far as can be told from outside? Until others wake
** it, and nothing else? And does nobody see to it (lc_port_guard)? */
bool lc_port_is_asleep (const lc_port *p);
bool lc_port_needs_others (const lc_port *p);
bool lc_port_is_forlorn (const lc_port *p);

/* }} */

/* {{ The owner's thread */

/* Where that stands: not 0 while there is something. For a look in passing. */
const atomic_uint *lc_port_asks (const lc_port *p);

/* What it has been asked for since the last call: bits, as a rule none. */
unsigned lc_port_asked (lc_port *p);

/* Lets all notes arrive that have been posted. */
void lc_port_deliver (lc_port *p, struct lc_loop *loop);

/* Takes back a note that has not arrived; false where it has, or was not
** posted. Nobody else may be posting it. */
bool lc_port_withdraw (lc_port *p, lc_note *n);

/* Sleeps until there is a note or a ring, or for `ns` (UINT64_MAX: no
** limit); at once where there is one. `soon`: somebody may be about to post;
** `others`: nothing else will end it, so `nap` says for how long. False:
** nothing has come. */
bool lc_port_park (lc_port *p, uint64_t ns, bool soon, bool others);

/* Until it sleeps again: somebody sees to it that it does not for ever. */
void lc_port_guard (lc_port *p);

/* How many notes have arrived, but for those that have said, while they did,
** that they are nothing new. */
uint64_t lc_port_arrived (const lc_port *p);
void lc_port_discount (lc_port *p);

/* From now on a poster writes to the descriptor; false where it need not,
** as there is a note or a ring already: then don't sleep. */
bool lc_port_poll (lc_port *p, bool others);
void lc_port_polled (lc_port *p);

/* The descriptor, made at first use, that is readable after a wake-up;
** or a negative libuv code. */
int lc_port_descriptor (lc_port *p);
void lc_port_drain (lc_port *p);   /* reads what was written to it */

/* {{ Calls from other processes, which can write to the descriptor and post
** nothing */

/* How the owner's loop comes to poll the descriptor whenever it waits for
** others: 0 or a libuv code; and how long it sleeps then: called when the port
** says already that it does. The loop's. */
void lc_port_set_owner (lc_port *p, struct lc_loop *loop,
                        int (*open) (struct lc_loop *loop),
                        uint64_t (*nap) (struct lc_loop *loop));

/* The same, done, with the descriptor: from now on `called` is called at each
** wake-up, before notes are delivered. NULL: no more. */
int lc_port_reach (lc_port *p, void (*called) (void *who), void *who);

/* }} */

/* The last notes arrive, then it takes no more. */
void lc_port_close (lc_port *p, struct lc_loop *loop);

/* }} */

#endif
