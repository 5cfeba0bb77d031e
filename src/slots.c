/*
** slots.c: anchors and coroutines. See slots.h.
*/

#include "slots.h"
#include "alloc.h"

/* Free coroutines beyond this many go back to the collector: after a peak
** of 100,000 tasks a program shall not keep 100 MB. */
enum { KEEP_IDLE = 4096 };

static void push_store (lua_State *L, const lc_loop *loop) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, loop->store);
}

static int grow (lc_loop *loop) {
  uint32_t n = loop->nslots, size = n ? n * 2 : 16;
  lc_slot *slots = lc_realloc(loop->slots, n * sizeof(*slots),
                              size * sizeof(*slots));
  if (!slots) return UV_ENOMEM;
  loop->slots = slots;
  loop->nslots = size;
  loop->nfree += size - n;
  for (uint32_t i = size; i-- > n; loop->freeslot = (int32_t)i)
    slots[i] = (lc_slot){NULL, loop->freeslot, false};
  return 0;
}

/* Makes both places of the slot in the table, so that filling them later
** can't fail. */
static void make_places (lua_State *L, lc_loop *loop, int32_t slot) {
  push_store(L, loop);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 2 * slot + 1);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 2 * slot + 2);
  lua_pop(L, 1);
}

static void make_coroutine (lua_State *L, lc_loop *loop, int32_t slot) {
  make_places(L, loop, slot);
  push_store(L, loop);
  lua_State *co = lua_newthread(L);
  lua_State **place = &loop->slots[slot].co;
  if (*place) {   /* a finaliser has started a task meanwhile */
    lua_pop(L, 2);
    return;
  }
  lua_rawseti(L, -2, 2 * slot + 1);
  lua_pop(L, 1);
  *place = co;
}

int32_t lc_slots_find (lua_State *L, lc_loop *loop, bool co) {
  for (;;) {
    if (loop->freeslot < 0 && grow(loop) != 0)
      luaL_error(L, "not enough memory");
    if (lc_loop_reserve(loop, loop->live + 1) != 0)
      luaL_error(L, "not enough memory");
    int32_t slot = loop->freeslot;
    if (co && loop->slots[slot].co) return slot;
    if (co) make_coroutine(L, loop, slot);
    else make_places(L, loop, slot);
    if (loop->freeslot == slot) return slot;   /* no finaliser has taken it */
  }
}

void lc_slots_anchor (lua_State *L, lc_job *j, int32_t slot, int index) {
  lc_loop *loop = j->loop;
  lc_slot *s = &loop->slots[slot];
  lc_assert(loop->freeslot == slot && !s->used);
  index = lua_absindex(L, index);
  loop->freeslot = s->next;
  loop->nfree--;
  s->used = true;
  j->slot = slot;
  push_store(L, loop);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, 2 * slot + 2);
  lua_pop(L, 1);
}

static void clear_place (lc_loop *loop, lua_Integer place) {
  lua_State *L = loop->driver;
  push_store(L, loop);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, place);
  lua_pop(L, 1);
}

void lc_slots_spoil (lc_loop *loop, int32_t slot) {
  loop->slots[slot].co = NULL;
  clear_place(loop, 2 * slot + 1);
}

void lc_slots_release (lc_job *j) {
  lc_loop *loop = j->loop;
  if (j->slot < 0) return;
  lc_slot *s = &loop->slots[j->slot];
  clear_place(loop, 2 * j->slot + 2);
  if (s->co && loop->nfree > KEEP_IDLE) lc_slots_spoil(loop, j->slot);
  s->next = loop->freeslot;
  s->used = false;
  loop->freeslot = j->slot;
  loop->nfree++;
  j->slot = -1;
}

void lc_slots_push (lua_State *L, lc_loop *loop, int32_t slot) {
  lc_assert(slot >= 0);
  push_store(L, loop);
  lua_rawgeti(L, -1, 2 * slot + 2);
  lua_remove(L, -2);
}

void lc_slots_open (lua_State *L, lc_loop *loop) {
  loop->freeslot = -1;
  lua_newtable(L);
  loop->store = luaL_ref(L, LUA_REGISTRYINDEX);
}

void lc_slots_free (lc_loop *loop) {
  lc_free(loop->slots, loop->nslots * sizeof(*loop->slots));
  loop->slots = NULL;
  loop->nslots = loop->nfree = 0;
  loop->freeslot = -1;
}
