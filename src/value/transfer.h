/*
** transfer.h: userdata as bytes.
*/

#ifndef lc_transfer_h
#define lc_transfer_h

#include "base/base.h"

struct lc_encoder;

/* Encodes the userdata on top of the stack, which stays, by its __transfer.
** False like every step of a walk (encoder.h); may raise what __transfer
** raises. */
bool lc_transfer_encode (struct lc_encoder *e, int depth);

/* All that goes in a crate is put into it: the rest has been encoded. Where a
** module raises an error: false, and that is on top. */
bool lc_transfer_depart (struct lc_encoder *e);

#endif
