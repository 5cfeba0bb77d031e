/*
** message.h: what travels from one state to another: encoded values, and
** holds on the shared objects among them.
**
** The bytes name a shared object by its place in `held`, never by address;
** the message holds each of these until it is freed. It belongs to whoever
** has the struct, and goes from thread to thread as it is.
*/

#ifndef lc_message_h
#define lc_message_h

#include "shared/shared.h"

/* All zero is an empty one. */
typedef struct lc_message {
  char *base;
  size_t len;
  lc_shared **held;
  uint32_t nheld;
  bool process;      /* set before encoding: it goes to another process */
} lc_message;

/* Fills an empty message with the n values from index `first` on, which stay
** where they are. Raises like lc_encode, and then has kept nothing. */
void lc_message_encode (lua_State *L, int first, int n, const char *what,
                        lc_message *m);

/* {{ Between processes, where a message is bytes alone */

/* Fills an empty message with the bytes of one that holds something, which
** stays: what it holds is held for the member `to` of the road (or the root,
** 0, as a keeper) as well. 0, or a libuv code. Then: it was not sent after
** all. */
int lc_message_export (const lc_message *m, uint64_t to, lc_message *out);
void lc_message_unexport (const lc_message *m, uint64_t to);

/* Why it could not be exported. */
const char *lc_message_refusal (int code);

/* Such a message has come here, or (`kept`) was kept by the root: from now on
** it holds these things itself. Failing, it has let go of all. */
int lc_message_import (lc_message *m, bool kept);

/* }} */

/* Pushes the values of a message of this program and returns their number;
** the message stays. Raises like lc_decode. */
int lc_message_decode (lua_State *L, const lc_message *m);

/* Does it hold what may hold a channel? */
bool lc_message_branches (const lc_message *m);

/* Bytes of all messages made by this process so far, in all its threads: what
** `luaconc compare` shows as sent. Any thread. */
uint64_t lc_message_made (void);

/* Drops what it holds, frees its blocks and empties it. Any thread; harmless
** on an empty one. */
void lc_message_free (lc_message *m);

#endif
