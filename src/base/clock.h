/*
** clock.h: time and choice of a loop, real or made up for a test.
**
** Real time is monotonic. Virtual time stands still while anything runs and
** jumps to the next deadline when nothing is ready. Choice is first-in
** first-out unless a seed is set. Nothing here allocates or raises.
*/

#ifndef lc_clock_h
#define lc_clock_h

#include "base/base.h"

typedef struct lc_clock {
  bool is_virtual;
  bool is_seeded;
  uint64_t now;     /* virtual time, ns */
  uint64_t state;   /* of the generator */
} lc_clock;

static inline uint64_t lc_clock_now (const lc_clock *c) {
  return c->is_virtual ? c->now : uv_hrtime();
}

/* Now plus `ns`, without overflow: UINT64_MAX means never. */
static inline uint64_t lc_clock_after (const lc_clock *c, uint64_t ns) {
  uint64_t now = lc_clock_now(c);
  return ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
}

/* One of 0 .. n-1. */
uint32_t lc_clock_choose (lc_clock *c, uint32_t n);
void lc_clock_seed (lc_clock *c, uint64_t seed);

#endif
