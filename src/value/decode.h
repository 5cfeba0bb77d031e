/*
** decode.h: from bytes to values.
**
** Bytes may come from anywhere: no length is believed, nothing is allocated
** that the bytes are too few for, nesting is bounded, and C memory is not
** used, so an error leaves nothing. What a message makes takes at most
** about 40 times its size. Functions, modules and globals are refused unless
** the caller says that the bytes come from this program: bytecode can do
** anything.
*/

#ifndef lc_decode_h
#define lc_decode_h

#include "shared/shared.h"

/* Pushes the values of a message and returns their number. The bytes must
** stay where they are meanwhile. `code`: they are trusted, and may load
** functions and modules. Raises an own error, with the code EPROTO where the
** bytes are no message, EPERM where they need `code`, ENOENT where a module
** or class is not found. May run Lua code (require, finalisers). */
int lc_decode (lua_State *L, const char *bytes, size_t n, bool code);

/* The same for trusted bytes that name the n shared objects in `held`. */
int lc_decode_message (lua_State *L, const char *bytes, size_t size,
                       lc_shared *const *held, uint32_t n);

#endif
