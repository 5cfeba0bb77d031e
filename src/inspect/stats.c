/*
** stats.c: the histogram of turns. See stats.h.
*/

#include "inspect/stats.h"

static int bucket_of (uint64_t ns) {
  int i = 0;
  ns >>= LC_STATS_LEAST;
  if (!ns) return 0;   /* most of them */
  for (; ns && i < LC_STATS_BUCKETS - 1; ns >>= 1) i++;
  return i;
}

void lc_stats_turn (lc_stats *s, uint64_t now) {
  uint64_t ns = now - s->busy;
  s->busy_ns += ns;
  if (ns > s->longest) s->longest = ns;
  s->waits[bucket_of(ns)]++;
}
