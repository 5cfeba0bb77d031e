/*
** store.c: see store.h. Blocks are named by their distance from the begin, in
** units of 16 bytes; 0 is none.
*/

#include <stdatomic.h>
#include <string.h>

#include "shared/store.h"

enum {
  UNIT = 16, SHARDS = 16, PER_BUCKET = 128, CLASSES = 128, LEAST_SPLIT = 4
};

/* Of a key, and of a value. Lengths have 4 bytes; a spec must reach it. */
#if defined(LUACONC_TESTING)
static const size_t longest = (size_t)1 << 24;
#else
static const size_t longest = UINT32_MAX - UNIT;
#endif

typedef uint32_t place;
typedef _Atomic(place) link;

typedef struct shard {
  lc_robust lock;
  uint64_t count;
  uint64_t version;
  char apart[64 - (sizeof(lc_robust) + 16) % 64];
} shard;

struct lc_store {
  uint64_t seed;
  uint64_t size;             /* of all, in units */
  uint32_t nbuckets;         /* a power of 2 */
  lc_robust heap;            /* of all that follows */
  place begin, top;
  uint64_t free;             /* units in the lists */
  uint64_t soonest;          /* when something may expire first; 0: nothing */
  bool dirty;                /* something was freed since room was made */
  place lists[CLASSES];      /* by size, the least in each */
  shard shards[SHARDS];
  link buckets[];
};

typedef struct block {
  uint32_t units;            /* of the block; the heap's lock */
  uint32_t used;             /* the same; and a mark while room is made */
  link next;                 /* in the chain, or in a list */
  uint32_t hash;
  uint32_t klen, vlen;
  uint64_t version;
  uint64_t expires;          /* 0: never */
  char bytes[];
} block;

static block *at (lc_store *s, place p) {
  return (block *)(void *)((char *)s + (size_t)p * UNIT);
}

static place place_of (lc_store *s, const block *b) {
  return (place)((size_t)((const char *)b - (char *)s) / UNIT);
}

static place get (const link *l) {
  return atomic_load_explicit(l, memory_order_relaxed);
}

/* The store that counts: what it names is complete. */
static void set (link *l, place p) {
  atomic_store_explicit(l, p, memory_order_release);
}

static size_t size_of (lc_span x) {
  return x.len + 1;
}

static char *put_span (char *to, lc_span x) {
  *to = x.tag;
  memcpy(to + 1, x.at, x.len);
  return to + size_of(x);
}

static bool is_span (const char *bytes, size_t size, lc_span x) {
  return size == size_of(x) && *bytes == x.tag &&
         memcmp(bytes + 1, x.at, x.len) == 0;
}

static size_t units_for (size_t klen, size_t vlen) {
  return (sizeof(block) + klen + vlen + UNIT - 1) / UNIT;
}

/* May they be put there at all? */
static lc_stored check_size (const lc_store *s, lc_span key, lc_span value) {
  if (key.len > longest || value.len > longest) return LC_STORE_LONG;
  return units_for(size_of(key), size_of(value)) > s->size ? LC_STORE_FULL
                                                           : LC_STORED;
}

/* {{ Heap; its lock is held */

/* Sizes below 16 have a class each; then there are four in each doubling. */
static int class_of (uint32_t units) {
  if (units < 16) return (int)units;
  int top = 31 - __builtin_clz(units);
  return 16 + (top - 4) * 4 + (int)(units >> (top - 2) & 3);
}

static void push_free (lc_store *s, block *b) {
  place *list = &s->lists[class_of(b->units)];
  b->used = 0;
  set(&b->next, *list);
  *list = place_of(s, b);
  s->free += b->units;
}

/* The first of a list that is large enough. */
static block *pop_free (lc_store *s, uint32_t units) {
  for (int c = class_of(units); c < CLASSES; c++) {
    block *b = s->lists[c] ? at(s, s->lists[c]) : NULL;
    if (!b || b->units < units) continue;
    s->lists[c] = get(&b->next);
    s->free -= b->units;
    return b;
  }
  return NULL;
}

/* What is behind the first `units` becomes a block of its own. */
static void split (lc_store *s, block *b, uint32_t units) {
  uint32_t rest = b->units - units;
  if (rest < LEAST_SPLIT) return;
  block *other = at(s, place_of(s, b) + units);
  other->units = rest;
  other->used = 0;
  atomic_signal_fence(memory_order_seq_cst);
  b->units = units;
  push_free(s, other);
}

static block *take_top (lc_store *s, uint32_t units) {
  if (units > s->size - s->top) return NULL;
  block *b = at(s, s->top);
  b->units = units;
  atomic_signal_fence(memory_order_seq_cst);
  s->top += units;
  return b;
}

/* }} */

static void lock_heap (lc_store *s) {
  if (lc_robust_lock(&s->heap)) s->dirty = true;
}

static block *take_block (lc_store *s, uint32_t units) {
  lock_heap(s);
  block *b = pop_free(s, units);
  if (b) split(s, b, units);
  else b = take_top(s, units);
  if (b) b->used = 1;
  lc_robust_unlock(&s->heap);
  return b;
}

static void give_block (lc_store *s, block *b) {
  lock_heap(s);
  push_free(s, b);
  s->dirty = true;
  lc_robust_unlock(&s->heap);
}

/* {{ Shards */

static uint32_t hash_of (const lc_store *s, lc_span key) {
  uint64_t h = s->seed ^ key.len ^ ((uint64_t)(uint8_t)key.tag << 56);
  for (size_t i = 0; i < key.len; i += 8) {
    uint64_t word = 0;
    memcpy(&word, key.at + i, key.len - i < 8 ? key.len - i : 8);
    h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 32;
  }
  return (uint32_t)(h ^ h >> 29);
}

static uint32_t bucket_of (const lc_store *s, uint32_t hash) {
  return hash & (s->nbuckets - 1);
}

static shard *shard_of (lc_store *s, uint32_t bucket) {
  return &s->shards[bucket / (s->nbuckets / SHARDS)];
}

static uint64_t count_shard (lc_store *s, const shard *h) {
  uint32_t n = s->nbuckets / SHARDS, first = (uint32_t)(h - s->shards) * n;
  uint64_t count = 0;
  for (uint32_t i = first; i < first + n; i++)
    for (place p = get(&s->buckets[i]); p; p = get(&at(s, p)->next)) count++;
  return count;
}

/* Who died may have put a block in, or taken it out, without counting it. */
static void lock_shard (lc_store *s, shard *h) {
  if (!lc_robust_lock(&h->lock)) return;
  h->count = count_shard(s, h);
  lock_heap(s);
  s->dirty = true;
  lc_robust_unlock(&s->heap);
}

static void lock_all (lc_store *s) {
  for (int i = 0; i < SHARDS; i++) lock_shard(s, &s->shards[i]);
}

static void unlock_all (lc_store *s) {
  for (int i = 0; i < SHARDS; i++) lc_robust_unlock(&s->shards[i].lock);
}

/* }} */

/* {{ Chains; the lock of the shard is held */

/* Where a key is, or would be. */
typedef struct spot {
  shard *shard;
  link *from;              /* that names the block */
  block *block;            /* NULL: there is none */
  uint32_t hash;
} spot;

static bool is_key (const block *b, uint32_t hash, lc_span key) {
  return b->hash == hash && is_span(b->bytes, b->klen, key);
}

static bool has_expired (const block *b, uint64_t now) {
  return b->expires && b->expires <= now;
}

static void take_out (lc_store *s, shard *h, link *from) {
  block *b = at(s, get(from));
  set(from, get(&b->next));
  h->count--;
  give_block(s, b);
}

/* Locks its shard. */
static spot seek (lc_store *s, lc_span key, uint64_t now) {
  uint32_t hash = hash_of(s, key), bucket = bucket_of(s, hash);
  spot o = {shard_of(s, bucket), &s->buckets[bucket], NULL, hash};
  lock_shard(s, o.shard);
  while (get(o.from) && !is_key(at(s, get(o.from)), hash, key))
    o.from = &at(s, get(o.from))->next;
  if (!get(o.from)) return o;
  o.block = at(s, get(o.from));
  if (!has_expired(o.block, now)) return o;
  take_out(s, o.shard, o.from);
  o.block = NULL;
  o.from = &s->buckets[bucket];
  return o;
}

static void leave (const spot *o) {
  lc_robust_unlock(&o->shard->lock);
}

static const char *value_of (const block *b) {
  return b->bytes + b->klen;
}

/* The new block takes the place of the old one, or the first in the chain. */
static void put_in (lc_store *s, const spot *o, block *b, const link *head) {
  set(&b->next, o->block ? get(&o->block->next) : get(head));
  set(o->from, place_of(s, b));
  if (o->block) give_block(s, o->block);
  else o->shard->count++;
}

static lc_stored replace (lc_store *s, spot *o, lc_span key, lc_span value) {
  block *b = take_block(s, (uint32_t)units_for(size_of(key), size_of(value)));
  if (!b) return LC_STORE_FULL;
  if (!o->block) o->from = &s->buckets[bucket_of(s, o->hash)];
  b->hash = o->hash;
  b->klen = (uint32_t)size_of(key);
  b->vlen = (uint32_t)size_of(value);
  b->version = ++o->shard->version;
  b->expires = 0;
  (void)put_span(put_span(b->bytes, key), value);
  put_in(s, o, b, o->from);
  return LC_STORED;
}

/* }} */

/* {{ Room. All locks are held. */

static void note_expiry (lc_store *s, uint64_t when) {
  if (!when) return;
  lock_heap(s);
  if (!s->soonest || when < s->soonest) s->soonest = when;
  lc_robust_unlock(&s->heap);
}

static void drop_expired (lc_store *s, uint64_t now) {
  for (uint32_t i = 0; i < s->nbuckets; i++) {
    link *from = &s->buckets[i];
    while (get(from)) {
      block *b = at(s, get(from));
      if (has_expired(b, now)) {
        take_out(s, shard_of(s, i), from);
        continue;
      }
      note_expiry(s, b->expires);
      from = &b->next;
    }
  }
}

static void mark_chains (lc_store *s) {
  for (uint32_t i = 0; i < s->nbuckets; i++)
    for (place p = get(&s->buckets[i]); p; p = get(&at(s, p)->next))
      at(s, p)->used = 2;
}

/* All blocks that are in no chain go to the lists, neighbours as one. */
static void sweep (lc_store *s) {
  memset(s->lists, 0, sizeof s->lists);
  s->free = 0;
  for (place p = s->begin, next; p < s->top; p = next) {
    block *b = at(s, p);
    next = p + b->units;
    if (b->used == 2) {
      b->used = 1;
      continue;
    }
    while (next < s->top && at(s, next)->used != 2)
      next += at(s, next)->units;
    b->units = next - p;
    if (next < s->top) push_free(s, b);
    else s->top = p;
  }
}

/* }} */

/* Would it be in vain? All stays as it is then. */
static bool may_have_room (lc_store *s, uint64_t now) {
  lock_heap(s);
  bool expired = s->soonest && s->soonest <= now, may = s->dirty || expired;
  if (expired) s->soonest = 0;
  lc_robust_unlock(&s->heap);
  return may;
}

static bool make_room (lc_store *s, uint64_t now) {
  if (!may_have_room(s, now)) return false;
  lock_all(s);
  drop_expired(s, now);
  lock_heap(s);
  mark_chains(s);
  sweep(s);
  s->dirty = false;
  lc_robust_unlock(&s->heap);
  unlock_all(s);
  return true;
}

/* {{ Keys and values */

size_t lc_store_size (size_t memory) {
  size_t n = SHARDS;
  while (n < memory / PER_BUCKET) n *= 2;
  return (sizeof(lc_store) + n * sizeof(link) + memory + UNIT - 1) /
         UNIT * UNIT;
}

void lc_store_init (lc_store *s, size_t memory, uint64_t seed) {
  size_t n = SHARDS;
  while (n < memory / PER_BUCKET) n *= 2;
  s->seed = seed;
  s->nbuckets = (uint32_t)n;
  s->size = lc_store_size(memory) / UNIT;
  s->begin = (place)((sizeof *s + n * sizeof(link) + UNIT - 1) / UNIT);
  s->top = s->begin;
  lc_robust_init(&s->heap);
  for (int i = 0; i < SHARDS; i++) lc_robust_init(&s->shards[i].lock);
}

lc_stored lc_store_get (lc_store *s, lc_span key, uint64_t now, char *to,
                        size_t size, size_t *len, uint64_t *version) {
  spot o = seek(s, key, now);
  const block *b = o.block;
  *len = b ? b->vlen : 0;
  *version = b ? b->version : 0;
  if (b && *len <= size) memcpy(to, value_of(b), *len);
  leave(&o);
  return b ? LC_STORED : LC_STORE_ABSENT;
}

static bool is_expected (const block *b, const lc_putting *how) {
  if (how->when == LC_PUT_ALWAYS) return true;
  if (how->when == LC_PUT_IF_VERSION)
    return (b ? b->version : 0) == how->version;
  if (!b || !how->expected.at) return !b && !how->expected.at;
  return is_span(value_of(b), b->vlen, how->expected);
}

static lc_stored put (lc_store *s, lc_span key, lc_span value, uint64_t now,
                      const lc_putting *how) {
  spot o = seek(s, key, now);
  lc_stored done = LC_STORED;
  if (!is_expected(o.block, how)) done = LC_STORE_OTHER;
  else if (value.at) done = replace(s, &o, key, value);
  else if (o.block) take_out(s, o.shard, o.from);
  else done = LC_STORE_ABSENT;
  leave(&o);
  return done;
}

lc_stored lc_store_put (lc_store *s, lc_span key, lc_span value, uint64_t now,
                        const lc_putting *how) {
  lc_stored done = check_size(s, key, value);
  if (done != LC_STORED) return done;
  done = put(s, key, value, now, how);
  if (done == LC_STORE_FULL && make_room(s, now))
    done = put(s, key, value, now, how);
  return done;
}

/* In place: a number is one store. */
static lc_stored add_to (block *b, shard *h, char tag, int64_t n,
                         int64_t *result) {
  char *number = b->bytes + b->klen + 1;
  int64_t old;
  if (b->vlen != 1 + sizeof old || *value_of(b) != tag) return LC_STORE_OTHER;
  memcpy(&old, number, sizeof old);
  *result = (int64_t)((uint64_t)old + (uint64_t)n);
  memcpy(number, result, sizeof *result);
  b->version = ++h->version;
  return LC_STORED;
}

static lc_stored add (lc_store *s, lc_span key, lc_span first, int64_t n,
                      uint64_t now, int64_t *result) {
  spot o = seek(s, key, now);
  lc_stored done = o.block ? add_to(o.block, o.shard, first.tag, n, result)
                           : replace(s, &o, key, first);
  leave(&o);
  return done;
}

lc_stored lc_store_add (lc_store *s, lc_span key, char tag, int64_t n,
                        uint64_t now, int64_t *result) {
  lc_span first = {(const char *)&n, sizeof n, tag};
  *result = n;
  lc_stored done = check_size(s, key, first);
  if (done != LC_STORED) return done;
  done = add(s, key, first, n, now, result);
  if (done == LC_STORE_FULL && make_room(s, now))
    done = add(s, key, first, n, now, result);
  return done;
}

lc_stored lc_store_expire (lc_store *s, lc_span key, uint64_t now,
                           uint64_t when) {
  spot o = seek(s, key, now);
  if (o.block) o.block->expires = when;
  leave(&o);
  note_expiry(s, when);
  return o.block ? LC_STORED : LC_STORE_ABSENT;
}

/* }} */

/* {{ All */

uint64_t lc_store_count (lc_store *s) {
  uint64_t n = 0;
  for (int i = 0; i < SHARDS; i++) {
    lock_shard(s, &s->shards[i]);
    n += s->shards[i].count;
    lc_robust_unlock(&s->shards[i].lock);
  }
  return n;
}

static char *copy_out (char *to, const block *b) {
  uint32_t lengths[2] = {b->klen, b->vlen};
  memcpy(to, lengths, sizeof lengths);
  memcpy(to + sizeof lengths, b->bytes, (size_t)b->klen + b->vlen);
  return to + sizeof lengths + b->klen + b->vlen;
}

static size_t walk (lc_store *s, uint64_t now, char *to) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < s->nbuckets; i++)
    for (place p = get(&s->buckets[i]); p; p = get(&at(s, p)->next)) {
      const block *b = at(s, p);
      if (has_expired(b, now)) continue;
      bytes += 8 + (size_t)b->klen + b->vlen;
      if (to) to = copy_out(to, b);
    }
  return bytes;
}

size_t lc_store_snapshot (lc_store *s, uint64_t now, char *to, size_t size) {
  lock_all(s);
  size_t bytes = walk(s, now, NULL);
  if (bytes <= size) walk(s, now, to);
  unlock_all(s);
  return bytes;
}

/* }} */
