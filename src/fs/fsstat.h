/*
** fsstat.h: what the system tells of a file, as a table.
*/

#ifndef lc_fsstat_h
#define lc_fsstat_h

#include "fs/fsdata.h"

/* Pushes {type=, size=, mode=, ...} of d->st; returns 1. May raise. */
int lc_fsstat_push (lua_State *L, lc_fsdata *d);

/* "file", "directory", "link" ... for st_mode. */
const char *lc_fsstat_type (mode_t mode);

#endif
