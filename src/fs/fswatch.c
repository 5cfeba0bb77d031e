/*
** fswatch.c: watching a file or a folder, by libuv (inotify).
**
** What happened is noted in plain C until a task asks for it. Notes of one
** name that nobody has fetched yet become one, so that a file that is
** written all the time is a note and not a flood; the order of names is that
** of their first note. Where there are LC_MOST notes, or no memory for one,
** the rest is lost, and a note says so: look at everything then.
**
** Invariants:
** 1. At most one task waits: `waiter`. Then there are no notes.
** 2. libuv counts the handle (uv_ref) while somebody waits.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/fault.h"
#include "base/luax.h"
#include "fs/fsjob.h"
#include "fs/fswatch.h"
#include "kernel/handle.h"

#define WATCH_TYPE "luaconc.watcher"

enum {
  LC_MOST = 4096,    /* notes that are kept */
  LC_LOOK_BACK = 32  /* so many are searched for the same name */
};

typedef struct lc_fsnote {
  lc_link link;
  unsigned events;       /* UV_RENAME, UV_CHANGE */
  size_t size;           /* of this block */
  char name[];
} lc_fsnote;

typedef struct lc_fswatch {
  lc_handle handle;
  lc_op *waiter;
  lc_link notes;
  uint32_t n;
  bool lost;             /* notes are missing after these */
  int err;               /* it sees nothing any more */
  uv_fs_event_t uv;
} lc_fswatch;

/* {{ The block */

static lc_op *release_waiter (lc_fswatch *w) {
  lc_op *op = w->waiter;
  w->waiter = NULL;
  return op;
}

static void on_closing (lc_handle *h) {
  lc_op *op = release_waiter((lc_fswatch *)(void *)h);
  if (op) lc_op_complete(op, UV_ECANCELED);
}

static lc_fsnote *take_note (lc_fswatch *w) {
  lc_link *l = lc_list_shift(&w->notes);
  if (l) w->n--;
  return l ? lc_container(l, lc_fsnote, link) : NULL;
}

static void on_freeing (lc_handle *h) {
  lc_fswatch *w = (lc_fswatch *)(void *)h;
  lc_fsnote *note;
  while ((note = take_note(w))) lc_free(note, note->size);
}

static const lc_handlekind watch_kind = {
  "watcher", sizeof(lc_fswatch), offsetof(lc_fswatch, uv), on_closing,
  on_freeing
};

/* }} */

/* {{ Notes */

static bool is_anything (const lc_fswatch *w) {
  return w->n || w->lost || w->err;
}

/* One of the last notes, of this name; NULL: there is none. */
static lc_fsnote *find_note (lc_fswatch *w, const char *name) {
  lc_link *l = w->notes.prev;
  for (int i = 0; i < LC_LOOK_BACK && l != &w->notes; i++, l = l->prev) {
    lc_fsnote *note = lc_container(l, lc_fsnote, link);
    if (strcmp(note->name, name) == 0) return note;
  }
  return NULL;
}

static void add_note (lc_fswatch *w, const char *name, unsigned events) {
  lc_fsnote *note = w->lost ? NULL : find_note(w, name);
  size_t size = sizeof *note + strlen(name) + 1;
  if (note) {
    note->events |= events;
    return;
  }
  note = w->lost || w->n >= LC_MOST ? NULL : lc_alloc(size);
  w->lost = !note;
  if (!note) return;
  note->events = events;
  note->size = size;
  memcpy(note->name, name, size - sizeof *note);
  lc_list_append(&w->notes, &note->link);
  w->n++;
}

/* While somebody waits libuv counts the handle; not when it goes on. */
static void wake (lc_fswatch *w) {
  lc_op *op = release_waiter(w);
  if (!op) return;
  uv_unref(lc_handle_uv(&w->handle));
  lc_op_complete_now(op, LC_OK);
}

static void on_event (uv_fs_event_t *uv, const char *name, int events,
                      int status) {
  lc_fswatch *w = (lc_fswatch *)(void *)lc_handle_of(uv);
  if (status < 0) w->err = status;
  else add_note(w, name ? name : "", (unsigned)events);
  wake(w);
}

static void set_flag (lua_State *L, const char *key, bool on) {
  if (!on) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, key);
}

/* Pushes the first note as a table; it is gone once that has been made. */
static void push_note (lua_State *L, lc_fswatch *w) {
  lc_fsnote *note = lc_container(w->notes.next, lc_fsnote, link);
  lua_createtable(L, 0, 2);
  lua_pushstring(L, note->name);
  lua_setfield(L, -2, "name");
  set_flag(L, "renamed", note->events & UV_RENAME);
  set_flag(L, "changed", note->events & UV_CHANGE);
  lc_free(take_note(w), note->size);
}

/* }} */

/* {{ Waiting */

static int fail (lua_State *L, int code) {
  lua_getiuservalue(L, 1, 1);
  if (code == UV_EBADF || code == UV_ECANCELED)
    return lc_errors_fail(L, uv_err_name(code), "%s: closed",
                          lua_tostring(L, -1));
  return lc_fsjob_fail(L, lua_tostring(L, -1), code);
}

static lc_fswatch *again (lua_State *L) {
  return (lc_fswatch *)(void *)*(lc_handle **)lua_touserdata(L, 1);
}

/* Results: a note, or why there will be none. There is something. */
static int take (lua_State *L, lc_fswatch *w) {
  if (w->n) push_note(L, w);
  else if (w->lost) {
    lua_createtable(L, 0, 1);
    set_flag(L, "lost", true);
    w->lost = false;
  }
  else return fail(L, w->err);
  return 1;
}

static void cancel_wait (lc_op *op) {
  lc_fswatch *w = op->u.what;
  release_waiter(w);
  uv_unref(lc_handle_uv(&w->handle));
}

static const lc_opkind wait_kind = {"change of file", cancel_wait, NULL,
                                    LC_BY_UV};

/* Results as those of an iterator: failures are raised, and closing ends. */
static int iterate (lua_State *L, int n) {
  const char *code = n == 3 ? lua_tostring(L, -1) : NULL;
  if (!code) return n;
  if (strcmp(code, "EBADF") != 0 && strcmp(code, "ECANCELED") != 0)
    return lc_errors_raise(L, code, "%s", lua_tostring(L, -2));
  lua_pushnil(L);
  return 1;
}

static int k_wait (lua_State *L, int status, lua_KContext ctx);

/* `each`: for an iterator. */
static int wait_note (lua_State *L, lc_fswatch *w, lc_task *t, bool each) {
  int n;
  if (w && !is_anything(w)) {
    if (w->waiter)
      return lc_errors_raise(L, "EBUSY", "another task waits for changes "
                             "here already: only one may");
    w->waiter = &t->op;
    t->op.u.what = w;
    uv_ref(lc_handle_uv(&w->handle));
    lc_task_begin(t, &wait_kind);
    return lc_task_wait(L, t, k_wait, each);
  }
  n = w ? take(L, w) : fail(L, UV_EBADF);
  return lc_task_pause(L, t, each ? iterate(L, n) : n);
}

static int k_wait (lua_State *L, int status, lua_KContext ctx) {
  lc_task *t = lc_task_woken(L);
  lc_fswatch *w = again(L);
  (void)status;
  if (t->op.result != LC_OK) {
    int n = fail(L, t->op.result);
    return ctx ? iterate(L, n) : n;
  }
  return wait_note(L, w, t, ctx != 0);
}

/* w:wait() -> {name=, renamed=, changed=} | {lost = true} | nil, message,
** code. Waits. */
static int watch_wait (lua_State *L) {
  lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  lua_settop(L, 1);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return wait_note(L, again(L), t, false);
}

/* Upvalues: loop, watcher. */
static int iter_next (lua_State *L) {
  lc_task *t = lc_task_here(L);
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  return wait_note(L, again(L), t, true);
}

/* w:iter() -> iterator that waits, until the watcher is closed */
static int watch_iter (lua_State *L) {
  lc_luax_self(L);
  lua_pushlightuserdata(L, lc_luax_loop(L));
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, iter_next, 2);
  return 1;
}

/* }} */

/* {{ Watching */

/* Begins; on failure the block is gone. */
static int start (lua_State *L, lc_handle **owner, const char *path) {
  int err;
  lc_loop *loop = lc_luax_loop(L);
  uv_loop_t *uv = lc_loop_uv(loop, &err);
  lc_fswatch *w;
  if (!uv) return err;
  w = (lc_fswatch *)(void *)lc_handle_new(loop, &watch_kind);
  if (!w) return lc_handle_refusal(loop);
  lc_list_init(&w->notes);
  err = lc_uv(uv_fs_event_init(uv, &w->uv));
  if (err) {
    lc_handle_drop(&w->handle);
    return err;
  }
  lc_handle_opened(&w->handle);
  uv_unref(lc_handle_uv(&w->handle));
  lc_handle_own(L, owner, &w->handle);
  err = lc_uv(uv_fs_event_start(&w->uv, on_event, path, 0));
  if (err) lc_handle_close(&w->handle);
  return err;
}

/* fs.watch(path) -> watcher | nil, message, code. Of a folder: what is in
** it, not below. (The path is looked up by the loop's own thread: libuv has
** no other way.) */
static int fs_watch (lua_State *L) {
  size_t n;
  const char *path = lc_fsjob_path(L, 1, &n);
  lua_settop(L, 1);
  lc_handle **owner = lc_handle_push(L, WATCH_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, 1);
  int err = start(L, owner, path);
  return err ? lc_fsjob_fail(L, path, err) : 1;
}

static int watch_close (lua_State *L) {
  lc_handle_close_method(L);
  lua_pushboolean(L, 1);
  return 1;
}

static int watch_tostring (lua_State *L) {
  lc_handle **owner = lc_luax_self(L);
  lua_getiuservalue(L, 1, 1);
  lua_pushfstring(L, *owner ? "watcher (%s)" : "watcher (closed)",
                  lua_tostring(L, -1));
  return 1;
}

/* }} */

static const luaL_Reg methods[] = {
  {"wait", watch_wait},
  {"iter", watch_iter},
  {"close", watch_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", lc_handle_collect},
  {"__close", lc_handle_close_method},
  {"__tostring", watch_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"watch", fs_watch},
  {NULL, NULL}
};

void lc_fswatch_open (lua_State *L, lc_loop *loop) {
  lc_luax_type(L, loop, WATCH_TYPE, methods, metamethods);
  lua_pop(L, 1);
  lua_getfield(L, -1, "fs");
  lc_luax_functions(L, loop, functions);
  lua_pop(L, 1);
}
