/*
** tree.c: the tree of jobs is the tree of scopes. See tree.h.
*/

#include <unistd.h>

#include "base/luax.h"
#include "engine/remote.h"
#include "engine/worker.h"
#include "inspect/holdings.h"
#include "inspect/traceback.h"
#include "inspect/tree.h"
#include "kernel/handle.h"
#include "kernel/task.h"
#include "shared/guest.h"

static const char pools_key;   /* the function that core.on_tree was given */
static const char about_key;   /* in metatables: see lc_tree_about */

/* {{ Fields of the table on top */

static void set_string (lua_State *L, const char *key) {
  lua_setfield(L, -2, key);
}

static void set_text (lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text);
  set_string(L, key);
}

static void set_integer (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

/* Seconds since a time of the loop's clock. */
static void set_age (lua_State *L, const char *key, const lc_loop *loop,
                     uint64_t since) {
  uint64_t now = lc_clock_now(&loop->clock);
  lua_pushnumber(L, now > since ? (lua_Number)(now - since) / 1e9 : 0.0);
  lua_setfield(L, -2, key);
}

/* }} */

/* {{ What a task waits for */

/* Pushes the object whose method waits in `co`, its first argument, and its
** metatable; or nothing. (A task that only begins to wait has C functions of
** ours above that.) */
static bool push_object (lua_State *L, lua_State *co) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(co, level, &ar); level++) {
    lua_getinfo(co, "S", &ar);
    if (*ar.what != 'C' || !lua_checkstack(co, 2)) return false;
    if (!lua_getlocal(co, &ar, 1)) continue;
    lua_xmove(co, L, 1);
    if (lua_type(L, -1) == LUA_TUSERDATA && lua_getmetatable(L, -1))
      return true;
    lua_pop(L, 1);
  }
  return false;
}

enum { WORDS = 4 };   /* see lc_tree_about */

/* The object and its metatable are on top: pushes what is said of it. */
static bool push_own_words (lua_State *L) {
  if (lua_rawgetp(L, -1, &about_key) != LUA_TFUNCTION) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushvalue(L, -3);
  return lua_pcall(L, 1, WORDS, 0) == LUA_OK && lua_isstring(L, -WORDS);
}

/* The same for what has items in it. */
static bool push_fill (lua_State *L) {
  if (lua_getfield(L, -1, "methods") != LUA_TTABLE ||
      lua_getfield(L, -1, "len") != LUA_TFUNCTION) return false;
  lua_pushvalue(L, -4);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK || !lua_isinteger(L, -1)) return false;
  lua_pushfstring(L, "%I in it", (LUAI_UACINT)lua_tointeger(L, -1));
  for (int i = 1; i < WORDS; i++) lua_pushnil(L);
  return true;
}

/* The object and its metatable are on top: pushes "queue 0x55a4, 3 in it",
** and returns the id of who has it, or 0, and of which other state. */
static uint32_t push_words (lua_State *L, uint32_t *guest) {
  int object = lua_gettop(L) - 1;
  lua_getfield(L, object + 1, "__name");
  const char *name = lua_isstring(L, -1) ? lua_tostring(L, -1) : "object";
  lua_pushfstring(L, "%s %p", name, lua_topointer(L, object));
  lua_replace(L, object + 2);
  lua_pushvalue(L, object);
  lua_pushvalue(L, object + 1);
  if (!push_own_words(L) && !push_fill(L)) {
    lua_pushvalue(L, object + 2);
    return 0;
  }
  uint32_t id = (uint32_t)lua_tointeger(L, -3);
  *guest = (uint32_t)lua_tointeger(L, -2);
  const char *called = lua_tostring(L, -1);
  lua_pushfstring(L, "%s%s%s, %s", called ? name : "", called ? " " : "",
                  called ? called : lua_tostring(L, object + 2),
                  lua_tostring(L, -WORDS));
  return id;
}

bool lc_tree_fill (lua_State *L, int index) {
  uint32_t guest;
  lua_pushvalue(L, index);
  if (!lua_getmetatable(L, -1)) return false;
  if (lua_getfield(L, -1, "methods") != LUA_TTABLE ||
      lua_getfield(L, -1, "len") != LUA_TFUNCTION) return false;
  lua_pushvalue(L, index);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK || lua_tointeger(L, -1) <= 0)
    return false;
  lua_pop(L, 2);
  (void)push_words(L, &guest);
  return true;
}

static lua_State *innermost (const lc_loop *loop, lua_State *co) {
  lua_State *inner;
  while ((inner = lc_traceback_inner(loop, co))) co = inner;
  return co;
}

uint32_t lc_tree_wait (lua_State *L, lc_task *t, uint32_t *guest) {
  int top = lua_gettop(L);
  uint32_t id = 0, of = 0;
  luaL_checkstack(L, 16, NULL);
  if (!t->co || !t->op.kind || !t->started || t->joining ||
      !push_object(L, innermost(t->job.loop, t->co))) lua_pushnil(L);
  else {
    lc_job *j = luaL_testudata(L, top + 1, LC_JOB_TYPE);
    if (j) lc_job_label(L, j, top + 1);
    id = j ? j->id : push_words(L, &of);
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  if (guest) *guest = of;
  return of && !guest ? 0 : id;
}

void lc_tree_about (lua_State *L) {
  lua_rawsetp(L, -2, &about_key);
}

/* What a task of this state waits for, since when, and where. */
static void add_wait (lua_State *L, lc_task *t) {
  const lc_loop *loop = t->job.loop;
  if (t->op.kind) {
    set_text(L, "wait", t->op.kind->name);
    set_age(L, "waited", loop, t->since);
    uint32_t guest, id = lc_tree_wait(L, t, &guest);
    lua_setfield(L, -2, "about");
    if (id) set_integer(L, "on", id);
    if (guest) set_integer(L, "guest", guest);
  }
  else if (t->queued) set_text(L, "wait", "its turn");
  lc_traceback_place(L, t);
  set_string(L, "place");
}

/* }} */

/* {{ Rows */

static void add_remote (lua_State *L, lc_remote *r) {
  if (r->queued) set_text(L, "wait", "its turn");
  int pid = r->kind->pid && r->job.state == LC_RUNNING ? r->kind->pid(r) : 0;
  if (pid) set_integer(L, "pid", pid);
}

/* The job that a scope belongs to: the nearest above with one. */
static lc_job *owner_of (const lc_scope *s) {
  for (s = s->parent; s; s = s->parent)
    if (s->task) return s->task->co ? &s->task->job : NULL;
  return NULL;
}

/* depth, id, parent (an id, or nil), engine, label, state, started (where),
** age; wait, about, waited, place of what waits; on, guest: the id of whom it
** waits for, and of which other state; pid. */
static void push_row (lua_State *L, lc_job *j, const lc_scope *s, int depth) {
  const lc_job *parent = owner_of(s);
  lua_createtable(L, 0, 12);
  set_integer(L, "depth", depth);
  set_integer(L, "id", j->id);
  if (parent) set_integer(L, "parent", parent->id);
  set_text(L, "engine", j->engine->name);
  lc_job_push(L, j);
  lc_job_label(L, j, -1);
  lua_remove(L, -2);
  set_string(L, "label");
  set_text(L, "state", lc_job_state_name(j));
  set_age(L, "age", j->loop, j->born);
  if (lc_job_task(j)) add_wait(L, lc_job_task(j));
  else add_remote(L, lc_remote_of(j));
  if (lc_worker_is_root(j)) return;   /* its starter knows where */
  lc_traceback_started(L, j);
  set_string(L, "started");
}

static lc_job *job_of (lc_scope *s) {
  return s->kind == LC_REMOTE ? lc_remote_job(s) : &s->task->job;
}

static lc_scope *scope_of (lc_link *l) {
  return lc_container(l, lc_scope, siblings);
}

/* The next scope of the walk; `depth` counts the tasks above it. */
static lc_scope *next_scope (lc_scope *top, lc_scope *s, int *depth) {
  if (!lc_list_empty(&s->children)) {
    if (s->kind == LC_BASE) ++*depth;
    return scope_of(s->children.next);
  }
  while (s != top) {
    lc_link *l = s->siblings.next;
    if (l != &s->parent->children) return scope_of(l);
    s = s->parent;
    if (s->kind == LC_BASE) --*depth;
  }
  return NULL;
}

static void push_rows (lua_State *L, lc_loop *loop) {
  lc_scope *top = &loop->main->base;
  int depth = 0, n = 0;
  lua_newtable(L);
  for (lc_scope *s = top; (s = next_scope(top, s, &depth)); ) {
    if (s->kind != LC_BASE && s->kind != LC_REMOTE) continue;
    push_row(L, job_of(s), s, depth - 1);
    lua_rawseti(L, -2, ++n);
  }
}

/* }} */

/* {{ The state */

static void push_handles (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  lc_list_each(l, &loop->handles) {
    const char *name = lc_container(l, lc_handle, link)->kind->name;
    lua_getfield(L, -1, name);
    lua_Integer n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    set_integer(L, name, n + 1);
  }
}

/* Calls the function below `n` arguments on top: its result becomes a field
** of the table below, if it has one. */
static void set_result (lua_State *L, int n, const char *key) {
  if (!lua_isfunction(L, -n - 1)) lua_pop(L, n + 1);
  else if (lua_pcall(L, n, 1, 0) == LUA_OK) lua_setfield(L, -2, key);
  else lua_pop(L, 1);
}

static void add_things (lua_State *L, lc_loop *loop) {
  lua_pushcfunction(L, lc_holdings);
  lua_pushlightuserdata(L, loop);
  set_result(L, 1, "holdings");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &pools_key);
  set_result(L, 0, "pools");
}

int lc_tree_state (lua_State *L) {
  lc_loop *loop = lua_touserdata(L, 1);
  luaL_checkstack(L, 24, NULL);
  lua_createtable(L, 0, 12);
  set_integer(L, "pid", getpid());
  set_text(L, "noun", loop->worker ? loop->worker->noun : "program");
  set_integer(L, "ready", loop->nready);
  set_integer(L, "deadlines", loop->deadlines.n);
  if (loop->guest)
    set_integer(L, "guest", lc_commons_ref(loop->guest->sleeper));
  push_handles(L, loop);
  lua_setfield(L, -2, "handles");
  if (loop->main->op.kind && !loop->worker) {
    lua_createtable(L, 0, 4);
    add_wait(L, loop->main);
    lua_setfield(L, -2, "outside");
  }
  push_rows(L, loop);
  lua_setfield(L, -2, "rows");
  if (lua_toboolean(L, 2)) add_things(L, loop);
  return 1;
}

/* }} */

/* core.tree_state([all]) -> table */
static int tree_state (lua_State *L) {
  lua_settop(L, 1);
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_insert(L, 1);
  return lc_tree_state(L);
}

/* core.on_tree(f): f() -> lines of text, for whoever asks what goes on in this
** state */
static int tree_on_tree (lua_State *L) {
  lc_luax_function(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &pools_key);
  return 0;
}

static const luaL_Reg functions[] = {
  {"tree_state", tree_state},
  {"on_tree", tree_on_tree},
  {NULL, NULL}
};

void lc_tree_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
