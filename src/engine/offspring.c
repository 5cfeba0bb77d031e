/*
** offspring.c: a worker process. See offspring.h.
**
** Born with all signals blocked, it settles, waits for its request, and lets
** signals in only when they find a handler: so no cancellation is lost, and
** none kills it before its job can clean up.
**
** The state is closed before the outcome is told, and standard output is
** flushed before that: whoever reads the results finds the output there. Then
** the process ends at once, without what else the program would do at exit.
**
** The conduit belongs to the process and outlives the state; the handle that
** watches it does not.
*/

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "base/memory.h"
#include "base/system.h"
#include "engine/afterfork.h"
#include "engine/conduit.h"
#include "engine/forker.h"
#include "engine/offspring.h"
#include "engine/road.h"
#include "engine/starter.h"
#include "engine/worker.h"
#include "inspect/account.h"
#include "inspect/inquiry.h"
#include "inspect/pulse.h"
#include "inspect/trace.h"
#include "kernel/handle.h"
#include "kernel/interrupt.h"
#include "luaconc.h"
#include "shared/commons.h"

enum { SCRATCH = 16384, LONGEST_ANSWER = 1024 };

typedef struct outgoing {
  lc_packet packet;
  lc_message message;
} outgoing;

typedef struct watch {
  lc_handle handle;
  int events;              /* that it is polled for */
  uv_poll_t poll;
} watch;

/* There is one in a process. */
static struct {
  lc_worker worker;
  lc_conduit conduit;
  lc_memory memory;
  lc_ration ration;
  watch *watch;            /* NULL: not in the loop */
  bool requested;
  int refusal;             /* of the system, to limit it; a libuv code */
} self;

static void stay (lc_packet *p) { (void)p; }

/* Blocks until all that is queued is sent, or nobody reads it any more. */
static void send_all (void) {
  while (!lc_conduit_idle(&self.conduit)) {
    if (lc_conduit_flush(&self.conduit) != UV_EAGAIN) return;
    lc_conduit_wait(&self.conduit, true);
  }
}

/* {{ What comes */

#if defined(LUACONC_TESTING)

static lua_State *tested;

/* A text for a worker without a job. */
static void run_text (char *bytes, size_t len) {
  lua_State *L = tested;
  lc_packet result = {.kind = LC_SAY_TEXT, .gone = stay};
  lc_forker_open();
  if (luaL_loadbuffer(L, bytes, len, "=text") == LUA_OK)
    (void)lua_pcall(L, 0, 1, 0);
  result.bytes = luaL_tolstring(L, -1, &result.len);
  (void)lc_conduit_send(&self.conduit, &result);
  send_all();
  lua_settop(L, 0);
}

#endif

static bool take_letter (lc_message *m) {
  lc_letter *l = lc_letter_new(m, NULL);
  if (l) lc_mailbox_put(&self.worker.mailbox, l);
  return l != NULL;
}

static bool take_trace (const lc_message *m) {
  char path[4096];
  lc_tracenews news;
  if (m->len < sizeof news || m->len - sizeof news >= sizeof path)
    return false;
  size_t len = m->len - sizeof news;
  memcpy(&news, m->base, sizeof news);
  memcpy(path, m->base + sizeof news, len);
  path[len] = '\0';
  if (news.flow) self.worker.flow = news.flow;
  lc_trace_follow(news.era, path);
  return true;
}

static bool take_probe (const lc_message *m) {
  uint32_t probe;
  if (m->len != sizeof probe) return false;
  memcpy(&probe, m->base, sizeof probe);
  atomic_store(&self.worker.probe, probe);
  if (self.worker.loop) lc_port_ask(self.worker.loop->port, LC_ASK_STILL);
  return true;
}

static bool take (uint32_t kind, lc_message *m) {
  lc_worker *w = &self.worker;
  switch (kind) {
    case LC_SAY_LIMIT:
      if (m->len != sizeof self.ration) return false;
      memcpy(&self.ration, m->base, sizeof self.ration);
      return true;
    case LC_SAY_CONTEXT: case LC_SAY_REQUEST: {
      lc_message *place = kind == LC_SAY_CONTEXT ? &w->context : &w->request;
      if (self.requested || place->base) return false;
      *place = *m;
      *m = (lc_message){0};
      self.requested = kind == LC_SAY_REQUEST;
      return true;
    }
    case LC_SAY_LETTER: return take_letter(m);
    case LC_SAY_REASON:
      if (w->reason.base || !m->base) return false;
      w->reason = (lc_reason){.base = m->base, .len = m->len};
      *m = (lc_message){0};
      return true;
    case LC_SAY_PROBE: return take_probe(m);
    case LC_SAY_TRACE: return take_trace(m);
#if defined(LUACONC_TESTING)
    case LC_SAY_TEXT:
      run_text(m->base, m->len);
      return true;
#endif
    default: return false;
  }
}

static bool is_message (uint32_t kind) {
  return kind == LC_SAY_CONTEXT || kind == LC_SAY_REQUEST ||
         kind == LC_SAY_LETTER;
}

static bool on_packet (lc_conduit *c, uint32_t kind, char *bytes,
                       size_t len) {
  lc_message m = {.base = bytes, .len = len};
  (void)c;
  bool right = !is_message(kind) || lc_message_import(&m, false) == 0;
  if (right) right = take(kind, &m);
  lc_message_free(&m);
  return right;
}

/* Without a request there is nothing to do, and nobody to tell. */
static void await_request (char *scratch) {
  while (!self.requested) {
    int err = lc_conduit_read(&self.conduit, scratch, SCRATCH);
    if (err == UV_EAGAIN && !self.requested)
      lc_conduit_wait(&self.conduit, false);
    else if (err && err != UV_EAGAIN) _exit(0);
  }
}

/* }} */

/* {{ While the job runs */

static const lc_handlekind watch_kind = {
  "link", sizeof(watch), offsetof(watch, poll), NULL, NULL
};

static void look (void);

/* What has come by now. Its end is seen by who waits for it. */
static void hear (lc_worker *w) {
  char scratch[1024];
  (void)w;
  (void)lc_conduit_read(&self.conduit, scratch, sizeof scratch);
}

/* The starter says nothing more. */
static void hang_up (void) {
  lc_handle_close(&self.watch->handle);
  self.watch = NULL;
  lc_mailbox_close(&self.worker.mailbox);
}

static void on_link (uv_poll_t *poll, int status, int events) {
  lc_handle *h = lc_handle_of(poll);
  int err = status;   /* the starter is dead: nothing matters any more */
  if (!err && (events & UV_WRITABLE)) (void)lc_conduit_flush(&self.conduit);
  if (!err && (events & UV_READABLE))
    err = lc_conduit_read(&self.conduit, h->loop->buffer, LC_BUFFER);
  if (err && err != UV_EAGAIN) hang_up();
  else look();
}

/* Reads always; writes where something waits for it. */
static void look (void) {
  int events = UV_READABLE;
  if (!self.watch) return;
  if (!lc_conduit_idle(&self.conduit)) events |= UV_WRITABLE;
  if (events == self.watch->events) return;
  self.watch->events = events;
  (void)uv_poll_start(&self.watch->poll, events, on_link);
}

static bool has_said_all (lc_worker *w) {
  (void)w;
  return lc_conduit_idle(&self.conduit);
}

/* Before the first letter is waited for: a job that never does so needs no
** loop for it. */
static int listen_home (lc_worker *w) {
  lc_loop *loop = w->loop;
  int err = 0;
  if (self.watch || w->mailbox.closed || !loop) return 0;
  uv_loop_t *uv = lc_loop_buffer(loop) ? lc_loop_uv(loop, &err) : NULL;
  if (!uv) return err ? err : UV_ENOMEM;
  lc_handle *h = lc_handle_new(loop, &watch_kind);
  if (!h) return lc_handle_refusal(loop);
  watch *watched = lc_container(h, watch, handle);
  err = uv_poll_init(uv, &watched->poll, self.conduit.fd);
  if (err) {
    lc_handle_drop(h);
    return err;
  }
  lc_handle_opened(h);
  self.watch = watched;
  look();
  return 0;
}

static void on_sent (lc_packet *p) {
  outgoing *o = lc_container(p, outgoing, packet);
  lc_message_free(&o->message);
  lc_free(o, sizeof *o);
}

/* What goes over the link is bytes. */
static int export (lc_message *m) {
  lc_message out;
  if (m->nheld == 0) return 0;
  int err = lc_message_export(m, lc_commons_parent(), &out);
  if (err) return err;
  lc_message_free(m);
  *m = out;
  return 0;
}

/* Takes the message. */
static int send_home (lc_worker *w, lc_message *m, lc_saying kind) {
  outgoing *o = m->len <= LC_CONDUIT_LIMIT ? lc_alloc(sizeof *o) : NULL;
  int refused = o ? export(m) : UV_ENOMEM;
  if (refused) {
    lc_free(o, sizeof *o);
    return refused;
  }
  *o = (outgoing){.message = *m};
  *m = (lc_message){0};
  o->packet = (lc_packet){.kind = kind, .bytes = o->message.base,
                          .len = o->message.len, .gone = on_sent};
  int err = lc_conduit_send(&self.conduit, &o->packet);
  if (err != UV_EAGAIN) return err;
  if (listen_home(w)) send_all();   /* then it has to block */
  else look();
  return 0;
}

/* A letter to the starter. */
static int post_home (lc_worker *w, lc_message *m) {
  return send_home(w, m, LC_SAY_LETTER);
}

/* (Who asks may have more to say, over the link.) */
static void report_home (lc_worker *w, lc_report *rep) {
  lc_message m = {0};
  (void)listen_home(w);
  m.base = lc_report_write(rep, &m.len);
  if (m.base) (void)send_home(w, &m, LC_SAY_REPORT);
  lc_message_free(&m);
  lc_report_free(rep);
}

/* }} */

/* {{ Beginning and end */

/* math.randomseed(n, n): forks of one process must not draw the same. */
static void seed_random (lua_State *L) {
  lua_Integer seed[2];
  int err = uv_random(NULL, NULL, seed, sizeof seed, 0, NULL);
  if (err) luaL_error(L, "no random numbers: %s", uv_strerror(err));
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, seed[0]);
  lua_pushinteger(L, seed[1]);
  lua_call(L, 2, 0);
  lua_pop(L, 1);
}

/* As in a thread's state: coroutines that may wait, and no arguments. */
static void prepare (lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "luaconc.core");
  lua_getfield(L, -1, "coroutine");
  lua_pushvalue(L, -1);
  lua_setglobal(L, "coroutine");
  lua_setfield(L, -3, "coroutine");
  lua_pop(L, 2);
  lua_pushnil(L);
  lua_setglobal(L, "arg");
}

static void tell_outcome (void) {
  lc_worker *w = &self.worker;
  bool too_long = w->reply.len > LC_CONDUIT_LIMIT;
  if (too_long) self.refusal = UV_EMSGSIZE;
  if (too_long || export(&w->reply)) w->outcome = LC_NOMEMORY;
  lc_verdict v = {(uint32_t)w->outcome, self.refusal};
  lc_packet packets[] = {
    {.kind = LC_SAY_OUTCOME, .bytes = (char *)&v, .len = sizeof v,
     .gone = stay},
    {.kind = LC_SAY_REPLY, .bytes = w->reply.base, .len = w->reply.len,
     .gone = stay}
  };
  int n = w->outcome <= LC_RAISED || w->reply.base ? 2 : 1;
  for (int i = 0; i < n; i++)
    (void)lc_conduit_queue(&self.conduit, &packets[i]);
  send_all();
}

static void run_job (lua_State *L) {
  lc_worker *w = &self.worker;
  lc_worker_adopt(L, w);
  lc_interrupt_serve();
  lc_interrupt_adopt(w);
  lc_forker_open();
  self.refusal = lc_system_limit(&self.ration.limits);
  if (self.refusal) {
    w->outcome = LC_NEVERSTARTED;
    return;
  }
  size_t most = (size_t)self.ration.memory;
  if (most && !lc_memory_limit(L, &self.memory, most)) return;
  lc_worker_run(L, w, true);
}

/* {{ The end of the state, which is soon that of its memory */

static struct { lua_Alloc alloc; void *ud; } before;

/* To free what the forkserver has made would only copy its pages. */
static void *keep_all (void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  if (size == 0) return NULL;
  if (block && size <= old) return block;
  return before.alloc(before.ud, block, old, size);
}

/* (A finaliser may call os.exit: what is kept is no leak then.) */
static void close_state (lua_State *L) {
#if !defined(__SANITIZE_ADDRESS__)
  before.alloc = lua_getallocf(L, &before.ud);
  lua_setallocf(L, keep_all, NULL);
#else
  (void)keep_all;
#endif
  lua_close(L);
}

/* }} */

/* What is still to be done when the state is closed must not go with it. */
lc_noreturn static void work (lua_State *L) {
  static char scratch[SCRATCH];
  lc_forker_settle();
  lc_road_enter(LC_PLACE_ROAD);
  seed_random(L);
  lc_worker_init(&self.worker, "process");
  self.worker.reply.process = true;
  self.worker.post = post_home;
  self.worker.report = report_home;
  self.worker.listen = listen_home;
  self.worker.hear = hear;
  self.worker.quiet = has_said_all;
  lc_conduit_init(&self.conduit, LC_PLACE_LINK);
  self.conduit.arrive = on_packet;
#if defined(LUACONC_TESTING)
  tested = L;
#endif
  await_request(scratch);
  run_job(L);
  (void)fflush(NULL);
  lc_memory_lift(&self.memory);
  close_state(L);
  (void)fflush(NULL);
  tell_outcome();
  _exit(0);
}

/* {{ A fork of the starter */

static int seed (lua_State *L) {
  seed_random(L);
  return 0;
}

static void init_fork (lc_loop *loop, lc_fork *f) {
  lc_memory memory = self.memory;   /* of a worker that has forked: in use */
  memset(&self, 0, sizeof self);
  self.memory = memory;
  self.ration = f->ration;
  if (memory.alloc) self.ration.memory = 0;
  lc_worker_init(&self.worker, "process");
  self.worker.reply.process = true;
  self.worker.post = post_home;
  self.worker.report = report_home;
  self.worker.listen = listen_home;
  self.worker.hear = hear;
  self.worker.quiet = has_said_all;
  self.worker.context = f->context;
  self.worker.kept = f->kept;
  self.requested = true;
  lc_conduit_init(&self.conduit, f->link);
  self.conduit.arrive = on_packet;
  loop->worker = NULL;
}

/* What the parent has is not given back here, and the state not closed. */
static void work_in_fork (lua_State *L, lc_loop *loop, lc_fork *f) {
  lc_forker_fork();
  lc_forkserver_fork();
  lc_road_fork(f->road);
  lc_pulse_fork(loop);
  lc_account_stop(loop);
  lc_trace_fork(loop);
  init_fork(loop, f);
  if (!lc_afterfork(L, loop)) _exit(127);
  lua_pushcfunction(L, seed);
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) run_job(L);
  (void)fflush(NULL);
  lc_memory_lift(&self.memory);
  tell_outcome();
  _exit(0);
}

/* }} */

static void check_version (lua_State *L) {
  const char *theirs = luaL_checkstring(L, 1);
  if (strcmp(theirs, LUACONC_VERSION) != 0)
    luaL_error(L, "this core is version " LUACONC_VERSION ", and the one that "
               "starts it is version %s", theirs);
}

/* The library outlives the state, whose end would unload it. */
static void settle_state (lua_State *L) {
  static const char our_part;
  check_version(L);
  prepare(L);
  lua_settop(L, 0);
  lc_system_pin(&our_part);
}

/* {{ Modules that the forkserver loads for its workers */

/* socket: reads all that comes, and runs it -> error or nil */
static int load_text (lua_State *L) {
  luaL_Buffer b;
  int socket = (int)lua_tointeger(L, 1);
  ssize_t n;
  luaL_buffinit(L, &b);
  while ((n = read(socket, luaL_prepbuffsize(&b, SCRATCH), SCRATCH)) > 0)
    luaL_addsize(&b, (size_t)n);
  luaL_pushresult(&b);
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  if (luaL_loadbuffer(L, text, len, "=preload") != LUA_OK)
    return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

/* A thread or a loop would be missing in every worker. */
static const char *find_fault (lua_State *L) {
  if (lc_system_threads() > 1)
    return "a module has started a thread, which workers would lack";
  if (lc_luax_loop(L)->uv || lc_luax_loop(L)->live > 0)
    return "a module has started something, which workers would lack";
  return NULL;
}

/* No more than is read there: else it would wait for room. */
static void answer (int socket, const char *text) {
  size_t len = strnlen(text, LONGEST_ANSWER - 1);
  char bytes[LONGEST_ANSWER];
  memcpy(bytes, text, len);
  bytes[len] = '\0';
  (void)send(socket, bytes, len + 1, MSG_NOSIGNAL);
}

/* What has spoilt it ends it: the next one loads without that. */
static void load_modules (void *owner, int socket) {
  lua_State *L = owner;
  lua_pushcfunction(L, load_text);
  lua_pushinteger(L, socket);
  int status = lua_pcall(L, 1, 0, 0);
  const char *fault = find_fault(L);
  if (fault) answer(socket, fault);
  else answer(socket, status == LUA_OK ? "" : lc_errors_text(L, -1));
  if (fault) _exit(0);
  lua_settop(L, 0);
}

/* }} */

/* core.forkserver(version): in the program that a forkserver is */
static int offspring_forkserver (lua_State *L) {
  settle_state(L);
  lua_gc(L, LUA_GCCOLLECT);
  if (!lc_forker_serve(load_modules, L)) work(L);
  return 0;
}

/* core.worker(version): in the program that a worker started afresh is */
static int offspring_worker (lua_State *L) {
  settle_state(L);
  work(L);
}

/* }} */

void lc_offspring_open (lua_State *L, lc_loop *loop) {
  static const luaL_Reg functions[] = {
    {"forkserver", offspring_forkserver}, {"worker", offspring_worker},
    {NULL, NULL}
  };
  lc_luax_functions(L, loop, functions);
  lc_starter_work = work_in_fork;
}
