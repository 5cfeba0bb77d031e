/*
** tracing.c: what one state writes into a trace. See tracing.h.
*/

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "tracing.h"

static atomic_uint states;

lc_tracing *lc_tracing_new (lc_tracefile *f) {
  lc_tracing *t = lc_alloc(sizeof *t);
  if (!t) return NULL;
  memset(t, 0, offsetof(lc_tracing, buffer));
  t->file = f;
  t->state = atomic_fetch_add(&states, 1) + 1;
  t->pid = (int)getpid();
  t->tid = lc_tracefile_thread();
  return t;
}

static size_t bytes_of (uint32_t nspans) {
  return nspans * sizeof(lc_tracespan);
}

static void free_name (lc_tracespan *s) {
  if (s->name) lc_free(s->name, strlen(s->name) + 1);
  s->name = NULL;
}

void lc_tracing_free (lc_tracing *t) {
  lc_tracing_flush(t);
  for (uint32_t i = 1; i < t->nspans; i++) free_name(&t->spans[i]);
  lc_free(t->spans, bytes_of(t->nspans));
  lc_tracefile_release(t->file);
  lc_free(t, sizeof *t);
}

/* {{ Lines */

void lc_tracing_flush (lc_tracing *t) {
  if (t->used) lc_tracefile_write(t->file, t->buffer, t->used);
  t->used = 0;
}

void lc_tracing_emit (lc_tracing *t, char ph, const char *name,
                      const char *cat, uint64_t ns, const char *more, ...) {
  enum { LINE = LC_TRACING_LINE };
  if (t->used + LINE > LC_TRACING_BUFFER) lc_tracing_flush(t);
  char *to = t->buffer + t->used;
  int n = snprintf(to, LINE, "{\"ph\":\"%c\",\"name\":\"%s\",\"cat\":\"%s\","
                   "\"pid\":%d,\"tid\":%d,\"ts\":%llu.%03u", ph, name, cat,
                   t->pid, t->tid, (unsigned long long)(ns / 1000),
                   (unsigned)(ns % 1000));
  va_list args;
  va_start(args, more);
  int rest = vsnprintf(to + n, (size_t)(LINE - n), more, args);
  va_end(args);
  if (n + rest > LINE - 4) return;
  memcpy(to + n + rest, "},\n", 3);
  t->used += (size_t)(n + rest) + 3;
}

void lc_tracing_slice (lc_tracing *t, const char *name, const char *cat,
                       uint64_t since, uint64_t now) {
  uint64_t ns = now - since;
  lc_tracing_emit(t, 'X', name, cat, since, ",\"dur\":%llu.%03u",
                  (unsigned long long)(ns / 1000), (unsigned)(ns % 1000));
}

/* }} */

/* {{ Spans */

/* Makes room for twice as many, which are free then. */
static bool grow (lc_tracing *t) {
  uint32_t old = t->nspans, size = old ? 2 * old : 16;
  lc_tracespan *spans = lc_alloc(bytes_of(size));
  if (!spans) return false;
  if (old) memcpy(spans, t->spans, bytes_of(old));
  lc_free(t->spans, bytes_of(old));
  for (uint32_t i = size - 1; i > 0 && i >= old; i--) {
    spans[i] = (lc_tracespan){.next = t->freespan};
    t->freespan = i;
  }
  t->spans = spans;
  t->nspans = size;
  return true;
}

static char *copy_of (const char *name) {
  size_t size = strlen(name) + 1;
  char *copy = lc_alloc(size);
  if (copy) memcpy(copy, name, size);
  return copy;
}

uint32_t lc_tracing_begin (lc_tracing *t, const char *name) {
  if (!t->freespan && !grow(t)) return 0;
  uint32_t span = t->freespan;
  lc_tracespan *s = &t->spans[span];
  uint32_t next = s->next;
  *s = (lc_tracespan){.next = next, .name = name ? copy_of(name) : NULL};
  if (name && !s->name) return 0;
  t->freespan = next;
  return span;
}

void lc_tracing_end (lc_tracing *t, uint32_t span) {
  free_name(&t->spans[span]);
  t->spans[span].next = t->freespan;
  t->freespan = span;
}

/* }} */
