/*
** exchange.c: items, queues, seats and turns. See exchange.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "channel/exchange.h"

enum { FIRST = 64, KEPT_TURNS = 4 };

/* {{ The mutex: it is held so shortly that it is worth to try again a little
** before one sleeps. */

static void init_mutex (pthread_mutex_t *m) {
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a);
#if defined(__GLIBC__)
  pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
  pthread_mutex_init(m, &a);
  pthread_mutexattr_destroy(&a);
}

static void lock (lc_exchange *x) {
  pthread_mutex_lock(&x->mutex);
}

static void unlock (lc_exchange *x) {
  pthread_mutex_unlock(&x->mutex);
}

/* }} */

lc_exchange *lc_exchange_new (const lc_sharedkind *kind, uint32_t capacity) {
  lc_exchange *x = lc_alloc(sizeof(*x));
  if (!x) return NULL;
  memset(x, 0, sizeof(*x));
  init_mutex(&x->mutex);
  x->shared.kind = kind;
  x->capacity = capacity;
  lc_list_init(&x->receivers);
  lc_list_init(&x->senders);
  lc_list_init(&x->seats);
  lc_list_init(&x->freights);
  lc_list_init(&x->abroad);
  lc_list_init(&x->suspect);
  return x;
}

/* {{ The ring */

static lc_item *place (lc_exchange *x, uint32_t i) {
  uint32_t at = x->head + i;
  return &x->items[at >= x->size ? at - x->size : at];
}

static void put_last (lc_exchange *x, lc_item *item) {
  lc_assert(x->n < x->size);
  lc_item_move(place(x, x->n++), item);
}

static void take_first (lc_exchange *x, lc_item *item) {
  lc_item_move(item, place(x, 0));
  x->n--;
  x->head = x->n == 0 || x->head + 1 == x->size ? 0 : x->head + 1;
}

static uint32_t larger (const lc_exchange *x) {
  uint32_t size = x->size == 0 ? FIRST
    : x->size > x->capacity / 2 ? x->capacity : x->size * 2;
  return size > x->capacity ? x->capacity : size;
}

/* Moves the items to a block of this size; the old one. */
static lc_item *replace (lc_exchange *x, lc_item *items, uint32_t size) {
  lc_item *old = x->items;
  for (uint32_t i = 0; i < x->n; i++) items[i] = *place(x, i);
  x->items = items;
  x->size = size;
  x->head = 0;
  return old;
}

/* Makes room for one more, if that is wanting. Memory is taken without the
** mutex, so whether it is still needed must be asked again. */
static bool make_room (lc_exchange *x) {
  while (x->n == x->size && x->n < x->capacity) {
    uint32_t size = larger(x), old = x->size;
    unlock(x);
    lc_item *items = lc_alloc(size * sizeof(*items));
    lock(x);
    if (!items) return x->n < x->size;
    if (old == x->size) {
      lc_item *before = replace(x, items, size);
      unlock(x);
      lc_free(before, old * sizeof(*items));
      lock(x);
    }
    else {
      unlock(x);
      lc_free(items, size * sizeof(*items));
      lock(x);
    }
  }
  return true;
}

/* }} */

/* {{ Serving */

/* Ends the wait of a turn, which leaves its queue. */
static void serve (lc_turn *turn, lc_exchanged result, lc_calls *c) {
  lc_seat *seat = turn->seat;
  lc_list_remove(&turn->link);
  turn->result = (uint8_t)result;
  if (seat == c->seat) {
    lc_list_append(&c->near, &turn->link);
    return;
  }
  lc_list_append(&seat->served, &turn->link);
  if (seat->posted) return;
  seat->posted = true;
  atomic_fetch_add_explicit(&seat->references, 1, memory_order_relaxed);
  seat->next = c->far;
  c->far = seat;
}

static lc_turn *first_turn (lc_link *queue) {
  if (lc_list_empty(queue)) return NULL;
  return lc_container(queue->next, lc_turn, link);
}

/* The first in a queue whose wait can be ended, by one whose own claim is
** `own` (or NULL). The claims of both are taken then; and where there is no
** such turn, none, so `own` may have been taken by another. */
static lc_turn *claim_first (lc_link *queue, lc_claim *own) {
  lc_link *l = queue->next;
  while (l != queue) {
    lc_turn *turn = lc_container(l, lc_turn, link);
    l = l->next;
    if (turn->claim && turn->claim == own) continue;
    if (lc_claim_take(turn->claim, own)) return turn;
    if (own && lc_claim_taken(own)) return NULL;
    lc_list_remove(&turn->link);
  }
  return NULL;
}

static lc_claim *claim_of (const lc_turn *turn) {
  return turn ? turn->claim : NULL;
}

static void serve_all (lc_link *queue, lc_exchanged result, lc_calls *c) {
  lc_turn *turn;
  while ((turn = claim_first(queue, NULL))) serve(turn, result, c);
}

/* As soon as the note is posted, the seat and its state may be gone. */
void lc_exchange_call (lc_calls *c) {
  while (c->far) {
    lc_seat *seat = c->far;
    lc_port *port = seat->port;
    c->far = seat->next;
    lc_port_hold(port);
    if (!lc_port_post(port, &seat->note)) lc_seat_release(seat);
    lc_port_release(port);
  }
}

/* }} */

/* {{ Sending and receiving */

/* The turn joins a queue, unless its select has ended. */
static lc_exchanged wait_in (lc_exchange *x, lc_link *queue, lc_turn *turn) {
  if (!turn || (turn->claim && lc_claim_taken(turn->claim)))
    return LC_EX_BLOCKED;
  turn->alone = x->alone;
  lc_list_append(queue, &turn->link);
  return LC_EX_BLOCKED;
}

static lc_exchanged if_claimed (lc_claim *own, lc_exchanged result) {
  return lc_claim_take(own, NULL) ? result : LC_EX_BLOCKED;
}

static lc_exchanged put (lc_exchange *x, lc_item *item, lc_turn *turn,
                         lc_calls *c) {
  lc_claim *own = claim_of(turn);
  if (x->strait) return LC_EX_MOVED;
  if (x->closed || x->lonely) return if_claimed(own, LC_EX_CLOSED);
  lc_turn *receiver = claim_first(&x->receivers, own);
  if (receiver) {
    lc_item_move(&receiver->item, item);
    serve(receiver, LC_EX_DONE, c);
    return LC_EX_DONE;
  }
  if (x->n < x->size) {
    if (!lc_claim_take(own, NULL)) return LC_EX_BLOCKED;
    put_last(x, item);
    return LC_EX_DONE;
  }
  if (x->n < x->capacity) return LC_EX_NOMEMORY;
  if (turn) lc_item_move(&turn->item, item);
  return wait_in(x, &x->senders, turn);
}

lc_exchanged lc_exchange_put (lc_exchange *x, lc_item *item, lc_turn *turn,
                              lc_calls *c) {
  lock(x);
  lc_exchanged done = put(x, item, turn, c);
  while (done == LC_EX_NOMEMORY && make_room(x))
    done = put(x, item, turn, c);
  unlock(x);
  return done;
}

/* The first sender's item comes to the end, or where nothing is kept, to
** whoever takes. One with many waits on until the last has gone. */
static void let_follow (lc_exchange *x, lc_turn *sender, lc_item *item,
                        lc_calls *c) {
  lc_batch *b = sender->batch;
  lc_item *from = b ? &b->items[b->next++] : &sender->item;
  if (item) lc_item_move(item, from);
  else put_last(x, from);
  if (!b || b->next == b->n) serve(sender, LC_EX_DONE, c);
}

static lc_exchanged take (lc_exchange *x, lc_item *item, lc_turn *turn,
                          lc_calls *c) {
  lc_claim *own = claim_of(turn);
  lc_turn *sender;
  if (x->strait) return LC_EX_MOVED;
  if (x->n > 0) {
    if (!lc_claim_take(own, NULL)) return LC_EX_BLOCKED;
    take_first(x, item);
    sender = claim_first(&x->senders, NULL);
    if (sender) let_follow(x, sender, NULL, c);
    return LC_EX_DONE;
  }
  sender = claim_first(&x->senders, own);
  if (sender) {
    let_follow(x, sender, item, c);
    return LC_EX_DONE;
  }
  if (x->closed || x->lonely) return if_claimed(own, LC_EX_CLOSED);
  return wait_in(x, &x->receivers, turn);
}

lc_exchanged lc_exchange_take (lc_exchange *x, lc_item *item, lc_turn *turn,
                               lc_calls *c) {
  lock(x);
  lc_exchanged done = take(x, item, turn, c);
  unlock(x);
  return done;
}

static lc_exchanged put_many (lc_exchange *x, lc_turn *turn, lc_calls *c) {
  lc_batch *b = turn->batch;
  while (b->next < b->n) {
    lc_exchanged done = put(x, &b->items[b->next], NULL, c);
    if (done == LC_EX_BLOCKED) return wait_in(x, &x->senders, turn);
    if (done != LC_EX_DONE) return done;
    b->next++;
  }
  return LC_EX_DONE;
}

lc_exchanged lc_exchange_put_many (lc_exchange *x, lc_turn *turn,
                                   lc_calls *c) {
  lock(x);
  lc_exchanged done = put_many(x, turn, c);
  while (done == LC_EX_NOMEMORY && make_room(x)) done = put_many(x, turn, c);
  unlock(x);
  return done;
}

lc_exchanged lc_exchange_take_many (lc_exchange *x, lc_batch *b,
                                    uint32_t most, lc_calls *c) {
  lc_exchanged done = LC_EX_DONE;
  b->next = b->n = 0;
  lock(x);
  while (b->n < most && done == LC_EX_DONE) {
    done = take(x, &b->items[b->n], NULL, c);
    if (done == LC_EX_DONE) b->n++;
  }
  unlock(x);
  return b->n > 0 ? LC_EX_DONE : done;
}

void lc_exchange_close (lc_exchange *x, lc_calls *c) {
  lock(x);
  x->closed = true;
  serve_all(&x->receivers, LC_EX_CLOSED, c);
  serve_all(&x->senders, LC_EX_CLOSED, c);
  unlock(x);
}

uint32_t lc_exchange_len (lc_exchange *x) {
  lock(x);
  uint32_t n = x->n;
  unlock(x);
  return n;
}

static bool may_cross (const lc_item *item) {
  return item->kind != LC_ITEM_FREIGHT &&
         (item->kind != LC_ITEM_MESSAGE || item->u.message.nheld == 0);
}

/* Puts back what has gone, and the one that could not: before the rest. */
static void move_back (lc_exchange *x, lc_proxy *strait, lc_item *last) {
  uint32_t rest = x->n;
  lc_item item = {.kind = LC_ITEM_NONE};
  while (lc_strait_take(strait, &item, NULL, NULL) == LC_CROSS_DONE)
    put_last(x, &item);
  put_last(x, last);
  for (; rest > 0; rest--) {
    take_first(x, &item);
    put_last(x, &item);
  }
}

static bool move_items (lc_exchange *x, lc_proxy *strait) {
  for (uint32_t i = 0; i < x->n; i++)
    if (!may_cross(place(x, i))) return false;
  while (x->n > 0) {
    lc_item item;
    take_first(x, &item);
    if (lc_strait_put(strait, &item, NULL, NULL) == LC_CROSS_DONE) continue;
    move_back(x, strait, &item);
    return false;
  }
  return true;
}

static bool move (lc_exchange *x, lc_proxy *strait, lc_calls *c) {
  if (!move_items(x, strait)) return false;
  if (x->closed) lc_strait_close(strait, NULL);
  atomic_store(&x->strait, strait);
  serve_all(&x->receivers, LC_EX_MOVED, c);
  serve_all(&x->senders, LC_EX_MOVED, c);
  return true;
}

bool lc_exchange_move (lc_exchange *x, lc_proxy *strait, lc_calls *c) {
  lock(x);
  bool moved = move(x, strait, c);
  unlock(x);
  return moved;
}

void lc_exchange_withdraw (lc_turn *turn) {
  lc_exchange *x = turn->seat->exchange;
  lock(x);
  lc_list_remove(&turn->link);
  unlock(x);
}

/* }} */

/* {{ Seats and turns */

lc_seat *lc_seat_new (lc_exchange *x, lc_port *port, void *loop,
                      void (*arrive) (lc_note *n, struct lc_loop *loop)) {
  lc_seat *seat = lc_alloc(sizeof(*seat));
  if (!seat) return NULL;
  memset(seat, 0, sizeof(*seat));
  seat->note.arrive = arrive;
  seat->exchange = x;
  seat->port = port;
  seat->loop = loop;
  lc_port_hold(port);
  lc_list_init(&seat->all);
  lc_list_init(&seat->served);
  lc_list_init(&seat->turns);
  lc_list_init(&seat->free);
  atomic_init(&seat->references, 1);
  return seat;
}

static void free_turns (lc_link *list) {
  lc_link *l;
  while ((l = lc_list_shift(list))) {
    lc_turn *turn = lc_container(l, lc_turn, mine);
    lc_free(turn, sizeof(*turn));
  }
}

void lc_seat_release (lc_seat *seat) {
  if (atomic_fetch_sub(&seat->references, 1) > 1) return;
  free_turns(&seat->free);
  lc_port_release(seat->port);
  lc_free(seat, sizeof(*seat));
}

/* Moves all that is in a list to another head. */
static void move_all (lc_link *to, lc_link *from) {
  lc_list_init(to);
  if (lc_list_empty(from)) return;
  *to = *from;
  to->next->prev = to->prev->next = to;
  lc_list_init(from);
}

bool lc_exchange_served (lc_seat *seat, lc_link *list) {
  lock(seat->exchange);
  move_all(list, &seat->served);
  seat->posted = false;
  bool alone = seat->exchange->alone;
  unlock(seat->exchange);
  return alone;
}

lc_turn *lc_seat_turn (lc_seat *seat, void *op) {
  lc_link *l = lc_list_shift(&seat->free);
  lc_turn *turn = l ? lc_container(l, lc_turn, mine) : lc_alloc(sizeof(*turn));
  if (!turn) return NULL;
  if (l) seat->nfree--;
  turn->seat = seat;
  turn->op = op;
  turn->claim = NULL;
  turn->batch = NULL;
  turn->item.kind = LC_ITEM_NONE;
  turn->result = LC_EX_BLOCKED;
  turn->alone = false;   /* one whose select has ended joins no queue */
  lc_list_init(&turn->link);
  lc_list_append(&seat->turns, &turn->mine);
  return turn;
}

void lc_seat_return (lc_turn *turn) {
  lc_seat *seat = turn->seat;
  lc_item_free(&turn->item);
  lc_batch_free(turn->batch);
  lc_list_remove(&turn->mine);
  if (seat->nfree >= KEPT_TURNS) {
    lc_free(turn, sizeof(*turn));
    return;
  }
  lc_list_append(&seat->free, &turn->mine);
  seat->nfree++;
}

/* }} */

/* {{ For the census */

void lc_exchange_review (lc_exchange *x, bool alone, bool lonely) {
  lc_calls c;
  lc_calls_init(&c, NULL);
  lock(x);
  x->alone = alone;
  x->lonely = lonely;
  if (lonely) {
    serve_all(&x->receivers, LC_EX_CLOSED, &c);
    serve_all(&x->senders, LC_EX_CLOSED, &c);
  }
  lc_turn *turn = first_turn(&x->receivers);
  if (!turn) turn = first_turn(&x->senders);
  if (turn && alone && !turn->seat->posted) {
    turn->seat->posted = true;
    atomic_fetch_add(&turn->seat->references, 1);
    turn->seat->next = c.far;
    c.far = turn->seat;
  }
  unlock(x);
  lc_exchange_call(&c);
}

void lc_exchange_empty (lc_exchange *x) {
  for (; x->n > 0; x->n--) lc_item_free(place(x, x->n - 1));
}

void lc_exchange_free (lc_exchange *x) {
  lc_assert(lc_list_empty(&x->receivers) && lc_list_empty(&x->senders));
  pthread_mutex_destroy(&x->mutex);
  if (x->strait) lc_proxy_drop(&x->strait->shared);
  lc_free(x->items, x->size * sizeof(*x->items));
  lc_free(x, sizeof(*x));
}

/* }} */
