/*
** trace.c: what happens when. See trace.h.
*/

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/luax.h"
#include "engine/remote.h"
#include "engine/worker.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "inspect/tracegc.h"
#include "inspect/tracing.h"
#include "kernel/handle.h"
#include "kernel/task.h"

#define COUNT_NS 50000000u      /* between two looks at descriptors */

enum { NAME = LC_TRACING_NAME };

atomic_uint lc_trace_era;            /* odd while the process is traced */

/* Of the process. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static lc_tracefile *file;           /* mutex */
static unsigned joined;              /* mutex: it is traced as its starter is,
                                     ** in this era of that one's; or 0 */
static atomic_uint flows;            /* ids given, in this process */
static _Atomic uint64_t counted;     /* when descriptors were */

/* {{ Names and spans */

/* job (light userdata) -> label */
static int push_label (lua_State *L) {
  lc_job *j = lua_touserdata(L, 1);
  lc_job_push(L, j);
  lc_job_label(L, j, -1);
  return 1;
}

/* Calls f with the job and copies the text that it returns; false: none. */
static bool read_text (lua_State *L, lua_CFunction f, lc_job *j, char *to) {
  if (!lua_checkstack(L, 8)) return false;
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, j);
  bool told = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1);
  if (told) lc_tracefile_quote(to, NAME, lua_tostring(L, -1));
  lua_pop(L, 1);
  return told;
}

/* What its span is called, and its slices. */
static const char *name_of (lc_tracing *t, const lc_job *j, char *to) {
  const char *own = j->span ? lc_tracing_span(t, j->span)->name : NULL;
  if (own) return own;
  lc_tracing_label(to, j->engine->name, j->id);
  return to;
}

/* The id of a job's span, unique in the file. */
#define SPAN ",\"id\":\"%d.%u.%u\""
#define SPAN_OF(t, j) (t)->pid, (t)->state, (j)->id

/* }} */

/* {{ Events */

/* What flows goes from slice to slice, and code outside tasks has none. */
static void need_slice (lc_loop *loop, uint64_t now) {
  if (!loop->current)
    lc_tracing_slice(loop->tracing, "outside tasks", "task", now, now);
}

uint32_t lc_trace_send (lc_loop *loop, const char *what) {
  lc_tracing *t = loop->tracing;
  uint64_t now = uv_hrtime();
  uint32_t n = atomic_fetch_add(&flows, 1) + 1;
  uint32_t id = ((uint32_t)t->pid << 20) ^ n;   /* of other processes, too */
  if (id == 0) id = 1;
  need_slice(loop, now);
  lc_tracing_emit(t, 's', "flow", "flow", now,
                  ",\"id\":%u,\"args\":{\"what\":\"%s\"}", id, what);
  return id;
}

/* (Both ends of a flow have the same name, by which readers join them.) */
static void receive (lc_loop *loop, uint32_t id, uint64_t ns) {
  lc_tracing_emit(loop->tracing, 'f', "flow", "flow", ns,
                  ",\"bp\":\"e\",\"id\":%u", id);
}

void lc_trace_receive (lc_loop *loop, uint32_t id) {
  uint64_t now = uv_hrtime();
  need_slice(loop, now);
  receive(loop, id, now);
}

/* job (light userdata) -> where it was started */
static int push_place (lua_State *L) {
  lc_traceback_started(L, lua_touserdata(L, 1));
  return 1;
}

/* The root task of a worker gets its name only when it has been started. */
static bool is_nameless (const lc_job *j) {
  const lc_worker *w = j->loop->worker;
  return w && !w->root;
}

void lc_trace_job (lua_State *L, lc_job *j) {
  lc_tracing *t = j->loop->tracing;
  char name[NAME], place[NAME] = "?";
  if (is_nameless(j)) return;
  bool own = j->extra && read_text(L, push_label, j, name);
  (void)read_text(L, push_place, j, place);
  j->span = lc_tracing_begin(t, own ? name : NULL);
  if (!j->span) return;
  lc_tracing_emit(t, 'b', name_of(t, j, name), "job", uv_hrtime(), SPAN
                  ",\"args\":{\"started\":\"%s\"}", SPAN_OF(t, j), place);
}

static void end_wait (lc_tracing *t, const lc_job *j, uint64_t now) {
  lc_tracespan *s = j->span ? lc_tracing_span(t, j->span) : NULL;
  if (!s || !s->wait) return;
  lc_tracing_edge(t, 'e', s->wait, now, j->id);
  s->wait = NULL;
}

void lc_trace_ended (lc_job *j) {
  lc_tracing *t = j->loop->tracing;
  char name[NAME];
  uint64_t now = uv_hrtime();
  if (!j->span) return;
  end_wait(t, j, now);
  lc_tracing_emit(t, 'e', name_of(t, j, name), "job", now, SPAN
                  ",\"args\":{\"state\":\"%s\"}", SPAN_OF(t, j),
                  lc_job_state_name(j));
  lc_tracing_end(t, j->span);
  j->span = 0;
}

static void begin_wait (lc_tracing *t, lc_task *task, uint64_t now) {
  if (!task->op.kind || !task->job.span) return;
  const char *what = task->op.kind->name;
  lc_tracing_span(t, task->job.span)->wait = what;
  lc_tracing_edge(t, 'b', what, now, task->job.id);
}

/* A task that ran when tracing began has stopped by now. */
static void end_first (lc_tracing *t, uint64_t now) {
  if (t->since) lc_tracing_slice(t, t->running, "task", t->since, now);
  t->since = 0;
}

uint64_t lc_trace_resumed (lc_task *task) {
  lc_tracing *t = task->job.loop->tracing;
  uint64_t now = uv_hrtime();
  end_first(t, now);
  end_wait(t, &task->job, now);
  return now;
}

/* A task that has ended by now is told by its id alone. */
void lc_trace_stopped (lc_task *task, uint64_t since) {
  lc_tracing *t = task->job.loop->tracing;
  char name[NAME];
  uint64_t now = uv_hrtime();
  lc_tracing_slice(t, name_of(t, &task->job, name), "task", since, now);
  if (task->op.flow) receive(task->job.loop, task->op.flow, since);
  task->op.flow = 0;
  begin_wait(t, task, now);
}

#define HANDLE ",\"id\":\"%d.%u.%p\""
#define HANDLE_OF(t, thing) (t)->pid, (t)->state, (thing)

void lc_trace_opened (lc_loop *loop, const void *thing, const char *what) {
  lc_tracing *t = loop->tracing;
  lc_tracing_emit(t, 'b', what, "handle", uv_hrtime(), HANDLE,
                  HANDLE_OF(t, thing));
}

void lc_trace_closed (lc_loop *loop, const void *thing, const char *what,
                      int fd) {
  lc_tracing *t = loop->tracing;
  lc_tracing_emit(t, 'e', what, "handle", uv_hrtime(), HANDLE
                  ",\"args\":{\"descriptor\":%d}", HANDLE_OF(t, thing), fd);
}

/* }} */

/* {{ Beginning and ending */

static void tell_names (const lc_loop *loop, lc_tracing *t) {
  const char *noun = loop->worker ? loop->worker->noun : "program";
  if (t->pid == t->tid)
    lc_tracing_emit(t, 'M', "process_name", "__metadata", 0,
                    ",\"args\":{\"name\":\"%s %d\"}", noun, t->pid);
  lc_tracing_emit(t, 'M', "thread_name", "__metadata", 0,
                  ",\"args\":{\"name\":\"%s %d\"}", noun, t->tid);
}

/* What is there already when tracing begins. */
static void tell_present (lc_loop *loop, lc_tracing *t) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    j->span = 0;
    if (lc_job_ended(j)) continue;
    lc_trace_job(loop->driver, j);
    if (lc_job_task(j)) begin_wait(t, lc_job_task(j), uv_hrtime());
  }
  lc_list_each(l, &loop->handles) {
    const lc_handle *h = lc_container(l, lc_handle, link);
    lc_trace_opened(loop, h, h->kind->name);
  }
}

static lc_tracefile *hold_file (void) {
  pthread_mutex_lock(&mutex);
  lc_tracefile *f = file;
  if (f) lc_tracefile_hold(f);
  pthread_mutex_unlock(&mutex);
  return f;
}

static void begin (lc_loop *loop) {
  lc_tracefile *f = hold_file();
  lc_tracing *t = f ? lc_tracing_new(f) : NULL;
  if (!t) {
    lc_tracefile_release(f);
    return;
  }
  loop->tracing = t;
  loop->watch |= LC_WATCH_TRACE;
  tell_names(loop, t);
  lc_tracegc_watch(loop);
  tell_present(loop, t);
  if (!loop->current) return;
  char name[NAME];
  t->since = uv_hrtime();
  strcpy(t->running, name_of(t, &loop->current->job, name));
}

void lc_trace_end (lc_loop *loop) {
  if (!loop->tracing) return;
  end_first(loop->tracing, uv_hrtime());
  loop->watch &= (uint8_t)~LC_WATCH_TRACE;
  lc_tracing_free(loop->tracing);
  loop->tracing = NULL;
}

/* Those that it has started follow it. */
static void tell_remotes (lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_remote_next(loop, j)); ) {
    lc_remote *r = lc_remote_of(j);
    if (j->state == LC_RUNNING) r->kind->trace(r);
  }
}

static void follow_era (lc_loop *loop, unsigned now) {
  loop->era = now;
  lc_trace_end(loop);
  if (now & 1) begin(loop);
  tell_remotes(loop);
}

static void count_descriptors (lc_tracing *t, uint64_t now) {
  uint64_t last = atomic_load(&counted);
  if (now - last < COUNT_NS) return;
  if (!atomic_compare_exchange_strong(&counted, &last, now)) return;
  int n = lc_tracefile_descriptors();
  if (n >= 0)
    lc_tracing_emit(t, 'C', "descriptors", "process", now,
                    ",\"args\":{\"open\":%d}", n);
}

static void count_memory (lc_loop *loop, lc_tracing *t, uint64_t now) {
  uint64_t kib = (uint64_t)lua_gc(loop->L, LUA_GCCOUNT);
  uint64_t step = kib / 16 + 16;
  if (kib + step > t->memory && t->memory + step > kib && t->memory) return;
  t->memory = kib;
  lc_tracing_emit(t, 'C', "Lua memory", "process", now,
                  ",\"id\":\"%u\",\"args\":{\"KiB\":%llu}", t->state,
                  (unsigned long long)kib);
}

void lc_trace_look (lc_loop *loop) {
  unsigned now = atomic_load_explicit(&lc_trace_era, memory_order_relaxed);
  if (loop->tracing) end_first(loop->tracing, uv_hrtime());
  if (loop->era != now) follow_era(loop, now);
  lc_tracing *t = loop->tracing;
  if (!t || !t->used) return;
  uint64_t ns = uv_hrtime();
  count_descriptors(t, ns);
  count_memory(loop, t, ns);
  lc_tracing_flush(t);
}

/* }} */

/* {{ The process */

static int use_file_mx (const char *path, bool anew) {
  int err = 0;
  if (file) err = UV_EBUSY;
  else file = lc_tracefile_new(path, anew, &err);
  if (!err && anew) lc_tracefile_write(file, "[\n", 2);
  if (!err) atomic_store(&counted, 0);
  if (!err) atomic_fetch_add(&lc_trace_era, 1);
  return err;
}

/* The same for the file's end: it, to be released. */
static lc_tracefile *leave_file_mx (void) {
  lc_tracefile *f = file;
  file = NULL;
  joined = 0;
  if (f) atomic_fetch_add(&lc_trace_era, 1);
  return f;
}

void lc_trace_follow (unsigned era, const char *path) {
  lc_tracefile *f = NULL;
  pthread_mutex_lock(&mutex);
  bool own = file && !joined;
  if (!own && joined != era) {
    f = leave_file_mx();
    if ((era & 1) && use_file_mx(path, false) == 0) joined = era;
  }
  pthread_mutex_unlock(&mutex);
  lc_tracefile_release(f);
}

int lc_trace_start (lc_loop *loop, const char *path) {
  pthread_mutex_lock(&mutex);
  int err = use_file_mx(path, true);
  pthread_mutex_unlock(&mutex);
  if (!err) lc_trace_turn(loop);
  return err;
}

int lc_trace_stop (lc_loop *loop) {
  pthread_mutex_lock(&mutex);
  lc_tracefile *f = leave_file_mx();
  pthread_mutex_unlock(&mutex);
  if (!f) return UV_ESRCH;
  lc_trace_turn(loop);
  int err = lc_tracefile_error(f);
  lc_tracefile_release(f);
  return err;
}

/* Its descriptors are not ours any more, and may be somebody else's. */
void lc_trace_fork (lc_loop *loop) {
  unsigned era = atomic_load(&lc_trace_era);
  lc_tracefile *f = leave_file_mx();
  loop->tracing = NULL;
  loop->watch &= (uint8_t)~LC_WATCH_TRACE;
  loop->era = atomic_load(&lc_trace_era);
  if (f) lc_trace_follow(era, lc_tracefile_path(f));
}

char *lc_trace_path (size_t *size, unsigned *era) {
  char *copy = NULL;
  pthread_mutex_lock(&mutex);
  *era = atomic_load(&lc_trace_era);
  if (file) {
    *size = strlen(lc_tracefile_path(file));
    copy = lc_alloc(*size);
    if (copy) memcpy(copy, lc_tracefile_path(file), *size);
    else *size = 0;
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
  lc_tracing_emit(loop->tracing, 'b', name, "call", uv_hrtime(),
                  ",\"id\":\"%d.%u\"", loop->tracing->pid, id);
  lua_pushinteger(L, id);
  return 1;
}

/* core.trace_close(id or nil, name): and ends */
static int trace_close (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  char name[NAME];
  if (!lua_isinteger(L, 1) || !lc_trace_on(loop)) return 0;
  lc_tracefile_quote(name, NAME, luaL_checkstring(L, 2));
  lc_tracing_emit(loop->tracing, 'e', name, "call", uv_hrtime(),
                  ",\"id\":\"%d.%u\"", loop->tracing->pid,
                  (unsigned)lua_tointeger(L, 1));
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
