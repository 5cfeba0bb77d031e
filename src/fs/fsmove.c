/*
** fsmove.c: open files that move to another state, with their place. See
** fsfile.h and passage.h.
**
** The bytes of a traveller are the path, with a zero, and what was read ahead
** of something that can't be read again.
*/

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/fault.h"
#include "fs/fsfile.h"

enum { FLAGS, PLACE, PATH, SEEKABLE };   /* notes of a traveller */

static lc_fsfile *file_at (lua_State *L, int index) {
  return *(lc_fsfile **)lua_touserdata(L, index);
}

static const char *stays (lua_State *L, int index) {
  const lc_fsfile *f = file_at(L, index);
  if (!f) return "is closed";
  if (f->user || f->working || f->holds) return "is used by a task";
  if (f->out.len) return "has bytes that are not written yet: flush it";
  if (f->out_err) return "has failed to write";
  return NULL;
}

/* What was read ahead, and can't be read again. */
static size_t measure_ahead (const lc_fsfile *f) {
  int64_t gone = f->pos - f->in_at;
  if (f->seekable || gone < 0 || gone > (int64_t)f->in.len) return 0;
  return f->in.len - (size_t)gone;
}

static int pack (const lc_fsfile *f, lc_traveller *t, const char *path,
                 size_t len) {
  size_t ahead = measure_ahead(f);
  t->base = lc_alloc(len + 1 + ahead);
  if (!t->base) return UV_ENOMEM;
  t->size = t->len = len + 1 + ahead;
  memcpy(t->base, path, len + 1);
  if (ahead) memcpy(t->base + len + 1, f->in.base + f->in.len - ahead, ahead);
  t->notes[FLAGS] = (uint64_t)
    ((f->readable ? f->writable ? O_RDWR : O_RDONLY : O_WRONLY) |
     (f->append ? O_APPEND : 0));
  t->notes[PLACE] = (uint64_t)f->pos;
  t->notes[PATH] = len + 1;
  t->notes[SEEKABLE] = f->seekable;
  return 0;
}

static void *depart (lua_State *L, int index) {
  const char *why = stays(L, index);
  lc_fsfile *f = file_at(L, index);
  size_t len;
  int err;
  if (why) luaL_error(L, "a file that was to be moved %s", why);
  lua_getiuservalue(L, index, 1);
  const char *path = lua_tolstring(L, -1, &len);
  lc_traveller *t = lc_traveller_new(&lc_fsmove_passage, f->fd, &err);
  if (t) err = pack(f, t, path, len);
  if (t && err) lc_traveller_free(t);
  if (err)
    lc_errors_raise(L, uv_err_name(err), "cannot move a file: %s",
                    uv_strerror(err));
  lua_pop(L, 1);
  (void)close(f->fd);   /* there is another one: nothing is written by that */
  f->fd = -1;
  lc_fsfile_abandon(f);
  return t;
}

static int unpack (lc_fsfile *f, const lc_traveller *t) {
  size_t start = (size_t)t->notes[PATH];
  f->pos = f->in_at = (int64_t)t->notes[PLACE];
  if (t->len == start) return 0;
  return lc_bytes_append(&f->in, t->base + start, t->len - start)
    ? 0 : UV_ENOMEM;
}

static void arrive (lua_State *L, void *traveller) {
  lc_traveller *t = traveller;
  lc_fsdata d = {
    .fd = t->fd, .path = t->base + t->start, .flags = (int)t->notes[FLAGS],
    .seekable = t->notes[SEEKABLE] != 0
  };
  int err = lc_fsfile_push(L, lc_passage_loop(L), &d);
  t->fd = d.fd;
  if (!err) err = unpack(file_at(L, -1), t);
  if (err)
    lc_errors_raise(L, uv_err_name(err), "a file that was moved here can't "
                    "be used: %s", uv_strerror(err));
  lc_traveller_free(t);
}

const lc_passage lc_fsmove_passage = LC_PASSAGE_BY(stays, depart, arrive);
