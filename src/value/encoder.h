/*
** encoder.h: what the steps of an encoding share: the state's encoder,
** writing to its buffer, and objects.
**
** An encoding is a walk through values on the Lua stack. Its steps return
** false as soon as something is wrong, and each level adds its part to the
** path on the way back; nothing is raised until all are back. A walk begins
** with data only. It starts anew, knowing the loaded modules by their
** addresses, at the first thing that is more than data: so a small table
** does not pay for reading package.loaded.
**
** Addresses stand for identities. This holds because everything in the
** message is reachable from the stack, no Lua code runs but __transfer, and
** what that returns is anchored until the end.
**
** Invariants:
** 1. A step leaves the stack as it found it, or returns false.
** 2. `seen` has the number + 1 of each object that has begun, and for an
**    upvalue that of its function, with its place in `extra`.
** 3. A slot of `cache` holds only in the generation that filled it.
** 4. `busy` is set from the begin of a work to its end, and for ever where
**    an error cut it short: such an encoder is not used again.
** 5. `held` has each shared object of the message once, with a hold on it.
**
** Only lc_encoder_push raises.
*/

#ifndef lc_encoder_h
#define lc_encoder_h

#include "base/bytes.h"
#include "base/ptrmap.h"
#include "shared/shared.h"
#include "value/names.h"
#include "value/path.h"
#include "value/wire.h"

enum {
  LC_ENCODER_CACHE = 256,
  /* User values: what __transfer has made, and what goes into crates. */
  LC_ENCODER_ANCHOR = 1, LC_ENCODER_CRATES = 2, LC_ENCODER_VALUES = 2
};

/* Who gets the message: anybody, another state of this process, or another
** process. */
typedef enum lc_carrier { LC_TO_ANYBODY, LC_TO_STATE, LC_TO_PROCESS }
  lc_carrier;

typedef struct lc_cachedstring {
  const char *string;
  uint32_t generation;
  uint8_t number;
} lc_cachedstring;

typedef struct lc_encoder {
  lc_bytes out;
  lc_ptrmap seen;
  lc_names names;        /* of the last walk that knew modules */
  lc_shared **held;
  uint32_t nheld;
  uint32_t roomheld;
  size_t limit;
  lua_State *L;
  lc_path *path;         /* of the refusal, on the C stack */
  const void *globals;   /* NULL in a walk that knows data only */
  int self;              /* index of the encoder */
  uint32_t objects;
  uint32_t generation;
  uint32_t slots;
  uint8_t carrier;       /* an lc_carrier */
  bool busy;
  bool modules;          /* does this walk know the loaded modules? */
  bool restart;          /* it must begin again, knowing them */
  bool again;            /* is an object repeated? */
  bool memory;           /* it failed for want of memory */
  bool crates;           /* something goes into crates */
  bool closed;           /* the state is being closed: see lc_encoder_done */
  lc_cachedstring cache[LC_ENCODER_CACHE];
} lc_encoder;

/* Pushes the encoder of the state, or a new one where that is at work, or
** was left in the middle of it. */
lc_encoder *lc_encoder_push (lua_State *L);

/* What it made has been used. While a state is closed its finaliser comes
** before the last tasks have ended: then no memory is kept for later. */
void lc_encoder_done (lc_encoder *e);

/* {{ Failing: these return false */

/* For a reason, at a value that is in so many others. */
#define lc_encoder_refuse(e, depth, ...) \
  lc_path_begin((e)->path, depth, __VA_ARGS__)

bool lc_encoder_nomemory (lc_encoder *e);

/* There was no room for n bytes more. */
bool lc_encoder_noroom (lc_encoder *e, int depth, size_t n);

/* There is more than data here: true in a walk that can go on. */
bool lc_encoder_beyond (lc_encoder *e);

/* Has something failed for which a path is to be given? */
static inline bool lc_encoder_refused (const lc_encoder *e) {
  return !e->restart && !e->memory;
}

/* }} */

/* {{ Writing */

static inline bool lc_encoder_tag (lc_encoder *e, int depth, lc_wiretag tag) {
  char *at = lc_bytes_room(&e->out, 1);
  if (!at) return lc_encoder_noroom(e, depth, 1);
  *at = (char)tag;
  e->out.len++;
  return true;
}

/* A tag and a number. */
bool lc_encoder_number (lc_encoder *e, int depth, lc_wiretag tag,
                        uint32_t number);

bool lc_encoder_bytes (lc_encoder *e, int depth, const void *s, size_t len);

/* A tag and a text. */
bool lc_encoder_string (lc_encoder *e, int depth, lc_wiretag tag,
                        const char *s, size_t len);

bool lc_encoder_text (lc_encoder *e, int depth, const char *s);

/* }} */

/* {{ Objects */

typedef enum lc_begun {
  LC_OBJECT_DONE,     /* it has begun before, or is a module: all is written */
  LC_OBJECT_NEW,      /* it has a number now; its content is to be written,
                      ** and there is room on the stack for that */
  LC_OBJECT_FAILED
} lc_begun;

/* The object at the address. */
lc_begun lc_encoder_begin (lc_encoder *e, int depth, const void *address);

/* Takes a hold on a shared object, the next in `held`. */
bool lc_encoder_hold (lc_encoder *e, lc_shared *s);

/* Gives all holds up. */
void lc_encoder_unhold (lc_encoder *e);

/* Marks an object that has begun as one that must not appear in what is
** written now, or no longer. */
bool lc_encoder_mark (lc_encoder *e, const void *address, bool forbidden);

/* }} */

#endif
