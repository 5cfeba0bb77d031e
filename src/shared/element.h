/*
** element.h: the elements of a shared array.
**
** Every access to an element is atomic, and relaxed unless said otherwise:
** whoever reads while another writes gets the old value or the new one. What
** goes over many elements takes them by words where it can.
**
** Integers are passed as Lua's; what does not fit an element wraps around.
** Nothing here raises, but lc_element_read.
*/

#ifndef lc_element_h
#define lc_element_h

#include "base/base.h"

typedef enum lc_elementtype {
  LC_I8, LC_I16, LC_I32, LC_I64, LC_U8, LC_U16, LC_U32, LC_F32, LC_F64,
  LC_ELEMENTS
} lc_elementtype;

typedef struct lc_elementinfo {
  const char *name;          /* "u8" */
  uint8_t width;             /* bytes */
  lua_Integer low, high;     /* of integers */
} lc_elementinfo;

extern const lc_elementinfo lc_elements[LC_ELEMENTS];

static inline bool lc_element_is_float (int type) {
  return type >= LC_F32;
}

/* LC_ELEMENTS: no type has this name. */
int lc_element_type (const char *name);

/* {{ One element */

void lc_element_push (lua_State *L, const char *at, int type);

/* A value for an element, as its bytes in a word. Raises where the value at
** `index` is none. */
uint64_t lc_element_read (lua_State *L, int index, int type);

void lc_element_store (char *at, int width, uint64_t bytes);
uint64_t lc_element_load (const char *at, int width);

/* Its bytes as an integer of this type. */
lua_Integer lc_element_integer (int type, uint64_t bytes);

/* }} */

/* {{ One element, in one order with all others of this kind */

uint64_t lc_element_add (char *at, int width, uint64_t n);   /* the old one */
uint64_t lc_element_exchange (char *at, int width, uint64_t bytes);
bool lc_element_cas (char *at, int width, uint64_t *old, uint64_t bytes);

/* }} */

/* {{ Many elements, `n` bytes */

void lc_element_fill (char *at, size_t n, int width, uint64_t bytes);

/* Also where they overlap. One of both may be plain memory. */
void lc_element_copy (char *to, const char *from, size_t n, int width);

lua_Integer lc_element_sum (const char *at, size_t n, int type);
lua_Number lc_element_total (const char *at, size_t n, int type);

/* }} */

#endif
