/* What the timers benchmark costs in C on libuv: one uv_timer_t a sleep.
 * `timers_c N` starts N sleeps of 0..1 s and prints the CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

static unsigned long fired;

static void on_timer(uv_timer_t *timer) {
  (void)timer;
  fired++;
}

static double seconds(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv) {
  unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, i;
  uv_loop_t *loop = uv_default_loop();
  uv_timer_t *timers = calloc(n, sizeof *timers);
  struct rusage use;
  double part = 0;
  if (timers == NULL) return 1;
  for (i = 0; i < n; i++) {
    part += 0.618033988749895; /* spreads evenly, in a scattered order */
    if (part >= 1) part -= 1;
    uv_timer_init(loop, &timers[i]);
    uv_timer_start(&timers[i], on_timer, (uint64_t)(part * 1000), 0);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  getrusage(RUSAGE_SELF, &use);
  printf("fired %lu\n", fired);
  printf("cpu_s %.6f\n", seconds(use.ru_utime) + seconds(use.ru_stime));
  free(timers);
  return fired == n ? 0 : 1;
}
