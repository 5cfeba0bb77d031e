/*
** host.c: what programs and modules in C may use. See luaconc.h.
**
** The functions of the table are called from anywhere, so they find the loop
** by the registry. What a call from outside brings into the state becomes a
** task: its errors are a job's, and it may wait.
**
**   call:  posted --arrives--> task made --begins--> called
**             \                    \--cancelled before--> called with NULL
**              \--no memory, or the state ends----------> called with NULL
*/

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "base/memory.h"
#include "host/host.h"
#include "host/hostwait.h"
#include "host/hostwork.h"
#include "inspect/traceback.h"
#include "kernel/end.h"
#include "kernel/spawn.h"
#include "kernel/trouble.h"
#include "luaconc.h"

static const char spawn_key, run_key, limits_key;

/* Is another thread in the state now? It may be handed over where none is. */
bool lc_host_elsewhere (const lc_loop *loop) {
  bool busy = loop->depth > 0 || loop->in_poll;
  return busy && !pthread_equal(loop->thread, pthread_self());
}

/* The core is open, as whoever calls has the table from it. */
lc_loop *lc_host_loop (lua_State *L) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (lc_host_elsewhere(loop))
    luaL_error(L, "another thread is in this state: from here only `post` "
                  "may be called");
  return loop;
}

static lc_loop *loop_outside (lua_State *L, const char *what) {
  lc_loop *loop = lc_host_loop(L);
  if (loop->current || loop->depth > 0 || loop->in_poll)
    luaL_error(L, "%s inside a task or a callback of the loop", what);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  return loop;
}

/* {{ Driving */

static int host_turn (lua_State *L) {
  lc_loop *loop = loop_outside(L, "a turn can't be run");
  if (loop->ended) return 0;
  lc_loop_turn(L, loop, false);
  if (loop->live == 0 && lc_trouble_is(loop)) lc_trouble_raise(L, loop);
  return (int)loop->live;
}

static int host_timeout (lua_State *L) {
  lc_loop *loop = lc_host_loop(L);
  return loop->ended ? -1 : lc_loop_patience(loop);
}

static int host_descriptor (lua_State *L) {
  return lc_loop_descriptor(lc_host_loop(L));
}

static uv_loop_t *host_loop (lua_State *L) {
  int err;
  lc_loop *loop = lc_host_loop(L);
  loop->hosted = true;
  return lc_loop_uv(loop, &err);
}

static void host_close (lua_State *L) {
  lc_loop *loop = loop_outside(L, "a state can't be closed");
  loop->dismissed = true;
  lc_end_state(L, loop);
}

/* }} */

/* {{ Calls from outside, each in a task */

typedef struct lc_call {
  lc_note note;           /* while it is on its way */
  lc_op op;               /* from then until the task begins: it watches it */
  luaconc_call call;      /* one of these two */
  luaconc_done done;
  void *ud;
} lc_call;

static lc_call take (lc_call *c) {
  lc_call taken = *c;
  lc_free(c, sizeof(*c));
  return taken;
}

static void call_without (lc_call *c) {
  lc_call t = take(c);
  if (t.done) (void)t.done(NULL, LUACONC_CANCELLED, t.ud);
  else (void)t.call(NULL, t.ud);
}

static void on_never_begun (lc_op *op) {
  call_without(lc_container(op, lc_call, op));
}

static const lc_opkind begin_kind = {"begin", lc_op_unlink, on_never_begun,
                                     LC_BY_TASK};

/* The task of the job whose handle is on top will make the call. */
static void attach (lua_State *L, lc_call *c) {
  lc_job *j = lua_touserdata(L, -1);
  c->op.kind = &begin_kind;
  lc_list_append(&j->watchers, &c->op.u.link);
}

static lc_call *begin_call (lua_State *L) {
  lc_call *c = lua_touserdata(L, 1);
  lc_op_unlink(&c->op);
  lua_remove(L, 1);
  return c;
}

static void push_function (lua_State *L, const char *key) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
}

/* A function with the loop as upvalue, so that what it calls may wait. */
static void push_body (lua_State *L, lc_loop *loop, lua_CFunction f,
                       lc_call *c) {
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, f, 1);
  lua_pushlightuserdata(L, c);
}

/* (call): the task of a call that was posted */
static int run_posted (lua_State *L) {
  lc_call t = take(begin_call(L));
  return t.call(L, t.ud);
}

/* (call, loop): starts that task, outside any group */
static int start_posted (lua_State *L) {
  lc_call *c = lua_touserdata(L, 1);
  lc_loop *loop = lua_touserdata(L, 2);
  push_function(L, &spawn_key);
  lua_pushboolean(L, 1);
  push_body(L, loop, run_posted, c);
  lua_call(L, 3, 1);
  ((lc_job *)lua_touserdata(L, -1))->posted = true;
  attach(L, c);
  return 0;
}

static void on_arrived (lc_note *note, lc_loop *loop) {
  lc_call *c = lc_container(note, lc_call, note);
  lua_State *L = loop->driver;
  if (loop->ending || !lua_checkstack(L, 4)) {
    call_without(c);
    return;
  }
  lua_pushcfunction(L, start_posted);
  lua_pushlightuserdata(L, c);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  lua_pop(L, 1);
  call_without(c);
}

static luaconc_port *host_port (lua_State *L) {
  lc_loop *loop = lc_host_loop(L);
  lc_port *p = loop->port;
  loop->hosted = true;
  lc_port_hold(p);
  return (luaconc_port *)p;
}

int lc_host_post (luaconc_port *p, luaconc_call call, void *ud) {
  lc_call *c = lc_alloc(sizeof(*c));
  if (!c) return 0;
  *c = (lc_call){.note.arrive = on_arrived, .call = call, .ud = ud};
  if (lc_port_post((lc_port *)p, &c->note)) return 1;
  lc_free(c, sizeof(*c));
  return 0;
}

static void host_release (luaconc_port *p) {
  lc_port_release((lc_port *)p);
}

/* }} */

/* {{ Jobs whose end is told */

/* What was called lies above the handler at 1. */
static int k_run (lua_State *L, int status, lua_KContext ctx) {
  lc_call t = take((lc_call *)ctx);
  lua_remove(L, 1);
  if (status == LUA_OK || status == LUA_YIELD)
    return t.done(L, LUACONC_DONE, t.ud);
  const lc_task *task = lc_task_self(lc_luax_loop(L));
  if (!task->base.cancelled || !lc_errors_is(L, -1, "ECANCELED"))
    return t.done(L, LUACONC_FAILED, t.ud);
  lua_pushvalue(L, -1);
  lua_insert(L, 1);
  (void)t.done(L, LUACONC_CANCELLED, t.ud);
  lua_settop(L, 1);
  return lua_error(L);
}

/* (call, run, f, ...): the task of such a job: conc.run(f, ...) ends when the
** jobs of f have ended. */
static int run_job (lua_State *L) {
  lc_call *c = begin_call(L);
  lua_KContext ctx = (lua_KContext)c;
  lua_pushcfunction(L, lc_traceback_on_error);
  lua_insert(L, 1);
  int n = lua_gettop(L) - 2;
  return k_run(L, lua_pcallk(L, n, LUA_MULTRET, 1, ctx, k_run), ctx);
}

static void host_spawn (lua_State *L, int nargs, luaconc_done done,
                        void *ud) {
  lc_loop *loop = lc_host_loop(L);
  int f = lua_gettop(L) - nargs;
  if (nargs < 0 || f < 1)
    luaL_error(L, "spawn: there is no function below %d arguments", nargs);
  push_function(L, &spawn_key);
  lua_pushboolean(L, 0);
  lua_rotate(L, f, 2);
  if (!done) {
    lua_call(L, nargs + 2, 1);
    return;
  }
  lc_call *c = lc_alloc(sizeof(*c));
  if (!c) luaL_error(L, "not enough memory");
  *c = (lc_call){.done = done, .ud = ud};
  push_body(L, loop, run_job, c);
  push_function(L, &run_key);
  lua_rotate(L, f + 2, 3);
  if (lua_pcall(L, nargs + 5, 1, 0) != LUA_OK) {
    lc_free(c, sizeof(*c));
    lua_error(L);
  }
  attach(L, c);
}

/* (outermost, f, ...) -> handle: in the root group, or where the caller is */
static int spawn_for_host (lua_State *L) {
  bool outermost = lua_toboolean(L, 1);
  lua_remove(L, 1);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  return lc_spawn_form(L, outermost ? lc_luax_loop(L)->root : NULL, 1);
}

/* }} */

/* {{ Limits */

enum { EVERY = 1000 };      /* instructions between two looks at the clock */

#define GRACE_NS 100000000u /* 100 ms, as a worker has that was struck */

typedef struct lc_hostlimits {
  lc_memory memory;
  bool counts;              /* is `memory` in force? */
  uint64_t slice;           /* ns; 0: no limit */
} lc_hostlimits;

/* Before the block goes, which the allocator looks at. */
static int limits_collect (lua_State *L) {
  lc_hostlimits *l = lua_touserdata(L, 1);
  if (l->counts) lua_setallocf(L, l->memory.alloc, l->memory.ud);
  l->counts = false;
  return 0;
}

static lc_hostlimits *limits_of (lua_State *L) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &limits_key);
  lc_hostlimits *l = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return l;
}

static lc_hostlimits *make_limits (lua_State *L) {
  lc_hostlimits *l = limits_of(L);
  if (l) return l;
  l = lua_newuserdatauv(L, sizeof(*l), 0);
  memset(l, 0, sizeof(*l));
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, limits_collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &limits_key);
  return l;
}

static void host_limit_memory (lua_State *L, size_t bytes) {
  lc_hostlimits *l = make_limits(L);
  bool done = true;
  if (bytes == 0) lc_memory_lift(&l->memory);
  else if (!l->counts)
    done = l->counts = lc_memory_limit(L, &l->memory, bytes);
  else if ((done = l->memory.used <= bytes)) l->memory.limit = bytes;
  if (done) return;
  lua_pushfstring(L, "%I", (LUAI_UACINT)bytes);
  luaL_error(L, "the state holds more than %s bytes already",
             lua_tostring(L, -1));
}

static int raise_slice (lua_State *L, const lc_hostlimits *l) {
  lua_pushfstring(L, "%f", (LUAI_UACNUMBER)((double)l->slice / 1e9));
  return luaL_error(L, "interrupted: the task has computed for more than %s s "
                       "without a wait", lua_tostring(L, -1));
}

/* What catches the error and goes on is left no other way than to end. */
static void on_count (lua_State *L, lua_Debug *ar) {
  lc_loop *loop = lc_host_loop(L);
  const lc_hostlimits *l = limits_of(L);
  uint64_t now = uv_hrtime();
  (void)ar;
  if (!loop->current || !l->slice) return;
  if (loop->slice == 0) {   /* it has just been resumed */
    loop->slice = now;
    if (lua_gethookcount(L) != EVERY)
      lua_sethook(L, on_count, LUA_MASKCOUNT, EVERY);
  }
  if (now - loop->slice < l->slice) return;
  if (now - loop->slice > l->slice + GRACE_NS)
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
  raise_slice(L, l);
}

static void host_limit_slice (lua_State *L, double seconds) {
  lc_hostlimits *l = make_limits(L);
  lc_loop *loop = lc_host_loop(L);
  bool limited = seconds > 0 && seconds < 1e9;
  l->slice = limited ? (uint64_t)(seconds * 1e9) : 0;
  lua_Hook hook = limited ? on_count : NULL;
  lua_sethook(L, hook, hook ? LUA_MASKCOUNT : 0, hook ? EVERY : 0);
  if (loop->L != L)
    lua_sethook(loop->L, hook, hook ? LUA_MASKCOUNT : 0, hook ? EVERY : 0);
}

/* }} */

static const luaconc_api api = {
  LUACONC_API,
  host_turn, host_timeout, host_descriptor, host_loop, host_close,
  host_spawn, host_port, lc_host_post, host_release,
  lc_hostwait_functions, lc_hostwait_begin, lc_hostwait_wait,
  lc_hostwait_complete, lc_hostwait_end,
  host_limit_memory, host_limit_slice,
  lc_hostwork_offload
};

/* For our own use: with the loop as upvalue, by address. */
static void keep_function (lua_State *L, lc_loop *loop, const char *key,
                           lua_CFunction f) {
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, f, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void lc_host_open (lua_State *L, lc_loop *loop) {
  keep_function(L, loop, &spawn_key, spawn_for_host);
  lua_getfield(L, -1, "run");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &run_key);
  lua_pushlightuserdata(L, (void *)&api);
  lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_API_KEY);
}
