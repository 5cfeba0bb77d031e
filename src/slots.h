/*
** slots.h: coroutines, and through them what keeps live tasks from the
** collector.
**
** A slot has a coroutine, made with its first task and used again by each
** later one. Coroutines stand in one Lua table, and a task's handle lies on
** the stack of its coroutine until the job is let go of:
**
**   not begun     task_main, handle, on_error, body, arguments
**   under way     the handle is argument 1 of task_main
**   body ended    the handle alone: its jobs still run, or it has failed and
**                 nobody has looked yet
**
** Taking a slot can raise; nothing else can.
*/

#ifndef lc_slots_h
#define lc_slots_h

#include "loop.h"
#include "job.h"

typedef struct lc_slot {
  lua_State *co;      /* NULL: none yet */
  uintptr_t use;      /* the job that lives in it; or 1 + 2 * next free one */
} lc_slot;

/* Finds a free slot with a coroutine, and room in the ring. It stays free
** until lc_slots_take. May raise (memory). */
int32_t lc_slots_find (lua_State *L, lc_loop *loop);

/* The slot is the job's. */
void lc_slots_take (lc_job *j, int32_t slot);

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
