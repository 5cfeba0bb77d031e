/*
** handled.c: see handled.h.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "channel/strait.h"
#include "inspect/tree.h"
#include "kernel/end.h"
#include "shared/handled.h"

/* {{ Waits */

lc_wait *lc_handled_wait (lua_State *L, lc_handled *h, lc_task *t) {
  lc_thing *thing = lc_container(h->proxy->common, lc_thing, common);
  lc_wait *w = lc_guest_wait(h->guest, thing, lc_handled_number(&t->job));
  if (!w) luaL_error(L, "not enough memory");
  lc_proxy_hold(&h->proxy->shared);
  w->hold = h->proxy;
  t->job.guest = true;
  return w;
}

static void try_to_leave (lc_loop *loop);

static void end_wait (lc_wait *w) {
  lc_proxy *p = w->hold;
  lc_guest_return(w);
  lc_proxy_drop(&p->shared);
}

void lc_handled_return (lc_wait *w) {
  lc_loop *loop = w->guest->loop;
  end_wait(w);
  try_to_leave(loop);
}

int lc_handled_await (lua_State *L, lc_task *t, lc_wait *w,
                      const lc_opkind *kind, lua_KFunction k,
                      lua_KContext ctx) {
  t->op.u.what = w;
  w->op = &t->op;
  lc_task_begin(t, kind);
  return lc_task_wait(L, t, k, ctx);
}

/* It may have been granted meanwhile: the continuation will see. */
void lc_handled_cancel (lc_op *op) {
  lc_wait *w = op->u.what;
  w->op = NULL;
  (void)lc_thing_withdraw(w);
}

int lc_handled_result (lc_task *t) {
  lc_wait *w = t->op.u.what;
  int result = w->ticket->result;
  lc_handled_return(w);
  return result;
}

/* In the thread of the state: the ticket of the wait was granted. */
static void come (lc_wait *w) {
  lc_op *op = w->op;
  w->op = NULL;
  lc_op_complete(op, LC_OK);
}

/* }} */

/* {{ What a task leaves behind */

void lc_handled_owned (lc_handled *h, lc_task *t) {
  h->owner = lc_handled_number(&t->job);
  t->job.guest = true;
  lc_list_remove(&h->held);
  lc_list_append(&h->guest->held, &h->held);
}

void lc_handled_unowned (lc_handled *h) {
  lc_list_remove(&h->held);
  h->owner = 0;
}

/* Nobody will go on after this wait: what it was granted goes to the next. */
static void give_back (lc_wait *w) {
  lc_thing *t = w->thing;
  lc_guest *g = w->guest;
  uint64_t task = w->ticket->task;
  bool waited = lc_thing_withdraw(w);
  if (t->common.kind == LC_STRAIT_KIND) lc_strait_abandon(w, g);
  if (waited) return;
  if (t->common.kind == LC_LOCK_KIND)
    (void)lc_lock_release(lc_container(t, lc_lockthing, thing), g, task);
  else if (t->common.kind == LC_SEMAPHORE_KIND)
    lc_semaphore_release(lc_container(t, lc_semaphorething, thing), g,
                         lc_commons_at((lc_ref)w->ticket->what));
}

/* The waits of this task; of all, where `task` is 0. */
static void end_waits (lc_guest *g, uint64_t task) {
  for (lc_link *l = g->waits.next, *next; l != &g->waits; l = next) {
    lc_wait *w = lc_container(l, lc_wait, mine);
    next = l->next;
    if (task && w->ticket->task != task) continue;
    w->op = NULL;
    give_back(w);
    end_wait(w);
  }
}

static void bereave (lc_job *j) {
  lc_guest *g = j->loop->guest;
  uint64_t task = lc_handled_number(j);
  if (!g) return;
  end_waits(g, task);
  for (lc_link *l = g->held.next, *next; l != &g->held; l = next) {
    lc_handled *h = lc_container(l, lc_handled, held);
    next = l->next;
    if (h->owner != task) continue;
    lc_handled_unowned(h);
    lc_lock_abandon(lc_container(h->proxy->common, lc_lockthing,
                                 thing.common), g, task);
  }
  try_to_leave(j->loop);
}

/* }} */

/* {{ Guests: one for each state that has handles which need it */

int lc_handled_join (lc_loop *loop, lc_guest **g) {
  if (!loop->guest) {
    int err = lc_guest_new(loop->port, loop, come, &loop->guest);
    if (err) return err;
  }
  loop->bereave = bereave;
  loop->guest->users++;
  *g = loop->guest;
  return 0;
}

/* Who waits needs the guest, too; but what is left at the end of the state. */
static void try_to_leave (lc_loop *loop) {
  lc_guest *g = loop->guest;
  if (g->users > 0 || (!lc_list_empty(&g->waits) && !loop->ended)) return;
  end_waits(g, 0);
  loop->guest = NULL;
  lc_guest_leave(g);
}

void lc_handled_quit (lc_loop *loop) {
  loop->guest->users--;
  try_to_leave(loop);
}

static void put_guest (lc_handled *h) {
  if (h->guest) lc_handled_quit(h->loop);
  h->guest = NULL;
}

/* }} */

/* {{ Handles */

static const lc_handledtype *type_of (const lc_handled *h) {
  return lc_container(h->proxy->shared.kind, lc_handledtype, kind);
}

static int handled_collect (lua_State *L) {
  lc_handled *h = lc_luax_self(L);
  if (lua_rawlen(L, 1) < sizeof *h || !h->proxy) return 0;
  if (h->handle.shared && !lc_shared_garbage(L, 1)) lc_end_state(L, h->loop);
  lc_handled_leave(L, h);
  return 0;
}

static const luaL_Reg common_metamethods[] = {
  {"__gc", handled_collect},
  {NULL, NULL}
};

/* Pushes the metatable, made when the first handle comes: a worker's state
** opens the rest of the core only if its job asks for that. */
static void push_type (lua_State *L, lc_loop *loop,
                       const lc_handledtype *type) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, type) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lc_luax_type(L, loop, type->name, type->methods, type->metamethods);
  if (type->index) lc_luax_index(L, loop, type->index);
  lua_pushlightuserdata(L, loop);
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, common_metamethods, 2);
  lc_shared_mark(L);
  if (type->selectables) lc_select_type(L, type->selectables);
  if (type->about) {
    lua_pushlightuserdata(L, loop);
    lua_pushcclosure(L, type->about, 1);
    lc_tree_about(L);
  }
  lua_pushfstring(L, "shared %s", type->kind.name);
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

/* What is made while a state is closed has no finaliser: it would hold the
** object for ever. That is when finalisers run, too. */
lc_handled *lc_handled_push (lua_State *L, lc_loop *loop,
                             const lc_handledtype *type) {
  if (loop->ending || lua_gc(L, LUA_GCISRUNNING) == -1)
    luaL_error(L, "no shared %s can be taken in a __gc metamethod, or while "
               "the state is being closed", type->kind.name);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lc_handled *h = lua_newuserdatauv(L, type->size, 0);
  memset(h, 0, type->size);
  h->loop = loop;
  lc_list_init(&h->held);
  push_type(L, loop, type);
  lua_setmetatable(L, -2);
  return h;
}

/* From here on the handle gives up, when it is collected, what it has got. */
static void take_proxy (lc_handled *h, lc_proxy *p,
                        const lc_handledtype *type) {
  h->proxy = p;
  h->tag = type;
}

int lc_handled_make (lc_handled *h, const lc_handledtype *type) {
  lc_proxy *p;
  int err = lc_proxy_new(&type->kind, type->number, &p);
  if (!err) take_proxy(h, p, type);
  return err;
}

static int enter (lc_handled *h, const lc_handledtype *type) {
  int err = type->waits ? lc_handled_join(h->loop, &h->guest) : 0;
  if (!err && type->enter) err = type->enter(h);
  return err;
}

/* Has the state no other handle of the object? */
static bool is_last (lua_State *L, const lc_handled *h) {
  if (!lc_shared_find(L, &h->proxy->shared)) return true;
  const void *found = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return found == h;
}

void lc_handled_leave (lua_State *L, lc_handled *h) {
  lc_proxy *p = h->proxy;
  if (!p) return;
  bool last = is_last(L, h);
  h->handle = (lc_handleof){NULL, NULL};
  bool entered = h->guest || !type_of(h)->waits;
  if (entered && type_of(h)->leave) type_of(h)->leave(h, last);
  lc_list_remove(&h->held);
  h->tag = NULL;
  h->proxy = NULL;
  put_guest(h);
  lc_proxy_drop(&p->shared);
}

int lc_handled_new (lua_State *L, lc_handled *h, const lc_handledtype *type,
                    int err) {
  if (!err) err = enter(h, type);
  if (err == UV_ENOMEM) return luaL_error(L, "not enough memory");
  if (err) return lc_errors_uv(L, err);
  lc_shared_own(L, &h->proxy->shared);
  return 1;
}

void lc_handled_receive (lua_State *L, lc_shared *s) {
  const lc_handledtype *type = lc_container(s->kind, lc_handledtype, kind);
  if (lc_shared_find(L, s)) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  lc_handled *h = lc_handled_push(L, loop, type);
  lc_proxy_hold(s);
  take_proxy(h, lc_proxy_of(s), type);
  int err = enter(h, type);
  if (err) luaL_error(L, "not enough memory for a shared %s: %s",
                      type->kind.name, uv_strerror(err));
  lc_shared_own(L, s);
}

lc_handled *lc_handled_self (lua_State *L) {
  lc_handled *h = lc_luax_self(L);
  if (lua_rawlen(L, 1) < sizeof *h || !h->proxy) {
    lua_getfield(L, lua_upvalueindex(2), "__name");
    luaL_error(L, "this %s is closed, or its state is closing",
               lua_tostring(L, -1));
  }
  return h;
}

void lc_handled_name (lua_State *L, const lc_handled *h) {
  lua_pushfstring(L, "%p",
                  (void *)(uintptr_t)lc_commons_ref(h->proxy->common));
}

int lc_handled_about (lua_State *L, const lc_handled *h) {
  lua_pushnil(L);
  lua_pushnil(L);
  lc_handled_name(L, h);
  return 4;
}

/* }} */
