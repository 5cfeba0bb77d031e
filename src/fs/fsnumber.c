/*
** fsnumber.c: the test that Lua's own file:read("n") makes. See fsnumber.h.
*/

#include <ctype.h>
#include <locale.h>
#include <string.h>

#include "fs/fsnumber.h"

typedef struct scan {
  const char *s;
  size_t n;        /* bytes there are */
  size_t at;       /* and taken */
  char *text;
  bool long_one;
} scan;

static bool take (scan *r) {
  if (r->at >= LC_FSNUMBER_MOST) {
    r->long_one = true;
    return false;
  }
  r->text[r->at] = r->s[r->at];
  r->at++;
  return true;
}

static bool next_is (const scan *r, const char *set) {
  return r->at < r->n && r->s[r->at] && strchr(set, r->s[r->at]);
}

static bool take_one_of (scan *r, const char *set) {
  return next_is(r, set) && take(r);
}

static int take_digits (scan *r, bool hex) {
  int n = 0;
  while (r->at < r->n && (hex ? isxdigit((unsigned char)r->s[r->at])
                              : isdigit((unsigned char)r->s[r->at])) &&
         take(r)) n++;
  return n;
}

size_t lc_fsnumber_start (const char *s, size_t n) {
  size_t i = 0;
  while (i < n && isspace((unsigned char)s[i])) i++;
  return i;
}

size_t lc_fsnumber_scan (const char *s, size_t n, char *text) {
  scan r = {s, n, 0, text, false};
  const char point[] = {'.', lua_getlocaledecpoint(), '\0'};
  int count = 0;
  bool hex = false;
  take_one_of(&r, "-+");
  if (take_one_of(&r, "0")) {
    if (take_one_of(&r, "xX")) hex = true;
    else count = 1;
  }
  count += take_digits(&r, hex);
  if (take_one_of(&r, point)) count += take_digits(&r, hex);
  if (count > 0 && take_one_of(&r, hex ? "pP" : "eE")) {
    take_one_of(&r, "-+");
    take_digits(&r, false);
  }
  text[r.long_one ? 0 : r.at] = '\0';
  return r.at;
}
