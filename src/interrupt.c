/*
** interrupt.c: Ctrl-C. See interrupt.h.
**
** The handler runs in the thread of the state (SIGINT goes to the main
** thread unless it is blocked there), where lua_sethook may be called at
** any time: Lua's own `lua` relies on the same.
**
** An error raised at any instruction may hit a task between getting hold of
** something and putting it into a <close> variable. So a task is left alone
** as long as it may come to a wait, where it is cancelled in order; only who
** goes on for COMPUTES instructions is interrupted. A hook that a debugger
** or profiler has set on that coroutine is lost.
*/

#include <signal.h>
#include <stdio.h>

#include "frame.h"
#include "interrupt.h"
#include "task.h"
#include "trouble.h"

enum { COMPUTES = 100000 };   /* instructions: about a millisecond */

static lc_loop *volatile target;            /* who gets it; NULL: nobody */
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
  if (!loop || ++count > 1) {
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
  if (target || !loop->is_program) return false;
  sigaction(SIGINT, NULL, &before);
  if (before.sa_handler == SIG_IGN) return false;
  target = loop;
  count = known = loop->trouble == LC_SIGINT;   /* cleaning up after one */
  sa.sa_handler = on_sigint;
  sigemptyset(&sa.sa_mask);
  sigaction(SIGINT, &sa, NULL);
  return true;
}

void lc_interrupt_stop (lc_loop *loop) {
  if (target != loop) return;
  sigaction(SIGINT, &before, NULL);
  target = NULL;
  if (count > known) {
    loop->trouble = LC_SIGINT;
    lc_scope_cancel(&loop->main->base);
  }
}

bool lc_interrupt_pending (lc_loop *loop) {
  if (target != loop || count == known) return false;
  known = count;
  return true;
}

int lc_interrupt_again (lua_State *L, lc_loop *loop) {
  lc_interrupt_stop(loop);
  fflush(NULL);
  signal(SIGINT, SIG_DFL);
  raise(SIGINT);
  return luaL_error(L, "interrupted");
}
