/*
** item.c: between Lua values and items. See item.h.
*/

#include <string.h>

#include "base/alloc.h"
#include "channel/census.h"
#include "channel/item.h"
#include "value/encode.h"

enum { OVERHEAD = 16 };  /* bytes of a message beside those of its string */

/* {{ From Lua */

static void read_number (lua_State *L, int index, lc_item *item) {
  if (lua_isinteger(L, index)) {
    item->u.integer = lua_tointeger(L, index);
    item->kind = LC_ITEM_INTEGER;
  }
  else {
    item->u.number = lua_tonumber(L, index);
    item->kind = LC_ITEM_FLOAT;
  }
}

static bool read_long (lua_State *L, lc_item *item, const char *s,
                       size_t len) {
  if (len + OVERHEAD > lc_encode_limit(L, 0)) return false;
  char *base = lc_alloc(len);
  if (!base) luaL_error(L, "not enough memory");
  item->u.message = (lc_message){.base = memcpy(base, s, len), .len = len};
  item->kind = LC_ITEM_LONG;
  return true;
}

/* False: as a message it will be refused. */
static bool read_string (lua_State *L, int index, lc_item *item) {
  size_t len;
  const char *s = lua_tolstring(L, index, &len);
  if (len > LC_ITEM_TEXT) return read_long(L, item, s, len);
  memcpy(item->u.text, s, len);
  item->len = (uint8_t)len;
  item->kind = LC_ITEM_SHORT;
  return true;
}

static void read_message (lua_State *L, int index, const char *what,
                          lc_exchange *x, lc_item *item) {
  item->u.message = (lc_message){.process = !x};
  lc_message_encode(L, index, 1, what, &item->u.message);
  item->kind = LC_ITEM_MESSAGE;
  if (!x || !lc_message_branches(&item->u.message)) return;
  lc_freight *f = lc_alloc(sizeof(*f));
  if (!f) {
    lc_item_free(item);
    luaL_error(L, "not enough memory");
  }
  else {
    f->message = item->u.message;
    lc_census_load(x, f);
    item->u.freight = f;
    item->kind = LC_ITEM_FREIGHT;
  }
}

void lc_item_read (lua_State *L, int index, const char *what, lc_exchange *x,
                   lc_item *item) {
  item->kind = LC_ITEM_NONE;
  item->flow = 0;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      item->u.integer = lua_toboolean(L, index);
      item->kind = LC_ITEM_BOOLEAN;
      return;
    case LUA_TNUMBER: read_number(L, index, item); return;
    case LUA_TSTRING:
      if (read_string(L, index, item)) return;
      break;
    default: break;
  }
  read_message(L, index, what, x, item);
}

/* }} */

/* {{ To Lua */

void lc_item_copy (lua_State *L, const lc_item *item) {
  switch (item->kind) {
    case LC_ITEM_BOOLEAN: lua_pushboolean(L, (int)item->u.integer); break;
    case LC_ITEM_INTEGER: lua_pushinteger(L, item->u.integer); break;
    case LC_ITEM_FLOAT: lua_pushnumber(L, item->u.number); break;
    case LC_ITEM_SHORT: lua_pushlstring(L, item->u.text, item->len); break;
    case LC_ITEM_LONG:
      lua_pushlstring(L, item->u.message.base, item->u.message.len);
      break;
    case LC_ITEM_FREIGHT:
      lc_message_decode(L, &item->u.freight->message);
      break;
    case LC_ITEM_LOST:
      luaL_error(L, "not enough memory for a message of another process");
      break;
    default: lc_message_decode(L, &item->u.message);
  }
}

/* item -> its value; protected, as what is in it must be freed. */
static int push_protected (lua_State *L) {
  lc_item_copy(L, lua_touserdata(L, 1));
  return 1;
}

void lc_item_push (lua_State *L, lc_item *item) {
  if (item->kind <= LC_ITEM_SHORT) {
    lc_item_copy(L, item);
    return;
  }
  lua_pushcfunction(L, push_protected);
  lua_pushlightuserdata(L, item);
  int status = lua_pcall(L, 1, 1, 0);
  lc_item_free(item);
  if (status != LUA_OK) lua_error(L);
}

/* }} */

static void free_freight (lc_freight *f) {
  lc_census_unload(f);
  lc_message_free(&f->message);
  lc_free(f, sizeof(*f));
}

void lc_item_free (lc_item *item) {
  uint8_t kind = item->kind;
  item->kind = LC_ITEM_NONE;
  if (kind == LC_ITEM_LONG || kind == LC_ITEM_MESSAGE)
    lc_message_free(&item->u.message);
  else if (kind == LC_ITEM_FREIGHT) free_freight(item->u.freight);
}

static size_t batch_bytes (uint32_t size) {
  return sizeof(lc_batch) + size * sizeof(lc_item);
}

lc_batch *lc_batch_new (uint32_t size) {
  lc_batch *b = lc_alloc(batch_bytes(size));
  if (b) *b = (lc_batch){.size = size};
  return b;
}

void lc_batch_free (lc_batch *b) {
  if (!b) return;
  while (b->next < b->n) lc_item_free(&b->items[b->next++]);
  lc_free(b, batch_bytes(b->size));
}
