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

/* Metatables of what tasks wait for: the function on top says what is known
** of the object at 1, as a string: "held by task 3". Pops it. May raise. */
void lc_tree_about (lua_State *L);

/* Adds `tree_state` to the table on top. May raise. */
void lc_tree_open (lua_State *L, lc_loop *loop);

#endif
