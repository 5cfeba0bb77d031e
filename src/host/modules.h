/*
** modules.h: the library's own Lua files, read and compiled once a process.
**
** A state that is made for one job would take longer to compile them than to
** do the job. So worker states find them, by the name of the file that their
** package.path leads to, as bytecode that another state has left here.
**
** The store is shared by all threads. It is freed when the last state that
** holds it lets go.
*/

#ifndef lc_modules_h
#define lc_modules_h

#include "base/base.h"

/* A file that is a part of the program: see preload.c. */
typedef struct lc_builtin {
  const char *name;      /* "luaconc.tcp" */
  const char *chunk;     /* "@luaconc/tcp.lua" */
  const char *text;
  size_t size;
} lc_builtin;

/* From now on all states find these first, and in no folder: a list that ends
** with a NULL name, for good. Any thread; no raise. */
void lc_modules_build_in (const lc_builtin *files);

/* Any thread; no raise. */
void lc_modules_hold (void);
void lc_modules_release (void);

/* C blocks in the store, which nobody has lost. */
size_t lc_modules_blocks (void);

/* Puts a searcher for them before the others of the state, which holds the
** store; nothing where it has no `package`. May raise. */
void lc_modules_search (lua_State *L);

#endif
