/*
** deadlock.c: why nothing can go on. See deadlock.h.
*/

#include "engine/worker.h"
#include "inspect/deadlock.h"
#include "inspect/traceback.h"
#include "inspect/tree.h"
#include "kernel/task.h"

/* {{ Rows */

/* A buffer wants nothing of ours above its own place on the stack but the
** value to be added: each row is made whole first. */
static void add_row (luaL_Buffer *b, lua_State *L, lc_task *t) {
  int top = lua_gettop(L);
  lc_job_push(L, &t->job);
  const char *label = lc_job_label(L, &t->job, -1);
  lc_traceback_place(L, t);
  (void)lc_tree_wait(L, t, NULL);
  bool told = lua_isstring(L, -1);
  lua_pushfstring(L, "\n  %s waits for %s at %s%s%s%s", label,
                  t->op.kind ? t->op.kind->name : "its turn",
                  lua_tostring(L, -2), told ? " (" : "",
                  told ? lua_tostring(L, -1) : "", told ? ")" : "");
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  luaL_addvalue(b);
}

static void add_rows (luaL_Buffer *b, lua_State *L, lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); )
    if (!lc_job_ended(j) && lc_job_task(j)) add_row(b, L, lc_job_task(j));
}

/* }} */

/* {{ Circles */

/* Pushes a table: the id of a task -> {its label, the id of the job that it
** waits for, or 0}. */
static void push_waits (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    if (lc_job_ended(j) || !lc_job_task(j)) continue;
    lua_createtable(L, 2, 0);
    lc_job_push(L, j);
    lc_job_label(L, j, -1);
    lua_rawseti(L, -3, 1);
    lua_pop(L, 1);
    lua_pushinteger(L, lc_tree_wait(L, lc_job_task(j), NULL));
    lua_rawseti(L, -3, 2);
    lua_pop(L, 1);
    lua_rawseti(L, -2, (lua_Integer)j->id);
  }
}

/* Takes the entry of `id` out of the table at `waits`, as each is followed
** once, and pushes its label; false where there is none. `*next`: the id that
** it waits for. */
static bool take (lua_State *L, int waits, lua_Integer id,
                  lua_Integer *next) {
  if (lua_rawgeti(L, waits, id) != LUA_TTABLE) {
    lua_pop(L, 1);
    return false;
  }
  lua_rawgeti(L, -1, 2);
  *next = lua_tointeger(L, -1);
  lua_pop(L, 1);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
  lua_pushnil(L);
  lua_rawseti(L, waits, id);
  return true;
}

/* Goes from `id` to whom it waits for, and so on. Pushes a table with the
** places of ids on the way, and a list of their labels; where the way comes
** back to itself, answers that place, else 0. */
static int walk (lua_State *L, int waits, lua_Integer id) {
  int places = lua_gettop(L) + 1, n = 0;
  lua_newtable(L);
  lua_newtable(L);
  for (lua_Integer next; id && take(L, waits, id, &next); id = next) {
    lua_rawseti(L, places + 1, ++n);
    lua_pushinteger(L, n);
    lua_rawseti(L, places, id);
  }
  lua_rawgeti(L, places, id);
  int from = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return from;
}

/* Replaces the list of labels on top by "task 2 -> task 3 -> task 2". */
static void join_labels (lua_State *L, int from) {
  int list = lua_gettop(L), n = (int)lua_rawlen(L, list);
  lua_pushliteral(L, "\nin a circle: ");
  for (int i = from; i <= n; i++) {
    lua_rawgeti(L, list, i);
    lua_pushliteral(L, " -> ");
    lua_concat(L, 3);
  }
  lua_rawgeti(L, list, from);
  lua_concat(L, 2);
  lua_replace(L, list);
}

/* A line for each circle. */
static void add_circles (luaL_Buffer *b, lua_State *L, lc_loop *loop) {
  int top = lua_gettop(L);
  push_waits(L, loop);
  lua_pushliteral(L, "");
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    int from = walk(L, top + 1, j->id);
    if (from) {
      join_labels(L, from);
      lua_pushvalue(L, top + 2);
      lua_insert(L, -2);
      lua_concat(L, 2);
      lua_replace(L, top + 2);
    }
    lua_settop(L, top + 2);
  }
  lua_remove(L, top + 1);
  luaL_addvalue(b);
}

/* }} */

/* Adds the rows of those whose places, in the table at `places`, are `from`
** or later. */
static void add_members (luaL_Buffer *b, lua_State *L, lc_loop *loop,
                         int places, int from) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    lua_rawgeti(L, places, (lua_Integer)j->id);
    lua_Integer at = lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (at >= from && lc_job_task(j)) add_row(b, L, lc_job_task(j));
  }
}

int lc_deadlock_circle (lua_State *L, lc_loop *loop, uint32_t id) {
  luaL_Buffer b;
  luaL_checkstack(L, 24, NULL);
  int waits = lua_gettop(L) + 1;
  push_waits(L, loop);
  int from = walk(L, waits, id);
  if (from != 1) {   /* it waits for others, or for those in a circle */
    lua_pushnil(L);
    return 1;
  }
  join_labels(L, from);
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "these wait for each other");
  lua_pushvalue(L, waits + 2);
  luaL_addvalue(&b);
  add_members(&b, L, loop, waits + 1, from);
  luaL_pushresult(&b);
  return 1;
}

void lc_deadlock_report (lua_State *L, lc_loop *loop) {
  luaL_Buffer b;
  luaL_checkstack(L, 24, NULL);
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "deadlock: every task waits and nothing can wake them:");
  if (loop->main->op.kind && !loop->worker) {
    lc_traceback_place(L, loop->main);
    lua_pushfstring(L, "\n  the code outside tasks waits for %s at %s",
                    loop->main->op.kind->name, lua_tostring(L, -1));
    lua_remove(L, -2);
    luaL_addvalue(&b);
  }
  add_rows(&b, L, loop);
  add_circles(&b, L, loop);
  luaL_pushresult(&b);
}
