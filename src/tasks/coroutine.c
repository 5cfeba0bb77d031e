/*
** coroutine.c: generators that wait. See coroutine.h.
**
** A coroutine resumed here may wait: its wait yields to us, we yield to the
** kernel in turn, and resume it when the task is woken. So at each level of
** nesting the coroutine resumed stands at stack index 1 of the C function
** that resumed it (lc_traceback_inner relies on that). Scopes and groups
** that a generator has open when it yields leave the task's stack of scopes
** and come back with the generator.
*/

#include "base/luax.h"
#include "inspect/traceback.h"
#include "kernel/frame.h"
#include "kernel/task.h"
#include "tasks/coroutine.h"

/* [co], with weak keys: the loop, while `co` waits inside a task; its
** innermost open scope, while it is suspended with one; else false. */
static const char notes_key;

/* {{ Notes. They are made before a coroutine runs, so that changing one
** when it has stopped can't fail. */

static void push_notes (lua_State *L, lua_State *co) {
  luaL_checkstack(L, 4, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &notes_key);
  lua_pushthread(co);
  if (co != L) lua_xmove(co, L, 1);
}

static void set_note (lua_State *L, lua_State *co, void *note) {
  push_notes(L, co);
  if (note) lua_pushlightuserdata(L, note);
  else lua_pushboolean(L, 0);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* The note, or NULL; with `make`, there is one afterwards. */
static void *get_note (lua_State *L, lua_State *co, bool make) {
  push_notes(L, co);
  bool none = lua_rawget(L, -2) == LUA_TNIL;
  void *note = lua_touserdata(L, -1);
  lua_pop(L, 2);
  if (none && make) set_note(L, co, NULL);
  return note;
}

/* (Closed together with its task, it has its note still.) */
static bool is_waiting (lua_State *L, lc_loop *loop, lua_State *co) {
  return lua_status(co) == LUA_YIELD && get_note(L, co, false) == loop;
}

/* }} */

static lua_State *check_coroutine (lua_State *L, int arg) {
  lua_State *co = lua_tothread(L, arg);
  if (!co) luaL_typeerror(L, arg, "coroutine");
  return co;
}

static const char *status_of (lua_State *L, lc_loop *loop, lua_State *co) {
  lua_Debug ar;
  if (L == co) return "running";
  if (is_waiting(L, loop, co)) return "normal";
  switch (lua_status(co)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK:
      if (lua_getstack(co, 0, &ar)) return "normal";
      return lua_gettop(co) == 0 ? "dead" : "suspended";
    default: return "dead";
  }
}

static int k_body (lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  if (status != LUA_OK && status != LUA_YIELD)
    return lc_traceback_pass_on(L);
  return lua_gettop(L) - 1;
}

/* Runs the function protected, so that its clean-ups may wait too. */
static int body (lua_State *L) {
  lua_pushcfunction(L, lc_traceback_on_error);
  lua_insert(L, 1);
  int n = lua_gettop(L) - 2;
  return k_body(L, lua_pcallk(L, n, LUA_MULTRET, 1, 0, k_body), 0);
}

/* coroutine.create(f) */
static int coroutine_create (lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, body);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

/* {{ Resuming */

/* The generator yields or ends: its scopes leave the task's stack. */
static void take_scopes (lua_State *L, lc_task *t, lua_State *co,
                         lc_scope *outer) {
  if (t->scope == outer) return;
  set_note(L, co, t->scope);
  t->scope = outer;
}

static void bring_scopes (lua_State *L, lc_task *t, lua_State *co) {
  lc_scope *s = get_note(L, co, true);
  if (!s) return;
  if (!lc_frame_is_open(L, s, co)) {   /* its task has ended meanwhile */
    set_note(L, co, NULL);
    return;
  }
  if (s->task != t)
    luaL_error(L, "this coroutine has an open group or scope of another "
                  "task: resume it there");
  t->scope = s;
  set_note(L, co, NULL);
}

/* Moves the values that `co` has left to L; returns their number, or -1
** with the error on top. */
static int collect (lua_State *L, lua_State *co, int status, int n) {
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, n + 1)) {
    lua_pop(co, n);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, n);
  return n;
}

enum { MUST_WAIT = -2 };

/* Resumes the coroutine at 1 with `nargs` values, which it has already. */
static int go_on (lua_State *L, lc_loop *loop, int nargs, lc_scope *outer) {
  lua_State *co = lua_tothread(L, 1);
  int n = 0;
  bool waits;
  int status = lc_task_enter(L, loop, co, nargs, &n, &waits);
  if (waits) {
    set_note(L, co, loop);
    return MUST_WAIT;
  }
  take_scopes(L, lc_task_self(loop), co, outer);
  return collect(L, co, status, n);
}

/* Why `co` can't be resumed, or NULL. */
static const char *obstacle (lua_State *L, lc_loop *loop, lua_State *co) {
  const char *status = status_of(L, loop, co);
  if (is_waiting(L, loop, co))
    return "cannot resume a coroutine that waits inside a task";
  if (*status == 's') return NULL;
  return *status == 'd' ? "cannot resume dead coroutine"
                        : "cannot resume non-suspended coroutine";
}

/* Starts or continues the coroutine at 1 with the arguments above it. */
static int resume (lua_State *L, lc_loop *loop) {
  lua_State *co = lua_tothread(L, 1);
  int nargs = lua_gettop(L) - 1;
  const char *why = obstacle(L, loop, co);
  if (!why && !lua_checkstack(co, nargs)) why = "too many arguments to resume";
  if (why) {
    lua_pushstring(L, why);
    return -1;
  }
  lc_task *t = lc_task_self(loop);
  lc_scope *outer = t->scope;
  bring_scopes(L, t, co);
  if (lua_status(co) == LUA_OK) nargs++;   /* `body` gets the function too */
  lua_xmove(L, co, lua_gettop(L) - 1);
  return go_on(L, loop, nargs, outer);
}

static lc_scope *outer_scope (lc_loop *loop) {
  return lc_task_self(loop)->scope;
}

static int resumed (lua_State *L, int n) {
  lua_pushboolean(L, n >= 0);
  lua_insert(L, n >= 0 ? -(n + 1) : -2);
  return n >= 0 ? n + 1 : 2;
}

static int k_resume (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_loop *loop = lc_luax_loop(L);
  set_note(L, lua_tothread(L, 1), NULL);
  int n = go_on(L, loop, 0, (lc_scope *)ctx);
  if (n == MUST_WAIT) return lc_task_pass(L, k_resume, ctx);
  return resumed(L, n);
}

/* coroutine.resume(co, ...) -> true, values | false, error */
static int coroutine_resume (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  check_coroutine(L, 1);
  lc_scope *outer = outer_scope(loop);
  int n = resume(L, loop);
  if (n == MUST_WAIT) return lc_task_pass(L, k_resume, (lua_KContext)outer);
  return resumed(L, n);
}

/* The results of a wrapped coroutine, or its error. */
static int unwrapped (lua_State *L, int n) {
  if (n >= 0) return n;
  lua_State *co = lua_tothread(L, 1);
  if (lua_status(co) > LUA_YIELD) lua_resetthread(co);
  return lc_traceback_pass_on(L);
}

static int k_wrap (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_loop *loop = lc_luax_loop(L);
  set_note(L, lua_tothread(L, 1), NULL);
  int n = go_on(L, loop, 0, (lc_scope *)ctx);
  if (n == MUST_WAIT) return lc_task_pass(L, k_wrap, ctx);
  return unwrapped(L, n);
}

static int call_wrapped (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lc_scope *outer = outer_scope(loop);
  int n = resume(L, loop);
  if (n == MUST_WAIT) return lc_task_pass(L, k_wrap, (lua_KContext)outer);
  return unwrapped(L, n);
}

/* coroutine.wrap(f) -> function */
static int coroutine_wrap (lua_State *L) {
  coroutine_create(L);
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_insert(L, -2);
  lua_pushcclosure(L, call_wrapped, 2);
  return 1;
}

/* }} */

/* coroutine.yield(...) */
static int coroutine_yield (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (loop->current && loop->current->co == L)
    return luaL_error(L, "'coroutine.yield' outside a coroutine: to let "
                         "other tasks run use conc.yield()");
  return lc_task_yield_values(L, lua_gettop(L));
}

/* coroutine.status(co) */
static int coroutine_status (lua_State *L) {
  lua_pushstring(L, status_of(L, lc_luax_loop(L), check_coroutine(L, 1)));
  return 1;
}

/* coroutine.running() -> coroutine, is it the main one */
static int coroutine_running (lua_State *L) {
  lua_pushboolean(L, lua_pushthread(L));
  return 2;
}

/* coroutine.isyieldable([co]): outside a coroutine of ours it is false,
** though a task can wait there */
static int coroutine_isyieldable (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lua_State *co = lua_isnone(L, 1) ? L : check_coroutine(L, 1);
  bool task = loop->current && loop->current->co == co;
  lua_pushboolean(L, !task && lua_isyieldable(co));
  return 1;
}

/* coroutine.close(co) -> true | false, error */
static int coroutine_close (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lua_State *co = check_coroutine(L, 1), *outer = loop->running;
  const char *status = status_of(L, loop, co);
  lc_task *t = lc_task_self(loop);
  if (*status != 's' && *status != 'd')
    return luaL_error(L, "cannot close a %s coroutine", status);
  lc_scope *scope = outer_scope(loop);
  bring_scopes(L, t, co);
  if (loop->current) loop->running = co;
  int result = lua_resetthread(co);
  loop->running = outer;
  t->scope = scope;
  lua_pushboolean(L, result == LUA_OK);
  if (result == LUA_OK) return 1;
  lua_xmove(co, L, 1);
  return 2;
}

static const luaL_Reg functions[] = {
  {"create", coroutine_create},
  {"resume", coroutine_resume},
  {"wrap", coroutine_wrap},
  {"yield", coroutine_yield},
  {"status", coroutine_status},
  {"running", coroutine_running},
  {"isyieldable", coroutine_isyieldable},
  {"close", coroutine_close},
  {NULL, NULL}
};

void lc_coroutine_open (lua_State *L, lc_loop *loop) {
  loop->resumers[0] = coroutine_resume;
  loop->resumers[1] = call_wrapped;
  lc_luax_weak(L, "k", &notes_key);
  lua_pop(L, 1);
  lua_createtable(L, 0, 8);
  lc_luax_functions(L, loop, functions);
  lc_luax_module(L, "luaconc.coroutine");
  lua_setfield(L, -2, "coroutine");
}
