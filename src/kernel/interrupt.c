/*
** interrupt.c: signals that interrupt computing code. See interrupt.h.
**
** A handler runs in the thread of the state, where lua_sethook may be called
** at any time: Lua's own `lua` relies on the same. A SIGINT that the system
** has given to another thread is passed on.
**
** An error raised at any instruction may hit a task between getting hold of
** something and putting it into a <close> variable. So a task is left alone
** as long as it may come to a wait, where it is cancelled in order; only who
** goes on for COMPUTES instructions is interrupted. A hook that a debugger
** or profiler has set on that coroutine is lost.
*/

#include <signal.h>
#include <stdio.h>

#include "engine/worker.h"
#include "inspect/inquiry.h"
#include "kernel/frame.h"
#include "kernel/interrupt.h"
#include "kernel/task.h"
#include "kernel/trouble.h"
#include "program/sighold.h"
#include "stream/terminal.h"

enum { COMPUTES = 100000 };   /* instructions: about a millisecond */

/* {{ Ctrl-C */

/* Of the thread whose state is a program: others don't look at these. */
static lc_loop *volatile target;            /* who gets it; NULL: nobody */
static pthread_t thread;                    /* and where that runs */
static volatile sig_atomic_t count;         /* since the handler was set */
static volatile sig_atomic_t known;         /* of these, seen by the loop */
static struct sigaction before;             /* what was in force before */

/* Runs in the coroutine that has computed ever since the signal. */
static void on_computing (lua_State *L, lua_Debug *ar) {
  (void)ar;
  lc_loop *loop = target;
  lua_sethook(L, NULL, 0, 0);
  if (!loop || count == 0 || loop->running != L) return;
  loop->trouble = LC_SIGINT;
  known = count;
  lc_scope_cancel(&loop->main->base);
  if (loop->current->scope->cancelled) lc_task_raise(L, loop->current);
}

static void on_sigint (int number) {
  lc_loop *loop = target;
  if (loop && !pthread_equal(pthread_self(), thread)) {
    pthread_kill(thread, number);
    return;
  }
  if (!loop || ++count > 1) {
    lc_terminal_abandon();
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  lua_State *L = loop->running;
  if (L) lua_sethook(L, on_computing, LUA_MASKCOUNT, COMPUTES);
  lc_port_ring(loop->port);
}

bool lc_interrupt_start (lc_loop *loop) {
  struct sigaction sa = {0};
  if (!loop->is_program || target) return false;
  sigaction(SIGINT, NULL, &before);
  if (before.sa_handler == SIG_IGN) return false;
  if (lc_sighold_held(SIGINT)) return false;
  thread = pthread_self();
  target = loop;
  count = known = loop->trouble == LC_SIGINT;   /* cleaning up after one */
  sa.sa_handler = on_sigint;
  sigemptyset(&sa.sa_mask);
  sigaction(SIGINT, &sa, NULL);
  return true;
}

void lc_interrupt_stop (lc_loop *loop) {
  if (!loop->is_program || target != loop) return;
  lc_sighold_restore(SIGINT, &before);
  target = NULL;
  if (count > known) {
    loop->trouble = LC_SIGINT;
    lc_scope_cancel(&loop->main->base);
  }
}

bool lc_interrupt_pending (lc_loop *loop) {
  if (loop->worker) return lc_worker_struck(loop->worker);
  if (!loop->is_program || target != loop || count == known) return false;
  known = count;
  return true;
}

int lc_interrupt_again (lua_State *L, lc_loop *loop) {
  lc_interrupt_stop(loop);
  fflush(NULL);
  lc_terminal_abandon();
  signal(SIGINT, SIG_DFL);
  raise(SIGINT);
  return luaL_error(L, "interrupted");
}

/* }} */

/* {{ Workers */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;          /* of each thread: its worker */
static bool keyed;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned holders;
static volatile bool serving;      /* the process is a worker */
static pthread_t server;           /* and its job runs there */
static volatile bool early;        /* asked before that began; its own */
static lc_loop *volatile dumper;   /* the program's, if it is to be asked */
static pthread_t asker;            /* and where that runs */
static struct sigaction urgent_before;

static void make_key (void) {
  keyed = pthread_key_create(&key, NULL) == 0;
}

/* The worker of this thread, which may be anybody's; NULL: none. (The first
** touch of a thread-local variable allocates, which no handler may do.) */
static lc_worker *here (void) {
  return keyed ? pthread_getspecific(key) : NULL;
}

/* From the second strike on. */
static bool is_hard (const lc_worker *w) {
  return atomic_load(&w->strikes) > 1;
}

/* Runs in the coroutine that has computed ever since the strike. */
static void on_struck (lua_State *L, lua_Debug *ar) {
  (void)ar;
  lc_worker *w = here();
  lc_loop *loop = w ? w->loop : NULL;
  lua_sethook(L, NULL, 0, 0);
  if (!loop || loop->running != L) return;
  lc_worker_struck(w);
  lc_scope_cancel(&loop->main->base);
  if (!loop->current->scope->cancelled) return;
  if (is_hard(w)) lua_sethook(L, on_struck, LUA_MASKCOUNT, 1);
  lc_task_raise(L, loop->current);
}

static void set_struck (const lc_worker *w, lua_State *L) {
  lua_sethook(L, on_struck, LUA_MASKCOUNT, is_hard(w) ? 1 : COMPUTES);
}

/* By a strike that its loop does not know of. */
static bool is_struck (const lc_worker *w) {
  return atomic_load(&w->strikes) != atomic_load(&w->seen);
}

/* The loop of this thread, while it can be asked. */
static lc_loop *asked_loop (void) {
  const lc_worker *w = here();
  return w ? w->loop : pthread_equal(pthread_self(), asker) ? dumper : NULL;
}

void lc_interrupt_follow (const lc_worker *w, lua_State *L, lua_State *co) {
  if (lua_gethook(co) == on_struck && is_hard(w))
    lua_sethook(L, on_struck, LUA_MASKCOUNT, 1);
}

/* Runs in the coroutine that computes. A strike that comes meanwhile has set
** its own hook, which is not to be lost. */
static void on_asked (lua_State *L, lua_Debug *ar) {
  (void)ar;
  lc_loop *loop = asked_loop();
  const lc_worker *w = here();
  lua_sethook(L, NULL, 0, 0);
  if (w && is_struck(w)) set_struck(w, L);
  if (loop) lc_inquiry_serve(L, loop, true);
}

/* Code outside tasks is asked where it does not drive the loop. */
static void ask (const lc_loop *loop) {
  lua_State *L = loop->running;
  if (!L && loop->depth == 0 && !loop->in_poll) L = loop->L;
  if (L) lua_sethook(L, on_asked, LUA_MASKCOUNT, 1);
}

/* SIGURG or, in a process, SIGTERM, which another thread may get. What a
** thread is asked for stands at its port; in a process SIGURG alone says it. */
static void on_strike (int number) {
  if (serving && !pthread_equal(pthread_self(), server)) {
    pthread_kill(server, number);
    return;
  }
  lc_worker *w = here();
  if (!w) {
    if (dumper && pthread_equal(pthread_self(), asker)) ask(dumper);
    return;
  }
  if (number == SIGTERM) atomic_fetch_add(&w->strikes, 1);
  atomic_store(&w->felt, atomic_load(&w->strikes));
  lc_loop *loop = w->loop;
  if (!loop) {
    if (serving && number == SIGURG) early = true;
    return;
  }
  if (is_struck(w) && loop->running) set_struck(w, loop->running);
  else ask(loop);
  if (serving && number == SIGURG) lc_port_ask(loop->port, LC_ASK_REPORT);
  else lc_port_ring(loop->port);
}

static void handle (int number, void (*handler) (int),
                    struct sigaction *old) {
  struct sigaction sa = {0};
  (void)pthread_once(&once, make_key);
  sa.sa_handler = handler;
  sa.sa_flags = SA_RESTART;
  sigemptyset(&sa.sa_mask);
  sigaction(number, &sa, old);
}

/* SIGURG stays blocked until it is said, and is then not lost. */
void lc_interrupt_adopt (lc_worker *w) {
  sigset_t urgent;
  if (keyed) (void)pthread_setspecific(key, w);
  if (!w) return;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &urgent, NULL);
}

void lc_interrupt_begun (lc_worker *w) {
  if (!serving || !pthread_equal(pthread_self(), server) || !early) return;
  early = false;
  lc_port_ask(w->loop->port, LC_ASK_REPORT);
}

void lc_interrupt_hold (void) {
  pthread_mutex_lock(&mutex);
  if (holders++ == 0) handle(SIGURG, on_strike, &urgent_before);
  pthread_mutex_unlock(&mutex);
}

void lc_interrupt_release (void) {
  pthread_mutex_lock(&mutex);
  if (--holders == 0) sigaction(SIGURG, &urgent_before, NULL);
  pthread_mutex_unlock(&mutex);
}

void lc_interrupt_strike (pthread_t struck) {
  pthread_kill(struck, SIGURG);
}

void lc_interrupt_serve (void) {
  server = pthread_self();
  serving = true;
  handle(SIGTERM, on_strike, NULL);
  handle(SIGURG, on_strike, NULL);
  lc_sighold_reserve(SIGTERM);
}

/* }} */

/* {{ The program is asked what goes on */

static int dump_signal;    /* 0: none */

static void on_dump (int number) {
  lc_loop *loop = dumper;
  if (!loop || number != dump_signal) return;
  lc_port_ask(loop->port, LC_ASK_DUMP);
  if (pthread_equal(pthread_self(), asker)) ask(loop);
  else pthread_kill(asker, SIGURG);
}

bool lc_interrupt_watch (lc_loop *loop) {
  if (dumper) return dumper == loop;
  if (loop->worker) return false;
  lc_interrupt_hold();
  asker = pthread_self();
  dumper = loop;
  return true;
}

bool lc_interrupt_dump_on (lc_loop *loop, int number) {
  if (lc_sighold_held(number) || lc_sighold_reserved(number)) return false;
  if (!lc_interrupt_watch(loop)) return false;
  dump_signal = number;
  lc_sighold_reserve(number);
  handle(number, on_dump, NULL);
  return true;
}

/* A signal that still comes finds nobody, and does nothing. */
void lc_interrupt_unwatch (lc_loop *loop) {
  if (dumper != loop) return;
  dumper = NULL;
  lc_interrupt_release();
}

/* }} */
