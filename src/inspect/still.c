/*
** still.c: rounds of questions, and who falls asleep for how long. See
** still.h.
**
** A probe is the number of a round and its kind, in one word that a state
** finds when it is asked; its answer names it, so that late ones are told.
*/

#include <stdatomic.h>
#include <string.h>

#include "base/luax.h"
#include "engine/road.h"
#include "engine/worker.h"
#include "inspect/inquiry.h"
#include "inspect/still.h"
#include "kernel/task.h"
#include "kernel/trouble.h"
#include "shared/guest.h"

#define NAP_NS 100000000u       /* the first; each in vain is twice as long */
#define LIMIT_NS 5000000000u    /* that answers may take */

enum { LONGEST = 32 };          /* naps of the first length */

enum { FIRST = 1, CLEAN, LAST, KINDS = 4 };
enum { LOOKED_AT = 8 };   /* jobs, for one that is awake */

static const char text_key;   /* the function that core.on_deadlock was given */
static atomic_int strays;
static _Atomic uint64_t first_nap = NAP_NS;

void lc_still_stray (int n) {
  atomic_fetch_add(&strays, n);
}

void lc_still_init (lc_loop *loop) {
  memset(&loop->still, 0, sizeof loop->still);
  lc_list_init(&loop->still.told);
}

static void forget_told (lc_still *s) {
  lc_link *l;
  while ((l = lc_list_shift(&s->told)))
    lc_report_free(lc_container(l, lc_report, link));
}

void lc_still_end (lc_loop *loop) {
  loop->still.probe = 0;
  forget_told(&loop->still);
}

static uint32_t kind_of (uint32_t probe) {
  return probe % KINDS;
}

/* {{ Is this state still? */

static uint64_t count_events (const lc_loop *loop) {
  return loop->stats.resumed + loop->still.moves +
         lc_port_arrived(loop->port);
}

static bool is_quiet (const lc_loop *loop) {
  lc_worker *w = loop->worker;
  if (w && w->quiet && !w->quiet(w)) return false;
  for (lc_job *j = NULL; (j = lc_remote_next(loop, j)); ) {
    const lc_remote *r = lc_remote_of(j);
    if (j->state == LC_RUNNING && r->kind->quiet && !r->kind->quiet(r))
      return false;
  }
  return true;
}

static bool is_still (const lc_loop *loop) {
  return loop->main->op.kind && loop->nready == 0 && !loop->hosted &&
         loop->external == 0 && loop->deadlines.n == 0 && !loop->ending &&
         atomic_load(&strays) == 0 && is_quiet(loop);
}

/* The same, after all has come that was there already. */
static bool look_about (lc_loop *loop) {
  if (loop->hosted || loop->depth == 0) return false;
  lc_loop_glance(loop);
  if (loop->guest) lc_guest_look(loop->guest);
  return is_still(loop);
}

static bool is_calm (const lc_remote *r) {
  return r->kind->calm ? r->kind->calm(r) : r->job.engine->asleep(&r->job);
}

static bool all_are_calm (const lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_remote_next(loop, j)); )
    if (j->state == LC_RUNNING && !is_calm(lc_remote_of(j))) return false;
  return true;
}

static int collect (lua_State *L) {
  if (lua_gc(L, LUA_GCISRUNNING) == 1) lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

/* What the round wants to be done before the answer. */
static bool prepare (lua_State *L, lc_loop *loop, uint32_t probe) {
  if (kind_of(probe) == FIRST) return look_about(loop) && all_are_calm(loop);
  if (kind_of(probe) == CLEAN) {
    lua_pushcfunction(L, collect);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) lua_pop(L, 1);
  }
  return look_about(loop);
}

/* }} */

/* {{ Answering */

/* Asks the states of all jobs that run elsewhere: how many; false where one
** can't be asked. */
static bool ask_below (lc_loop *loop, uint32_t probe, uint32_t *n) {
  for (lc_job *j = NULL; (j = lc_remote_next(loop, j)); ) {
    lc_remote *r = lc_remote_of(j);
    if (j->state != LC_RUNNING) continue;
    if (!r->kind->probe || !r->kind->probe(r, probe)) return false;
    ++*n;
  }
  return true;
}

void lc_still_answer (lua_State *L, lc_loop *loop, bool inside) {
  lc_worker *w = loop->worker;
  uint32_t probe = w ? atomic_load(&w->probe) : 0;
  lc_report *rep = probe ? lc_report_new() : NULL;
  if (!rep) return;
  lc_reporthead *h = &rep->head;
  h->probe = probe;
  h->process = !w->top;
  h->still = !inside && prepare(L, loop, probe) &&
             ask_below(loop, probe, &h->asked);
  h->events = count_events(loop);
  if (h->still && kind_of(probe) == LAST) lc_report_fill(L, loop, rep);
  w->report(w, rep);
}

/* }} */

/* {{ Asking */

static bool is_over (const lc_round *r) {
  return r->missing == 0 || r->lacking;
}

static void give_up (lc_loop *loop) {
  lc_still *s = &loop->still;
  s->probe = 0;
  s->doomed = false;
  forget_told(s);
  lc_loop_wait_anew(loop);
  uint64_t longest = LONGEST * atomic_load(&first_nap);
  s->nap = s->nap * 2 < longest ? s->nap * 2 : longest;
}

/* This state is the first that answers. */
static bool begin_round (lua_State *L, lc_loop *loop, uint32_t kind) {
  lc_still *s = &loop->still;
  s->before = s->round;
  s->last += KINDS;
  s->probe = s->last + kind;
  s->round = (lc_round){0};
  if (!prepare(L, loop, s->probe)) return false;
  if (!ask_below(loop, s->probe, &s->round.missing)) return false;
  s->round.events = count_events(loop);
  return true;
}

static void take_answer (lc_round *r, const lc_reporthead *h) {
  r->states++;
  r->processes += h->process;
  r->events += h->events;
  r->missing += h->asked;
  r->missing--;
  if (!h->still) r->lacking = true;
}

void lc_still_arrived (lc_loop *loop, lc_report *rep) {
  lc_still *s = &loop->still;
  if (rep->head.probe != s->probe || is_over(&s->round)) {
    lc_report_free(rep);
    return;
  }
  take_answer(&s->round, &rep->head);
  lc_list_append(&s->told, &rep->link);
  if (kind_of(s->probe) != LAST) forget_told(s);
  if (is_over(&s->round)) lc_port_ask(loop->port, LC_ASK_LOOK);
}

/* A process of the family that has not answered is dead, or not ours. */
static bool all_are_known (const lc_round *r) {
  uint32_t descriptors, members;
  lc_road_count(&descriptors, &members);
  return members == r->processes;
}

/* Counts of events only grow: where their sums are equal, they all are. */
static bool is_deadlock (const lc_still *s) {
  return s->round.events == s->before.events &&
         s->round.states == s->before.states && all_are_known(&s->round);
}

/* True: nothing can ever go on. */
static bool go_on (lua_State *L, lc_loop *loop) {
  lc_still *s = &loop->still;
  bool well = !s->round.lacking;
  while (well && s->round.missing == 0) {
    if (kind_of(s->probe) == LAST && is_deadlock(s)) return true;
    well = kind_of(s->probe) != LAST &&
           begin_round(L, loop, kind_of(s->probe) + 1);
  }
  if (!well) give_up(loop);
  return false;
}

/* }} */

/* {{ Falling asleep */

static bool is_awake (const lc_remote *r) {
  const lc_job *j = &r->job;
  return !r->kind->process && j->state == LC_RUNNING && !j->engine->asleep(j);
}

/* Is a thread of ours awake? It will see, when it falls asleep, that nobody
** looks after us. Some are looked at; who was found last is the first. */
static bool somebody_is_awake (lc_loop *loop) {
  lc_still *s = &loop->still;
  lc_job *j = NULL;
  if (s->alert && is_awake(s->alert)) return true;
  s->alert = NULL;
  for (int i = 0; i < LOOKED_AT && (j = lc_remote_next(loop, j)); i++)
    if (is_awake(lc_remote_of(j))) {
      s->alert = lc_remote_of(j);
      return true;
    }
  return false;
}

static uint64_t nap_of_first (lc_loop *loop) {
  lc_still *s = &loop->still;
  uint64_t events = count_events(loop);
  if (s->seen != events || s->nap == 0) {
    if (s->probe) give_up(loop);
    s->seen = events;
    s->nap = atomic_load(&first_nap);
  }
  if (s->probe) return LIMIT_NS;
  return somebody_is_awake(loop) ? UINT64_MAX : s->nap;
}

uint64_t lc_still_nap (lc_loop *loop) {
  lc_worker *w = loop->worker;
  if (w && w->top)
    return lc_port_is_forlorn(w->top) ? atomic_load(&first_nap)
                                          : UINT64_MAX;
  bool alone = !loop->hosted && !loop->still.heard;
  uint64_t ns = alone ? nap_of_first(loop) : UINT64_MAX;
  if (!alone || ns != UINT64_MAX) lc_port_guard(loop->port);
  return ns;
}

void lc_still_slept (lc_loop *loop) {
  loop->still.doomed = loop->still.probe != 0;
  lc_port_ask(loop->port, LC_ASK_LOOK);
}

/* The first state of a worker process is asked by the program's, over a link
** that it must listen to. */
static void look_in_worker (lc_loop *loop, lc_worker *w) {
  if (w->top) lc_port_ring(w->top);
  else if (is_still(loop) && w->listen) loop->still.heard = w->listen(w) == 0;
}

static void begin (lua_State *L, lc_loop *loop) {
  lc_still *s = &loop->still;
  if (count_events(loop) != s->seen) return;
  if (!is_still(loop) || !begin_round(L, loop, FIRST)) give_up(loop);
}

void lc_still_look (lua_State *L, lc_loop *loop) {
  lc_still *s = &loop->still;
  if (loop->worker) {
    look_in_worker(loop, loop->worker);
    return;
  }
  if (!s->probe) begin(L, loop);
  else if (s->doomed && !is_over(&s->round)) give_up(loop);
  s->doomed = false;
  if (!s->probe || !is_over(&s->round) || !go_on(L, loop)) return;
  lc_trouble_stuck(L, loop);
  give_up(loop);
}

/* }} */

/* {{ The report */

int lc_still_text (lua_State *L, lc_loop *loop) {
  int n = 0;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &text_key) != LUA_TFUNCTION ||
      !loop->still.probe) {
    lua_pop(L, 1);
    lua_pushnil(L);
    return 1;
  }
  lua_newtable(L);
  lc_list_each(l, &loop->still.told) {
    lc_report_push(L, lc_container(l, lc_report, link));
    lua_rawseti(L, -2, ++n);
  }
  lua_call(L, 1, 1);
  return 1;
}

/* core.on_deadlock(f): f(list of {state, id, id, ...}) -> what is told of a
** deadlock of all these states and this one */
static int still_on_deadlock (lua_State *L) {
  lc_luax_function(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &text_key);
  return 0;
}

#if defined(LUACONC_TESTING)
/* core.nap(seconds): how long states sleep before they look */
static int still_nap (lua_State *L) {
  atomic_store(&first_nap, lc_luax_seconds(L, 1));
  return 0;
}
#endif

/* }} */

static const luaL_Reg functions[] = {
#if defined(LUACONC_TESTING)
  {"nap", still_nap},
#endif
  {"on_deadlock", still_on_deadlock},
  {NULL, NULL}
};

void lc_still_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
