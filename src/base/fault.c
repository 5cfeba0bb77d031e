/*
** fault.c: counting down to a fault. See fault.h.
*/

#include "base/fault.h"

#if defined(LUACONC_TESTING)

#include <stdio.h>
#include <stdlib.h>

_Thread_local int lc_fault_uv_code;

/* A fault hits the thread that has set it, and no other. */
static _Thread_local int alloc_left;
static _Thread_local int uv_left;
static _Thread_local int uv_code;
static _Thread_local bool hit;
static _Thread_local unsigned era;

static bool count_down (int *left) {
  if (*left == 0 || --*left > 0) return false;
  hit = true;
  return true;
}

bool lc_fault_alloc (void) {
  return count_down(&alloc_left);
}

int lc_fault_uv (void) {
  return count_down(&uv_left) ? uv_code : 0;
}

void lc_fault_set_alloc (int nth) {
  alloc_left = nth;
  hit = false;
  era++;
}

void lc_fault_set_uv (int nth, int code) {
  uv_left = nth;
  uv_code = code;
  hit = false;
  era++;
}

bool lc_fault_hit (void) {
  return hit;
}

void lc_fault_take (lc_faults *f) {
  *f = (lc_faults){alloc_left, uv_left, uv_code, era, hit};
  alloc_left = uv_left = 0;
}

void lc_fault_put (const lc_faults *f) {
  alloc_left = f->alloc_left;
  uv_left = f->uv_left;
  uv_code = f->uv_code;
  era = f->era;
  hit = f->hit;
}

/* Nothing was set meanwhile: setting begins a new era. What another piece of
** work has brought back first stays. */
void lc_fault_put_back (const lc_faults *f) {
  if (f->era != era) return;
  if (f->alloc_left) alloc_left = f->alloc_left;
  if (f->uv_left) uv_left = f->uv_left;
  hit = hit || f->hit;
}

void lc_assert_failed (const char *what, const char *file, int line) {
  fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
  abort();
}

#else

typedef int lc_fault_unused;  /* ISO C forbids an empty file */

#endif
