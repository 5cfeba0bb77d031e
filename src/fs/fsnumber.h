/*
** fsnumber.h: a number in what was read, as Lua's io files find it.
*/

#ifndef lc_fsnumber_h
#define lc_fsnumber_h

#include "base/base.h"

/* The longest that is looked at. */
enum { LC_FSNUMBER_MOST = 200 };

/* The first of n bytes that is no white space; n: there is none. */
size_t lc_fsnumber_start (const char *s, size_t n);

/* How many of the n bytes make up what looks like a number: copied to
** `text`, which has room for LC_FSNUMBER_MOST + 1. It need not be one. */
size_t lc_fsnumber_scan (const char *s, size_t n, char *text);

#endif
