/*
** uvpool.h: may libuv's thread pool be used?
**
** libuv starts its pool at the first use, and aborts the process where a
** thread can't be started. So we try first whether as many threads, with as
** large stacks, can be had at this moment.
*/

#ifndef lc_uvpool_h
#define lc_uvpool_h

#include "base/base.h"

/* 0: the pool may be used, at once; else libuv's code. Any thread. */
int lc_uvpool_try (void);

/* How many threads it has, once it is used. */
int lc_uvpool_threads (void);

#endif
