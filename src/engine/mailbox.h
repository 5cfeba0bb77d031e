/*
** mailbox.h: letters: messages between a remote job and who started it.
**
** A letter is a block of its own with a message in it. A mailbox has those
** that have arrived, and the one task that waits for the next. All of it
** belongs to the thread of the state, but letters may be made and freed in
** any.
*/

#ifndef lc_mailbox_h
#define lc_mailbox_h

#include "base/list.h"
#include "kernel/op.h"
#include "kernel/port.h"
#include "value/message.h"

typedef struct lc_letter {
  lc_note note;            /* for who posts it to a port */
  lc_link link;            /* in a mailbox */
  void *to;                /* for its arrival */
  lc_message message;
} lc_letter;

typedef struct lc_mailbox {
  lc_link letters;
  lc_op *taker;            /* NULL: nobody waits */
  bool closed;             /* none will come any more */
} lc_mailbox;

/* Takes the content of the message; NULL without memory: then it stays. */
lc_letter *lc_letter_new (lc_message *m, void *to);
void lc_letter_free (lc_letter *l);   /* harmless on NULL */

void lc_mailbox_init (lc_mailbox *m);
void lc_mailbox_put (lc_mailbox *m, lc_letter *l);
void lc_mailbox_close (lc_mailbox *m);    /* what is in it can be read */
void lc_mailbox_free (lc_mailbox *m);     /* no more */

/* A lua_CFunction's work: waits for the next letter -> true, values...; or
** false where it is closed and empty. May raise. */
int lc_mailbox_take (lua_State *L, lc_mailbox *m);

#endif
