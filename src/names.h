/*
** names.h: what another state can find by name: loaded modules, and the C
** functions that are fields of these.
**
** A reading of package.loaded at one moment, by the addresses of its values.
** Names are copies, so nothing here depends on what Lua does meanwhile. A
** value with several names has the shortest, or the first in the alphabet.
** Nothing here raises; false stands for want of memory. All zero is empty.
*/

#ifndef lc_names_h
#define lc_names_h

#include "bytes.h"
#include "ptrmap.h"

typedef struct lc_names {
  lc_ptrmap map;      /* address -> 1 + place of the name in text */
  lc_bytes text;      /* "module\0", or "module\0field\0" */
  bool functions;     /* have C functions been read? */
} lc_names;

/* Reads the loaded modules, into an empty one. */
bool lc_names_modules (lc_names *n, lua_State *L);

/* Reads their C functions, if they have not been. */
bool lc_names_functions (lc_names *n, lua_State *L);

/* The name of the module at this address, or NULL; valid until more is
** read. */
const char *lc_names_module (const lc_names *n, const void *address);

/* The name of a C function in *module, or NULL. */
const char *lc_names_function (const lc_names *n, const void *address,
                               const char **module);

/* Forgets all. */
void lc_names_free (lc_names *n);

#endif
