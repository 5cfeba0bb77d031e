/*
** measure.h: a program that is started, measured and waited for (see
** measure.c), and what else the instrument asks of the system.
*/

#ifndef lc_measure_h
#define lc_measure_h

#include "base/base.h"

struct lc_loop;

/* Adds measure, usage, machine, terminal to the table on top. May raise. */
void lc_measure_open (lua_State *L, struct lc_loop *loop);

#endif
