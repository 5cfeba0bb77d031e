/*
** shared.h: objects that several states hold, and their handles.
**
** A shared object (a channel) lies in C memory of its own. Each state that
** holds it has one handle, a userdata that begins with an lc_handleof, and
** whose metatable is marked. Both must be there: what C memory a userdata
** has, and what marks a metatable, no script can make.
*/

#ifndef lc_shared_h
#define lc_shared_h

#include "base/base.h"

typedef struct lc_shared lc_shared;

struct lc_common;             /* commons.h */

typedef struct lc_sharedkind lc_sharedkind;

struct lc_sharedkind {
  const char *name;           /* "channel" */
  /* A message in flight holds it; it is gone, read or not. Any thread; no
  ** raise. */
  void (*hold) (lc_shared *s);
  void (*drop) (lc_shared *s);
  /* Pushes this state's handle, one and the same each time. May raise. */
  void (*push) (lua_State *L, lc_shared *s);
  bool leaf;                  /* it never holds a channel, by no way */
  /* To another process it goes by its place in the commons, and is held for
  ** whom the message is sent to. Its object there, where it is already, or
  ** moves to now: 0 or a libuv code. Any thread; no raise. NULL, like `come`:
  ** it does not go there. */
  int (*cross) (lc_shared *s, struct lc_common **c);
  /* What this process has of an object that has come: held by the message,
  ** and by this process. NULL: no memory. Any thread; no raise. */
  lc_shared *(*come) (const lc_sharedkind *kind, struct lc_common *c);
};

struct lc_shared {
  const lc_sharedkind *kind;
};

/* The begin of a handle. */
typedef struct lc_handleof {
  const void *tag;
  lc_shared *shared;          /* NULL: it was collected */
} lc_handleof;

/* Objects of this number in the commons (things.h) come as this kind; for
** good. Any thread. */
void lc_shared_add (uint32_t number, const lc_sharedkind *kind);

/* The kind as which they come, or NULL. Any thread. */
const lc_sharedkind *lc_shared_kind (uint32_t number);

/* Marks the metatable on top as one of handles. May raise. */
void lc_shared_mark (lua_State *L);

/* The object whose handle is at `index`; NULL: no handle. Needs 2 stack
** slots; no raise. */
lc_shared *lc_shared_at (lua_State *L, int index);

/* Pushes this state's handle of the object; false, and nothing, where there
** is none. May raise. */
bool lc_shared_find (lua_State *L, const lc_shared *s);

/* Makes the userdata on top, of at least the size of an lc_handleof and with
** its metatable set, this state's handle. May raise, before it has. */
void lc_shared_own (lua_State *L, lc_shared *s);

/* In a handle's finaliser: is it garbage, or is the state being closed? Its
** index must be absolute. No raise. */
bool lc_shared_garbage (lua_State *L, int index);

#endif
