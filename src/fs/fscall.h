/*
** fscall.h: requests that are one system call, or little more.
**
** Each works on a struct of fsdata.h in a thread of libuv's pool and leaves
** `err`, and what is said beside it.
*/

#ifndef lc_fscall_h
#define lc_fscall_h

#include "fs/fsdata.h"

void lc_fscall_stat (lc_fsdata *d);       /* -> st */
void lc_fscall_lstat (lc_fsdata *d);      /* -> st */
void lc_fscall_rename (lc_fsdata *d);
void lc_fscall_link (lc_fsdata *d);
void lc_fscall_symlink (lc_fsdata *d);    /* path: its target; path2: it */
void lc_fscall_readlink (lc_fsdata *d);   /* -> bytes */
void lc_fscall_realpath (lc_fsdata *d);   /* -> bytes */
void lc_fscall_chmod (lc_fsdata *d);      /* mode */
void lc_fscall_utime (lc_fsdata *d);      /* atime, mtime, how */
void lc_fscall_truncate (lc_fsdata *d);   /* size */
void lc_fscall_open (lc_fsdata *d);       /* flags, mode -> fd, seekable */
void lc_fscall_mkdtemp (lc_fsdata *d);    /* path's X are replaced */
void lc_fscall_mkstemp (lc_fsdata *d);    /* the same -> fd, seekable */
void lc_fscall_pread (lc_fsdata *d);      /* lent, offset, size -> bytes */
void lc_fscall_pwrite (lc_fsdata *d);     /* lent, offset, bytes */

#endif
