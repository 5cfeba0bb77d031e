/*
** closure.h: functions as bytes.
*/

#ifndef lc_closure_h
#define lc_closure_h

#include "base/base.h"

struct lc_encoder;

/* Encodes the function on top of the stack, which stays; false like every
** step of a walk (encoder.h). */
bool lc_closure_encode (struct lc_encoder *e, int depth);

#endif
