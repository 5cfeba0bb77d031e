/*
** fstree.h: requests about folders and what is below them: see fscall.h.
*/

#ifndef lc_fstree_h
#define lc_fstree_h

#include "fs/fsdata.h"

/* Its entries -> bytes, in the order of their names: for each a byte, its
** file type (st_mode >> 12; 0: not known), and its name with a zero. */
void lc_fstree_scan (lc_fsdata *d);

/* mode, how */
void lc_fstree_mkdir (lc_fsdata *d);

/* A file or an empty folder; with LC_FS_TREE all that is in it as well. Does
** not follow links, whatever others do to the tree meanwhile. Stops at the
** first failure. */
void lc_fstree_remove (lc_fsdata *d);

#endif
