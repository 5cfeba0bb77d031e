/*
** commons.h: the memory that all processes of a family share.
**
** One mapping (mapping.h), made by the root process when somebody asks for
** it first, and fetched by the others over the road. In it lie the records
** of all that crosses from process to process: shared objects, who holds
** them, who waits for what. Bulk (the elements of an array) lies in mappings
** of its own.
**
** Addresses differ from process to process: records name each other by
** `lc_ref`, their distance from the begin.
**
**   process --holds--> object     a hold for each pair, with a count of the
**      |                 |        messages that bring it there
**      +-- its states    +-- who waits for it (guest.h)
**
** An object lives while it has a hold. When a process has died, the root
** buries it: each object that it held is told (`bury` of its kind), and the
** holds are gone. Killed processes thus take nothing with them.
**
** Invariants:
** 1. One lock guards free memory, processes and holds; it comes before the
**    lock of any object. It is never taken on the path of an operation that
**    needs not wait.
** 2. Every change is made by one last store, before which it is nowhere to
**    be seen: whoever dies leaves at worst a record that nobody uses, and
**    links backward that lc_chain_repair puts right.
** 3. Who uses the commons has entered it, and it stays until all have left.
**
** Nothing here raises. Any thread may call these functions. Failures are
** negative libuv codes.
*/

#ifndef lc_commons_h
#define lc_commons_h

#include "shared/chain.h"
#include "shared/mapping.h"

/* {{ Coming and going */

/* One more user in this process, or one less. The first one maps it. */
int lc_commons_enter (void);
void lc_commons_leave (void);

/* Users in this process now: 0, and it is not mapped. */
unsigned lc_commons_users (void);

/* }} */

/* {{ Records */

extern char *lc_commons_base;   /* where it is mapped here */

static inline void *lc_commons_at (lc_ref r) {
  return r ? lc_commons_base + r : NULL;
}

/* The object at a place that another process has named; NULL: none can be
** there. */
struct lc_common *lc_commons_find (lc_ref r);

static inline lc_ref lc_commons_ref (const void *record) {
  return (lc_ref)((const char *)record - lc_commons_base);
}

/* A record, all zero, on a line of its own in the cache; NULL: it is full.
** At most LC_RECORD bytes. */
enum { LC_RECORD = 512 };
void *lc_commons_alloc (size_t size);
void lc_commons_free (void *record, size_t size);

/* }} */

/* {{ Processes */

/* The root is 0, and all others have their number of the road (road.h), so
** none is ever used again. The place is for tables. */
typedef uint64_t lc_member;
enum { LC_PROCESSES_MAX = 4096 };

lc_member lc_commons_self (void);
lc_member lc_commons_parent (void);   /* who started it; of the root 0 */
uint32_t lc_commons_place (void);

/* May another process be in the commons? */
bool lc_commons_shared (void);

/* }} */

/* {{ Objects and holds */

typedef struct lc_common lc_common;

typedef struct lc_commonkind {
  size_t size;

  /* The process has died: what of it is in the object ends as it must. The
  ** commons' lock is held; the object's is not. May be NULL. */
  void (*bury) (lc_common *c, uint32_t place);

  /* Nobody holds it any more; the record is freed next. No lock is held. May
  ** be NULL. */
  void (*empty) (lc_common *c);
} lc_commonkind;

/* The begin of each object's record. */
struct lc_common {
  uint32_t kind;
  lc_chain holds;
};

/* The kinds, in every process the same: things.c has them, as the root buries
** for all, whatever it uses itself. */
extern const lc_commonkind *const lc_commons_kinds[];

/* From this number on they are those of files that know Lua, and are made
** known when the core is opened: before any object of theirs. */
enum { LC_COMMON_MORE = 16, LC_MORE_KINDS = 4 };
void lc_commons_add (uint32_t number, const lc_commonkind *kind);

/* A new object, all zero behind its begin, held by this process; NULL: no
** memory. */
lc_common *lc_commons_new (uint32_t kind);

/* This process holds it, or does so no longer: then it may be gone. The
** first answers false where there is no memory. Counted by the caller: one
** each. `arrived`: a message that was sent here has brought it. */
bool lc_commons_hold (lc_common *c, bool arrived);
void lc_commons_drop (lc_common *c);

/* A message with it goes to that process, and holds it there. False: no
** memory, or the process is no more. */
bool lc_commons_send (lc_common *c, lc_member to);

/* Messages that are on the way with it. */
uint32_t lc_commons_coming (lc_common *c);

/* It has come there, and is held by whoever took it; or is gone unread. */
void lc_commons_unsend (lc_common *c, lc_member to);

/* }} */

/* {{ Sleepers: states that can be rung, and their tickets, with which they
** stand in queues (guest.h). A sleeper's memory is used for nothing else: to
** ring one that has gone wakes nobody, or another, who finds nothing. */

typedef struct lc_sleeper {
  lc_chain all;                  /* of its process; the commons' lock */
  lc_chain tickets;              /* that it has; the commons' lock */
  _Atomic(uint32_t) place;       /* of its process */
  _Atomic(lc_ref) inbox;         /* what has come, the last first */
  atomic_bool shaken;            /* a process has died: look about */
  _Atomic(void *) guest;         /* its process's; NULL: it has gone */
  _Atomic(uint64_t) bell;        /* on the road: what wakes its loop; or 0 */
} lc_sleeper;

typedef struct lc_ticket {
  lc_chain mine;                 /* of its sleeper; the commons' lock */
  lc_chain in;                   /* a queue */
  _Atomic(lc_ref) next;          /* in an inbox */
  lc_ref sleeper;
  _Atomic(lc_ref) thing;         /* that is waited for; 0: none */
  uint32_t place;                /* of its process */
  int32_t result;                /* LC_TICKET_WAITS until it is granted */
  _Atomic(uint64_t) task;        /* who waits, of that state */
  int64_t what;                  /* the thing's own use */
  void *wait;                    /* in its process */
} lc_ticket;

enum { LC_TICKET_WAITS = 0 };    /* results are others */

lc_sleeper *lc_commons_sleeper (void);     /* NULL: no memory */
void lc_commons_awake (lc_sleeper *s);     /* it sleeps here no more; its
                                           ** tickets are freed */
lc_ticket *lc_commons_ticket (lc_sleeper *s);   /* NULL: no memory */

/* While it is held, nothing that is waited for goes. It comes before the lock
** of any object. */
void lc_commons_lock (void);
void lc_commons_unlock (void);

/* With that lock: the ticket with which this task seems to wait; or NULL. Who
** has locked the thing knows more. */
lc_ticket *lc_commons_waits (lc_ref sleeper, uint64_t task);
void lc_commons_unticket (lc_ticket *t);

/* }} */

/* {{ For the road, in the root */

/* The descriptor of the commons, for a process that has asked for it; it
** stays ours. */
int lc_commons_lend (lc_member to);

/* The process has ended, in whatever way. */
void lc_commons_bury (lc_member dead);

/* }} */

#endif
