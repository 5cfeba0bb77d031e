/*
** guest.h: how a state waits for things in the commons, and how it is told,
** from any thread of any process, that they have come.
**
** A *guest* is a state's block in its process; beside it the state has a
** sleeper in the commons. Each wait has a block here and a *ticket* there,
** which stands in the queue of the thing that is waited for. Whoever serves
** a ticket puts it into the inbox of its sleeper, under the lock of the thing,
** and then, without a lock, rings the state; whose loop takes the inbox
** whole. However many are served, one wake-up tells of all.
**
**   idle --join--> waiting --grant, by anybody--> granted
**                     |                              |
**                     +--withdraw--> idle <--its own thread--+
**
** Invariants:
** 1. A thing's lock guards its queue, and the states of the tickets there.
** 2. A ticket that is granted is in the inbox, or whoever granted it has died
**    in between: then all sleepers are shaken, and look at all their tickets.
** 3. Who puts a ticket into an empty inbox rings; the others need not.
** 4. A guest stays while its state has it or its note is on the way.
**
** Nothing here raises.
*/

#ifndef lc_guest_h
#define lc_guest_h

#include "base/list.h"
#include "kernel/port.h"
#include "shared/commons.h"

typedef struct lc_guest lc_guest;
typedef struct lc_wait lc_wait;

/* The begin of what can be waited for. */
typedef struct lc_thing {
  lc_common common;
  lc_chain queue;             /* tickets */
  lc_robust lock;
} lc_thing;

/* In its process. */
struct lc_wait {
  lc_link mine;               /* in `waits` of the guest, or `free` */
  lc_guest *guest;
  lc_thing *thing;
  lc_ticket *ticket;
  void *op;                   /* the owner's */
  void *hold;                 /* the owner's */
  bool told;                  /* it was granted, and `come` called if need be */
};

struct lc_guest {
  lc_note note;
  lc_port *port;              /* a reference */
  void *loop;                 /* the owner's */
  lc_sleeper *sleeper;        /* NULL: the state has gone */
  lc_link waits;
  lc_link free;
  uint32_t nfree;
  uint32_t users;             /* the owner's */
  lc_link held;               /* the owner's */
  atomic_uint references;
  atomic_bool posted;
  void (*come) (lc_wait *w);  /* in its thread: it was granted. No Lua */
};

/* {{ The state's thread */

/* Enters the commons: 0 or a libuv code. */
int lc_guest_new (lc_port *port, void *loop, void (*come) (lc_wait *w),
                  lc_guest **g);

/* It has no waits any more. Leaves the commons. */
void lc_guest_leave (lc_guest *g);

/* A wait, idle, for the task of this number; NULL: no memory, or no descriptor
** for the bell of a state that other processes may have to ring. */
lc_wait *lc_guest_wait (lc_guest *g, lc_thing *thing, uint64_t task);
void lc_guest_return (lc_wait *w);

/* Takes what has come. Done by itself when the guest is rung; and by whoever
** has granted tickets of its own state. */
void lc_guest_look (lc_guest *g);

/* }} */

/* {{ Under the lock of a thing */

/* Locks it. True: a process died with it; the queue is in order, and tickets
** that were granted are out of it. */
bool lc_thing_lock (lc_thing *t);
void lc_thing_unlock (lc_thing *t);

void lc_thing_init (lc_thing *t);

/* The wait's ticket joins the queue. */
void lc_thing_join (lc_thing *t, lc_wait *w);

/* The first ticket; NULL: nobody waits. */
lc_ticket *lc_thing_first (lc_thing *t);

/* Whom to ring, once the lock is given up. */
enum { LC_RINGS = 16 };
typedef struct lc_rings {
  int n;
  lc_sleeper *sleepers[LC_RINGS];
} lc_rings;

/* The ticket leaves its queue, and its state will be told. False: there is no
** room for more rings: unlock, ring, and begin again. */
bool lc_ticket_grant (lc_ticket *c, int result, lc_rings *rings);

/* The tickets of a process that has died leave the queue. */
void lc_thing_bury (lc_thing *t, uint32_t place);

/* }} */

/* Without a lock. States of other processes are rung by their bells, which
** the road brings; in this process are kept those that were used lately. */
void lc_guest_call (lc_rings *rings);
void lc_guest_ring (lc_sleeper *s);
void lc_guest_ring_own (lc_ref sleeper);   /* only one of this process */
void lc_guest_hush (void);    /* gives all bells up */

#endif
