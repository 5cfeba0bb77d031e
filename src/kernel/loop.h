/*
** loop.h: the loop of a state: ready ring, deadlines, libuv.
**
** A state has at most one loop and a loop one state. It is a userdata in the
** registry, made when the module is opened; the uv_loop_t is made at the
** first wait for I/O, or handed in by the host. A loop without one sleeps on
** its port. Only the thread of the state touches it.
**
** Invariants:
** 1. The ring has room for every live task, so waking never fails.
** 2. `external` counts the waits that libuv ends, `others` the waits that
**    other threads end, and their jobs. Nothing ready, none of these and no
**    deadline: nothing can ever run again.
** 3. One uv_timer stands for all deadlines; it is set right before libuv
**    polls.
** 4. Tasks woken in a libuv callback run inside it; all others in turn, by
**    slices of 2 ms between two polls.
*/

#ifndef lc_loop_h
#define lc_loop_h

#include <pthread.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "inspect/stats.h"
#include "inspect/still.h"
#include "kernel/op.h"
#include "kernel/port.h"

struct lc_job;
struct lc_task;
struct lc_group;

/* Bits of `watch`, which is 0 unless somebody looks on. */
enum {
  LC_WATCH_PULSE = 1,        /* pulse.h */
  LC_WATCH_DEBUG = 2,        /* debug.h */
  LC_WATCH_TRACE = 4,        /* trace.h */
  LC_WATCH_ACCOUNT = 8       /* account.h */
};
struct lc_guest;

enum { LC_THREADS, LC_PROCESSES };

enum {
  LC_BUDGET = 64,            /* satisfied waits between looks at the clock */
  LC_SLICE_NS = 2000000      /* 2 ms: what others wait at most */
};

typedef struct lc_loop {
  lua_State *L;              /* main thread of the state */
  lua_State *driver;         /* who drives, or L: `from` of every resume */
  struct lc_task *current;   /* NULL: code outside tasks */
  lua_State *running;        /* coroutine that may wait; NULL outside tasks */
  struct lc_task *main;      /* the code outside tasks */
  struct lc_group *root;     /* jobs started outside tasks */
  int budget;                /* satisfied waits left */
  uint64_t slice;            /* when the running task was resumed, or 0 */
  uint64_t time;             /* of its clock, when that was last looked at */
  lc_stats stats;

  struct lc_task **ring;
  uint32_t head, nready, mask;

  lc_heap deadlines;
  lc_clock clock;
  uint32_t external;
  uint32_t others;
  lc_port *port;             /* how other threads reach it */

  uv_loop_t *uv;             /* NULL until it is needed */
  struct lc_uvblock *block;  /* own uv_loop_t and timer */
  char *buffer;              /* the one receive buffer; NULL until needed */
  lc_link handles;           /* all open handles */
  uint32_t nhandles;         /* open or closing */
  void *pool[8];             /* free blocks for requests, by size */
  uint16_t npool[8];         /* and their numbers */

  struct lc_taskslot *slots; /* an anchor and a coroutine each: see slots.h */
  uint32_t nslots;
  uint32_t nidle;            /* coroutines in free slots */
  int32_t freeslot;
  int store;                 /* registry reference: see slots.c */
  int jobtype;               /* registry reference: metatable of handles */
  uint32_t live;             /* live jobs */
  lc_link remotes;           /* those that run elsewhere, anchored */
  struct lc_worker *worker;  /* the state runs a job of another; or NULL */
  const struct lc_opener *opener;   /* opens luaconc.core in other states */
  const struct lc_remotekind *engines[2];   /* by LC_THREADS, LC_PROCESSES */
  uint32_t lastid;
  uint32_t nops;             /* requests out of the pool */

  int depth;                 /* of driving */
  pthread_t thread;          /* that is in the state, or was last */
  bool external_uv;          /* the host's uv_loop_t */
  bool watched;              /* the host polls our descriptor */
  bool dismissed;            /* and has closed the state: it knows of jobs */
  bool is_program;           /* one like `lua`: Ctrl-C is ours */
  lua_CFunction resumers[2]; /* of conc.coroutine: see traceback.c */
  const char *folder;        /* of our own Lua files, or NULL */
  struct lc_guest *guest;    /* of the commons: see handled.h; or NULL */
  void (*bereave) (struct lc_job *j);   /* a job with `guest` set ends: takes
                             ** from it what it holds in the commons */
  bool in_poll;              /* the host's loop is inside its poll */
  bool ending, ended;
  bool complete;             /* the whole core is open */
  uint8_t watch;             /* LC_WATCH_... */
  uint32_t era;              /* of tracing, as last seen: trace.h */
  struct lc_tracing *tracing;   /* NULL: it is not traced */
  struct lc_account *account;   /* NULL: nothing is counted */
  struct lc_pulse *pulse;       /* NULL: it is not watched */
  const atomic_uint *asks;   /* of the port: see lc_port_asks */
  struct lc_races *races;    /* NULL: see races.h */
  struct lc_inquiry *inquiry;   /* it asks other states: see inquiry.h */
  lc_still still;            /* can anything go on at all? still.h */
  bool hosted;               /* a host, or a module in C, may wake it */
  uint8_t trouble;           /* why main must unwind: see trouble.h */
  lua_State *woken;          /* whose wait outside tasks has just ended */
  const void *passed;        /* error that is passed on: see traceback.h */
} lc_loop;

/* How the module luaconc.core is opened: both are lua_CFunctions that give
** its table. `begin` opens what tasks need, with few functions in the table;
** `complete` the whole, also after `begin`. */
typedef struct lc_opener {
  lua_CFunction begin;
  lua_CFunction complete;
} lc_opener;

/* Registry key of the loop's userdata. */
extern const char lc_loop_key;

/* Makes the loop of the state, on the host's uv_loop_t if it gives one, else
** on one of its own; pushes nothing. `opener`: who asks. May raise. */
lc_loop *lc_loop_new (lua_State *L, uv_loop_t *uv, const lc_opener *opener);

static inline struct lc_task *lc_loop_main (lc_loop *loop) {
  return loop->main;
}

/* The uv_loop_t, made if need be; NULL and a libuv code where it can't. */
uv_loop_t *lc_loop_uv (lc_loop *loop, int *err);

/* LC_BUFFER bytes for reading into; NULL without memory. */
enum { LC_BUFFER = 65536 };
char *lc_loop_buffer (lc_loop *loop);

/* Blocks for requests: from free lists; NULL without memory. `size` must
** be the same when it is given back. */
void *lc_loop_borrow (lc_loop *loop, size_t size);
void lc_loop_giveback (lc_loop *loop, void *block, size_t size);

/* Makes room in the ring for `n` tasks: 0 or UV_ENOMEM. */
int lc_loop_reserve (lc_loop *loop, uint32_t n);

/* Its port, a new one, is known to it from now on. */
void lc_loop_take_port (lc_loop *loop);

/* Puts a task into the ring. Never fails. */
void lc_loop_ready (lc_loop *loop, struct lc_task *t);

/* Runs a task that has just joined the ring at once, if no other runs:
** for libuv callbacks. */
void lc_loop_run_now (lc_loop *loop, struct lc_task *t);

/* Looks at the clock: `time` is now. Needed outside tasks only. */
void lc_loop_look (lc_loop *loop);

/* Counts a wait, or a job, that libuv or others will end (n = 1), or have
** ended (n = -1). */
void lc_loop_expect (lc_loop *loop, lc_by by, int n);

/* Deadlines: 0 or UV_ENOMEM. `due` UINT64_MAX is never and needs none. */
int lc_loop_at (lc_loop *loop, lc_timer *t, uint64_t due);
void lc_loop_unat (lc_loop *loop, lc_timer *t);

/* How long it may sleep has changed. */
void lc_loop_wait_anew (lc_loop *loop);

/* Lets come what is there already, without waiting. While it is driven. */
void lc_loop_glance (lc_loop *loop);

/* Runs what is ready now and polls libuv, waiting if `wait` and nothing is
** ready. False where nothing can ever run again. Needs LUA_MINSTACK slots. */
bool lc_loop_turn (lua_State *L, lc_loop *loop, bool wait);

/* Drives the loop until main's operation is complete. Needs LUA_MINSTACK
** slots; does not raise. */
void lc_loop_drive (lua_State *L, lc_loop *loop);

/* For a host that polls: the descriptor of libuv's loop, or a negative code;
** and the time in ms for which nothing need be done until it is readable (-1:
** no limit). */
int lc_loop_descriptor (lc_loop *loop);
int lc_loop_patience (lc_loop *loop);

/* Closes handles and libuv's loop and frees all but the userdata: the last
** step of the end. */
void lc_loop_close (lc_loop *loop);

#if defined(LUACONC_TESTING)
void lc_loop_check (lc_loop *loop);
#endif

void lc_loop_open (lua_State *L, lc_loop *loop);

#endif
