/*
** scope.c: the tree of cancel scopes. See scope.h.
**
** Trees can be 100,000 deep (a task that starts a task that ...), so the
** walk goes by links and not by recursion.
*/

#include "engine/remote.h"
#include "kernel/scope.h"
#include "kernel/task.h"

void lc_scope_enter (lc_scope *s, lc_scopekind kind, lc_scope *parent,
                     struct lc_task *task) {
  s->parent = parent;
  s->task = task;
  s->kind = (uint8_t)kind;
  s->own = s->expired = false;
  s->cancelled = parent && parent->cancelled && kind != LC_SHIELD;
  lc_list_init(&s->children);
  lc_list_init(&s->siblings);
  if (parent) lc_list_append(&parent->children, &s->siblings);
}

static lc_scope *scope_of (lc_link *l) {
  return lc_container(l, lc_scope, siblings);
}

lc_scope *lc_scope_next (lc_scope *top, lc_scope *s, bool into) {
  if (into && !lc_list_empty(&s->children)) return scope_of(s->children.next);
  while (s != top) {
    lc_link *l = s->siblings.next;
    if (l != &s->parent->children) return scope_of(l);
    s = s->parent;
  }
  return NULL;
}

/* Makes `cancelled` true to its definition again, for `s` and below. */
static void recompute (lc_scope *s) {
  s->cancelled = s->own || (s->parent && s->parent->cancelled &&
                            s->kind != LC_SHIELD);
}

static void recompute_below (lc_scope *top) {
  for (lc_scope *s = top; s; s = lc_scope_next(top, s, true)) recompute(s);
}

void lc_scope_leave (lc_scope *s) {
  lc_link *l;
  while ((l = lc_list_shift(&s->children))) {
    lc_scope *child = scope_of(l);
    child->parent = s->parent;
    if (s->parent) lc_list_append(&s->parent->children, l);
    if (s->cancelled || s->kind == LC_SHIELD) recompute_below(child);
  }
  lc_list_remove(&s->siblings);
  s->parent = NULL;
}

/* Tells who waits, or runs elsewhere, in a scope that is cancelled now. */
static void interrupt (lc_scope *s) {
  s->cancelled = true;
  if (s->kind == LC_REMOTE) lc_remote_interrupt(s);
  else if (s->task && s->task->scope == s) lc_task_interrupt(s->task);
}

/* Marks one scope, unless it is marked or shielded. */
static bool mark (lc_scope *s) {
  if (s->cancelled || s->kind == LC_SHIELD) return false;
  interrupt(s);
  return true;
}

bool lc_scope_cancel (lc_scope *top) {
  if (top->own) return false;
  top->own = true;
  if (top->cancelled) return true;
  interrupt(top);
  lc_scope *s = lc_scope_next(top, top, true);
  while (s) s = lc_scope_next(top, s, mark(s));
  return true;
}

const lc_scope *lc_scope_cause (const lc_scope *s) {
  while (!s->own && s->parent) s = s->parent;
  return s;
}

void lc_scope_reset (lc_scope *top) {
  top->own = top->expired = false;
  recompute_below(top);
}
