/*
** listener.h: the shared base of everything that accepts streams: tcp
** and unix sockets.
**
** We accept ourselves, and only where somebody asks: until then a
** connection waits in the system's backlog. So nothing is lost by a
** cancelled accept, and nothing by a lack of descriptors, which libuv's own
** uv_listen answers by closing whatever waits.
**
**   accept: try; nothing there? wait as one of `acceptors`
**   on_poll: wakes the first one, which accepts in its own task, and the
**            next one as long as the backlog is not found empty
**
** Nobody accepts into the last descriptors that the process may have: a
** handler needs some for its own work. Polling stops then, and goes on a
** little later (on_retry), as descriptors come back from anywhere.
**
**   polling --no descriptor to spare--> pausing --on_retry--> polling
**
** Invariants:
** 1. `fd` is open exactly while the handle is.
** 2. While somebody waits, polling is armed or `retry` is set; polling stops
**    when a connection comes that nobody waits for.
*/

#ifndef lc_listener_h
#define lc_listener_h

#include "stream/stream.h"

/* Descriptors that are not for accepted streams: a part of the limit. */
enum { LC_RESERVE_PART = 8, LC_RESERVE_LEAST = 8, LC_RESERVE_MOST = 64 };

typedef struct lc_listener lc_listener;

typedef struct lc_listenerkind {
  lc_handlekind handle;
  lc_opkind accept;
  lc_opkind acceptcase;     /* of a select */
  lc_opkind closed;
  lc_passage passage;
  const char *type;         /* metatable */
  const lc_streamkind *streams;

  /* It moves to another state, with its traveller, and has come from one, or
  ** (NULL) is a copy in the same. May be NULL. */
  void (*leave) (lc_listener *l, lc_traveller *t);
  void (*land) (lc_listener *l, const lc_traveller *t);
} lc_listenerkind;

#define LC_LISTENER_KIND(noun, type, streams) \
  LC_LISTENER_KIND_OF(noun, lc_listener, lc_listener_closing, type, streams, \
                      NULL, NULL)

/* The same for a block that begins with an lc_listener and has more; its
** `closing` calls lc_listener_closing. */
#define LC_LISTENER_KIND_OF(noun, block, closing, type, streams, leave, \
                            land) { \
  {noun, sizeof(block), offsetof(lc_listener, uv), closing, NULL}, \
  {"accept of " noun, lc_waiter_cancel, NULL, LC_BY_UV}, \
  {"accept of " noun, lc_waiter_cancel, lc_select_choose, LC_BY_UV}, \
  {"the end of " noun, lc_waiter_cancel, NULL, LC_BY_TASK}, \
  LC_PASSAGE_BY(lc_listener_stays, lc_listener_depart, lc_listener_arrive), \
  type, streams, leave, land \
}

struct lc_listener {
  lc_handle handle;
  lc_waitqueue acceptors;
  lc_waitqueue closers;     /* wait until it is closed */
  uint64_t limit;           /* of each wait, in ns */
  lc_timer retry;           /* set while there is no descriptor to spare */
  int fd;
  bool armed;
  bool dry;                 /* the backlog was found empty, or can't be had */
  bool near;                /* the last stream's descriptor was a high one */
  uv_poll_t uv;
};

/* Makes the metatable of the kind, with `methods` besides the common ones.
** Pushes nothing. May raise. */
void lc_listener_type (lua_State *L, lc_loop *loop,
                       const lc_listenerkind *kind, const luaL_Reg *methods);

/* Listens on the bound socket `fd`, which it takes over, for the userdata on
** top, which was pushed before (lc_handle_push). 0, or an error, with `fd`
** closed. */
int lc_listener_start (lua_State *L, lc_handle **owner,
                       const lc_listenerkind *kind, int fd, int backlog);

/* The open listener of a method, else NULL. Raises for another type. */
lc_listener *lc_listener_self (lua_State *L);

/* Of LC_LISTENER_KIND. */
void lc_listener_closing (lc_handle *h);
const char *lc_listener_stays (lua_State *L, int index);
void *lc_listener_depart (lua_State *L, int index);
void lc_listener_arrive (lua_State *L, void *traveller);

#endif
