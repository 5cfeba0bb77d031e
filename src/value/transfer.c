/*
** transfer.c: userdata: a shared object by its handle; others as what their
** __transfer gives, a function and its arguments, or, where it is in C, an
** object in a crate. See codec.h.
*/

#include "base/errors.h"
#include "value/cargo.h"
#include "value/encode.h"
#include "value/encoder.h"
#include "value/passage.h"
#include "value/stub.h"
#include "value/transfer.h"

/* Keeps the n values on top alive until the message is complete: another
** object at the address of one that is gone would be taken for it. */
static void anchor_values (lc_encoder *e, int n) {
  lua_State *L = e->L;
  lua_createtable(L, n + 1, 0);
  lua_getiuservalue(L, e->self, LC_ENCODER_ANCHOR);
  lua_rawseti(L, -2, n + 1);
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(L, -1 - i);
    lua_rawseti(L, -2, i);
  }
  lua_setiuservalue(L, e->self, LC_ENCODER_ANCHOR);
}

/* Calls the __transfer on top for the userdata below it; how many results
** there are in their place. */
static int call_transfer (lc_encoder *e) {
  lua_State *L = e->L;
  int top = lua_gettop(L) - 1;
  lua_pushvalue(L, top);
  lua_call(L, 1, LUA_MULTRET);
  int n = lua_gettop(L) - top;
  luaL_checkstack(L, LUA_MINSTACK, "too many results");
  if (n == 0 || !lua_isfunction(L, top + 1))
    luaL_error(L, "the __transfer of a userdata must return a function and "
               "its arguments");
  anchor_values(e, n);
  return n;
}

static bool encode_results (lc_encoder *e, int depth, int n) {
  int base = lua_gettop(e->L) - n;
  if (!lc_encoder_number(e, depth, LC_WIRE_TRANSFER, (uint32_t)n))
    return false;
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(e->L, base + i);
    if (!lc_encode_value(e, depth + 1)) {
      if (lc_encoder_refused(e)) lc_path_transfer(e->path, depth, i);
      return false;
    }
    lua_pop(e->L, 1);
  }
  lua_pop(e->L, n);
  return true;
}

static const char *name_of_userdata (lua_State *L) {
  return luaL_getmetafield(L, -1, "__name") == LUA_TSTRING
    ? lua_tostring(L, -1) : "unknown";
}

static bool refuse_shared (lc_encoder *e, int depth, const char *kind) {
  if (e->carrier == LC_TO_PROCESS)
    return lc_encoder_refuse(e, depth, "a %s does not reach another process "
                             "yet: use it between tasks and threads", kind);
  return lc_encoder_refuse(e, depth, "a %s can't be kept as bytes: send it "
                           "itself, to a thread or through a channel", kind);
}

static bool encode_shared (lc_encoder *e, int depth, lc_shared *s) {
  bool crosses = e->carrier == LC_TO_PROCESS && s->kind->cross;
  if (e->carrier != LC_TO_STATE && !crosses)
    return refuse_shared(e, depth, s->kind->name);
  lc_begun begun = lc_encoder_begin(e, depth, s);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  return lc_encoder_number(e, depth, LC_WIRE_SHARED, e->nheld) &&
         lc_encoder_hold(e, s);
}

/* {{ By a module in C */

/* The way of a module in C with the userdata on top; NULL: it has none. */
static const luaconc_transfer *way_of (lua_State *L) {
  if (luaL_getmetafield(L, -1, "__transfer") == LUA_TNIL) return NULL;
  const luaconc_transfer *how = lua_islightuserdata(L, -1)
    ? lua_touserdata(L, -1) : NULL;
  lua_pop(L, 1);
  return how;
}

/* Pushes the table of what leaves: userdata by the places of their crates;
** at 0 how many others go by the road, and below that, of each, itself and
** the places of its ticket and of its stub. */
static void push_departures (lc_encoder *e) {
  lua_State *L = e->L;
  e->crates = true;
  if (lua_getiuservalue(L, e->self, LC_ENCODER_CRATES) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, e->self, LC_ENCODER_CRATES);
}

/* The userdata on top goes into the last crate. */
static void await_departure (lc_encoder *e) {
  lua_State *L = e->L;
  push_departures(e);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, (lua_Integer)e->nheld);
  lua_pop(L, 1);
}

static lua_Integer count_booked (lua_State *L, int table) {
  lua_rawgeti(L, table, 0);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static void note_place (lua_State *L, int table, lua_Integer key,
                        size_t place) {
  lua_pushinteger(L, (lua_Integer)place);
  lua_rawseti(L, table, key);
}

/* The userdata on top goes by the road; its ticket is at `place`, its stub
** among what the message holds. */
static void book (lc_encoder *e, size_t place, uint32_t stub) {
  lua_State *L = e->L;
  push_departures(e);
  int table = lua_gettop(L);
  lua_Integer n = count_booked(L, table) + 1;
  lua_pushvalue(L, -2);
  lua_rawseti(L, table, 2 - 3 * n);
  note_place(L, table, 1 - 3 * n, place);
  note_place(L, table, -3 * n, stub);
  lua_pushinteger(L, n);
  lua_rawseti(L, table, 0);
  lua_pop(L, 1);
}

static bool hold_crate (lc_encoder *e, const luaconc_transfer *how) {
  lc_shared *crate = lc_cargo_new(how);
  if (!crate) return lc_encoder_nomemory(e);
  crate->kind->hold(crate);
  bool ok = lc_encoder_hold(e, crate);
  crate->kind->drop(crate);
  if (ok) await_departure(e);
  return ok;
}

static bool may_leave (lc_encoder *e, int depth,
                       const luaconc_transfer *how) {
  const char *why = how->refuse ? how->refuse(e->L, lua_gettop(e->L)) : NULL;
  if (!why) return true;
  return lc_encoder_refuse(e, depth, "userdata '%.40s' %.100s",
                           name_of_userdata(e->L), why);
}

/* Its object is taken when all the rest can be sent. */
static bool put_into_crate (lc_encoder *e, int depth,
                            const luaconc_transfer *how) {
  lc_begun begun = lc_encoder_begin(e, depth, lua_topointer(e->L, -1));
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  return may_leave(e, depth, how) &&
         lc_encoder_number(e, depth, LC_WIRE_SHARED, e->nheld) &&
         hold_crate(e, how);
}

/* One of ours is about to go. */
static void note_passage (lua_State *L, const lc_encoder *e) {
  lc_passage_note(L, -1, e->carrier == LC_TO_PROCESS
                  ? "it was moved to another process"
                  : "it was moved to another thread");
}

/* What is sent in crates. */
static void fill_crates (lua_State *L, const lc_encoder *e) {
  for (uint32_t i = 0; i < e->nheld; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TNIL) {
      const luaconc_transfer *how = way_of(L);
      if (how && how->version == LC_PASSAGE) note_passage(L, e);
      lc_cargo_load(L, e->held[i]);
    }
    lua_pop(L, 1);
  }
}

/* What was noted of the n-th that goes by the road. */
static size_t place_of (lua_State *L, lua_Integer key) {
  lua_rawgeti(L, 2, key);
  size_t place = (size_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return place;
}

/* The n-th of those that go by the road. */
static void ship (lua_State *L, const lc_encoder *e, lua_Integer n) {
  char *ticket = e->out.base + place_of(L, 1 - 3 * n);
  lc_shared *stub = e->held[place_of(L, -3 * n)];
  lua_rawgeti(L, 2, 2 - 3 * n);
  const luaconc_transfer *how = way_of(L);
  if (!how) luaL_error(L, "a userdata has lost its __transfer meanwhile");
  note_passage(L, e);
  void *object = how ? how->leave(L, lua_gettop(L)) : NULL;
  lua_pop(L, 1);
  int err = lc_passage_ship(object, stub, ticket);
  if (err)
    lc_errors_raise(L, uv_err_name(err), "what was to be moved to another "
                    "process is lost: %s", uv_strerror(err));
}

/* (encoder, table of what leaves) */
static int depart (lua_State *L) {
  const lc_encoder *e = lua_touserdata(L, 1);
  lua_Integer n = count_booked(L, 2);
  fill_crates(L, e);
  for (lua_Integer i = 1; i <= n; i++) ship(L, e, i);
  return 0;
}

bool lc_transfer_depart (lc_encoder *e) {
  lua_State *L = e->L;
  lua_pushcfunction(L, depart);
  lua_pushvalue(L, e->self);
  lua_getiuservalue(L, e->self, LC_ENCODER_CRATES);
  return lua_pcall(L, 2, 0, 0) == LUA_OK;
}

/* }} */

static bool refuse_crate (lc_encoder *e, int depth) {
  return lc_encoder_refuse(e, depth, e->carrier == LC_TO_PROCESS
    ? "userdata '%.40s' can't be moved to another process"
    : "userdata '%.40s' can't be kept as bytes: send it itself, to a thread "
      "or through a channel", name_of_userdata(e->L));
}

/* {{ What stays */

typedef struct local_type {
  const char *name, *noun, *instead;
} local_type;

/* Types whose objects stay in their state, and what goes in their place. */
static const local_type local_types[] = {
  {"luaconc.queue", "a queue", ": use conc.channel"},
  {"luaconc.lock", "a lock", ": use conc.shared.lock"},
  {"luaconc.semaphore", "a semaphore", ": use conc.shared.semaphore"},
  {"luaconc.event", "an event", ": use conc.shared.event"},
  {"luaconc.barrier", "a barrier", ": use conc.shared.barrier"},
  {"luaconc.condition", "a condition", ": use conc.shared.event"},
  {"luaconc.job", "a job", ": await it there, and send what it returns"},
  {"luaconc.group", "a group", ""}, {"luaconc.scope", "a scope", ""},
  {"luaconc.timer", "a timer", ""}, {"luaconc.signal", "a signal", ""}
};

/* The type of the userdata on top; NULL: none of these. */
static const local_type *find_local (lua_State *L) {
  const local_type *end = local_types +
                          sizeof local_types / sizeof *local_types;
  for (const local_type *t = local_types; t < end; t++)
    if (luaL_testudata(L, -1, t->name)) return t;
  return NULL;
}

static bool refuse_userdata (lc_encoder *e, int depth) {
  const local_type *local = find_local(e->L);
  if (local)
    return lc_encoder_refuse(e, depth, "%s stays in its state%s", local->noun,
                             local->instead);
  return lc_encoder_refuse(e, depth, "userdata '%.40s' has no __transfer",
                           name_of_userdata(e->L));
}

/* }} */

/* Pushes the function that is called for the userdata on top. */
static bool push_transfer (lc_encoder *e, int depth,
                           const luaconc_transfer *how) {
  if (how && !how->describe) return refuse_crate(e, depth);
  if (how) lua_pushcfunction(e->L, how->describe);
  else if (luaL_getmetafield(e->L, -1, "__transfer") == LUA_TNIL)
    return refuse_userdata(e, depth);
  return true;
}

static bool transfer (lc_encoder *e, int depth, const void *address,
                      const luaconc_transfer *how) {
  if (!push_transfer(e, depth, how)) return false;
  if (!lc_encoder_mark(e, address, true)) return false;
  int n = call_transfer(e);
  return encode_results(e, depth, n) &&
         lc_encoder_mark(e, address, false);
}

static bool hold_stub (lc_encoder *e) {
  lc_shared *stub = lc_stub_new();
  if (!stub) return lc_encoder_nomemory(e);
  bool ok = lc_encoder_hold(e, stub);
  stub->kind->drop(stub);
  return ok;
}

/* The room for its ticket is the end of what `describe` gives. */
static bool book_passage (lc_encoder *e, int depth, const void *address,
                          const luaconc_transfer *how) {
  uint32_t stub = e->nheld;
  if (!may_leave(e, depth, how) || !hold_stub(e) ||
      !transfer(e, depth, address, how))
    return false;
  book(e, e->out.len - LC_TICKET, stub);
  return true;
}

bool lc_transfer_encode (lc_encoder *e, int depth) {
  lc_shared *s = lc_shared_at(e->L, -1);
  if (s) return encode_shared(e, depth, s);
  const luaconc_transfer *how = way_of(e->L);
  if (how && how->version != LUACONC_TRANSFER && how->version != LC_PASSAGE)
    return lc_encoder_refuse(e, depth, "the __transfer of userdata '%.40s' is "
                             "of another version of luaconc.h",
                             name_of_userdata(e->L));
  if (how && e->carrier == LC_TO_STATE) return put_into_crate(e, depth, how);
  const void *address = lua_topointer(e->L, -1);
  if (!lc_encoder_beyond(e)) return false;
  lc_begun begun = lc_encoder_begin(e, depth, address);
  if (begun != LC_OBJECT_NEW) return begun == LC_OBJECT_DONE;
  if (how && how->version == LC_PASSAGE && e->carrier != LC_TO_PROCESS)
    return refuse_crate(e, depth);
  if (how && how->version == LC_PASSAGE)
    return book_passage(e, depth, address, how);
  return transfer(e, depth, address, how);
}
