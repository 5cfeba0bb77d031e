/*
** thread.c: jobs on threads. See thread.h.
**
** The block of a thread is shared by the handle of its job and the thread.
** The thread makes a state, runs the job (worker.h), closes the state, and
** posts `ended` to who started it; that is the last it does with the block,
** and the note carries its reference over. Who started it joins the thread,
** or, where it was abandoned, detached it before.
**
** Fields below "the starter's" are touched by that thread alone.
*/

#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/luax.h"
#include "base/memory.h"
#include "base/system.h"
#include "engine/thread.h"
#include "engine/worker.h"
#include "inspect/inquiry.h"
#include "kernel/interrupt.h"

static const char our_part;       /* of the library or program */

/* With less than the least, runaway Lua code crashes the process. */
enum { LEAST_STACK = 512 * 1024, STACK = 1024 * 1024, PAGES = 65536 };

typedef struct lc_thread {
  atomic_uint references;
  lc_worker worker;        /* the thread's, while it runs */
  lc_port *home;           /* of the starter */
  lc_note ended;
  lc_memory memory;
  size_t limit;            /* of memory, bytes; 0: none */
  /* the starter's */
  lc_remote *remote;       /* NULL: it was abandoned */
  pthread_t id;
  size_t stack;
  uint64_t answered;       /* when a strike last found it well, ns */
} lc_thread;

static lc_thread *thread_of (const lc_remote *r) {
  return r->body;
}

static void release (lc_thread *t) {
  if (atomic_fetch_sub(&t->references, 1) > 1) return;
  lc_port_close(t->worker.port, NULL);   /* letters to one that never ran */
  lc_worker_free(&t->worker);
  lc_port_release(t->worker.port);
  lc_port_release(t->worker.top);
  lc_port_release(t->home);
  lc_interrupt_release();
  lc_free(t, sizeof(*t));
}

/* {{ In the thread */

static void run_state (lc_thread *t, lua_State *L) {
  lc_arena arena;
  lc_arena_open(L, &arena);
  if (!t->limit || lc_memory_limit(L, &t->memory, t->limit))
    lc_worker_run(L, &t->worker, false);
  lc_memory_lift(&t->memory);
  lua_close(L);
  lc_arena_close(&arena);
}

/* Once the note is posted, an abandoned thread's block may be gone. */
static void tell_end (lc_thread *t) {
  lc_port *home = t->home;
  lc_port_hold(home);
  if (!lc_port_post(home, &t->ended)) release(t);
  lc_port_release(home);
}

static void *thread_main (void *arg) {
  lc_thread *t = arg;
  lc_interrupt_adopt(&t->worker);
  lua_State *L = luaL_newstate();
  if (L) run_state(t, L);
  lc_interrupt_adopt(NULL);
  lc_port_close(t->worker.port, NULL);
  tell_end(t);
  return NULL;
}

static void on_letter_there (lc_note *note, lc_loop *loop) {
  lc_letter *l = lc_container(note, lc_letter, note);
  lc_worker *w = l->to;
  (void)loop;
  lc_mailbox_put(&w->mailbox, l);
}

static void on_letter_home (lc_note *note, lc_loop *loop) {
  lc_letter *l = lc_container(note, lc_letter, note);
  lc_thread *t = l->to;
  (void)loop;
  if (t->remote) lc_remote_arrived(t->remote, l);
  else lc_letter_free(l);
}

static void on_report_home (lc_note *note, lc_loop *loop) {
  lc_report *rep = lc_container(note, lc_report, note);
  lc_thread *t = rep->to;
  lc_port_discount(loop->port);
  if (t->remote) lc_inquiry_arrived(t->remote, rep);
  else lc_report_free(rep);
}

static void report_home (lc_worker *w, lc_report *rep) {
  lc_thread *t = lc_container(w, lc_thread, worker);
  rep->to = t;
  rep->note = (lc_note){.arrive = on_report_home};
  if (!lc_port_post(t->home, &rep->note)) lc_report_free(rep);
}

static int post_letter (lc_port *port, lc_message *m, void *to,
                        void (*arrive) (lc_note *, lc_loop *)) {
  lc_letter *l = lc_letter_new(m, to);
  if (!l) return UV_ENOMEM;
  l->note = (lc_note){.arrive = arrive};
  if (lc_port_post(port, &l->note)) return 0;
  lc_letter_free(l);
  return UV_EPIPE;
}

/* From the thread to its starter. */
static int post_home (lc_worker *w, lc_message *m) {
  lc_thread *t = lc_container(w, lc_thread, worker);
  return post_letter(t->home, m, t, on_letter_home);
}

/* }} */

/* {{ At the starter's */

/* The job is over: the handle, which may live long, needs the block no more. */
static void let_go (lc_remote *r, lc_thread *t) {
  t->remote = NULL;
  r->body = NULL;
  release(t);
}

static void on_ended (lc_note *note, lc_loop *loop) {
  lc_thread *t = lc_container(note, lc_thread, ended);
  lc_remote *r = t->remote;
  (void)loop;
  if (!r) lc_still_stray(-1);
  else {
    pthread_join(t->id, NULL);
    lc_remote_ended(r, t->worker.outcome, &t->worker.reply);
    let_go(r, t);
  }
  release(t);
}

/* A signal to the process is for the threads of its program, not for ours;
** what a thread brings upon itself is its own. */
static void fill_mask (sigset_t *mask) {
  static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP,
                            SIGSYS, SIGPIPE, SIGPROF, SIGXCPU, SIGXFSZ};
  sigfillset(mask);
  for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
    sigdelset(mask, own[i]);
}

static int create (lc_thread *t) {
  pthread_attr_t attr;
  sigset_t mask, old;
  int err = pthread_attr_init(&attr);
  if (err) return err;
  err = pthread_attr_setstacksize(&attr, t->stack);
  fill_mask(&mask);
  pthread_sigmask(SIG_BLOCK, &mask, &old);
  if (!err) err = pthread_create(&t->id, &attr, thread_main, t);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_attr_destroy(&attr);
  return err;
}

static int thread_start (lc_remote *r) {
  lc_thread *t = thread_of(r);
  t->worker.context = r->context;
  t->worker.request = r->request;
  r->context = r->request = (lc_message){0};
  t->remote = r;
  t->worker.flow = r->turn.flow;
  atomic_fetch_add(&t->references, 1);
  int err = lc_uv(uv_translate_sys_error(create(t)));
  if (!err) return 0;
  t->remote = NULL;
  release(t);
  return err;
}

static bool is_asleep (const lc_job *j) {
  return lc_port_is_asleep(thread_of(lc_remote_of(j))->worker.port);
}

static bool is_calm (const lc_remote *r) {
  return lc_port_needs_others(thread_of(r)->worker.port);
}

/* The thread goes on alone, until its process ends or it does. What it runs
** must not be unloaded. */
static void abandon (lc_remote *r, lc_thread *t) {
  lc_system_pin(&our_part);
  lc_still_stray(1);
  pthread_detach(t->id);
  lc_remote_ended(r, LC_ABANDONED, NULL);
  let_go(r, t);
}

/* Stuck in C: a signal has come through, and for a whole grace neither Lua
** code nor the loop has seen that, nor did it sleep. Where none has come
** through, it waits for a processor, as one of thousands. */
static bool is_stuck (const lc_remote *r, lc_thread *t) {
  uint64_t now = uv_hrtime();
  if (is_asleep(&r->job) || !lc_worker_owes(&t->worker)) t->answered = now;
  return now - t->answered >= (uint64_t)LC_GRACE_MS * 1000000;
}

static void thread_strike (lc_remote *r, bool overdue) {
  lc_thread *t = thread_of(r);
  if (is_stuck(r, t) || (overdue && r->job.loop->ending)) {
    abandon(r, t);
    return;
  }
  atomic_fetch_add(&t->worker.strikes, 1);
  lc_interrupt_strike(t->id);
  lc_port_ring(t->worker.port);
}

/* Before the first strike nobody there looks. */
static void thread_explain (lc_remote *r) {
  thread_of(r)->worker.reason = r->reason;
  r->reason = (lc_reason){0};
}

static void thread_ask (lc_remote *r) {
  lc_thread *t = thread_of(r);
  lc_port_ask(t->worker.port, LC_ASK_REPORT);
  lc_interrupt_strike(t->id);
}

static void thread_trace (lc_remote *r) {
  lc_port_ring(thread_of(r)->worker.port);
}

static bool thread_probe (lc_remote *r, uint32_t probe) {
  lc_thread *t = thread_of(r);
  atomic_store(&t->worker.probe, probe);
  lc_port_ask(t->worker.port, LC_ASK_STILL);
  return true;
}

static int thread_post (lc_remote *r, lc_message *m) {
  lc_thread *t = thread_of(r);
  return post_letter(t->worker.port, m, &t->worker, on_letter_there);
}

/* }} */

/* {{ Making and closing */

static size_t read_stack (lua_State *L, int options) {
  lua_Integer n = STACK;
  if (!options) return STACK;
  if (lc_luax_option(L, options, "stack") != LUA_TNIL) {
    n = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (n < LEAST_STACK || n > (lua_Integer)1 << 40)
      lc_luax_bad_option(L, options, "stack", "bytes, 524288 or more");
  }
  lua_pop(L, 1);
  return ((size_t)n + PAGES - 1) / PAGES * PAGES;
}

/* What is on top is wrong. */
static int bad_libs (lua_State *L, int options) {
  return lc_luax_bad_option(L, options, "libs", "a list of names of standard "
                            "libraries, without the basic one");
}

/* The bit of the name on top; 0: of no library. */
static unsigned read_lib (lua_State *L) {
  const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  unsigned bit = 1;
  const char *const *lib = lc_worker_libs;
  while (*lib && strcmp(*lib, name) != 0) {
    lib++;
    bit <<= 1;
  }
  return *lib ? bit : 0;
}

static unsigned read_libs (lua_State *L, int options) {
  unsigned libs = 0;
  if (!options || lc_luax_option(L, options, "libs") == LUA_TNIL) return ~0u;
  if (!lua_istable(L, -1)) bad_libs(L, options);
  for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
    unsigned bit = read_lib(L);
    if (!bit) bad_libs(L, options);
    libs |= bit;
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return libs;
}

static int thread_make (lua_State *L, lc_remote *r, int options) {
  size_t stack = read_stack(L, options);
  unsigned libs = read_libs(L, options);
  lc_thread *t = lc_alloc(sizeof(*t));
  lc_port *port = lc_port_new();
  if (!t || !port) {
    lc_free(t, sizeof(*t));
    lc_port_release(port);
    return UV_ENOMEM;
  }
  memset(t, 0, sizeof(*t));
  lc_interrupt_hold();
  atomic_init(&t->references, 1);
  lc_worker_init(&t->worker, "thread");
  t->worker.libs = libs;
  t->worker.opener = r->job.loop->opener;
  t->worker.port = port;
  t->worker.post = post_home;
  t->worker.report = report_home;
  t->home = r->job.loop->port;
  lc_port_hold(t->home);
  t->worker.top = lc_worker_top(r->job.loop);
  lc_port_hold(t->worker.top);
  t->ended.arrive = on_ended;
  t->limit = r->memory;
  t->stack = stack;
  r->body = t;
  return 0;
}

static void thread_close (void *body) {
  release(body);
}

/* }} */

static const lc_remotekind thread_kind = {
  .engine = LC_REMOTE_ENGINE("thread", is_asleep),
  .open = thread_make,
  .close = thread_close,
  .start = thread_start,
  .strike = thread_strike,
  .explain = thread_explain,
  .post = thread_post,
  .ask = thread_ask,
  .trace = thread_trace,
  .probe = thread_probe,
  .calm = is_calm
};

/* conc.thread(f, ...) or conc.thread{f, ..., name=, memory=, stack=, libs=,
** init=} */
static int thread_new (lua_State *L) {
  return lc_remote_form(L, NULL, 1, &thread_kind);
}

/* core.outermost(f, ...): the same in the group of the code outside tasks */
static int thread_outermost (lua_State *L) {
  return lc_remote_form(L, lc_luax_loop(L)->root, 1, &thread_kind);
}

static const luaL_Reg functions[] = {
  {"thread", thread_new},
  {"outermost", thread_outermost},
  {NULL, NULL}
};

void lc_thread_open (lua_State *L, lc_loop *loop) {
  loop->engines[LC_THREADS] = &thread_kind;
  lc_luax_functions(L, loop, functions);
}
