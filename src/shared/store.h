/*
** store.h: a map from bytes to bytes, in a mapping of fixed size.
**
** Buckets of chains, in shards with a lock each, and a heap of blocks that
** all shards share. A block has a key and its value, and changes by being
** replaced: it is complete before one store puts it into its chain, and one
** store takes it out. So whoever is killed leaves the old value or the new
** one, at worst a block that nobody has; that is found when room is wanted.
**
**   base: head | shards | buckets | heap: block block block ... top
**
** Invariants:
** 1. Shard locks come in order, the heap's last. A block is taken, filled and
**    put into its chain under the lock of its shard; so who has all of these
**    knows that blocks in no chain are free.
** 2. From the begin of the heap to `top`, sizes lead from block to block.
** 3. What has expired is there no more, whether it is gone or not.
**
** `now` and times of expiry are nanoseconds of one clock for all; 0 is never.
** Nothing here raises, waits or allocates. Any thread of any process.
*/

#ifndef lc_store_h
#define lc_store_h

#include "shared/mapping.h"

typedef struct lc_store lc_store;

/* A tag and bytes: they are one with the tag before them. */
typedef struct lc_span {
  const char *at;          /* NULL: there is none */
  size_t len;              /* without the tag */
  char tag;
} lc_span;

typedef enum lc_stored {
  LC_STORED,               /* done */
  LC_STORE_ABSENT,         /* there is no such key */
  LC_STORE_OTHER,          /* it has another value, or version */
  LC_STORE_FULL,           /* there is no room */
  LC_STORE_LONG            /* the key or the value has 4 GiB or more */
} lc_stored;

/* How large a mapping must be for so much memory, and fills a new one. */
size_t lc_store_size (size_t memory);
void lc_store_init (lc_store *s, size_t memory, uint64_t seed);

/* Copies the value, tag first, if it fits into `size` bytes; *len is how long
** that is, and *version changes with it. */
lc_stored lc_store_get (lc_store *s, lc_span key, uint64_t now, char *to,
                        size_t size, size_t *len, uint64_t *version);

/* When a value is put: always; or where it is the expected one, or that of a
** version (0: there is none). */
typedef struct lc_putting {
  enum { LC_PUT_ALWAYS, LC_PUT_IF_VALUE, LC_PUT_IF_VERSION } when;
  lc_span expected;
  uint64_t version;
} lc_putting;

/* Without a value the key is deleted. What is put does not expire. */
lc_stored lc_store_put (lc_store *s, lc_span key, lc_span value, uint64_t now,
                        const lc_putting *how);

/* Adds to a value that is 8 bytes with this tag; where there is none, it
** becomes n. */
lc_stored lc_store_add (lc_store *s, lc_span key, char tag, int64_t n,
                        uint64_t now, int64_t *result);

lc_stored lc_store_expire (lc_store *s, lc_span key, uint64_t now,
                           uint64_t at);

/* How many keys there are; of those that have expired, some may count. */
uint64_t lc_store_count (lc_store *s);

/* All of one moment, one after the other: two lengths, of 4 bytes each, then
** key and value. The bytes that are wanted; where they are more than `size`
** nothing is copied. */
size_t lc_store_snapshot (lc_store *s, uint64_t now, char *to, size_t size);

#endif
