/*
** luax.h: what this library needs beyond lauxlib.
**
** Every C function that Lua calls and that needs the loop of its state has
** it as upvalue 1, and a method has its metatable as upvalue 2: no registry
** look-up on a hot path. These functions raise as the API's own do.
*/

#ifndef lc_luax_h
#define lc_luax_h

#include "base/base.h"

struct lc_loop;

/* The loop of the function that runs. Never NULL, never raises. */
static inline struct lc_loop *lc_luax_loop (lua_State *L) {
  return (struct lc_loop *)lua_touserdata(L, lua_upvalueindex(1));
}

/* Adds functions, with the loop as upvalue, to the table on top. */
void lc_luax_functions (lua_State *L, struct lc_loop *loop,
                        const luaL_Reg *functions);

/* Makes the metatable `name` (registry) with methods in its __index table
** and metamethods; both have loop and metatable as upvalues. Pushes it. */
void lc_luax_type (lua_State *L, struct lc_loop *loop, const char *name,
                   const luaL_Reg *methods, const luaL_Reg *metamethods);

/* Gives the metatable on top an __index function that looks at the methods
** (its upvalue 3; loop and metatable are 1 and 2) before it makes fields. */
void lc_luax_index (lua_State *L, struct lc_loop *loop, lua_CFunction index);

/* The table on top is the loaded module `name` from now on, so that what is
** in it is found by name in every state that has opened the core. */
void lc_luax_module (lua_State *L, const char *name);

/* Raises "not enough memory". */
lc_noreturn void lc_luax_no_memory (lua_State *L);

/* Raises: what a method got as its self is something else. */
lc_noreturn void lc_luax_wrong_self (lua_State *L);

/* A method's self: userdata whose metatable is upvalue 2, else an error
** that names the type. */
static inline void *lc_luax_self (lua_State *L) {
  void *self = lua_touserdata(L, 1);
  if (self && lua_getmetatable(L, 1)) {
    int same = lua_rawequal(L, -1, lua_upvalueindex(2));
    lua_pop(L, 1);
    if (same) return self;
  }
  lc_luax_wrong_self(L);
}

/* Can the value be called? */
bool lc_luax_callable (lua_State *L, int index);

/* Raises unless the argument can be called. */
void lc_luax_function (lua_State *L, int arg);

/* Pushes the value as messages show it: strings in quotes and cut, others by
** their type, "no value" where there is none. */
const char *lc_luax_got (lua_State *L, int index);

/* Raises where the argument is a module of ours, whose metatable names it in
** `__module`: one of its functions was called as a method. */
void lc_luax_dot (lua_State *L, int arg);

/* Raises: `what` was expected, and the argument is something else. */
int lc_luax_expected (lua_State *L, int arg, const char *what);

/* The bytes in the arguments from 2 to `top`; raises where one is no string or
** number. */
size_t lc_luax_bytes (lua_State *L, int top);

/* A number of seconds, 0 or more, as nanoseconds. Raises for others (nan
** too) and names the value. Infinity and what is too long: UINT64_MAX. */
uint64_t lc_luax_seconds (lua_State *L, int arg);

/* The field `name` of the options table at `arg` (nil or none: no options)
** is pushed, nil where it is missing; returns its type. */
int lc_luax_option (lua_State *L, int arg, const char *name);

/* Raises: the option `name` of the table at `arg`, whose value is on top,
** must be something else. */
int lc_luax_bad_option (lua_State *L, int arg, const char *name,
                        const char *must);

/* The option `name`, true or false; `unless`: what it is where it is missing.
** Raises for others. */
bool lc_luax_flag (lua_State *L, int arg, const char *name, bool unless);

/* Raises where the options table at `arg` has a key that `names` lacks, and
** says which may be meant: one of those before an empty name; what comes
** after it is for the library alone. */
void lc_luax_options (lua_State *L, int arg, const char *const names[]);

/* The same for the table on top, which is the option `of`, as "limits.", of
** the table at `arg`. */
void lc_luax_fields (lua_State *L, int arg, const char *of,
                     const char *const names[]);

/* Like luaL_checkinteger, within bounds that the error names; a string is no
** number. From INT32_MAX on, the upper one is not told unless it is met. */
lua_Integer lc_luax_integer (lua_State *L, int arg, const char *what,
                             lua_Integer low, lua_Integer high);

/* Pushes the registry's table at `key`, made where there is none, with weak
** keys ("k") or values ("v"). */
void lc_luax_weak (lua_State *L, const char *mode, const void *key);

/* The value at `index`, which is absolute, stands for `p` from now on, in the
** table of weak values at `key`: so its finaliser can tell garbage, whose
** entry the collector has cleared, from what is finalised because the state
** is closed. */
void lc_luax_own (lua_State *L, int index, const void *key, const void *p);

/* In its finaliser: is it garbage? No raise. */
bool lc_luax_garbage (lua_State *L, int index, const void *key,
                      const void *p);

/* Is a finaliser running? While a state is closed, what is made gets none;
** this can't be told from a finaliser at another time. */
bool lc_luax_finalising (lua_State *L);

/* Adds `got` and `nearest` for the Lua part to the table on top. */
void lc_luax_open (lua_State *L);

#endif
