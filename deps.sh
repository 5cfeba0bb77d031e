#!/bin/sh
# deps.sh [build|test|lint|sanitize|tsan|ci]...: what the named goals need.
#
# Probes for capabilities, not for packages: "does a program with these
# headers compile", "does this interpreter load busted". Where something is
# missing it says what it will install and asks; without a terminal it goes
# ahead only as root or with LUACONC_INSTALL=yes. LUACONC_INSTALL=no never
# installs. Silent when nothing is missing.
#
# What it found goes to $BUILD/config.mk, which the Makefile includes:
# LUA, and the flags for the headers of Lua and libuv.
set -u

cd "$(dirname "$0")" || exit 1
BUILD=${BUILD:-build}
CC=${CC:-cc}
asked_lua=${LUA:-}
LUA=${LUA:-lua5.4}
LUA_CFLAGS= LUA_LIBS= UV_CFLAGS= UV_LIBS=
config=$BUILD/config.mk
scratch=

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

clean_up() { if [ -n "$scratch" ]; then rm -rf "$scratch"; fi; }
trap clean_up EXIT
trap 'exit 130' INT TERM

# compiles FLAGS...: does the program on standard input compile and link?
compiles() {
  [ -n "$scratch" ] || scratch=$(mktemp -d) || exit 1
  cat >"$scratch/probe.c"
  "$CC" "$scratch/probe.c" -o "$scratch/probe" "$@" >/dev/null 2>&1
}

# The flags of a library as pkg-config knows them; nothing where it doesn't.
packaged() { # --cflags|--libs NAME
  have pkg-config && pkg-config --exists "$2" && pkg-config "$1" "$2"
}

probe_compiler() {
  compiles <<'C'
#include <stdio.h>
int main(void) { return 0; }
C
}

lua_headers_work() {
  compiles -shared -fPIC $LUA_CFLAGS <<'C'
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#if LUA_VERSION_NUM != 504 || LUA_VERSION_RELEASE_NUM < 50403
#error "Lua 5.4.3 or a later 5.4 is needed"
#endif
int probe(lua_State *L);
int probe(lua_State *L) { return lua_gettop(L); }
C
}

probe_lua_headers() {
  for name in lua5.4 lua-5.4 lua54 lua; do
    LUA_CFLAGS=$(packaged --cflags $name) || continue
    LUA_LIBS=$(packaged --libs $name)
    lua_headers_work && return 0
  done
  for dir in /usr/include/lua5.4 /usr/include/lua54 /usr/include \
             /usr/local/include/lua5.4 /usr/local/include; do
    [ -r $dir/lua.h ] || continue
    LUA_CFLAGS=-I$dir
    LUA_LIBS=-llua5.4
    if ! echo 'int main(void) { return 0; }' | compiles $LUA_LIBS; then
      LUA_LIBS=-llua
    fi
    lua_headers_work && return 0
  done
  return 1
}

libuv_works() {
  compiles $UV_CFLAGS $UV_LIBS <<'C'
#include <uv.h>
#if UV_VERSION_HEX < 0x012c00
#error "libuv 1.44 or later is needed"
#endif
int main(void) { return uv_version() < 0x012c00; }
C
}

probe_libuv() {
  if UV_CFLAGS=$(packaged --cflags libuv); then
    UV_LIBS=$(packaged --libs libuv)
    libuv_works && return 0
  fi
  UV_LIBS=-luv
  for dir in /usr/include /usr/local/include; do
    UV_CFLAGS=-I$dir
    if [ $dir = /usr/include ]; then UV_CFLAGS=; fi
    libuv_works && return 0
  done
  return 1
}

lua_is_new_enough() {
  case $("$1" -v 2>/dev/null) in
    'Lua 5.4.'[012] | 'Lua 5.4.'[012]' '*) return 1 ;;
    'Lua 5.4.'*) return 0 ;;
  esac
  return 1
}

probe_lua() {
  for name in ${asked_lua:-lua5.4 lua54 lua-5.4 lua}; do
    if have "$name" && lua_is_new_enough "$name"; then
      LUA=$name
      return 0
    fi
  done
  return 1
}

# The one that was asked for is not replaced by another.
check_asked_lua() {
  if [ -z "$asked_lua" ] || [ "$asked_lua" = lua5.4 ]; then return; fi
  if ! have "$asked_lua"; then
    say "LUA=$asked_lua: there is no such program."
  elif ! lua_is_new_enough "$asked_lua"; then
    say "LUA=$asked_lua is $("$asked_lua" -v 2>&1 | cut -d' ' -f1-2):" \
      "luaconc needs Lua 5.4, from 5.4.3 on."
  else return
  fi
  exit 1
}

# Debian's `busted` starts whatever `lua` is; what counts is this one.
probe_busted() (
  have "$LUA" || exit 1
  unset LUA_INIT LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT_5_4
  "$LUA" -e '
    local core = require "busted.core"()
    require "busted"(core)
    require "busted.block"
    require "busted.modules.test_file_loader"
    require "lfs"' >/dev/null 2>&1
)

probe_luacheck() { have luacheck && luacheck --version >/dev/null 2>&1; }
probe_luarocks() { have luarocks-5.4; }
probe_clang() { have clang; }
probe_peers() {
  have curl && have socat && have redis-server &&
    have nc && nc -h 2>&1 | grep -q OpenBSD
}

probe_sanitizers() {
  compiles -fsanitize=address,undefined $LUA_CFLAGS $LUA_LIBS <<'C'
#include <lua.h>
#include <lauxlib.h>
int main(void) { return luaL_newstate() == 0; }
C
}

probe_tsan_runtime() {
  compiles -fsanitize=thread $LUA_CFLAGS $LUA_LIBS <<'C'
#include <lua.h>
#include <lauxlib.h>
int main(void) { return luaL_newstate() == 0; }
C
}

# ---- what was found ----

# A record that is younger than this script and still true spares the
# compilations: headers are looked for, not compiled.
recall() {
  [ -r "$config" ] && [ "$config" -nt deps.sh ] || return 1
  recorded_cc=$(sed -n 's/^CONFIG_CC := //p' "$config")
  recorded_lua=$(sed -n 's/^LUA ?= //p' "$config")
  [ "$recorded_cc" = "$CC" ] || return 1
  [ "${asked_lua:-$recorded_lua}" = "$recorded_lua" ] || return 1
  LUA_CFLAGS=$(sed -n 's/^LUA_CFLAGS := //p' "$config")
  LUA_LIBS=$(sed -n 's/^LUA_LIBS := //p' "$config")
  UV_CFLAGS=$(sed -n 's/^UV_CFLAGS := //p' "$config")
  UV_LIBS=$(sed -n 's/^UV_LIBS := //p' "$config")
  echo '#include <lua.h>
#include <uv.h>' | "$CC" -M $LUA_CFLAGS $UV_CFLAGS -x c - >/dev/null 2>&1
}

record() {
  found="# Written by deps.sh: what this machine has, and where.
CONFIG_CC := $CC
LUA ?= $LUA
LUA_CFLAGS := $LUA_CFLAGS
LUA_LIBS := $LUA_LIBS
UV_CFLAGS := $UV_CFLAGS
UV_LIBS := $UV_LIBS"
  if [ "$config" -nt deps.sh ] && printf '%s\n' "$found" | cmp -s - "$config"
  then return; fi
  if ! (mkdir -p "$BUILD" && : >"$config.$$") 2>/dev/null; then
    say "$BUILD can't be written to by $(id -un 2>/dev/null || id -u): is it another user's?" \
      "Remove it, or name another by BUILD=FOLDER."
    exit 1
  fi
  printf '%s\n' "$found" >"$config.$$" && mv "$config.$$" "$config"
}

missing= packages=

# need WHAT PACKAGES PROBE: notes what PROBE doesn't find.
need() {
  $3 && return 0
  missing="$missing
  $1"
  for package in $2; do
    case " $packages " in
      *" $package "*) ;;
      *) packages="${packages:+$packages }$package" ;;
    esac
  done
}

# Of a library that is there and does not do: its version.
but_has() {
  have pkg-config && pkg-config --exists "$1" &&
    echo "; here is $(pkg-config --modversion "$1")"
}

probe_build() {
  check_asked_lua
  if ! recall; then
    need 'a C compiler with its library' 'gcc libc6-dev' probe_compiler
    need "the headers of Lua 5.4 (5.4.3 or later$(but_has lua5.4))" \
         'liblua5.4-dev pkg-config' probe_lua_headers
    need "libuv 1.44 or later, with headers$(but_has libuv)" \
         'libuv1-dev pkg-config' probe_libuv
  fi
  need 'a Lua interpreter, 5.4.3 or a later 5.4' lua5.4 probe_lua
}

probe_test() {
  probe_build
  need 'the test framework busted, for Lua 5.4' \
       'lua-busted lua-filesystem' probe_busted
}

probe_lint() {
  probe_build
  need 'luacheck' lua-check probe_luacheck
  need 'luarocks for Lua 5.4' luarocks probe_luarocks
}

probe_sanitize() {
  probe_test
  need 'the sanitizers of the compiler' 'gcc libc6-dev' probe_sanitizers
}

probe_tsan() {
  probe_test
  need 'ThreadSanitizer of the compiler' 'gcc libc6-dev' probe_tsan_runtime
}

probe_ci() {
  probe_sanitize
  probe_tsan
  probe_lint
  need 'clang' clang probe_clang
  need 'the programs that specs talk to: curl, socat, nc, redis-server' \
       'curl socat netcat-openbsd redis-server' probe_peers
}

probe_all() {
  missing= packages=
  for goal; do
    case $goal in
      build | test | lint | sanitize | tsan | ci) "probe_$goal" ;;
      *) say "usage: ./deps.sh [build|test|lint|sanitize|tsan|ci]..."; exit 2 ;;
    esac
  done
}

# ---- getting it ----

become_root() {
  if [ "$(id -u)" = 0 ]; then echo env
  elif have sudo; then echo sudo
  fi
}

on_terminal() { [ -t 2 ] && [ -z "${CI:-}" ] && (: </dev/tty) 2>/dev/null; }

refuse() { # WHY
  say "$1 As root, run"
  say "  apt-get update && apt-get install --no-install-recommends $packages"
  exit 1
}

# Answers whether to go ahead, or ends with the reason why not.
consent() {
  case ${LUACONC_INSTALL:-ask} in
    yes) return 0 ;;
    no) refuse 'LUACONC_INSTALL=no: nothing is installed.' ;;
  esac
  if on_terminal; then
    printf 'Install now? [Y/n] ' >&2
    read -r answer </dev/tty || answer=n
    case $answer in
      '' | [Yy]*) return 0 ;;
      *) refuse 'Nothing is installed.' ;;
    esac
  fi
  [ "$(id -u)" = 0 ] && return 0
  refuse 'No terminal to ask on (LUACONC_INSTALL=yes goes ahead).'
}

all_installed() {
  have dpkg-query || return 1
  for package in $packages; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
      *' installed') ;;
      *) return 1 ;;
    esac
  done
}

install_missing() {
  say "luaconc needs, and does not find:$missing"
  if all_installed; then
    say "The Debian packages that bring them are installed, and too old" \
      "(Debian 12 has newer ones) or broken: $packages"
    exit 1
  fi
  if ! have apt-get; then
    say "This system has no apt-get: please install them by its own means."
    say "(On Debian they are the packages: $packages.)"
    exit 1
  fi
  say "These Debian packages bring them: $packages"
  root=$(become_root)
  [ -n "$root" ] || refuse 'You are not root, and there is no sudo.'
  consent
  if [ "$root" = sudo ] && ! on_terminal; then
    root='sudo -n'
    $root true 2>/dev/null || refuse 'sudo wants a password, and nobody is here.'
  fi
  export DEBIAN_FRONTEND=noninteractive
  # A network that is away is told of soon, and without pages of tries.
  tries= network=
  if ! $root apt-get update -q -o APT::Update::Error-Mode=any \
       -o Acquire::Retries=1 -o Acquire::http::Timeout=20 >&2 </dev/null; then
    tries='-o Acquire::Retries=0 -o Acquire::http::Timeout=20'
    network=' Nor could the lists of packages be fetched: is there a network?'
    say 'apt-get update failed; going on with the lists that are there.'
  fi
  $root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $tries $packages \
    >&2 </dev/null || refuse "The installation failed.$network"
}

[ $# -gt 0 ] || set -- build
probe_all "$@"
if [ -n "$missing" ]; then
  install_missing
  probe_all "$@"
  if [ -n "$missing" ]; then
    say "Installed, but still not found:$missing"
    exit 1
  fi
fi
record
