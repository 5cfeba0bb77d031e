/*
** fault.h: the seam through which specs make the world fail.
**
** In test builds the n-th allocation or the n-th libuv call that this thread
** makes from a chosen moment on fails; elsewhere the seam costs nothing.
** Write
**
**     int err = lc_uv(uv_tcp_init(uv, &t->tcp));
**
** for every libuv call that can fail.
*/

#ifndef lc_fault_h
#define lc_fault_h

#include "base/base.h"

#if defined(LUACONC_TESTING)

bool lc_fault_alloc (void);  /* must this allocation fail? */
int lc_fault_uv (void);      /* 0, or the error that this call must give */

void lc_fault_set_alloc (int nth);
void lc_fault_set_uv (int nth, int code);
bool lc_fault_hit (void);    /* was one hit since it was set? */

/* What is set goes along with work that another thread does for this one:
** taken here, put there, taken there, put back here. */
typedef struct lc_faults {
  int alloc_left, uv_left, uv_code;
  unsigned era;              /* of the setting; an old one is not put back */
  bool hit;
} lc_faults;

void lc_fault_take (lc_faults *f);
void lc_fault_put (const lc_faults *f);
void lc_fault_put_back (const lc_faults *f);

#define lc_uv(call) (lc_fault_uv_code = lc_fault_uv(), \
  lc_fault_uv_code ? lc_fault_uv_code : (call))
extern _Thread_local int lc_fault_uv_code;

#else

typedef struct lc_faults { char none; } lc_faults;

#define lc_fault_alloc() false
#define lc_fault_take(f) ((void)(f))
#define lc_fault_put(f) ((void)(f))
#define lc_fault_put_back(f) ((void)(f))
#define lc_uv(call) (call)

#endif

#endif
