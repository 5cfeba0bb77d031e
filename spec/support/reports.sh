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
     reports "plant-$2" | grep -q "${3:-src/host/testing\.c}"; then
    echo "  planted $2: reported as \"$1\""
  else
    echo "  planted $2: NOT REPORTED as \"$1\""
    cat "$logs/plant-$2.out"
    reports "plant-$2"
    return 1
  fi
}

# silent NAME: is there no report? Else it is printed, the beginnings of all
# once more last, as often only the end of a log is kept.
silent() {
  [ -n "$(reports "$1")" ] || return 0
  echo "  $1: a report where there should be none"
  reports "$1"
  echo "  $1: how the reports begin:"
  find "$logs" -name "$1.report*" -exec head -qn 9 {} + | head -n 45
  return 1
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

# run NAME FILE...: these specs; their output, and what was reported. Each file
# has an interpreter of its own, so that a crash or a hang has a name, and JOBS
# of them, else as many as there are cores, run beside each other. What one
# prints comes in one piece when it has ended.
run() {
  name=$1
  shift
  use_logs "$name"
  if [ $# = 0 ]; then
    echo "  none of ${SPEC:-the specs} belongs here"
    return 0
  fi
  {
    printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-$(nproc)}" sh -c '
      out=$(timeout -k 10 900 lua5.4 spec/support/run.lua "$0" 2>&1)
      status=$?
      if [ $status = 0 ]; then
        printf "%s\n" "$out" | sed -E "/^$/d; /^[0-9]+ passed, 0 failed/d"
        exit 0
      fi
      printf "%s\n  %s: exit status %s\n" "$out" "$0" $status
      exit 1'
    echo $? >"$logs/$name.status"
  } | tee "$logs/$name.out"
  awk '$3 == "s" { n += $4 } END { print n + 0 " passed" }' "$logs/$name.out"
  silent "$name" && [ "$(cat "$logs/$name.status")" = 0 ]
}
