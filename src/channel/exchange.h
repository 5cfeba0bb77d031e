/*
** exchange.h: what is shared of a channel: the items in it, and who waits.
**
** It lies in a block of its own, which belongs to all who hold it; census.h
** knows them. A state that holds it has a *seat*, and each operation that
** waits there a *turn*: a block of that state which stands in the queue of
** receivers or senders, whichever state it is of.
**
**   idle --put, take--> waiting --another's take, put, close--> served
**                          |                                      |
**                          +--withdraw--> idle <--its own thread--+
**
** A turn of the thread that serves it is handed to the caller. Turns of
** others go to their seat, which posts itself to its state: so however many
** are served, one note, and one wake-up, tells of all.
**
** Invariants:
** 1. Receivers wait only where there is neither an item nor a sender; senders
**    only where it is full (always, at capacity 0). So whoever takes an item
**    lets the first sender put its own at the end, and whoever brings one
**    serves the first receiver: first come, first served.
** 2. `mutex` guards the items, the queues, and of seats and turns what is
**    said below. It is held for a few instructions, and nothing that may
**    wait or fail is called under it.
** 3. A seat stays while its state has it or its note is on the way.
** 4. Once served, a turn has its result, whatever happens to its operation.
** 5. A turn that is the case of a select is served only by who has taken the
**    select's claim (claim.h). Others that stand in a queue for a select that
**    has ended are passed over and leave.
**
** Nothing here raises.
*/

#ifndef lc_exchange_h
#define lc_exchange_h

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "channel/item.h"
#include "channel/strait.h"
#include "kernel/claim.h"
#include "kernel/port.h"

typedef struct lc_exchange lc_exchange;
typedef struct lc_seat lc_seat;

typedef enum lc_exchanged {
  LC_EX_DONE,      /* the item has gone or come */
  LC_EX_BLOCKED,   /* not now; a turn that was given waits for it */
  LC_EX_CLOSED,    /* closed; no item is left, or none may come */
  LC_EX_NOMEMORY,  /* nothing has changed */
  LC_EX_MOVED      /* it is in the strait now: begin anew there */
} lc_exchanged;

typedef struct lc_turn {
  lc_link link;          /* mutex: in a queue, or in `served` of its seat */
  lc_link mine;          /* in `turns` of its seat, or in its free ones */
  lc_seat *seat;
  void *op;              /* the owner's */
  lc_claim *claim;       /* the select's that it is a case of, or NULL */
  lc_item item;          /* of a sender: to send; of a receiver: received */
  lc_batch *batch;       /* of a sender of many: these instead; or NULL */
  uint8_t result;        /* mutex: LC_EX_BLOCKED until it is served */
  uint8_t side;          /* the owner's: see chwait.h */
  bool alone;            /* was the exchange so when the wait began? */
} lc_turn;

struct lc_seat {
  lc_note note;
  lc_exchange *exchange;
  lc_port *port;         /* a reference */
  void *loop;            /* the owner's */
  lc_link all;           /* in the exchange's seats: census.h */
  lc_link served;        /* mutex: turns that were served by others */
  lc_seat *next;         /* of those to be called, while that is done */
  lc_link turns;         /* the owner's: those that are in use */
  lc_link free;          /* the owner's: those that are not */
  lc_batch *hand;        /* the owner's: received, not yet read; or NULL */
  uint32_t handles;      /* the owner's */
  uint32_t waits[2];     /* the owner's: see chwait.c */
  lc_guest *guest;       /* the owner's: for waits in a strait, or NULL */
  uint32_t skips, vain;  /* the owner's: see chfar.c */
  uint32_t nfree;
  atomic_uint references;
  bool posted;           /* mutex: the note is on the way */
  bool left;             /* the owner's: the state has given it up */
};

struct lc_exchange {
  lc_shared shared;
  pthread_mutex_t mutex;
  lc_item *items;        /* a ring of `size`, at most `capacity` */
  uint32_t size;
  uint32_t head;
  uint32_t n;
  uint32_t capacity;
  lc_link receivers;
  lc_link senders;
  _Atomic(lc_proxy *) strait;   /* where it moved to (strait.h), or NULL; set
                                ** with the mutex, never changed again */
  bool closed;
  bool alone;            /* one state holds it, and no message */
  bool lonely;           /* the same, and others have held it */

  /* The census's: see census.h. */
  lc_link seats;
  lc_link freights;
  uint32_t states;
  uint32_t flights;      /* holds by messages */
  uint32_t own;          /* of these, by messages that are at it itself */
  uint32_t inner;        /* while it looks for garbage: those that it knows */
  lc_link abroad;        /* of those in straits */
  lc_link suspect;       /* of those that may be garbage */
  lc_exchange *next;     /* of those that it looks at */
  lc_exchange *todo;     /* of those that it must follow */
  lc_exchange *grave;    /* of those that have died */
  bool counted, alive;   /* while it looks for garbage */
  bool spread;           /* has a second state held it? */
  bool dead, emptied;
};

/* Whom an operation has served: the caller ends the waits of its own turns,
** which are in `near`, and then calls the others. */
typedef struct lc_calls {
  const lc_seat *seat;   /* the caller's; NULL: it has none */
  lc_link near;
  lc_seat *far;
} lc_calls;

static inline void lc_calls_init (lc_calls *c, const lc_seat *seat) {
  c->seat = seat;
  lc_list_init(&c->near);
  c->far = NULL;
}

/* Tells the states whose turns were served. */
void lc_exchange_call (lc_calls *c);

/* {{ For states: any thread that has a seat */

/* NULL: no memory. */
lc_exchange *lc_exchange_new (const lc_sharedkind *kind, uint32_t capacity);

/* Sends the item, which then is none; or receives one. Where that can't be
** now, `turn` (if not NULL) waits, with the item if it sends. Where the turn
** has a claim, that is taken before anything else happens; if it can't be,
** nothing does, and the turn does not wait either (LC_EX_BLOCKED). */
lc_exchanged lc_exchange_put (lc_exchange *x, lc_item *item, lc_turn *turn,
                              lc_calls *c);
lc_exchanged lc_exchange_take (lc_exchange *x, lc_item *item, lc_turn *turn,
                               lc_calls *c);

/* Sends what is left of the turn's batch; where not all of it can go now, the
** turn waits with the rest. */
lc_exchanged lc_exchange_put_many (lc_exchange *x, lc_turn *turn,
                                   lc_calls *c);

/* Receives into the batch, which is empty: what is there, `most` at most.
** LC_EX_DONE: at least one; else as for one. */
lc_exchanged lc_exchange_take_many (lc_exchange *x, lc_batch *b,
                                    uint32_t most, lc_calls *c);

void lc_exchange_close (lc_exchange *x, lc_calls *c);
uint32_t lc_exchange_len (lc_exchange *x);

/* Moves to the strait with all that is in it; those who wait begin anew there.
** False: something in it can't go to other processes. */
bool lc_exchange_move (lc_exchange *x, lc_proxy *strait, lc_calls *c);

/* Where it has moved to; NULL: it is here. */
static inline lc_proxy *lc_exchange_strait (lc_exchange *x) {
  return atomic_load_explicit(&x->strait, memory_order_acquire);
}

/* The turn waits no longer, if it did. */
void lc_exchange_withdraw (lc_turn *turn);

/* The note of the seat has arrived: the turns that others have served, as a
** list. Is the exchange alone? */
bool lc_exchange_served (lc_seat *seat, lc_link *list);

/* }} */

/* {{ Seats and turns: the owner's thread, but for lc_seat_release */

/* With one reference. NULL: no memory. */
lc_seat *lc_seat_new (lc_exchange *x, lc_port *port, void *loop,
                      void (*arrive) (lc_note *n, struct lc_loop *loop));
void lc_seat_release (lc_seat *seat);

/* A turn, idle, for an operation; NULL: no memory. */
lc_turn *lc_seat_turn (lc_seat *seat, void *op);

/* It is not used any more; what is in it is freed. */
void lc_seat_return (lc_turn *turn);

/* }} */

/* {{ For the census */

/* Sets `alone` and `lonely`. Where it is lonely all waits end; where it is
** alone a state that waits there is called, as nobody else will. */
void lc_exchange_review (lc_exchange *x, bool alone, bool lonely);

/* Frees what is in it, then the block. */
void lc_exchange_empty (lc_exchange *x);
void lc_exchange_free (lc_exchange *x);

/* }} */

#endif
