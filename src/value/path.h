/*
** path.h: where in a message a value is that can't be sent, and why.
**
** The one who walks into a value knows its key only on the way back, so a
** path is written from its end: each level puts its part in front. Of a
** deep path the first and the last parts are kept. Nothing here raises.
*/

#ifndef lc_path_h
#define lc_path_h

#include "base/base.h"

enum { LC_PATH_SIZE = 2048, LC_PATH_REASON = 160 };

typedef struct lc_path {
  char text[LC_PATH_SIZE];
  size_t start;            /* the path is text + start */
  int depth;               /* of the value at its end */
  bool cut;                /* parts were left out */
  char reason[LC_PATH_REASON];
} lc_path;

/* Begins a path at a value at this depth, with the reason against it.
** Returns false, as its caller will. */
bool lc_path_begin (lc_path *p, int depth, const char *fmt, ...)
  lc_printf(3, 4);

/* Puts the step from a table at this depth to the value of the key at
** `index` in front. */
void lc_path_key (lc_path *p, int depth, lua_State *L, int index);

/* The same for the step to a key itself. */
void lc_path_to_key (lc_path *p, int depth);

/* The same for the step from the function at `index` to an upvalue. */
void lc_path_upvalue (lc_path *p, int depth, lua_State *L, int index,
                      int upvalue);

/* The same for the step from userdata to a result of its __transfer. */
void lc_path_transfer (lc_path *p, int depth, int result);

/* The path of the n-th value, with "argument", or what it is, in front. The
** first may be something else: "option 'init'|argument". */
const char *lc_path_end (lc_path *p, const char *what, int n);

#endif
