/*
** things.h: what is in the commons of locks, semaphores, events, barriers,
** counters and arrays; and what happens to each when one of its users dies.
**
** Whoever asks is a guest (guest.h) and one of its tasks, by its number.
** A task that can't have what it asks for at once joins the queue with a
** wait, if it has brought one. Everybody is served first come, first served.
**
** Who holds a lock, and who has which permits, is written down: what a task,
** state or process held at its end goes to the next one. A lock is then
** *abandoned*: its next owner is told, as what it guards may be half done.
**
** Invariants:
** 1. A lock has an owner exactly while `task` is not 0, the last of its
**    fields to be set and the first to be cleared. Nobody waits for a lock
**    without one, or for a permit that is there, or for an event that is set.
** 2. The stakes of a semaphore never tell more than the permits that are out.
** 3. At a barrier wait fewer tasks of this phase than it has parties.
**
** Nothing here raises or waits. Where somebody died in the midst, the next
** one to come puts things right.
*/

#ifndef lc_things_h
#define lc_things_h

#include "shared/guest.h"

enum { LC_LOCK_KIND, LC_SEMAPHORE_KIND, LC_EVENT_KIND, LC_BARRIER_KIND,
       LC_COUNTER_KIND, LC_ARRAY_KIND, LC_MAP_KIND };

/* Of a channel, and of what moves by the road (passage.h). */
enum { LC_STRAIT_KIND = LC_COMMON_MORE, LC_STUB_KIND };

/* Results of tickets, and of asking. Those of a barrier: see there. */
enum {
  LC_GRANTED = 1,
  LC_BEREFT = 2      /* granted; but a former owner has died with it */
};

/* {{ Lock */

enum { LC_PLACE_MAX = 64 };    /* bytes of "script.lua:12", the last ones */

typedef struct lc_lockthing {
  lc_thing thing;
  lc_ref sleeper;              /* the owner's state, */
  uint32_t place;              /* process, */
  _Atomic(uint64_t) task;      /* and number; 0: nobody */
  bool abandoned;              /* until it is released */
  char where[LC_PLACE_MAX];    /* it was taken, if that was noted; or "" */
} lc_lockthing;

/* Has it now, or LC_TICKET_WAITS: then `w`, if not NULL, waits for it. */
int lc_lock_take (lc_lockthing *l, lc_guest *g, uint64_t task, lc_wait *w);

typedef enum lc_owning { LC_NOBODY, LC_SOMEBODY, LC_ME } lc_owning;
lc_owning lc_lock_owner (lc_lockthing *l, const lc_guest *g, uint64_t task);
bool lc_lock_abandoned (lc_lockthing *l);

/* Who has it. */
typedef struct lc_holder {
  lc_ref lock;
  lc_ref sleeper;
  uint64_t task;               /* 0: nobody */
  char where[LC_PLACE_MAX];
} lc_holder;

void lc_lock_look (lc_lockthing *l, lc_holder *h);

/* Notes where it was taken, by who has it. */
void lc_lock_note (lc_lockthing *l, const char *where);

/* The task waits for the lock. Does who has it wait for one, and so on, until
** it is a lock that the task has itself? Then the holders on the way, the task
** last; how many, or 0. */
int lc_lock_circle (lc_lockthing *l, const lc_guest *g, uint64_t task,
                    lc_holder *list, int most);

/* Gives it up; what was there before tells whether it was the caller's. */
lc_owning lc_lock_release (lc_lockthing *l, lc_guest *g, uint64_t task);

/* The task, or where it is 0 the state, ends: if it has the lock, that is
** abandoned. */
void lc_lock_abandon (lc_lockthing *l, lc_guest *g, uint64_t task);

/* }} */

/* {{ Semaphore. Each state has a stake: the permits that it took and that
** nobody has given back. */

typedef struct lc_semaphorething {
  lc_thing thing;
  int64_t permits;
  int64_t initial;
  lc_chain stakes;
} lc_semaphorething;

/* NULL: no memory. */
lc_ticket *lc_semaphore_join (lc_semaphorething *s, lc_guest *g);

/* What of the stake is still out comes back, if it was the `last` of its
** state, as far as there are then no more permits than at first. */
void lc_semaphore_leave (lc_semaphorething *s, lc_guest *g, lc_ticket *stake,
                         bool last);

int lc_semaphore_take (lc_semaphorething *s, lc_ticket *stake, lc_wait *w);
void lc_semaphore_release (lc_semaphorething *s, lc_guest *g,
                           lc_ticket *stake);

/* }} */

/* {{ Event */

typedef struct lc_eventthing {
  lc_thing thing;
  atomic_bool set;
} lc_eventthing;

void lc_event_set (lc_eventthing *e, lc_guest *g);
void lc_event_clear (lc_eventthing *e);
int lc_event_wait (lc_eventthing *e, lc_wait *w);

/* }} */

/* {{ Barrier. A wait's result is the place in the order, from 1; or less
** than 0: a process that held the barrier has died. */

typedef struct lc_barrierthing {
  lc_thing thing;
  int64_t parties;
  int64_t phase;
  int64_t arrived;             /* who waits, or a few more: who gave up */
} lc_barrierthing;

int lc_barrier_wait (lc_barrierthing *b, lc_guest *g, lc_wait *w);

/* }} */

/* {{ Counter */

typedef struct lc_counterthing {
  lc_common common;
  _Atomic(int64_t) value;
} lc_counterthing;

/* }} */

/* {{ What has a mapping of its own: the elements of an array, a map */

typedef struct lc_bulk {
  _Atomic(uint64_t) road;      /* its descriptor's number there; 0: none yet */
  uint64_t bytes;
} lc_bulk;

/* NULL: it has none. */
lc_bulk *lc_bulk_of (lc_common *c);

typedef struct lc_arraything {
  lc_thing thing;
  lc_bulk bulk;
  uint64_t n;
  uint32_t type;
} lc_arraything;

typedef struct lc_mapthing {
  lc_common common;
  lc_bulk bulk;
  uint64_t memory;             /* its bound */
} lc_mapthing;

/* A channel: see strait.h. */
typedef struct lc_straitthing {
  lc_thing thing;
  lc_bulk bulk;
  lc_chain senders;
  lc_chain piers;
  _Atomic(uint64_t) head, tail;
  uint32_t capacity, nslots;
  uint32_t free;               /* the first free slot and one more; 0: none */
  uint32_t high;               /* slots that have ever been used */
  atomic_bool closed;
  atomic_bool lonely;          /* one state alone has it, as far as known */
  bool spread;                 /* several states have had it */
  bool torn;                   /* somebody has died */
} lc_straitthing;

/* Ends up to `n` waits for that element; how many there were. */
int64_t lc_array_notify (lc_arraything *a, lc_guest *g, int64_t index,
                         int64_t n);

/* }} */

/* The wait is given up: true, unless it was granted before. */
bool lc_thing_withdraw (lc_wait *w);

#endif
