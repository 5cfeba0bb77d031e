/*
** starter.h: what a state that starts worker processes holds: the forkserver
** and the road, which end with the last state of this process that has held
** them; and what its link to a worker says.
*/

#ifndef lc_starter_h
#define lc_starter_h

#include "base/system.h"
#include "engine/forkserver.h"
#include "kernel/loop.h"
#include "value/message.h"

typedef struct lc_starter {
  bool held;
  lc_origin origin;        /* of its workers, but for `spawn` */
} lc_starter;

/* Holds them, from the first call to the end of the state's jobs. May raise
** for memory. */
lc_starter *lc_starter_hold (lua_State *L, lc_loop *loop);

/* The packets of a link. The worker waits for context and request; then
** letters go both ways; the outcome and the reply are the last. */
typedef enum lc_saying {
  LC_SAY_LIMIT = 1,        /* an lc_ration: before the request, or never */
  LC_SAY_CONTEXT,          /* a message */
  LC_SAY_REQUEST,          /* a message */
  LC_SAY_LETTER,           /* a message */
  LC_SAY_OUTCOME,          /* an lc_verdict */
  LC_SAY_REPLY,            /* a message: only after the outcome */
  LC_SAY_REPORT,           /* see lc_report_write */
  LC_SAY_PROBE,            /* an uint32_t: still.h */
  LC_SAY_TRACE,            /* an lc_tracenews, and the path of the file */
  LC_SAY_REASON,           /* of the cancellation that comes: an lc_reason */
  LC_SAY_TEXT = 100        /* test builds: a program; its result as text */
} lc_saying;

typedef struct lc_ration {
  uint64_t memory;         /* of the Lua state; 0: no limit */
  lc_limits limits;        /* of the process */
} lc_ration;

typedef struct lc_tracenews {
  uint32_t flow;           /* that starts the job; 0: none, or it has begun */
  unsigned era;            /* of the starter: lc_trace_follow */
} lc_tracenews;

typedef struct lc_verdict {
  uint32_t outcome;        /* an lc_outcome */
  int32_t code;            /* LC_NEVERSTARTED: why */
} lc_verdict;

/* In a fork of the starter: what it is to do, and its descriptors. */
typedef struct lc_fork {
  int link, road;
  lc_message context;
  const void *kept;        /* see lc_remote_kept */
  lc_ration ration;
} lc_fork;

/* Does that, and ends the process; L runs. Set by lc_offspring_open. */
extern void (*_Atomic lc_starter_work) (lua_State *L, lc_loop *loop,
                                        lc_fork *f);

/* Adds what conc.forkserver needs to the table on top. May raise. */
void lc_starter_open (lua_State *L, lc_loop *loop);

#endif
