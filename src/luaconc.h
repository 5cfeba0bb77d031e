/*
** luaconc.h: what a program that embeds Lua may use, and a module in C.
**
** A script's jobs run on a libuv loop of their own unless the host gives
** them its own, before the module is first required:
**
**   lua_pushlightuserdata(L, loop);          // a uv_loop_t *
**   lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
**
** Then every uv_run of the host runs the jobs too, with no call of ours; the
** loop must outlive the state, and lua_close must not be called from inside
** one of its callbacks. Nor may a script that such a callback calls wait: that
** raises where it can be seen, which is while the loop polls; libuv does not
** tell of the callbacks of its timers. A host with a loop of another kind lets
** its own wait for a descriptor, and gives turns: see luaconc_api.
**
** A host links with libluaconc.a, which has the files in Lua in it, and calls
** luaconc_preload; or its scripts find the module as any other.
**
** All of this is for the thread of the state: the one that is in it, or, where
** none is, whichever the host hands it to. What another thread calls meanwhile
** raises, as far as that can be seen; `post` is for those.
**
** A module's userdata crosses to other states if its metatable has a field
** `__transfer`: a function (see "What may cross" in docs/design.md), or, for
** what lies in C memory, a light userdata that points to a luaconc_transfer:
**
**   static const luaconc_transfer transfer = {
**     LUACONC_TRANSFER, "image", NULL, image_leave, image_arrive, image_drop
**   };
**   ...
**   lua_pushlightuserdata(L, (void *)&transfer);
**   lua_setfield(L, -2, "__transfer");   // of the metatable
**
** Only addresses are passed on, so the module need not be linked with ours.
**
** From C++: Lua must be the one that is compiled as C, whose errors jump. So
** where something may raise, no object that has a destructor may stand in a
** frame between there and the protected call; and an exception must not leave
** a function that Lua or luaconc has called.
*/

#ifndef luaconc_h
#define luaconc_h

#ifdef __cplusplus
extern "C" {
#endif

#include <stddef.h>

#include <lua.h>
#include <lauxlib.h>

/* Of this file. To be compared with a number: 10203 is 1.2.3. */
#define LUACONC_VERSION "0.1.0"
#define LUACONC_VERSION_NUM 100

/* Fields of the registry. */
#define LUACONC_UV_LOOP "luaconc.uv_loop"
#define LUACONC_API_KEY "luaconc.api"

struct uv_loop_s;            /* libuv's uv_loop_t */

/* Opens the private module `luaconc.core`: a lua_CFunction for require. */
int luaopen_luaconc_core (lua_State *L);

/* Of the archive only: lets `require "luaconc"` and all that belongs to it be
** found in the program itself, in this state and in those of its threads. May
** raise: the library `package` must be open. */
void luaconc_preload (lua_State *L);

#define LUACONC_TRANSFER 1   /* the version of the struct below */

/* How userdata moves to another state of this process, or is shared with it:
** by an object, an address that means something to the module alone. Until it
** has arrived the object belongs to the message. */
typedef struct luaconc_transfer {
  int version;               /* LUACONC_TRANSFER */
  const char *module;        /* is required in the other state before the
                             ** object arrives; NULL: none need be */

  /* Why the userdata can't be sent now ("is closed"); NULL: it can. Asked
  ** before anything is sent. NULL in place of the function: it always can. */
  const char *(*refuse) (lua_State *L, int index);

  /* Gives the object: all values of the message can be sent. To move it, what
  ** is left is a userdata without one; to share it, the object counts its
  ** holders. NULL: no memory. May raise, before it has done anything. */
  void *(*leave) (lua_State *L, int index);

  /* Pushes a userdata of the other state, to which the object belongs from
  ** now on. May raise; then it does not. */
  void (*arrive) (lua_State *L, void *object);

  /* Nobody has received the object. Any thread; no Lua. */
  void (*drop) (void *object);

  /* For other processes, and for bytes that are kept: what a function
  ** __transfer is. NULL: it is refused there. */
  lua_CFunction describe;
} luaconc_transfer;

/* {{ The functions: one table of them, so that a host with our archive in it
** and a module that Lua loads read the same. All but `post` and `release` are
** for the thread of the state; what may raise needs a protected call around
** it, as with any function of Lua's API. */

#define LUACONC_API 2        /* the version of the table: it only grows */

typedef enum luaconc_status {
  LUACONC_DONE,              /* the results are on the stack */
  LUACONC_FAILED,            /* the error is */
  LUACONC_CANCELLED          /* so is it */
} luaconc_status;

/* The end of a job of `spawn`: called in its task, with the results or the
** error on the stack. It returns as a lua_CFunction does, and may wait as one;
** what it raises is the task's failure. Where the job never began, as the
** state ended, L is NULL: then it frees `ud`, no more. */
typedef int (*luaconc_done) (lua_State *L, luaconc_status status, void *ud);

/* A call that was posted: the same, in a task of its own. */
typedef int (*luaconc_call) (lua_State *L, void *ud);

typedef struct luaconc_port luaconc_port;

/* One wait of one task, in memory that stays until it is over. The caller
** fills the first three fields; the others are 0 at first, and after `end`. */
typedef struct luaconc_wait {
  const char *name;          /* what is waited for, as conc.tree shows it */
  void (*cancel) (struct luaconc_wait *w);  /* called once, if at all; from
        then on there must be no `complete`. No Lua. NULL: it can't be
        cancelled, and only the end of the state passes over it */
  void *ud;                  /* the caller's */
  void *reserved[8];
} luaconc_wait;

typedef struct luaconc_api {
  int version;               /* of the library's table: LUACONC_API or more */

  /* {{ Driving, for a host with a loop of another kind */

  /* Runs what is ready and looks, without waiting, what has arrived; returns
  ** the number of live jobs. Raises the failure of a job that nobody awaits,
  ** once no job is left; and inside a task or a callback. */
  int (*turn) (lua_State *L);

  /* How long there is nothing to do, in ms: until then, or until `descriptor`
  ** is readable, the host may sleep. 0: not at all; -1: no limit. To be asked
  ** after each turn, of a state that was asked for its descriptor. */
  int (*timeout) (lua_State *L);

  /* To be polled for reading; a negative code of libuv where there is none.
  ** It stays the same. */
  int (*descriptor) (lua_State *L);

  /* The state's uv_loop_t, for handles of one's own, which must be closed
  ** before the state is; NULL where it can't be made. */
  struct uv_loop_s *(*loop) (lua_State *L);

  /* Ends all jobs in order: cancels them, lets their clean-ups run, for a
  ** second at most, and closes what they have open. Where lua_close is not to
  ** be the moment. From then on nothing waits in this state. Raises inside a
  ** task or a callback. */
  void (*close) (lua_State *L);

  /* }} */

  /* {{ Jobs */

  /* Starts the function below its `nargs` arguments on the stack as a task, and
  ** leaves its handle instead. When it and all jobs that it started have ended,
  ** `done` is called, exactly once, and has results and failure in the place
  ** of whoever awaits the handle. NULL: a job like any other. Raises as
  ** conc.spawn does; then `done` is not called. */
  void (*spawn) (lua_State *L, int nargs, luaconc_done done, void *ud);

  /* How other threads reach the state: a reference, which `release` gives
  ** back. */
  luaconc_port *(*port) (lua_State *L);

  /* Any thread: `call` will be called, exactly once. 0 where the state has
  ** ended or there is no memory: then it will not. */
  int (*post) (luaconc_port *p, luaconc_call call, void *ud);

  /* Any thread. */
  void (*release) (luaconc_port *p);

  /* }} */

  /* {{ Functions that wait: `offload` below for what blocks or computes in C;
  ** these where an event ends the wait.
  **
  **   static int k_fetch (lua_State *L, int status, lua_KContext ctx) {
  **     fetch *f = (fetch *)ctx;
  **     lc->end(L, &f->wait);             // raises a cancellation
  **     lua_pushlstring(L, f->data, f->size);
  **     return 1;
  **   }
  **
  **   static int fetch_data (lua_State *L) {
  **     lc->begin(L);                     // raises where nobody can wait
  **     fetch *f = lua_newuserdatauv(L, sizeof *f, 0);
  **     f->wait = (luaconc_wait){"fetch", cancel_fetch, f, {0}};
  **     ...                               // start what will complete it
  **     return lc->wait(L, &f->wait, k_fetch, (lua_KContext)f);
  **   }
  */

  /* Adds functions to the table on top, as luaL_setfuncs does. Those that
  ** wait must be added so. */
  void (*functions) (lua_State *L, const luaL_Reg *functions);

  /* Raises where the caller can't wait, and says why: to be called before
  ** anything is started. */
  void (*begin) (lua_State *L);

  /* Waits for `complete`, which may have been already. To be returned. */
  int (*wait) (lua_State *L, luaconc_wait *w, lua_KFunction k,
               lua_KContext ctx);

  /* The wait is over: its task goes on in turn. Once over it stays so: what
  ** is said later does not count. Other threads post a call that does it. */
  void (*complete) (luaconc_wait *w, int result);

  /* First in the continuation: what `complete` said. Raises a cancellation,
  ** and then does not look at `w`, which may be gone. */
  int (*end) (lua_State *L, luaconc_wait *w);

  /* }} */

  /* {{ Limits */

  /* The state may hold so many bytes at most; what would be more is "not
  ** enough memory" to the script. 0: no limit. Raises where it holds more. */
  void (*limit_memory) (lua_State *L, size_t bytes);

  /* A task that computes for so long without a wait gets an error, and where
  ** it goes on, one at each instruction until it ends or waits. For tasks
  ** started from now on, which are slower by it. 0: no limit. */
  void (*limit_slice) (lua_State *L, double seconds);

  /* }} */

  /* {{ Since LUACONC_API 2 */

  /* The whole of a function that waits for what blocks or computes in C, after
  ** `begin` (so it must be added by `functions`):
  **
  **   return lc->offload(L, count, counted, work);
  **
  ** calls `work(ud)` in a thread of its own, where there is no Lua, and then
  ** `done(L, ud)` in the task, as a lua_CFunction whose results are those of
  ** the function. Where nobody waits any more, as the task was cancelled or
  ** the state has ended, L is NULL, once `work` has returned; in any thread.
  ** So `done` is called exactly once, and frees `ud`. Raises where the system
  ** has no thread; then `done` has been called. */
  int (*offload) (lua_State *L, void (*work) (void *ud), luaconc_call done,
                  void *ud);

  /* }} */
} luaconc_api;

/* The table, by `require "luaconc.core"` if need be. Raises where the library
** is older than this file. */
static inline const luaconc_api *luaconc_get (lua_State *L) {
  const luaconc_api *api;
  lua_getfield(L, LUA_REGISTRYINDEX, LUACONC_API_KEY);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "luaconc.core");
    lua_call(L, 1, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, LUACONC_API_KEY);
  }
  api = (const luaconc_api *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (!api || api->version < LUACONC_API)
    luaL_error(L, "luaconc is older than what uses it: luaconc "
                  LUACONC_VERSION " or later is needed");
  return api;
}

/* }} */

#ifdef __cplusplus
}
#endif

#endif
