/*
** modules.c: own Lua files as bytecode. See modules.h.
*/

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "host/modules.h"

enum { LARGEST = 1 << 20 };   /* bytes of one file's bytecode */

/* Once it is in the list an entry does not change. */
typedef struct lc_module {
  struct lc_module *next;
  lc_bytes code;
  size_t size;           /* of this block */
  char file[];
} lc_module;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static lc_module *first;
static unsigned holders;
static _Atomic(const lc_builtin *) builtin;

static void free_module (lc_module *m) {
  lc_bytes_free(&m->code);
  lc_free(m, m->size);
}

void lc_modules_hold (void) {
  pthread_mutex_lock(&mutex);
  holders++;
  pthread_mutex_unlock(&mutex);
}

void lc_modules_release (void) {
  pthread_mutex_lock(&mutex);
  lc_module *m = --holders == 0 ? first : NULL;
  if (m) first = NULL;
  pthread_mutex_unlock(&mutex);
  while (m) {
    lc_module *next = m->next;
    free_module(m);
    m = next;
  }
}

size_t lc_modules_blocks (void) {
  size_t n = 0;
  pthread_mutex_lock(&mutex);
  for (const lc_module *m = first; m; m = m->next) n += 2;
  pthread_mutex_unlock(&mutex);
  return n;
}

static const lc_module *find (const char *file) {
  pthread_mutex_lock(&mutex);
  const lc_module *m = first;
  while (m && strcmp(m->file, file) != 0) m = m->next;
  pthread_mutex_unlock(&mutex);
  return m;
}

/* Where two states have compiled the same file, either entry will do. */
static void insert (lc_module *m) {
  pthread_mutex_lock(&mutex);
  m->next = first;
  first = m;
  pthread_mutex_unlock(&mutex);
}

/* {{ Compiling */

static int write_code (lua_State *L, const void *part, size_t n, void *ud) {
  (void)L;
  return !lc_bytes_append(ud, part, n);
}

/* Keeps the bytecode of the function on top, if there is memory. */
static void keep (lua_State *L, const char *file) {
  size_t size = sizeof(lc_module) + strlen(file) + 1;
  lc_module *m = lc_alloc(size);
  if (!m) return;
  memset(m, 0, sizeof(*m));
  m->size = size;
  strcpy(m->file, file);
  lc_bytes_reset(&m->code, LARGEST);
  if (lua_dump(L, write_code, &m->code, 0) == 0) insert(m);
  else free_module(m);
}

static bool is_own (const char *name) {
  static const char own[] = "luaconc";
  size_t n = sizeof(own) - 1;
  return strncmp(name, own, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

void lc_modules_build_in (const lc_builtin *files) {
  atomic_store(&builtin, files);
}

static const lc_builtin *find_builtin (const char *name) {
  const lc_builtin *b = atomic_load(&builtin);
  while (b && b->name && strcmp(b->name, name) != 0) b++;
  return b && b->name ? b : NULL;
}

/* Pushes the file that package.path has for the name at 1, or nil. Upvalue 1:
** the table `package`. */
static const char *find_file (lua_State *L) {
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "path");
  lua_call(L, 2, 1);
  return lua_tostring(L, -1);
}

/* Pushes the file as a function, from the store where it is there. */
static void load (lua_State *L, const char *file, const lc_builtin *b) {
  const lc_module *m = find(file);
  int status = m ? luaL_loadbufferx(L, m->code.base, m->code.len, file, "b")
             : b ? luaL_loadbufferx(L, b->text, b->size, file, "t")
                 : luaL_loadfile(L, file);
  if (status != LUA_OK) lua_error(L);
  if (!m) keep(L, file);
}

/* searcher(name) -> loader, file | nil */
static int search (lua_State *L) {
  const char *name = luaL_checkstring(L, 1), *file;
  if (!is_own(name)) return 0;
  const lc_builtin *b = find_builtin(name);
  if (b) file = lua_pushstring(L, b->chunk);
  else if (!(file = find_file(L))) return 0;
  load(L, file, b);
  lua_insert(L, -2);
  return 2;
}

void lc_modules_search (lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "package") != LUA_TTABLE) {
    lua_pop(L, 2);
    return;
  }
  lua_getfield(L, -1, "searchers");
  for (lua_Integer i = luaL_len(L, -1); i > 1; i--) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, search, 1);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 3);
}

/* }} */
