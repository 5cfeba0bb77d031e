/*
** epitaph.h: how a worker process ended, and the error of its job where that
** had not ended before.
*/

#ifndef lc_epitaph_h
#define lc_epitaph_h

#include "engine/forkserver.h"

typedef struct lc_epitaph {
  lc_lot lot;
  int how;                 /* see lc_lot */
  bool garbled;            /* sent what can't be read */
  char *words;             /* the last it wrote to its standard error */
  size_t nwords;
} lc_epitaph;

/* Once. No raise. */
void lc_epitaph_fill (lc_epitaph *e, const lc_fate *fate);
void lc_epitaph_free (lc_epitaph *e);

/* Pushes the error; `label` is what the job is called. May raise. */
void lc_epitaph_push (lua_State *L, const lc_epitaph *e, const char *label);

#endif
