/*
** dns.c: looking up the addresses of a host, and the name of an address, in
** libuv's thread pool.
**
** A lookup is a pooled block that its request owns until libuv's callback.
** The answer is owned by a userdata on the waiting task's stack, since
** building the results may raise. A cancelled lookup is detached: its
** callback frees what came.
*/

#include <netdb.h>
#include <stdio.h>

#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "kernel/end.h"
#include "kernel/task.h"
#include "kernel/uvpool.h"
#include "stream/address.h"
#include "stream/dns.h"

#define ANSWER_TYPE "luaconc.dns answer"

typedef struct lc_answer {
  struct lc_lookup *lookup;   /* NULL: none is under way */
  struct addrinfo *found;
  char name[NI_MAXHOST];
} lc_answer;

typedef struct lc_lookup {
  union {
    uv_getaddrinfo_t addresses;
    uv_getnameinfo_t name;
  } req;
  lc_loop *loop;
  lc_op *op;
  lc_answer *answer;          /* NULL: nobody waits any more */
} lc_lookup;

static void cancel_lookup (lc_op *op) {
  lc_lookup *k = op->u.what;
  k->answer->lookup = NULL;
  k->answer = NULL;
  uv_cancel((uv_req_t *)&k->req);
}

static const lc_opkind lookup_kind = {
  "dns lookup", cancel_lookup, NULL, LC_BY_UV
};

static void on_found (uv_getaddrinfo_t *req, int status,
                      struct addrinfo *found) {
  lc_lookup *k = lc_container(req, lc_lookup, req.addresses);
  lc_answer *answer = k->answer;
  lc_op *op = k->op;
  lc_loop_giveback(k->loop, k, sizeof *k);
  if (answer) {
    answer->lookup = NULL;
    answer->found = found;
    lc_op_complete_now(op, status);
  }
  else if (found) uv_freeaddrinfo(found);
}

static void on_named (uv_getnameinfo_t *req, int status, const char *host,
                      const char *service) {
  lc_lookup *k = lc_container(req, lc_lookup, req.name);
  lc_answer *answer = k->answer;
  lc_op *op = k->op;
  (void)service;
  if (answer) {
    answer->lookup = NULL;
    if (!status) snprintf(answer->name, sizeof answer->name, "%s", host);
  }
  lc_loop_giveback(k->loop, k, sizeof *k);
  if (answer) lc_op_complete_now(op, status);
}

/* Where a task still waits the state is being closed: its end comes first. */
static int answer_collect (lua_State *L) {
  lc_answer *answer = lc_luax_self(L);
  if (answer->lookup) lc_end_state(L, lc_luax_loop(L));
  if (answer->lookup) answer->lookup->answer = NULL;
  if (answer->found) uv_freeaddrinfo(answer->found);
  answer->lookup = NULL;
  answer->found = NULL;
  return 0;
}

/* Does the list on top have the string on top of it already? */
static bool is_known (lua_State *L, lua_Integer n) {
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -2, i);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (same) return true;
  }
  return false;
}

static void push_hosts (lua_State *L, const struct addrinfo *found) {
  lua_Integer n = 0;
  lua_newtable(L);
  for (const struct addrinfo *a = found; a; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    lc_address_host(L, a->ai_addr);
    if (is_known(L, n)) lua_pop(L, 1);
    else lua_rawseti(L, -2, ++n);
  }
}

static int k_lookup (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  lc_answer *answer = lua_touserdata(L, 2);
  (void)status; (void)ctx;
  if (result != LC_OK) return lc_errors_uv(L, result);
  push_hosts(L, answer->found);
  uv_freeaddrinfo(answer->found);
  answer->found = NULL;
  return 1;
}

static int k_reverse (lua_State *L, int status, lua_KContext ctx) {
  int result = lc_task_woken(L)->op.result;
  const lc_answer *answer = lua_touserdata(L, 2);
  (void)status; (void)ctx;
  if (result != LC_OK) return lc_errors_uv(L, result);
  lua_pushstring(L, answer->name);
  return 1;
}

static int ask_addresses (uv_loop_t *uv, lc_lookup *k, const char *host) {
  static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  return lc_uv(uv_getaddrinfo(uv, &k->req.addresses, on_found, host, NULL,
                              &hints));
}

/* The text is a numeric address. */
static int ask_name (uv_loop_t *uv, lc_lookup *k, const char *address) {
  struct sockaddr_storage a;
  lc_address_parse(&a, address, 0);
  return lc_uv(uv_getnameinfo(uv, &k->req.name, on_named,
                              (const struct sockaddr *)&a, NI_NAMEREQD));
}

typedef int (*asker) (uv_loop_t *uv, lc_lookup *k, const char *text);

static int start_lookup (lc_loop *loop, lc_answer *answer, lc_task *t,
                         asker ask, const char *text) {
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_lookup *k;
  if (uv) err = lc_uvpool_try();
  if (err) return err;
  k = lc_loop_borrow(loop, sizeof *k);
  if (!k) return UV_ENOMEM;
  err = ask(uv, k, text);
  if (err) {
    lc_loop_giveback(loop, k, sizeof *k);
    return err;
  }
  k->loop = loop;
  k->op = &t->op;
  k->answer = answer;
  answer->lookup = k;
  t->op.u.what = k;
  lc_task_begin(t, &lookup_kind);
  return 0;
}

/* Asks for the text at index 1, the only argument, and waits for k. */
static int look_up (lua_State *L, asker ask, lua_KFunction k) {
  lc_task *t = lc_task_here(L);
  lc_answer *answer = lua_newuserdatauv(L, sizeof *answer, 0);
  int err;
  answer->lookup = NULL;
  answer->found = NULL;
  luaL_setmetatable(L, ANSWER_TYPE);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);   /* see op.h */
  err = start_lookup(t->job.loop, answer, t, ask, lua_tostring(L, 1));
  if (err) return lc_errors_uv(L, err);
  return lc_task_wait(L, t, k, 0);
}

/* A numeric address is its own answer, and needs no thread. */
static int push_numeric (lua_State *L) {
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  return 1;
}

/* core.dns.lookup(host) -> list of numeric addresses | nil, message, code.
** In the system's order, each once. Waits. */
static int dns_lookup (lua_State *L) {
  const char *host = luaL_checkstring(L, 1);
  struct sockaddr_storage a;
  lua_settop(L, 1);
  if (lc_address_parse(&a, host, 0) == 0) return push_numeric(L);
  return look_up(L, ask_addresses, k_lookup);
}

/* core.dns.reverse(address) -> name | nil, message, code. Waits. */
static int dns_reverse (lua_State *L) {
  const char *address = luaL_checkstring(L, 1);
  struct sockaddr_storage a;
  lua_settop(L, 1);
  luaL_argcheck(L, lc_address_parse(&a, address, 0) == 0, 1,
                "a numeric address expected");
  return look_up(L, ask_name, k_reverse);
}

static const luaL_Reg metamethods[] = {
  {"__gc", answer_collect},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"lookup", dns_lookup},
  {"reverse", dns_reverse},
  {NULL, NULL}
};

void lc_dns_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg none[] = {{NULL, NULL}};
  lc_luax_type(L, loop, ANSWER_TYPE, none, metamethods);
  lua_pop(L, 1);
  lua_newtable(L);
  lc_luax_functions(L, loop, functions);
  lua_setfield(L, -2, "dns");
}
