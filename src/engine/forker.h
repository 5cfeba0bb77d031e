/*
** forker.h: what a forkserver does (see forkserver.h).
**
** One thread, no Lua. It takes orders from its control socket, forks, and
** reaps. In a new worker lc_forker_serve returns as well.
*/

#ifndef lc_forker_h
#define lc_forker_h

#include "engine/forkserver.h"

/* {{ What goes over the sockets */

enum { LC_FORKER_CONTROL = 3 };   /* its descriptor in the forkserver */

typedef enum lc_ordering {
  LC_ORDER_FORK = 1, LC_ORDER_SPAWN, LC_ORDER_KILL,
  LC_ORDER_LOAD            /* with a socket: see lc_loader */
} lc_ordering;

typedef struct lc_order {
  uint32_t what;           /* an lc_ordering */
  int32_t signal;
  uint64_t id;
} lc_order;

/* The descriptors of an order for a worker; the rest: see lc_place. */
enum { LC_GIVE_LIFE, LC_GIVE_CWD, LC_GIVE_OUT, LC_GIVE_ERR, LC_GIVE_LINK,
       LC_GIVE_ROAD, LC_NGIVEN };

/* The descriptors of a worker. */
enum { LC_PLACE_LINK = 3, LC_PLACE_ROAD = 4, LC_NPLACES };

typedef enum lc_newskind {
  LC_NEWS_STARTED = 1,     /* value: its pid */
  LC_NEWS_REFUSED,         /* a libuv code */
  LC_NEWS_EXITED,          /* the exit status */
  LC_NEWS_KILLED           /* the signal */
} lc_newskind;

/* The end of a worker brings along its last bytes of standard error. */
typedef struct lc_news {
  int32_t kind, value;
  char words[LC_FATE_WORDS];     /* as many as the message has */
} lc_news;

#define LC_NEWS_HEAD offsetof(lc_news, words)

/* }} */

/* Loads what the socket tells it to, and answers; the socket stays open. */
typedef void lc_loader (void *owner, int socket);

/* Serves the process that has started this one. True: it has ended, and so
** have all workers. False: this is a new worker, with the descriptors of
** lc_place, and all signals blocked. */
bool lc_forker_serve (lc_loader *load, void *owner);

/* Sets up the signals of a worker, and closes its descriptors at exec: SIGINT
** is ignored. The last step, lc_forker_open, lets the signals in: what is to
** handle them comes before. */
void lc_forker_settle (void);
void lc_forker_open (void);

/* The first step in a fork of its starter, whose signals it has. */
void lc_forker_fork (void);

#endif
