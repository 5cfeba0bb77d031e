/*
** debug.h: what is likely to be a mistake, said on standard error at once,
** with the place where its thing was made.
**
** Off unless `LUACONC_DEBUG=1` or `luaconc run --debug` says so, in all states
** of the program and in its worker processes. Off, it costs nothing: places
** are not noted, and whoever could warn looks at loop->watch first, on paths
** that are slow anyway.
*/

#ifndef lc_debug_h
#define lc_debug_h

#include "kernel/loop.h"
#include "value/message.h"

static inline bool lc_debug_on (const lc_loop *loop) {
  return lc_unlikely(loop->watch & LC_WATCH_DEBUG);
}

/* From now on, in this state and all that are made later. */
void lc_debug_start (lc_loop *loop);

/* No more, in this state and all that are made later: what was noted is
** forgotten. */
void lc_debug_stop (lua_State *L, lc_loop *loop);

/* A state begins: the same mode as its maker's. */
void lc_debug_inherit (lc_loop *loop);

/* Notes that the thing, known by its address, is made by the code that runs
** in L. Does not raise. */
void lc_debug_note (lua_State *L, lc_loop *loop, const void *thing);

/* Pushes where that was, "script.lua:12", or nil. Needs 3 slots; no raise. */
void lc_debug_place (lua_State *L, const void *thing);

/* Prints the text that `words` makes of the thing (light userdata): called
** protected, so it may raise. Nothing where it returns nil. */
void lc_debug_warn (lua_State *L, lua_CFunction words, void *thing);

/* A lock, the userdata at that index, is taken, or given up, by the code that
** runs in L. Does not raise. */
void lc_debug_lock (lua_State *L, lc_loop *loop, int lock, bool taken);

/* The results of a job, a list at that index, whose handle is at `handle`:
** whether it is an error that nobody looks at is told at the state's end. */
void lc_debug_result (lua_State *L, struct lc_job *j, int handle, int list);
void lc_debug_end (lua_State *L, lc_loop *loop);

/* The same for what a thread or process has returned and nobody has read, at
** its end. No raise. */
void lc_debug_reply (lua_State *L, struct lc_job *j, int handle,
                     const lc_message *m);

/* The thing that was noted is garbage, and open: says so. No raise. */
void lc_debug_garbage (lua_State *L, const void *thing, const char *name);

void lc_debug_open (lua_State *L, lc_loop *loop);

#endif
