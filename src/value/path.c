/*
** path.c: writing backwards. See path.h.
*/

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "value/path.h"

/* Parts at either end that are kept; sizes of a part, of a name in it, and
** of what is left for the very first part. */
enum { ENDS = 10, PART = 200, NAME = 40, FRONT = 64 };

bool lc_path_begin (lc_path *p, int depth, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  vsnprintf(p->reason, sizeof p->reason, fmt, args);
  va_end(args);
  p->start = sizeof p->text - 1;
  p->text[p->start] = '\0';
  p->depth = depth;
  p->cut = false;
  return false;
}

static void put_front (lc_path *p, const char *part, size_t reserve) {
  size_t len = strlen(part);
  if (len + reserve > p->start) return;
  p->start -= len;
  memcpy(p->text + p->start, part, len);
}

/* Puts a part in front, unless it is one of those in the middle. */
static void add_part (lc_path *p, int depth, const char *part) {
  if (depth < ENDS || p->depth - depth <= ENDS)
    put_front(p, part, FRONT);
  else if (!p->cut) {
    p->cut = true;
    put_front(p, " ... ", FRONT);
  }
}

static bool is_name (const char *s, size_t len) {
  if (len == 0 || len > NAME || isdigit((unsigned char)*s)) return false;
  for (size_t i = 0; i < len; i++)
    if (!isalnum((unsigned char)s[i]) && s[i] != '_') return false;
  return true;
}

/* ["text"], as Lua would read it; what is long is cut. */
static void quote (char *part, const char *s, size_t len) {
  size_t shown = len > NAME ? NAME : len;
  char *at = part + sprintf(part, "[\"");
  for (size_t i = 0; i < shown; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '"' || c == '\\') at += sprintf(at, "\\%c", c);
    else if (isprint(c)) *at++ = (char)c;
    else at += sprintf(at, "\\%03d", c);
  }
  sprintf(at, "%s\"]", shown < len ? "..." : "");
}

static void format_string (char *part, const char *s, size_t len) {
  if (is_name(s, len)) snprintf(part, PART, ".%.*s", (int)len, s);
  else quote(part, s, len);
}

static void format_number (char *part, lua_State *L, int index) {
  if (lua_isinteger(L, index))
    snprintf(part, PART, "[%" PRId64 "]", (int64_t)lua_tointeger(L, index));
  else snprintf(part, PART, "[%.14g]", (double)lua_tonumber(L, index));
}

void lc_path_key (lc_path *p, int depth, lua_State *L, int index) {
  char part[PART];
  size_t len;
  switch (lua_type(L, index)) {
    case LUA_TSTRING: {
      const char *s = lua_tolstring(L, index, &len);
      format_string(part, s, len);
      break;
    }
    case LUA_TNUMBER:
      format_number(part, L, index);
      break;
    case LUA_TBOOLEAN:
      strcpy(part, lua_toboolean(L, index) ? "[true]" : "[false]");
      break;
    default:
      snprintf(part, sizeof part, "[%s]", luaL_typename(L, index));
  }
  add_part(p, depth, part);
}

void lc_path_to_key (lc_path *p, int depth) {
  add_part(p, depth, ", a key");
}

void lc_path_upvalue (lc_path *p, int depth, lua_State *L, int index,
                      int upvalue) {
  char part[PART];
  lua_Debug ar;
  const char *name = lua_getupvalue(L, index, upvalue);
  if (name) lua_pop(L, 1);
  lua_pushvalue(L, index);
  lua_getinfo(L, ">S", &ar);
  snprintf(part, sizeof part, ", upvalue '%.30s' of function <%.40s:%d>",
           name ? name : "?", ar.short_src, ar.linedefined);
  add_part(p, depth, part);
}

void lc_path_transfer (lc_path *p, int depth, int result) {
  char part[PART];
  snprintf(part, sizeof part, ", result %d of its __transfer", result);
  add_part(p, depth, part);
}

const char *lc_path_end (lc_path *p, const char *what, int n) {
  char part[PART];
  const char *bar = strchr(what, '|');
  if (!bar) snprintf(part, sizeof part, "%.40s #%d", what, n);
  else if (n == 1)
    snprintf(part, sizeof part, "%.*s", (int)(bar - what), what);
  else snprintf(part, sizeof part, "%.40s #%d", bar + 1, n - 1);
  put_front(p, part, 0);
  return p->text + p->start;
}
