/*
** parcel.c: messages with descriptors. See parcel.h.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "engine/parcel.h"

/* Room for the descriptors, aligned as the system wants it. */
typedef union lc_parcelroom {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(LC_PARCEL_FDS * sizeof(int))];
} room;

static int make_pair (int type, int fds[2]) {
  return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds)
         ? uv_translate_sys_error(errno) : 0;
}

int lc_parcel_pair (bool stream, int fds[2]) {
  return lc_uv(make_pair(stream ? SOCK_STREAM : SOCK_SEQPACKET, fds));
}

static void enclose (struct msghdr *m, room *r, const int *fds, int n) {
  size_t size = (size_t)n * sizeof(int);
  memset(r, 0, sizeof *r);
  m->msg_control = r;
  m->msg_controllen = CMSG_SPACE(size);
  struct cmsghdr *header = CMSG_FIRSTHDR(m);
  if (!header) return;   /* there is room for one */
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(header), fds, size);
}

int lc_parcel_send (int socket, const void *data, size_t len, const int *fds,
                    int n) {
  room r;
  struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
  lc_assert(n <= LC_PARCEL_FDS && len > 0);
  if (n > 0) enclose(&m, &r, fds, n);
  ssize_t sent;
  do sent = sendmsg(socket, &m, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? uv_translate_sys_error(errno) : 0;
}

static void unpack (struct msghdr *m, lc_parcel *p) {
  for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    p->n = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(p->fds, CMSG_DATA(h), (size_t)p->n * sizeof(int));
  }
}

ssize_t lc_parcel_recv (int socket, void *data, size_t len, lc_parcel *p) {
  room r;
  struct iovec part = {.iov_base = data, .iov_len = len};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1,
                     .msg_control = &r, .msg_controllen = sizeof r};
  ssize_t got;
  p->n = 0;
  do got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return uv_translate_sys_error(errno);
  unpack(&m, p);
  p->torn = (m.msg_flags & MSG_CTRUNC) != 0;
  return got;
}

void lc_parcel_close (lc_parcel *p) {
  for (int i = 0; i < p->n; i++)
    if (p->fds[i] >= 0) (void)close(p->fds[i]);
  p->n = 0;
}
