/*
** frame.h: scopes, groups and shields as a script holds them.
**
** A frame is a userdata with a scope and, for a group, its jobs. It is on
** the stack of scopes of the coroutine that made it (unless `current =
** false`), and closed there in reverse order; while open it is anchored.
**
**   open --close--> closing (waits for jobs) --> closed
**        --abandoned: the task's end waits instead--> closed
*/

#ifndef lc_frame_h
#define lc_frame_h

#include "kernel/task.h"

/* The group of the frame of scope `s`, if it is one of task `t`. */
lc_group *lc_frame_group (lc_scope *s, lc_task *t);

/* The group that is current in coroutine L, from scope `s` upwards; NULL
** where the coroutine has none. */
lc_group *lc_frame_current (lua_State *L, lc_scope *s);

/* Is `s`, which may be gone, still the scope of an open frame of `co`? */
bool lc_frame_is_open (lua_State *L, lc_scope *s, lua_State *co);

/* Closes a frame that its task has left open; its jobs have ended. */
void lc_frame_abandon (lc_scope *s);

/* Pushes the error of a cancellation that reaches that scope. */
void lc_frame_cancellation (lua_State *L, lc_scope *scope);

/* Pushes a new group of the running code and enters it. */
lc_group *lc_frame_push_group (lua_State *L, lc_task *t);

void lc_frame_open (lua_State *L, lc_loop *loop);

#endif
