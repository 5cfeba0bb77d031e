/*
** sharedlock.c: see sharedlock.h; things.h has what is behind it.
*/

#include "base/errors.h"
#include "base/luax.h"
#include "inspect/debug.h"
#include "shared/handled.h"
#include "shared/sharedlock.h"
#include "tasks/within.h"

enum { CIRCLE_MAX = 16 };   /* holders that are told */

static const char bereft[] =
  "whoever held the lock has ended with it: what it guards may be half done";

/* {{ Lock */

static lc_lockthing *lock_of (const lc_handled *h) {
  return lc_container(h->proxy->common, lc_lockthing, thing.common);
}

static const lc_opkind lock_kind = {"shared lock:acquire", lc_handled_cancel,
                                    NULL, LC_BY_OTHERS};

/* So that other states can tell, too. */
static void note_place (lua_State *L, lc_handled *h) {
  if (!lua_checkstack(L, 4)) return;
  lc_debug_place(L, h);
  if (lua_type(L, -1) == LUA_TSTRING)
    lc_lock_note(lock_of(h), lua_tostring(L, -1));
  lua_pop(L, 1);
}

static void own (lua_State *L, lc_handled *h, lc_task *t) {
  lc_handled_owned(h, t);
  if (!lc_debug_on(h->loop)) return;
  lc_debug_lock(L, h->loop, 1, true);
  note_place(L, h);
}

/* {{ Who has it, in words */

static lc_job *find_job (const lc_loop *loop, uint64_t number) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); )
    if (!lc_job_ended(j) && lc_handled_number(j) == number) return j;
  return NULL;
}

/* Pushes "task 3 'x'", or "task 3 of another state". */
static void push_holder (lua_State *L, const lc_handled *h,
                         const lc_holder *who) {
  bool ours = who->sleeper == lc_commons_ref(h->guest->sleeper);
  lc_job *j = ours ? find_job(h->loop, who->task) : NULL;
  if (j) {
    lc_job_push(L, j);
    lc_job_label(L, j, -1);
    lua_remove(L, -2);
  }
  else if (who->task == 1) lua_pushliteral(L, "the code outside tasks");
  else lua_pushfstring(L, "task %d", (int)(who->task - 1));
  if (!ours) {
    lua_pushliteral(L, " of another state");
    lua_concat(L, 2);
  }
}

/* The same, and where it was taken. */
static void push_having (lua_State *L, const lc_handled *h,
                         const lc_holder *who) {
  push_holder(L, h, who);
  if (!*who->where) return;
  lua_pushfstring(L, "%s, which took it at %s", lua_tostring(L, -1),
                  who->where);
  lua_remove(L, -2);
}

/* lock -> "held by task 3", its id, of which other state, its name */
static int lock_about (lua_State *L) {
  const lc_handled *h = lua_touserdata(L, 1);
  lc_holder who;
  if (!h->proxy || !h->guest) return 0;
  lc_lock_look(lock_of(h), &who);
  if (!who.task) {
    lua_pushliteral(L, "free");
    return lc_handled_about(L, h);
  }
  push_having(L, h, &who);
  lua_pushfstring(L, "held by %s", lua_tostring(L, -1));
  lua_pushinteger(L, (lua_Integer)who.task - 1);
  if (who.sleeper == lc_commons_ref(h->guest->sleeper)) lua_pushnil(L);
  else lua_pushinteger(L, who.sleeper);
  lc_handled_name(L, h);
  return 4;
}

typedef struct lc_circle {
  const lc_handled *handle;
  lc_holder list[CIRCLE_MAX];
  int n;
} lc_circle;

/* (light userdata) -> who wait for each other, the last holder first */
static int complain (lua_State *L) {
  const lc_circle *c = lua_touserdata(L, 1);
  luaL_checkstack(L, 16, NULL);
  lua_pushliteral(L, "these wait for each other's shared locks: ");
  push_holder(L, c->handle, &c->list[c->n - 1]);
  for (int i = 0; i < c->n; i++) {
    lua_pushfstring(L, " -> shared lock %p, held by ",
                    (void *)(uintptr_t)c->list[i].lock);
    push_having(L, c->handle, &c->list[i]);
    lua_concat(L, 3);
  }
  lua_concat(L, 2);
  return 1;
}

/* The task has begun to wait. */
static void look_for_circle (lua_State *L, const lc_handled *h, lc_task *t) {
  lc_circle c = {.handle = h};
  c.n = lc_lock_circle(lock_of(h), h->guest, lc_handled_number(&t->job),
                       c.list, CIRCLE_MAX);
  if (c.n > 0) lc_debug_warn(L, complain, &c);
}

/* }} */

/* The task has it now: what `acquire` returns. */
static int push_lock (lua_State *L, lc_handled *h, lc_task *t, int result) {
  own(L, h, t);
  lua_settop(L, 1);
  if (result != LC_BEREFT) return 1;
  lua_pushstring(L, bereft);
  lua_pushliteral(L, "EOWNERDEAD");
  return 3;
}

/* ctx: is it for `with`? */
static int had_lock (lua_State *L, lc_handled *h, lc_task *t, int result,
                     lua_KContext with) {
  if (!with) return push_lock(L, h, t, result);
  own(L, h, t);
  return lc_within_call(L);
}

static int k_acquire (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task *t = lc_task_resumed(L);
  int result = lc_handled_result(t);
  if (result == LC_TICKET_WAITS) lc_task_woken(L);
  return had_lock(L, lua_touserdata(L, 1), t, result, ctx);
}

static int wait_for_lock (lua_State *L, lc_handled *h, lc_task *t,
                          lua_KContext with) {
  uint64_t number = lc_handled_number(&t->job);
  if (lc_lock_owner(lock_of(h), h->guest, number) == LC_ME)
    return luaL_error(L, "this task holds the lock already: release it first");
  lc_wait *w = lc_handled_wait(L, h, t);
  int result = lc_lock_take(lock_of(h), h->guest, number, w);
  if (result == LC_TICKET_WAITS && lc_debug_on(h->loop))
    look_for_circle(L, h, t);
  if (result == LC_TICKET_WAITS)
    return lc_handled_await(L, t, w, &lock_kind, k_acquire, with);
  lc_handled_return(w);
  return had_lock(L, h, t, result, with);
}

static int acquire_lock (lua_State *L, lua_KContext with) {
  lc_handled *h = lc_handled_self(L);
  if (with) lc_luax_function(L, 2);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  uint64_t number = lc_handled_number(&t->job);
  int result = lc_lock_take(lock_of(h), h->guest, number, NULL);
  if (result == LC_TICKET_WAITS) return wait_for_lock(L, h, t, with);
  if (with) return had_lock(L, h, t, result, with);
  return lc_task_pause(L, t, push_lock(L, h, t, result));
}

/* l:acquire() -> l | l, message, "EOWNERDEAD" */
static int lock_acquire (lua_State *L) {
  return acquire_lock(L, 0);
}

/* l:with(f, ...) -> the results of f */
static int lock_with (lua_State *L) {
  return acquire_lock(L, 1);
}

/* l:try_acquire() -> l | l, message, "EOWNERDEAD" | nil, "locked", "EAGAIN" */
static int lock_try_acquire (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  lc_task *t = lc_task_self(h->loop);
  uint64_t number = lc_handled_number(&t->job);
  int result = lc_lock_take(lock_of(h), h->guest, number, NULL);
  if (result == LC_TICKET_WAITS) return lc_errors_fail(L, "EAGAIN", "locked");
  return push_lock(L, h, t, result);
}

/* l:release() */
static int lock_release (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  uint64_t number = lc_handled_number(&lc_task_self(h->loop)->job);
  lc_owning who = lc_lock_release(lock_of(h), h->guest, number);
  if (who != LC_ME)
    return luaL_error(L, who == LC_NOBODY ? "the lock is not held"
                                          : "another task holds the lock");
  lc_handled_unowned(h);
  if (lc_debug_on(h->loop)) lc_debug_lock(L, h->loop, 1, false);
  return 0;
}

/* l:abandoned() -> has its last owner but one ended with it? */
static int lock_abandoned (lua_State *L) {
  lua_pushboolean(L, lc_lock_abandoned(lock_of(lc_handled_self(L))));
  return 1;
}

static void leave_lock (lc_handled *h, bool last) {
  if (last) lc_lock_abandon(lock_of(h), h->guest, 0);
}

static const luaL_Reg lock_methods[] = {
  {"acquire", lock_acquire},
  {"try_acquire", lock_try_acquire},
  {"release", lock_release},
  {"with", lock_with},
  {"abandoned", lock_abandoned},
  {NULL, NULL}
};

static const luaL_Reg lock_meta[] = {
  {"__close", lock_release},
  {NULL, NULL}
};

static const lc_handledtype lock_type = {
  .kind = LC_HANDLED("lock"),
  .name = "luaconc.shared.lock", .number = LC_LOCK_KIND,
  .size = sizeof(lc_handled), .waits = true, .methods = lock_methods,
  .metamethods = lock_meta, .about = lock_about, .leave = leave_lock
};

/* conc.shared.lock() -> lock | nil, message, code */
static int lock_new (lua_State *L) {
  lc_handled *h = lc_handled_push(L, lc_luax_loop(L), &lock_type);
  int err = lc_handled_make(h, &lock_type);
  if (!err) lc_thing_init(&lock_of(h)->thing);
  return lc_handled_new(L, h, &lock_type, err);
}

/* }} */

/* {{ Semaphore */

static lc_semaphorething *semaphore_of (const lc_handled *h) {
  return lc_container(h->proxy->common, lc_semaphorething, thing.common);
}

static const lc_opkind semaphore_kind = {"shared semaphore:acquire",
                                         lc_handled_cancel, NULL,
                                         LC_BY_OTHERS};

static int k_permit (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task *t = lc_task_resumed(L);
  if (lc_handled_result(t) == LC_TICKET_WAITS) lc_task_woken(L);
  if (ctx) return lc_within_call(L);
  lua_settop(L, 1);
  return 1;
}

static int wait_for_permit (lua_State *L, lc_handled *h, lc_task *t,
                            lua_KContext with) {
  lc_wait *w = lc_handled_wait(L, h, t);
  if (lc_semaphore_take(semaphore_of(h), h->stake, w) == LC_TICKET_WAITS)
    return lc_handled_await(L, t, w, &semaphore_kind, k_permit, with);
  lc_handled_return(w);
  if (with) return lc_within_call(L);
  lua_settop(L, 1);
  return 1;
}

static int acquire_permit (lua_State *L, lua_KContext with) {
  lc_handled *h = lc_handled_self(L);
  if (with) lc_luax_function(L, 2);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (lc_semaphore_take(semaphore_of(h), h->stake, NULL) == LC_TICKET_WAITS)
    return wait_for_permit(L, h, t, with);
  if (with) return lc_within_call(L);
  lua_settop(L, 1);
  return lc_task_pause(L, t, 1);
}

/* s:acquire() -> s, to be kept in a <close> variable or released */
static int semaphore_acquire (lua_State *L) {
  return acquire_permit(L, 0);
}

/* s:with(f, ...) -> the results of f */
static int semaphore_with (lua_State *L) {
  return acquire_permit(L, 1);
}

/* s:try_acquire() -> s | nil, "no permit is free", "EAGAIN" */
static int semaphore_try_acquire (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  if (lc_semaphore_take(semaphore_of(h), h->stake, NULL) == LC_TICKET_WAITS)
    return lc_errors_fail(L, "EAGAIN", "no permit is free");
  lua_settop(L, 1);
  return 1;
}

/* s:release() */
static int semaphore_release (lua_State *L) {
  lc_handled *h = lc_handled_self(L);
  lc_semaphore_release(semaphore_of(h), h->guest, h->stake);
  return 0;
}

/* semaphore -> "0 of 2 permits are free" */
static int semaphore_about (lua_State *L) {
  const lc_handled *h = lua_touserdata(L, 1);
  if (!h->proxy) return 0;
  const lc_semaphorething *s = semaphore_of(h);
  lua_pushfstring(L, "%I of %I permits are free", (LUAI_UACINT)s->permits,
                  (LUAI_UACINT)s->initial);
  return lc_handled_about(L, h);
}

static int enter_semaphore (lc_handled *h) {
  h->stake = lc_semaphore_join(semaphore_of(h), h->guest);
  return h->stake ? 0 : UV_ENOMEM;
}

static void leave_semaphore (lc_handled *h, bool last) {
  if (h->stake) lc_semaphore_leave(semaphore_of(h), h->guest, h->stake, last);
  h->stake = NULL;
}

static const luaL_Reg semaphore_methods[] = {
  {"acquire", semaphore_acquire},
  {"try_acquire", semaphore_try_acquire},
  {"release", semaphore_release},
  {"with", semaphore_with},
  {NULL, NULL}
};

static const luaL_Reg semaphore_meta[] = {
  {"__close", semaphore_release},
  {NULL, NULL}
};

static const lc_handledtype semaphore_type = {
  .kind = LC_HANDLED("semaphore"),
  .name = "luaconc.shared.semaphore", .number = LC_SEMAPHORE_KIND,
  .size = sizeof(lc_handled), .waits = true, .methods = semaphore_methods,
  .metamethods = semaphore_meta, .about = semaphore_about,
  .enter = enter_semaphore, .leave = leave_semaphore
};

/* conc.shared.semaphore(n) -> semaphore | nil, message, code */
static int semaphore_new (lua_State *L) {
  lua_Integer n = lc_luax_integer(L, 1, "the number of permits", 0,
                                  INT32_MAX);
  lc_handled *h = lc_handled_push(L, lc_luax_loop(L), &semaphore_type);
  int err = lc_handled_make(h, &semaphore_type);
  if (!err) {
    lc_semaphorething *s = semaphore_of(h);
    lc_thing_init(&s->thing);
    lc_chain_init(&s->stakes);
    s->permits = s->initial = n;
  }
  return lc_handled_new(L, h, &semaphore_type, err);
}

/* }} */

static const luaL_Reg functions[] = {
  {"lock", lock_new},
  {"semaphore", semaphore_new},
  {NULL, NULL}
};

void lc_sharedlock_open (lua_State *L, lc_loop *loop) {
  lc_shared_add(LC_LOCK_KIND, &lock_type.kind);
  lc_shared_add(LC_SEMAPHORE_KIND, &semaphore_type.kind);
  lc_luax_functions(L, loop, functions);
}
