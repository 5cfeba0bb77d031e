/*
** crossing.h: how shared objects get to another process, in a message.
**
** What another process is to have lies in the commons. An object that is
** there already (proxy.h), or moves there now, is named in the message by its
** place, and held for whom the message is sent to.
**
** Nothing here raises. Any thread may call these functions.
*/

#ifndef lc_crossing_h
#define lc_crossing_h

#include "commons.h"
#include "shared.h"

typedef struct lc_crossing lc_crossing;

struct lc_crossing {
  const lc_sharedkind *kind;

  /* The object in the commons: 0 or a libuv code. */
  int (*cross) (lc_shared *s, lc_common **c);

  /* What this process has of an object that has come: held by the message,
  ** and by this process. NULL: no memory. */
  lc_shared *(*come) (const lc_crossing *x, lc_common *c);
};

/* Says how the objects of this number (things.h) cross; for good. */
void lc_crossing_add (uint32_t number, const lc_crossing *x);

/* How this object crosses; NULL: it does not. */
const lc_crossing *lc_crossing_of (const lc_shared *s);

/* How objects of this number do, or NULL. */
const lc_crossing *lc_crossing_at (uint32_t number);

/* Those of proxies. */
int lc_crossing_proxy (lc_shared *s, lc_common **c);
lc_shared *lc_crossing_come (const lc_crossing *x, lc_common *c);

#endif
