/*
** hostwork.c: work of others in a thread of its own. See hostwork.h.
**
** The block is the thread's until its note has arrived, or can't; from then
** on it is the task's, if that still waits.
**
**   works --note arrives--> complete --task goes on--> done
**     |          \--nobody waits any more---------> done without a state
**     \--the state has ended----------------------> the same, in the thread
*/

#include <pthread.h>
#include <signal.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/fault.h"
#include "host/host.h"
#include "host/hostwait.h"
#include "host/hostwork.h"

typedef struct lc_errand {
  luaconc_wait wait;
  lc_note note;
  lc_port *port;
  void (*work) (void *ud);
  luaconc_call done;
  void *ud;
  bool unwanted;          /* the state's thread alone looks at it */
} lc_errand;

static void finish (lc_errand *e) {
  (void)e->done(NULL, e->ud);
  lc_free(e, sizeof(*e));
}

static void on_arrived (lc_note *note, lc_loop *loop) {
  lc_errand *e = lc_container(note, lc_errand, note);
  (void)loop;
  if (e->unwanted) finish(e);
  else lc_hostwait_complete(&e->wait, 0);
}

static void *run (void *arg) {
  lc_errand *e = arg;
  lc_port *port = e->port;
  e->work(e->ud);
  if (!lc_port_post(port, &e->note)) finish(e);
  lc_port_release(port);
  return NULL;
}

/* Signals are for the threads that know what to do with them. */
static int start_thread (lc_errand *e) {
  sigset_t all, mask;
  pthread_t thread;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
  int failed = pthread_create(&thread, NULL, run, e);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
  if (!failed) (void)pthread_detach(thread);
  return failed ? uv_translate_sys_error(failed) : 0;
}

static void cancel_errand (luaconc_wait *w) {
  lc_container(w, lc_errand, wait)->unwanted = true;
}

static int k_errand (lua_State *L, int status, lua_KContext ctx) {
  lc_errand *e = (lc_errand *)ctx;
  (void)status;
  (void)lc_hostwait_end(L, &e->wait);
  luaconc_call done = e->done;
  void *ud = e->ud;
  lc_free(e, sizeof(*e));
  return done(L, ud);
}

static lc_errand *make_errand (lc_port *port, void (*work) (void *ud),
                               luaconc_call done, void *ud) {
  lc_errand *e = lc_alloc(sizeof(*e));
  if (!e) return NULL;
  *e = (lc_errand){.wait = {"work in another thread", cancel_errand, e, {0}},
                   .note.arrive = on_arrived, .port = port,
                   .work = work, .done = done, .ud = ud};
  lc_port_hold(port);
  return e;
}

/* Where no thread can be had, `ud` is given back first. */
int lc_hostwork_offload (lua_State *L, void (*work) (void *ud),
                         luaconc_call done, void *ud) {
  lc_port *port = lc_host_loop(L)->port;
  lc_hostwait_begin(L);
  lc_errand *e = make_errand(port, work, done, ud);
  int err = e ? lc_uv(start_thread(e)) : UV_ENOMEM;
  if (!err) return lc_hostwait_wait(L, &e->wait, k_errand, (lua_KContext)e);
  if (e) lc_port_release(port);
  if (e) finish(e);
  else (void)done(NULL, ud);
  return lc_errors_raise(L, uv_err_name(err), "cannot start a thread: %s",
                         uv_strerror(err));
}
