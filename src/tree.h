/*
** tree.h: what goes on in a state: its live jobs, with what each waits for,
** since when, and where.
*/

#ifndef lc_tree_h
#define lc_tree_h

#include "loop.h"

/* A lua_CFunction: the loop (light userdata) -> a table of plain values:
**   pid, noun    "program", "thread", "process"
**   ready, deadlines, handles {name = how many}
**   outside      what code outside tasks waits for, as a row; or nil
**   rows         a list, parents before their jobs: see add_row
*/
int lc_tree_state (lua_State *L);

/* Pushes what a task waits for, in words: "lock 0x55a4, held by task 3"; or
** nil. The id of the job that must do something for it, or 0. May raise. */
uint32_t lc_tree_wait (lua_State *L, struct lc_task *t);

/* Metatables of what tasks wait for: the function on top says what is known
** of the object at 1, as a string, "held by task 3", and the id of that job,
** or nil. Pops it. May raise. */
void lc_tree_about (lua_State *L);

/* Adds `tree_state` to the table on top. May raise. */
void lc_tree_open (lua_State *L, lc_loop *loop);

#endif
