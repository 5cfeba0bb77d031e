/*
** epitaph.c: see epitaph.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "base/errors.h"
#include "base/system.h"
#include "engine/epitaph.h"

/* For want of memory, the error says less. */
void lc_epitaph_fill (lc_epitaph *e, const lc_fate *fate) {
  e->lot = fate->lot;
  e->how = fate->how;
  if (fate->nwords == 0) return;
  e->words = lc_alloc(fate->nwords);
  if (!e->words) return;
  memcpy(e->words, fate->words, fate->nwords);
  e->nwords = fate->nwords;
}

void lc_epitaph_free (lc_epitaph *e) {
  lc_free(e->words, e->nwords);
}

static void push_signal (lua_State *L, int number) {
  const char *name = lc_system_signal(number);
  if (name) lua_pushstring(L, name);
  else lua_pushfstring(L, "signal %d", number);
}

/* The last lines on top, of those that it wrote to its standard error: whole
** ones, where there are any, and no line breaks at the end. */
static void push_words (lua_State *L, const lc_epitaph *e) {
  const char *at = e->words, *end = at + e->nwords;
  while (end > at && (end[-1] == '\n' || end[-1] == '\r')) end--;
  if (e->nwords == LC_FATE_WORDS) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    if (line) at = line + 1;
  }
  lua_pushlstring(L, at, (size_t)(end - at));
}

/* Pushes what happened: "process 3 was killed by SIGKILL". */
static void push_story (lua_State *L, const lc_epitaph *e, const char *label) {
  if (e->lot == LC_EXITED) {
    lua_pushfstring(L, "%s ended with exit code %d before its job did", label,
                    e->how);
    return;
  }
  push_signal(L, e->how);
  const char *name = lua_tostring(L, -1);
  if (e->garbled)
    lua_pushfstring(L, "%s sent what is no message, and was killed by %s",
                    label, name);
  else if (e->lot == LC_LOST)
    lua_pushfstring(L, "%s was killed by %s, with the forkserver, its parent",
                    label, name);
  else lua_pushfstring(L, "%s was killed by %s", label, name);
  lua_remove(L, -2);
}

void lc_epitaph_push (lua_State *L, const lc_epitaph *e, const char *label) {
  push_story(L, e, label);
  if (e->words) {
    push_words(L, e);
    luaL_gsub(L, lua_tostring(L, -1), "\n", "\n  ");
    lc_errors_push(L, "EWORKER", "%s; the end of its standard error:\n  %s",
                   lua_tostring(L, -3), lua_tostring(L, -1));
    lua_replace(L, -4);
    lua_pop(L, 1);
    lua_setfield(L, -2, "stderr");
  }
  else {
    lc_errors_push(L, "EWORKER", "%s", lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  if (e->lot == LC_EXITED) lua_pushinteger(L, e->how);
  else push_signal(L, e->how);
  lua_setfield(L, -2, e->lot == LC_EXITED ? "exit" : "signal");
}
