/*
** traceback.c: where things happen, in words. See traceback.h.
**
** A string can't carry a traceback, so the last RECENT errors are kept with
** theirs in a ring; a handle finds its own through its error.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "engine/worker.h"
#include "inspect/traceback.h"

enum {
  RECENT = 32,   /* errors whose tracebacks are kept */
  STARTS = 10    /* jobs named in one: chains can be 100,000 long */
};

static const char folder_key;  /* of our own Lua files: loop->folder */
static const char recent_key;  /* {e1, tb1, e2, tb2, ..., next=} */

/* {{ Places */

/* Is it a file of this library, where users don't look for their waits? */
static bool is_own (const lc_loop *loop, const lua_Debug *ar) {
  const char *folder = loop->folder;
  return folder && strncmp(ar->source, folder, strlen(folder)) == 0;
}

/* core.own(folder): where the library's own Lua files are, as in sources */
static int traceback_own (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  loop->folder = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &folder_key);   /* anchors it */
  return 0;
}

int lc_traceback_user_level (lua_State *L) {
  const lc_loop *loop = lc_luax_loop(L);
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline > 0 && !is_own(loop, &ar)) return level;
  }
  return 0;
}

/* Pushes "file:line" of the first Lua function of `co` that is the
** user's. */
static bool push_line (lua_State *L, const lc_loop *loop, lua_State *co) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(co, level, &ar); level++) {
    lua_getinfo(co, "Sl", &ar);
    if (ar.currentline <= 0 || is_own(loop, &ar)) continue;
    lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
    return true;
  }
  return false;
}

void lc_traceback_here (lua_State *L, const lc_loop *loop) {
  if (!push_line(L, loop, L)) lua_pushnil(L);
}

/* Has `co` been suspended by conc.coroutine's own resume or wrap? */
static bool is_resuming (const lc_loop *loop, lua_State *co, lua_Debug *ar) {
  if (lua_status(co) != LUA_YIELD || !lua_getstack(co, 0, ar) ||
      !lua_checkstack(co, 2)) return false;
  lua_getinfo(co, "f", ar);
  lua_CFunction f = lua_tocfunction(co, -1);
  lua_pop(co, 1);
  return f && (f == loop->resumers[0] || f == loop->resumers[1]);
}

lua_State *lc_traceback_inner (const lc_loop *loop, lua_State *co) {
  lua_Debug ar;
  if (!is_resuming(loop, co, &ar) || !lua_getlocal(co, &ar, 1)) return NULL;
  lua_State *inner = lua_tothread(co, -1);
  lua_pop(co, 1);
  return inner;
}

/* Pushes where the job at `handle` was started. */
static void push_start (lua_State *L, lc_job *j, int handle) {
  lua_Debug ar;
  luaL_checkstack(L, 6, NULL);
  if (lc_job_field(L, j, handle, "started") != LUA_TNIL) return;
  lua_pop(L, 1);
  if (lua_getiuservalue(L, handle, LC_JOB_VALUE) == LUA_TFUNCTION) {
    lua_getinfo(L, ">S", &ar);
    if (j->line > 0) lua_pushfstring(L, "%s:%d", ar.short_src, (int)j->line);
    else lua_pushstring(L, ar.short_src);
  }
  else {
    lua_pop(L, 1);
    lua_pushliteral(L, "?");
  }
}

void lc_traceback_started (lua_State *L, lc_job *j) {
  luaL_checkstack(L, 2, NULL);
  lc_job_push(L, j);
  push_start(L, j, lua_gettop(L));
  lua_remove(L, -2);
}

void lc_traceback_place (lua_State *L, lc_task *t) {
  lua_State *co = t->co, *inner;
  if (!co) {
    const lc_loop *loop = t->job.loop;
    if (!push_line(L, loop, loop->driver)) lua_pushliteral(L, "?");
    return;
  }
  while ((inner = lc_traceback_inner(t->job.loop, co))) co = inner;
  if (t->joining || !t->started || !push_line(L, t->job.loop, co))
    lc_traceback_started(L, &t->job);
}

/* }} */

/* {{ Tracebacks */

static void remember (lua_State *L, int error, int text) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &recent_key);
  lua_getfield(L, -1, "next");
  lua_Integer next = lua_tointeger(L, -1) % RECENT;
  lua_pop(L, 1);
  lua_pushvalue(L, error);
  lua_rawseti(L, -2, 2 * next + 1);
  lua_pushvalue(L, text);
  lua_rawseti(L, -2, 2 * next + 2);
  lua_pushinteger(L, next + 1);
  lua_setfield(L, -2, "next");
  lua_pop(L, 1);
}

static bool is_known (lua_State *L, int error) {
  lc_traceback_push(L, error);
  bool known = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return known;
}

/* Appends where the job at `handle` was started to the text on top. */
static void add_start (lua_State *L, lc_job *j, int handle) {
  lc_job_label(L, j, handle);
  push_start(L, j, handle);
  lua_pushfstring(L, "\n%s was started at:\n\t%s", lua_tostring(L, -2),
                  lua_tostring(L, -1));
  lua_replace(L, -3);
  lua_pop(L, 1);
  lua_concat(L, 2);
}

/* The task above a job; NULL where that is the code outside tasks, or where
** another state has started the job, which will say itself where. */
static lc_task *task_above (const lc_scope *base) {
  lc_task *t = base->parent ? base->parent->task : NULL;
  return t && t->co && !lc_worker_is_root(&t->job) ? t : NULL;
}

/* Appends where the task and those above it were started. */
static void add_starts (lua_State *L, lc_task *t) {
  if (t && (!t->co || lc_worker_is_root(&t->job))) return;
  for (int n = 0; t; n++) {
    if (n == STARTS) {
      lua_pushliteral(L, "\n...");
      lua_concat(L, 2);
      return;
    }
    lc_job_push(L, &t->job);
    lua_insert(L, -2);
    add_start(L, &t->job, lua_gettop(L) - 1);
    lua_remove(L, -2);
    t = task_above(&t->base);
  }
}

/* A table is known by itself. The same string may be raised in two places:
** it is known where it was passed on. */
static bool is_new (lua_State *L, lc_loop *loop) {
  if (lua_type(L, 1) == LUA_TSTRING && lua_topointer(L, 1) != loop->passed)
    return true;
  return !is_known(L, 1);
}

int lc_traceback_pass_on (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  loop->passed = lua_topointer(L, -1);
  return lua_error(L);
}

/* core.raise(err): passes an error on */
static int traceback_raise (lua_State *L) {
  lua_settop(L, 1);
  return lc_traceback_pass_on(L);
}

/* The cancellation that ends a cancelled task is no failure to explain. */
static bool is_own_end (lua_State *L, lc_loop *loop) {
  return loop->current && loop->current->base.cancelled &&
         lc_errors_is(L, 1, "ECANCELED");
}

int lc_traceback_on_error (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);
  lua_settop(L, 1);
  if (is_own_end(L, loop)) return 1;
  if (loop->worker && lua_type(L, 1) == LUA_TSTRING)
    lc_worker_explain(L, loop->worker, 1);
  if (!is_new(L, loop)) return 1;
  luaL_traceback(L, L, NULL, 1);
  add_starts(L, loop->current);
  remember(L, 1, 2);
  lua_settop(L, 1);
  return 1;
}

void lc_traceback_push (lua_State *L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &recent_key);
  lua_getfield(L, -1, "next");
  lua_Integer next = lua_tointeger(L, -1);
  lua_pop(L, 1);
  for (int i = 0; i < RECENT; i++) {
    lua_Integer at = (next + 2 * RECENT - 1 - i) % RECENT;
    lua_rawgeti(L, -1, 2 * at + 1);
    bool same = !lua_isnil(L, -1) && lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    if (!same) continue;
    lua_rawgeti(L, -1, 2 * at + 2);
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  lua_pushnil(L);
}

void lc_traceback_keep (lua_State *L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, NULL);
  remember(L, index, lua_gettop(L));
  lua_pop(L, 1);
}

void lc_traceback_remember (lua_State *L, int index, lc_job *j, int handle) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, NULL);
  add_start(L, j, handle);
  lc_traceback_keep(L, index);
}

/* A live job: its state, where it is, and where it was started. */
static int describe_live (lua_State *L, lc_job *j) {
  lc_task *t = lc_job_task(j);
  lc_job_label(L, j, 1);
  lua_pushfstring(L, "%s has not ended", lua_tostring(L, -1));
  if (!t) {
    add_start(L, j, 1);
    return 1;
  }
  lua_State *co = t->co, *inner;
  while ((inner = lc_traceback_inner(t->job.loop, co))) co = inner;
  luaL_traceback(L, co, lua_tostring(L, -1), 0);
  add_starts(L, t);
  return 1;
}

/* conc.traceback(err or handle) -> text: the error, and both tracebacks
** where they are known */
static int traceback_of (lua_State *L) {
  luaL_checkany(L, 1);
  lc_job *j = luaL_testudata(L, 1, LC_JOB_TYPE);
  if (j && !lc_job_ended(j)) return describe_live(L, j);
  if (j) {
    lc_job_error(L, j, 1);
    lua_replace(L, 1);
  }
  luaL_tolstring(L, 1, NULL);
  if (lua_isnil(L, 1)) return 1;
  lc_traceback_push(L, 1);
  if (lua_isnil(L, -1)) lua_pop(L, 1);
  else lua_pushfstring(L, "%s\n%s", lua_tostring(L, -2),
                       lua_tostring(L, -1));
  return 1;
}

static int k_traced (lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  bool ok = status == LUA_OK || status == LUA_YIELD;
  lua_pushboolean(L, ok);
  lua_replace(L, 1);
  return ok ? lua_gettop(L) : (lua_insert(L, 2), lua_settop(L, 2), 2);
}

/* core.traced(f, ...): pcall under the message handler of bodies */
static int traceback_traced (lua_State *L) {
  lc_luax_function(L, 1);
  lua_pushcfunction(L, lc_traceback_on_error);
  lua_insert(L, 1);
  int n = lua_gettop(L) - 2;
  return k_traced(L, lua_pcallk(L, n, LUA_MULTRET, 1, 0, k_traced), 0);
}

/* }} */

/* {{ Who can't wait, and why */

/* Pushes "table.sort" for the function on top if a library has it. */
static bool push_library_name (lua_State *L) {
  int function = lua_gettop(L);
  luaL_checkstack(L, 8, NULL);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (lua_pushnil(L); lua_next(L, function + 1); lua_pop(L, 1)) {
    if (!lua_istable(L, -1) || lua_type(L, -2) != LUA_TSTRING) continue;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING) continue;
      if (!lua_rawequal(L, -1, function)) continue;
      const char *library = lua_tostring(L, function + 2);
      if (strcmp(library, "_G") == 0)
        lua_pushvalue(L, -2);
      else
        lua_pushfstring(L, "%s.%s", library, lua_tostring(L, -2));
      lua_replace(L, function);
      lua_settop(L, function);
      return true;
    }
  }
  lua_settop(L, function - 1);
  return false;
}

/* Can this C function be suspended below its callback? */
static bool suspends (const char *name) {
  static const char *const names[] = {"pcall", "xpcall", "dofile", NULL};
  for (int i = 0; names[i]; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

/* Pushes the name of what keeps L from being suspended. */
static void push_obstacle (lua_State *L) {
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "nSf", &ar);
    if (ar.namewhat && strcmp(ar.namewhat, "metamethod") == 0 &&
        strstr(ar.name, "gc")) {
      lua_pushliteral(L, "a __gc metamethod");
      return;
    }
    if (*ar.what != 'C') {
      lua_pop(L, 1);
      continue;
    }
    if (!push_library_name(L))
      lua_pushfstring(L, "the C function '%s'", ar.name ? ar.name : "?");
    else if (suspends(lua_tostring(L, -1))) {
      lua_pop(L, 1);
      continue;
    }
    else {
      lua_pushfstring(L, "'%s'", lua_tostring(L, -1));
      lua_remove(L, -2);
    }
    return;
  }
  lua_pushliteral(L, "a C function");
}

void lc_traceback_cannot_wait (lua_State *L, bool inside) {
  luaL_checkstack(L, 16, NULL);
  if (!inside)
    luaL_error(L, "cannot wait inside a coroutine of 'coroutine.create' or "
                  "'coroutine.wrap': make it with conc.coroutine");
  push_obstacle(L);
  luaL_error(L, "cannot wait inside %s, which can't be suspended: "
                "wait before it or after it", lua_tostring(L, -1));
}

int lc_traceback_misbehaviour (lua_State *L) {
  lc_task *t = lua_touserdata(L, 1);
  lc_traceback_place(L, t);
  const char *place = lua_tostring(L, -1);
  lc_job_push(L, &t->job);
  const char *label = lc_job_label(L, &t->job, -1);
  if (t->doomed && t->swallowed == 0)
    lua_pushfstring(L, "%s: %s was closed: it was cancelled, but waited "
                    "inside conc.shield for what can't come", place, label);
  else if (t->doomed)
    lua_pushfstring(L, "%s: %s swallowed its cancellation %d times and was "
                    "closed: leave the loop when conc.is_cancelled(err)",
                    place, label, (int)t->swallowed);
  else
    lua_pushfstring(L, "%s: 'coroutine.yield' outside a coroutine: to let "
                    "other tasks run use conc.yield()", place);
  return 1;
}

/* }} */

static const luaL_Reg functions[] = {
  {"traceback", traceback_of},
  {"traced", traceback_traced},
  {"raise", traceback_raise},
  {"own", traceback_own},
  {NULL, NULL}
};

void lc_traceback_open (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &recent_key);
  lc_luax_functions(L, loop, functions);
}
