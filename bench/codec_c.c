/*
** codec_c.c [N]: memcpy of 1 MB, N times: what any encoder is at most.
*/

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 1000000 };

static double cpu (void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A copy that the compiler can't leave out. */
static void copy (volatile char *to, char *from, int i) {
  from[i % SIZE] = (char)i;
  memcpy((char *)to, from, SIZE);
}

int main (int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 2000;
  char *from = malloc(SIZE), *to = malloc(SIZE);
  if (!from || !to || n < 1) return EXIT_FAILURE;
  memset(from, 1, SIZE);
  for (int i = 0; i < n / 10 + 1; i++) copy(to, from, i);
  double start = cpu();
  for (int i = 0; i < n; i++) copy(to, from, i);
  double rate = SIZE / 1e6 * n / (cpu() - start);
  printf("encode %.17g\ndecode %.17g\n", rate, rate);
  free(from);
  free(to);
  return EXIT_SUCCESS;
}
