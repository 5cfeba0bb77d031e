/*
** dock.h: the lock of a strait (strait.h), who has it, and what becomes of it
** when one of these dies.
**
** A *pier* stands for each process that has the strait, and tells how many of
** its states and messages hold it. The next one to lock it after a death puts
** it in order.
**
** Nothing here raises.
*/

#ifndef lc_dock_h
#define lc_dock_h

#include "channel/slot.h"
#include "shared/proxy.h"

/* Results of tickets. */
enum { LC_STRAIT_DONE = 1, LC_STRAIT_LOOK = 2 };
enum { LC_STRAIT_WATCH = -1 };

static inline lc_straitthing *lc_dock_thing (const lc_proxy *p) {
  return lc_container(p->common, lc_straitthing, thing.common);
}

/* {{ The lock. Without rings for what is in the record alone. Unlocking tells
** who was granted something; `g`: those of the calling state at once. */

lc_straitthing *lc_dock_lock (const lc_proxy *p, lc_rings *rings);
void lc_dock_unlock (lc_straitthing *t, lc_guest *g, lc_rings *rings);

/* Is there room for another ring, and one more? */
static inline bool lc_dock_may_ring (const lc_rings *rings) {
  return rings->n + 2 <= LC_RINGS;
}

/* }} */

/* {{ With the lock */

lc_ticket *lc_dock_sender (lc_straitthing *t);   /* the first; or NULL */

/* Whose slots are those of this ticket? */
uint64_t lc_dock_owner (lc_straitthing *t, const lc_ticket *k);

/* It is to look. */
void lc_dock_tell (lc_ticket *k, lc_rings *rings);

/* }} */

/* {{ Without */

/* Ends all waits: everybody looks anew. */
void lc_dock_stir (lc_proxy *p, lc_guest *g);

/* Is this state the only one that has it, of several that once had? */
bool lc_dock_lonely (lc_proxy *p);

/* This process has it from now on (false: no memory), or no longer. */
bool lc_dock_moor (lc_proxy *p);
void lc_dock_unmoor (lc_proxy *p);

/* How many states and messages of this process hold it. */
void lc_dock_count (lc_proxy *p, uint32_t states, uint32_t flights);

/* Lets the commons know how straits are buried and emptied: before any comes
** or is made. */
void lc_dock_open (void);

/* }} */

#endif
