/*
** exec_c.c: /bin/true by posix_spawn, 8 at a time; the wall time of each.
** exec_c N [MB]: in a program that holds so many megabytes.
*/

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { AT_ONCE = 8 };

static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start (void) {
  char name[] = "/bin/true";
  char *argv[] = {name, NULL};
  pid_t pid;
  if (posix_spawn(&pid, name, NULL, NULL, argv, environ)) exit(1);
}

static void finish (void) {
  int status;
  if (wait(&status) < 0 || status != 0) exit(1);
}

static void run (int n) {
  int running = 0;
  for (int i = 0; i < n; i++) {
    if (running == AT_ONCE) finish();
    else running++;
    start();
  }
  while (running--) finish();
}

int main (int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 500;
  size_t held = (size_t)(argc > 2 ? atoi(argv[2]) : 0) << 20;
  if (held) {
    char *heap = malloc(held);
    if (!heap) return 1;
    memset(heap, 1, held);
  }
  run(n / 10);
  double begun = now();
  run(n);
  printf("ms %.17g\n", (now() - begun) / n * 1e3);
  return 0;
}
