/*
** pump.h: a thread that carries bytes from one descriptor to another.
**
** For descriptors that can't be polled, or that others use too and that must
** therefore stay blocking: the loop reads or writes a pipe, a thread the
** descriptor. It ends when the input has ended, or when nobody is at the other
** end of its output any more.
*/

#ifndef lc_pump_h
#define lc_pump_h

#include "base/base.h"

#include <pthread.h>

typedef struct lc_pump {
  bool running;
  int from, to;            /* the thread closes them */
  pthread_t thread;
} lc_pump;

/* Starts it; takes the descriptors over where it returns 0. The block must
** stay where it is until lc_pump_join. */
int lc_pump_start (lc_pump *p, int from, int to);

/* Waits for its end, where it runs: the loop's end of the pipe is closed. */
void lc_pump_join (lc_pump *p);

#endif
