/*
** stray.c: a module in C for spec/hosts_spec.lua, with a thread that Lua and
** luaconc know nothing of.
*/

#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include <lua.h>

/* How much memory the signal's handler has taken, which it must not do: the
** thread might have been in malloc. */
static void *get_signal (void *grown) {
  size_t before = mallinfo2().uordblks;
  (void)pthread_kill(pthread_self(), SIGURG);
  *(size_t *)grown = mallinfo2().uordblks - before;
  return NULL;
}

/* stray.urgent() -> integer: what a SIGURG that comes there allocates */
static int stray_urgent (lua_State *L) {
  size_t grown = 0;
  pthread_t thread;
  if (pthread_create(&thread, NULL, get_signal, &grown)) return 0;
  (void)pthread_join(thread, NULL);
  lua_pushinteger(L, (lua_Integer)grown);
  return 1;
}

int luaopen_stray (lua_State *L);

int luaopen_stray (lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, stray_urgent);
  lua_setfield(L, -2, "urgent");
  return 1;
}
