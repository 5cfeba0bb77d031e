/*
** interpreter.h: the Lua program that a process of ours runs.
**
** That is the running program where it is like `lua`, and else what the
** environment names in LUACONC_LUA. It is started with -E, so that the
** environment makes no difference, loads this very core (the file it was
** loaded from, not what is found first), and calls one function of it, which
** does not come back.
*/

#ifndef lc_interpreter_h
#define lc_interpreter_h

#include "base/base.h"

enum { LC_INTERPRETER_PATH = 4096, LC_INTERPRETER_TEXT = 32768 };

typedef struct lc_interpreter {
  char file[LC_INTERPRETER_PATH];
  char name[8];
  char option[4], flag[4];
  char text[LC_INTERPRETER_TEXT];
  char *argv[5];
} lc_interpreter;

/* The one to be used in any case, from now on. Any thread. False: its name is
** too long. */
bool lc_interpreter_choose (const char *file);

/* Finds it and makes the arguments with which it calls `entry` of the core.
** `like_lua`: may it be the running program? `cpath`: where a core is looked
** for that has no file of its own. 0; UV_ENOENT: there is none;
** UV_ENAMETOOLONG. */
int lc_interpreter_find (lc_interpreter *in, bool like_lua, const char *cpath,
                         const char *entry);

#endif
