#!/bin/bash
# A large bundle: an ISO image of BUNDLE_GIB (10) with components of 8 MiB, and
# one file of more than 4 GiB (of zeros, but for its end); read by fettle-scan, against reading and hashing
# it one after the other with sha256sum.  What is asserted is what was found;
# times are printed.  In the build folder of the tests:
#   srcdir=../../tests ../run bash ../../tests/bench/bundle.sh
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq xorriso curl
. "$srcdir/integration/serve-lib.sh"
gib=${BUNDLE_GIB-10}
[ "$(($(df --output=avail -k "$T" | tail -n 1) / 1048576))" -gt $((2 * gib + 10)) ] || skip_all "needs $((2 * gib + 10)) GiB of room"

n=$((gib * 128 - 520)); [ $n -gt 8 ] || n=8
mkdir -p "$T/b/packages" "$T/b/manifest"
head -c 8M /dev/urandom >"$T/seed"
{
  echo '{"manifest": ['
  for i in $(seq $n); do
    { echo "$i"; cat "$T/seed"; } >"$T/b/packages/cp$i.exe"
    [ "$i" = 1 ] || echo ,
    printf '{"Type":"Firmware","Devices":{"Device":[{"Target":"00000000-0000-0000-0000-%012d","Version":"1.%d"}]},"package":{"name":[{"lang":"en","x_late":"C %d"}],"files":["cp%d.exe"]}}' $i $i $i $i
  done
  echo ']}'
} >"$T/b/manifest/manifest.json"
truncate -s 4100M "$T/b/packages/disk.img"; printf end >>"$T/b/packages/disk.img"
echo 'name="d";version="1";format="raw";kind="firmware";match="x:1";' >"$T/b/packages/disk.img.component.cfg"
echo 'the last file lies behind 4 GiB' >"$T/b/zz.bin"
echo 'name="z";version="1";format="raw";kind="firmware";match="x:2";' >"$T/b/zz.bin.component.cfg"
xorriso -as mkisofs -quiet -iso-level 3 -R -J -o "$T/b.iso" "$T/b" 2>/dev/null
rm -r "$T/b"
size=$(stat -c %s "$T/b.iso")
seconds () { local t=$EPOCHREALTIME; "$@"; echo "$t $EPOCHREALTIME" | awk '{printf "%.1f", $2 - $1}'; }
: >"$T/cache"; cat "$T/b.iso" >/dev/null
plain=$(seconds sha256sum "$T/b.iso" | tail -n 1 | sed 's/.* //')
run () { fettle-scan --cache "$T/b.iso" >"$T/out" 3<>"$T/cache"; }
first=$(seconds run)
is "all components" "$(jq -r 'select(.done) | .done | "\(.components) \(.problems)"' "$T/out")" "$((n + 2)) 0"
is "a file of more than 4 GiB" "$(jq -r 'select(.component.name == "d") | .component.files[0].size' "$T/out")" $((4100 * 1048576 + 3))
read -r offset length <<<"$(jq -r 'select(.component.name == "z") | .component.files[0] | "\(.offset) \(.size)"' "$T/out")"
ok "what lies behind it" [ "$offset" -gt 4294967296 ]
is "its bytes" "$(tail -c +$((offset + 1)) "$T/b.iso" | head -c "$length")" 'the last file lies behind 4 GiB'
read -r offset length sum <<<"$(jq -r 'select(.component.name == "d") | .component.files[0] | "\(.offset) \(.size) \(.sha256)"' "$T/out")"
ok "it is served from inside the image" listener "$T/b.iso" offset="$offset" length="$length"
fetch () { curl -fsS "$file" | sha256sum | cut -c1-64 >"$T/got"; }
served=$(seconds fetch)
is "as a whole" "$(cat "$T/got")" "$sum"
is "its end alone" "$(curl -fsS -r -3 "$file")" end
is "and what lies at 4 GiB" "$(curl -fsS -r 4294967290-4294967305 "$file" | sha256sum)" "$(tail -c +$((offset + 4294967291)) "$T/b.iso" | head -c 16 | sha256sum)"
kill "$listener"
again=$(seconds run)
is "the second time all is known" "$(jq -s 'map(select(.progress)) | .[-1].progress.reused' "$T/out")" $((n + 5))
echo "# $((size >> 20)) MiB: sha256sum $plain s, first scan $first s ($(awk "BEGIN {printf \"%.2f\", $first / $plain}")), second $again s; $((length >> 20)) MiB served and hashed in $served s"
done_testing
