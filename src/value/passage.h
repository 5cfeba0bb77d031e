/*
** passage.h: what moves to another state with its descriptor: streams,
** listeners and files.
**
** To another thread it goes in a crate (cargo.h), as a traveller: a block of
** C memory with all that is to be moved. To another process the traveller is
** put on the road (road.h), and the message has a ticket: its ids.
**
**   userdata --leave--> traveller --arrive--> userdata
**                           |  ^
**                     ship  v  | land
**                          ticket, in the bytes of a message
**
** The message also holds the ticket's stub (stub.h), by which a traveller that
** nobody fetches leaves the road, too.
**
** A kind that moves has an lc_passage as the `__transfer` of its metatable, a
** light userdata. What it gives up says where it went: lc_passage_note.
*/

#ifndef lc_passage_h
#define lc_passage_h

#include "value/cargo.h"

struct lc_loop;

/* The version of our own transfers, which have a passage around them. */
enum { LC_PASSAGE = -1, LC_TICKET = 64, LC_PASSAGE_NOTES = 5 };

typedef struct lc_passage {
  luaconc_transfer how;
} lc_passage;

/* refuse, leave and arrive are the kind's own: see luaconc.h. */
#define LC_PASSAGE_BY(refuse, leave, arrive) \
  {{LC_PASSAGE, "luaconc.core", refuse, leave, arrive, lc_traveller_drop, \
    lc_passage_describe}}

typedef struct lc_traveller {
  const lc_passage *passage;
  int fd;                  /* -1: it has arrived */
  char *base;              /* bytes that go with it, of a block of `size`: */
  size_t size, start, len;
  uint64_t notes[LC_PASSAGE_NOTES];   /* the kind's own */
} lc_traveller;

/* A traveller with a copy of the descriptor; NULL and libuv's code where it
** can't be had. */
lc_traveller *lc_traveller_new (const lc_passage *p, int fd, int *err);

void lc_traveller_free (lc_traveller *t);
void lc_traveller_drop (void *traveller);   /* the same, of a transfer */

/* Puts the traveller on the road, for a process: it is freed, and the ticket
** and its stub filled. 0, or libuv's code. */
int lc_passage_ship (lc_traveller *t, lc_shared *stub, char *ticket);

/* `describe` of such transfers: pushes what makes it anew in another process:
** a function, the name of its type, and room for a ticket, which is last. */
int lc_passage_describe (lua_State *L);

/* Notes where the userdata at `index` goes: for who uses it afterwards. */
void lc_passage_note (lua_State *L, int index, const char *where);

/* Where the userdata at `index` went, a static text; NULL: it did not move.
** Leaves the stack as it was; does not raise. */
const char *lc_passage_where (lua_State *L, int index);

/* The loop of the state. */
struct lc_loop *lc_passage_loop (lua_State *L);

/* Adds `arrive` to the table on top. May raise. */
void lc_passage_open (lua_State *L, struct lc_loop *loop);

#endif
