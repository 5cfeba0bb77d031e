/*
** tracing.c: what one state writes into a trace. See tracing.h.
*/

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "inspect/tracing.h"

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

static char *put_text (char *to, const char *text) {
  size_t n = strlen(text);
  memcpy(to, text, n);
  return to + n;
}

static char *put_number (char *to, uint64_t n) {
  char digits[20], *at = digits + sizeof digits;
  do *--at = (char)('0' + n % 10);
  while ((n /= 10));
  size_t len = (size_t)(digits + sizeof digits - at);
  memcpy(to, at, len);
  return to + len;
}

/* Microseconds, with three more digits. */
static char *put_time (char *to, uint64_t ns) {
  unsigned rest = (unsigned)(ns % 1000);
  to = put_number(to, ns / 1000);
  *to++ = '.';
  *to++ = (char)('0' + rest / 100);
  *to++ = (char)('0' + rest / 10 % 10);
  *to++ = (char)('0' + rest % 10);
  return to;
}

void lc_tracing_label (char to[LC_TRACING_NAME], const char *what,
                       uint32_t id) {
  to = put_text(to, what);
  *to++ = ' ';
  *put_number(to, id) = '\0';
}

/* What every event has; where to go on. */
static char *begin_line (lc_tracing *t, char ph, const char *name,
                         const char *cat, uint64_t ns) {
  if (t->used + LC_TRACING_LINE > LC_TRACING_BUFFER) lc_tracing_flush(t);
  char *to = put_text(t->buffer + t->used, "{\"ph\":\"");
  *to++ = ph;
  to = put_text(put_text(to, "\",\"name\":\""), name);
  to = put_text(put_text(to, "\",\"cat\":\""), cat);
  to = put_number(put_text(to, "\",\"pid\":"), (uint64_t)t->pid);
  to = put_number(put_text(to, ",\"tid\":"), (uint64_t)t->tid);
  return put_time(put_text(to, ",\"ts\":"), ns);
}

static void end_line (lc_tracing *t, char *to) {
  to = put_text(to, "},\n");
  t->used = (size_t)(to - t->buffer);
}

void lc_tracing_emit (lc_tracing *t, char ph, const char *name,
                      const char *cat, uint64_t ns, const char *more, ...) {
  char *to = begin_line(t, ph, name, cat, ns);
  size_t left = t->used + LC_TRACING_LINE - 4 - (size_t)(to - t->buffer);
  va_list args;
  va_start(args, more);
  int n = vsnprintf(to, left, more, args);
  va_end(args);
  if (n >= 0 && (size_t)n < left) end_line(t, to + n);
}

void lc_tracing_slice (lc_tracing *t, const char *name, const char *cat,
                       uint64_t since, uint64_t now) {
  char *to = begin_line(t, 'X', name, cat, since);
  end_line(t, put_time(put_text(to, ",\"dur\":"), now - since));
}

void lc_tracing_edge (lc_tracing *t, char ph, const char *name,
                      uint64_t ns, uint32_t id) {
  char *to = put_text(begin_line(t, ph, name, "job", ns), ",\"id\":\"");
  to = put_number(to, (uint64_t)t->pid);
  *to++ = '.';
  to = put_number(to, t->state);
  *to++ = '.';
  to = put_number(to, id);
  *to++ = '"';
  end_line(t, to);
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
