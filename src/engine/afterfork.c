/*
** afterfork.c: a state in a fork of its process. See afterfork.h.
**
** libuv's loop can't be closed here, nor forked by uv_loop_fork: its handles
** would be watched again, and closing some of them (a named pipe) does more
** than close a descriptor. Only its signals must be stopped, as their handler
** writes to a pipe of the loop.
*/

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/system.h"
#include "engine/afterfork.h"
#include "engine/remote.h"
#include "engine/road.h"
#include "kernel/handle.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "kernel/uvpool.h"
#include "shared/commons.h"

/* {{ May it be forked? */

/* Threads besides this one that are not libuv's or the road's: what these do
** is known. */
static int count_strangers (void) {
  int n = lc_system_threads() - 1 - lc_road_threads() - lc_uvpool_threads();
  return n > 0 ? n : 0;
}

const char *lc_afterfork_refusal (const lc_loop *loop, char *text,
                                  size_t size) {
  int n = count_strangers();
  if (loop->external_uv) return "its event loop belongs to a host";
  if (!lc_system_first_thread()) return "this is not its first thread";
  if (loop->nops > 0) return "requests are under way";
  if (lc_commons_users() > 0) return "it holds objects in shared memory";
  if (n == 0) return NULL;
  (void)snprintf(text, size, "%d other thread%s in it, which the fork would "
                 "lack", n, n == 1 ? " runs" : "s run");
  return text;
}

/* }} */

/* {{ Descriptors */

static void drop (int *fd) {
  if (*fd > STDERR_FILENO) (void)close(*fd);
  *fd = -1;
}

static void forget_handle (lc_handle *h) {
  uv_handle_t *uv = lc_handle_uv(h);
  uv_os_fd_t fd;
  if (uv->type == UV_SIGNAL) (void)uv_signal_stop((uv_signal_t *)uv);
  else if (uv_fileno(uv, &fd) == 0) drop(&fd);
  if (h->owner) *h->owner = NULL;
  h->owner = NULL;
}

static void forget_uv (lc_loop *loop) {
  uv_loop_t *uv = loop->uv;
  lc_link *l;
  while ((l = lc_list_shift(&loop->handles)))
    forget_handle(lc_container(l, lc_handle, link));
  loop->nhandles = 0;
  if (!uv) return;
  (void)uv_signal_stop(&uv->child_watcher);
  drop(&uv->backend_fd);
  drop(&uv->signal_pipefd[0]);
  drop(&uv->signal_pipefd[1]);
  drop(&uv->async_io_watcher.fd);
  drop(&uv->async_wfd);
  drop(&uv->inotify_fd);
  drop(&uv->emfile_fd);
  loop->uv = NULL;
  loop->block = NULL;
}

/* }} */

/* {{ Jobs */

/* Nobody of the parent waits any more, but for libuv, which is left behind. */
static void end_wait (lc_task *t) {
  const lc_opkind *kind = t->op.kind;
  if (t->queued) lc_list_remove(&t->op.u.link);
  else if (kind && kind->cancel && kind->by != LC_BY_UV) kind->cancel(&t->op);
  t->op.kind = NULL;
  t->queued = t->ready = false;
}

static void end_job (lc_job *j) {
  j->state = LC_ENDCANCELLED;
  j->group = NULL;
  lc_list_init(&j->siblings);
  lc_list_init(&j->watchers);
}

/* Its handle says whose it is. */
static void name_parent (lua_State *L, lc_job *j) {
  lc_job_push(L, j);
  int handle = lua_gettop(L);
  const char *label = lc_job_label(L, j, handle);
  lc_errors_push(L, "ECANCELED", "%s belongs to the process that this one was "
                 "forked from", label);
  lua_setiuservalue(L, handle, LC_JOB_VALUE);
  lua_settop(L, handle - 1);
}

/* loop (light userdata) */
static int end_jobs (lua_State *L) {
  lc_loop *loop = lua_touserdata(L, 1);
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    if (lc_job_ended(j)) continue;
    name_parent(L, j);
    end_job(j);
  }
  return 0;
}

static void end_waits (lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    lc_task *t = lc_job_task(j);
    if (t) end_wait(t);
    else lc_remote_abandon(j);
  }
  end_wait(loop->main);
}

/* }} */

static void begin_anew (lua_State *L, lc_loop *loop) {
  while (loop->deadlines.n > 0)
    lc_heap_remove(&loop->deadlines, loop->deadlines.slots[0].timer);
  loop->deadlines.reserved = 0;
  loop->head = loop->nready = 0;
  loop->external = loop->others = 0;
  loop->live = loop->nops = 0;
  loop->depth = 0;
  loop->current = NULL;
  loop->running = loop->woken = NULL;
  loop->driver = L;
  loop->trouble = 0;
  lc_still_init(loop);
  loop->in_poll = loop->is_program = false;
}

/* What the parent's jobs and the code outside tasks have is left where it is:
** their stacks refer to it. */
bool lc_afterfork (lua_State *L, lc_loop *loop) {
  end_waits(loop);
  forget_uv(loop);
  lc_port_abandon(loop->port);
  loop->port = lc_port_new();
  if (loop->port) lc_loop_take_port(loop);
  if (!loop->port || !lua_checkstack(L, 2 * LUA_MINSTACK)) return false;
  lua_pushcfunction(L, end_jobs);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) return false;
  lc_list_init(&loop->remotes);
  begin_anew(L, loop);
  return lc_task_main(loop) != NULL;
}
