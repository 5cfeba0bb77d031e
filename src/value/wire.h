/*
** wire.h: the bytes of an encoded message, version 1.
**
** A header of four bytes, then the values, and nothing after them:
**
**     LC_WIRE_VERSION  flags  slots  count (varint)  value ...
**
** `slots` is how many strings the message numbers (see below). Numbers of
** several bytes are little-endian; a varint has 7 bits a byte, lowest first.
** A value is a tag and what follows it:
**
**     0x00 .. 0x7f   that integer
**     0x80 .. 0x9f   the string in slot 0 .. 31
**     others         see lc_wiretag
**
** Short strings (at most LC_WIRE_SHORT bytes) lie in numbered slots and are
** repeated by number. Slots are first filled in order, then overwritten at
** will: the writer's table is small, and so is the reader's.
**
** What has an identity is an *object*, numbered from 0 in the order in
** which it begins: tables, functions, modules, userdata; long strings too,
** to save bytes. LC_WIRE_AGAIN repeats one. LC_FLAG_AGAIN says that there is
** such a repetition: without it the reader need not remember objects.
**
** A table is {elements} {pairs}: the values of 1 .. n, nil among them where
** there are gaps, and then other keys with their values.
**
** Each byte of a value belongs to one value only, so in a true message the
** elements and pairs that all tables announce together are at most as many
** as it has bytes. The reader insists on this before it makes a table.
*/

#ifndef lc_wire_h
#define lc_wire_h

#include <string.h>

#include "base/base.h"

enum {
  LC_WIRE_VERSION = 0xC1,   /* no text begins so */
  LC_WIRE_HEADER = 3,       /* bytes before the count */
  LC_WIRE_SHORT = 40,       /* as in Lua: of these there is one of a kind */
  LC_WIRE_SLOTS = 255,
  LC_WIRE_DEPTH = 200,      /* values inside values, both ways */
  LC_FLAG_AGAIN = 1,
  LC_FLAG_HOLDS = 2         /* behind the end: see message.c */
};

typedef enum lc_wiretag {
  LC_WIRE_SLOT0 = 0x80,
  LC_WIRE_NIL = 0xA0,
  LC_WIRE_FALSE,
  LC_WIRE_TRUE,
  LC_WIRE_INT1,         /* int8 */
  LC_WIRE_INT2,         /* int16 */
  LC_WIRE_INT4,         /* int32 */
  LC_WIRE_INT8,         /* int64 */
  LC_WIRE_FLOAT,        /* binary64, whatever its bits */
  LC_WIRE_SLOT,         /* slot (byte): the string there */
  LC_WIRE_SETSLOT,      /* slot (byte), length (byte), bytes */
  LC_WIRE_STRING,       /* length (varint), bytes: no object */
  LC_WIRE_LONG,         /* the same: an object */
  LC_WIRE_TABLE1,       /* elements (byte), pairs (byte), then these */
  LC_WIRE_TABLE4,       /* the same with 4 bytes each */
  LC_WIRE_AGAIN,        /* number (varint) of an object that has begun */
  LC_WIRE_CLASS,        /* its name (value), then a table: one object */
  /* From here on only where code is trusted. */
  LC_WIRE_GLOBALS,      /* the reader's table of globals: no object */
  LC_WIRE_MODULE,       /* name (text) */
  LC_WIRE_CFUNCTION,    /* module (text), name in it (text) */
  LC_WIRE_FUNCTION,     /* size (4), bytecode, upvalues (byte), then these */
  LC_WIRE_TRANSFER,     /* count (varint), function, arguments */
  /* In place of an upvalue's value: */
  LC_WIRE_JOINED,       /* number (varint) of a function, upvalue (byte) */
  /* Only where the message holds shared objects: */
  LC_WIRE_SHARED,       /* which one (varint) */
  LC_WIRE_CODE          /* which one (varint) is the code of a function,
                        ** upvalues (byte), then these */
} lc_wiretag;

/* A text is a length (varint) and bytes. */

enum { LC_WIRE_VARINT = 5 };  /* bytes of the longest: 32 bits */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define lc_wire_swap(p, n) \
  for (size_t i_ = 0; i_ < (n) / 2; i_++) { \
    char c_ = (p)[i_]; \
    (p)[i_] = (p)[(n) - 1 - i_]; \
    (p)[(n) - 1 - i_] = c_; \
  }
#else
#define lc_wire_swap(p, n) ((void)0)
#endif

/* Writes n bytes of a number at `at`, little-endian; the next place. */
static inline char *lc_wire_put (char *at, const void *number, size_t n) {
  memcpy(at, number, n);
  lc_wire_swap(at, n);
  return at + n;
}

static inline void lc_wire_get (const char *at, void *number, size_t n) {
  memcpy(number, at, n);
  lc_wire_swap((char *)number, n);
}

/* Writes a varint (room for LC_WIRE_VARINT bytes); the next place. */
static inline char *lc_wire_varint (char *at, uint32_t number) {
  for (; number >= 0x80; number >>= 7)
    *at++ = (char)(number | 0x80);
  *at++ = (char)number;
  return at;
}

#endif
