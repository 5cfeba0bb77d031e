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

#include "base.h"

typedef struct lc_shared lc_shared;

typedef struct lc_sharedkind {
  const char *name;           /* "channel" */
  /* A message in flight holds it; it is gone, read or not. Any thread; no
  ** raise. */
  void (*hold) (lc_shared *s);
  void (*drop) (lc_shared *s);
  /* Pushes this state's handle, one and the same each time. May raise. */
  void (*push) (lua_State *L, lc_shared *s);
  bool leaf;                  /* it never holds a channel, by no way */
} lc_sharedkind;

struct lc_shared {
  const lc_sharedkind *kind;
};

/* The begin of a handle. */
typedef struct lc_handleof {
  const void *tag;
  lc_shared *shared;          /* NULL: it was collected */
} lc_handleof;

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
