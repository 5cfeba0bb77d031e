/*
** process.c: jobs in worker processes. See process.h.
**
** The block of a process is the body of its remote job. Two handles watch it
** in the loop: its link, for letters and the reply, and its life socket, for
** its end. They are closed, and with them the descriptors, when both are
** known; only then does the job end. So whoever has the results knows that
** the process is gone, reaped, and its output written.
**
**   born --link ends without an outcome--> struck by SIGKILL
**        --life tells the end--> the rest of the link is read --> ended
**
** A result that has arrived stands, whatever became of the process then.
*/

#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/luax.h"
#include "base/system.h"
#include "engine/conduit.h"
#include "engine/epitaph.h"
#include "engine/forkchild.h"
#include "engine/forkserver.h"
#include "engine/process.h"
#include "engine/remote.h"
#include "engine/starter.h"
#include "engine/startoptions.h"
#include "inspect/inquiry.h"
#include "inspect/trace.h"
#include "kernel/handle.h"

typedef struct watch watch;
typedef struct process process;

struct watch {
  lc_handle handle;
  process *of;
  int events;              /* that it is polled for */
  uv_poll_t poll;
};

typedef struct outgoing {
  lc_packet packet;
  lc_message message;
} outgoing;

struct process {
  lc_remote *remote;
  const lc_starter *starter;
  lc_child child;
  lc_conduit conduit;
  watch *link, *life;      /* NULL: not watched */
  outgoing context, request;
  lc_packet limit;
  lc_ration ration;
  lc_verdict verdict;
  lc_message reply;
  lc_epitaph end;          /* once it has ended */
  bool spawn;
  bool forked;             /* of this very process, whose child it is */
  bool reaped;
  lc_note batch;           /* to ourselves: letters wait to go together */
  bool batching;
  bool judged;             /* the verdict is there, and the reply if any */
};

static process *process_of (const lc_remote *r) {
  return r->body;
}

static const lc_handlekind watch_kind = {
  "process", sizeof(watch), offsetof(watch, poll), NULL, NULL
};

/* {{ Watching */

static void unwatch (watch **w) {
  if (*w) lc_handle_close(&(*w)->handle);
  *w = NULL;
}

/* A block for a handle that is not libuv's yet. */
static int prepare_watch (process *p, watch **w) {
  lc_handle *h = lc_handle_new(p->remote->job.loop, &watch_kind);
  if (!h) return lc_handle_refusal(p->remote->job.loop);
  *w = lc_container(h, watch, handle);
  (*w)->of = p;
  return 0;
}

static void drop_watch (watch **w) {
  if (*w) lc_handle_drop(&(*w)->handle);
  *w = NULL;
}

static int open_watch (uv_loop_t *uv, watch *w, int fd) {
  int err = lc_uv(uv_poll_init(uv, &w->poll, fd));
  if (!err) lc_handle_opened(&w->handle);
  return err;
}

static void on_link (uv_poll_t *poll, int status, int events);

/* Reads always; writes where something waits for it. (To start again, for the
** same, would cost two system calls.) */
static void look (process *p) {
  int events = UV_READABLE;
  if (!p->link) return;
  if (!lc_conduit_idle(&p->conduit)) events |= UV_WRITABLE;
  if (events == p->link->events) return;
  p->link->events = events;
  (void)uv_poll_start(&p->link->poll, events, on_link);
}

/* }} */

/* {{ What comes */

static bool take_letter (process *p, lc_message *m) {
  lc_letter *l = lc_letter_new(m, NULL);
  if (l) lc_remote_arrived(p->remote, l);
  return l != NULL;
}

static bool take_verdict (process *p, const lc_message *m) {
  if (p->judged || m->len != sizeof p->verdict) return false;
  memcpy(&p->verdict, m->base, sizeof p->verdict);
  p->judged = true;
  p->remote->code = p->verdict.code;
  return p->verdict.outcome <= LC_NEVERSTARTED;
}

static bool take_reply (process *p, lc_message *m) {
  if (!p->judged || p->reply.base || p->verdict.outcome > LC_UNWOUND)
    return false;
  p->reply = *m;
  *m = (lc_message){0};
  return true;
}

static bool take_report (process *p, const lc_message *m) {
  lc_report *rep = lc_report_read(m->base, m->len);
  if (rep) lc_inquiry_arrived(p->remote, rep);
  return rep != NULL;
}

static bool is_message (uint32_t kind) {
  return kind == LC_SAY_LETTER || kind == LC_SAY_REPLY;
}

static bool on_packet (lc_conduit *c, uint32_t kind, char *bytes,
                       size_t len) {
  process *p = c->owner;
  lc_message m = {.base = bytes, .len = len};
  if (is_message(kind) && lc_message_import(&m, false)) {
    lc_message_free(&m);
    return false;
  }
  bool right = kind == LC_SAY_LETTER ? take_letter(p, &m)
               : kind == LC_SAY_OUTCOME ? take_verdict(p, &m)
               : kind == LC_SAY_REPORT ? take_report(p, &m)
               : kind == LC_SAY_REPLY && take_reply(p, &m);
  lc_message_free(&m);
  return right;
}

/* A verdict without its reply, where one belongs to it, is none. */
static bool is_complete (const process *p) {
  if (!p->judged || p->end.garbled) return false;
  return p->verdict.outcome > LC_RAISED || p->reply.base;
}

static int read_link (process *p) {
  int err = lc_conduit_read(&p->conduit, p->remote->job.loop->buffer,
                            LC_BUFFER);
  if (err == UV_EPROTO || err == UV_ENOMEM) p->end.garbled = true;
  return err;
}

/* A child of ours keeps its id until we have reaped it. */
static void strike (process *p, int signal) {
  if (!p->forked) lc_forkserver_kill(p->child.id, signal);
  else if (!p->reaped) (void)kill(p->child.pid, signal);
}

/* Nothing more will come. Who has said all is about to end by itself. */
static void hang_up (process *p) {
  unwatch(&p->link);
  if (!is_complete(p)) strike(p, SIGKILL);
}

/* libuv tells an error, and has stopped, where the peer died with bytes
** unread; what it has sent before is there all the same. */
static void on_link (uv_poll_t *poll, int status, int events) {
  process *p = lc_container(lc_handle_of(poll), watch, handle)->of;
  int err = 0;
  if (events & UV_WRITABLE) (void)lc_conduit_flush(&p->conduit);
  if (status || (events & UV_READABLE)) err = read_link(p);
  while (status && !err) err = read_link(p);
  bool over = status || (err && err != UV_EAGAIN) || is_complete(p);
  if (over) hang_up(p);
  else look(p);
}

/* }} */

/* {{ The end */

static void close_all (process *p) {
  if (p->batching) (void)lc_port_withdraw(p->remote->job.loop->port,
                                          &p->batch);
  p->batching = false;
  unwatch(&p->link);
  unwatch(&p->life);
  lc_conduit_close(&p->conduit);
  p->child.link = -1;   /* was the conduit's */
  lc_forkserver_leave(&p->child);
}

/* Was it ended by us, as its job was cancelled? */
static bool was_struck (const process *p) {
  if (!p->remote->struck || p->end.lot == LC_EXITED) return false;
  return p->end.how == SIGTERM || p->end.how == SIGKILL;
}

static void end_process (process *p) {
  lc_outcome outcome = is_complete(p) ? (lc_outcome)p->verdict.outcome
                       : was_struck(p) ? LC_UNWOUND : LC_DIED;
  close_all(p);
  lc_remote_ended(p->remote, outcome,
                  outcome <= LC_UNWOUND ? &p->reply : NULL);
}

/* The process is no more: what it has written is all there. */
static void on_life (uv_poll_t *poll, int status, int events) {
  process *p = lc_container(lc_handle_of(poll), watch, handle)->of;
  (void)status; (void)events;
  lc_fate fate;
  if (p->forked) lc_forkchild_look(p->child.pid, &fate);
  else lc_forkserver_look(p->child.life, &fate);
  if (fate.lot == LC_LIVES) return;
  p->reaped = true;
  lc_epitaph_fill(&p->end, &fate);
  while (p->link && read_link(p) == 0) ;
  end_process(p);
}

/* }} */

/* {{ Starting */

static void on_sent (lc_packet *packet) {
  lc_message_free(&lc_container(packet, outgoing, packet)->message);
}

static void on_letter_sent (lc_packet *packet) {
  on_sent(packet);
  lc_free(lc_container(packet, outgoing, packet), sizeof(outgoing));
}

static void stay (lc_packet *packet) { (void)packet; }

/* Takes the message, or a copy where it holds something. */
static int prepare_message (process *p, outgoing *o, lc_message *m) {
  if (m->nheld > 0)
    return lc_message_export(m, p->child.member, &o->message);
  o->message = *m;
  *m = (lc_message){0};
  return 0;
}

static int queue_message (process *p, outgoing *o, lc_saying kind,
                          lc_message *m, void (*gone) (lc_packet *)) {
  int err = prepare_message(p, o, m);
  if (err) return err;
  o->packet = (lc_packet){.kind = kind, .bytes = o->message.base,
                          .len = o->message.len, .gone = gone};
  return lc_conduit_queue(&p->conduit, &o->packet);
}

/* Where nobody reads it, the end of the process tells. */
static int send_message (process *p, outgoing *o, lc_saying kind,
                         lc_message *m, void (*gone) (lc_packet *)) {
  bool first = lc_conduit_idle(&p->conduit);
  int err = queue_message(p, o, kind, m, gone);
  if (err) return err;
  return first ? lc_conduit_flush(&p->conduit) : UV_EAGAIN;
}

static bool is_rationed (const lc_ration *r) {
  const lc_limits *l = &r->limits;
  return r->memory || l->memory || l->cpu || l->files || l->niced;
}

/* What it is to trace into, where this process is traced; or that it is no
** longer. */
static void send_trace (process *p) {
  size_t size = 0;
  lc_tracenews news = {.flow = p->remote->turn.flow};
  char *path = lc_trace_path(&size, &news.era);
  outgoing *o = lc_alloc(sizeof *o);
  char *bytes = o ? lc_alloc(sizeof news + size) : NULL;
  if (bytes) {
    lc_message m = {.base = bytes, .len = sizeof news + size};
    memcpy(bytes, &news, sizeof news);
    if (size) memcpy(bytes + sizeof news, path, size);
    (void)send_message(p, o, LC_SAY_TRACE, &m, on_letter_sent);
  }
  else lc_free(o, sizeof *o);
  lc_free(path, size);
}

/* One that waits for no letter does not look at its link, unless asked. */
static void process_trace (lc_remote *r) {
  process *p = process_of(r);
  if (!p->link) return;
  r->turn.flow = 0;
  send_trace(p);
  look(p);
  strike(p, SIGURG);
}

/* All at once. A fork has the request in its memory. */
static int send_request (process *p) {
  lc_remote *r = p->remote;
  if (is_rationed(&p->ration)) {
    p->limit = (lc_packet){.kind = LC_SAY_LIMIT, .gone = stay,
                           .bytes = (const char *)&p->ration,
                           .len = sizeof p->ration};
    (void)lc_conduit_queue(&p->conduit, &p->limit);
  }
  if (lc_trace_on(r->job.loop)) send_trace(p);
  int err = queue_message(p, &p->context, LC_SAY_CONTEXT, &r->context,
                          on_sent);
  if (!err)
    err = queue_message(p, &p->request, LC_SAY_REQUEST, &r->request, on_sent);
  if (err) return err;
  (void)lc_conduit_flush(&p->conduit);
  lc_message_free(&r->context);
  lc_message_free(&r->request);
  return 0;
}

static int watch_child (process *p, uv_loop_t *uv) {
  int err = open_watch(uv, p->life, p->child.life);
  if (err) drop_watch(&p->life);
  else err = open_watch(uv, p->link, p->child.link);
  if (err) drop_watch(&p->link);
  if (!err) err = lc_uv(uv_poll_start(&p->life->poll, UV_READABLE, on_life));
  return err;
}

/* What can fail comes before there is a process. */
static int prepare (process *p, uv_loop_t **uv) {
  lc_loop *loop = p->remote->job.loop;
  int err = 0;
  if (!lc_loop_buffer(loop)) return UV_ENOMEM;
  *uv = lc_loop_uv(loop, &err);
  if (!err) err = prepare_watch(p, &p->link);
  if (!err) err = prepare_watch(p, &p->life);
  if (err) drop_watch(&p->link);
  return err;
}

static int process_start (lc_remote *r) {
  process *p = process_of(r);
  lc_origin from = p->starter->origin;
  uv_loop_t *uv;
  if (r->request.len > LC_CONDUIT_LIMIT) return UV_EMSGSIZE;
  int err = prepare(p, &uv);
  if (err) return err;
  from.spawn = p->spawn;
  err = p->forked ? lc_forkchild_birth(r, &p->ration, &p->child)
        : lc_forkserver_birth(&from, &p->child);
  if (err) {
    drop_watch(&p->link);
    drop_watch(&p->life);
    return err;
  }
  lc_conduit_init(&p->conduit, p->child.link);
  p->conduit.owner = p;
  p->conduit.arrive = on_packet;
  err = watch_child(p, uv);
  if (!err && !p->forked) err = send_request(p);
  if (err) {
    if (p->forked) lc_forkchild_end(p->child.pid);
    else strike(p, SIGKILL);
    close_all(p);
    return err;
  }
  look(p);
  return 0;
}

/* }} */

static int pid_of (const lc_remote *r) {
  return (int)process_of(r)->child.pid;
}

static void process_kill (lc_remote *r, int signal) {
  strike(process_of(r), signal);
}

static bool is_asleep (const lc_job *j) {
  return lc_system_asleep(process_of(lc_remote_of(j))->child.pid);
}

static void process_strike (lc_remote *r, bool overdue) {
  strike(process_of(r), overdue ? SIGKILL : SIGTERM);
}

/* Where there is no memory, or the link is full, it goes without. */
static void process_explain (lc_remote *r) {
  process *p = process_of(r);
  outgoing *o = lc_alloc(sizeof *o);
  if (!o) return;
  lc_message m = {.base = r->reason.base, .len = r->reason.len};
  r->reason = (lc_reason){0};
  if (send_message(p, o, LC_SAY_REASON, &m, on_letter_sent) == UV_EAGAIN)
    look(p);
}

static void process_ask (lc_remote *r) {
  strike(process_of(r), SIGURG);
}

static bool process_quiet (const lc_remote *r) {
  const process *p = process_of(r);
  return !p->link || lc_conduit_idle(&p->conduit);
}

/* (It is small, and nothing else is on its way.) */
static bool process_probe (lc_remote *r, uint32_t probe) {
  process *p = process_of(r);
  outgoing *o = p->link ? lc_alloc(sizeof *o) : NULL;
  lc_message m = {.base = o ? lc_alloc(sizeof probe) : NULL,
                  .len = sizeof probe};
  if (!m.base) {
    lc_free(o, sizeof *o);
    return false;
  }
  memcpy(m.base, &probe, sizeof probe);
  (void)send_message(p, o, LC_SAY_PROBE, &m, on_letter_sent);
  look(p);
  return true;
}

/* A letter that can't get there any more has not been read, not even in part:
** it is the caller's again. */
static int post_now (lc_remote *r, lc_message *m) {
  process *p = process_of(r);
  outgoing *o = m->len <= LC_CONDUIT_LIMIT ? lc_alloc(sizeof *o) : NULL;
  if (!o) return UV_ENOMEM;
  o->message = (lc_message){0};
  int err = send_message(p, o, LC_SAY_LETTER, m, stay);
  if (err == UV_EAGAIN) {
    o->packet.gone = on_letter_sent;
    lc_message_free(m);
    look(p);
    return 0;
  }
  if (err && !m->base) *m = o->message;
  else {
    if (err) lc_message_unexport(&o->message, p->child.member);
    else lc_message_free(m);
    lc_message_free(&o->message);
  }
  lc_free(o, sizeof *o);
  return err;
}

static void on_batch (lc_note *note, lc_loop *loop) {
  process *p = lc_container(note, process, batch);
  (void)loop;
  p->batching = false;
  if (!p->link) return;
  (void)lc_conduit_flush(&p->conduit);
  look(p);
}

static int post_later (process *p, lc_message *m) {
  outgoing *o = m->len <= LC_CONDUIT_LIMIT ? lc_alloc(sizeof *o) : NULL;
  if (!o) return UV_ENOMEM;
  o->message = (lc_message){0};
  int err = prepare_message(p, o, m);
  if (err) {
    lc_free(o, sizeof *o);
    return err;
  }
  lc_message_free(m);
  o->packet = (lc_packet){.kind = LC_SAY_LETTER, .gone = on_letter_sent,
                          .bytes = o->message.base, .len = o->message.len};
  return lc_conduit_queue(&p->conduit, &o->packet);
}

/* The first of a turn goes at once, the others together at its end. */
static int process_post (lc_remote *r, lc_message *m) {
  process *p = process_of(r);
  if (!p->link) return UV_EPIPE;
  if (p->batching) return post_later(p, m);
  int err = post_now(r, m);
  if (err) return err;
  p->batch.arrive = on_batch;
  p->batching = lc_port_post(r->job.loop->port, &p->batch);
  return 0;
}

/* {{ Making and closing */

static bool takes_whole (lua_State *L, int options) {
  int top = lua_gettop(L);
  bool whole = lc_startoptions_start(L, options) == LC_FORK;
  lua_settop(L, top);
  return whole;
}

static int process_make (lua_State *L, lc_remote *r, int options) {
  int top = lua_gettop(L);
  lc_limits limits;
  lc_start how = lc_startoptions_start(L, options);
  if (how == LC_FORK) lc_forkchild_check(L, r->job.loop);
  lc_startoptions_limits(L, options, &limits);
  lua_settop(L, top);
  const lc_starter *starter = lc_starter_hold(L, r->job.loop);
  process *p = lc_alloc(sizeof *p);
  if (!p) return UV_ENOMEM;
  memset(p, 0, sizeof *p);
  p->remote = r;
  p->starter = starter;
  p->spawn = how == LC_SPAWN;
  p->forked = how == LC_FORK;
  p->ration.limits = limits;
  p->ration.memory = r->memory;
  p->conduit.fd = p->child.link = p->child.life = -1;
  r->body = p;
  return 0;
}

/* In a fork of the starter: its descriptors are closed, with the handles. */
static void process_abandon (lc_remote *r) {
  process *p = process_of(r);
  p->link = p->life = NULL;
  p->batching = false;
  p->conduit.fd = -1;
  p->child = (lc_child){.link = -1, .life = -1};
}

static void process_close (void *body) {
  process *p = body;
  close_all(p);
  lc_message_free(&p->reply);
  lc_epitaph_free(&p->end);
  lc_free(p, sizeof *p);
}

/* }} */

/* The error of a job whose process ended before it. */
static void process_epitaph (lua_State *L, lc_remote *r, const char *label) {
  lc_epitaph_push(L, &process_of(r)->end, label);
}

static const lc_remotekind process_kind = {
  .engine = LC_REMOTE_ENGINE("process", is_asleep),
  .process = true,
  .open = process_make,
  .close = process_close,
  .start = process_start,
  .strike = process_strike,
  .explain = process_explain,
  .post = process_post,
  .ask = process_ask,
  .trace = process_trace,
  .probe = process_probe,
  .quiet = process_quiet,
  .epitaph = process_epitaph,
  .pid = pid_of,
  .kill = process_kill,
  .abandon = process_abandon,
  .whole = takes_whole
};

/* conc.process(f, ...) or conc.process{f, ..., name=, memory=, start=}
** -> handle | nil, message, code */
static int process_new (lua_State *L) {
  return lc_remote_form(L, NULL, 1, &process_kind);
}

static const luaL_Reg functions[] = {
  {"process", process_new},
  {NULL, NULL}
};

void lc_process_open (lua_State *L, lc_loop *loop) {
  loop->engines[LC_PROCESSES] = &process_kind;
  lc_luax_functions(L, loop, functions);
}
