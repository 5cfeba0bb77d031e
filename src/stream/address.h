/*
** address.h: numeric internet addresses, as text and as socket addresses.
*/

#ifndef lc_address_h
#define lc_address_h

#include "base/base.h"

/* Fills `a` from a numeric host, of version 4 or 6. 0, or UV_EINVAL for
** text that is no numeric address (a name). Does not raise. */
int lc_address_parse (struct sockaddr_storage *a, const char *host, int port);

socklen_t lc_address_size (const struct sockaddr_storage *a);

/* Pushes the host as text. May raise (memory). */
void lc_address_host (lua_State *L, const struct sockaddr *a);

/* Pushes {host = "::1", port = 80, family = "inet6"}. May raise. */
void lc_address_push (lua_State *L, const struct sockaddr *a);

/* Argument `arg`: a port, an integer from 0 to 65535. Raises for others. */
int lc_address_port (lua_State *L, int arg);

#endif
