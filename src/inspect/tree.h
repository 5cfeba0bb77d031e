/*
** tree.h: what goes on in a state: its live jobs, with what each waits for,
** since when, and where.
*/

#ifndef lc_tree_h
#define lc_tree_h

#include "kernel/loop.h"

/* A lua_CFunction: the loop (light userdata), all or only who waits (boolean)
** -> a table of plain values:
**   pid, noun    "program", "thread", "process"
**   ready, deadlines, handles {name = how many}
**   guest        its sleeper in the commons, or nil
**   holdings     see holdings.h; if all is wanted
**   pools        lines that core.on_tree's function has told, or nil; the same
**   outside      what code outside tasks waits for, as a row; or nil
**   rows         a list, parents before their jobs: see add_row
*/
int lc_tree_state (lua_State *L);

/* Pushes what a task waits for, in words: "lock 0x55a4, held by task 3"; or
** nil. The id of the job that must do something for it, or 0. `guest`: where
** that is a job of another state, which (its sleeper in the commons); else 0;
** NULL: only jobs of this one are told. May raise. */
uint32_t lc_tree_wait (lua_State *L, struct lc_task *t, uint32_t *guest);

/* Metatables of what tasks wait for: the function on top says what is known
** of the object at 1: a string, "held by task 3"; the id of that job, or nil;
** of which state, if not of this one, or nil; and what the object is called
** in all states, or nil. Pops it. May raise. */
void lc_tree_about (lua_State *L);

/* Pushes "queue 0x55a4, 3 in it" of a userdata at `index` with something in
** it; false, and pushes something, where it is none. May raise. */
bool lc_tree_fill (lua_State *L, int index);

/* Adds `tree_state` to the table on top. May raise. */
void lc_tree_open (lua_State *L, lc_loop *loop);

#endif
