/*
** debug.c: warnings. See debug.h.
*/

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/luax.h"
#include "inspect/debug.h"
#include "inspect/races.h"
#include "inspect/traceback.h"
#include "kernel/task.h"
#include "value/wire.h"

#define VARIABLE "LUACONC_DEBUG"

static const char places_key;   /* address -> "script.lua:12" */
static const char lock_key;     /* the function of core.on_lock */
static const char unseen_key;   /* handle -> the message that it returned */
static atomic_bool everywhere;

void lc_debug_start (lc_loop *loop) {
  loop->watch |= LC_WATCH_DEBUG;
  if (!atomic_exchange(&everywhere, true)) setenv(VARIABLE, "1", 1);
}

static void forget (lua_State *L, const char *key) {
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void lc_debug_stop (lua_State *L, lc_loop *loop) {
  loop->watch &= (uint8_t)~LC_WATCH_DEBUG;
  atomic_store(&everywhere, false);
  unsetenv(VARIABLE);
  forget(L, &places_key);
  forget(L, &lock_key);
  forget(L, &unseen_key);
  lc_races_end(loop);
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) j->locks = 0;
}

void lc_debug_inherit (lc_loop *loop) {
  const char *value = getenv(VARIABLE);
  if (atomic_load(&everywhere) || (value && strcmp(value, "1") == 0))
    loop->watch |= LC_WATCH_DEBUG;
}

/* loop, thing (light userdata) */
static int note (lua_State *L) {
  const lc_loop *loop = lua_touserdata(L, 1);
  const void *thing = lua_touserdata(L, 2);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &places_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &places_key);
  }
  lc_traceback_here(L, loop);
  lua_rawsetp(L, -2, thing);
  return 0;
}

void lc_debug_note (lua_State *L, lc_loop *loop, const void *thing) {
  if (!lua_checkstack(L, 8)) return;
  lua_pushcfunction(L, note);
  lua_pushlightuserdata(L, loop);
  lua_pushlightuserdata(L, (void *)(uintptr_t)thing);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) lua_pop(L, 1);
}

static void count_lock (lc_job *j, bool taken) {
  if (taken && j->locks < UINT8_MAX) j->locks++;
  else if (!taken && j->locks > 0) j->locks--;
}

void lc_debug_lock (lua_State *L, lc_loop *loop, int lock, bool taken) {
  if (!lua_checkstack(L, 8)) return;
  lock = lua_absindex(L, lock);
  count_lock(&lc_task_self(loop)->job, taken);
  if (taken) lc_debug_note(L, loop, lua_touserdata(L, lock));
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &lock_key) == LUA_TFUNCTION) {
    lua_pushvalue(L, lock);
    lua_pushboolean(L, taken);
    lc_debug_place(L, lua_touserdata(L, lock));
    if (lua_pcall(L, 3, 0, 0) == LUA_OK) return;
  }
  lua_pop(L, 1);
}

void lc_debug_place (lua_State *L, const void *thing) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &places_key) == LUA_TTABLE) {
    lua_rawgetp(L, -1, thing);
    lua_remove(L, -2);
  }
}

void lc_debug_warn (lua_State *L, lua_CFunction words, void *thing) {
  if (!lua_checkstack(L, 8)) return;
  lua_pushcfunction(L, words);
  lua_pushlightuserdata(L, thing);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1))
    fprintf(stderr, "luaconc: warning: %s\n", lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* handle, job, list of its results: remembers one that has returned nil and a
** message. */
static int keep_result (lua_State *L) {
  lua_rawgeti(L, 3, 1);
  lua_rawgeti(L, 3, 2);
  if (!lua_isnil(L, -2) || lua_type(L, -1) != LUA_TSTRING) return 0;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &unseen_key) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &unseen_key);
  }
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 5);
  lua_rawset(L, -3);
  return 0;
}

void lc_debug_result (lua_State *L, lc_job *j, int handle, int list) {
  handle = lua_absindex(L, handle);
  list = lua_absindex(L, list);
  if (!lua_checkstack(L, 12)) return;
  lua_pushcfunction(L, keep_result);
  lua_pushvalue(L, handle);
  lua_pushlightuserdata(L, j);
  lua_pushvalue(L, list);
  if (lua_pcall(L, 3, 0, 0) != LUA_OK) lua_pop(L, 1);
}

static void tell_lost (lua_State *L, lc_job *j, int handle, int text) {
  fprintf(stderr, "luaconc: warning: %s returned nil and \"%s\", and nobody "
          "has looked at it\n", lc_job_label(L, j, handle),
          lua_tostring(L, text));
}

/* Are its values nil, a string, and maybe others? Told by the first bytes, as
** reading it may run the user's code. */
static bool may_be_error (const lc_message *m) {
  if (m->len < LC_WIRE_HEADER + 3) return false;
  const uint8_t *at = (const uint8_t *)m->base + LC_WIRE_HEADER;
  if (at[0] < 2 || at[1] != LC_WIRE_NIL) return false;
  return at[2] == LC_WIRE_SETSLOT || at[2] == LC_WIRE_STRING ||
         at[2] == LC_WIRE_LONG;
}

/* handle, job, message (light userdata) */
static int tell_reply (lua_State *L) {
  (void)lc_message_decode(L, lua_touserdata(L, 3));
  tell_lost(L, lua_touserdata(L, 2), 1, 5);
  return 0;
}

void lc_debug_reply (lua_State *L, lc_job *j, int handle,
                     const lc_message *m) {
  if (j->seen || !may_be_error(m) || !lua_checkstack(L, 12)) return;
  handle = lua_absindex(L, handle);
  lua_pushcfunction(L, tell_reply);
  lua_pushvalue(L, handle);
  lua_pushlightuserdata(L, j);
  lua_pushlightuserdata(L, (void *)(uintptr_t)m);
  if (lua_pcall(L, 3, 0, 0) != LUA_OK) lua_pop(L, 1);
}

/* A line for each that nobody has looked at. */
static int tell_unseen (lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &unseen_key) != LUA_TTABLE) return 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_settop(L, 3)) {
    lc_job *j = lua_touserdata(L, 3);
    if (j->seen) continue;
    tell_lost(L, j, 3, 4);
  }
  return 0;
}

void lc_debug_end (lua_State *L, lc_loop *loop) {
  if (!lc_debug_on(loop) || !lua_checkstack(L, 8)) return;
  lua_pushcfunction(L, tell_unseen);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
  forget(L, &unseen_key);
}

typedef struct garbage {
  const void *thing;
  const char *name;
} garbage;

/* garbage (light userdata) -> that it is, and open */
static int collected (lua_State *L) {
  const garbage *g = lua_touserdata(L, 1);
  lc_debug_place(L, g->thing);
  lua_pushfstring(L, "a %s was collected while open; it was made at %s: close "
                  "it, or keep it in a <close> variable", g->name,
                  lua_isstring(L, 2) ? lua_tostring(L, 2) : "?");
  return 1;
}

void lc_debug_garbage (lua_State *L, const void *thing, const char *name) {
  garbage g = {thing, name};
  lc_debug_warn(L, collected, &g);
}

/* core.debug(): see lc_debug_start */
static int debug_start (lua_State *L) {
  lc_debug_start(lc_luax_loop(L));
  return 0;
}

/* core.undebug(): see lc_debug_stop */
static int debug_stop (lua_State *L) {
  lc_debug_stop(L, lc_luax_loop(L));
  return 0;
}

/* core.debugging() -> is it on? */
static int debug_is_on (lua_State *L) {
  lua_pushboolean(L, lc_debug_on(lc_luax_loop(L)));
  return 1;
}

/* core.on_lock(f): f(lock, true, place) is called when a lock is taken, and
** f(lock, false) when it is given up */
static int debug_on_lock (lua_State *L) {
  lc_luax_function(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &lock_key);
  return 0;
}

static const luaL_Reg functions[] = {
  {"debug", debug_start},
  {"undebug", debug_stop},
  {"debugging", debug_is_on},
  {"on_lock", debug_on_lock},
  {NULL, NULL}
};

void lc_debug_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
