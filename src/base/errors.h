/*
** errors.h: the library's own errors, and the world's failures.
**
** An own error is a table {message = ..., code = ...} whose __tostring gives
** the message. The world's failures are three results: nil, message, code.
** All functions here may raise (memory) unless they say otherwise.
*/

#ifndef lc_errors_h
#define lc_errors_h

#include "base/base.h"

/* Pushes an error table; `code` may be NULL. */
void lc_errors_push (lua_State *L, const char *code, const char *fmt, ...)
  lc_printf(3, 4);

/* Raises one; the message begins with the place of the caller in Lua. */
int lc_errors_raise (lua_State *L, const char *code, const char *fmt, ...)
  lc_printf(3, 4);

/* Pushes nil, libuv's text and libuv's name for `code`; returns 3. */
int lc_errors_uv (lua_State *L, int code);

/* Pushes nil, message and code; returns 3. */
int lc_errors_fail (lua_State *L, const char *code, const char *fmt, ...)
  lc_printf(3, 4);

/* Is the value at `index` an own error with this code? Does not raise. */
bool lc_errors_is (lua_State *L, int index, const char *code);

/* Is it an own error, of whatever code? Does not raise. */
bool lc_errors_own (lua_State *L, int index);

/* Pushes the text of the value at `index`, as tostring gives it, or what has
** none, where that raises: who is told of a failure must not get another. May
** raise for memory. */
const char *lc_errors_text (lua_State *L, int index);

/* Sets up the metatable of own errors and adds `is_cancelled` to the table
** on top of the stack. */
void lc_errors_open (lua_State *L);

#endif
