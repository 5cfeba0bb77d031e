/*
** address.c: numeric internet addresses. See address.h.
*/

#include "base/luax.h"
#include "stream/address.h"

static const struct sockaddr_in *ip4 (const struct sockaddr *a) {
  return (const struct sockaddr_in *)(const void *)a;
}

static const struct sockaddr_in6 *ip6 (const struct sockaddr *a) {
  return (const struct sockaddr_in6 *)(const void *)a;
}

int lc_address_parse (struct sockaddr_storage *a, const char *host, int port) {
  if (uv_ip4_addr(host, port, (struct sockaddr_in *)a) == 0) return 0;
  return uv_ip6_addr(host, port, (struct sockaddr_in6 *)a);
}

socklen_t lc_address_size (const struct sockaddr_storage *a) {
  return a->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                 : sizeof(struct sockaddr_in6);
}

/* An address of the local link is of no use without its interface. */
static void push_scoped (lua_State *L, const char *host, unsigned index) {
  char name[UV_IF_NAMESIZE];
  size_t size = sizeof name;
  if (uv_if_indextoiid(index, name, &size) == 0)
    lua_pushfstring(L, "%s%%%s", host, name);
  else
    lua_pushstring(L, host);
}

void lc_address_host (lua_State *L, const struct sockaddr *a) {
  char host[64] = "";
  if (a->sa_family == AF_INET6) {
    uv_ip6_name(ip6(a), host, sizeof host);
    if (ip6(a)->sin6_scope_id) {
      push_scoped(L, host, ip6(a)->sin6_scope_id);
      return;
    }
  }
  else
    uv_ip4_name(ip4(a), host, sizeof host);
  lua_pushstring(L, host);
}

void lc_address_push (lua_State *L, const struct sockaddr *a) {
  bool six = a->sa_family == AF_INET6;
  lua_createtable(L, 0, 3);
  lc_address_host(L, a);
  lua_setfield(L, -2, "host");
  lua_pushinteger(L, ntohs(six ? ip6(a)->sin6_port : ip4(a)->sin_port));
  lua_setfield(L, -2, "port");
  lua_pushstring(L, six ? "inet6" : "inet");
  lua_setfield(L, -2, "family");
}

int lc_address_port (lua_State *L, int arg) {
  return (int)lc_luax_integer(L, arg, "port", 0, 65535);
}
