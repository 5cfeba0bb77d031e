/*
** holdings.c: see holdings.h. A walk, breadth first, from the stacks of tasks,
** the global variables and the modules: through tables, the upvalues of
** functions, coroutines.
**
** On the stack of a walk: at SEEN a table, value -> true; at LIST one with what
** is still to be looked at, in order; at FOUND the result.
*/

#include "base/luax.h"
#include "inspect/holdings.h"
#include "inspect/tree.h"
#include "kernel/task.h"

enum { SEEN = 1, LIST, FOUND };
enum { MOST_VALUES = 20000, MOST_FOUND = 50 };

typedef struct walk {
  lua_Integer n, next;     /* of the list */
} walk;

/* The value on top is to be looked at, once; pops it. */
static void note (lua_State *L, walk *w) {
  int type = lua_type(L, -1);
  bool has_more = type == LUA_TTABLE || type == LUA_TUSERDATA ||
                  type == LUA_TFUNCTION || type == LUA_TTHREAD;
  if (!has_more || w->n >= MOST_VALUES) {
    lua_pop(L, 1);
    return;
  }
  lua_pushvalue(L, -1);
  if (lua_rawget(L, SEEN) != LUA_TNIL) {
    lua_pop(L, 2);
    return;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_pushboolean(L, 1);
  lua_rawset(L, SEEN);
  lua_rawseti(L, LIST, ++w->n);
}

static void note_fields (lua_State *L, walk *w, int table) {
  for (lua_pushnil(L); lua_next(L, table) && w->n < MOST_VALUES; ) {
    note(L, w);
    lua_pushvalue(L, -1);
    note(L, w);
  }
  lua_settop(L, table);
  if (lua_getmetatable(L, table)) note(L, w);
}

static void note_upvalues (lua_State *L, walk *w, int function) {
  for (int i = 1; lua_getupvalue(L, function, i); i++) note(L, w);
}

/* The functions that `co` is in, and their variables; not the walk's own. */
static void note_stack (lua_State *L, walk *w, lua_State *co) {
  lua_Debug ar;
  for (int level = co == L; lua_getstack(co, level, &ar); level++) {
    if (!lua_checkstack(co, 2)) return;
    lua_getinfo(co, "f", &ar);
    lua_xmove(co, L, 1);
    note(L, w);
    for (int i = 1; lua_getlocal(co, &ar, i); i++) {
      lua_xmove(co, L, 1);
      note(L, w);
    }
  }
}

/* The userdata at `index`: if it has items in it, what is said of that. */
static void add_found (lua_State *L, int index) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, FOUND);
  if (n < MOST_FOUND && lc_tree_fill(L, index)) lua_rawseti(L, FOUND, n + 1);
  lua_settop(L, index);
}

static void look_at (lua_State *L, walk *w, lua_Integer i) {
  int type = lua_rawgeti(L, LIST, i), top = lua_gettop(L);
  lua_pushnil(L);
  lua_rawseti(L, LIST, i);
  if (type == LUA_TUSERDATA) add_found(L, top);
  else if (type == LUA_TTABLE) note_fields(L, w, top);
  else if (type == LUA_TFUNCTION) note_upvalues(L, w, top);
  else note_stack(L, w, lua_tothread(L, top));
  lua_settop(L, FOUND);
}

static void note_roots (lua_State *L, walk *w, const lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    lc_task *t = lc_job_task(j);
    if (!t || lc_job_ended(j)) continue;
    if (t->started) note_stack(L, w, t->co);
    else {
      lua_pushthread(t->co);
      lua_xmove(t->co, L, 1);
      note(L, w);
    }
  }
  note_stack(L, w, loop->L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  note(L, w);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  note(L, w);
}

int lc_holdings (lua_State *L) {
  walk w = {0, 0};
  const lc_loop *loop = lua_touserdata(L, 1);
  lua_settop(L, 0);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  for (int i = SEEN; i <= FOUND; i++) lua_newtable(L);
  note_roots(L, &w, loop);
  while (w.next < w.n) look_at(L, &w, ++w.next);
  return 1;
}
