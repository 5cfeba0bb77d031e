/*
** handle.h: libuv handles in blocks of their own.
**
**   open --lc_handle_close--> closing --libuv's callback--> freed
**
** The userdata that Lua holds has a pointer to the block; the block begins
** with an lc_handle, in which the uv handle comes last. Closing detaches
** the userdata; the block is freed in libuv's close callback. A userdata
** that is collected while open closes its block, unless the state is being
** closed: then the kernel's end comes first (lc_handle_collect).
**
**   typedef struct lc_tcp { lc_handle handle; ...; uv_tcp_t uv; } lc_tcp;
*/

#ifndef lc_handle_h
#define lc_handle_h

#include "kernel/loop.h"

typedef struct lc_handle lc_handle;

typedef struct lc_handlekind {
  const char *name;                 /* "tcp stream" */
  size_t size;                      /* of the whole block */
  size_t uv;                        /* offset of the uv handle in it */
  void (*closing) (lc_handle *h);   /* wakes who waits; may be NULL. No Lua */
  void (*freeing) (lc_handle *h);   /* frees what the block owns; or NULL */
} lc_handlekind;

struct lc_handle {
  const lc_handlekind *kind;
  lc_loop *loop;
  lc_link link;         /* in loop->handles while open */
  lc_handle **owner;    /* the userdata; NULL once closed or collected */
};

/* A zeroed block, not yet known to libuv: give it to uv_*_init, then either
** lc_handle_opened or lc_handle_drop. NULL without memory, or while the
** state ends: clean-ups open nothing new. */
lc_handle *lc_handle_new (lc_loop *loop, const lc_handlekind *kind);
/* Why there was none: a libuv code. */
static inline int lc_handle_refusal (const lc_loop *loop) {
  return loop->ending ? UV_ECANCELED : UV_ENOMEM;
}

void lc_handle_drop (lc_handle *h);

/* libuv knows it now: it must be closed. */
void lc_handle_opened (lc_handle *h);

/* Starts closing; wakes who waits. Harmless on NULL. No Lua, no raise. */
void lc_handle_close (lc_handle *h);

static inline uv_handle_t *lc_handle_uv (lc_handle *h) {
  return (uv_handle_t *)(void *)((char *)h + h->kind->uv);
}

/* The block of a uv handle, in callbacks: uv->data is set to it. */
static inline lc_handle *lc_handle_of (const void *uv) {
  return (lc_handle *)((const uv_handle_t *)uv)->data;
}

/* Pushes a userdata with the metatable `type` and no block yet (so that a
** handle is owned before anything can raise). */
lc_handle **lc_handle_push (lua_State *L, const char *type);

/* Joins the userdata on top and a block. */
void lc_handle_own (lua_State *L, lc_handle **owner, lc_handle *h);

/* __gc and __close of every handle type. */
int lc_handle_collect (lua_State *L);
int lc_handle_close_method (lua_State *L);

#endif
