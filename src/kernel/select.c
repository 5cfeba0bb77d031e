/*
** select.c: conc.select. See select.h.
**
** On the stack: the table of cases, the select, a list {key, object, value,
** ...} of its cases, which is its user value too.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "kernel/select.h"
#include "kernel/task.h"

enum { PARTS = 3, MOST_CASES = 1000000 };

typedef struct lc_select {
  lc_task *task;
  lc_case *chosen;       /* NULL: none yet, or cancelled */
  uint32_t n;            /* cases that have begun */
  bool exposed;          /* other threads may take the claim */
  lc_claim claim;
  lc_case cases[];
} lc_select;

/* {{ Cases */

void lc_select_type (lua_State *L, const lc_selectable *selectables) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)selectables);
  lua_setfield(L, -2, "__select");
}

static const lc_selectable *selectables_of (lua_State *L, int object) {
  if (lua_type(L, object) != LUA_TUSERDATA ||
      luaL_getmetafield(L, object, "__select") == LUA_TNIL) return NULL;
  const lc_selectable *s = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return s;
}

static int bad_case (lua_State *L, int key, const char *problem) {
  const char *name = lc_luax_got(L, key);
  lua_pushfstring(L, "case %s: %s", name, problem);
  return luaL_argerror(L, 1, lua_tostring(L, -1));
}

static const lc_selectable *find_verb (lua_State *L, int key,
                                       const lc_selectable *s, int verb) {
  const char *name = lua_tostring(L, verb);
  if (lua_isnil(L, verb)) return s;
  for (; s->verb; s++)
    if (name && strcmp(s->verb, name) == 0) return s;
  lua_pushfstring(L, "%s is nothing to wait for here",
                  lc_luax_got(L, verb));
  bad_case(L, key, lua_tostring(L, -1));
  return s;   /* not reached */
}

/* Reads the case whose value is on top, with the key below it, and puts the
** object and the value to be sent, or nil, in its place. */
static const lc_selectable *read_case (lua_State *L) {
  int key = lua_gettop(L) - 1;
  if (lua_type(L, -1) == LUA_TTABLE) {
    for (int i = 1; i <= PARTS; i++) lua_rawgeti(L, key + 1, i);
    lua_remove(L, key + 1);
  }
  else lua_settop(L, key + PARTS);
  const lc_selectable *s = selectables_of(L, key + 1);
  if (!s) {
    lua_pushfstring(L, "a queue, event, job, timer or the like expected, "
                    "got %s", lc_luax_got(L, key + 1));
    bad_case(L, key, lua_tostring(L, -1));
    return NULL;   /* not reached */
  }
  s = find_verb(L, key, s, key + 2);
  lua_remove(L, key + 2);
  return s;
}

/* }} */

/* {{ At once */

/* Puts the key on top below the results; the number of all. */
static int put_below (lua_State *L, int results) {
  lua_insert(L, -results - 1);
  return results + 1;
}

/* Pushes key and results of the first case that needs no wait; their number,
** or 0. Counts the cases. */
static int attempt_all (lua_State *L, lua_Integer *n) {
  for (lua_pushnil(L); lua_next(L, 1); ++*n) {
    int key = lua_gettop(L) - 1;
    lua_pushvalue(L, key);
    lua_insert(L, key + 1);   /* the key twice: one is for lua_next */
    const lc_selectable *s = read_case(L);
    int results = s ? s->attempt(L, key + 2, key + 3) : -1;
    if (results >= 0) {
      lua_pushvalue(L, key);
      return put_below(L, results);
    }
    lua_settop(L, key);
    if (*n == MOST_CASES) luaL_argerror(L, 1, "too many cases");
  }
  if (*n == 0)
    luaL_argerror(L, 1, "no case: this would wait for ever");
  return 0;
}

/* }} */

/* {{ Waiting */

static void expect (lc_case *c, int n) {
  if (c->by == LC_BY_TASK) return;
  lc_loop_expect(c->select->task->job.loop, c->by, n);
}

static void leave_queue (lc_case *c) {
  const lc_opkind *kind = c->op.kind;
  if (!kind) return;
  c->op.kind = NULL;
  kind->cancel(&c->op);
  expect(c, -1);
}

static void leave_all (lc_select *s) {
  for (uint32_t i = 0; i < s->n; i++) leave_queue(&s->cases[i]);
}

static bool take_claim (lc_select *s) {
  return !s->exposed || lc_claim_take(&s->claim, NULL);
}

/* While cases begin the task does not wait yet, but Lua code may run: that of
** a finaliser, or of a value that is sent. */
void lc_select_chosen (lc_op *op) {
  lc_case *c = lc_select_case(op);
  lc_select *s = c->select;
  s->chosen = c;
  expect(c, -1);
  leave_all(s);
  if (s->task->op.kind) lc_op_complete(&s->task->op, LC_OK);
}

void lc_select_choose (lc_op *op) {
  lc_case *c = lc_select_case(op);
  if (c->select->chosen == c || take_claim(c->select)) lc_select_chosen(op);
  else expect(c, -1);
}

bool lc_select_claim_case (lc_op *op) {
  lc_case *c = lc_select_case(op);
  if (take_claim(c->select)) {
    c->select->chosen = c;
    return true;
  }
  op->kind = NULL;
  expect(c, -1);
  return false;
}

lc_op *lc_select_first (lc_link *queue) {
  lc_link *l;
  while ((l = lc_list_shift(queue))) {
    lc_op *op = lc_container(l, lc_op, u.link);
    if (lc_select_claim(op)) return op;
  }
  return NULL;
}

/* Before that nobody but this thread can have chosen a case. */
lc_claim *lc_select_expose (lc_case *c) {
  lc_select *s = c->select;
  if (!s->exposed) s->claim.taken = s->chosen != NULL;
  s->exposed = true;
  return &s->claim;
}

void lc_select_look (lc_case *c) {
  c->look = lc_select_claim_case(&c->op);
}

void lc_select_won (lc_case *c) {
  c->select->chosen = c;
}

void lc_select_moved (lc_case *c) {
  c->by = c->op.kind->by;
}

static void cancel_select (lc_op *op) {
  leave_all(op->u.what);
}

static const lc_opkind select_kind = {"select", cancel_select, NULL,
                                      LC_BY_TASK};

/* Undoes in Lua what the cases that were not chosen have begun. */
static void forgo_all (lua_State *L, lc_select *s, int list) {
  for (uint32_t i = 0; i < s->n; i++) {
    lc_case *c = &s->cases[i];
    if (c == s->chosen || !c->how->forgo) continue;
    lua_rawgeti(L, list, (lua_Integer)i * PARTS + 2);
    c->how->forgo(L, c, lua_gettop(L));
    lua_settop(L, list);
  }
}

/* Key and results of the chosen case; -1: somebody else was quicker. */
static int finish (lua_State *L, lc_select *s, int list) {
  lua_Integer first = (lua_Integer)(s->chosen - s->cases) * PARTS;
  lua_rawgeti(L, list, first + 2);
  lua_rawgeti(L, list, first + 3);
  const lc_selectable *how = s->chosen->how;
  int value = lua_gettop(L), object = value - 1;
  int results = s->chosen->look ? how->attempt(L, object, value)
                                : how->finish(L, s->chosen, object);
  if (results < 0) return results;
  lua_rawgeti(L, list, first + 1);
  return put_below(L, results);
}

static int try_and_wait (lua_State *L, lc_task *t);

static int k_select (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lc_select *s = lua_touserdata(L, 2);
  lua_settop(L, 3);
  forgo_all(L, s, 3);
  if (!s->chosen) return lc_task_raise(L, t);
  int results = finish(L, s, 3);
  if (results >= 0) return results;
  lua_settop(L, 1);
  return try_and_wait(L, t);
}

/* Notes key, object and value of each case in a list, and how it is done. At
** most *n, which then tells how many: code that has run since they were
** counted may have taken some away. */
static lc_select *make_select (lua_State *L, lc_task *t, lua_Integer *n) {
  size_t size = sizeof(lc_select) + (size_t)*n * sizeof(lc_case);
  lc_select *s = lua_newuserdatauv(L, size, 1);
  memset(s, 0, size);
  s->task = t;
  lua_createtable(L, (int)*n * PARTS, 0);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, 2, 1);
  lua_Integer i = 0;
  for (lua_pushnil(L); lua_next(L, 1) && i < *n; i++) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    s->cases[i].how = read_case(L);
    for (int part = PARTS; part > 0; part--)
      lua_rawseti(L, 3, i * PARTS + part);
  }
  *n = i;
  return s;
}

/* One was chosen while others began. */
static int end_at_once (lua_State *L, lc_select *s) {
  leave_all(s);
  forgo_all(L, s, 3);
  return finish(L, s, 3);
}

/* select, list, number of cases. One may come true while others begin: then
** that was it. */
static int begin_all (lua_State *L) {
  lc_select *s = lua_touserdata(L, 1);
  uint32_t n = (uint32_t)lua_tointeger(L, 3);
  for (uint32_t i = 0; i < n && !s->chosen; i++) {
    lc_case *c = &s->cases[i];
    c->select = s;
    c->op.task = s->task;
    lua_settop(L, 3);
    lua_rawgeti(L, 2, (lua_Integer)i * PARTS + 2);
    lua_rawgeti(L, 2, (lua_Integer)i * PARTS + 3);
    c->how->begin(L, c, 4, 5);
    s->n = i + 1;
    if (!c->op.kind) continue;
    c->by = c->op.kind->by;
    expect(c, 1);
  }
  return 0;
}

/* All or none begin, unless one that has begun was served meanwhile. */
static void begin_or_raise (lua_State *L, lc_select *s, lua_Integer n) {
  lua_pushcfunction(L, begin_all);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_pushinteger(L, n);
  if (lua_pcall(L, 3, 0, 0) == LUA_OK) return;
  leave_all(s);
  if (s->chosen) {
    lua_settop(L, 3);
    return;
  }
  lua_replace(L, 1);
  forgo_all(L, s, 3);
  lua_settop(L, 1);
  lua_error(L);
}

static int try_and_wait (lua_State *L, lc_task *t) {
  lua_Integer n = 0;
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  int results = attempt_all(L, &n);
  if (results > 0) return lc_task_pause(L, t, results);
  lc_select *s = make_select(L, t, &n);
  lua_settop(L, 3);
  begin_or_raise(L, s, n);
  if (s->chosen) {
    results = end_at_once(L, s);
    if (results >= 0) return lc_task_pause(L, t, results);
    lua_settop(L, 1);
    return try_and_wait(L, t);
  }
  lc_task_begin(t, &select_kind);
  t->op.u.what = s;
  return lc_task_wait(L, t, k_select, 0);
}

/* conc.select(cases) -> key, results... */
static int select_wait (lua_State *L) {
  if (!lua_istable(L, 1)) lc_luax_expected(L, 1, "table of cases");
  lc_luax_dot(L, 1);
  lua_settop(L, 1);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  return try_and_wait(L, lc_task_here(L));
}

/* }} */

static const luaL_Reg functions[] = {
  {"select", select_wait},
  {NULL, NULL}
};

void lc_select_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
