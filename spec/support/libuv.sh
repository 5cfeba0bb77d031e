#!/bin/sh
# libuv.sh FOLDER: the system's libuv, from its source, with ThreadSanitizer:
# FOLDER/libuv.so.1. Status 1, and the reason on standard output, where it can't
# be had. Nothing of the system is changed: apt gets lists of its own.
set -u

out=$1
[ -f "$out/libuv.so.1" ] && exit 0
CC=${CC:-cc}

fail() { echo "$1"; exit 1; }

[ "${LUACONC_INSTALL:-yes}" = no ] && fail 'nothing may be fetched'
command -v apt-get >/dev/null || fail 'there is no apt-get'
version=$(pkg-config --modversion libuv 2>/dev/null) || fail 'no libuv.pc'
. /etc/os-release
[ "${ID:-}" = debian ] || fail 'no Debian'

mkdir -p "$out/lists/partial" "$out/o" || exit 1
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb-src [signed-by=$keys] http://deb.debian.org/debian $VERSION_CODENAME main" \
  > "$out/sources.list"
apt() {
  timeout 60 apt-get -qq -o "Dir::Etc::sourcelist=$out/sources.list" \
    -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$out/lists" \
    -o APT::Sandbox::User=root "$@" >"$out/apt.log" 2>&1
}

cd "$out" || exit 1
apt update || fail 'the list of sources is out of reach'
apt source --download-only libuv1 || fail 'the source is out of reach'
tar xzf libuv1_"$version"*.orig.tar.gz || fail "no source of libuv $version"
cd libuv*-"$version" || exit 1

flags='-std=gnu90 -O1 -g -fPIC -fsanitize=thread -fno-omit-frame-pointer -w
  -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE -Iinclude -Isrc'
unix='async core dl epoll fs getaddrinfo getnameinfo linux-core linux-inotify
  linux-syscalls loop loop-watcher pipe poll process procfs-exepath proctitle
  random-devurandom random-getrandom random-sysctl-linux signal stream tcp
  thread tty udp'
for file in src/*.c $(printf 'src/unix/%s.c\n' $unix); do
  echo "-c $file -o ../o/$(basename "$file" .c).o"
done | xargs -P 2 -L 1 $CC $flags || fail 'it can not be compiled'
$CC -shared -fsanitize=thread -pthread -Wl,-soname,libuv.so.1 \
  -o ../libuv.so.1 ../o/*.o -ldl -lrt || fail 'it can not be linked'
