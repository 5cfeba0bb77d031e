/*
** alloc.c: counted allocation. See alloc.h.
*/

#include <stdlib.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fault.h"

/* Counters that all threads write to would be what threads that exchange
** messages wait for most: they are for test builds. */
#if defined(LUACONC_TESTING)
static atomic_size_t nblocks;
static atomic_size_t nbytes;

static void count (size_t blocks, size_t bytes) {
  atomic_fetch_add_explicit(&nblocks, blocks, memory_order_relaxed);
  atomic_fetch_add_explicit(&nbytes, bytes, memory_order_relaxed);
}

static void discount (size_t blocks, size_t bytes) {
  atomic_fetch_sub_explicit(&nblocks, blocks, memory_order_relaxed);
  atomic_fetch_sub_explicit(&nbytes, bytes, memory_order_relaxed);
}
#else
#define count(blocks, bytes)     ((void)(blocks), (void)(bytes))
#define discount(blocks, bytes)  ((void)(blocks), (void)(bytes))
#endif

void *lc_alloc (size_t size) {
  void *block = lc_fault_alloc() ? NULL : malloc(size);
  if (block) count(1, size);
  return block;
}

void *lc_realloc (void *block, size_t old, size_t size) {
  void *moved = lc_fault_alloc() ? NULL : realloc(block, size);
  if (!moved) return NULL;
  count(block ? 0 : 1, size);
  discount(0, old);
  return moved;
}

void lc_free (void *block, size_t size) {
  if (!block) return;
  discount(1, size);
  free(block);
}

#if defined(LUACONC_TESTING)
size_t lc_alloc_blocks (void) {
  return atomic_load_explicit(&nblocks, memory_order_relaxed);
}

size_t lc_alloc_bytes (void) {
  return atomic_load_explicit(&nbytes, memory_order_relaxed);
}
#endif
