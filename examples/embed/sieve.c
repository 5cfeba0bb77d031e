/*
** sieve.c: a module in C with a function that waits: the work is done by a
** thread of its own, and only the task that asked waits for it.
**
**   cc -shared -fPIC -Wl,-z,nodelete sieve.c -o sieve.so \
**     $(pkg-config --cflags luaconc lua5.4)
**
** (nodelete: it stays in memory while a thread of it may run.)
**
**   local sieve = require "sieve"
**   print(sieve.count(10000000))   --> 664579, primes below
*/

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "luaconc.h"

static const luaconc_api *lc;   /* the same in every state */

/* Shared by the task and the thread: the last of them frees it. */
typedef struct work {
  luaconc_wait wait;
  luaconc_port *port;
  atomic_int holders;
  atomic_bool unwanted;
  size_t limit;
  long count;               /* -1: no memory */
} work;

static void release (work *w) {
  if (atomic_fetch_sub(&w->holders, 1) > 1) return;
  lc->release(w->port);
  free(w);
}

/* In the thread of the state again. */
static int work_done (lua_State *L, void *ud) {
  work *w = ud;
  if (L && !atomic_load(&w->unwanted)) lc->complete(&w->wait, 0);
  release(w);
  return 0;
}

static long count_primes (const work *w, char *composite) {
  long count = 0;
  for (size_t i = 2; i < w->limit && !atomic_load(&w->unwanted); i++) {
    if (composite[i]) continue;
    count++;
    for (size_t j = i * i; j < w->limit; j += i) composite[j] = 1;
  }
  return count;
}

static void *work_main (void *arg) {
  work *w = arg;
  char *composite = calloc(w->limit + 1, 1);
  w->count = composite ? count_primes(w, composite) : -1;
  free(composite);
  if (!lc->post(w->port, work_done, w)) release(w);
  return NULL;
}

/* Nobody waits any more. The thread finds out, and frees what is left. */
static void work_cancel (luaconc_wait *wait) {
  work *w = wait->ud;
  atomic_store(&w->unwanted, true);
  release(w);
}

static int k_count (lua_State *L, int status, lua_KContext ctx) {
  work *w = (work *)ctx;
  (void)status;
  lc->end(L, &w->wait);   /* does not come back where it was cancelled */
  long count = w->count;
  release(w);
  if (count < 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, count);
  return 1;
}

/* sieve.count(limit) -> how many primes there are below; waits */
static int sieve_count (lua_State *L) {
  lua_Integer limit = luaL_checkinteger(L, 1);
  luaL_argcheck(L, limit >= 0 && limit <= 100000000, 1, "0 to 100,000,000");
  lc->begin(L);
  work *w = calloc(1, sizeof *w);
  pthread_t thread;
  if (!w) return luaL_error(L, "not enough memory");
  w->limit = (size_t)limit;
  w->port = lc->port(L);
  w->wait = (luaconc_wait){"sieve", work_cancel, w, {0}};
  atomic_init(&w->holders, 2);
  if (pthread_create(&thread, NULL, work_main, w) != 0) {
    atomic_store(&w->holders, 1);
    release(w);
    return luaL_error(L, "cannot start a thread");
  }
  pthread_detach(thread);
  return lc->wait(L, &w->wait, k_count, (lua_KContext)w);
}

static const luaL_Reg functions[] = {
  {"count", sieve_count},
  {NULL, NULL}
};

__attribute__((visibility("default"))) int luaopen_sieve (lua_State *L);

int luaopen_sieve (lua_State *L) {
  lc = luaconc_get(L);
  lua_newtable(L);
  lc->functions(L, functions);
  return 1;
}
