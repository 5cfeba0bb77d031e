/*
** chcase.h: channels as cases of a select.
*/

#ifndef lc_chcase_h
#define lc_chcase_h

#include "kernel/select.h"

/* {"recv", "send"}; for lc_select_type. */
extern const lc_selectable lc_channel_cases[];

#endif
