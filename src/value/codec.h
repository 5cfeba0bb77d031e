/*
** codec.h: Lua values as bytes, for another state or for later.
**
** What crosses: nil, booleans, integers, floats, strings; tables with their
** identity and cycles; Lua functions (bytecode and copies of upvalues, which
** functions of one message go on sharing); loaded modules, found again by
** `require`, and the C functions in them; the globals, which become the
** receiver's, as does an `_ENV` with a metatable; instances of registered
** classes; userdata with __transfer. Anything else is refused with the path
** to it, before there are any bytes.
**
** Where a message holds nothing but data, it is copied whole: a table of
** data that happens to be a loaded module too is then a copy.
**
** Between states of one process the code of a function is not in the bytes,
** but a shared object that the message holds; see code.h.
**
** `__transfer(userdata)` returns a function and its arguments, which cross
** like any other values; the receiver calls it, and what it returns stands
** in the userdata's place. It is called once a message, must not wait, and
** must leave alone what is being sent.
**
** wire.h has the format; encode.h and decode.h the two directions.
*/

#ifndef lc_codec_h
#define lc_codec_h

#include "base/base.h"

struct lc_loop;

/* The largest message, unless the state has set another limit. */
#define LC_CODEC_LIMIT ((size_t)INT32_MAX)

/* Pushes the name under which the metatable on top was registered, or nil.
** Does not raise where the stack has room for 4. */
void lc_codec_name (lua_State *L);

/* Replaces the name on top by the metatable that is registered for it; nil
** where none is. With `load` the module of this name is asked for first,
** which may raise. */
void lc_codec_class (lua_State *L, bool load);

/* Replaces the name on top by the loaded module; may raise. */
void lc_codec_module (lua_State *L);

/* Adds the table `codec` to the table on top. May raise. */
void lc_codec_open (lua_State *L, struct lc_loop *loop);

#endif
