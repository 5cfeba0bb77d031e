/*
** stats.h: what a loop counts, at no cost that could be measured: nothing is
** counted by switch but by slice. From the first use of conc.stats on, turns
** are timed as well: the clock is read twice in each.
**
** A turn lasts from its first task to the next poll: so long others had to
** wait. Only the thread of the state touches it.
*/

#ifndef lc_stats_h
#define lc_stats_h

#include "base/base.h"

/* Bucket i of the histogram: turns below 2^(LC_STATS_LEAST + i) ns; the last
** has what took longer. */
enum { LC_STATS_LEAST = 14, LC_STATS_BUCKETS = 20 };

typedef struct lc_stats {
  uint64_t turns;        /* polls of libuv or the port */
  uint64_t resumed;      /* tasks that have gone on, until they waited */
  uint64_t busy;         /* when this turn's first task did, ns; 0: none has */
  bool timed;            /* turns are: that is exact, else in ms */
  uint64_t busy_ns;      /* all turns together */
  uint64_t longest;      /* of them, ns */
  uint64_t waits[LC_STATS_BUCKETS];
  uint64_t ended[3];     /* jobs: done, failed, cancelled */
} lc_stats;

/* The turn is over. */
void lc_stats_turn (lc_stats *s, uint64_t now);

#endif
