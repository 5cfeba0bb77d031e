/* The server under test: a process that the load generator starts.
 *
 * The server must print `port N` as its first line and must end when its
 * standard input ends, or, where it cannot watch a pipe, when a connection
 * that it makes to 127.0.0.1:$BENCH_CONTROL ends. Both happen by themselves
 * when the load generator dies, so no server is left behind. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <sys/types.h>

struct child {
  pid_t pid;
  int input;   /* our end of its standard input; closing it ends the server */
  int output;  /* our end of its standard output */
  int control; /* listens; never accepts; closing it ends the server too */
  int port;    /* where the server listens */
};

/* Start `argv`, pinned to `cpu` unless that is negative, and wait for its
 * port. 0, or -1 with a message on stderr. */
int child_start(struct child *child, char **argv, int cpu);

/* CPU time used so far, all threads, in seconds. */
double child_cpu(const struct child *child);

/* Resident memory in bytes. */
long child_rss(const struct child *child);

/* End the server, gently first. 0 when it ended by itself with status 0. */
int child_stop(struct child *child);

#endif
