/*
** claim.h: the right to end the wait of a select, which has several cases
** and may be served by several threads at once.
**
** Whoever wants one of the cases to take effect takes the claim first, and
** leaves the case alone where it is taken already. A select that is about to
** wait in a channel may meet another there: then both claims are taken, or
** none. So one mutex of the process guards them all; it is held for a few
** instructions, and only where a select waits in a channel.
**
** The claim belongs to the select; whoever asks holds the mutex of the
** channel in which its turn stands, without which the turn can't leave.
** Any thread; nothing here raises.
*/

#ifndef lc_claim_h
#define lc_claim_h

#include "base/base.h"

/* All zero: free. */
typedef struct lc_claim {
  bool taken;        /* the mutex */
} lc_claim;

/* Takes both, which differ, or none; either may be NULL: nothing to take. */
bool lc_claim_take (lc_claim *a, lc_claim *b);

bool lc_claim_taken (const lc_claim *c);

#endif
