/*
** mistakes.c: a host that does what luaconc.h forbids, for
** spec/hosts_spec.lua. It prints what it is told: nothing may crash.
**
**   mistakes WHICH
*/

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <lualib.h>
#include <uv.h>

#include "luaconc.h"

static const luaconc_api *lc;

/* {{ Calls, and what came of them */

static void say (lua_State *L, const char *what, int status) {
  printf("%s: %s\n", what, status == LUA_OK ? "no error"
                                            : luaL_tolstring(L, -1, NULL));
  lua_settop(L, 0);
}

static void call (lua_State *L, const char *what, lua_CFunction f) {
  lua_pushcfunction(L, f);
  say(L, what, lua_pcall(L, 0, 0, 0));
}

static void script (lua_State *L, const char *text) {
  int status = luaL_loadbuffer(L, text, strlen(text), "=script");
  say(L, text, status ? status : lua_pcall(L, 0, 0, 0));
}

static void pause_for (long ms) {
  struct timespec t = {0, ms * 1000000};
  nanosleep(&t, NULL);
}

static int get (lua_State *L) {
  lc = luaconc_get(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "luaconc");
  lua_call(L, 1, 1);
  lua_setglobal(L, "conc");
  return 0;
}

static int turn (lua_State *L) {
  lc->turn(L);
  return 0;
}

static int turns (lua_State *L) {
  while (lc->turn(L) > 0) ;
  return 0;
}

static int close_state (lua_State *L) {
  lc->close(L);
  return 0;
}

static int on_done (lua_State *L, luaconc_status status, void *ud) {
  (void)ud;
  if (!L) printf("done: it never began\n");
  else printf("done: status %d\n", status);
  return 0;
}

static int spawn (lua_State *L) {
  luaL_loadstring(L, "return 1");
  lc->spawn(L, 0, on_done, NULL);
  return 0;
}

/* }} */

/* {{ Functions that wait */

static luaconc_wait kept;

static int k_kept (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lua_pushinteger(L, lc->end(L, &kept));
  return 1;
}

static void cancel_kept (luaconc_wait *w) {
  (void)w;
  printf("cancelled\n");
}

static int wait_kept (lua_State *L) {
  kept.name = "kept";
  return lc->wait(L, &kept, k_kept, 0);
}

static int complete_twice (lua_State *L, void *ud) {
  (void)ud;
  if (!L) return 0;
  lc->complete(&kept, 1);
  lc->complete(&kept, 2);
  return 0;
}

static int twice (lua_State *L) {
  lc->begin(L);
  luaconc_port *p = lc->port(L);
  lc->post(p, complete_twice, NULL);
  lc->release(p);
  kept.cancel = cancel_kept;
  return wait_kept(L);
}

/* What can't be cancelled, and does not come. */
static int never (lua_State *L) {
  kept.cancel = NULL;
  return wait_kept(L);
}

static void *complete_there (void *arg) {
  (void)arg;
  pause_for(20);
  lc->complete(&kept, 7);
  return NULL;
}

static int astray (lua_State *L) {
  pthread_t thread;
  kept.cancel = cancel_kept;
  pthread_create(&thread, NULL, complete_there, NULL);
  pthread_detach(thread);
  return wait_kept(L);
}

static const luaL_Reg functions[] = {
  {"twice", twice}, {"never", never}, {"astray", astray},
  {"turn", turn}, {"close", close_state},
  {NULL, NULL}
};

static int add (lua_State *L) {
  lua_newtable(L);
  lc->functions(L, functions);
  lua_setglobal(L, "f");
  luaL_newlib(L, functions);
  lua_setglobal(L, "plain");
  return 0;
}

/* }} */

static lua_State *open_state (uv_loop_t *loop) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaconc_preload(L);
  if (loop) {
    lua_pushlightuserdata(L, loop);
    lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
  }
  call(L, "get", get);
  call(L, "add", add);
  return L;
}

/* {{ The mistakes */

static int preload (lua_State *L) {
  luaconc_preload(L);
  return 0;
}

static void opening (void) {
  lua_State *L = luaL_newstate();
  call(L, "preload", preload);
  lua_close(L);
  L = luaL_newstate();
  luaL_openlibs(L);
  luaconc_preload(L);
  lua_pushliteral(L, "loop");
  lua_setfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
  call(L, "get", get);
  lua_close(L);
}

static int spawn_nothing (lua_State *L) {
  lc->spawn(L, 0, on_done, NULL);
  return 0;
}

static int spawn_too_much (lua_State *L) {
  lua_settop(L, 2);
  lc->spawn(L, 3, on_done, NULL);
  return 0;
}

static void spawning (void) {
  lua_State *L = open_state(NULL);
  call(L, "nothing", spawn_nothing);
  call(L, "too much", spawn_too_much);
  lua_close(L);
}

static int after (lua_State *L) {
  luaconc_port *p = lc->port(L);
  printf("%d jobs, timeout %d, descriptor %s, loop %s, post %d\n",
         lc->turn(L), lc->timeout(L), uv_err_name(lc->descriptor(L)),
         lc->loop(L) ? "there" : "gone", lc->post(p, complete_twice, NULL));
  lc->release(p);
  return 0;
}

static void closing (void) {
  lua_State *L = open_state(NULL);
  call(L, "spawn", spawn);
  call(L, "close", close_state);
  call(L, "close again", close_state);
  call(L, "after", after);
  call(L, "spawn", spawn);
  script(L, "conc.sleep(1)");
  script(L, "f.twice()");
  lua_close(L);
}

static void waiting (void) {
  lua_State *L = open_state(NULL);
  script(L, "print(f.twice())");
  script(L, "print(f.twice())");
  script(L, "print(plain.twice())");
  script(L, "print(f.astray())");
  script(L, "conc.run(conc.spawn, function() f.turn() end)");
  script(L, "conc.spawn(f.never) conc.yield()");
  call(L, "close", close_state);
  lua_close(L);
}

static void *elsewhere (void *arg) {
  lua_State *L = arg;
  pause_for(50);
  call(L, "there: spawn", spawn);
  call(L, "there: turn", turn);
  call(L, "there: close", close_state);
  return NULL;
}

static void *hand_over (void *L) {
  call(L, "handed over: spawn", spawn);
  call(L, "handed over: turns", turns);
  return NULL;
}

static void threads (void) {
  pthread_t thread;
  lua_State *L = open_state(NULL);
  pthread_create(&thread, NULL, elsewhere, L);
  script(L, "conc.sleep(0.2)");
  pthread_join(thread, NULL);
  pthread_create(&thread, NULL, hand_over, L);
  pthread_join(thread, NULL);
  lua_close(L);
}

static void on_async (uv_async_t *async) {
  lua_State *L = async->data;
  call(L, "inside: turn", turn);
  call(L, "inside: close", close_state);
  script(L, "conc.sleep(1)");
  uv_close((uv_handle_t *)async, NULL);
}

static void order (void) {
  uv_loop_t loop;
  uv_async_t async;
  uv_loop_init(&loop);
  lua_State *L = open_state(&loop);
  uv_async_init(&loop, &async, on_async);
  async.data = L;
  uv_async_send(&async);
  script(L, "conc.spawn(conc.sleep, 0.01)");
  uv_run(&loop, UV_RUN_DEFAULT);
  printf("the loop first: %s\n", uv_err_name(uv_loop_close(&loop)));
  lua_close(L);
  printf("then: %d\n", uv_loop_close(&loop));
}

/* }} */

int main (int argc, char **argv) {
  static const struct { const char *name; void (*make) (void); } mistakes[] = {
    {"opening", opening}, {"spawning", spawning}, {"closing", closing},
    {"waiting", waiting}, {"threads", threads}, {"order", order},
  };
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; argc == 2 && i < sizeof mistakes / sizeof *mistakes; i++) {
    if (strcmp(argv[1], mistakes[i].name) != 0) continue;
    mistakes[i].make();
    printf("over\n");
    return 0;
  }
  return 2;
}
