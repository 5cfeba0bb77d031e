/*
** slots.c: coroutines, used again and again. See slots.h.
*/

#include "base/alloc.h"
#include "kernel/slots.h"

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
  lc_taskslot *slots = lc_realloc(loop->slots, n * sizeof(*slots),
                              size * sizeof(*slots));
  if (!slots) return UV_ENOMEM;
  loop->slots = slots;
  loop->nslots = size;
  for (uint32_t i = size; i-- > n; loop->freeslot = (int32_t)i)
    slots[i] = (lc_taskslot){NULL, free_use(loop->freeslot)};
  return 0;
}

static int coroutine_place (int32_t slot) {
  return 2 * slot + 1;
}

static int handle_place (int32_t slot) {
  return 2 * slot + 2;
}

static void clear_place (lua_State *L, const lc_loop *loop, int place) {
  push_store(L, loop);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, place);
  lua_pop(L, 1);
}

/* Makes the slot's places in the table, so that filling them can't fail. */
static void make_places (lua_State *L, lc_loop *loop, int32_t slot) {
  push_store(L, loop);
  bool made = lua_rawgeti(L, -1, handle_place(slot)) != LUA_TNIL;
  lua_pop(L, 2);
  if (made) return;
  clear_place(L, loop, coroutine_place(slot));
  clear_place(L, loop, handle_place(slot));
}

/* The coroutine on top becomes that of the slot. No collection here. */
static void keep_coroutine (lua_State *L, lc_loop *loop, int32_t slot) {
  lua_State *co = lua_tothread(L, -1);
  push_store(L, loop);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, coroutine_place(slot));
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
    make_places(L, loop, slot);
    lua_newthread(L);
    /* Both may have run finalisers, and these may have taken the slot. */
    if (loop->freeslot == slot && !loop->slots[slot].co)
      keep_coroutine(L, loop, slot);
    lua_pop(L, 1);
  }
}

void lc_slots_take (lua_State *L, lc_job *j, int32_t slot, int index) {
  lc_loop *loop = j->loop;
  lc_taskslot *s = &loop->slots[slot];
  lc_assert(loop->freeslot == slot && (s->use & 1) && s->co);
  loop->freeslot = (int32_t)(s->use >> 1);
  loop->nidle--;
  s->use = (uintptr_t)j;
  j->slot = slot;
  push_store(L, loop);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, handle_place(slot));
  lua_pop(L, 1);
}

void lc_slots_push (lua_State *L, const lc_job *j) {
  lc_assert(j->slot >= 0);
  push_store(L, j->loop);
  lua_rawgeti(L, -1, handle_place(j->slot));
  lua_remove(L, -2);
}

void lc_slots_spoil (lc_loop *loop, int32_t slot) {
  loop->slots[slot].co = NULL;
  clear_place(loop->driver, loop, coroutine_place(slot));
}

void lc_slots_release (lc_job *j) {
  lc_loop *loop = j->loop;
  int32_t slot = j->slot;
  if (slot < 0) return;
  lc_taskslot *s = &loop->slots[slot];
  j->slot = -1;
  clear_place(loop->driver, loop, handle_place(slot));
  if (s->co && loop->nidle >= KEEP_IDLE) lc_slots_spoil(loop, slot);
  if (s->co) loop->nidle++;
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
