/*
** inquiry.h: what goes on in other states: they are asked, and answer by a
** report, a message with a table (tree.h).
**
**   who asks --ask--> its remote jobs' states --ask--> theirs ...
**      ^---- reports, which each state on the way hands on ----+
**
** A state is asked by a mark at its port and a signal to its thread, so it
** answers where it sleeps, between tasks, and from inside Lua code that
** computes. One that is stuck in C does not answer: who asks has a limit. Nor
** can a state that computes hand on what those below it say.
**
** A mark may ask for other things, too: see lc_ask in port.h.
*/

#ifndef lc_inquiry_h
#define lc_inquiry_h

#include "engine/remote.h"
#include "kernel/loop.h"

enum { LC_REPORT_DEPTH = 16 };   /* states above one another, at most */

/* What is said of a report outside its message. */
typedef struct lc_reporthead {
  uint32_t probe;                 /* 0: a tree that was asked for by a mark;
                                  ** else the answer to this: still.h */
  bool still, process;            /* the answer; is it a process's first
                                  ** state? */
  uint64_t events;
  uint32_t asked;                 /* how many states it has asked itself */
  uint32_t depth;                 /* of the path */
  uint32_t path[LC_REPORT_DEPTH]; /* ids of jobs, each in the state of the
                                  ** next: the way up to who asks */
} lc_reporthead;

typedef struct lc_report {
  lc_note note;
  lc_link link;
  void *to;                       /* for its arrival */
  lc_reporthead head;
  lc_message message;
} lc_report;

lc_report *lc_report_new (void);   /* NULL: no memory */
void lc_report_free (lc_report *rep);

/* Its message is what lc_tree_state says; none without memory. */
void lc_report_fill (lua_State *L, lc_loop *loop, lc_report *rep);

/* Adds the job to the path; false where it is too long. */
bool lc_report_extend (lc_report *rep, const lc_remote *r);

/* Pushes {table, id, id, ...}: what it says, and its path from here on. May
** raise. */
void lc_report_push (lua_State *L, const lc_report *rep);

/* Copies a head and a message, from a link, into one block; and back. NULL
** where it is none, or without memory. The block is freed by its length. */
lc_report *lc_report_read (const char *bytes, size_t len);
char *lc_report_write (const lc_report *rep, size_t *len);

/* Somebody has asked this state: does what is asked for. `inside`: called by
** a hook, in the midst of a task. Does not raise. */
void lc_inquiry_serve (lua_State *L, lc_loop *loop, bool inside);

/* A report has come from the state of a remote job: takes it. Between tasks,
** no Lua. */
void lc_inquiry_arrived (lc_remote *r, lc_report *rep);

/* The remote job ends: no report will come any more. */
void lc_inquiry_lost (lc_remote *r);

/* Adds the private functions to the table on top. May raise. */
void lc_inquiry_open (lua_State *L, lc_loop *loop);

#endif
