/*
** slots.h: what keeps live jobs and coroutines from the collector.
**
** A slot has a coroutine, made with its first task and used again by each
** later one, and while a job lives in it the job's handle. Both stand in one
** Lua table: coroutine of slot i at 2i + 1, handle at 2i + 2. Taking a slot
** can raise; everything else can't.
*/

#ifndef lc_slots_h
#define lc_slots_h

#include "loop.h"
#include "job.h"

typedef struct lc_slot {
  lua_State *co;      /* NULL: none yet */
  int32_t next;       /* free list; -1: the end */
  bool used;
} lc_slot;

/* Finds a free slot with room in the ring; the coroutine is there if `co`.
** The slot stays free until lc_slots_anchor. May raise (memory). */
int32_t lc_slots_find (lua_State *L, lc_loop *loop, bool co);

/* Takes the slot for the job, whose handle is at `index` of L. */
void lc_slots_anchor (lua_State *L, lc_job *j, int32_t slot, int index);

/* The job is anchored no longer; the slot is free. Needs two stack slots
** of the driver. Harmless where it isn't anchored. */
void lc_slots_release (lc_job *j);

/* The coroutine can't be used again. */
void lc_slots_spoil (lc_loop *loop, int32_t slot);

/* Pushes the handle in a slot (two stack slots). */
void lc_slots_push (lua_State *L, lc_loop *loop, int32_t slot);

void lc_slots_open (lua_State *L, lc_loop *loop);
void lc_slots_free (lc_loop *loop);

#endif
