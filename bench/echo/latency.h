/* A histogram of latencies in nanoseconds: 32 buckets for each power of
 * two, so a percentile is exact to 3 %, and recording costs a few
 * instructions. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

enum { LATENCY_BUCKETS = 32 * 60 };

struct latency {
  uint64_t total;
  uint64_t count[LATENCY_BUCKETS];
};

void latency_add(struct latency *lat, uint64_t ns);

/* The value that `part` (0..1) of the recorded ones do not exceed. */
double latency_at(const struct latency *lat, double part);

#endif
