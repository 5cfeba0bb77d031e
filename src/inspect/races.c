/*
** races.c: lost updates of shared arrays and maps. See races.h.
*/

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "inspect/debug.h"
#include "inspect/races.h"
#include "kernel/task.h"

enum { RACES_KEPT = 256, PLACE = 80, WARNINGS = 20 };

typedef struct lc_lastread {
  const void *at;          /* NULL: none */
  uint64_t bytes;
  uint64_t run;            /* which run of a task it was: waits end one */
  uint32_t job;
  bool locked;             /* the job held a lock */
  char place[PLACE];
} lc_lastread;

/* A warning: each pair of places is told of once. */
typedef struct lc_toldrace {
  char read[PLACE], written[PLACE];
  bool changed;
} lc_toldrace;

/* Of a state. */
struct lc_races {
  uint32_t ntold;
  lc_toldrace told[WARNINGS];
  lc_lastread reads[RACES_KEPT];   /* by address */
};

static lc_lastread *place_of (struct lc_races *races, const void *at) {
  uintptr_t n = (uintptr_t)at;
  return &races->reads[(n ^ n >> 8 ^ n >> 16) % RACES_KEPT];
}

static void note_place (lua_State *L, char *to) {
  lua_Debug ar;
  to[0] = '\0';
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0) continue;
    snprintf(to, PLACE, "%s:%d", ar.short_src, ar.currentline);
    return;
  }
}

void lc_races_read (lua_State *L, lc_loop *loop, const void *at,
                    uint64_t bytes) {
  if (!loop->races) {
    loop->races = lc_alloc(sizeof *loop->races);
    if (!loop->races) return;
    memset(loop->races, 0, sizeof *loop->races);
  }
  const lc_job *j = &lc_task_self(loop)->job;
  lc_lastread *r = place_of(loop->races, at);
  *r = (lc_lastread){.at = at, .bytes = bytes, .run = loop->stats.resumed,
                     .job = j->id, .locked = j->locks > 0};
  note_place(L, r->place);
}

/* What a warning is made of. */
typedef struct lost {
  lc_job *job;
  const lc_lastread *read;
  const char *what, *instead;
  bool changed;
  char place[PLACE];
} lost;

static int complain (lua_State *L) {
  const lost *w = lua_touserdata(L, 1);
  if (w->job->id > 0) {
    lc_job_push(L, w->job);
    lc_job_label(L, w->job, -1);
  }
  else lua_pushliteral(L, "the code outside tasks");
  lua_pushfstring(L, w->changed
    ? "a lost update of %s: %s read it at %s, somebody else has written it "
      "since, and this is undone at %s: use %s or a lock"
    : "%s: %s read it at %s, then waited without a lock, and writes it at %s: "
      "others may have written it meanwhile; use %s or a lock",
    w->what, lua_tostring(L, -1), w->read->place, w->place, w->instead);
  return 1;
}

/* False where it has been told of, or too many have. */
static bool is_new (struct lc_races *races, const lost *w) {
  for (uint32_t i = 0; i < races->ntold; i++) {
    const lc_toldrace *t = &races->told[i];
    if (t->changed == w->changed && strcmp(t->written, w->place) == 0 &&
        strcmp(t->read, w->read->place) == 0) return false;
  }
  if (races->ntold == WARNINGS) return false;
  lc_toldrace *t = &races->told[races->ntold++];
  memcpy(t->read, w->read->place, PLACE);
  memcpy(t->written, w->place, PLACE);
  t->changed = w->changed;
  return true;
}

void lc_races_write (lua_State *L, lc_loop *loop, const void *at,
                     uint64_t bytes, const char *what, const char *instead) {
  lc_job *j = &lc_task_self(loop)->job;
  lc_lastread *r = loop->races ? place_of(loop->races, at) : NULL;
  if (!r || r->at != at || r->job != j->id) return;
  bool changed = bytes != r->bytes, waited = r->run != loop->stats.resumed;
  r->at = NULL;
  if (!changed && (!waited || r->locked)) return;
  lost w = {.job = j, .read = r, .what = what, .instead = instead,
            .changed = changed};
  note_place(L, w.place);
  if (is_new(loop->races, &w)) lc_debug_warn(L, complain, &w);
}

void lc_races_end (lc_loop *loop) {
  lc_free(loop->races, loop->races ? sizeof *loop->races : 0);
  loop->races = NULL;
}
