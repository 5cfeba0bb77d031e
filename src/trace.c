/*
** trace.c: what happens when. See trace.h.
*/

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "errors.h"
#include "luax.h"
#include "remote.h"
#include "task.h"
#include "trace.h"
#include "tracefile.h"
#include "traceback.h"
#include "worker.h"

#define SENTINEL_TYPE "luaconc.trace"
#define COUNT_NS 50000000u      /* between two looks at descriptors */

enum { BUFFER = 65536, LINE = 1024, NAME = 160 };

enum { JOB = 1, WAIT = 2 };     /* bits of lc_job.traced */

atomic_uint lc_trace_era;            /* odd while the process is traced */

/* Of the process. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static lc_tracefile *file;           /* mutex */
static atomic_uint flows;            /* ids given, in this process */
static _Atomic uint64_t counted;     /* when descriptors were */

struct lc_tracing {
  lc_tracefile *file;
  uint32_t state;          /* a number in this process */
  int pid, tid;
  uint64_t memory;         /* of the Lua state when it was last told, KiB */
  size_t used;
  char buffer[BUFFER];
};

static atomic_uint states;

/* {{ Lines */

static void flush (struct lc_tracing *t) {
  if (t->used) lc_tracefile_write(t->file, t->buffer, t->used);
  t->used = 0;
}

/* An event: ph, name, cat, ts in ns, and further fields, which begin with a
** comma. Too long a line is left out. */
lc_printf(6, 7)
static void emit (struct lc_tracing *t, char ph, const char *name,
                  const char *cat, uint64_t ns, const char *more, ...) {
  if (t->used + LINE > BUFFER) flush(t);
  char *to = t->buffer + t->used;
  int n = snprintf(to, LINE, "{\"ph\":\"%c\",\"name\":\"%s\",\"cat\":\"%s\","
                   "\"pid\":%d,\"tid\":%d,\"ts\":%llu.%03u", ph, name, cat,
                   t->pid, t->tid, (unsigned long long)(ns / 1000),
                   (unsigned)(ns % 1000));
  va_list args;
  va_start(args, more);
  int rest = vsnprintf(to + n, (size_t)(LINE - n), more, args);
  va_end(args);
  if (n + rest > LINE - 4) return;
  memcpy(to + n + rest, "},\n", 3);
  t->used += (size_t)(n + rest) + 3;
}

/* job (light userdata) -> label */
static int push_label (lua_State *L) {
  lc_job *j = lua_touserdata(L, 1);
  lc_job_push(L, j);
  lc_job_label(L, j, -1);
  return 1;
}

/* Only those with a name of their own need Lua for it. */
static void name_job (char *to, lc_job *j) {
  lua_State *L = j->loop->driver;
  snprintf(to, NAME, "%s %u", j->engine->name, j->id);
  if (!j->extra || !lua_checkstack(L, 8)) return;
  lua_pushcfunction(L, push_label);
  lua_pushlightuserdata(L, j);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1))
    lc_tracefile_quote(to, NAME, lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* The id of a job's span, unique in the file. */
#define SPAN ",\"id\":\"%d.%u.%u\""
#define SPAN_OF(t, j) (t)->pid, (t)->state, (j)->id

/* }} */

/* {{ Beginning and ending */

static void tell_names (const lc_loop *loop, struct lc_tracing *t) {
  const char *noun = loop->worker ? loop->worker->noun : "program";
  if (t->pid == t->tid)
    emit(t, 'M', "process_name", "__metadata", 0,
         ",\"args\":{\"name\":\"%s %d\"}", noun, t->pid);
  emit(t, 'M', "thread_name", "__metadata", 0,
       ",\"args\":{\"name\":\"%s %d\"}", noun, t->tid);
}

/* Collected once a cycle: says so, and is made again. */
static int on_collected (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  struct lc_tracing *t = loop->tracing;
  if (!t) return 0;
  emit(t, 'i', "collected", "gc", uv_hrtime(), ",\"s\":\"t\"");
  lua_newuserdatauv(L, 0, 0);
  luaL_setmetatable(L, SENTINEL_TYPE);
  return 0;
}

static int make_sentinel (lua_State *L) {
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", on_collected}, {NULL, NULL}};
  lc_luax_type(L, lua_touserdata(L, 1), SENTINEL_TYPE, none, meta);
  lua_newuserdatauv(L, 0, 0);
  luaL_setmetatable(L, SENTINEL_TYPE);
  return 0;
}

static void watch_collector (lc_loop *loop) {
  lua_State *L = loop->driver;
  if (!lua_checkstack(L, 8)) return;
  lua_pushcfunction(L, make_sentinel);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}

static void begin (lc_loop *loop) {
  struct lc_tracing *t = lc_alloc(sizeof *t);
  if (!t) return;
  pthread_mutex_lock(&mutex);
  t->file = file;
  if (file) lc_tracefile_hold(file);
  pthread_mutex_unlock(&mutex);
  t->state = atomic_fetch_add(&states, 1) + 1;
  t->pid = (int)getpid();
  t->tid = lc_tracefile_thread();
  t->used = 0;
  t->memory = 0;
  if (!t->file) {
    lc_free(t, sizeof *t);
    return;
  }
  loop->tracing = t;
  loop->watch |= LC_WATCH_TRACE;
  tell_names(loop, t);
  watch_collector(loop);
}

void lc_trace_end (lc_loop *loop) {
  struct lc_tracing *t = loop->tracing;
  if (!t) return;
  loop->watch &= (uint8_t)~LC_WATCH_TRACE;
  loop->tracing = NULL;
  flush(t);
  lc_tracefile_release(t->file);
  lc_free(t, sizeof *t);
}

static void follow_era (lc_loop *loop, unsigned now) {
  loop->era = now;
  lc_trace_end(loop);
  if (now & 1) begin(loop);
}

static void count_descriptors (struct lc_tracing *t, uint64_t now) {
  uint64_t last = atomic_load(&counted);
  if (now - last < COUNT_NS) return;
  if (!atomic_compare_exchange_strong(&counted, &last, now)) return;
  int n = lc_tracefile_descriptors();
  if (n >= 0)
    emit(t, 'C', "descriptors", "process", now, ",\"args\":{\"open\":%d}", n);
}

static void count_memory (lc_loop *loop, struct lc_tracing *t, uint64_t now) {
  uint64_t kib = (uint64_t)lua_gc(loop->L, LUA_GCCOUNT);
  uint64_t step = kib / 16 + 16;
  if (kib + step > t->memory && t->memory + step > kib && t->memory) return;
  t->memory = kib;
  emit(t, 'C', "Lua memory", "process", now,
       ",\"id\":\"%u\",\"args\":{\"KiB\":%llu}", t->state,
       (unsigned long long)kib);
}

void lc_trace_look (lc_loop *loop) {
  unsigned now = atomic_load_explicit(&lc_trace_era, memory_order_relaxed);
  if (loop->era != now) follow_era(loop, now);
  struct lc_tracing *t = loop->tracing;
  if (!t || !t->used) return;
  uint64_t ns = uv_hrtime();
  count_descriptors(t, ns);
  count_memory(loop, t, ns);
  flush(t);
}

/* }} */

/* {{ Events */

uint32_t lc_trace_send (lc_loop *loop, const char *what) {
  struct lc_tracing *t = loop->tracing;
  uint32_t n = atomic_fetch_add(&flows, 1) + 1;
  uint32_t id = ((uint32_t)t->pid << 20) ^ n;   /* of other processes, too */
  if (id == 0) id = 1;
  emit(t, 's', "flow", "flow", uv_hrtime(),
       ",\"id\":%u,\"args\":{\"what\":\"%s\"}", id, what);
  return id;
}

/* (Both ends of a flow have the same name, by which readers join them.) */
static void receive (lc_loop *loop, uint32_t id, uint64_t ns) {
  emit(loop->tracing, 'f', "flow", "flow", ns, ",\"bp\":\"e\",\"id\":%u", id);
}

void lc_trace_receive (lc_loop *loop, uint32_t id) {
  receive(loop, id, uv_hrtime());
}

/* job (light userdata) -> where it was started */
static int push_place (lua_State *L) {
  lc_traceback_started(L, lua_touserdata(L, 1));
  return 1;
}

void lc_trace_job (lua_State *L, lc_job *j) {
  struct lc_tracing *t = j->loop->tracing;
  char name[NAME], place[NAME] = "?";
  name_job(name, j);
  lua_pushcfunction(L, push_place);
  lua_pushlightuserdata(L, j);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1))
    lc_tracefile_quote(place, NAME, lua_tostring(L, -1));
  lua_pop(L, 1);
  j->traced = JOB;
  emit(t, 'b', name, "job", uv_hrtime(), SPAN
       ",\"args\":{\"started\":\"%s\"}", SPAN_OF(t, j), place);
}

void lc_trace_ended (lc_job *j) {
  struct lc_tracing *t = j->loop->tracing;
  if (!j->traced) return;
  j->traced = 0;
  emit(t, 'e', j->engine->name, "job", uv_hrtime(), SPAN
       ",\"args\":{\"state\":\"%s\"}", SPAN_OF(t, j), lc_job_state_name(j));
}

void lc_trace_resumed (lc_task *task) {
  struct lc_tracing *t = task->job.loop->tracing;
  if (task->job.traced & WAIT)
    emit(t, 'e', "wait", "job", uv_hrtime(), SPAN, SPAN_OF(t, &task->job));
  task->job.traced &= (uint8_t)~WAIT;
}

/* A task that has ended by now is told by its id alone. */
void lc_trace_stopped (lc_task *task, uint64_t since) {
  struct lc_tracing *t = task->job.loop->tracing;
  char name[NAME];
  uint64_t now = uv_hrtime();
  name_job(name, &task->job);
  emit(t, 'X', name, "task", since, ",\"dur\":%llu.%03u",
       (unsigned long long)((now - since) / 1000),
       (unsigned)((now - since) % 1000));
  if (task->op.flow) receive(task->job.loop, task->op.flow, since);
  task->op.flow = 0;
  if (!task->op.kind || !task->job.traced) return;
  task->job.traced |= WAIT;
  emit(t, 'b', task->op.kind->name, "job", now, SPAN, SPAN_OF(t, &task->job));
}

/* }} */

/* {{ The process */

static int use_file (const char *path, bool anew) {
  int err = 0;
  pthread_mutex_lock(&mutex);
  if (file) err = UV_EBUSY;
  else file = lc_tracefile_new(path, anew, &err);
  if (!err && anew) lc_tracefile_write(file, "[\n", 2);
  if (!err) atomic_store(&counted, 0);
  if (!err) atomic_fetch_add(&lc_trace_era, 1);
  pthread_mutex_unlock(&mutex);
  return err;
}

int lc_trace_join (const char *path) {
  return use_file(path, false);
}

int lc_trace_start (lc_loop *loop, const char *path) {
  int err = use_file(path, true);
  if (!err) lc_trace_turn(loop);
  return err;
}

int lc_trace_stop (lc_loop *loop) {
  pthread_mutex_lock(&mutex);
  lc_tracefile *f = file;
  file = NULL;
  if (f) atomic_fetch_add(&lc_trace_era, 1);
  pthread_mutex_unlock(&mutex);
  if (!f) return UV_ENOENT;
  lc_trace_turn(loop);
  lc_tracefile_release(f);
  return 0;
}

/* Its descriptors are not ours any more, and may be somebody else's. */
void lc_trace_fork (lc_loop *loop) {
  lc_tracefile *f = file;
  file = NULL;
  loop->tracing = NULL;
  loop->watch &= (uint8_t)~LC_WATCH_TRACE;
  if (!f) return;
  atomic_fetch_add(&lc_trace_era, 1);
  loop->era = atomic_load(&lc_trace_era);
  (void)lc_trace_join(lc_tracefile_path(f));
}

char *lc_trace_path (size_t *size) {
  char *copy = NULL;
  pthread_mutex_lock(&mutex);
  if (file) {
    *size = strlen(lc_tracefile_path(file));
    copy = lc_alloc(*size);
    if (copy) memcpy(copy, lc_tracefile_path(file), *size);
  }
  pthread_mutex_unlock(&mutex);
  return copy;
}

/* }} */

/* {{ From Lua */

static int answer (lua_State *L, int err) {
  if (err) return lc_errors_uv(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* core.trace_start(path) -> true | nil, message, code */
static int trace_start (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  return answer(L, lc_trace_start(lc_luax_loop(L), path));
}

/* core.trace_stop() -> true | nil, message, code */
static int trace_stop (lua_State *L) {
  return answer(L, lc_trace_stop(lc_luax_loop(L)));
}

/* core.trace_open(name) -> id of a span that begins, or nil: not traced */
static int trace_open (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  char name[NAME];
  if (!lc_trace_on(loop)) return 0;
  lc_tracefile_quote(name, NAME, luaL_checkstring(L, 1));
  uint32_t id = atomic_fetch_add(&flows, 1) + 1;
  emit(loop->tracing, 'b', name, "call", uv_hrtime(), ",\"id\":\"%d.%u\"",
       loop->tracing->pid, id);
  lua_pushinteger(L, id);
  return 1;
}

/* core.trace_close(id or nil): and ends */
static int trace_close (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (!lua_isinteger(L, 1) || !lc_trace_on(loop)) return 0;
  emit(loop->tracing, 'e', "call", "call", uv_hrtime(), ",\"id\":\"%d.%u\"",
       loop->tracing->pid, (unsigned)lua_tointeger(L, 1));
  return 0;
}

static const luaL_Reg functions[] = {
  {"trace_start", trace_start},
  {"trace_stop", trace_stop},
  {"trace_open", trace_open},
  {"trace_close", trace_close},
  {NULL, NULL}
};

void lc_trace_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}

/* }} */
