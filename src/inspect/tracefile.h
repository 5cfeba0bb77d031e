/*
** tracefile.h: the file that a process traces into, shared by its states, and
** text for it.
*/

#ifndef lc_tracefile_h
#define lc_tracefile_h

#include "base/base.h"

/* Opened by the first, closed by the last who holds it. Any thread. */
typedef struct lc_tracefile lc_tracefile;

/* Opens it for appending; `anew`: what is in it goes. NULL and a libuv code. */
lc_tracefile *lc_tracefile_new (const char *path, bool anew, int *err);
void lc_tracefile_hold (lc_tracefile *f);
void lc_tracefile_release (lc_tracefile *f);
const char *lc_tracefile_path (const lc_tracefile *f);

/* Writes whole lines, whatever else is written meanwhile. What can't be
** written is lost; that is remembered: a libuv code, or 0. */
void lc_tracefile_write (lc_tracefile *f, const char *lines, size_t len);
int lc_tracefile_error (const lc_tracefile *f);

/* Copies a text as what stands between the quotes of a JSON string, shortened
** to fit; ends in a zero. */
void lc_tracefile_quote (char *to, size_t size, const char *text);

/* How many descriptors this process has, or -1. */
int lc_tracefile_descriptors (void);

/* The number by which the system knows this thread. */
int lc_tracefile_thread (void);

#endif
