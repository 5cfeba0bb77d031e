/*
** fswork.h: work that may block, done in libuv's thread pool.
**
** The block belongs to the pool from lc_fswork_start until `done` is called
** in the loop's thread; `done` may free it or start it again. A loop does
** not end before its work has.
*/

#ifndef lc_fswork_h
#define lc_fswork_h

#include "base/fault.h"
#include "kernel/loop.h"

typedef struct lc_fswork lc_fswork;

struct lc_fswork {
  uv_work_t uv;
  lc_loop *loop;
  void (*work) (lc_fswork *w);             /* in the pool: no Lua */
  void (*done) (lc_fswork *w, int err);    /* UV_ECANCELED: it never began */
  lc_faults faults;
};

/* `work` and `done` are set. 0, or libuv's code: then nothing has begun. */
int lc_fswork_start (lc_loop *loop, lc_fswork *w);

/* It need not begin any more; `done` comes in any case. */
static inline void lc_fswork_cancel (lc_fswork *w) {
  uv_cancel((uv_req_t *)&w->uv);
}

#endif
