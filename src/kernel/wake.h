/*
** wake.h: how threads put themselves to sleep and wake each other, which
** each system does in its own way. Another system is another file beside
** wake_linux.c. Nothing here raises or allocates C memory.
*/

#ifndef lc_wake_h
#define lc_wake_h

#include <stdatomic.h>

#include "base/base.h"

/* Sleeps while *word is `value`, for `ns` at most (UINT64_MAX: no limit).
** May wake up without a reason. */
void lc_wake_park (atomic_uint *word, unsigned value, uint64_t ns);

/* Wakes who sleeps on the word, which has been changed. In signal handlers
** too. */
void lc_wake_unpark (atomic_uint *word);

/* How many cores this process may use. */
int lc_wake_cores (void);

/* Lets a moment pass, in a loop that looks for something. */
static inline void lc_wake_pause (void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile ("yield");
#endif
}

/* A descriptor that can be polled for wake-ups, or a negative libuv code. */
int lc_wake_event (void);
void lc_wake_signal (int fd);   /* makes it readable; in handlers too */
void lc_wake_clear (int fd);    /* until the next wake-up it is not */

#endif
