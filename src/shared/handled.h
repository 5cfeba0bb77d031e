/*
** handled.h: handles of shared objects: what conc.shared.* gives.
**
** The begin of every such userdata. It has a reference on the proxy of the
** object, until it is collected, or closed where its type can be. A state
** that waits for shared objects, or owns some, is a guest of the commons
** (guest.h) while it has handles of those.
**
** Invariants:
** 1. `tag` is set exactly while there is a proxy.
** 2. A wait has a reference of its own on the proxy: it outlives the handle.
** 3. A task that waits, or owns, has `guest` set: at its end what it owns is
**    abandoned, and what was granted to it in vain goes to the next.
*/

#ifndef lc_handled_h
#define lc_handled_h

#include "kernel/loop.h"
#include "kernel/select.h"
#include "kernel/task.h"
#include "shared/proxy.h"
#include "shared/things.h"

typedef struct lc_handled {
  lc_handleof handle;
  const void *tag;
  lc_loop *loop;
  lc_proxy *proxy;
  lc_guest *guest;          /* NULL: this type needs none */
  lc_link held;             /* in the guest's `held` while one of its tasks */
  uint64_t owner;           /* owns it: which */
  lc_ticket *stake;         /* of a semaphore */
} lc_handled;

/* What a file of a type says of it. `kind` is LC_HANDLED(its name). */
typedef struct lc_handledtype {
  lc_sharedkind kind;
  const char *name;          /* of the metatable: "luaconc.shared.lock" */
  uint32_t number;           /* things.h */
  size_t size;               /* of the userdata */
  bool waits;                /* does it need a guest? */
  const luaL_Reg *methods, *metamethods;
  const lc_selectable *selectables;   /* or NULL */
  lua_CFunction about;       /* see lc_tree_about; or NULL */
  lua_CFunction index;       /* before methods: see lc_luax_index; or NULL */
  int (*enter) (lc_handled *h);   /* it has got its proxy: 0 or a libuv code.
                                  ** Or NULL */
  void (*leave) (lc_handled *h, bool last);   /* it gives that up; `last`:
                                  ** the state has no other. Or NULL */
} lc_handledtype;

#define LC_HANDLED(name) \
  {name, lc_proxy_hold, lc_proxy_drop, lc_handled_receive, true, \
   lc_proxy_cross, lc_proxy_arrive}

/* {{ May raise */

/* Pushes a handle without an object. */
lc_handled *lc_handled_push (lua_State *L, lc_loop *loop,
                             const lc_handledtype *type);

/* Makes a new object for the handle: 0, or a libuv code. It is all zero; to
** be filled before lc_handled_new. */
int lc_handled_make (lc_handled *h, const lc_handledtype *type);

/* `push` of their kinds. */
void lc_handled_receive (lua_State *L, lc_shared *s);

/* The handle at 1, of the type whose metatable is upvalue 2. */
lc_handled *lc_handled_self (lua_State *L);

/* conc.shared.NAME(...): what the `new` of a type returns, its handle and
** object on top; or nil, message, code. */
int lc_handled_new (lua_State *L, lc_handled *h, const lc_handledtype *type,
                    int err);

/* }} */

/* What a type's `about` returns: the words on top, nobody that is waited for,
** and what the object is called in all states. */
int lc_handled_about (lua_State *L, const lc_handled *h);

/* Pushes that. */
void lc_handled_name (lua_State *L, const lc_handled *h);

/* Gives the object up. */
void lc_handled_leave (lua_State *L, lc_handled *h);

/* For what has no lc_handled: the state's guest, once for each call. 0 or a
** libuv code. */
int lc_handled_join (lc_loop *loop, lc_guest **g);
void lc_handled_quit (lc_loop *loop);

/* A task by its number, which is never 0. */
static inline uint64_t lc_handled_number (const lc_job *j) {
  return (uint64_t)j->id + 1;
}

/* {{ Waits */

/* An idle wait for `t`; raises where there is no memory. */
lc_wait *lc_handled_wait (lua_State *L, lc_handled *h, lc_task *t);

/* Its ticket is in the queue: waits. `return` it. */
int lc_handled_await (lua_State *L, lc_task *t, lc_wait *w,
                      const lc_opkind *kind, lua_KFunction k,
                      lua_KContext ctx);

/* `cancel` of the kinds. */
void lc_handled_cancel (lc_op *op);

/* In the continuation: the ticket's result, LC_TICKET_WAITS where it was
** cancelled. */
int lc_handled_result (lc_task *t);

/* Gives an unused wait back. */
void lc_handled_return (lc_wait *w);

/* }} */

/* Notes that a task owns the lock behind the handle, or no longer does. */
void lc_handled_owned (lc_handled *h, lc_task *t);
void lc_handled_unowned (lc_handled *h);

#endif
