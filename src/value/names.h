/*
** names.h: what another state can find by name: loaded modules, and the C
** functions that are fields of these.
**
** A reading of package.loaded, by the addresses of its values. Names are
** copies, so nothing here depends on what Lua does meanwhile. A value with
** several names has the shortest, or the first in the alphabet.
**
** A reading is used again as long as it is true: `loaded` has what stood in
** package.loaded, in order, and is compared with what stands there now. The
** fields of modules are too many for that. So a function that has a name is
** looked up by it, and only if it is no longer there, or has none, all are
** read anew.
**
** False stands for want of memory; only lc_names_function may raise, for the
** same reason. All zero is empty.
*/

#ifndef lc_names_h
#define lc_names_h

#include "base/bytes.h"
#include "base/ptrmap.h"

typedef struct lc_names {
  lc_ptrmap map;      /* address -> 1 + place of the name in text */
  lc_bytes text;      /* "module\0", or "module\0field\0" */
  lc_bytes loaded;    /* address, then "module\0", for each module */
  bool functions;     /* have C functions been read? */
} lc_names;

/* Brings the names of modules up to date. */
bool lc_names_modules (lc_names *n, lua_State *L);

/* The name of the module at this address, or NULL; valid until more is
** read. */
const char *lc_names_module (const lc_names *n, const void *address);

/* Finds the C function on top: *name in *module, valid until more is read;
** NULL where it is in none. */
bool lc_names_function (lc_names *n, lua_State *L, const char **module,
                        const char **name);

/* Forgets all. */
void lc_names_free (lc_names *n);

#endif
