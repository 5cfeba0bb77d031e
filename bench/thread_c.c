/*
** thread_c.c start|many|speed [N]: what threads with a Lua state each cost in
** C. `start` starts one that makes a state with its libraries, runs a chunk
** and closes the state, and joins it, one at a time; `many` starts N before
** it joins the first; `speed` computes N steps twice, one after the other and
** on two threads.
*/

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

enum { STACK = 1 << 20 };

static const char trivial[] = "return 1";
static const char compute[] =
  "local n, x = ..., 0\n"
  "for i = 1, n do x = (x * 31 + i) % 1000003 end\n"
  "return x";

static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail (const char *what) {
  fprintf(stderr, "thread_c: %s failed\n", what);
  exit(EXIT_FAILURE);
}

static void run_chunk (const char *text, int n) {
  lua_State *L = luaL_newstate();
  if (!L) fail("luaL_newstate");
  luaL_openlibs(L);
  if (luaL_loadstring(L, text) != LUA_OK) fail("luaL_loadstring");
  lua_pushinteger(L, n);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) fail("lua_pcall");
  lua_close(L);
}

static void *run_trivial (void *arg) {
  (void)arg;
  run_chunk(trivial, 0);
  return NULL;
}

static void *run_compute (void *n) {
  run_chunk(compute, *(int *)n);
  return NULL;
}

static void start (pthread_t *thread, void *(*body) (void *), void *arg) {
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK);
  if (pthread_create(thread, &attr, body, arg)) fail("pthread_create");
  pthread_attr_destroy(&attr);
}

static void one_by_one (int n) {
  for (int i = 0; i < n; i++) {
    pthread_t thread;
    start(&thread, run_trivial, NULL);
    pthread_join(thread, NULL);
  }
}

static void all_at_once (int n) {
  pthread_t *threads = calloc((size_t)n, sizeof(*threads));
  if (!threads) fail("calloc");
  for (int i = 0; i < n; i++) start(&threads[i], run_trivial, NULL);
  for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
  free(threads);
}

static void print_each (void (*run) (int), int n) {
  double begin = now();
  run(n);
  printf("us %.17g\n", (now() - begin) / n * 1e6);
}

static void print_speed (int n) {
  pthread_t threads[2];
  double begin = now();
  run_compute(&n);
  run_compute(&n);
  double alone = now() - begin;
  begin = now();
  for (int i = 0; i < 2; i++) start(&threads[i], run_compute, &n);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  printf("times %.17g\n", alone / (now() - begin));
}

int main (int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "start";
  int n = argc > 2 ? atoi(argv[2]) : 1000;
  if (n < 1) return EXIT_FAILURE;
  if (strcmp(what, "start") == 0) {
    one_by_one(n / 10 + 1);
    print_each(one_by_one, n);
  }
  else if (strcmp(what, "many") == 0) print_each(all_at_once, n);
  else if (strcmp(what, "speed") == 0) print_speed(n);
  else return EXIT_FAILURE;
  return EXIT_SUCCESS;
}
