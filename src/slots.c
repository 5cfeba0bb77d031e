/*
** slots.c: coroutines, used again and again. See slots.h.
*/

#include "slots.h"
#include "alloc.h"

/* Idle coroutines beyond this many go back to the collector: after a peak
** of 100,000 tasks a program shall not keep 100 MB. */
enum { KEEP_IDLE = 4096 };

#define NO_SLOT INT32_MAX

static void push_store (lua_State *L, const lc_loop *loop) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, loop->store);
}

static uintptr_t free_use (int32_t next) {
  return 2 * (uintptr_t)next + 1;
}

static int grow (lc_loop *loop) {
  uint32_t n = loop->nslots, size = n ? n * 2 : 16;
  lc_slot *slots = lc_realloc(loop->slots, n * sizeof(*slots),
                              size * sizeof(*slots));
  if (!slots) return UV_ENOMEM;
  loop->slots = slots;
  loop->nslots = size;
  for (uint32_t i = size; i-- > n; loop->freeslot = (int32_t)i)
    slots[i] = (lc_slot){NULL, free_use(loop->freeslot)};
  return 0;
}

/* Makes the slot's place in the table, so that filling it can't fail. */
static void make_place (lua_State *L, lc_loop *loop, int32_t slot) {
  push_store(L, loop);
  if (lua_rawgeti(L, -1, slot + 1) == LUA_TNIL) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, -3, slot + 1);
  }
  lua_pop(L, 2);
}

/* The coroutine on top becomes that of the slot. No collection here. */
static void keep_coroutine (lua_State *L, lc_loop *loop, int32_t slot) {
  lua_State *co = lua_tothread(L, -1);
  push_store(L, loop);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, slot + 1);
  lua_pop(L, 1);
  loop->slots[slot].co = co;
  loop->nidle++;
}

int32_t lc_slots_find (lua_State *L, lc_loop *loop) {
  for (;;) {
    if (loop->freeslot == NO_SLOT && grow(loop) != 0)
      luaL_error(L, "not enough memory");
    if (lc_loop_reserve(loop, loop->live + 1) != 0)
      luaL_error(L, "not enough memory");
    int32_t slot = loop->freeslot;
    if (loop->slots[slot].co) return slot;
    luaL_checkstack(L, 4, NULL);
    make_place(L, loop, slot);
    lua_newthread(L);
    /* Both may have run finalisers, and these may have taken the slot. */
    if (loop->freeslot == slot && !loop->slots[slot].co)
      keep_coroutine(L, loop, slot);
    lua_pop(L, 1);
  }
}

void lc_slots_take (lc_job *j, int32_t slot) {
  lc_loop *loop = j->loop;
  lc_slot *s = &loop->slots[slot];
  lc_assert(loop->freeslot == slot && (s->use & 1) && s->co);
  loop->freeslot = (int32_t)(s->use >> 1);
  loop->nidle--;
  s->use = (uintptr_t)j;
  j->slot = slot;
}

/* Gives the coroutine of a slot back to the collector. */
static void drop_coroutine (lc_loop *loop, int32_t slot) {
  lua_State *L = loop->driver;
  loop->slots[slot].co = NULL;
  push_store(L, loop);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, slot + 1);
  lua_pop(L, 1);
}

void lc_slots_release (lc_job *j) {
  lc_loop *loop = j->loop;
  int32_t slot = j->slot;
  if (slot < 0) return;
  lc_slot *s = &loop->slots[slot];
  j->slot = -1;
  lua_settop(s->co, 0);
  if (loop->nidle >= KEEP_IDLE) drop_coroutine(loop, slot);
  else loop->nidle++;
  s->use = free_use(loop->freeslot);
  loop->freeslot = slot;
}

void lc_slots_open (lua_State *L, lc_loop *loop) {
  loop->freeslot = NO_SLOT;
  lua_newtable(L);
  loop->store = luaL_ref(L, LUA_REGISTRYINDEX);
}

void lc_slots_free (lc_loop *loop) {
  lc_free(loop->slots, loop->nslots * sizeof(*loop->slots));
  loop->slots = NULL;
  loop->nslots = loop->nidle = 0;
  loop->freeslot = NO_SLOT;
}
