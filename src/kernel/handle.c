/*
** handle.c: libuv handles in blocks of their own. See handle.h.
**
** While a state is closed, finalisers run for handles that tasks still use.
** They are told apart from garbage: see lc_luax_own.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/luax.h"
#include "inspect/debug.h"
#include "inspect/trace.h"
#include "kernel/end.h"
#include "kernel/handle.h"

static const char alive_key;

lc_handle *lc_handle_new (lc_loop *loop, const lc_handlekind *kind) {
  lc_handle *h = loop->ending ? NULL : lc_alloc(kind->size);
  if (!h) return NULL;
  memset(h, 0, kind->size);
  h->kind = kind;
  h->loop = loop;
  lc_list_init(&h->link);
  return h;
}

void lc_handle_drop (lc_handle *h) {
  if (h) lc_free(h, h->kind->size);
}

void lc_handle_opened (lc_handle *h) {
  lc_handle_uv(h)->data = h;
  lc_list_append(&h->loop->handles, &h->link);
  h->loop->nhandles++;
  if (lc_trace_on(h->loop)) lc_trace_opened(h->loop, h, h->kind->name);
}

static void on_closed (uv_handle_t *uv) {
  lc_handle *h = lc_handle_of(uv);
  h->loop->nhandles--;
  if (h->kind->freeing) h->kind->freeing(h);
  lc_free(h, h->kind->size);
}

lc_cold static void trace_close (lc_handle *h) {
  uv_os_fd_t fd;
  int err = uv_fileno(lc_handle_uv(h), &fd);
  lc_trace_closed(h->loop, h, h->kind->name, err ? -1 : fd);
}

void lc_handle_close (lc_handle *h) {
  if (!h || uv_is_closing(lc_handle_uv(h))) return;
  if (lc_trace_on(h->loop)) trace_close(h);
  lc_list_remove(&h->link);
  if (h->owner) *h->owner = NULL;
  h->owner = NULL;
  uv_close(lc_handle_uv(h), on_closed);
  if (h->kind->closing) h->kind->closing(h);
}

lc_handle **lc_handle_push (lua_State *L, const char *type) {
  lc_handle **owner = lua_newuserdatauv(L, sizeof(*owner), 1);
  *owner = NULL;
  luaL_setmetatable(L, type);
  return owner;
}

void lc_handle_own (lua_State *L, lc_handle **owner, lc_handle *h) {
  *owner = h;
  h->owner = owner;
  lc_luax_own(L, lua_gettop(L), &alive_key, h);
  if (lc_debug_on(h->loop)) lc_debug_note(L, h->loop, h);
}

static void close_garbage (lua_State *L, lc_handle *h) {
  if (lc_debug_on(h->loop)) lc_debug_garbage(L, h, h->kind->name);
  lc_handle_close(h);
}

int lc_handle_collect (lua_State *L) {
  lc_handle **owner = lc_luax_self(L);
  if (!*owner) return 0;
  if (lc_luax_garbage(L, 1, &alive_key, *owner)) close_garbage(L, *owner);
  else lc_end_state(L, (*owner)->loop);
  return 0;
}

int lc_handle_close_method (lua_State *L) {
  lc_handle **owner = lc_luax_self(L);
  lc_handle_close(*owner);
  return 0;
}
