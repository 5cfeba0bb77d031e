/*
** message.c: encoded values and their holds. See message.h.
*/

#include <stdatomic.h>
#include <string.h>

#include "alloc.h"
#include "decode.h"
#include "encode.h"
#include "encoder.h"
#include "message.h"

enum { COPIED = 4096 };  /* up to here the encoder keeps its block */

/* Bytes of all messages that were made in this process. */
static _Atomic uint64_t made;

uint64_t lc_message_made (void) {
  return atomic_load_explicit(&made, memory_order_relaxed);
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

int lc_message_decode (lua_State *L, const lc_message *m) {
  return lc_decode_message(L, m->base, m->len, m->held, m->nheld);
}

bool lc_message_branches (const lc_message *m) {
  for (uint32_t i = 0; i < m->nheld; i++)
    if (!m->held[i]->kind->leaf) return true;
  return false;
}

void lc_message_free (lc_message *m) {
  for (uint32_t i = 0; i < m->nheld; i++)
    m->held[i]->kind->drop(m->held[i]);
  lc_free(m->held, m->nheld * sizeof(*m->held));
  lc_free(m->base, m->len);
  *m = (lc_message){.process = m->process};
}
