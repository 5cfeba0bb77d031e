/*
** process_c.c fork|spawn|forkserver|trip [N [MB]]: what the system asks for a
** process, of a program that holds so much memory. `fork` forks this small program and waits for its end, `spawn`
** runs `lua5.4 -e ""` by posix_spawn, `forkserver` has a process with one
** thread fork on demand and tell of the end, over a socket. `trip` sends 16
** bytes there and back over a pair of sockets between two processes.
*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail (const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void by_fork (void) {
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) _exit(0);
  if (waitpid(pid, NULL, 0) != pid) fail("waitpid");
}

static void by_spawn (void) {
  char name[] = "lua5.4", option[] = "-e", text[] = "";
  char *argv[] = {name, option, text, NULL};
  pid_t pid;
  if (posix_spawnp(&pid, name, NULL, NULL, argv, environ)) fail(name);
  if (waitpid(pid, NULL, 0) != pid) fail("waitpid");
}

static int ends[2];

static void say (int fd, size_t n) {
  char bytes[16] = {0};
  if (write(fd, bytes, n) != (ssize_t)n) fail("write");
}

static int hear (int fd, size_t n) {
  char bytes[16];
  return read(fd, bytes, n) == (ssize_t)n;
}

static void serve_forks (void) {
  while (hear(ends[1], 1)) {
    by_fork();
    say(ends[1], 1);
  }
}

static void serve_trips (void) {
  while (hear(ends[1], 16)) say(ends[1], 16);
}

static void by_server (void) {
  say(ends[0], 1);
  if (!hear(ends[0], 1)) fail("read");
}

static void trip (void) {
  say(ends[0], 16);
  if (!hear(ends[0], 16)) fail("read");
}

/* The other process, which ends when our end of the pair is closed. */
static void start (void (*serve) (void)) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid > 0) return;
  close(ends[0]);
  serve();
  _exit(0);
}

/* Touched, so that it is there. */
static int hold (size_t size) {
  static char *volatile held;
  held = malloc(size);
  if (held) memset(held, 1, size);
  return held != NULL;
}

static void run (void (*once) (void), int n) {
  for (int i = 0; i < n / 10 + 1; i++) once();
  double begin = now();
  for (int i = 0; i < n; i++) once();
  printf("us %.17g\n", (now() - begin) / n * 1e6);
}

int main (int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "fork";
  int n = argc > 2 ? atoi(argv[2]) : 500;
  if (argc > 3 && !hold((size_t)atoi(argv[3]) << 20)) fail("malloc");
  if (strcmp(what, "fork") == 0) run(by_fork, n);
  else if (strcmp(what, "spawn") == 0) run(by_spawn, n);
  else if (strcmp(what, "forkserver") == 0) {
    start(serve_forks);
    run(by_server, n);
  }
  else if (strcmp(what, "trip") == 0) {
    start(serve_trips);
    run(trip, n);
  }
  else return EXIT_FAILURE;
  return EXIT_SUCCESS;
}
