/*
** signals.c: conc.signal. See signals.h.
**
** The object counts what has come and nobody has waited for; each signal that
** comes wakes the first waiter. libuv counts its handle (uv_ref) while
** somebody waits. The system may make one of several that come together, and
** gives a signal to the process: every object for it, of all states, gets it.
**
** Ctrl-C: while an object for SIGINT is open, interrupt.c leaves it alone.
*/

#include <signal.h>
#include <string.h>

#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "base/system.h"
#include "kernel/handle.h"
#include "kernel/select.h"
#include "kernel/task.h"
#include "program/sighold.h"
#include "program/signals.h"

#define SIGNAL_TYPE "luaconc.signal"

typedef struct lc_signal {
  lc_handle handle;
  lc_link waiters;         /* tasks, and cases of a select */
  unsigned pending;        /* have come, and nobody waited */
  int number;
  bool held;
  uv_signal_t uv;
} lc_signal;

/* {{ Coming and going */

/* The last one that leaves is followed by the head of the list. */
static void leave (lc_op *op) {
  lc_link *prev = op->u.link.prev;
  lc_list_remove(&op->u.link);
  if (lc_list_empty(prev))
    uv_unref(lc_handle_uv(&lc_container(prev, lc_signal, waiters)->handle));
}

static const lc_opkind wait_kind = {"signal", leave, NULL, LC_BY_UV};
static const lc_opkind case_kind = {"signal", leave, lc_select_choose,
                                    LC_BY_UV};

static void enter (lc_signal *s, lc_op *op) {
  if (lc_list_empty(&s->waiters)) uv_ref(lc_handle_uv(&s->handle));
  lc_list_append(&s->waiters, &op->u.link);
}

static lc_op *take_waiter (lc_signal *s) {
  if (lc_list_empty(&s->waiters)) return NULL;
  lc_op *op = lc_container(s->waiters.next, lc_op, u.link);
  leave(op);
  return op;
}

static void on_signal (uv_signal_t *uv, int number) {
  lc_signal *s = (lc_signal *)(void *)lc_handle_of(uv);
  lc_op *op;
  do op = take_waiter(s);
  while (op && !lc_select_claim(op));
  (void)number;
  if (op) lc_op_complete_now(op, LC_OK);
  else if (s->pending < UINT32_MAX) s->pending++;
}

static void on_closing (lc_handle *h) {
  lc_signal *s = (lc_signal *)(void *)h;
  lc_op *op;
  if (s->held) lc_sighold_give(s->number);
  while ((op = take_waiter(s)) != NULL) lc_op_complete(op, UV_ECANCELED);
}

static const lc_handlekind kind = {
  "signal", sizeof(lc_signal), offsetof(lc_signal, uv), on_closing, NULL
};

/* }} */

/* {{ Making one */

/* Those that no handler can have, that tell of a fault at this very
** instruction, or that are ours. */
static const char *refusal (int number) {
  if (lc_sighold_reserved(number))
    return "luaconc ends worker processes by it";
  switch (number) {
    case SIGKILL: case SIGSTOP:
      return "no program can wait for it";
    case SIGSEGV: case SIGBUS: case SIGFPE: case SIGILL: case SIGTRAP:
    case SIGABRT: case SIGSYS:
      return "it ends a program that has gone wrong";
    case SIGURG: return "luaconc interrupts threads by it";
    case SIGPIPE: return "writing to a closed stream tells 'EPIPE' instead";
    default: return NULL;
  }
}

static int check_name (lua_State *L) {
  bool named = lua_type(L, 1) == LUA_TSTRING;
  const char *name = named ? lua_tostring(L, 1) : "";
  int number = lc_system_signal_number(name);
  if (!number)
    lc_luax_expected(L, 1, "the name of a signal, such as \"SIGHUP\",");
  const char *why = refusal(number);
  if (why)
    luaL_argerror(L, 1, lua_pushfstring(L, "%s: %s", name, why));
  return number;
}

static int start (lc_signal *s, int number) {
  lc_sighold_take(number);
  int err = lc_uv(uv_signal_start(&s->uv, on_signal, number));
  if (err) lc_sighold_give(number);
  s->held = !err;
  return err;
}

static int open_signal (lua_State *L, lc_loop *loop, lc_handle **owner,
                        int number) {
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_signal *s = uv ? (lc_signal *)(void *)lc_handle_new(loop, &kind) : NULL;
  if (!s) return uv ? lc_handle_refusal(loop) : err;
  lc_list_init(&s->waiters);
  s->number = number;
  err = lc_uv(uv_signal_init(uv, &s->uv));
  if (err) {
    lc_handle_drop(&s->handle);
    return err;
  }
  lc_handle_opened(&s->handle);
  uv_unref(lc_handle_uv(&s->handle));
  err = start(s, number);
  if (err) lc_handle_close(&s->handle);
  else lc_handle_own(L, owner, &s->handle);
  return err;
}

/* conc.signal(name) -> signal | nil, message, code */
static int signals_signal (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  int number = check_name(L);
  lc_handle **owner = lc_handle_push(L, SIGNAL_TYPE);
  int err = open_signal(L, loop, owner, number);
  return err ? lc_errors_uv(L, err) : 1;
}

/* }} */

/* {{ Waiting */

static lc_signal *signal_at (lua_State *L, int index) {
  return (lc_signal *)(void *)*(lc_handle **)lua_touserdata(L, index);
}

static int push_name (lua_State *L, int number) {
  lua_pushstring(L, lc_system_signal(number));
  return 1;
}

static int fail_closed (lua_State *L) {
  return lc_errors_fail(L, "EBADF", "closed");
}

static int end_wait (lua_State *L, const lc_signal *s, int result) {
  if (result != LC_OK) return lc_errors_fail(L, "ECANCELED", "closed");
  return s ? push_name(L, s->number) : fail_closed(L);
}

static int k_wait (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  (void)status;
  if (result != LC_OK) return lc_errors_fail(L, "ECANCELED", "closed");
  return push_name(L, (int)ctx);
}

/* s:wait() -> name | nil, message, code. Waits. */
static int signal_wait (lua_State *L) {
  lc_signal *s = (lc_signal *)(void *)*(lc_handle **)lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!s) return lc_task_pause(L, t, fail_closed(L));
  if (s->pending) {
    s->pending--;
    return lc_task_pause(L, t, push_name(L, s->number));
  }
  lc_task_begin(t, &wait_kind);
  enter(s, &t->op);
  return lc_task_wait(L, t, k_wait, s->number);
}

/* s:iter() -> iterator of names, until it is closed */
static int signal_iter (lua_State *L) {
  lc_luax_self(L);
  lua_getfield(L, lua_upvalueindex(2), "methods");
  lua_getfield(L, -1, "wait");
  lua_pushvalue(L, 1);
  return 2;
}

static int signal_close (lua_State *L) {
  lc_handle_close_method(L);
  lua_pushboolean(L, 1);
  return 1;
}

static int attempt_wait (lua_State *L, int object, int value) {
  lc_signal *s = signal_at(L, object);
  (void)value;
  if (!s) return fail_closed(L);
  if (!s->pending) return -1;
  s->pending--;
  return push_name(L, s->number);
}

static void begin_wait (lua_State *L, lc_case *c, int object, int value) {
  lc_signal *s = signal_at(L, object);
  (void)value;
  if (!s) {
    lc_select_look(c);
    return;
  }
  c->op.kind = &case_kind;
  enter(s, &c->op);
}

static int finish_wait (lua_State *L, lc_case *c, int object) {
  return end_wait(L, signal_at(L, object), c->op.result);
}

static const lc_selectable selectables[] = {
  {"wait", attempt_wait, begin_wait, finish_wait, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

static const luaL_Reg methods[] = {
  {"wait", signal_wait},
  {"iter", signal_iter},
  {"close", signal_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", lc_handle_collect},
  {"__close", lc_handle_close_method},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"signal", signals_signal},
  {NULL, NULL}
};

void lc_signals_open (lua_State *L, lc_loop *loop) {
  lc_luax_type(L, loop, SIGNAL_TYPE, methods, metamethods);
  lc_select_type(L, selectables);
  lua_pop(L, 1);
  lc_luax_functions(L, loop, functions);
}
