/*
** fsjob.c: waiting for a request to the file system. See fsjob.h.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "fs/fsjob.h"
#include "fs/fswork.h"
#include "kernel/end.h"

#define BOX_TYPE "luaconc.fs request"

typedef struct lc_fsjob {
  lc_fswork work;
  const lc_fskind *kind;
  lc_op *op;
  lc_fsbox *box;           /* NULL: nobody waits any more */
  atomic_bool stop;
  lc_fsdata data;
} lc_fsjob;

/* {{ The box */

/* Where a task still waits the state is being closed: its end comes first. */
static int box_collect (lua_State *L) {
  lc_fsbox *box = lc_luax_self(L);
  if (box->job) lc_end_state(L, lc_luax_loop(L));
  if (box->job) box->job->box = NULL;
  box->job = NULL;
  lc_fsdata_free(&box->data);
  return 0;
}

lc_fsbox *lc_fsjob_box (lua_State *L) {
  lc_fsbox *box = lua_newuserdatauv(L, sizeof *box, 0);
  box->kind = NULL;
  box->job = NULL;
  lc_fsdata_init(&box->data);
  luaL_setmetatable(L, BOX_TYPE);
  return box;
}

/* }} */

/* {{ Under way */

static void work_on (lc_fswork *w) {
  lc_fsjob *j = lc_container(w, lc_fsjob, work);
  if (lc_fsdata_stopped(&j->data)) j->data.err = UV_ECANCELED;
  else j->kind->work(&j->data);
}

static void on_done (lc_fswork *w, int err) {
  lc_fsjob *j = lc_container(w, lc_fsjob, work);
  lc_fsbox *box = j->box;
  lc_loop *loop = w->loop;
  lc_fsdata data = j->data;
  lc_op *op = j->op;
  data.stop = NULL;
  if (err) data.err = err;
  lc_loop_giveback(loop, j, sizeof *j);
  if (!box) {
    lc_fsdata_free(&data);
    return;
  }
  box->job = NULL;
  box->data = data;
  lc_op_complete_now(op, LC_OK);
}

void lc_fsjob_cancel (lc_op *op) {
  lc_fsjob *j = op->u.what;
  if (j->box) j->box->job = NULL;
  j->box = NULL;
  atomic_store(&j->stop, true);
  lc_fswork_cancel(&j->work);
}

static int begin (lc_task *t, lc_fsbox *box, const lc_fskind *kind) {
  lc_loop *loop = t->job.loop;
  lc_fsjob *j = lc_loop_borrow(loop, sizeof *j);
  int err = j ? 0 : UV_ENOMEM;
  if (err) return err;
  j->work.work = work_on;
  j->work.done = on_done;
  j->kind = kind;
  j->op = &t->op;
  j->box = box;
  atomic_init(&j->stop, false);
  j->data = box->data;
  j->data.stop = &j->stop;
  err = lc_fswork_start(loop, &j->work);
  if (err) {
    lc_loop_giveback(loop, j, sizeof *j);
    return err;
  }
  lc_fsdata_init(&box->data);
  box->kind = kind;
  box->job = j;
  t->op.u.what = j;
  lc_task_begin(t, &kind->op);
  return 0;
}

/* }} */

/* {{ Results */

int lc_fsjob_fail (lua_State *L, const char *path, int err) {
  return lc_errors_fail(L, uv_err_name(err), "%s: %s", path,
                        uv_strerror(err));
}

int lc_fsjob_true (lua_State *L, lc_fsdata *d) {
  (void)d;
  lua_pushboolean(L, 1);
  return 1;
}

/* Two paths are both named, unless one of them is known to be it. */
static int fail (lua_State *L, const lc_fsdata *d) {
  if (d->where.len) return lc_fsjob_fail(L, d->where.base, d->err);
  if (!d->path2) return lc_fsjob_fail(L, d->path, d->err);
  return lc_errors_fail(L, uv_err_name(d->err), "%s -> %s: %s", d->path,
                        d->path2, uv_strerror(d->err));
}

static int finish (lua_State *L, lc_fsbox *box) {
  lc_fsdata *d = &box->data;
  int n = d->err ? fail(L, d) : box->kind->push(L, d);
  lc_fsdata_free(d);
  return n;
}

static int k_run (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  return finish(L, lua_touserdata(L, -1));
}

int lc_fsjob_refuse (lua_State *L, lc_task *t, lc_fsbox *box, int err) {
  box->data.err = err;
  int n = box->data.path ? fail(L, &box->data) : lc_errors_uv(L, err);
  lc_fsdata_free(&box->data);
  return lc_task_pause(L, t, n);
}

int lc_fsjob_run (lua_State *L, lc_task *t, lc_fsbox *box,
                  const lc_fskind *kind) {
  int err = begin(t, box, kind);
  if (err) return lc_fsjob_refuse(L, t, box, err);
  return lc_task_wait(L, t, k_run, 0);
}

/* }} */

const char *lc_fsjob_path (lua_State *L, int arg, size_t *n) {
  if (lua_type(L, arg) != LUA_TSTRING) lc_luax_expected(L, arg, "path");
  const char *path = lua_tolstring(L, arg, n);
  luaL_argcheck(L, strlen(path) == *n, arg, "a path can't hold a zero byte");
  return path;
}

static const luaL_Reg metamethods[] = {
  {"__gc", box_collect},
  {NULL, NULL}
};

void lc_fsjob_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg none[] = {{NULL, NULL}};
  lc_luax_type(L, loop, BOX_TYPE, none, metamethods);
  lua_pop(L, 1);
}
