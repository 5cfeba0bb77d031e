/*
** moved.c: a module in C as other people write them: it has userdata that
** moves to other states. It knows luaconc.h only, and is not linked with it.
*/

#include <stdatomic.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "luaconc.h"

#define TYPE "moved.box"

int luaopen_moved (lua_State *L);

/* All objects, whoever has them. */
static atomic_int live;

typedef struct box {
  int *object;   /* NULL: it has moved */
} box;

static box *check_box (lua_State *L, int index) {
  return luaL_checkudata(L, index, TYPE);
}

static void discard (void *object) {
  atomic_fetch_sub(&live, 1);
  free(object);
}

static void push_box (lua_State *L, void *object) {
  box *b = lua_newuserdatauv(L, sizeof(*b), 0);
  b->object = NULL;
  luaL_setmetatable(L, TYPE);
  b->object = object;
}

static const char *refuse (lua_State *L, int index) {
  box *b = lua_touserdata(L, index);
  return !b->object ? "is empty" : *b->object < 0 ? "stays here" : NULL;
}

static void *leave (lua_State *L, int index) {
  box *b = lua_touserdata(L, index);
  void *object = b->object;
  if (*b->object == 666) luaL_error(L, "it won't leave");
  b->object = NULL;
  return object;
}

static void arrive (lua_State *L, void *object) {
  if (*(int *)object == 777) luaL_error(L, "it can't arrive");
  push_box(L, object);
}

/* module.describe(box): a function that makes another, and its argument */
static int describe (lua_State *L) {
  box *b = check_box(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "moved");
  lua_getfield(L, -1, "new");
  lua_pushinteger(L, *b->object);
  return 2;
}

static const luaconc_transfer moves = {
  LUACONC_TRANSFER, "moved", refuse, leave, arrive, discard, NULL
};

static const luaconc_transfer copies = {
  LUACONC_TRANSFER, "moved", refuse, leave, arrive, discard, describe
};

static const luaconc_transfer old = {
  LUACONC_TRANSFER - 1, "moved", NULL, leave, arrive, discard, NULL
};

/* moved.new(n) -> box */
static int new (lua_State *L) {
  int *object = malloc(sizeof(*object));
  if (!object) return luaL_error(L, "not enough memory");
  *object = (int)luaL_checkinteger(L, 1);
  atomic_fetch_add(&live, 1);
  push_box(L, object);
  return 1;
}

/* moved.get(box) -> n | nil */
static int get (lua_State *L) {
  box *b = check_box(L, 1);
  if (b->object) lua_pushinteger(L, *b->object);
  else lua_pushnil(L);
  return 1;
}

/* moved.live() -> how many objects there are */
static int count_live (lua_State *L) {
  lua_pushinteger(L, atomic_load(&live));
  return 1;
}

/* moved.way("moves" | "copies" | "old") */
static int set_way (lua_State *L) {
  static const char *const names[] = {"moves", "copies", "old", NULL};
  static const luaconc_transfer *const ways[] = {&moves, &copies, &old};
  const luaconc_transfer *way = ways[luaL_checkoption(L, 1, NULL, names)];
  luaL_getmetatable(L, TYPE);
  lua_pushlightuserdata(L, (void *)way);
  lua_setfield(L, -2, "__transfer");
  return 0;
}

static int collect (lua_State *L) {
  box *b = lua_touserdata(L, 1);
  if (b->object) discard(b->object);
  b->object = NULL;
  return 0;
}

int luaopen_moved (lua_State *L) {
  static const luaL_Reg functions[] = {
    {"new", new}, {"get", get}, {"live", count_live}, {"way", set_way},
    {NULL, NULL}
  };
  luaL_newmetatable(L, TYPE);
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "__gc");
  lua_pushlightuserdata(L, (void *)&moves);
  lua_setfield(L, -2, "__transfer");
  luaL_newlib(L, functions);
  return 1;
}
