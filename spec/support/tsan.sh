#!/bin/sh
# The specs of threads under ThreadSanitizer; called by `make tsan`, which
# has built $BUILD/tsan and set the paths of Lua.
#
#   1. Proof: each planted race must be named, with its place in our source,
#      and a clean program must give no report.
#   2. The specs that start threads, or that other threads may be in.
#
# Reports go to files, so that those of child processes count as well. Lua
# is the system's, without the sanitizer: what it does is seen by its calls of
# the C library only (memory, locks, descriptors, threads). So is libuv, unless
# LIBUV=yes: then it is fetched and built with the sanitizer (libuv.sh), and a
# call of it from the wrong thread must be named, too.
set -u

BUILD=${BUILD:-build}
logs=$PWD/$BUILD/tsan/log
rm -rf "$logs"
mkdir -p "$logs" || exit 1

# What happens in the first hundred starts does so in all thousand.
LUACONC_SCALE=${LUACONC_SCALE:-0.1}
export LUACONC_SCALE

PATH=$PWD/$BUILD/tsan/bin:$PATH
LUACONC_LUA=$PWD/$BUILD/tsan/bin/lua5.4
CC="${CC:-cc} -fsanitize=thread"
export PATH LUACONC_LUA CC

instrumented=yes
if [ "${LIBUV:-no}" != yes ]; then
  instrumented=no
elif why=$(sh spec/support/libuv.sh "$PWD/$BUILD/tsan/libuv"); then
  LD_LIBRARY_PATH=$PWD/$BUILD/tsan/libuv${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export LD_LIBRARY_PATH
  echo 'libuv: built from source, with the sanitizer'
else
  instrumented=no
  echo "libuv: the system's, without the sanitizer ($why)"
fi

use_logs() {
  TSAN_OPTIONS="log_path=$logs/$1.report:exitcode=66:halt_on_error=0"
  TSAN_OPTIONS="$TSAN_OPTIONS:second_deadlock_stack=1:history_size=7"
  TSAN_OPTIONS="$TSAN_OPTIONS:die_after_fork=0:allocator_may_return_null=1"
  TSAN_OPTIONS="$TSAN_OPTIONS:suppressions=$PWD/spec/support/tsan.supp"
  export TSAN_OPTIONS
}

. spec/support/reports.sh

prove() {
  failures=0
  clean_program || failures=1
  for fault in race lost_lock relaxed; do plant $fault; done
  names 'ThreadSanitizer: data race' race 'race_plainly' || failures=1
  names 'ThreadSanitizer: data race' lost_lock 'race_locked' || failures=1
  names 'ThreadSanitizer: data race' relaxed 'race_handover' || failures=1
  [ $instrumented = no ] && return $failures
  plant wrong_thread
  names 'ThreadSanitizer: data race' wrong_thread 'uv_update_time' || failures=1
  return $failures
}

specs=${SPEC:-$(find spec -name '*_spec.lua' | sort |
  grep -E '/((thread|channel|strait|select|storm|pool|engine|message|port|remote|starts|stream|moving|tcp|queue|offload|fs|signal|exec|cargo|shared|sync)[a-z_]*|code)_spec')}

result=0
echo 'Planted races, each to be named:'
prove || result=1
echo
echo 'The specs of threads under ThreadSanitizer:'
run threads $specs || result=1
echo
if [ $result = 0 ]; then
  echo 'tsan: silent, and every planted race was reported'
else
  echo 'tsan: FAILED (see above)'
fi
exit $result
