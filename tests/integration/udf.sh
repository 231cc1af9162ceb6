#!/bin/bash
# An image that has a UDF file system alone: its files, where they lie, in
# pieces too; served from inside; broken ones.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq genisoimage python3

ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}; export ASAN_OPTIONS
udf () { python3 "$srcdir/sim/udf-image.py" "$@"; }
scan () { timeout 120 fettle-scan "$@" >"$T/out" 2>"$T/err"; echo $? >"$T/status"; }
components () { jq -r 'select(.component) | .component | '"$1" "$T/out"; }
problem_of () { jq -r --arg f "$1" 'select(.problem.file == $f) | .problem.message' "$T/out"; }
hash_of () { sha256sum "$1" | cut -d' ' -f1; }
describe () { # file, name
  printf 'name = "%s";\nversion = "1.0";\nkind = "firmware";\nformat = "raw";\nmatch = "x:%s";\n' "$2" "$2" >"$1.component.cfg"
}

mkdir -p "$T/tree/packages/ünï"
head -c 3000001 /dev/urandom >"$T/tree/packages/plain.bin"
head -c 700003 /dev/urandom >"$T/tree/packages/pieces.bin"
head -c 400 /dev/urandom >"$T/tree/packages/small.bin"
head -c 9000 /dev/urandom >"$T/tree/packages/ünï/deep.bin"
: >"$T/tree/packages/empty.txt"
for f in plain pieces small ünï/deep; do describe "$T/tree/packages/$f.bin" "${f##*/}"; done
genisoimage -quiet -udf -input-charset utf-8 -o "$T/both.iso" "$T/tree" 2>"$T/geniso.log" || skip_all "genisoimage failed: $(tail -n 1 "$T/geniso.log")"
ok "an image of UDF alone" udf "$T/both.iso" "$T/udf.iso" --halves "$T/tree/packages/pieces.bin" --inline "$T/tree/packages/small.bin"
is "has nothing of ISO 9660" "$(head -c 65536 "$T/udf.iso" | grep -c CD001)" 0

scan "$T/udf.iso"
if grep -q "without libudfread" "$T/out"; then skip_all "built without libudfread"; fi
is "it is looked into" "$(jq -c 'select(.done) | .done' "$T/out")" '{"components":4,"problems":0}'
is "each file is what went in" \
  "$(components '.files[0] | "\(.sha256) \(.path)"' | LC_ALL=C sort)" \
  "$(cd "$T/tree" && find . -name '*.bin' | while read -r f; do echo "$(hash_of "$f") ${f#./}"; done | LC_ALL=C sort)"
if ! grep -q __asan_init "$(command -v fettle-scan)"; then
  is "nothing is said on stderr" "$(cat "$T/err")" ""
fi
is "where they lie, if in one piece" "$(components '"\(.name) \(.files[0].container) \(.files[0].offset != null)"' | sort)" \
  "deep udf.iso true
pieces udf.iso false
plain udf.iso true
small udf.iso false"
lies () { # name
  tail -c "+$(($(components "select(.name == \"$1\") | .files[0].offset") + 1))" "$T/udf.iso" |
    head -c "$(components "select(.name == \"$1\") | .files[0].size")" | sha256sum | cut -d' ' -f1
}
is "and they do" "$(lies plain) $(lies deep)" "$(hash_of "$T/tree/packages/plain.bin") $(hash_of "$T/tree/packages/ünï/deep.bin")"

# ---- in a folder beside others, and in an archive
mkdir "$T/folder"; cp "$T/udf.iso" "$T/folder/in.iso"; tar -C "$T/folder" -cf "$T/folder.tar" in.iso; gzip -k "$T/folder.tar"
scan "$T/folder"
is "in a folder" "$(components '"\(.id) \(.files[0].container) \(.files[0].offset != null)"' | sort | sed -n 2,3p)" \
  "in.iso!/packages/plain.bin in.iso true
in.iso!/packages/small.bin in.iso false"
is "the image's own digest is taken" "$(jq -c 'select(.done) | .done' "$T/out")" '{"components":4,"problems":0}'
for a in folder.tar folder.tar.gz; do
  scan "$T/$a"
  is "in $a" "$(components '"\(.files[0].sha256) \(.files[0].offset != null)"' | sort)" \
    "$(cd "$T/tree" && find . -name '*.bin' | while read -r f; do
         case $a$f in *gz*|*pieces*|*small*) in=false ;; *) in=true ;; esac; echo "$(hash_of "$f") $in"; done | sort)"
done

# ---- unpacking
for f in pieces small ünï/deep; do
  is "$f is unpacked" "$(timeout 60 fettle-scan --unpack "$T/udf.iso" "packages/$f.bin" | sha256sum | cut -d' ' -f1)" \
    "$(hash_of "$T/tree/packages/$f.bin")"
done

# ---- broken ones
head -c 2000000 "$T/udf.iso" >"$T/cut.iso"; scan "$T/cut.iso"
like "one that is cut" "$(problem_of .)$(problem_of packages/plain.bin)" "isn't whole|can't be read"
python3 - "$T/udf.iso" "$T/loop.iso" <<'END'
import struct, sys
# The folder "packages" is entered as a folder of itself.
d = bytearray(open(sys.argv[1], "rb").read())
dirs = []
for b in range(256, len(d) // 2048):
    at = b * 2048
    if struct.unpack_from("<H", d, at)[0] == 261 and d[at + 27] == 4: dirs.append(at)
where = lambda at: at + 176 + struct.unpack_from("<I", d, at + 168)[0]
for at in dirs: d[where(at):where(at) + 8] = d[where(dirs[0]):where(dirs[0]) + 8]; d[at + 56:at + 64] = d[dirs[0] + 56:dirs[0] + 64]
open(sys.argv[2], "wb").write(d)
END
scan "$T/loop.iso"
is "a folder in itself: exit code" "$(cat "$T/status")" 0
like "and where it ends" "$(jq -r 'select(.problem) | .problem.message' "$T/out" | sort -u)" 'too deep'
done_testing
