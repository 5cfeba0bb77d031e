/*
** interpreter.c: the Lua program that a process of ours runs. See
** interpreter.h.
*/

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system.h"
#include "engine/interpreter.h"
#include "luaconc.h"

/* One like `lua` is named so: lua, lua5.4, lua54. A host that sets `arg` as
** `lua` does is still no interpreter. */
static bool is_lua (const char *path) {
  const char *base = strrchr(path, '/');
  base = base ? base + 1 : path;
  return strncmp(base, "lua", 3) == 0 && strspn(base + 3, "0123456789.-")
                                         == strlen(base + 3);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char chosen[LC_INTERPRETER_PATH];

bool lc_interpreter_choose (const char *file) {
  size_t n = strlen(file);
  if (n >= sizeof chosen) return false;
  (void)pthread_mutex_lock(&lock);
  memcpy(chosen, file, n + 1);
  (void)pthread_mutex_unlock(&lock);
  return true;
}

static bool find_chosen (lc_interpreter *in) {
  (void)pthread_mutex_lock(&lock);
  memcpy(in->file, chosen, sizeof chosen);
  (void)pthread_mutex_unlock(&lock);
  return *in->file != '\0';
}

static int find_file (lc_interpreter *in, bool like_lua) {
  char path[LC_INTERPRETER_PATH];
  const char *file = "/proc/self/exe";
  if (find_chosen(in)) return 0;
  if (!like_lua || !lc_system_program(path, sizeof path) || !is_lua(path))
    file = getenv("LUACONC_LUA");
  if (!file || !*file) return UV_ENOENT;
  size_t n = strlen(file);
  if (n >= sizeof in->file) return UV_ENAMETOOLONG;
  memcpy(in->file, file, n + 1);
  return 0;
}

/* {{ The text */

typedef struct text { char *at, *end; } text;

static void add (text *t, const char *s) {
  size_t n = strlen(s);
  if (n > (size_t)(t->end - t->at)) n = (size_t)(t->end - t->at);
  memcpy(t->at, s, n);
  t->at += n;
}

/* A string of Lua, whatever is in it. */
static void add_quoted (text *t, const char *s) {
  add(t, "\"");
  for (; *s; s++) {
    char byte[8];
    unsigned char c = (unsigned char)*s;
    bool plain = c < 128 && strchr("\"\\\r\n", c) == NULL;
    (void)snprintf(byte, sizeof byte, plain ? "%c" : "\\%03d", c);
    add(t, byte);
  }
  add(t, "\"");
}

static const char here;

/* A core in a file of its own is loaded from it; one that is a part of some
** program has to be found. */
static void add_core (text *t, const char *cpath) {
  char path[LC_INTERPRETER_PATH];
  const char *end = lc_system_library(&here, path, sizeof path)
                    ? strrchr(path, '.') : NULL;
  if (end && strcmp(end, ".so") == 0) {
    add(t, "package.preload[\"luaconc.core\"]=assert(package.loadlib(");
    add_quoted(t, path);
    add(t, ",\"luaopen_luaconc_core\"))");
  }
  else {
    add(t, "package.cpath=");
    add_quoted(t, cpath);
  }
}

/* }} */

int lc_interpreter_find (lc_interpreter *in, bool like_lua, const char *cpath,
                         const char *entry) {
  text t = {in->text, in->text + sizeof in->text - 1};
  char *argv[] = {in->name, in->option, in->flag, in->text, NULL};
  int err = find_file(in, like_lua);
  if (err) return err;
  add_core(&t, cpath);
  add(&t, " require\"luaconc.core\".");
  add(&t, entry);
  add(&t, "(\"" LUACONC_VERSION "\")");
  *t.at = '\0';
  if (t.at == t.end) return UV_ENAMETOOLONG;
  memcpy(in->name, "luaconc", 8);
  memcpy(in->option, "-E", 3);
  memcpy(in->flag, "-e", 3);
  memcpy(in->argv, argv, sizeof argv);
  return 0;
}
