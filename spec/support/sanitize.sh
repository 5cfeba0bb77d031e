#!/bin/sh
# The specs under AddressSanitizer, UBSan and LeakSanitizer; called by
# `make sanitize`, which has built $BUILD/asan and set the paths of Lua.
#
#   1. Proof: each fault of luaconc.testing.plant must be named by the tool
#      that is there to find it, and a clean program must give no report.
#   2. The whole suite.
#   3. The specs of the C part again, with a full collection at every
#      allocation inside each test (see host.c).
#
# Reports go to files, so that those of child processes count as well.
set -u

BUILD=${BUILD:-build}
logs=$PWD/$BUILD/asan/log
rm -rf "$logs"
mkdir -p "$logs" || exit 1

# All of it takes an hour: FULL=yes. Else sweeps go by steps (sweep.lua), and
# the specs of sheer numbers have a tenth of them.
if [ "${FULL:-no}" != yes ]; then
  LUACONC_STEP=4
  LUACONC_SCALE=0.1
  export LUACONC_STEP LUACONC_SCALE
fi

PATH=$PWD/$BUILD/asan/bin:$PATH
LUACONC_LUA=$PWD/$BUILD/asan/bin/lua5.4
# Programs that specs compile load the same module.
CC="${CC:-cc} -fsanitize=address,undefined"
export PATH LUACONC_LUA CC

# (With intercept_tls_get_addr the leak checker of gcc 12 takes a wrong
# address for the thread-local variables of a module that was loaded late, and
# crashes; ours hold no memory.)
use_logs() {
  common="log_path=$logs/$1.report:exitcode=99"
  ASAN_OPTIONS="$common:detect_leaks=1:detect_stack_use_after_return=1"
  ASAN_OPTIONS="$ASAN_OPTIONS:strict_string_checks=1"
  ASAN_OPTIONS="$ASAN_OPTIONS:intercept_tls_get_addr=0"
  ASAN_OPTIONS="$ASAN_OPTIONS:allocator_may_return_null=1"
  UBSAN_OPTIONS="$common:print_stacktrace=1:halt_on_error=1"
  LUACONC_REPORTS="$logs/$1.report"
  export ASAN_OPTIONS UBSAN_OPTIONS LUACONC_REPORTS
}

. spec/support/reports.sh

# ---- 1. proof ----

prove() {
  failures=0
  clean_program || failures=1
  for fault in leak overflow use_after_free undefined; do plant $fault; done
  names 'LeakSanitizer: detected memory leaks' leak || failures=1
  names 'AddressSanitizer: heap-buffer-overflow' overflow || failures=1
  names 'AddressSanitizer: heap-use-after-free' use_after_free || failures=1
  names 'runtime error:' undefined || failures=1
  # The same fault lies hidden without the collections.
  plant unanchored
  silent plant-unanchored || failures=1
  export LUACONC_GC=all
  plant unanchored
  unset LUACONC_GC
  names 'AddressSanitizer: heap-use-after-free' unanchored || failures=1
  return $failures
}

# ---- 2 and 3. the suite ----

# The long ones come first, so that no core has nothing to do at the end.
specs=${SPEC:-$(echo spec/contract/*_spec.lua spec/*_spec.lua)}

# Specs that read files, run make or reckon in Lua, and start no program of
# ours in a state of the host, are left out of both. Those of the Lua modules
# above the face, and those of sheer numbers, would be slow in the third part
# for nothing.
never='/(install|layers|version|compare_(report|stats))_spec'
not_with_gc="$never|/(cli|compare.*|docs|embed|examples|failure|processexamples|hosts|misuse|readme|runner|scale|starts|load|stream_fault)_spec"

result=0
echo 'Planted faults, each to be named:'
prove || result=1

echo
echo 'The suite under ASan, UBSan and LSan:'
run suite $(suite "$never" $specs) || result=1
echo
echo 'The specs of the C part with a full collection at every allocation:'
LUACONC_GC=yes
export LUACONC_GC
run gc $(suite "$not_with_gc" $specs) || result=1
echo
if [ $result = 0 ]; then
  echo 'sanitize: clean, and every planted fault was reported'
else
  echo 'sanitize: FAILED (see above)'
fi
exit $result
