/*
** fswork.c: handing work to libuv's pool. See fswork.h.
*/

#include "fs/fswork.h"
#include "kernel/uvpool.h"

static void on_work (uv_work_t *req) {
  lc_fswork *w = lc_container(req, lc_fswork, uv);
  lc_fault_put(&w->faults);
  w->work(w);
  lc_fault_take(&w->faults);
}

static void on_done (uv_work_t *req, int status) {
  lc_fswork *w = lc_container(req, lc_fswork, uv);
  lc_fault_put_back(&w->faults);
  w->loop->nops--;
  w->done(w, status);
}

static int queue_work (uv_loop_t *uv, lc_fswork *w) {
  int err = lc_uv(0);
  if (err) return err;
  lc_fault_take(&w->faults);
  return uv_queue_work(uv, &w->uv, on_work, on_done);
}

int lc_fswork_start (lc_loop *loop, lc_fswork *w) {
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  if (uv) err = lc_uvpool_try();
  w->loop = loop;
  if (!err) err = queue_work(uv, w);
  if (!err) loop->nops++;
  return err;
}
