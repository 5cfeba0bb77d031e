/* See latency.h. */
#include "latency.h"

/* Values below 32 have a bucket each; above, the top bit picks a row and
 * the five bits below it the bucket in the row. */
static unsigned bucket_of(uint64_t ns) {
  unsigned top;
  if (ns < 32) return (unsigned)ns;
  top = 63u - (unsigned)__builtin_clzll(ns);
  return (top - 4) * 32 + (unsigned)((ns >> (top - 5)) & 31);
}

static double middle_of(unsigned bucket) {
  unsigned row = bucket / 32, column = bucket % 32;
  if (row == 0) return column;
  return ((double)column + 32.5) * (double)(UINT64_C(1) << (row - 1));
}

void latency_add(struct latency *lat, uint64_t ns) {
  unsigned bucket = bucket_of(ns);
  if (bucket >= LATENCY_BUCKETS) bucket = LATENCY_BUCKETS - 1;
  lat->count[bucket]++;
  lat->total++;
}

double latency_at(const struct latency *lat, double part) {
  double want = part * (double)lat->total;
  uint64_t seen = 0;
  unsigned i;
  for (i = 0; i < LATENCY_BUCKETS; i++) {
    seen += lat->count[i];
    if (seen > 0 && (double)seen >= want) return middle_of(i);
  }
  return 0;
}
