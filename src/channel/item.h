/*
** item.h: one value on its way through a channel.
**
** Small values lie in the item itself, long strings in a block, all others
** are messages; one that holds shared objects is a freight, which the census
** knows by the channel that it is in. An item belongs to whoever has it, and
** goes from thread to thread as it is. All zero is none.
*/

#ifndef lc_item_h
#define lc_item_h

#include "base/list.h"
#include "value/message.h"

struct lc_exchange;

typedef enum lc_itemkind {
  LC_ITEM_NONE, LC_ITEM_BOOLEAN, LC_ITEM_INTEGER, LC_ITEM_FLOAT,
  LC_ITEM_SHORT, LC_ITEM_LONG, LC_ITEM_MESSAGE, LC_ITEM_FREIGHT,
  LC_ITEM_LOST               /* there was no memory; its value is an error */
} lc_itemkind;

/* A message with holds, and the channel that it is in or at. */
typedef struct lc_freight {
  lc_link link;              /* in the channel's freights: census.h */
  struct lc_exchange *at;
  lc_message message;
} lc_freight;

enum { LC_ITEM_TEXT = 40 };  /* short strings, as in Lua */

typedef struct lc_item {
  union {
    lua_Integer integer;     /* and booleans */
    lua_Number number;
    char text[LC_ITEM_TEXT];
    lc_message message;      /* long strings too: only their bytes */
    lc_freight *freight;
  } u;
  uint8_t kind;
  uint8_t len;               /* of a short string */
  uint32_t flow;             /* of who has sent it: trace.h; 0: untraced */
} lc_item;

/* Makes an item of the value at `index`, to go through the channel, or (NULL)
** to other processes: then to be exported. `what` names it in errors. Raises
** where it can't be sent, and then has kept nothing. */
void lc_item_read (lua_State *L, int index, const char *what,
                   struct lc_exchange *x, lc_item *item);

/* Pushes its value and empties it. May raise, and has emptied it then too. */
void lc_item_push (lua_State *L, lc_item *item);

/* Pushes its value; the item stays. May raise. */
void lc_item_copy (lua_State *L, const lc_item *item);

/* Drops what is in it. Any thread; harmless on none. */
void lc_item_free (lc_item *item);

/* Several items in a block: those from `next` to `n` are in it. */
typedef struct lc_batch {
  uint32_t size, next, n;
  lc_item items[];
} lc_batch;

/* Empty; NULL: no memory. */
lc_batch *lc_batch_new (uint32_t size);
void lc_batch_free (lc_batch *b);   /* and what is in it; harmless on NULL */

static inline uint32_t lc_batch_left (const lc_batch *b) {
  return b->n - b->next;
}

/* Moves an item. */
static inline void lc_item_move (lc_item *to, lc_item *from) {
  *to = *from;
  from->kind = LC_ITEM_NONE;
}

#endif
