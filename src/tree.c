/*
** tree.c: the tree of jobs is the tree of scopes. See tree.h.
*/

#include "luax.h"
#include "remote.h"
#include "task.h"
#include "traceback.h"
#include "tree.h"

static void set_string (lua_State *L, const char *key) {
  lua_setfield(L, -2, key);
}

/* What a task of this state waits for, and where. */
static void add_wait (lua_State *L, lc_task *t) {
  if (t->op.kind) {
    lua_pushstring(L, t->op.kind->name);
    set_string(L, "wait");
  }
  lc_traceback_place(L, t);
  set_string(L, "place");
}

static void push_row (lua_State *L, lc_job *j, int depth) {
  lua_createtable(L, 0, 6);
  lua_pushinteger(L, depth);
  set_string(L, "depth");
  lc_job_push(L, j);
  lc_job_label(L, j, -1);
  lua_remove(L, -2);
  set_string(L, "label");
  lua_pushstring(L, lc_job_state_name(j));
  set_string(L, "state");
  if (lc_job_task(j)) add_wait(L, lc_job_task(j));
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

/* core.tree_rows() -> list of rows, parents before their jobs */
static int tree_rows (lua_State *L) {
  lc_scope *top = &lc_luax_loop(L)->main->base;
  int depth = 0, n = 0;
  lua_newtable(L);
  luaL_checkstack(L, 8, NULL);
  for (lc_scope *s = top; (s = next_scope(top, s, &depth)); ) {
    if (s->kind != LC_BASE && s->kind != LC_REMOTE) continue;
    push_row(L, job_of(s), depth - 1);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static const luaL_Reg functions[] = {
  {"tree_rows", tree_rows},
  {NULL, NULL}
};

void lc_tree_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
