/*
** measure.c: the ruler of `luaconc compare`: a program that is started,
** looked at while it runs, and reaped with what it used.
**
** Nothing here waits, and libuv has no part in it. Peak memory has to be
** sampled every few milliseconds anyway, so the one who measures sleeps
** between two looks (`conc.sleep`, while the server of a scenario goes on in
** the same loop) and asks each time whether the process has ended. That
** costs no precision: the measured process tells by `usage` when its work
** began and ended, by the clock that all processes share. uv_spawn is not
** used because it reaps by waitpid and so loses what wait4 tells: CPU time
** and context switches of the whole tree.
**
** The standard descriptors of the program and its descriptor 3, for its
** report, are files in memory: no pipe to serve while it runs, nothing that
** can fill up and hold it. Who measures looks at `written` now and then,
** since such a file grows for as long as it is written.
**
** Ownership: the userdata owns process and files until the process is reaped
** and the object closed. It is the leader of a process group; closing (by
** hand, <close> or collection) kills the group and reaps it, which blocks for
** as long as the system needs to end a killed process. It is killed too
** when this process ends, in whatever way.
*/

#include "base/errors.h"
#include "base/luax.h"
#include "base/system.h"
#include "inspect/account.h"
#include "inspect/measure.h"
#include "value/message.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TYPE "luaconc.measure"

enum { NFILES = 4, MAX_ARGS = 1024 };

typedef struct measure {
  pid_t pid;               /* 0: not started, or reaped */
  int files[NFILES];       /* -1: none */
  uint64_t peak;           /* bytes */
  lc_ending ending;        /* once reaped */
  lc_family family;
} measure;

static void close_files (measure *m) {
  for (int i = 0; i < NFILES; i++) {
    if (m->files[i] >= 0) (void)close(m->files[i]);
    m->files[i] = -1;
  }
}

static void end_process (measure *m) {
  if (m->pid == 0) return;
  lc_system_kill(m->pid, SIGKILL);
  (void)lc_system_ended(m->pid, true, &m->ending);
  m->pid = 0;
}

/* m:close() */
static int measure_close (lua_State *L) {
  measure *m = lc_luax_self(L);
  end_process(m);
  close_files(m);
  return 0;
}

static void set_number (lua_State *L, const char *key, lua_Number n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, key);
}

static void set_integer (lua_State *L, const char *key, int64_t n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

static void push_ending (lua_State *L, const lc_ending *e) {
  lua_createtable(L, 0, 5);
  if (e->signal) {
    const char *name = lc_system_signal(e->signal);
    if (name) lua_pushstring(L, name);
    else lua_pushfstring(L, "signal %d", e->signal);
    lua_setfield(L, -2, "signal");
  }
  else set_integer(L, "code", e->code);
  set_number(L, "user", e->usage.user);
  set_number(L, "system", e->usage.system);
  set_integer(L, "voluntary", e->usage.voluntary);
  set_integer(L, "involuntary", e->usage.involuntary);
}

/* m:ended() -> nil while it runs
**            | {code=, signal=, user=, system=, voluntary=, involuntary=} */
static int measure_ended (lua_State *L) {
  measure *m = lc_luax_self(L);
  if (m->pid) {
    int ended = lc_system_ended(m->pid, false, &m->ending);
    if (!ended) return 0;
    m->pid = 0;
    if (ended < 0)
      return lc_errors_raise(L, uv_err_name(ended),
        "cannot wait for the process: %s (does the program or its parent "
        "ignore SIGCHLD?)", uv_strerror(ended));
  }
  push_ending(L, &m->ending);
  return 1;
}

/* m:sample() -> the most memory seen so far, in bytes */
static int measure_sample (lua_State *L) {
  measure *m = lc_luax_self(L);
  if (m->pid) {
    uint64_t now = lc_system_memory(&m->family);
    if (now > m->peak) m->peak = now;
  }
  lua_pushinteger(L, (lua_Integer)m->peak);
  return 1;
}

static lua_Integer file_size (int fd) {
  struct stat st;
  return fd >= 0 && fstat(fd, &st) == 0 ? (lua_Integer)st.st_size : 0;
}

/* m:written() -> bytes in all its files together */
static int measure_written (lua_State *L) {
  measure *m = lc_luax_self(L);
  lua_Integer sum = 0;
  for (int i = 1; i < NFILES; i++) sum += file_size(m->files[i]);
  lua_pushinteger(L, sum);
  return 1;
}

/* m:output(fd, limit) -> the last `limit` bytes written to its descriptor */
static int measure_output (lua_State *L) {
  measure *m = lc_luax_self(L);
  lua_Integer i = lc_luax_integer(L, 2, "fd", 1, NFILES - 1);
  lua_Integer limit = lc_luax_integer(L, 3, "limit", 1, 1 << 30);
  lua_Integer size = file_size(m->files[i]);
  lua_Integer from = size > limit ? size - limit : 0;
  luaL_Buffer b;
  size_t want = (size_t)(size - from), got = 0;
  char *to = luaL_buffinitsize(L, &b, want);
  while (got < want) {
    ssize_t n = pread(m->files[i], to + got, want - got, from + (off_t)got);
    if (n <= 0) break;
    got += (size_t)n;
  }
  luaL_pushresultsize(&b, got);
  return 1;
}

static int open_files (measure *m) {
  for (int i = 0; i < NFILES; i++) {
    m->files[i] = lc_system_file("luaconc measure");
    if (m->files[i] < 0) return m->files[i];
  }
  return 0;
}

static int write_input (int fd, const char *input, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, input, size);
    if (n <= 0) return uv_translate_sys_error(n < 0 ? errno : ENOSPC);
    input += n;
    size -= (size_t)n;
  }
  (void)lseek(fd, 0, SEEK_SET);
  return 0;
}

/* Pushes a block with the strings of the list at 1, which keeps them. */
static char **push_argv (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Unsigned n = lua_rawlen(L, 1);
  luaL_argcheck(L, n >= 1 && n <= MAX_ARGS, 1, "a program and its arguments");
  char **argv = lua_newuserdatauv(L, (n + 1) * sizeof *argv, 0);
  for (lua_Unsigned i = 0; i < n; i++) {
    if (lua_rawgeti(L, 1, (lua_Integer)i + 1) != LUA_TSTRING)
      luaL_argerror(L, 1, "the arguments must be strings");
    /* exec takes char *, and leaves the strings as they are */
    argv[i] = (char *)(uintptr_t)lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  argv[n] = NULL;
  return argv;
}

/* measure(argv, input) -> m | nil, message, code */
static int measure_start (lua_State *L) {
  size_t size;
  const char *input = luaL_checklstring(L, 2, &size);
  char **argv = push_argv(L);
  measure *m = lua_newuserdatauv(L, sizeof *m, 0);
  memset(m, 0, sizeof *m);
  for (int i = 0; i < NFILES; i++) m->files[i] = -1;
  luaL_setmetatable(L, TYPE);
  int err = open_files(m);
  if (!err) err = write_input(m->files[0], input, size);
  if (!err) err = lc_system_start(argv, m->files, NFILES, &m->family.leader);
  if (err) {
    close_files(m);
    const char *name = uv_err_name(err);
    return lc_errors_fail(L, name, "cannot start '%s': %s", argv[0],
                          uv_strerror(err));
  }
  m->pid = m->family.leader;
  return 1;
}

static double clock_seconds (void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* clock() -> seconds on a clock that all processes share */
static int read_clock (lua_State *L) {
  lua_pushnumber(L, clock_seconds());
  return 1;
}

/* usage() -> seconds on a clock that all processes share, CPU seconds of
** user and system, voluntary and involuntary switches: of this process and
** of those it waited for; seconds for which this thread waited for a core */
static int usage (lua_State *L) {
  lc_usage u;
  lc_system_usage(&u);
  lua_pushnumber(L, clock_seconds());
  lua_pushnumber(L, u.user);
  lua_pushnumber(L, u.system);
  lua_pushinteger(L, u.voluntary);
  lua_pushinteger(L, u.involuntary);
  lua_pushnumber(L, lc_system_delayed());
  return 6;
}

/* cpu() -> seconds of CPU of this thread */
static int cpu (lua_State *L) {
  struct timespec t;
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec * 1e-9);
  return 1;
}

/* account(on): counts from now on what each task of this state uses; false:
** forgets it. Returns the longest stay of any task until now, in seconds */
static int account (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  luaL_checktype(L, 1, LUA_TBOOLEAN);
  lua_pushnumber(L, (lua_Number)lc_account_longest(loop) * 1e-9);
  if (!lua_toboolean(L, 1)) lc_account_stop(loop);
  else if (lc_account_start(loop) != 0)
    return luaL_error(L, "not enough memory");
  return 1;
}

/* spent() -> of the running task, while it was counted: seconds of CPU,
** seconds for which it held the loop (both as in account.h), the longest of
** these stays since the last call; and the seconds for which all tasks
** together held it, by the clock. Nothing where no task is counted */
static int spent (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  lc_spent s;
  if (!lc_account_look(loop, &s)) return 0;
  lua_pushnumber(L, (lua_Number)s.cpu * 1e-9);
  lua_pushnumber(L, (lua_Number)s.held * 1e-9);
  lua_pushnumber(L, (lua_Number)s.longest * 1e-9);
  lua_pushnumber(L, (lua_Number)lc_account_all(loop) * 1e-9);
  return 4;
}

/* memory() -> PSS of this process and its descendants, in bytes */
static int memory (lua_State *L) {
  lc_family *family = lua_newuserdatauv(L, sizeof *family, 0);
  memset(family, 0, sizeof *family);
  family->leader = getpid();
  lua_pushinteger(L, (lua_Integer)lc_system_memory(family));
  return 1;
}

/* sent() -> bytes of the messages that this process made for other states */
static int sent (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)lc_message_made());
  return 1;
}

/* machine() -> {cores=, system=, processor=, libuv=} */
static int machine (lua_State *L) {
  uv_utsname_t name;
  lua_createtable(L, 0, 4);
  lua_pushstring(L, uv_version_string());
  lua_setfield(L, -2, "libuv");
  set_integer(L, "cores", uv_available_parallelism());
  if (uv_os_uname(&name) == 0) {
    lua_pushfstring(L, "%s %s", name.sysname, name.release);
    lua_setfield(L, -2, "system");
    lua_pushstring(L, name.machine);
    lua_setfield(L, -2, "processor");
  }
  return 1;
}

/* terminal(fd) -> its columns (0: not told), or nil where it is no terminal */
static int terminal (lua_State *L) {
  int fd = (int)lc_luax_integer(L, 1, "fd", 0, 2);
  struct winsize size = {.ws_col = 0};
  if (!isatty(fd)) return 0;
  if (ioctl(fd, TIOCGWINSZ, &size)) size.ws_col = 0;
  lua_pushinteger(L, size.ws_col);
  return 1;
}

void lc_measure_open (lua_State *L, struct lc_loop *loop) {
  static const luaL_Reg methods[] = {
    {"close", measure_close}, {"ended", measure_ended},
    {"sample", measure_sample}, {"written", measure_written},
    {"output", measure_output}, {NULL, NULL}
  };
  static const luaL_Reg metamethods[] = {
    {"__gc", measure_close}, {"__close", measure_close}, {NULL, NULL}
  };
  static const luaL_Reg functions[] = {
    {"measure", measure_start}, {"clock", read_clock}, {"usage", usage},
    {"cpu", cpu}, {"account", account}, {"spent", spent}, {"memory", memory},
    {"sent", sent}, {"machine", machine}, {"terminal", terminal}, {NULL, NULL}
  };
  lc_luax_type(L, loop, TYPE, methods, metamethods);
  lua_pop(L, 1);
  lc_luax_functions(L, loop, functions);
}
