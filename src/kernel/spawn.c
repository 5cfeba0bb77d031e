/*
** spawn.c: starting tasks. See spawn.h.
*/

#include "base/luax.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "kernel/slots.h"
#include "kernel/spawn.h"

enum { MOST_ARGUMENTS = 1000000 };   /* the Lua stack's own limit */

/* Notes who starts the task and where: the function as the user value. C
** functions in between (pcall) have no line and are passed over. */
static void note_place (lua_State *L, lc_job *j, int handle, int level) {
  lua_Debug ar;
  for (; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "lf", &ar);
    lua_setiuservalue(L, handle, LC_JOB_VALUE);
    j->line = ar.currentline;
    if (j->line > 0) return;
  }
}

/* What the library starts by itself inside a job was started where that job
** was. */
static void inherit_place (lua_State *L, lc_job *j, int handle) {
  const lc_task *t = j->loop->current;
  if (!t) {
    note_place(L, j, handle, 1);
    return;
  }
  lc_job_push(L, &t->job);
  lua_getiuservalue(L, -1, LC_JOB_VALUE);
  lua_setiuservalue(L, handle, LC_JOB_VALUE);
  j->line = t->job.line;
  lua_pop(L, 1);
}

/* Whose line counts as the start: the caller's, or, for the library's own
** Lua files, which say level = 0, that of the user who called them; 0 where
** nobody did. */
static int place_level (lua_State *L, int options) {
  if (!options) return 1;
  lua_getfield(L, options, "level");
  bool search = lua_isinteger(L, -1) && lua_tointeger(L, -1) == 0;
  lua_pop(L, 1);
  return search ? lc_traceback_user_level(L) : 1;
}

/* The engine is set by pools only. */
static void read_guise (lua_State *L, lc_job *j, int options) {
  int fits, type = lc_luax_option(L, options, "priority");
  lua_Integer n = lua_tointegerx(L, -1, &fits);
  if (type != LUA_TNIL && (!fits || n < -100 || n > 100))
    lc_luax_bad_option(L, options, "priority", "an integer from -100 to 100");
  j->priority = (int8_t)n;
  lc_luax_option(L, options, "engine");
  j->guise = (uint8_t)lua_tointeger(L, -1);
  lua_pop(L, 2);
}

static void read_options (lua_State *L, lc_job *j, int options, int handle) {
  static const char *const names[] = {"name", "keep", "daemon", "memory",
                                      "stack", "libs", "init", "start",
                                      "rlimit", "priority", "", "engine",
                                      "level", NULL};
  lc_luax_options(L, options, names);
  if (lc_luax_option(L, options, "name") != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TSTRING)
      lc_luax_bad_option(L, options, "name", "a string");
    lc_job_extra(L, j, handle, true);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "name");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  j->keep = lc_luax_flag(L, options, "keep", false);
  j->daemon = lc_luax_flag(L, options, "daemon", false);
  read_guise(L, j, options);
}

void lc_spawn_describe (lua_State *L, lc_job *j, int handle, int options) {
  int level = place_level(L, options);
  if (level > 0) note_place(L, j, handle, level);
  else inherit_place(L, j, handle);
  if (options) read_options(L, j, options, handle);
}

/* As lua_newthread does for a new coroutine. */
static void copy_hook (lua_State *L, lua_State *co) {
  if (lua_gethook(co) != lua_gethook(L))
    lua_sethook(co, lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L));
}

static void join_group (lc_task *t, lc_group *g) {
  lc_scope_enter(&t->base, LC_BASE, g->scope, t);
  if (g->keep) t->job.keep = true;
  lc_group_add(g, &t->job);
  if (g->limit && g->running >= g->limit) {
    t->queued = true;
    lc_group_queue(g, &t->op, &t->job);
    return;
  }
  g->running++;
  lc_loop_ready(t->job.loop, t);
}

/* Its span begins, and who starts it points there. */
lc_cold static void trace_start (lua_State *L, lc_task *t) {
  lc_loop *loop = t->job.loop;
  lc_trace_job(L, &t->job);
  if (loop->current) t->op.flow = lc_trace_send(loop, "start");
}

/* Starts what is on the stack from `f` on and replaces it by the handle.
** Whatever can raise comes first; from lc_slots_take on nothing does. */
static int spawn (lua_State *L, lc_group *g, int f, int options) {
  lc_loop *loop = lc_luax_loop(L);
  lc_task *parent = lc_task_self(loop);
  int n = lua_gettop(L) - f + 1;
  luaL_checkstack(L, 8, NULL);
  if (LC_OBSERVED && !loop->current) lc_loop_look(loop);
  lc_task *t = lua_newuserdatauv(L, sizeof(*t), LC_JOB_VALUES);
  lc_task_init(t, loop);
  lua_rawgeti(L, LUA_REGISTRYINDEX, loop->jobtype);
  lua_setmetatable(L, -2);
  lua_insert(L, f);
  lc_spawn_describe(L, &t->job, f, options);
  lc_job_inherit(L, parent, &t->job, f);
  int32_t slot = lc_slots_find(L, loop);
  if (!g) g = lc_task_group(L, parent);   /* finalisers have run, which may
                                          ** have closed one */
  t->co = loop->slots[slot].co;
  copy_hook(L, t->co);
  if (!lua_checkstack(t->co, n + 8)) luaL_error(L, "too many arguments");
  if (g->closed) luaL_error(L, "the group is closed: start jobs before");
  lc_slots_take(L, &t->job, slot, f);
  lc_task_load(L, t, f, n);
  t->job.id = ++loop->lastid;
  loop->live++;
  if (lc_trace_on(loop)) trace_start(L, t);
  join_group(t, g);
  return 1;
}

int lc_spawn_arguments (lua_State *L, int arg, int *options) {
  *options = 0;
  if (lc_luax_loop(L)->ending)
    luaL_error(L, "cannot start a job: the program is ending");
  if (lua_type(L, arg) != LUA_TTABLE || lc_luax_callable(L, arg)) {
    lc_luax_function(L, arg);
    return arg;
  }
  lc_luax_dot(L, arg);
  lua_settop(L, arg);
  lua_Integer n = luaL_len(L, arg);
  if (n < 0 || n > MOST_ARGUMENTS) luaL_error(L, "too many arguments");
  luaL_checkstack(L, (int)n + 8, "too many arguments");
  for (lua_Integer i = 1; i <= n; i++) lua_geti(L, arg, i);
  if (n < 1 || !lc_luax_callable(L, arg + 1)) {
    if (n < 1) lua_pushnil(L);
    lua_pushfstring(L, "the table's first element must be the function to "
                    "start, got %s", lc_luax_got(L, arg + 1));
    luaL_argerror(L, arg, lua_tostring(L, -1));
  }
  *options = arg;
  return arg + 1;
}

int lc_spawn_form (lua_State *L, lc_group *g, int arg) {
  int options, f = lc_spawn_arguments(L, arg, &options);
  return spawn(L, g, f, options);
}

/* conc.spawn(f, ...) or conc.spawn{f, ..., name=, keep=, daemon=} */
static int spawn_task (lua_State *L) {
  return lc_spawn_form(L, NULL, 1);
}

static const luaL_Reg functions[] = {
  {"spawn", spawn_task},
  {NULL, NULL}
};

void lc_spawn_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
