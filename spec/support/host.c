/*
** host.c: the interpreter that runs the specs under the sanitizers.
**
** It stands in for `lua5.4` (options -e, -l, -v, -; a script and its
** arguments; Ctrl-C; messages; exit status), and differs in three things:
**
** 1. It is linked with the sanitizers, whose runtime must come first. Their
**    reports go to files whose names begin with LUACONC_REPORTS.
** 2. The state is always closed, so that what is left over is a leak.
** 3. Its allocator can refuse the first try of each growing allocation. Lua
**    then collects all garbage and tries again: an object that nothing
**    anchors is gone at the very next allocation. `host.collect_always(on)`
**    switches this on and off; LUACONC_GC=all has it on from the start.
*/

#define _GNU_SOURCE   /* RTLD_NEXT */

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

/* ---- ThreadSanitizer ---- */

#if defined(__SANITIZE_THREAD__)

/* Lua raises errors by this function of glibc, which the sanitizer does not
** know of: it would believe that the functions left behind still run, until
** it has no room for more of them. The other name it knows. */
__attribute__((noreturn, visibility("default")))
void __longjmp_chk (jmp_buf place, int value);

void __longjmp_chk (jmp_buf place, int value) {
  longjmp(place, value);
}

/* What the sanitizer keeps for a thread lies in its stack, and is larger than
** the stack that luaconc asks for. */
__attribute__((visibility("default")))
int pthread_attr_setstacksize (pthread_attr_t *attr, size_t size) {
  int (*next) (pthread_attr_t *, size_t);
  *(void **)&next = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
  return next(attr, size + (2u << 20));
}

static _Thread_local volatile bool asleep;   /* in a futex */

/* libuv closes its descriptors by syscall(), which the sanitizer does not see:
** it would take the next one of that number for the same. */
__attribute__((visibility("default"), no_sanitize_thread))
long syscall (long number, ...) {
  static long (*next) (long, ...);
  va_list list;
  long a[6], result;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_close) return close((int)a[0]);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "syscall");
  asleep = number == SYS_futex;
  result = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  asleep = false;
  return result;
}

/* The sanitizer keeps a signal back until the thread calls a function that
** it knows; Lua code that computes calls none, and who sleeps on a futex does
** not for long, so that neither could be cancelled. The signals of that get
** through at once where they find Lua at work or the thread asleep. */
#if defined(__x86_64__) && defined(__linux__)

typedef struct kernel_action {
  void (*handler) (int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer) (void);
  unsigned long mask;
} kernel_action;

static void (*theirs) (int, siginfo_t *, void *);   /* keeps it back */
static void (*wanted[NSIG]) (int);
static uintptr_t lua_begins, lua_ends;

__attribute__((no_sanitize_thread))
static void on_signal (int number, siginfo_t *info, void *context) {
  const ucontext_t *c = context;
  uintptr_t at = (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
  bool in_lua = at >= lua_begins && at < lua_ends;
  if (in_lua || asleep) wanted[number](number);
  else theirs(number, info, context);
}

static int look_for_lua (struct dl_phdr_info *object, size_t size, void *at) {
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
    uintptr_t end = begin + object->dlpi_phdr[i].p_memsz;
    if (!(object->dlpi_phdr[i].p_flags & PF_X)) continue;
    if ((uintptr_t)at < begin || (uintptr_t)at >= end) continue;
    lua_begins = begin;
    lua_ends = end;
  }
  return 0;
}

static void let_through (int number, void (*handler) (int)) {
  kernel_action action;
  dl_iterate_phdr(look_for_lua, dlsym(RTLD_DEFAULT, "lua_newstate"));
  wanted[number] = handler;
  syscall(SYS_rt_sigaction, number, NULL, &action, sizeof(action.mask));
  if (action.handler != on_signal) theirs = action.handler;
  action.handler = on_signal;
  action.flags |= SA_SIGINFO;
  syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(action.mask));
}

__attribute__((visibility("default")))
int sigaction (int number, const struct sigaction *action,
               struct sigaction *old) {
  int (*next) (int, const struct sigaction *, struct sigaction *);
  *(void **)&next = dlsym(RTLD_NEXT, "sigaction");
  int failed = next(number, action, old);
  if (failed || !action) return failed;
  if (number != SIGURG && number != SIGTERM) return 0;
  if (action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN) return 0;
  if (action->sa_flags & SA_SIGINFO) return 0;
  let_through(number, action->sa_handler);
  return 0;
}

#endif
#endif

/* ---- the allocator ---- */

/* A test that allocates a million times would take hours. After each slice
** of this time the collections come half as often. */
enum { SLICE_NS = 12000000 };

/* Size of the allocations that show who makes them: see learn_boxes. */
enum { LARGE = 100000 };

typedef struct memory {
  lua_Alloc next;       /* who really allocates */
  void *ud;
  bool always;          /* collect at growing allocations? */
  bool refused;         /* this is the second try */
  uint64_t every;       /* collect at each n-th */
  bool steady;          /* and don't thin out: a proof is short */
  uint64_t grown;       /* growing allocations so far */
  uint64_t collections;
  uint64_t slice_end;
  bool learning;        /* whose allocations may not be refused? */
  int nboxes;
  const void *boxes[8]; /* the places in lauxlib that call us */
} memory;

static memory mem = {.every = 1};

static uint64_t now_ns (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void thin_out (memory *m) {
  uint64_t now = now_ns();
  if (m->steady || now < m->slice_end) return;
  m->slice_end = now + SLICE_NS;
  m->every *= 2;
}

static bool is_box (const memory *m, const void *caller) {
  for (int i = 0; i < m->nboxes; i++)
    if (m->boxes[i] == caller) return true;
  return false;
}

static void note_box (memory *m, const void *caller) {
  if (!is_box(m, caller) && m->nboxes < 8) m->boxes[m->nboxes++] = caller;
}

static bool refuse_first (memory *m, const void *caller) {
  if (!m->always || m->refused) return false;
  if (is_box(m, caller)) return false;
  if (++m->grown % m->every != 0) return false;
  thin_out(m);
  m->collections++;
  return true;
}

static void *allocate (void *ud, void *block, size_t had, size_t size) {
  memory *m = ud;
  const void *caller = __builtin_return_address(0);
  if (size > 0 && (!block || size > had)) {
    if (m->learning && size >= LARGE) note_box(m, caller);
    m->refused = refuse_first(m, caller);
    if (m->refused) return NULL;
  }
  return m->next(m->ud, block, had, size);
}

/* Puts our allocator in front of the one that is there: luaconc.testing may
** have put its own there first, and then Lua's places would not be seen. */
static void stand_in_front (lua_State *L) {
  void *ud;
  lua_Alloc now = lua_getallocf(L, &ud);
  if (now == allocate) return;
  mem.next = now;
  mem.ud = ud;
  lua_setallocf(L, allocate, &mem);
}

static void step_aside (lua_State *L) {
  void *ud;
  if (lua_getallocf(L, &ud) == allocate) lua_setallocf(L, mem.next, mem.ud);
}

/* The memory of a luaL_Buffer is allocated by lauxlib itself, which does not
** collect and try again: a refusal there would be an error. Those places
** are known by the address that they call from, which this finds out, for
** each way in which a buffer gets its first memory and then more. */
static void learn_boxes (lua_State *L) {
  static char bytes[4 * LARGE];
  stand_in_front(L);
  for (int way = 0; way < 3; way++) {
    luaL_Buffer b;
    lua_settop(L, 0);
    lua_pushlstring(L, bytes, LARGE);
    luaL_buffinit(L, &b);
    mem.learning = true;
    for (size_t size = LARGE; size <= 4 * LARGE; size *= 2) {
      if (way == 0) luaL_addlstring(&b, bytes, size);
      else if (way == 1) luaL_addsize(&b, (luaL_prepbuffsize(&b, size), size));
      else {
        mem.learning = false;
        lua_pushlstring(L, bytes, size);
        mem.learning = true;
        luaL_addvalue(&b);
      }
    }
    mem.learning = false;
  }
  lua_settop(L, 0);
  step_aside(L);
}

static void collect_always (lua_State *L, bool on) {
  mem.always = mem.refused = false;
  if (!on) {
    step_aside(L);
    return;
  }
  stand_in_front(L);
  mem.every = 1;
  mem.slice_end = now_ns() + SLICE_NS;
  mem.always = true;
}

/* host.collect_always(on) */
static int host_collect_always (lua_State *L) {
  collect_always(L, lua_toboolean(L, 1));
  return 0;
}

/* host.collections() -> how many there were, of how many allocations */
static int host_collections (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)mem.collections);
  lua_pushinteger(L, (lua_Integer)mem.grown);
  return 2;
}

static const luaL_Reg host_functions[] = {
  {"collect_always", host_collect_always},
  {"collections", host_collections},
  {NULL, NULL}
};

static int open_host (lua_State *L) {
  luaL_newlib(L, host_functions);
  return 1;
}

/* ---- running code, as lua.c does it ---- */

static lua_State *interrupted;
static const char *progname = "lua5.4";

static void on_hook (lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void on_sigint (int sig) {
  const int mask = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
  signal(sig, SIG_DFL);
  lua_sethook(interrupted, on_hook, mask, 1);
}

static int add_traceback (lua_State *L) {
  const char *text = lua_tostring(L, 1);
  if (!text && luaL_callmeta(L, 1, "__tostring")) return 1;
  if (!text) {
    text = lua_pushfstring(L, "(error object is a %s value)",
                           luaL_typename(L, 1));
  }
  luaL_traceback(L, L, text, 1);
  return 1;
}

static int report (lua_State *L, int status) {
  if (status == LUA_OK) return status;
  fprintf(stderr, "%s: %s\n", progname, lua_tostring(L, -1));
  fflush(stderr);
  lua_pop(L, 1);
  return status;
}

static int call (lua_State *L, int narg, int nres) {
  int base = lua_gettop(L) - narg;
  lua_pushcfunction(L, add_traceback);
  lua_insert(L, base);
  interrupted = L;
  signal(SIGINT, on_sigint);
  int status = lua_pcall(L, narg, nres, base);
  signal(SIGINT, SIG_DFL);
  lua_remove(L, base);
  return status;
}

static int run_text (lua_State *L, const char *text, const char *name) {
  int status = luaL_loadbuffer(L, text, strlen(text), name);
  if (status == LUA_OK) status = call(L, 0, 0);
  return report(L, status);
}

static int run_library (lua_State *L, const char *name) {
  lua_getglobal(L, "require");
  lua_pushstring(L, name);
  int status = call(L, 1, 1);
  if (status == LUA_OK) lua_setglobal(L, name);
  return report(L, status);
}

static int run_script (lua_State *L, char **argv, int script) {
  const char *name = strcmp(argv[script], "-") == 0 ? NULL : argv[script];
  int narg = 0;
  int status = luaL_loadfile(L, name);
  if (status == LUA_OK) {
    while (argv[script + narg + 1]) narg++;
    luaL_checkstack(L, narg + 3, "too many arguments");
    for (int i = 1; i <= narg; i++) lua_pushstring(L, argv[script + i]);
    status = call(L, narg, LUA_MULTRET);
  }
  return report(L, status);
}

static void make_arg (lua_State *L, int argc, char **argv, int script) {
  lua_createtable(L, argc - script, script + 1);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

/* ---- the command line ---- */

/* Options that take a value may have it attached. */
static const char *value_of (char **argv, int *i) {
  return argv[*i][2] ? argv[*i] + 2 : argv[++*i];
}

/* Index of the script in argv; argc where there is none, 0 on misuse. */
static int find_script (int argc, char **argv) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
    if (strcmp(argv[i], "--") == 0) return i + 1;
    if (strchr("el", argv[i][1])) {
      if (!value_of(argv, &i)) return 0;
    }
    else if (!strchr("vWE", argv[i][1])) return 0;
  }
  return i;
}

static int run_option (lua_State *L, char **argv, int *i) {
  switch (argv[*i][1]) {
    case 'e': return run_text(L, value_of(argv, i), "=(command line)");
    case 'l': return run_library(L, value_of(argv, i));
    case 'v': puts(LUA_COPYRIGHT); return LUA_OK;
    case 'W': lua_warning(L, "@on", 0); return LUA_OK;
    default: return LUA_OK;
  }
}

static int run_all (lua_State *L, int argc, char **argv, int script) {
  int status = LUA_OK;
  for (int i = 1; i < script && i < argc && status == LUA_OK; i++)
    status = run_option(L, argv, &i);
  if (status == LUA_OK && script < argc)
    status = run_script(L, argv, script);
  return status;
}

/* UBSan beside ASan ignores the option log_path; it can be told, though,
** where it is a library of its own. */
static void direct_reports (const char *path) {
  void *ubsan = path ? dlopen("libubsan.so.1", RTLD_LAZY | RTLD_NOLOAD) : NULL;
  void (*set_path) (const char *);
  if (!ubsan) return;
  *(void **)&set_path = dlsym(ubsan, "__sanitizer_set_report_path");
  if (set_path) set_path(path);
}

/* Runs everything in protected mode; the status is its result. */
static int protected_main (lua_State *L) {
  int argc = (int)lua_tointeger(L, 1);
  char **argv = lua_touserdata(L, 2);
  int script = find_script(argc, argv);
  const char *gc = getenv("LUACONC_GC");
  lua_settop(L, 0);
  if (script == 0) return luaL_error(L, "unrecognized option");
  luaL_openlibs(L);
  learn_boxes(L);
  luaL_requiref(L, "host", open_host, 0);
  lua_settop(L, 0);
  make_arg(L, argc, argv, script < argc ? script : 0);
  mem.steady = gc && strcmp(gc, "all") == 0;
  if (mem.steady) collect_always(L, true);
  lua_pushinteger(L, run_all(L, argc, argv, script));
  return 1;
}

int main (int argc, char **argv) {
  direct_reports(getenv("LUACONC_REPORTS"));
  lua_State *L = luaL_newstate();
  if (!L) return EXIT_FAILURE;
  if (argv[0] && argv[0][0]) progname = argv[0];
  lua_pushcfunction(L, protected_main);
  lua_pushinteger(L, argc);
  lua_pushlightuserdata(L, argv);
  int status = report(L, lua_pcall(L, 2, 1, 0));
  if (status == LUA_OK) status = (int)lua_tointeger(L, -1);
  collect_always(L, false);
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
