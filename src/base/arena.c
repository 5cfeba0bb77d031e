/*
** arena.c: blocks of equal sizes in one. See arena.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"

enum { UNIT = 16, LARGEST = LC_ARENA_CLASSES * UNIT, SIZE = 48 * 1024 };

static size_t class_of (size_t size) {
  return (size - 1) / UNIT;
}

static bool is_inside (const lc_arena *a, const void *block) {
  return (uintptr_t)block - (uintptr_t)a->block < SIZE;
}

/* NULL where the arena has no such block. */
static void *take (lc_arena *a, size_t size) {
  if (size > LARGEST) return NULL;
  size_t class = class_of(size), whole = (class + 1) * UNIT;
  void *block = a->freed[class];
  if (block) {
    memcpy(&a->freed[class], block, sizeof(block));   /* the next one */
    return block;
  }
  if ((size_t)(a->block + SIZE - a->at) < whole) return NULL;
  block = a->at;
  a->at += whole;
  return block;
}

static void give_back (lc_arena *a, void *block, size_t size) {
  size_t class = class_of(size);
  memcpy(block, &a->freed[class], sizeof(block));
  a->freed[class] = block;
}

static void *make (lc_arena *a, size_t kind, size_t size) {
  void *block = take(a, size);
  return block ? block : a->alloc(a->ud, NULL, kind, size);
}

/* Of a block that is ours. To make it smaller never fails. */
static void *resize (lc_arena *a, void *block, size_t old, size_t size) {
  if (size <= LARGEST && class_of(size) == class_of(old)) return block;
  void *other = make(a, 0, size);
  if (!other) return size < old ? block : NULL;
  memcpy(other, block, old < size ? old : size);
  give_back(a, block, old);
  return other;
}

/* A lua_Alloc. Of a new block `old` is what kind of thing it is for. */
static void *arena_alloc (void *ud, void *block, size_t old, size_t size) {
  lc_arena *a = ud;
  if (!block) return size > 0 ? make(a, old, size) : NULL;
  if (!is_inside(a, block)) return a->alloc(a->ud, block, old, size);
  if (size > 0) return resize(a, block, old, size);
  give_back(a, block, old);
  return NULL;
}

void lc_arena_open (lua_State *L, lc_arena *a) {
  memset(a, 0, sizeof(*a));
#if !defined(__SANITIZE_ADDRESS__)
  a->block = lc_alloc(SIZE);
#endif
  if (!a->block) return;
  a->at = a->block;
  a->alloc = lua_getallocf(L, &a->ud);
  lua_setallocf(L, arena_alloc, a);
}

void lc_arena_close (lc_arena *a) {
  lc_free(a->block, SIZE);
  a->block = NULL;
}
