/*
** sharedarray.h: numbers that all states read and write.
*/

#ifndef lc_sharedarray_h
#define lc_sharedarray_h

#include "shared/handled.h"

typedef struct lc_array {
  lc_handled handled;
  char *base;                /* NULL: closed */
  uint64_t n;                /* 0: closed */
  uint8_t type;              /* element.h */
  uint8_t width;
} lc_array;

/* The array at `index`; raises where there is none, or it is closed. */
lc_array *lc_sharedarray_at (lua_State *L, int index);

/* Methods for many elements: sharedbulk.c. */
int lc_sharedarray_fill (lua_State *L);
int lc_sharedarray_copy (lua_State *L);
int lc_sharedarray_sum (lua_State *L);
int lc_sharedarray_get (lua_State *L);
int lc_sharedarray_set (lua_State *L);

/* Adds `array` to the table on top. */
void lc_sharedarray_open (lua_State *L, lc_loop *loop);

#endif
