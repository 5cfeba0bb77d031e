/*
** clock.c: the generator behind the seeded order. See clock.h.
*/

#include "base/clock.h"

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
** generators", 2014. */
static uint64_t next_random (lc_clock *c) {
  uint64_t z = (c->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint32_t lc_clock_choose (lc_clock *c, uint32_t n) {
  if (!c->is_seeded) return 0;
  return (uint32_t)(next_random(c) % n);
}

void lc_clock_seed (lc_clock *c, uint64_t seed) {
  c->is_seeded = true;
  c->state = seed;
}
