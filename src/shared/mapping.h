/*
** mapping.h: memory that several processes map, and the lock that guards it.
**
** A mapping is a file without a name: it is gone with the last process that
** has it, however that ends. Its pages are zero until they are written, and
** take memory only then. Every process maps it where it finds room, so what
** lies in it must not point into it by address.
**
** The lock is for a few instructions that neither wait, nor fail, nor call
** Lua. Where its holder was killed meanwhile, the next one is told, and puts
** right what was left half done.
**
** Nothing here raises. Any thread may call these functions. Failures are
** negative libuv codes.
*/

#ifndef lc_mapping_h
#define lc_mapping_h

#include <pthread.h>

#include "base/base.h"

typedef struct lc_mapping {
  char *base;
  size_t size;
  int fd;           /* the mapping's own, for lc_road_put */
} lc_mapping;

/* A new one: 0, or UV_ENOMEM and the like. */
int lc_mapping_make (lc_mapping *m, const char *name, size_t size);

/* Maps the file, which then is the mapping's own; closes it on failure. */
int lc_mapping_take (lc_mapping *m, int fd, size_t size);

/* Harmless where `base` is NULL. */
void lc_mapping_close (lc_mapping *m);

/* Lies in a mapping, or anywhere. */
typedef struct lc_robust {
  pthread_mutex_t mutex;
} lc_robust;

void lc_robust_init (lc_robust *r);

/* True: its last holder has died with it, and what it guards may be half
** done. */
bool lc_robust_lock (lc_robust *r);
void lc_robust_unlock (lc_robust *r);

#endif
