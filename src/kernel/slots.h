/*
** slots.h: what keeps live tasks and their coroutines from the collector.
**
** A slot has a coroutine, made with its first task and used again by each
** later one, and while a task lives in it, or has failed and nobody has
** looked yet, the task's handle. Both stand in one Lua table: the coroutine
** of slot i at 2i + 1, the handle at 2i + 2. (The handle alone on the stack
** of its coroutine would be cheaper, but scripts can close a coroutine.)
**
** Finding a slot can raise; nothing else can.
*/

#ifndef lc_slots_h
#define lc_slots_h

#include "kernel/job.h"
#include "kernel/loop.h"

typedef struct lc_taskslot {
  lua_State *co;      /* NULL: none yet */
  uintptr_t use;      /* the job that lives in it; or 1 + 2 * next free one */
} lc_taskslot;

/* Finds a free slot with a coroutine, and room in the ring. It stays free
** until lc_slots_take. May raise (memory). */
int32_t lc_slots_find (lua_State *L, lc_loop *loop);

/* The slot is the job's, whose handle is at `index` of L. */
void lc_slots_take (lua_State *L, lc_job *j, int32_t slot, int index);

/* Pushes the handle of a job that has a slot. Two stack slots. */
void lc_slots_push (lua_State *L, const lc_job *j);

/* The coroutine of the slot can't be used again. */
void lc_slots_spoil (lc_loop *loop, int32_t slot);

/* The job is let go of, and its coroutine is free. Harmless where it was. */
void lc_slots_release (lc_job *j);

/* The job in slot i, or NULL. */
static inline lc_job *lc_slots_job (const lc_loop *loop, uint32_t i) {
  uintptr_t use = loop->slots[i].use;
  return use & 1 ? NULL : (lc_job *)use;
}

void lc_slots_open (lua_State *L, lc_loop *loop);
void lc_slots_free (lc_loop *loop);

#endif
