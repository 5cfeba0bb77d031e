/*
** scope.c: the tree of cancel scopes. See scope.h.
**
** Trees can be 100,000 deep (a task that starts a task that ...), so the
** walk goes by links and not by recursion.
*/

#include "scope.h"
#include "task.h"

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

void lc_scope_leave (lc_scope *s) {
  lc_link *l;
  while ((l = lc_list_shift(&s->children))) {
    scope_of(l)->parent = s->parent;
    if (s->parent) lc_list_append(&s->parent->children, l);
  }
  lc_list_remove(&s->siblings);
  s->parent = NULL;
}

/* Marks one scope, unless it is marked or shielded, and ends its wait. */
static bool mark (lc_scope *s) {
  if (s->cancelled || s->kind == LC_SHIELD) return false;
  s->cancelled = true;
  if (s->task && s->task->scope == s) lc_task_interrupt(s->task);
  return true;
}

/* The scope after `s` in a walk of the tree below `top`, parents first. */
static lc_scope *next_scope (lc_scope *top, lc_scope *s, bool into) {
  if (into && !lc_list_empty(&s->children)) return scope_of(s->children.next);
  while (s != top) {
    lc_link *l = s->siblings.next;
    if (l != &s->parent->children) return scope_of(l);
    s = s->parent;
  }
  return NULL;
}

bool lc_scope_cancel (lc_scope *top) {
  if (top->own) return false;
  top->own = true;
  if (top->cancelled) return true;
  top->cancelled = true;
  if (top->task && top->task->scope == top) lc_task_interrupt(top->task);
  lc_scope *s = next_scope(top, top, true);
  while (s) s = next_scope(top, s, mark(s));
  return true;
}

void lc_scope_reset (lc_scope *top) {
  top->own = top->cancelled = top->expired = false;
  bool into = true;
  for (lc_scope *s = top; (s = next_scope(top, s, into)); ) {
    into = !s->own && s->kind != LC_SHIELD;
    if (into) s->cancelled = false;
  }
}
