#!/bin/sh
# run.sh [SECONDS]: feeds bytes to the codec under ASan and UBSan.
#
# spec/fuzz/corpus.txt has inputs that reach different code; what this run finds
# goes to $BUILD/fuzz/corpus, and an input that fails to $BUILD/fuzz. With
# MERGE=yes the list is then written anew: of all, as few and short ones as
# reach the same code. spec/codec_spec.lua tries each of them too.
set -u

cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
CLANG=${CLANG:-clang}
out=$BUILD/fuzz
LUA=${LUA:-lua5.4}
mkdir -p "$out/corpus" "$out/seeds" || exit 1
"$LUA" spec/fuzz/corpus.lua unpack "$out/seeds" || exit 1

flags() { pkg-config --silence-errors "$@"; }

compile="$CLANG -std=gnu11 -Isrc -g -O1 -DLUACONC_TESTING -Wall -Wextra
  -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
  -fno-omit-frame-pointer -pthread $(flags --cflags lua5.4 libuv)"

# All of the library; the linker takes the codec and what it stands on.
mkdir -p "$out/obj" || exit 1
for source in src/*.c src/*/*.c; do
  object=$out/obj/$(basename "$source" .c).o
  [ "$object" -nt "$source" ] || echo "-c $source -o $object"
done | xargs -P 2 -L 1 -r $compile || exit 1
rm -f "$out/libluaconc.a"
ar rc "$out/libluaconc.a" "$out"/obj/*.o || exit 1

$compile -fsanitize=fuzzer -o "$out/decode" spec/fuzz/decode.c \
  "$out/libluaconc.a" -l:liblua5.4.a $(flags --libs libuv || echo -luv) \
  -lm -ldl || exit 1

"$out/decode" -max_total_time="${1:-60}" -timeout=10 -rss_limit_mb=1024 \
  -max_len=4096 -detect_leaks=0 -print_final_stats=1 -verbosity=0 \
  -artifact_prefix="$out/" "$out/corpus" "$out/seeds" || exit 1

if [ "${MERGE:-no}" = yes ]; then
  rm -rf "$out/merged" && mkdir "$out/merged" || exit 1
  "$out/decode" -set_cover_merge=1 -verbosity=0 -max_len=256 \
    "$out/merged" "$out/seeds" "$out/corpus" || exit 1
  "$LUA" spec/fuzz/corpus.lua pack "$out/merged" > spec/fuzz/corpus.txt
fi
