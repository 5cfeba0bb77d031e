/*
** mailbox.c: letters that have arrived. See mailbox.h.
*/

#include "base/alloc.h"
#include "engine/mailbox.h"
#include "kernel/task.h"

lc_letter *lc_letter_new (lc_message *m, void *to) {
  lc_letter *l = lc_alloc(sizeof(*l));
  if (!l) return NULL;
  *l = (lc_letter){.to = to, .message = *m};
  *m = (lc_message){0};
  return l;
}

void lc_letter_free (lc_letter *l) {
  if (!l) return;
  lc_message_free(&l->message);
  lc_free(l, sizeof(*l));
}

void lc_mailbox_init (lc_mailbox *m) {
  *m = (lc_mailbox){0};
  lc_list_init(&m->letters);
}

static void wake_taker (lc_mailbox *m) {
  lc_op *op = m->taker;
  m->taker = NULL;
  if (op) lc_op_complete(op, LC_OK);
}

void lc_mailbox_put (lc_mailbox *m, lc_letter *l) {
  lc_list_append(&m->letters, &l->link);
  wake_taker(m);
}

void lc_mailbox_close (lc_mailbox *m) {
  m->closed = true;
  wake_taker(m);
}

void lc_mailbox_free (lc_mailbox *m) {
  lc_link *l;
  while ((l = lc_list_shift(&m->letters)))
    lc_letter_free(lc_container(l, lc_letter, link));
}

/* {{ Taking */

/* letter (light userdata) -> true, values... */
static int decode_letter (lua_State *L) {
  const lc_letter *l = lua_touserdata(L, 1);
  lua_pushboolean(L, 1);
  return lc_message_decode(L, &l->message) + 1;
}

/* Reading may raise, and may run code that reads the next letter. */
static int read_letter (lua_State *L, lc_mailbox *m) {
  lc_link *link = lc_list_shift(&m->letters);
  int top = lua_gettop(L);
  if (!link) {
    lua_pushboolean(L, 0);
    return 1;
  }
  lc_letter *l = lc_container(link, lc_letter, link);
  lua_pushcfunction(L, decode_letter);
  lua_pushlightuserdata(L, l);
  int status = lua_pcall(L, 1, LUA_MULTRET, 0);
  lc_letter_free(l);
  return status == LUA_OK ? lua_gettop(L) - top : lua_error(L);
}

static void cancel_take (lc_op *op) {
  ((lc_mailbox *)op->u.what)->taker = NULL;
}

static const lc_opkind take_kind = {"a letter", cancel_take, NULL,
                                    LC_BY_OTHERS};

static int k_take (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task_woken(L);
  return read_letter(L, (lc_mailbox *)ctx);
}

int lc_mailbox_take (lua_State *L, lc_mailbox *m) {
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (m->closed || !lc_list_empty(&m->letters))
    return lc_task_pause(L, t, read_letter(L, m));
  if (m->taker) return luaL_error(L, "another task waits for a letter here");
  lc_task_begin(t, &take_kind);
  t->op.u.what = m;
  m->taker = &t->op;
  return lc_task_wait(L, t, k_take, (lua_KContext)m);
}

/* }} */
