/*
** ptrmap.c: probing and growing. See ptrmap.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/ptrmap.h"

enum { FIRST = 32, KEEP = 1024 };

static uint64_t hash_of (const void *key) {
  return (uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 32;
}

static size_t index_bytes (uint32_t size) {
  return size * sizeof(uint64_t);
}

static size_t entry_bytes (uint32_t size) {
  return size / 2 * sizeof(lc_ptrentry);
}

/* The place in the index of the address, or the free one where it would
** be. */
static uint64_t *probe (const lc_ptrmap *m, const void *key, uint64_t hash) {
  uint32_t mask = m->size - 1;
  for (uint32_t i = (uint32_t)hash & mask; ; i = (i + 1) & mask) {
    uint64_t at = m->index[i];
    if (at == 0 || (at >> 32 == hash &&
                    m->entries[(uint32_t)at - 1].key == key))
      return &m->index[i];
  }
}

/* Puts all entries into the index, which is empty. */
static void fill_index (lc_ptrmap *m) {
  for (uint32_t i = 0; i < m->n; i++) {
    uint64_t hash = hash_of(m->entries[i].key);
    *probe(m, m->entries[i].key, hash) = hash << 32 | (i + 1);
  }
}

/* Gives it blocks of another size, with the entries that it has. */
static bool set_size (lc_ptrmap *m, uint32_t size) {
  lc_ptrmap other = {lc_alloc(index_bytes(size)), lc_alloc(entry_bytes(size)),
                     size, m->n};
  if (!other.index || !other.entries) {
    lc_ptrmap_free(&other);
    return false;
  }
  memset(other.index, 0, index_bytes(size));
  if (m->n > 0) memcpy(other.entries, m->entries, m->n * sizeof *m->entries);
  lc_ptrmap_free(m);
  *m = other;
  fill_index(m);
  return true;
}

lc_ptrentry *lc_ptrmap_find (const lc_ptrmap *m, const void *key) {
  if (m->n == 0) return NULL;
  uint64_t at = *probe(m, key, hash_of(key));
  return at ? &m->entries[(uint32_t)at - 1] : NULL;
}

lc_ptrentry *lc_ptrmap_put (lc_ptrmap *m, const void *key) {
  if (m->n >= m->size / 2) {
    if (m->size > UINT32_MAX / 8) return NULL;
    if (!set_size(m, m->size ? m->size * 4 : FIRST)) return NULL;
  }
  uint64_t hash = hash_of(key), *at = probe(m, key, hash);
  if (*at == 0) {
    m->entries[m->n++] = (lc_ptrentry){key, 0, 0};
    *at = hash << 32 | m->n;
  }
  return &m->entries[(uint32_t)*at - 1];
}

void lc_ptrmap_reset (lc_ptrmap *m) {
  uint32_t used = m->n;
  m->n = 0;
  if (m->size > KEEP && used < m->size / 16 && set_size(m, FIRST)) return;
  if (used > 0) memset(m->index, 0, index_bytes(m->size));
}

void lc_ptrmap_free (lc_ptrmap *m) {
  lc_free(m->index, index_bytes(m->size));
  lc_free(m->entries, entry_bytes(m->size));
  *m = (lc_ptrmap){NULL, NULL, 0, 0};
}
