/*
** tracing.h: what one state writes into a trace: lines, in a buffer, and the
** spans that it has begun and not ended. trace.h says what they tell.
**
** The end of a span must have the name of its beginning, or readers don't
** join them; so names are kept until then.
**
** Nothing here raises or calls Lua. The thread of the state.
*/

#ifndef lc_tracing_h
#define lc_tracing_h

#include "inspect/tracefile.h"

enum {
  LC_TRACING_BUFFER = 65536,
  LC_TRACING_LINE = 1024,      /* a longer one is left out */
  LC_TRACING_NAME = 160        /* of what Lua names, its end included */
};

/* Of a job. */
typedef struct lc_tracespan {
  const char *wait;        /* the span in it, or NULL; not its own */
  char *name;              /* NULL: the job has no name of its own */
  uint32_t next;           /* the next free one */
} lc_tracespan;

typedef struct lc_tracing {
  lc_tracefile *file;
  uint32_t state;          /* a number in this process */
  int pid, tid;
  uint64_t memory;         /* of the Lua state when it was last told, KiB */
  uint32_t cycles;         /* of the collector, seen to end */
  uint64_t since;          /* the task that runs has gone on, or 0 */
  char running[LC_TRACING_NAME];   /* what it is called */
  lc_tracespan *spans;     /* of jobs, from 1 on */
  uint32_t nspans, freespan;
  size_t used;
  char buffer[LC_TRACING_BUFFER];
} lc_tracing;

/* Takes the reference to the file. NULL: no memory; then it does not. */
lc_tracing *lc_tracing_new (lc_tracefile *f);
void lc_tracing_free (lc_tracing *t);   /* writes what is in the buffer */
void lc_tracing_flush (lc_tracing *t);

/* An event: ph, name and cat as in JSON, ts in ns, and further fields, which
** begin with a comma. */
lc_printf(6, 7)
void lc_tracing_emit (lc_tracing *t, char ph, const char *name,
                      const char *cat, uint64_t ns, const char *more, ...);

/* The two that each switch of tasks takes, without a format: a slice of the
** thread; where a span of the job with this id begins or ends. */
void lc_tracing_slice (lc_tracing *t, const char *name, const char *cat,
                       uint64_t since, uint64_t now);
void lc_tracing_edge (lc_tracing *t, char ph, const char *name, uint64_t ns,
                      uint32_t id);

/* "task 3" */
void lc_tracing_label (char to[LC_TRACING_NAME], const char *what,
                       uint32_t id);

/* A new span, with a copy of this name, which may be NULL: its number, or 0
** without memory. */
uint32_t lc_tracing_begin (lc_tracing *t, const char *name);
void lc_tracing_end (lc_tracing *t, uint32_t span);

/* Where it stands until the next one begins. */
static inline lc_tracespan *lc_tracing_span (lc_tracing *t, uint32_t span) {
  return &t->spans[span];
}

#endif
