/*
** base.h: what every file may use: the libraries below us, assertions,
** and the step from a member to the block that contains it.
**
** Assertions check invariants in test builds only and have no side effects.
*/

#ifndef lc_base_h
#define lc_base_h

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#include <lua.h>
#include <lauxlib.h>
#include <uv.h>

/* The block of type `type` whose member `member` `ptr` points to. */
#define lc_container(ptr, type, member) \
  ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#if defined(LUACONC_TESTING)
void lc_assert_failed(const char *what, const char *file, int line);
#define lc_assert(c) \
  ((c) ? (void)0 : lc_assert_failed(#c, __FILE__, __LINE__))
#else
#define lc_assert(c) ((void)0)
#endif

#if defined(__GNUC__)
#define lc_unlikely(x) __builtin_expect(!!(x), 0)
#define lc_printf(f, a) __attribute__((format(printf, f, a)))
#define lc_noreturn __attribute__((noreturn))
#define lc_cold __attribute__((noinline, cold))   /* beside a hot path */
#else
#define lc_unlikely(x) (x)
#define lc_printf(f, a)
#define lc_noreturn
#define lc_cold
#endif

/* -DLUACONC_BARE leaves out what only looks on (counters, ages, tracing), to
** show what it costs: see bench/overhead. */
#if defined(LUACONC_BARE)
enum { LC_OBSERVED = 0 };
#else
enum { LC_OBSERVED = 1 };
#endif

#if defined(__GNUC__)
#define LC_API __attribute__((visibility("default")))
#else
#define LC_API
#endif

#endif
