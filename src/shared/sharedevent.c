/*
** sharedevent.c: see sharedevent.h; things.h has what is behind it.
*/

#include "base/errors.h"
#include "base/luax.h"
#include "kernel/select.h"
#include "shared/handled.h"
#include "shared/sharedevent.h"

/* {{ Event */

static lc_eventthing *event_of (const lc_handled *h) {
  return lc_container(h->proxy->common, lc_eventthing, thing.common);
}

static const lc_opkind event_kind = {"shared event:wait", lc_handled_cancel,
                                     NULL, LC_BY_OTHERS};

/* e:set(): wakes all who wait; later waits return at once */
static int event_set (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  lc_event_set(event_of(h), h->guest);
  return 0;
}

static int event_clear (lua_State *L) {
  lc_event_clear(event_of(lc_handled_self(L)));
  return 0;
}

static int event_is_set (lua_State *L) {
  lua_pushboolean(L, event_of(lc_handled_self(L))->set);
  return 1;
}

static int k_event (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  if (lc_handled_result(t) == LC_TICKET_WAITS) lc_task_woken(L);
  return 0;
}

/* e:wait() */
static int event_wait (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (event_of(h)->set) return lc_task_pause(L, t, 0);
  lc_wait *w = lc_handled_wait(L, h, t);
  if (lc_event_wait(event_of(h), w) == LC_TICKET_WAITS)
    return lc_handled_await(L, t, w, &event_kind, k_event, 0);
  lc_handled_return(w);
  return 0;
}

/* }} */

/* {{ Event: the case of a select. The wait belongs to the case. */

static int attempt_event (lua_State *L, int object, int value) {
  const lc_handled *h = lua_touserdata(L, object);
  (void)value;
  if (!h->proxy || !event_of(h)->set) return -1;
  lua_pushboolean(L, 1);
  return 1;
}

static const lc_opkind event_case = {"shared event:wait", lc_handled_cancel,
                                     lc_select_choose, LC_BY_OTHERS};

static void begin_event (lua_State *L, lc_case *c, int object, int value) {
  lc_handled *h = lua_touserdata(L, object);
  (void)value;
  if (!h->proxy) luaL_error(L, "this shared event is gone: its state is "
                            "closing");
  lc_wait *w = lc_handled_wait(L, h, lc_task_self(h->loop));
  c->op.u.what = w;
  if (lc_event_wait(event_of(h), w) == LC_TICKET_WAITS) {
    c->op.kind = &event_case;
    w->op = &c->op;
  }
  else (void)lc_select_claim_case(&c->op);
}

static int finish_event (lua_State *L, lc_case *c, int object) {
  (void)object;
  lc_handled_return(c->op.u.what);
  lua_pushboolean(L, 1);
  return 1;
}

static void forgo_event (lua_State *L, lc_case *c, int object) {
  (void)L; (void)object;
  lc_handled_return(c->op.u.what);
}

static const lc_selectable event_selectables[] = {
  {"wait", attempt_event, begin_event, finish_event, forgo_event},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

/* event -> "not set" */
static int event_about (lua_State *L) {
  const lc_handled *h = lua_touserdata(L, 1);
  if (!h->proxy) return 0;
  lua_pushstring(L, event_of(h)->set ? "set" : "not set");
  return lc_handled_about(L, h);
}

static const luaL_Reg event_methods[] = {
  {"set", event_set},
  {"clear", event_clear},
  {"is_set", event_is_set},
  {"wait", event_wait},
  {NULL, NULL}
};

static const lc_handledtype event_type = {
  .kind = LC_HANDLED("event"),
  .name = "luaconc.shared.event", .number = LC_EVENT_KIND,
  .size = sizeof(lc_handled), .waits = true, .methods = event_methods,
  .selectables = event_selectables, .about = event_about
};

/* conc.shared.event() -> event | nil, message, code */
static int event_new (lua_State *L) {
  lc_handled *h = lc_handled_push(L, lc_luax_loop(L), &event_type);
  int err = lc_handled_make(h, &event_type);
  if (!err) lc_thing_init(&event_of(h)->thing);
  return lc_handled_new(L, h, &event_type, err);
}

/* }} */

/* {{ Barrier */

static lc_barrierthing *barrier_of (const lc_handled *h) {
  return lc_container(h->proxy->common, lc_barrierthing, thing.common);
}

static const lc_opkind barrier_kind = {"shared barrier:wait",
                                       lc_handled_cancel, NULL,
                                       LC_BY_OTHERS};

static int push_order (lua_State *L, int result) {
  if (result < 0)
    return lc_errors_fail(L, "EOWNERDEAD", "a process that held the barrier "
                          "has died, and may never come");
  lua_pushinteger(L, result);
  return 1;
}

static int k_barrier (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  int result = lc_handled_result(t);
  if (result == LC_TICKET_WAITS) lc_task_woken(L);
  return push_order(L, result);
}

/* b:wait() -> 1 .. n, the order of arrival; the n-th releases all
** | nil, message, "EOWNERDEAD" */
static int barrier_wait (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lc_wait *w = lc_handled_wait(L, h, t);
  int result = lc_barrier_wait(barrier_of(h), h->guest, w);
  if (result == LC_TICKET_WAITS)
    return lc_handled_await(L, t, w, &barrier_kind, k_barrier, 0);
  lc_handled_return(w);
  return lc_task_pause(L, t, push_order(L, result));
}

/* barrier -> "1 of 3 have come": or have, and gave up */
static int barrier_about (lua_State *L) {
  const lc_handled *h = lua_touserdata(L, 1);
  if (!h->proxy) return 0;
  lua_pushfstring(L, "%I of %I have come",
                  (LUAI_UACINT)barrier_of(h)->arrived,
                  (LUAI_UACINT)barrier_of(h)->parties);
  return lc_handled_about(L, h);
}

static const luaL_Reg barrier_methods[] = {
  {"wait", barrier_wait},
  {NULL, NULL}
};

static const lc_handledtype barrier_type = {
  .kind = LC_HANDLED("barrier"),
  .name = "luaconc.shared.barrier", .number = LC_BARRIER_KIND,
  .size = sizeof(lc_handled), .waits = true, .methods = barrier_methods,
  .about = barrier_about
};

/* conc.shared.barrier(n) -> barrier | nil, message, code */
static int barrier_new (lua_State *L) {
  lua_Integer n = lc_luax_integer(L, 1, "the number of parties", 1,
                                  INT32_MAX);
  lc_handled *h = lc_handled_push(L, lc_luax_loop(L), &barrier_type);
  int err = lc_handled_make(h, &barrier_type);
  if (!err) {
    lc_thing_init(&barrier_of(h)->thing);
    barrier_of(h)->parties = n;
  }
  return lc_handled_new(L, h, &barrier_type, err);
}

/* }} */

static const luaL_Reg functions[] = {
  {"event", event_new},
  {"barrier", barrier_new},
  {NULL, NULL}
};

void lc_sharedevent_open (lua_State *L, lc_loop *loop) {
  lc_shared_add(LC_EVENT_KIND, &event_type.kind);
  lc_shared_add(LC_BARRIER_KIND, &barrier_type.kind);
  lc_luax_functions(L, loop, functions);
}
