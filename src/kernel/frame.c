/*
** frame.c: scopes, groups and shields as a script holds them. See frame.h.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "engine/remote.h"
#include "inspect/debug.h"
#include "kernel/frame.h"
#include "kernel/reason.h"
#include "kernel/spawn.h"

#define GROUP_TYPE "luaconc.group"
#define SCOPE_TYPE "luaconc.scope"

typedef struct lc_frame {
  lc_scope scope;
  lc_group group;       /* used if scope.kind is LC_GROUP */
  lc_timer timer;
  uint64_t due;         /* UINT64_MAX: no deadline */
  lc_loop *loop;
  lua_State *co;        /* who made it */
  bool stacked;         /* is on the stack of scopes */
  bool closed;
} lc_frame;

static const char anchors_key;

static lc_frame *frame_of (lc_scope *s) {
  return lc_container(s, lc_frame, scope);
}

lc_group *lc_frame_group (lc_scope *s, lc_task *t) {
  if (s->kind != LC_GROUP || s->task != t) return NULL;
  return &frame_of(s)->group;
}

lc_group *lc_frame_current (lua_State *L, lc_scope *s) {
  for (; s && s->kind != LC_BASE; s = s->parent) {
    lc_frame *f = frame_of(s);
    if (f->co != L) return NULL;
    if (s->kind == LC_GROUP) return &f->group;
  }
  return NULL;
}

/* {{ Entering and leaving */

static void set_anchor (lua_State *L, lc_frame *f, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, f);
  lua_pop(L, 1);
}

static void clear_anchor (lua_State *L, lc_frame *f) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
  lua_pushnil(L);
  lua_rawsetp(L, -2, f);
  lua_pop(L, 1);
}

static lc_frame *push_frame (lua_State *L, const char *type) {
  lc_frame *f = lua_newuserdatauv(L, sizeof(*f), 1);
  memset(f, 0, sizeof(*f));
  f->loop = lc_luax_loop(L);
  f->co = L;
  f->due = UINT64_MAX;
  f->closed = true;
  luaL_setmetatable(L, type);
  return f;
}

static void on_deadline (lc_timer *timer) {
  lc_frame *f = lc_container(timer, lc_frame, timer);
  if (f->scope.own) return;
  f->scope.expired = true;   /* who is cancelled asks for it */
  (void)lc_scope_cancel(&f->scope);
}

/* Anchors the frame at `index` and makes it the innermost scope. */
static void enter (lua_State *L, lc_task *t, lc_frame *f, int index,
                   lc_scopekind kind) {
  if (lc_debug_on(f->loop)) lc_debug_note(L, f->loop, f);
  set_anchor(L, f, index);
  f->timer.fire = on_deadline;
  if (lc_loop_at(f->loop, &f->timer, f->due) != 0) {
    clear_anchor(L, f);
    luaL_error(L, "not enough memory");
  }
  lc_scope_enter(&f->scope, kind, t->scope, t);
  if (kind == LC_GROUP) lc_group_init(&f->group, &f->scope);
  if (f->stacked) t->scope = &f->scope;
  f->closed = false;
}

/* Takes the frame off the stack of scopes; its jobs have ended. */
static void leave (lua_State *L, lc_frame *f) {
  lc_task *t = f->scope.task;
  lc_scope *parent = f->scope.parent;
  if (f->closed) return;
  f->closed = f->group.closed = true;
  lc_loop_unat(f->loop, &f->timer);
  if (t->scope == &f->scope) {
    t->scope = parent;
    if (!parent->cancelled) t->swallowed = 0;
  }
  lc_scope_leave(&f->scope);
  clear_anchor(L, f);
}

bool lc_frame_is_open (lua_State *L, lc_scope *s, lua_State *co) {
  luaL_checkstack(L, 2, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
  bool open = lua_rawgetp(L, -1, frame_of(s)) != LUA_TNIL &&
              frame_of(s)->co == co;
  lua_pop(L, 2);
  return open;
}

/* frame (light userdata) -> that it is left open */
static int complain (lua_State *L) {
  const lc_frame *f = lua_touserdata(L, 1);
  const char *what = f->scope.kind == LC_GROUP ? "group" : "scope";
  lc_task *t = f->scope.task;
  lc_debug_place(L, f);
  if (t->co) {
    lc_job_push(L, &t->job);
    lc_job_label(L, &t->job, -1);
  }
  else lua_pushliteral(L, "the code outside tasks");
  lua_pushfstring(L, "%s left the %s open that it made at %s: keep it in a "
                  "<close> variable", lua_tostring(L, -1), what,
                  lua_isstring(L, 2) ? lua_tostring(L, 2) : "?");
  return 1;
}

void lc_frame_abandon (lc_scope *s) {
  lc_loop *loop = frame_of(s)->loop;
  lc_assert(s->kind != LC_BASE);
  if (lc_debug_on(loop)) lc_debug_warn(loop->driver, complain, frame_of(s));
  if (s->kind == LC_GROUP) lc_group_forget_all(&frame_of(s)->group);
  leave(frame_of(s)->loop->driver, frame_of(s));
}

/* Pushes what a scope was cancelled with, or nil; true for a deadline. */
static bool push_reason (lua_State *L, const lc_scope *s) {
  if (s->kind != LC_BASE) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors_key);
    lua_rawgetp(L, -1, lc_container(s, lc_frame, scope));
    lua_getiuservalue(L, -1, 1);
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  else if (s->task->co) lc_job_reason(L, &s->task->job);
  else return lc_reason_push(L, s->task->job.loop->worker);
  return s->expired;
}

/* Who was cancelled as one above it was, and then itself without a reason (as
** a group is that is left by an error), has the reason of that one. Only so
** many are asked: each of a long chain of jobs would ask all above it. */
void lc_frame_cancellation (lua_State *L, lc_scope *scope) {
  luaL_checkstack(L, 8, NULL);
  const lc_scope *s = lc_scope_cause(scope);
  bool expired = push_reason(L, s);
  for (int asked = 0; asked < 16 && lua_isnil(L, -1) && !expired &&
       lc_scope_above(s); asked++) {
    lua_pop(L, 1);
    s = lc_scope_cause(lc_scope_above(s));
    expired = push_reason(L, s);
  }
  if (!lua_isnil(L, -1)) {
    lc_errors_push(L, "ECANCELED", "cancelled: %s",
                   lc_errors_text(L, -1));
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "reason");
  }
  else if (expired)
    lc_errors_push(L, "ECANCELED", "cancelled: the deadline has passed");
  else lc_errors_push(L, "ECANCELED", "cancelled");
}

/* }} */

/* {{ Options */

/* The seconds of the option on top, as nanoseconds. */
static uint64_t option_seconds (lua_State *L, const char *name) {
  if (lua_type(L, -1) != LUA_TNUMBER || !(lua_tonumber(L, -1) >= 0))
    lc_luax_bad_option(L, 1, name, "seconds, 0 or more");
  return lc_luax_seconds(L, lua_gettop(L));
}

static void read_deadline (lua_State *L, lc_frame *f, int options) {
  const lc_clock *clock = &f->loop->clock;
  if (lc_luax_option(L, options, "timeout") != LUA_TNIL)
    f->due = lc_clock_after(clock, option_seconds(L, "timeout"));
  if (lc_luax_option(L, options, "deadline") != LUA_TNIL) {
    uint64_t due = option_seconds(L, "deadline");
    if (due < f->due) f->due = due;
  }
  lua_pop(L, 2);
}

static uint32_t read_limit (lua_State *L, int options) {
  lua_Integer limit = 0;
  if (lc_luax_option(L, options, "limit") != LUA_TNIL) {
    limit = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (limit < 1 || limit > INT32_MAX)
      lc_luax_bad_option(L, options, "limit", "an integer above 0");
  }
  lua_pop(L, 1);
  return (uint32_t)limit;
}

/* conc.group{limit=, keep=, current=, timeout=, deadline=} */
static int frame_group (lua_State *L) {
  static const char *const names[] = {"limit", "keep", "current", "timeout",
                                      "deadline", NULL};
  lc_luax_options(L, 1, names);
  lua_settop(L, 1);
  lc_task *t = lc_task_here(L);
  uint32_t limit = read_limit(L, 1);
  bool keep = lc_luax_flag(L, 1, "keep", false);
  bool current = lc_luax_flag(L, 1, "current", true);
  lc_frame *f = push_frame(L, GROUP_TYPE);
  read_deadline(L, f, 1);
  f->stacked = current;
  enter(L, t, f, -1, LC_GROUP);
  f->group.limit = limit;
  f->group.keep = keep;
  return 1;
}

lc_group *lc_frame_push_group (lua_State *L, lc_task *t) {
  lc_frame *f = push_frame(L, GROUP_TYPE);
  f->stacked = true;
  enter(L, t, f, -1, LC_GROUP);
  return &f->group;
}

/* conc.scope{timeout=, deadline=} */
static int frame_scope (lua_State *L) {
  static const char *const names[] = {"timeout", "deadline", NULL};
  lc_luax_options(L, 1, names);
  lua_settop(L, 1);
  lc_task *t = lc_task_here(L);
  lc_frame *f = push_frame(L, SCOPE_TYPE);
  read_deadline(L, f, 1);
  f->stacked = true;
  enter(L, t, f, -1, LC_SCOPE);
  return 1;
}

static int k_shield (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  return lua_gettop(L) - 1;
}

/* conc.shield(f, ...) -> the results of f, which no cancellation reaches */
static int frame_shield (lua_State *L) {
  lc_luax_function(L, 1);
  lc_task *t = lc_task_here(L);
  lc_frame *f = push_frame(L, SCOPE_TYPE);
  f->stacked = true;
  lua_insert(L, 1);
  lua_toclose(L, 1);
  enter(L, t, f, 1, LC_SHIELD);
  lua_callk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, k_shield);
  return k_shield(L, LUA_OK, 0);
}

/* }} */

/* {{ Methods */

/* g:spawn(f, ...) -> handle */
static int group_spawn (lua_State *L) {
  lc_frame *f = lc_luax_self(L);
  if (f->closed) return luaL_error(L, "the group is closed: start jobs in it "
                                      "before it is closed");
  return lc_spawn_form(L, &f->group, 2);
}

/* g:thread(f, ...), g:process(f, ...) -> handle | nil, message, code */
static int start_remote (lua_State *L, int engine) {
  lc_frame *f = lc_luax_self(L);
  if (f->closed) return luaL_error(L, "the group is closed: start jobs in it "
                                      "before it is closed");
  return lc_remote_form(L, &f->group, 2, f->loop->engines[engine]);
}

static int group_thread (lua_State *L) {
  return start_remote(L, LC_THREADS);
}

static int group_process (lua_State *L) {
  return start_remote(L, LC_PROCESSES);
}

/* g:cancel([reason]), s:cancel([reason]) -> false if it was */
static int frame_cancel (lua_State *L) {
  lc_frame *f = lc_luax_self(L);
  lua_settop(L, 2);
  bool first = !f->closed && !f->scope.own;
  if (first) {
    lc_reason_note(L, f->loop, &f->scope, 2);
    lua_setiuservalue(L, 1, 1);
    lc_scope_cancel(&f->scope);
  }
  lua_pushboolean(L, first);
  return 1;
}

static void check_outside (lua_State *L, lc_frame *f);

static const lc_opkind await_kind = {"group:await", lc_op_unlink, NULL,
                                     LC_BY_TASK};

static int k_group_await (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_frame *f = lua_touserdata(L, 1);
  lc_task *t = lc_task_resumed(L);
  if (t->op.result == LC_CANCELLED && !f->group.failing)
    return lc_task_raise(L, t);
  if (lc_group_pending(&f->group))
    return lc_group_wait(L, t, &f->group, k_group_await, 0);
  lc_group_raise(L, &f->group);
  return 0;
}

/* g:await(): waits until its jobs have ended; raises the first failure */
static int group_await (lua_State *L) {
  lc_frame *f = lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  lua_settop(L, 1);
  if (lc_task_cancelled(t) && !f->group.failing) return lc_task_refuse(L, t);
  if (f->closed || !lc_group_pending(&f->group)) {
    if (!f->closed) lc_group_raise(L, &f->group);
    return lc_task_pause(L, t, 0);
  }
  check_outside(L, f);
  if (f->group.failing)
    return lc_group_wait(L, t, &f->group, k_group_await, 0);
  return lc_task_wait_in(L, t, &f->group.waiters, &await_kind,
                         k_group_await, 0);
}

/* The jobs have ended: leaves, and raises their failure unless the body
** left by an error of its own (at 2). As a wait, it raises a cancellation
** of the scope outside, if it `refuses`. */
static int end_group (lua_State *L, lc_frame *f, bool refuses) {
  lc_task *t = lc_task_self(f->loop);
  bool no_error = lua_isnoneornil(L, 2);
  bool own_error = !no_error && !lc_errors_is(L, 2, "ECANCELED");
  leave(L, f);
  if (!own_error) lc_group_raise(L, &f->group);
  lc_group_forget_all(&f->group);
  if (refuses && no_error && lc_task_cancelled(t))
    return lc_task_refuse(L, t);
  return lc_task_pause(L, t, 0);
}

static int k_close (lua_State *L, int status, lua_KContext ctx);

/* ctx: does it raise a cancellation from outside? */
static int join_group (lua_State *L, lc_task *t, lua_KContext ctx) {
  lc_frame *f = lua_touserdata(L, 1);
  if (lc_group_pending(&f->group))
    return lc_group_wait(L, t, &f->group, k_close, ctx);
  return end_group(L, f, ctx != 0);
}

static int k_close (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return join_group(L, lc_task_resumed(L), ctx);
}

/* The jobs of a group can't wait for its end, which waits for theirs. */
static void check_outside (lua_State *L, lc_frame *f) {
  lc_task *t = lc_task_self(f->loop);
  if (f->scope.task == t) return;   /* who made it is outside of it */
  for (lc_scope *s = t->base.parent; s; s = s->parent)
    if (s == &f->scope)
      luaL_error(L, "a job can't wait for the end of the group that it "
                    "belongs to: that is for whoever made the group");
}

static void check_order (lua_State *L, lc_frame *f, const char *what) {
  lc_task *t = f->scope.task;
  if (!f->stacked) return;
  if (f->co != L)
    luaL_error(L, "a %s is closed by the coroutine that made it", what);
  if (t->scope != &f->scope)
    luaL_error(L, "closed out of order: close the %s that was made last "
                  "first", what);
}

/* Where nobody can wait (a coroutine is closed from outside): the task waits
** for the jobs in its own end. */
static int hand_over (lua_State *L, lc_frame *f) {
  lc_group *to = f->scope.task->group;
  lc_scope_cancel(&f->scope);
  if (f->group.live > 0 || !lc_list_empty(&f->group.failed)) {
    if (!to) to = lc_task_own_group(L, f->scope.task);
    lc_group_hand_over(&f->group, to);
  }
  leave(L, f);
  return 0;
}

static int close_group (lua_State *L, lua_KContext refuses) {
  lc_frame *f = lc_luax_self(L);
  lua_settop(L, 2);
  if (f->closed) return 0;
  if (!lc_task_may_wait(L, f->loop)) return hand_over(L, f);
  check_order(L, f, "group");
  check_outside(L, f);
  if (!lua_isnil(L, 2)) lc_scope_cancel(&f->scope);
  return join_group(L, lc_task_self(f->loop), refuses);
}

/* g:close([err]): waits for all jobs, raises their failure. A cancellation
** is left to the next wait, so that the caller may return what it has. */
static int group_close (lua_State *L) {
  return close_group(L, 0);
}

/* __close: the same, and raises a cancellation */
static int group_leave (lua_State *L) {
  return close_group(L, 1);
}

/* s:close() and __close */
static int scope_close (lua_State *L) {
  lc_frame *f = lc_luax_self(L);
  if (f->closed) return 0;
  if (lc_task_may_wait(L, f->loop)) check_order(L, f, "scope");
  leave(L, f);
  return 0;
}

static int push_field (lua_State *L, lc_frame *f, const char *key) {
  if (strcmp(key, "cancelled") == 0)
    lua_pushboolean(L, f->scope.own || f->scope.cancelled);
  else if (strcmp(key, "expired") == 0) lua_pushboolean(L, f->scope.expired);
  else if (strcmp(key, "deadline") == 0 && f->due != UINT64_MAX)
    lua_pushnumber(L, (lua_Number)f->due / 1e9);
  else lua_pushnil(L);
  return 1;
}

/* Methods first, then fields. Upvalue 3: the methods. */
static int frame_index (lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) return 1;
  if (lua_type(L, 2) != LUA_TSTRING) return 1;
  return push_field(L, lc_luax_self(L), lua_tostring(L, 2));
}

/* }} */

static const luaL_Reg group_methods[] = {
  {"spawn", group_spawn},
  {"thread", group_thread},
  {"process", group_process},
  {"cancel", frame_cancel},
  {"await", group_await},
  {"close", group_close},
  {NULL, NULL}
};

static const luaL_Reg scope_methods[] = {
  {"cancel", frame_cancel},
  {"close", scope_close},
  {NULL, NULL}
};

static const luaL_Reg group_meta[] = {
  {"__close", group_leave},
  {NULL, NULL}
};

static const luaL_Reg scope_meta[] = {
  {"__close", scope_close},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"group", frame_group},
  {"scope", frame_scope},
  {"shield", frame_shield},
  {NULL, NULL}
};

static void open_type (lua_State *L, lc_loop *loop, const char *type,
                       const luaL_Reg *methods, const luaL_Reg *meta) {
  lc_luax_type(L, loop, type, methods, meta);
  lc_luax_index(L, loop, frame_index);
  lua_pop(L, 1);
}

void lc_frame_open (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &anchors_key);
  open_type(L, loop, GROUP_TYPE, group_methods, group_meta);
  open_type(L, loop, SCOPE_TYPE, scope_methods, scope_meta);
  lc_luax_functions(L, loop, functions);
}
