/*
** fsfile.h: an open file.
**
**   open --close, or its userdata is garbage--> closing --> closed, freed
**
** Lua has a userdata that points to a block. The block has one place (`pos`)
** for reading and writing, what was read ahead (`in`), and what is still to
** be written (`out`). Blocking calls are made by libuv's pool, one at a time
** for a file: its `work`.
**
** Who owns what: the userdata owns the block until it is closed or
** collected; then the block owns itself, until its work is done, what it
** holds back is written, the requests that use its descriptor (`holds`) have
** ended, and the descriptor is closed. Nothing of that waits for Lua.
**
** Invariants:
** 1. At most one task waits in an operation on the file's place: `user`.
** 2. While `working`, the pool may be reading or writing `in`, `out` and
**    `fd`: the loop's thread leaves them alone.
** 3. `in` is what the file has from `in_at` on, `out` what it is to have
**    from `out_at` on; one of them is empty.
** 4. What `write` has accepted is written, even if its task is cancelled.
** 5. An operation whose task was cancelled may leave its work behind; the
**    next one waits for its end first.
*/

#ifndef lc_fsfile_h
#define lc_fsfile_h

#include "fs/fsjob.h"
#include "fs/fswork.h"
#include "value/passage.h"

#define LC_FSFILE_TYPE "luaconc.file"

enum { LC_FSBUFFER = 65536 };   /* read ahead, and held back */

typedef struct lc_fsfile lc_fsfile;

/* Something that may block. Returns 0 or libuv's code. */
typedef int lc_fsact (lc_fsfile *f);

struct lc_fsfile {
  lc_fswork work;
  lc_loop *loop;
  lc_fsfile **owner;     /* the userdata's; NULL: closing */
  lc_op *user;
  lc_fsact *act;         /* what the work is */
  int err;               /* its result */
  int out_err;           /* of writing, and nobody has been told */
  int fd;
  uint32_t holds;
  uint32_t traced;       /* the era of tracing that knows of it; or 0 */
  bool working, readable, writable, append, seekable;
  bool at_end;           /* the last read found nothing more */
  bool stale;            /* `in` is out of date: pwrite has gone beside it */
  int64_t pos;
  int64_t arg;           /* of `act` */
  lc_bytes in;
  int64_t in_at;
  size_t scanned;        /* so many bytes from `pos` on hold no end of line */
  lc_bytes out;
  int64_t out_at;
  struct stat st;
};

/* An operation in three steps: what is held back is written; `act`, if any,
** is done; `push` makes the results. */
typedef struct lc_fsplan {
  lc_opkind op;
  void (*prepare) (lua_State *L, lc_fsfile *f);  /* sets f->arg; or NULL */
  lc_fsact *act;
  int (*push) (lua_State *L, lc_fsfile *f);      /* may raise */
} lc_fsplan;

#define LC_FSOP(name) {name, lc_fsfile_cancel, NULL, LC_BY_UV}

/* The open file of a method, else NULL. Raises for another type. */
static inline lc_fsfile *lc_fsfile_self (lua_State *L);

/* The same for the userdata at index 1 in a continuation. */
static inline lc_fsfile *lc_fsfile_again (lua_State *L) {
  return *(lc_fsfile **)lua_touserdata(L, 1);
}

/* Raises where another task uses the file's place. */
static inline void lc_fsfile_check (lua_State *L, lc_fsfile *f);
void lc_fsfile_busy (lua_State *L);

/* Runs a plan; `return` it. Waits. */
int lc_fsfile_run (lua_State *L, lc_fsfile *f, lc_task *t,
                   const lc_fsplan *plan);

/* {{ For operations that are more than a plan */

/* Gives work to the pool, or begins to write what is held back: 0 or a
** code. None is under way. */
int lc_fsfile_start (lc_fsfile *f, lc_fsact *act);
int lc_fsfile_drain (lc_fsfile *f);

/* Waits for the end of the work under way; `return` it. */
int lc_fsfile_wait (lua_State *L, lc_fsfile *f, lc_task *t,
                    const lc_opkind *kind, lua_KFunction k, lua_KContext ctx);

/* Pushes nil, "PATH: message", code of the file at index 1; returns 3. */
int lc_fsfile_fail (lua_State *L, int code);

/* The same where the file was closed while the task waited. */
int lc_fsfile_gone (lua_State *L, const lc_task *t);

/* The same for a call that did not wait. `return` it. */
int lc_fsfile_fail_now (lua_State *L, lc_task *t, int code);

/* Takes the error of writing that nobody has been told of; 0: none. */
int lc_fsfile_complaint (lc_fsfile *f);

/* What was read ahead is out of date. */
void lc_fsfile_forget (lc_fsfile *f);

/* A request uses the descriptor, and lets go of it (`void *` is the file):
** see lc_fsdata.held. */
void lc_fsfile_hold (lc_fsfile *f);
void lc_fsfile_release (void *f);
void lc_fsfile_release_changed (void *f);   /* and has changed the file */

/* For LC_FSOP. */
void lc_fsfile_cancel (lc_op *op);

/* Pushes something and the file of the descriptor in d, which it takes over.
** 0, or a code with nothing taken. May raise. */
int lc_fsfile_push (lua_State *L, lc_loop *loop, lc_fsdata *d);

/* Closes it in the background. */
void lc_fsfile_abandon (lc_fsfile *f);

/* }} */

/* {{ Methods of the other files */

int lc_fsread_method (lua_State *L);
int lc_fsread_lines (lua_State *L);
int lc_fswrite_method (lua_State *L);
int lc_fswrite_flush (lua_State *L);
int lc_fswrite_sync (lua_State *L);
int lc_fswrite_truncate (lua_State *L);
int lc_fsseek_method (lua_State *L);
int lc_fsseek_stat (lua_State *L);
int lc_fsseek_pread (lua_State *L);
int lc_fsseek_pwrite (lua_State *L);

/* }} */

/* How it moves to another state: fsmove.c. */
extern const lc_passage lc_fsmove_passage;

/* Adds `open` and `mkstemp` to the table on top. May raise. */
void lc_fsfile_open (lua_State *L, lc_loop *loop);

#include "base/luax.h"

static inline lc_fsfile *lc_fsfile_self (lua_State *L) {
  return *(lc_fsfile **)lc_luax_self(L);
}

static inline void lc_fsfile_check (lua_State *L, lc_fsfile *f) {
  if (lc_unlikely(f->user != NULL)) lc_fsfile_busy(L);
}

#endif
