/*
** message.c: encoded values and their holds. See message.h.
*/

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "shared/commons.h"
#include "value/decode.h"
#include "value/encode.h"
#include "value/encoder.h"
#include "value/message.h"
#include "value/wire.h"

enum { COPIED = 4096 };  /* up to here the encoder keeps its block */

/* Bytes of all messages that were made in this process. */
static _Atomic uint64_t made;

uint64_t lc_message_made (void) {
  return atomic_load_explicit(&made, memory_order_relaxed);
}

/* Does it have places in the commons behind its values? */
static bool has_tail (const lc_message *m) {
  return m->len >= LC_WIRE_HEADER + sizeof(uint32_t) &&
         (m->base[1] & LC_FLAG_HOLDS);
}

static uint32_t count_tail (const lc_message *m) {
  uint32_t n;
  memcpy(&n, m->base + m->len - sizeof n, sizeof n);
  return n <= (m->len - LC_WIRE_HEADER - sizeof n) / sizeof(lc_ref) ? n : 0;
}

static size_t tail_of (const lc_message *m) {
  if (!has_tail(m)) return 0;
  return count_tail(m) * sizeof(lc_ref) + sizeof(uint32_t);
}

/* The encoder's bytes, in a block of exactly their size; NULL: no memory. */
static char *take_bytes (lc_bytes *out) {
  char *base;
  if (out->len <= COPIED) {
    base = lc_alloc(out->len);
    if (base) memcpy(base, out->base, out->len);
    return base;
  }
  base = lc_realloc(out->base, out->size, out->len);
  if (base) *out = (lc_bytes){.limit = out->limit};
  return base;
}

/* The same for its holds, which go with them. */
static lc_shared **take_holds (lc_encoder *e) {
  size_t size = e->nheld * sizeof(*e->held);
  lc_shared **held = lc_alloc(size);
  if (held) memcpy(held, e->held, size);
  return held;
}

static int fail_memory (lua_State *L, lc_encoder *e, lc_message *m) {
  lc_encoder_unhold(e);
  lc_encoder_done(e);
  lc_free(m->base, m->len);
  m->base = NULL;
  m->len = 0;
  return luaL_error(L, "not enough memory");
}

void lc_message_encode (lua_State *L, int first, int n, const char *what,
                        lc_message *m) {
  lc_encoder *e = lc_encode_message(L, first, n, what, m->process);
  size_t len = e->out.len;
  m->base = take_bytes(&e->out);
  if (!m->base) fail_memory(L, e, m);
  m->len = len;
  if (e->nheld > 0) {
    m->held = take_holds(e);
    if (!m->held) fail_memory(L, e, m);
    m->nheld = e->nheld;
    e->nheld = 0;
  }
  lc_encoder_done(e);
  atomic_fetch_add_explicit(&made, m->len, memory_order_relaxed);
  lua_pop(L, 1);
}

/* Of what has come from another process, the end is no value: see below. */
int lc_message_decode (lua_State *L, const lc_message *m) {
  return lc_decode_message(L, m->base, m->len - tail_of(m), m->held, m->nheld);
}

bool lc_message_branches (const lc_message *m) {
  for (uint32_t i = 0; i < m->nheld; i++)
    if (!m->held[i]->kind->leaf) return true;
  return false;
}

static void drop_each (lc_message *m) {
  for (uint32_t i = 0; i < m->nheld; i++)
    if (m->held[i]) m->held[i]->kind->drop(m->held[i]);
}

void lc_message_free (lc_message *m) {
  drop_each(m);
  lc_free(m->held, m->nheld * sizeof(*m->held));
  lc_free(m->base, m->len);
  *m = (lc_message){.process = m->process};
}

/* {{ Between processes. A message that holds objects has their places in the
** commons behind its values, and the number of these; a flag says so. What is
** held for another reason has the place 0. */

/* The i-th place; they need not lie on a border of words. */
static char *place_at (const lc_message *m, uint32_t i) {
  return m->base + m->len - tail_of(m) + i * sizeof(lc_ref);
}

static lc_ref ref_at (const lc_message *m, uint32_t i) {
  lc_ref ref;
  memcpy(&ref, place_at(m, i), sizeof ref);
  return ref;
}

/* The first n. Allocates nothing: it must not fail. */
static void unsend (const lc_message *m, uint32_t n, uint64_t to) {
  for (uint32_t i = 0; i < n; i++) {
    lc_ref ref = ref_at(m, i);
    if (ref) lc_commons_unsend(lc_commons_at(ref), to);
  }
}

/* Its object is held for `to`: its place, or 0 where it has none. */
static int send_held (lc_shared *s, uint64_t to, lc_ref *ref) {
  lc_common *c;
  *ref = 0;
  if (!s->kind->cross) return 0;
  int err = s->kind->cross(s, &c);
  if (err) return err;
  if (!lc_commons_send(c, to)) return UV_ENOMEM;
  *ref = lc_commons_ref(c);
  return 0;
}

/* Holds all for `to`, and notes their places in the copy. */
static int send_all (const lc_message *m, uint64_t to, lc_message *out) {
  for (uint32_t i = 0; i < m->nheld; i++) {
    lc_ref ref;
    int err = send_held(m->held[i], to, &ref);
    if (err) {
      unsend(out, i, to);
      return err;
    }
    memcpy(place_at(out, i), &ref, sizeof ref);
  }
  return 0;
}

/* A copy with room for the places behind the values. */
static bool copy_with_room (const lc_message *m, lc_message *out) {
  size_t len = m->len + m->nheld * sizeof(lc_ref) + sizeof m->nheld;
  char *base = lc_alloc(len);
  if (!base) return false;
  memcpy(base, m->base, m->len);
  memcpy(base + len - sizeof m->nheld, &m->nheld, sizeof m->nheld);
  base[1] |= LC_FLAG_HOLDS;
  *out = (lc_message){.base = base, .len = len, .process = true};
  return true;
}

const char *lc_message_refusal (int code) {
  return code != UV_EBUSY ? uv_strerror(code)
         : "a channel in it holds functions or channels, which can't move to "
           "another process: receive them first";
}

int lc_message_export (const lc_message *m, uint64_t to, lc_message *out) {
  if (!copy_with_room(m, out)) return UV_ENOMEM;
  int err = send_all(m, to, out);
  if (err) lc_message_free(out);
  return err;
}

/* Where who was to get it has died, the commons may have gone with it, or go
** meanwhile. */
void lc_message_unexport (const lc_message *m, uint64_t to) {
  if (!has_tail(m) || lc_commons_enter()) return;
  unsend(m, count_tail(m), to);
  lc_commons_leave();
}

static int take_all (lc_message *m, uint32_t n) {
  for (; m->nheld < n; m->nheld++) {
    lc_ref ref = ref_at(m, m->nheld);
    lc_common *c = lc_commons_find(ref);
    const lc_sharedkind *kind = c ? lc_shared_kind(c->kind) : NULL;
    lc_shared **s = &m->held[m->nheld];
    *s = kind ? kind->come(kind, c) : NULL;
    if (ref && !*s) return kind ? UV_ENOMEM : UV_EPROTO;
  }
  return 0;
}

static int import (lc_message *m, uint32_t n) {
  m->held = lc_alloc(n * sizeof(*m->held));
  int err = m->held ? take_all(m, n) : UV_ENOMEM;
  if (!err) return 0;
  drop_each(m);
  lc_free(m->held, n * sizeof(*m->held));
  m->held = NULL;
  m->nheld = 0;
  return err;
}

int lc_message_import (lc_message *m, bool kept) {
  if (!has_tail(m)) return 0;
  int err = lc_commons_enter();
  if (err) return err;
  uint32_t n = count_tail(m);
  err = import(m, n);
  unsend(m, n, kept ? 0 : lc_commons_self());
  lc_commons_leave();
  return err;
}

/* }} */
