/*
** fsnow.h: reading what the system has in memory already.
**
** A way around the thread pool, for the loop's own thread: the system
** promises not to wait for a disk or another machine in it, so what it takes
** is the copying. Another system is another file beside fsnow_linux.c.
*/

#ifndef lc_fsnow_h
#define lc_fsnow_h

#include "base/base.h"

/* At most this is copied at once: some 10 us. */
enum { LC_FSNOW_MOST = 131072 };

/* Reads at most n bytes at `offset`: their number, 0 at the end of the file,
** or UV_EAGAIN: not without waiting. */
ssize_t lc_fsnow_read (int fd, char *to, size_t n, int64_t offset);

#endif
