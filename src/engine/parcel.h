/*
** parcel.h: messages with descriptors, between processes of one family.
**
** A parcel goes over a socket that keeps messages apart (SOCK_SEQPACKET):
** it arrives whole or not at all, and may come from any thread. Descriptors
** that arrive are closed at exec. Failures are negative libuv codes. Nothing
** here allocates C memory or raises.
*/

#ifndef lc_parcel_h
#define lc_parcel_h

#include "base/base.h"

enum { LC_PARCEL_FDS = 8 };

typedef struct lc_parcel {
  int n;                     /* descriptors; the receiver's to close */
  int fds[LC_PARCEL_FDS];
  bool torn;                 /* some did not arrive: no room for them here */
} lc_parcel;

/* Two connected sockets; `stream`: of bytes in order, without messages. */
int lc_parcel_pair (bool stream, int fds[2]);

/* Waits where the other side is slow. UV_EPIPE where it is gone. */
int lc_parcel_send (int socket, const void *data, size_t len, const int *fds,
                    int n);

/* Waits. Its length, 0 at the end, or a failure. */
ssize_t lc_parcel_recv (int socket, void *data, size_t len, lc_parcel *p);

/* Closes what has arrived; all -1 are passed over. */
void lc_parcel_close (lc_parcel *p);

#endif
