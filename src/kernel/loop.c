/*
** loop.c: ready ring, deadlines, libuv. See loop.h.
**
** One turn of driving:
**
**   run what is ready (2 ms at most)  ->  set the timer  ->  poll libuv
**        ^        callbacks run their tasks in place  |
**        +--------------------------------------------+
*/

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "engine/worker.h"
#include "host/modules.h"
#include "inspect/account.h"
#include "inspect/debug.h"
#include "inspect/inquiry.h"
#include "inspect/pulse.h"
#include "inspect/races.h"
#include "inspect/trace.h"
#include "kernel/end.h"
#include "kernel/frame.h"
#include "kernel/handle.h"
#include "kernel/interrupt.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "kernel/trouble.h"

enum { PROBE = 8, POOL_CLASSES = 8, POOL_LEAST = 64, KEEP_POOLED = 256 };
#define IO_GRACE_MS 20   /* virtual time: real time that I/O may take */

const char lc_loop_key = 0;

typedef struct lc_uvblock {
  uv_loop_t loop;
  uv_timer_t timer;       /* all deadlines */
  uv_poll_t waker;        /* the port, while libuv sleeps */
  uv_prepare_t prepare;   /* under a host's loop: our turn in its turn */
  uv_check_t check;
  uv_idle_t idle;         /* and: don't sleep, something is ready */
  uv_timer_t nap;         /* it has slept for long: see still.h */
  uint64_t armed;         /* what the timer stands for */
  int closing;            /* of these six, not closed yet */
} lc_uvblock;

/* {{ The ring */

static void on_idle (uv_idle_t *idle) {
  (void)idle;   /* that the loop does not sleep is all it is for */
}

int lc_loop_reserve (lc_loop *loop, uint32_t n) {
  uint32_t old = loop->ring ? loop->mask + 1 : 0, size = old ? old : 16;
  if (n <= old) return 0;
  while (size < n) size *= 2;
  lc_task **ring = lc_alloc(size * sizeof(*ring));
  if (!ring) return UV_ENOMEM;
  for (uint32_t i = 0; i < loop->nready; i++)
    ring[i] = loop->ring[(loop->head + i) & loop->mask];
  lc_free(loop->ring, old * sizeof(*ring));
  loop->ring = ring;
  loop->head = 0;
  loop->mask = size - 1;
  return 0;
}

void lc_loop_ready (lc_loop *loop, lc_task *t) {
  if (!t->co) return;
  lc_assert(!t->ready && loop->nready <= loop->mask);
  t->ready = true;
  t->job.state = LC_READY;
  loop->ring[(loop->head + loop->nready++) & loop->mask] = t;
  if (loop->external_uv && loop->depth == 0)
    uv_idle_start(&loop->block->idle, on_idle);
}

static lc_task *take_ready (lc_loop *loop) {
  if (loop->clock.is_seeded) {
    uint32_t i = loop->head + lc_clock_choose(&loop->clock, loop->nready);
    lc_task *chosen = loop->ring[i & loop->mask];
    loop->ring[i & loop->mask] = loop->ring[loop->head & loop->mask];
    loop->ring[loop->head & loop->mask] = chosen;
  }
  lc_task *t = loop->ring[loop->head];
  loop->head = (loop->head + 1) & loop->mask;
  loop->nready--;
  t->ready = false;
  return t;
}

void lc_loop_look (lc_loop *loop) {
  loop->time = lc_clock_now(&loop->clock);
}

/* Tasks begin to run in this turn, or go on. */
static void note_busy (lc_loop *loop, uint64_t now) {
  if (!LC_OBSERVED) return;
  if (!loop->stats.busy) loop->stats.busy = now;
  loop->time = loop->clock.is_virtual ? loop->clock.now : now;
}

/* The same in a callback. libuv has just looked at its own clock, in ms, which
** will do for the ages of waits. */
static void note_called (lc_loop *loop) {
  bool exact = loop->stats.timed || !loop->uv;
  uint64_t now = exact ? uv_hrtime() : uv_now(loop->uv) * 1000000;
  note_busy(loop, !exact && now < loop->time ? loop->time : now);
}

/* The turn is over: from here on others than its tasks have their say. */
static void note_poll (lc_loop *loop) {
  if (!LC_OBSERVED) return;
  lc_trace_turn(loop);
  loop->stats.turns++;
  if (loop->stats.timed && loop->stats.busy)
    lc_stats_turn(&loop->stats, uv_hrtime());
  loop->stats.busy = 0;
}

void lc_loop_run_now (lc_loop *loop, lc_task *t) {
  if (!lc_task_runs_now(loop, t)) return;
  lc_assert(loop->ring[(loop->head + loop->nready - 1) & loop->mask] == t);
  loop->nready--;
  t->ready = false;
  if (LC_OBSERVED && !loop->stats.busy) note_called(loop);
  lc_task_run(loop, t);
  loop->stats.resumed++;
}

/* Looks at the clock every 16 tasks: has the slice that began then ended? */
static bool is_over (lc_loop *loop, uint64_t start) {
  if (++loop->stats.resumed % 16) return false;
  if (loop->clock.is_virtual) return loop->stats.resumed % 4096 == 0;
  loop->time = uv_hrtime();
  return loop->time - start >= LC_SLICE_NS;
}

/* Runs ready tasks for a slice; those of now only, if `once`; until main's
** wait has ended, otherwise. */
static void run_slice (lc_loop *loop, bool once) {
  uint32_t left = once ? loop->nready : UINT32_MAX;
  if (loop->nready == 0) return;
  uint64_t start = uv_hrtime();
  note_busy(loop, start);
  for (; loop->nready && left; left--) {
    lc_task_run(loop, take_ready(loop));
    if (is_over(loop, start) || (!once && !loop->main->op.kind)) return;
  }
}

/* }} */

/* {{ Deadlines */

int lc_loop_at (lc_loop *loop, lc_timer *t, uint64_t due) {
  if (due == UINT64_MAX) return 0;
  return lc_heap_add(&loop->deadlines, t, due);
}

void lc_loop_unat (lc_loop *loop, lc_timer *t) {
  lc_heap_remove(&loop->deadlines, t);
}

static void fire_due (lc_loop *loop) {
  uint64_t now = lc_clock_now(&loop->clock);
  lc_timer *t;
  while ((t = lc_heap_take(&loop->deadlines, now))) t->fire(t);
}

/* libuv before 1.45 runs timers before it polls as well, if this one was
** late already. The poll must not wait then: what was woken may be ready, or
** have deadlines of its own that are not armed yet. */
static void on_timer (uv_timer_t *timer) {
  lc_loop *loop = timer->data;
  loop->block->armed = UINT64_MAX;
  fire_due(loop);
  if (loop->depth > 0) uv_stop(loop->uv);
}

/* libuv counts in whole milliseconds from a time that it read earlier: one
** more, so that nothing fires early. */
static void arm_timer (lc_loop *loop) {
  uint64_t due = lc_heap_next(&loop->deadlines), now;
  lc_uvblock *b = loop->block;
  if (due == b->armed) return;
  b->armed = due;
  if (due == UINT64_MAX) {
    uv_timer_stop(&b->timer);
    return;
  }
  uv_update_time(loop->uv);
  now = uv_hrtime();
  uv_timer_start(&b->timer, on_timer,
                 due <= now ? 0 : (due - now) / 1000000 + 1, 0);
}

/* }} */

/* {{ libuv */

/* A program may be started with standard descriptors closed. libuv would get
** their numbers then, and aborts when it closes one of these. */
static int fill_standard (void) {
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
      return uv_translate_sys_error(errno);
  return 0;
}

/* libuv 1.44 aborts where its first loop finds no descriptors: ask first. */
static int probe_descriptors (void) {
  int fds[PROBE], n = 0, err = 0;
  while (n < PROBE && !err) {
    int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0) err = uv_translate_sys_error(errno);
    else fds[n++] = fd;
  }
  while (n > 0) close(fds[--n]);
  return err;
}

/* Our own loop looks at the port after each poll. */
static void on_waker (uv_poll_t *waker, int status, int events) {
  lc_loop *loop = waker->data;
  (void)status; (void)events;
  lc_port_drain(loop->port);
  if (loop->depth == 0) lc_port_deliver(loop->port, loop);
}

/* Under a host's loop: our turn, right before it polls. */
static void on_prepare (uv_prepare_t *prepare) {
  lc_loop *loop = prepare->data;
  if (loop->depth > 0) {   /* we drive it ourselves, and don't sleep busily */
    uv_idle_stop(&loop->block->idle);
    return;
  }
  loop->in_poll = true;
  loop->thread = pthread_self();
  lc_port_deliver(loop->port, loop);
  run_slice(loop, true);
  note_poll(loop);
  arm_timer(loop);
  if (lc_port_poll(loop->port, false) && !loop->nready)
    uv_idle_stop(&loop->block->idle);
  else uv_idle_start(&loop->block->idle, on_idle);
}

static void on_check (uv_check_t *check) {
  lc_loop *loop = check->data;
  loop->in_poll = false;
  lc_port_polled(loop->port);
}

static void adopt (lc_loop *loop, uv_handle_t *h) {
  h->data = loop;
  uv_unref(h);
}

void lc_loop_expect (lc_loop *loop, lc_by by, int n) {
  lc_assert(by != LC_BY_TASK && (n == 1 || n == -1));
  uint32_t *count = by == LC_BY_UV ? &loop->external : &loop->others;
  *count += (uint32_t)n;
  if (by == LC_BY_UV || !loop->block || loop->watched) return;
  if (*count == 0) uv_unref((uv_handle_t *)&loop->block->waker);
  else uv_ref((uv_handle_t *)&loop->block->waker);
}

static void start_handles (lc_loop *loop, lc_uvblock *b) {
  uv_timer_init(loop->uv, &b->timer);
  uv_prepare_init(loop->uv, &b->prepare);
  uv_check_init(loop->uv, &b->check);
  uv_idle_init(loop->uv, &b->idle);
  uv_timer_init(loop->uv, &b->nap);
  adopt(loop, (uv_handle_t *)&b->nap);
  adopt(loop, (uv_handle_t *)&b->waker);
  uv_poll_start(&b->waker, UV_READABLE, on_waker);
  if (loop->others == 0) uv_unref((uv_handle_t *)&b->waker);
  adopt(loop, (uv_handle_t *)&b->prepare);
  adopt(loop, (uv_handle_t *)&b->check);
  b->timer.data = loop;
  b->idle.data = loop;
  b->armed = UINT64_MAX;
  if (!loop->external_uv) return;
  uv_prepare_start(&b->prepare, on_prepare);
  uv_check_start(&b->check, on_check);
}

static int open_uv (lc_loop *loop, lc_uvblock *b) {
  int err = loop->external_uv ? 0 : fill_standard();
  if (!err && !loop->external_uv) err = lc_uv(probe_descriptors());
  if (err) return err;
  if (!loop->external_uv) {
    err = lc_uv(uv_loop_init(&b->loop));
    if (err) return err;
    loop->uv = &b->loop;
  }
  int fd = lc_port_descriptor(loop->port);
  err = fd < 0 ? fd : lc_uv(uv_poll_init(loop->uv, &b->waker, fd));
  if (!err) return 0;
  if (!loop->external_uv) {
    uv_loop_close(&b->loop);
    loop->uv = NULL;
  }
  return err;
}

uv_loop_t *lc_loop_uv (lc_loop *loop, int *err) {
  *err = loop->ended ? UV_ECANCELED : 0;
  if (loop->block || loop->ended) return loop->uv;
  lc_uvblock *b = lc_alloc(sizeof(*b));
  *err = b ? 0 : UV_ENOMEM;
  if (b) {
    memset(b, 0, sizeof(*b));
    *err = open_uv(loop, b);
  }
  if (*err) {
    lc_free(b, sizeof(*b));
    return NULL;
  }
  loop->block = b;
  start_handles(loop, b);
  return loop->uv;
}

/* For the port. */
static int open_for_port (lc_loop *loop) {
  int err;
  (void)lc_loop_uv(loop, &err);
  return err;
}

char *lc_loop_buffer (lc_loop *loop) {
  if (!loop->buffer) loop->buffer = lc_alloc(LC_BUFFER);
  return loop->buffer;
}

/* The index of the free list for blocks of `size`; -1: too large. */
static int size_class (size_t size) {
  for (int c = 0; c < POOL_CLASSES; c++)
    if (size <= (size_t)POOL_LEAST << c) return c;
  return -1;
}

void *lc_loop_borrow (lc_loop *loop, size_t size) {
  int c = size_class(size);
  void *block = c >= 0 ? loop->pool[c] : NULL;
  if (block) {
    memcpy(&loop->pool[c], block, sizeof(void *));
    loop->npool[c]--;
  }
  else block = lc_alloc(c >= 0 ? (size_t)POOL_LEAST << c : size);
  if (block) loop->nops++;
  return block;
}

void lc_loop_giveback (lc_loop *loop, void *block, size_t size) {
  int c = size_class(size);
  loop->nops--;
  if (c < 0 || loop->npool[c] >= KEEP_POOLED) {
    lc_free(block, c < 0 ? size : (size_t)POOL_LEAST << c);
    return;
  }
  loop->npool[c]++;
  memcpy(block, &loop->pool[c], sizeof(void *));
  loop->pool[c] = block;
}

static void free_pool (lc_loop *loop) {
  for (int c = 0; c < POOL_CLASSES; c++) {
    void *block;
    while ((block = loop->pool[c])) {
      memcpy(&loop->pool[c], block, sizeof(void *));
      lc_free(block, (size_t)POOL_LEAST << c);
    }
  }
}

/* }} */

/* {{ Driving */

static bool can_wake (lc_loop *loop) {
  if (loop->external || loop->others || loop->deadlines.n) return true;
  return loop->external_uv && uv_loop_alive(loop->uv);
}

/* Must libuv be polled, or is there nothing in it that can come? */
static bool needs_uv (const lc_loop *loop) {
  return loop->external || loop->watched ||
         (loop->block && uv_loop_alive(loop->uv));
}

/* Waits for others, and for nothing else? */
static bool only_others (const lc_loop *loop) {
  return loop->external == 0 && loop->deadlines.n == 0;
}

static void on_nap_over (uv_timer_t *timer) {
  lc_still_slept(timer->data);
}

/* (It goes on from one sleep to the next, as to set it anew has its price.) */
static void limit_sleep (lc_loop *loop) {
  uv_timer_t *nap = &loop->block->nap;
  if (uv_is_active((uv_handle_t *)nap) && !loop->still.probe) {
    lc_port_guard(loop->port);
    return;
  }
  uint64_t ns = lc_still_nap(loop);
  if (ns == UINT64_MAX) return;
  uv_update_time(loop->uv);
  uv_timer_start(nap, on_nap_over, ns / 1000000 + 1, 0);
}

void lc_loop_wait_anew (lc_loop *loop) {
  if (loop->block) uv_timer_stop(&loop->block->nap);
}

static void run_uv (lc_loop *loop, bool wait) {
  bool others = only_others(loop);
  bool sleeps = wait && lc_port_poll(loop->port, others);
  if (sleeps && others) limit_sleep(loop);
  uv_run(loop->uv, sleeps ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  if (sleeps) lc_port_polled(loop->port);
}

/* Sleeps until the port is rung or a deadline comes, at most `most` ns. */
static void park (lc_loop *loop, uint64_t most) {
  uint64_t due = lc_heap_next(&loop->deadlines);
  uint64_t now = due == UINT64_MAX || loop->clock.is_virtual ? 0 : uv_hrtime();
  if (now) most = due > now ? due - now : 0;
  bool others = loop->others > 0 && only_others(loop);
  if (!lc_port_park(loop->port, most, loop->others > 0, others) && others)
    lc_still_slept(loop);
}

/* Virtual time: lets I/O that is under way have its say, then jumps. */
static void poll_virtual (lc_loop *loop, bool wait) {
  uint64_t due = lc_heap_next(&loop->deadlines);
  if (loop->block && needs_uv(loop)) {
    uv_timer_t *timer = &loop->block->timer;
    uv_update_time(loop->uv);
    uv_timer_start(timer, on_timer, IO_GRACE_MS, 0);
    run_uv(loop, wait);
    uv_timer_stop(timer);
    loop->block->armed = UINT64_MAX;
  }
  else if (wait && loop->others)
    park(loop, due == UINT64_MAX ? UINT64_MAX : IO_GRACE_MS * 1000000u);
  lc_port_deliver(loop->port, loop);
  due = lc_heap_next(&loop->deadlines);
  if (!wait || loop->nready || due == UINT64_MAX) return;
  if (due > loop->clock.now) loop->time = loop->clock.now = due;
  fire_due(loop);
}

static void poll_port (lc_loop *loop, bool wait) {
  if (wait) park(loop, UINT64_MAX);
  lc_port_deliver(loop->port, loop);
  fire_due(loop);
}

static void poll_uv (lc_loop *loop, bool wait) {
  note_poll(loop);
  if (loop->clock.is_virtual) poll_virtual(loop, wait);
  else if (!needs_uv(loop) && loop->nhandles == 0)   /* these read ahead */
    poll_port(loop, wait && can_wake(loop));
  else {
    arm_timer(loop);
    run_uv(loop, wait);
    lc_port_deliver(loop->port, loop);
  }
}

void lc_loop_glance (lc_loop *loop) {
  if (loop->block) run_uv(loop, false);
  lc_port_deliver(loop->port, loop);
}

static void enter (lua_State *L, lc_loop *loop) {
  loop->driver = L;
  loop->thread = pthread_self();
  loop->depth++;
}

static void leave (lc_loop *loop) {
  loop->driver = loop->L;
  loop->depth--;
}

/* Has somebody asked for something? */
static inline void look_asked (lua_State *L, lc_loop *loop) {
  if (lc_unlikely(atomic_load_explicit(loop->asks, memory_order_relaxed)))
    lc_inquiry_serve(L, loop, false);
}

bool lc_loop_turn (lua_State *L, lc_loop *loop, bool wait) {
  if (loop->ended) return false;
  enter(L, loop);
  lc_port_deliver(loop->port, loop);
  look_asked(L, loop);
  run_slice(loop, true);
  bool more = loop->nready || can_wake(loop);
  poll_uv(loop, wait && !loop->nready && more);
  leave(loop);
  return more;
}

void lc_loop_drive (lua_State *L, lc_loop *loop) {
  lc_task *main = loop->main;
  bool interrupts = false;
  lc_still_moved(loop);
  enter(L, loop);
  lc_port_deliver(loop->port, loop);
  while (main->op.kind) {
    look_asked(L, loop);
    run_slice(loop, false);
    if (!main->op.kind) break;
    if (lc_interrupt_pending(loop)) {
      if (!loop->worker) loop->trouble = LC_SIGINT;
      lc_scope_cancel(&main->base);
    }
    else if (loop->nready || can_wake(loop)) {
      if (!interrupts) interrupts = lc_interrupt_start(loop);
      poll_uv(loop, !loop->nready);
    }
    else lc_trouble_stuck(L, loop);
  }
  if (interrupts) lc_interrupt_stop(loop);
  if (LC_OBSERVED) lc_trace_turn(loop);   /* it may have been the last */
  leave(loop);
  main->job.state = LC_RUNNING;
}

/* }} */

/* libuv tells the kernel of descriptors when it runs, which it does only while
** something in it is alive: so the port is, from here on. */
int lc_loop_descriptor (lc_loop *loop) {
  int err;
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  if (!uv) return err;
  loop->watched = loop->hosted = true;
  uv_ref((uv_handle_t *)&loop->block->waker);
  return uv_backend_fd(uv);
}

int lc_loop_patience (lc_loop *loop) {
  uint64_t due = lc_heap_next(&loop->deadlines), now = uv_hrtime();
  if (loop->nready || !lc_port_poll(loop->port, false) || due <= now) return 0;
  int ms = loop->block ? uv_backend_timeout(loop->uv) : -1;
  if (due == UINT64_MAX) return ms;
  due = (due - now) / 1000000 + 1;
  if (due > INT32_MAX) due = INT32_MAX;
  return ms < 0 || due < (uint64_t)ms ? (int)due : ms;
}

/* {{ Closing */

static void on_own_closed (uv_handle_t *h) {
  lc_loop *loop = h->data;
  loop->block->closing--;
}

static void close_own (lc_loop *loop) {
  lc_uvblock *b = loop->block;
  uv_handle_t *own[] = {
    (uv_handle_t *)&b->timer, (uv_handle_t *)&b->waker,
    (uv_handle_t *)&b->prepare, (uv_handle_t *)&b->check,
    (uv_handle_t *)&b->idle, (uv_handle_t *)&b->nap
  };
  for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
    b->closing++;
    uv_close(own[i], on_own_closed);
  }
}

static void close_uv (lc_loop *loop) {
  if (!loop->block) return;
  while (!lc_list_empty(&loop->handles))
    lc_handle_close(lc_container(loop->handles.next, lc_handle, link));
  close_own(loop);
  while (loop->nhandles || loop->nops || loop->block->closing)
    uv_run(loop->uv, UV_RUN_ONCE);
  if (!loop->external_uv) uv_loop_close(loop->uv);
  lc_free(loop->block, sizeof(*loop->block));
  loop->block = NULL;
  loop->uv = NULL;
}

void lc_loop_close (lc_loop *loop) {
  lc_still_end(loop);
  lc_races_end(loop);
  lc_pulse_stop(loop);
  lc_account_stop(loop);
  lc_interrupt_unwatch(loop);
  lc_port_close(loop->port, loop);
  close_uv(loop);
  lc_trace_end(loop);
  free_pool(loop);
  lc_free(loop->buffer, LC_BUFFER);
  lc_free(loop->ring, loop->ring ? (loop->mask + 1) * sizeof(*loop->ring) : 0);
  loop->buffer = NULL;
  loop->ring = NULL;
  lc_heap_free(&loop->deadlines);
  lc_slots_free(loop);
}

static int loop_collect (lua_State *L) {
  lc_loop *loop = lua_touserdata(L, 1);
  if (!loop->main) return 0;
  lc_end_state(L, loop);
  lc_task_main_free(loop);
  lc_port_release(loop->port);
  lc_modules_release();
  return 0;
}

/* }} */

static void use_host_loop (lua_State *L, lc_loop *loop, uv_loop_t *uv) {
  int err;
  loop->uv = uv;
  loop->external_uv = loop->hosted = uv != NULL;
  if (uv && !lc_loop_uv(loop, &err))
    luaL_error(L, "luaconc: the host's loop can't be used: %s",
               uv_strerror(err));
}

/* core.turn() -> are there live jobs? For hosts: see luaconc.h */
static int loop_turn (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (loop->current || loop->depth > 0 || loop->in_poll)
    return luaL_error(L, "a turn can't be run inside a task or a callback");
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lc_loop_turn(L, loop, false);
  lua_pushboolean(L, loop->live > 0);
  return 1;
}

static const luaL_Reg functions[] = {
  {"turn", loop_turn},
  {NULL, NULL}
};

void lc_loop_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}

/* Is the state that of a program like `lua`? Those have a table `arg`. */
static bool is_program (lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushliteral(L, "arg");
  bool program = lua_rawget(L, -2) == LUA_TTABLE;
  lua_pop(L, 2);
  return program;
}

/* That of a thread was made by who started it. */
static lc_port *take_port (const lc_worker *w) {
  if (!w || !w->port) return lc_port_new();
  lc_port_hold(w->port);
  return w->port;
}

/* A loop that its finaliser leaves alone, as there is no `main` yet. */
static lc_loop *push_loop (lua_State *L) {
  lc_loop *loop = lua_newuserdatauv(L, sizeof(*loop), 0);
  memset(loop, 0, sizeof(*loop));
  lc_list_init(&loop->handles);
  lc_list_init(&loop->remotes);
  lc_still_init(loop);
  loop->budget = LC_BUDGET;
  loop->freeslot = INT32_MAX;
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  loop->L = loop->driver = lua_tothread(L, -1);
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, loop_collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  return loop;
}

void lc_loop_take_port (lc_loop *loop) {
  loop->asks = lc_port_asks(loop->port);
  lc_port_set_owner(loop->port, loop, open_for_port, lc_still_nap);
}

static bool fill (lc_loop *loop) {
  loop->port = take_port(loop->worker);
  if (loop->port) lc_loop_take_port(loop);
  if (loop->port && lc_task_main(loop) && lc_loop_reserve(loop, 1) == 0)
    return true;
  lc_task_main_free(loop);
  lc_port_release(loop->port);
  return false;
}

lc_loop *lc_loop_new (lua_State *L, uv_loop_t *uv, const lc_opener *opener) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  lc_loop *loop = lua_touserdata(L, -1);   /* by an opening that failed */
  lua_pop(L, 1);
  if (loop) return loop;
  loop = push_loop(L);
  loop->opener = opener;
  loop->is_program = is_program(L);
  loop->worker = lc_worker_of(L);
  lc_debug_inherit(loop);
  if (!fill(loop)) luaL_error(L, "not enough memory");
  lc_modules_hold();   /* from here on the finaliser gives all of it back */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
  use_host_loop(L, loop, uv);
  return loop;
}

#if defined(LUACONC_TESTING)
void lc_loop_check (lc_loop *loop) {
  uint32_t used = 0;
  lc_heap_check(&loop->deadlines);
  for (uint32_t i = 0; i < loop->nready; i++) {
    lc_task *t = loop->ring[(loop->head + i) & loop->mask];
    lc_assert(t->ready && !t->op.kind && t->job.state == LC_READY);
  }
  for (uint32_t i = 0; i < loop->nslots; i++)
    if (lc_slots_job(loop, i)) used++;
  lc_assert(used >= loop->live && loop->nready <= loop->live);
}
#endif
