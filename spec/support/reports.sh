# reports.sh: what the scripts of the sanitizers share. Who reads it in has
# set $logs, a folder, and defines use_logs NAME: from now on reports go to
# files in there whose names begin with NAME.report, those of child processes
# as well.

reports() { find "$logs" -name "$1.report*" -exec cat {} +; }

# plant NAME: commits a fault of luaconc.testing in a process of its own.
plant() {
  use_logs "plant-$1"
  timeout -k 5 60 lua5.4 -e "require('luaconc.testing').plant('$1')" \
    >"$logs/plant-$1.out" 2>&1
}

# names PATTERN NAME [PLACE]: does the report name the fault, and us as its
# place?
names() {
  if reports "plant-$2" | grep -q "$1" &&
     reports "plant-$2" | grep -q "${3:-src/testing\.c}"; then
    echo "  planted $2: reported as \"$1\""
  else
    echo "  planted $2: NOT REPORTED as \"$1\""
    cat "$logs/plant-$2.out"
    reports "plant-$2"
    return 1
  fi
}

silent() { # NAME
  if [ -n "$(reports "$1")" ]; then
    echo "  $1: a report where there should be none"
    reports "$1"
    return 1
  fi
}

# clean_program: one that commits nothing gives no report.
clean_program() {
  use_logs clean
  if ! lua5.4 -e "require 'luaconc.testing'.virtual(function() end)"; then
    echo '  the clean program fails'
    return 1
  fi
  silent clean
}

# suite PATTERN FILE...: those whose names don't match.
suite() {
  pattern=$1
  shift
  for file; do
    case $file in
      *\**) ;;
      *) echo "$file" ;;
    esac
  done | grep -vE "$pattern"
}

# run NAME FILE...: these specs; their output, and what was reported.
run() {
  name=$1
  shift
  use_logs "$name"
  if [ $# = 0 ]; then
    echo "  none of ${SPEC:-the specs} belongs here"
    return 0
  fi
  timeout -k 10 3600 lua5.4 spec/support/run.lua "$@"
  status=$?
  [ $status = 0 ] || echo "  $name: exit status $status"
  silent "$name" && [ $status = 0 ]
}
