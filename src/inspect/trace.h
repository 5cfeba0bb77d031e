/*
** trace.h: what happens when, in all threads and processes, as one file in the
** trace format of Chrome, which Perfetto opens.
**
** Every state writes its events into a buffer of its own, and that to the file
** before each poll of its loop, whole lines at a time: the file is opened for
** appending, so threads and processes don't disturb each other, and what was
** written stays, whatever becomes of them. The list is not ended until the
** last writer ends it; readers take it as it is.
**
**   slices    X    a task runs, on the row of its thread; in it, calls of
**                  collectgarbage (tracegc.h)
**   spans     b e  a job, from its start to its end; in it, each wait; what
**                  was opened, until it is closed; calls of pools
**   flows     s f  who started whom, woke whom, sent what to whom
**   counters  C    descriptors, memory of a state; "collected": i
**
** The clock is the machine's monotonic one, the same in all processes.
**
** Off, it costs a branch where loop->watch is looked at, and a comparison a
** turn: a state begins or ends tracing at its next turn, and then tells those
** that it has started: it wakes threads, and sends word to processes. What
** there is already has its spans from then on.
*/

#ifndef lc_trace_h
#define lc_trace_h

#include <stdatomic.h>

#include "kernel/job.h"
#include "kernel/loop.h"

static inline bool lc_trace_on (const lc_loop *loop) {
  return LC_OBSERVED && lc_unlikely(loop->watch & LC_WATCH_TRACE);
}

/* {{ Any state of the process: 0, or a libuv code */

/* Makes the file, for this process and the workers that it starts later.
** UV_EBUSY: it is being traced. */
int lc_trace_start (lc_loop *loop, const char *path);

/* In a worker process: its starter is traced into this file, or (an even
** era) no longer; this process follows, unless it has a file of its own. The
** same era again: nothing happens. */
void lc_trace_follow (unsigned era, const char *path);

/* In a fork: goes on, as another process. */
void lc_trace_fork (lc_loop *loop);

/* Ends it; what was seen is written. UV_ESRCH: it is not traced. Another
** code: why not all could be written. */
int lc_trace_stop (lc_loop *loop);

/* What the process's file is called, or NULL, to be freed by lc_alloc's; and
** the era. */
char *lc_trace_path (size_t *size, unsigned *era);

/* }} */

/* {{ The loop: no raise */

/* Before a poll: begins or ends in this state where that has been asked for;
** writes. */
extern atomic_uint lc_trace_era;
void lc_trace_look (lc_loop *loop);

static inline void lc_trace_turn (lc_loop *loop) {
  unsigned era = atomic_load_explicit(&lc_trace_era, memory_order_relaxed);
  if (lc_unlikely(loop->era != era || loop->tracing)) lc_trace_look(loop);
}
void lc_trace_end (lc_loop *loop);      /* the state ends */

/* The rest only where lc_trace_on. */

void lc_trace_job (lua_State *L, lc_job *j);    /* it begins */
void lc_trace_ended (lc_job *j);                /* and ends */
void lc_trace_opened (lc_loop *loop, const void *thing, const char *what);
void lc_trace_closed (lc_loop *loop, const void *thing, const char *what,
                      int fd);                  /* -1: it has none */
uint64_t lc_trace_resumed (struct lc_task *t);  /* a task goes on: now */
void lc_trace_stopped (struct lc_task *t, uint64_t since);   /* until now */

/* Something goes from here to another place, which receives it by the id that
** this answers, never 0. `what`: "start", "wake", "message". */
uint32_t lc_trace_send (lc_loop *loop, const char *what);
void lc_trace_receive (lc_loop *loop, uint32_t id);

/* }} */

void lc_trace_open (lua_State *L, lc_loop *loop);

#endif
