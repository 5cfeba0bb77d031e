/*
** words.cpp: a module in C++ with a function that computes in a thread of its
** own, for which only the task that asked waits.
**
**   c++ -shared -fPIC -Wl,-z,nodelete words.cpp -o words.so \
**     $(pkg-config --cflags luaconc lua5.4)
**
**   local words = require "words"
**   print(words.count("to be or not to be"))   --> 4, different ones
*/

#include <sstream>
#include <string>
#include <unordered_set>

#include "luaconc.h"

static const luaconc_api *lc;

struct Work {
  std::string text;
  lua_Integer count;
};

// In the other thread. An exception must not leave it.
static void count_words (void *ud) {
  Work *w = static_cast<Work *>(ud);
  try {
    std::istringstream in(w->text);
    std::unordered_set<std::string> seen;
    for (std::string word; in >> word; ) seen.insert(word);
    w->count = static_cast<lua_Integer>(seen.size());
  } catch (...) { w->count = -1; }
}

// In the task again; or nobody waits any more, and L is null.
static int words_counted (lua_State *L, void *ud) {
  Work *w = static_cast<Work *>(ud);
  lua_Integer count = w->count;
  delete w;   // Lua's errors pass no destructor: so before what may raise
  if (!L) return 0;
  if (count < 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, count);
  return 1;
}

static Work *make_work (const char *text, size_t n) {
  try { return new Work{std::string(text, n), 0}; }
  catch (...) { return nullptr; }
}

// words.count(text) -> how many different words there are; waits
static int words_count (lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  lc->begin(L);
  Work *w = make_work(text, n);
  if (!w) return luaL_error(L, "not enough memory");
  return lc->offload(L, count_words, words_counted, w);
}

static const luaL_Reg functions[] = {
  {"count", words_count},
  {nullptr, nullptr}
};

extern "C" __attribute__((visibility("default")))
int luaopen_words (lua_State *L) {
  lc = luaconc_get(L);
  lua_newtable(L);
  lc->functions(L, functions);
  return 1;
}
