/*
** nearest.h: the name that was meant where one is misspelt. Plain C; nothing
** here waits, raises or allocates.
*/

#ifndef lc_nearest_h
#define lc_nearest_h

#include "base/base.h"

typedef struct lc_nearest {
  const char *word;   /* the caller's, as long as this is used */
  const char *name;   /* the nearest so far, the caller's; NULL: none */
  size_t least;       /* letters that must change to make the name of it */
} lc_nearest;

/* Looks for what `word` may mean. */
void lc_nearest_begin (lc_nearest *n, const char *word);

/* Is it meant? The first of several that are as near stays. */
void lc_nearest_offer (lc_nearest *n, const char *name);

#endif
