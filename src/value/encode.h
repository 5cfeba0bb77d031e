/*
** encode.h: from values to bytes.
**
** A state has one encoder, a userdata that is made at the first use and
** keeps its memory for the next one. It stands on the stack while it works,
** so whatever is raised meanwhile (for want of memory, by a __transfer)
** leaks nothing: a work that is left in the middle keeps its encoder, which
** is then collected, and the next one gets a new one. So does an encoding
** that begins inside a __transfer.
*/

#ifndef lc_encode_h
#define lc_encode_h

#include "base/bytes.h"

/* Encodes the n values from index `first` on, which stay where they are,
** and pushes the encoder. Its bytes are valid while it is on the stack and
** until this state encodes again; the caller may take the block out (and
** owns it then). Raises when something can't be sent; `what` names a value
** in that error: "argument" makes `argument #2`. Shared objects can't be
** sent so: see message.h. */
lc_bytes *lc_encode (lua_State *L, int first, int n, const char *what);

struct lc_encoder;

/* The same for another state, or for another process (`process`), and pushes
** the encoder and returns it: its holds may be taken out too. */
struct lc_encoder *lc_encode_message (lua_State *L, int first, int n,
                                      const char *what, bool process);

/* The limit for the messages of this state, in bytes; 0: as it is. Returns
** what it was. May raise. */
size_t lc_encode_limit (lua_State *L, size_t limit);

/* For the files of the encoder: encodes the value on top, which stays, and
** which is in so many others. False like every step of a walk. */
bool lc_encode_value (struct lc_encoder *e, int depth);

#endif
