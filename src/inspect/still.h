/*
** still.h: nothing can go on in any thread or process of a program.
**
** A state is *still* when all its jobs wait, and for nothing but what others
** of its family bring: results, letters, what comes through channels and
** shared objects. Then the state of the program itself, if it has slept for
** a while, asks all states below it, one *round* after another:
**
**   asleep --a nap without an event--> first --all still--> clean
**      ^                                 |                    |all still
**      +--somebody is not, or has moved--+------- last <------+
**                                                   |nobody has moved
**                                                   +--> deadlock
**
** Each state answers after it has let come whatever was there for it, by the
** number of events it has seen until then. In the round *clean* it collects
** its garbage, before: what nobody can reach holds no channel open. If all
** are still in that one and in the *last*, and none has seen an event between
** its two answers, then at the moment between both rounds everybody was still
** and nothing was on its way: so it will be for ever.
**
** It costs nothing where something goes on. Who falls asleep looks at one
** word of another port: of all states of a process at least one sleeps with a
** limit, or is asked by one that does, when the last has fallen asleep; and
** as a rule that one is the program's.
**
** No state is still that a host or a module in C can wake (`hosted`), nor is
** a program with a thread that was abandoned.
*/

#ifndef lc_still_h
#define lc_still_h

#include "base/base.h"
#include "base/list.h"

struct lc_loop;
struct lc_remote;
struct lc_report;

typedef struct lc_round {
  uint64_t events;         /* of all states together */
  uint32_t states;
  uint32_t processes;      /* of them, besides this one */
  uint32_t missing;        /* states that were asked and have not answered */
  bool lacking;            /* one was not still */
} lc_round;

/* Of a loop. */
typedef struct lc_still {
  uint64_t moves;          /* events that were no notes: see lc_still_moved */
  uint64_t seen;           /* events, when it fell asleep last */
  uint64_t nap;            /* ns that it sleeps before it looks */
  struct lc_remote *alert; /* NULL, or one that was awake then */
  uint32_t probe;          /* of the round that goes on: see `kind_of` */
  uint32_t last;           /* the number of the last one */
  lc_round round, before;
  lc_link told;            /* reports of the last round */
  bool doomed;             /* the nap's limit is over, in a round */
  bool heard;              /* of a worker process: it listens to its link */
} lc_still;

void lc_still_init (struct lc_loop *loop);
void lc_still_end (struct lc_loop *loop);

/* {{ The loop's */

/* The loop falls asleep, and all wait for others: its port says so already.
** For how many ns at most; UINT64_MAX: no limit. */
uint64_t lc_still_nap (struct lc_loop *loop);

/* That time is over, and nothing has come. */
void lc_still_slept (struct lc_loop *loop);

/* For LC_ASK_LOOK: goes on from there. For LC_ASK_STILL: answers; `inside`
** as in lc_inquiry_serve. Neither raises. */
void lc_still_look (lua_State *L, struct lc_loop *loop);
void lc_still_answer (lua_State *L, struct lc_loop *loop, bool inside);

/* }} */

/* An event that is no note: from a process. */
#define lc_still_moved(loop) ((void)(loop)->still.moves++)

/* An answer has come, and is taken. Between tasks, no Lua. */
void lc_still_arrived (struct lc_loop *loop, struct lc_report *rep);

/* {{ Threads that were abandoned, and may do anything */

void lc_still_stray (int n);   /* one more, or one less */

/* }} */

/* What core.on_deadlock was given is called with a list of {state, id, ...},
** as core.ask returns it; its text is pushed, or nil. May raise. */
int lc_still_text (lua_State *L, struct lc_loop *loop);

/* Adds the private functions to the table on top. May raise. */
void lc_still_open (lua_State *L, struct lc_loop *loop);

#endif
