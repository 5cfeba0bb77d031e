/*
** nearest.c: see nearest.h.
*/

#include <ctype.h>
#include <string.h>

#include "base/nearest.h"

enum { LONGEST = 31 };   /* letters of a name; a longer one is not looked at */

typedef struct row { size_t at[LONGEST + 1]; } row;

static int low (char c) { return tolower((unsigned char)c); }

static size_t lesser (size_t a, size_t b) { return a < b ? a : b; }

/* The row of a's letter i, from the last one and the one before. */
static void fill_row (row *now, const row *last, const row *before,
                      const char *a, size_t i, const char *b) {
  now->at[0] = i;
  for (size_t j = 1; b[j - 1]; j++) {
    bool same = low(a[i - 1]) == low(b[j - 1]);
    size_t n = lesser(last->at[j], now->at[j - 1]) + 1;
    n = lesser(n, last->at[j - 1] + !same);
    if (i > 1 && j > 1 && low(a[i - 1]) == low(b[j - 2]) &&
        low(a[i - 2]) == low(b[j - 1])) n = lesser(n, before->at[j - 2] + 1);
    now->at[j] = n;
  }
}

/* How many letters must be changed, added, dropped or swapped with their
** neighbour to make `b` of `a`. */
static size_t distance (const char *a, const char *b) {
  row rows[3] = {0};
  size_t i = 0;
  for (size_t j = 0; j <= LONGEST; j++) rows[0].at[j] = j;
  for (; a[i]; i++)
    fill_row(&rows[(i + 1) % 3], &rows[i % 3], &rows[(i + 2) % 3], a, i + 1,
             b);
  return rows[i % 3].at[strlen(b)];
}

void lc_nearest_begin (lc_nearest *n, const char *word) {
  *n = (lc_nearest){.word = word, .least = strlen(word) / 3 + 2};
}

void lc_nearest_offer (lc_nearest *n, const char *name) {
  size_t len = strlen(n->word), d;
  if (len > LONGEST || strlen(name) > LONGEST) return;
  d = distance(n->word, name);
  if (len >= 2 && strncmp(name, n->word, len) == 0) d = lesser(d, 1);
  if (d >= n->least) return;
  n->name = name;
  n->least = d;
}
