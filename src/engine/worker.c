/*
** worker.c: a state that runs one job for another. See worker.h.
*/

#include <string.h>

#include <lualib.h>

#include "base/errors.h"
#include "base/luax.h"
#include "base/system.h"
#include "engine/worker.h"
#include "host/modules.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "kernel/interrupt.h"
#include "kernel/spawn.h"
#include "kernel/task.h"
#include "kernel/trouble.h"
#include "program/shell.h"

static const char worker_key;

enum { CONTEXT = 4 };   /* values: locals, package.path, .cpath, name */

lc_worker *lc_worker_of (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &worker_key);
  lc_worker *w = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return w;
}

static lc_loop *loop_of (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return loop;
}

void lc_worker_init (lc_worker *w, const char *noun) {
  memset(w, 0, sizeof(*w));
  w->noun = noun;
  w->libs = ~0u;
  w->outcome = LC_NOMEMORY;
  atomic_init(&w->probe, 0);
  atomic_init(&w->strikes, 0);
  atomic_init(&w->felt, 0);
  atomic_init(&w->seen, 0);
  lc_mailbox_init(&w->mailbox);
}

void lc_worker_adopt (lua_State *L, lc_worker *w) {
  lua_pushlightuserdata(L, w);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &worker_key);
  lc_loop *loop = loop_of(L);
  if (loop) loop->worker = w;
}

void lc_worker_free (lc_worker *w) {
  lc_message_free(&w->context);
  lc_message_free(&w->request);
  lc_message_free(&w->reply);
  lc_mailbox_free(&w->mailbox);
  lc_reason_free(&w->reason);
}

lc_port *lc_worker_top (const lc_loop *loop) {
  const lc_worker *w = loop->worker;
  return w && w->top ? w->top : loop->port;
}

bool lc_worker_is_root (const lc_job *j) {
  return j->loop->worker && j->loop->worker->root == j;
}

bool lc_worker_struck (lc_worker *w) {
  unsigned strikes = atomic_load(&w->strikes);
  return atomic_exchange(&w->seen, strikes) != strikes;
}

bool lc_worker_owes (lc_worker *w) {
  return (int)(atomic_load(&w->felt) - atomic_load(&w->seen)) > 0;
}

/* {{ What the state must know beside the job */

static void push_package_field (lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "package") != LUA_TTABLE) lua_pushnil(L);
  else lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

void lc_worker_context (lua_State *L, lc_message *m, lc_job *j, int handle,
                        bool process) {
  int top = lua_gettop(L);
  handle = lua_absindex(L, handle);
  luaL_checkstack(L, CONTEXT + 4, NULL);
  if (!lc_job_push_locals(L, j->loop)) lua_pushnil(L);
  push_package_field(L, "path");
  push_package_field(L, "cpath");
  lc_job_field(L, j, handle, "name");
  m->process = process;
  lc_message_encode(L, top + 1, CONTEXT, "conc.locals()", m);
  lua_settop(L, top);
}

static void set_package_field (lua_State *L, const char *name, int index) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "package") == LUA_TTABLE &&
      lua_type(L, index) == LUA_TSTRING) {
    lua_pushvalue(L, index);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 2);
}

/* Leaves the name of the job, or nil, on top. */
static void apply_context (lua_State *L, lc_loop *loop, lc_worker *w) {
  int locals = lua_gettop(L) + 1;
  if (lc_message_decode(L, &w->context) != CONTEXT)
    luaL_error(L, "the message that starts the job is no such message");
  set_package_field(L, "path", locals + 1);
  set_package_field(L, "cpath", locals + 2);
  if (lua_istable(L, locals)) lc_job_set_locals(L, loop, locals);
  lua_replace(L, locals);
  lua_settop(L, locals);
}

/* }} */

/* {{ Opening the state */

/* os.exit in a thread: it would end the program under everybody. */
static int refuse_exit (lua_State *L) {
  return luaL_error(L, "os.exit can't be called in a thread: return from its "
                       "function, or raise an error");
}

/* The value on top is that field of a library, if the state has it. */
static void set_loaded_field (lua_State *L, const char *library,
                              const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, library) == LUA_TTABLE) {
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 3);
}

/* Lua's coroutine library gives way to ours, whose coroutines may wait, and
** can be interrupted. The core is on top. */
static void replace_coroutine (lua_State *L) {
  if (lua_getglobal(L, "coroutine") == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  lua_pop(L, 1);
  lua_getfield(L, -1, "coroutine");
  lua_pushvalue(L, -1);
  lua_setglobal(L, "coroutine");
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_insert(L, -2);
  lua_setfield(L, -2, "coroutine");
  lua_pop(L, 1);
}

/* The job finds the rest of the core when it asks for it. */
static void preload_core (lua_State *L, lua_CFunction complete) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, complete);
  lua_setfield(L, -2, "luaconc.core");
  lua_pop(L, 1);
}

const char *const lc_worker_libs[] = {
  LUA_LOADLIBNAME, LUA_COLIBNAME, LUA_TABLIBNAME, LUA_IOLIBNAME,
  LUA_OSLIBNAME, LUA_STRLIBNAME, LUA_MATHLIBNAME, LUA_UTF8LIBNAME,
  LUA_DBLIBNAME, NULL
};

static void open_libs (lua_State *L, const lc_worker *w) {
  static const lua_CFunction openers[] = {
    luaopen_package, luaopen_coroutine, luaopen_table, luaopen_io,
    luaopen_os, luaopen_string, luaopen_math, luaopen_utf8, luaopen_debug
  };
  luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
  for (int i = 0; lc_worker_libs[i]; i++)
    if (w->libs & 1u << i)
      luaL_requiref(L, lc_worker_libs[i], openers[i], 1);
  lua_settop(L, 1);
}

/* worker (light userdata). Nothing of this is garbage. */
static int open_state (lua_State *L) {
  lc_worker *w = lua_touserdata(L, 1);
  lua_gc(L, LUA_GCSTOP);
  open_libs(L, w);
  lc_worker_adopt(L, w);
  lua_pushcfunction(L, w->opener->begin);
  lua_call(L, 0, 1);
  replace_coroutine(L);
  preload_core(L, w->opener->complete);
  lc_modules_search(L);
  lua_pushcfunction(L, refuse_exit);
  set_loaded_field(L, "os", "exit");
  lc_shell_open(L);
  lua_gc(L, LUA_GCRESTART);
  return 0;
}

/* }} */

/* {{ Running the job */

static int k_job (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  return lua_gettop(L);
}

/* At 1 the function that has been called first, then the job's. */
static int k_init (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lua_remove(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, k_job);
  return k_job(L, LUA_OK, 0);
}

/* In a fork of the starter: what was left for it in the registry. */
static void push_kept (lua_State *L, const lc_worker *w) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, w->kept);
  lua_getfield(L, -1, "n");
  int n = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, n, "too many arguments");
  for (int i = 1; i <= n; i++) lua_rawgeti(L, 1, i);
  lua_remove(L, 1);
}

/* The root task: reads the job, which may ask for modules, and runs it. */
static int run_job (lua_State *L) {
  lc_worker *w = lc_luax_loop(L)->worker;
  lua_settop(L, 0);
  if (w->kept) push_kept(L, w);
  else lc_message_decode(L, &w->request);
  lc_message_free(&w->request);
  if (!lua_isnil(L, 1)) {
    luaL_checkstack(L, 1, NULL);
    lua_pushvalue(L, 1);
    lua_callk(L, 0, 0, 0, k_init);
  }
  return k_init(L, LUA_OK, 0);
}

static int k_nothing (lua_State *L, int status, lua_KContext ctx) {
  (void)L; (void)status; (void)ctx;
  return 0;
}

/* The system knows the thread, or the process, by as much of the name as it
** takes, without a part of a character. */
static void show_name (const char *name) {
  char part[16];
  size_t n = strnlen(name, sizeof(part));
  if (n == sizeof(part))
    do n--; while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80);
  memcpy(part, name, n);
  part[n] = '\0';
  lc_system_rename(part);
}

/* Pushes the handle of the job, which has ended. Upvalue 1: the loop. */
static int run_root (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lc_worker *w = loop->worker;
  luaL_checkstack(L, 2 * LUA_MINSTACK, NULL);
  lc_trace_turn(loop);
  if (lc_worker_struck(w)) lc_scope_cancel(&loop->main->base);
  apply_context(L, loop, w);
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, run_job, 1);
  lc_spawn_form(L, loop->root, lua_gettop(L));
  w->root = lua_touserdata(L, -1);
  if (w->flow) lc_job_task(w->root)->op.flow = w->flow;
  if (lua_type(L, -2) == LUA_TSTRING) {
    lc_job_extra(L, w->root, -1, true);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "name");
    lua_pop(L, 1);
    show_name(lua_tostring(L, -2));
  }
  if (lc_trace_on(loop)) lc_trace_job(L, w->root);
  while (lc_group_pending(loop->root))
    lc_group_wait(L, loop->main, loop->root, k_nothing, 0);
  if (loop->trouble == LC_DEADLOCK) lc_trouble_raise(L, loop);
  return 1;
}

/* }} */

/* {{ The outcome */

/* handle -> its results go into the reply. Upvalue 1: the loop. */
static int encode_results (lua_State *L) {
  lc_worker *w = lc_luax_loop(L)->worker;
  int n = lc_job_outcome(L, w->root, 1);
  lc_message_encode(L, lua_gettop(L) - n + 1, n, "result", &w->reply);
  w->outcome = LC_RETURNED;
  return 0;
}

/* error -> it and its traceback go into the reply. */
static int encode_error (lua_State *L) {
  lc_worker *w = lc_worker_of(L);
  if (loop_of(L)) lc_traceback_push(L, 1);
  else lua_pushnil(L);
  lc_message_encode(L, 1, 2, "error", &w->reply);
  w->outcome = LC_RAISED;
  return 0;
}

/* error -> the same for its text, where it can't be sent. */
static int encode_text (lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  lua_replace(L, 1);
  return encode_error(L);
}

/* error -> the same for its type, where it has no text. */
static int encode_type (lua_State *L) {
  lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  lua_replace(L, 1);
  return encode_error(L);
}

/* The error on top becomes the outcome, as well as it can be sent. */
static void reply_error (lua_State *L, lc_worker *w) {
  static const lua_CFunction ways[] = {encode_error, encode_text, encode_type};
  for (int i = 0; i < 3; i++) {
    lua_pushcfunction(L, ways[i]);
    lua_pushvalue(L, -2);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK) return;
    lua_pop(L, 1);
  }
  w->outcome = LC_NOMEMORY;
}

static int push_job_error (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lc_job_error(L, loop->worker->root, 1);
  lc_group_forget_all(loop->root);
  return 1;
}

/* Calls `f` with the n values on top and the loop as its upvalue. */
static int call (lua_State *L, lc_loop *loop, lua_CFunction f, int n,
                 int nresults) {
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, f, 1);   /* allocates; the caller is protected */
  lua_insert(L, -n - 1);
  return lua_pcall(L, n, nresults, 0);
}

/* error -> does it say more than that the job was cancelled? */
static int tells_more (lua_State *L) {
  bool plain = lua_getfield(L, 1, "message") != LUA_TSTRING ||
               strcmp(lua_tostring(L, -1), "cancelled") == 0;
  lua_pushboolean(L, !plain);
  return 1;
}

/* The starter makes a plain error itself; most that are cancelled are let go,
** and nobody asks. The handle is on top. */
static void reply_cancellation (lua_State *L, lc_loop *loop, lc_worker *w) {
  if (call(L, loop, push_job_error, 1, 1) == LUA_OK && lc_errors_own(L, -1)) {
    lua_pushvalue(L, -1);
    bool more = call(L, loop, tells_more, 1, 1) == LUA_OK &&
                lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (more) reply_error(L, w);
  }
  w->outcome = LC_UNWOUND;
}

/* The handle of the ended job is on top. */
static void reply_outcome (lua_State *L, lc_loop *loop, lc_worker *w) {
  if (w->root->state == LC_ENDCANCELLED) reply_cancellation(L, loop, w);
  else if (w->root->state == LC_FAILED) {
    call(L, loop, push_job_error, 1, 1);   /* or the error of failing here */
    reply_error(L, w);
  }
  else if (call(L, loop, encode_results, 1, 0) != LUA_OK) reply_error(L, w);
}

/* worker (light userdata): runs the job and notes the outcome */
static int run_and_reply (lua_State *L) {
  lc_worker *w = lua_touserdata(L, 1);
  lc_loop *loop = loop_of(L);
  w->loop = loop;
  if (atomic_load(&w->probe)) lc_port_ask(loop->port, LC_ASK_STILL);
  lc_interrupt_begun(w);
  if (call(L, loop, run_root, 0, 1) == LUA_OK) reply_outcome(L, loop, w);
  else reply_error(L, w);
  return 0;
}

/* }} */

static bool protected (lua_State *L, lc_worker *w, lua_CFunction f) {
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, w);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return true;
  if (lc_worker_of(L)) reply_error(L, w);
  lua_pop(L, 1);
  return false;
}

void lc_worker_run (lua_State *L, lc_worker *w, bool warm) {
  if (!warm && !protected(L, w, open_state)) return;
  protected(L, w, run_and_reply);
  w->loop = NULL;
}

/* {{ Errors that are not what they seem */

void lc_worker_explain (lua_State *L, lc_worker *w, int index) {
  static const char what[] = "a nil value (global '";
  const char *text = lua_tostring(L, index);
  const char *at = strstr(text, "attempt to "), *name = strstr(text, what);
  if (!at || !name || w->kept) return;   /* a fork has what its starter has */
  name += sizeof(what) - 1;
  const char *end = strchr(name, '\'');
  if (!end || strcmp(end, "')") != 0) return;
  index = lua_absindex(L, index);
  luaL_checkstack(L, 4, NULL);
  lua_pushlstring(L, text, (size_t)(at - text));
  lua_pushlstring(L, name, (size_t)(end - name));
  lua_pushfstring(L, "%sglobal '%s' does not exist in a %s: make it local, or "
                  "require it", lua_tostring(L, -2), lua_tostring(L, -1),
                  w->noun);
  lua_replace(L, index);
  lua_pop(L, 2);
}

/* }} */
