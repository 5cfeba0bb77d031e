/*
** fswhole.h: requests about whole files: see fscall.h.
*/

#ifndef lc_fswhole_h
#define lc_fswhole_h

#include "fs/fsdata.h"

void lc_fswhole_read (lc_fsdata *d);    /* -> bytes */

/* Writes `bytes`; mode, how. With LC_FS_ATOMIC the path leads to the old
** contents or the new, never to a part; the file keeps its mode, and its
** owner where that is allowed. What is no plain file is written as it is. */
void lc_fswhole_write (lc_fsdata *d);

/* path to path2, mode and holes included. */
void lc_fswhole_copy (lc_fsdata *d);

#endif
