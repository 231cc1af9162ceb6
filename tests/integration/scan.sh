#!/bin/bash
# fettle-scan on real packages, broken ones, bombs, links, side files.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq dpkg-deb ar tar xz gzip

# A confined process can't be looked through for leaks: unit/scan does that.
ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}; export ASAN_OPTIONS

d=$T/baseline
mkdir "$d"
scan () { timeout 60 fettle-scan "$d" >"$T/out" 2>"$T/err"; echo $? >"$T/status"; }
fresh () { rm -rf "$d"; mkdir "$d"; }
components () { jq -r 'select(.component) | .component | '"$1" "$T/out"; }
problem_of () { jq -r --arg f "$1" 'select(.problem.file == $f) | .problem.message' "$T/out"; }
done_is () { is "$1" "$(jq -c 'select(.done) | .done' "$T/out")" "$2"; }
# Every line is JSON with one member, the last one is "done".
lines_are_json () {
  jq -e -s 'all(del(.stamps) | keys | length == 1) and (.[-1] | has("done"))' "$T/out"
}
make_deb () { # file, name, version, arch, compression
  rm -rf "$T/tree"
  mkdir -p "$T/tree/DEBIAN" "$T/tree/usr/share/$2"
  printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: A <a@example.org>\nDescription: test of %s\n more\n' \
    "$2" "$3" "$4" "$2" >"$T/tree/DEBIAN/control"
  head -c 200000 /dev/urandom >"$T/tree/usr/share/$2/blob"
  dpkg-deb --root-owner-group "-Z${5-xz}" -b "$T/tree" "$1" >/dev/null
}
# A package by hand: file, control.tar.*, data.tar.*
pack () {
  printf '2.0\n' >"$T/debian-binary"
  rm -f "$1"
  ar rcS "$1" "$T/debian-binary" "$2" "$3"
}
good_control () { # control.tar.xz in $T
  mkdir -p "$T/c"
  printf 'Package: bomb\nVersion: 1\nArchitecture: all\nDescription: x\n' >"$T/c/control"
  tar -C "$T/c" -cf - ./control | xz >"$T/control.tar.xz"
}
good_data () { # data.tar.xz in $T
  mkdir -p "$T/dd"; echo hello >"$T/dd/file"
  tar -C "$T/dd" -cf - ./file | xz >"$T/data.tar.xz"
}

# ---- good ones
mkdir "$d/sub"
make_deb "$d/alpha_1.0-1_amd64.deb" alpha 1.0-1 amd64 xz
make_deb "$d/beta_2%3a1.0_all.deb" beta 2:1.0 all gzip
make_deb "$d/sub/gamma.deb" gamma 1.0~rc1 all zstd
make_deb "$d/sub/delta.deb" delta 1.0 all none
echo "read me" >"$d/README.md"
echo sums >"$d/SHA256SUMS"
echo hidden >"$d/.hidden.bin"
scan
is "a good folder: exit code" "$(cat "$T/status")" 0
ok "all lines are JSON" lines_are_json
done_is "four components, no problem" '{"components":4,"problems":0}'
is "sorted, with match, version, arch" "$(components '"\(.id) \(.match) \(.version) \(.arch)"')" \
"alpha_1.0-1_amd64.deb deb:alpha 1.0-1 amd64
beta_2%3a1.0_all.deb deb:beta 2:1.0 null
sub/delta.deb deb:delta 1.0 null
sub/gamma.deb deb:gamma 1.0~rc1 null"
is "digests are sha256sum's" "$(components '.files[] | "\(.sha256)  \(.path)"' | (cd "$d" && sha256sum -c --quiet) 2>&1)" ""
is "sizes are stat's" "$(components '.files[0].size' | head -n 1)" "$(stat -c %s "$d/alpha_1.0-1_amd64.deb")"
is "what a node gets has a safe name" "$(components '.files[0].name' | sed -n 2p)" "beta_2_1.0_all.deb"
is "the rest of a component" "$(components '"\(.name) \(.scheme) \(.format) \(.kind) \(.node_types) \(.order) \(.reboot) \(.summary)"' | head -n 1)" \
  'alpha dpkg deb package ["linux"] 300 no test of alpha'
is "progress begins with the number of files" "$(jq -c 'select(.progress) | .progress | [.files, .of, .bytes]' "$T/out" | head -n 1)" \
  '[0,6,0]'
is "and ends when all bytes are read" "$(jq -c 'select(.progress) | .progress | [.files == .of, .bytes == .of_bytes]' "$T/out" | tail -n 1)" \
  '[true,true]'

# ---- broken packages
fresh
make_deb "$T/ok.deb" whole 1.0 all xz
size=$(stat -c %s "$T/ok.deb")
for at in 3 40 100 $((size / 2)) $((size - 30)); do head -c "$at" "$T/ok.deb" >"$d/cut$at.deb"; done
: >"$d/empty.deb"
echo "not a package at all" >"$d/text.deb"
{ head -c $((size / 2)) "$T/ok.deb"; printf XXXX; tail -c +$((size / 2 + 5)) "$T/ok.deb"; } >"$d/flipped.deb"
for z in gzip zstd; do # checksums at the compressor's end
  make_deb "$T/z.deb" whole 1.0 all $z
  size=$(stat -c %s "$T/z.deb")
  { head -c $((size / 2)) "$T/z.deb"; printf XXXX; tail -c +$((size / 2 + 5)) "$T/z.deb"; } >"$d/flipped-$z.deb"
done
scan
is "broken packages: exit code" "$(cat "$T/status")" 0
done_is "each broken package is a problem" '{"components":0,"problems":10}'
like "cut in the data: named so" "$(problem_of "cut$(($(stat -c %s "$T/ok.deb") / 2)).deb")" 'data\.tar\.xz is broken'
like "an empty file" "$(problem_of empty.deb)" "isn't a (whole )?Debian package"
like "a text" "$(problem_of text.deb)" "isn't a (whole )?Debian package"
like "flipped bytes" "$(problem_of flipped.deb)" 'data\.tar\.xz is broken'
like "flipped bytes under gzip" "$(problem_of flipped-gzip.deb)" 'data\.tar\.gz is broken'
like "flipped bytes under zstd" "$(problem_of flipped-zstd.deb)" 'data\.tar\.zst is broken'

# ---- wrong control files and formats
fresh
good_data
wrong () { # file, control text (printf)
  mkdir -p "$T/w"; printf "$2" >"$T/w/control"
  tar -C "$T/w" -cf - ./control | xz >"$T/control.tar.xz"
  pack "$d/$1" "$T/control.tar.xz" "$T/data.tar.xz"
}
wrong twice.deb 'Package: a\nVersion: 1\nPackage: b\nArchitecture: all\n'
wrong noversion.deb 'Package: a\nArchitecture: all\n'
wrong name.deb 'Package: a b;reboot\nVersion: 1\nArchitecture: all\n'
wrong version.deb 'Package: a\nVersion: $(reboot)\nArchitecture: all\n'
wrong nofield.deb 'Package: a\nVersion 1\nArchitecture: all\n'
wrong nul.deb 'Package: a\nVersion: 1\nArchitecture: all\nX: \0\n'
wrong two.deb 'Package: a\nVersion: 1\nArchitecture: all\n\nPackage: b\n'
wrong 'bad name$(reboot).deb' 'Package: a\nVersion: 1\nArchitecture: all\n'
good_control
pack "$d/order.deb" "$T/data.tar.xz" "$T/control.tar.xz"
printf '3.0\n' >"$T/debian-binary"
ar rcS "$d/format.deb" "$T/debian-binary" "$T/control.tar.xz" "$T/data.tar.xz"
ln -s /etc/shadow "$T/w/link"; mv "$T/w/link" "$T/w/control" 2>/dev/null
tar -C "$T/w" -cf - ./control | xz >"$T/c2.tar.xz"; cp "$T/c2.tar.xz" "$T/control.tar.xz"
pack "$d/link.deb" "$T/control.tar.xz" "$T/data.tar.xz"
scan
done_is "each is a problem" '{"components":0,"problems":11}'
like "a field twice" "$(problem_of twice.deb)" 'line 3 .* has package again'
like "no version" "$(problem_of noversion.deb)" 'no Version'
like "a wrong name" "$(problem_of name.deb)" 'wrong Package'
like "a wrong version" "$(problem_of version.deb)" 'wrong Version'
like "a line that is no field" "$(problem_of nofield.deb)" "line 2 .* isn't a field"
like "NUL" "$(problem_of nul.deb)" "isn't text"
like "two paragraphs" "$(problem_of two.deb)" 'second paragraph'
like "a name that a shell would run" "$(problem_of 'bad name$(reboot).deb')" 'rename it'
like "members in the wrong order" "$(problem_of order.deb)" 'in the place of control\.tar'
like "another format" "$(problem_of format.deb)" '2\.x'
like "control is a link" "$(problem_of link.deb)" 'no one regular file'

# ---- bombs: each would be gigabytes
fresh
good_control; good_data
head -c 67108864 /dev/zero | xz -1 >"$T/64m.xz"
bomb () { # makes 4 GiB of zeros behind what is on stdin, packed
  xz -1; for _ in $(seq 64); do cat "$T/64m.xz"; done
}
truncate -s 4G "$T/c/huge"
tar -C "$T/c" --format=gnu -cf - ./huge 2>/dev/null | head -c 512 >"$T/huge.header"
bomb <"$T/huge.header" >"$T/b1.tar.xz"
tar -C "$T/c" -cf - ./control | bomb >"$T/b2.tar.xz"
tar -C "$T/dd" -cf - ./file | bomb >"$T/b3.tar.xz"
sed "s/./&/" "$T/huge.header" | bomb >"$T/b4.tar.xz"
for n in 1 2; do cp "$T/b$n.tar.xz" "$T/control.tar.xz"; pack "$d/control$n.deb" "$T/control.tar.xz" "$T/data.tar.xz"; done
good_control
for n in 3 4; do cp "$T/b$n.tar.xz" "$T/data.tar.xz"; pack "$d/data$n.deb" "$T/control.tar.xz" "$T/data.tar.xz"; done
good_data
pack "$d/absurd.deb" "$T/control.tar.xz" "$T/data.tar.xz" # ar says 9999999999 bytes
printf 9999999999 | dd of="$d/absurd.deb" bs=1 seek=$((8 + 60 + 4 + 48)) conv=notrunc 2>/dev/null
(cd "$T/dd" && tar -P -cf - ../c/control | xz >"$T/data.tar.xz")
pack "$d/escape.deb" "$T/control.tar.xz" "$T/data.tar.xz"
start=$SECONDS
scan
is "bombs: exit code" "$(cat "$T/status")" 0
done_is "no bomb is a component" '{"components":0,"problems":6}'
like "a control file of 4 GiB" "$(problem_of control1.deb)" 'huge" of 4294967296 bytes: more than is allowed'
like "4 GiB behind control.tar's end" "$(problem_of control2.deb)" 'control\.tar\.xz is broken: it expands to more than is allowed'
like "4 GiB behind data.tar's end" "$(problem_of data3.deb)" 'data\.tar\.xz .*more than is allowed'
like "a file of 4 GiB in data.tar" "$(problem_of data4.deb)" 'more than is allowed'
like "a member larger than the file" "$(problem_of absurd.deb)" '[Tt]runcated|broken'
like "a path that leads out" "$(problem_of escape.deb)" '"\.\./c/control", which leads out'
echo "# in $((SECONDS - start)) s"

# ---- side files
fresh
echo payload >"$d/CP055555.scexe"
echo signature >"$d/CP055555.compsig"
sed -n '/^\.Bd/,/^\.Ed/p' "$srcdir/../docs/component.cfg.5" | awk '/^\.Bd/{n++;next} /^\.Ed/{next} n==1' \
  >"$d/CP055555.scexe.component.cfg"
make_deb "$d/agent_2.1_all.deb" agent 2.1 all
sed -n '/^\.Bd/,/^\.Ed/p' "$srcdir/../docs/component.cfg.5" | awk '/^\.Bd/{n++;next} /^\.Ed/{next} n==2' \
  >"$d/agent_2.1_all.deb.component.cfg"
scan
done_is "the manual's examples are components" '{"components":2,"problems":0}'
is "the example as JSON" "$(components 'select(.format == "scexe") | del(.files) | tojson')" \
  '{"id":"CP055555.scexe","name":"System ROM U46","version":"U46 v2.34 (03/11/2025)","scheme":"hpe","format":"scexe","kind":"firmware","match":"bios:U46 bios:U47","arch":null,"node_types":["linux"],"order":100,"reboot":"yes","duration":0,"install_missing":false,"summary":"Mitigates speculative execution issues","tree":null,"tree_sha256":null,"signature":"unverifiable","signature_text":"not verifiable because its .compsig is in a format of HPE'\''s: the node looks at it","prerequisites":[{"match":"bios:U46","min_version":"U46 v1.40 (01/15/2021)","hard":true},{"match":"deb:sut","min_version":null,"hard":false}]}'
is "it has its further file" "$(components 'select(.format == "scexe") | .files[].path')" \
"CP055555.scexe
CP055555.compsig"
is "a side file says over a package" "$(components 'select(.name == "agent") | "\(.order) \(.install_missing) \(.version)"')" '50 true 2.1'

fresh
side () { echo payload >"$d/$1"; printf "$2" >"$d/$1.component.cfg"; }
good='name="a";version="1";format="raw";kind="firmware";match="x:1";\n'
side good.bin "$good"
side key.bin "$good\ncolour = \"red\";\n"
side type.bin "name = 5;\n"
side syntax.bin "name = ;\n"
side include.bin "$good @include \"/etc/passwd\"\n"
side missing.bin 'name="a";format="raw";kind="firmware";match="x:1";\n'
side kind.bin "$(printf '%s' "$good" | sed 's/firmware/software/')"
side files.bin "$good files=\"../../etc/passwd\";\n"
side gone.bin "$good files=\"gone.sig\";\n"
side bool.bin "$good reboot=\"yes\";\n"
echo 'name="x";' >"$d/orphan.bin.component.cfg"
echo lonely >"$d/lonely.bin"
head -c 70000 /dev/zero | tr '\0' '#' >"$d/large.bin.component.cfg"; echo x >"$d/large.bin"
scan
done_is "one good, each other a problem" '{"components":1,"problems":12}'
like "an unknown key, with its line" "$(problem_of key.bin)" '^key\.bin\.component\.cfg: line 3: there is no key "colour"'
like "a wrong type" "$(problem_of type.bin)" 'line 1: name must be'
like "wrong syntax" "$(problem_of syntax.bin)" 'line 1: syntax error'
like "@include" "$(problem_of include.bin)" 'line 2: @include'
like "something missing" "$(problem_of missing.bin)" 'version is missing'
like "a wrong word" "$(problem_of kind.bin)" 'kind is "software"'
like "a further file outside" "$(problem_of files.bin)" 'same folder'
like "a further file that isn't there" "$(problem_of gone.bin)" 'gone\.sig: .*No such file'
like "text for a bool" "$(problem_of bool.bin)" 'reboot must be true or false'
like "a side file alone" "$(problem_of orphan.bin.component.cfg)" 'no orphan\.bin'
like "a file alone" "$(problem_of lonely.bin)" 'no lonely\.bin\.component\.cfg'
like "a large side file" "$(problem_of large.bin)" 'larger than 65536'

# ---- the same update twice
fresh
make_deb "$d/a.deb" same 1.0 all
cp "$d/a.deb" "$d/copy.deb"
make_deb "$d/b.deb" same 1.0 all
scan
done_is "a copy counts once, another content is a problem" '{"components":1,"problems":1}'
like "and is named" "$(problem_of b.deb)" 'same 1\.0, as a\.deb does, but their contents differ'

# ---- links and other things
fresh
mkdir "$d/real" "$T/outside"
make_deb "$d/real/x.deb" x 1.0 all
make_deb "$T/outside/secret.deb" secret 1.0 all
ln -s real/x.deb "$d/inside.deb"
ln -s .. "$d/real/up"
ln -s "$T/outside/secret.deb" "$d/out.deb"
ln -s "$T/outside" "$d/outdir"
ln -s ../../../../../../../../etc/passwd "$d/climb.bin"
ln -s loop2 "$d/loop1"; ln -s loop1 "$d/loop2"
ln -s nowhere "$d/dangling.deb"
mkfifo "$d/pipe.deb"
deep=$d; for _ in $(seq 40); do deep=$deep/d; done; mkdir -p "$deep"; cp "$d/real/x.deb" "$deep/y.deb"
printf 'x' >"$d/$(printf 'caf\351.bin')"
scan
done_is "links and others" '{"components":1,"problems":9}'
for l in out.deb outdir climb.bin; do like "$l leads out" "$(problem_of $l)" 'leads out'; done
for l in loop1 loop2; do like "$l is a loop" "$(problem_of $l)" 'back to itself'; done
like "a link to nothing" "$(problem_of dangling.deb)" "isn't there"
like "a pipe" "$(problem_of pipe.deb)" "isn't a regular file"
like "too deep" "$(jq -r 'select(.problem.file | strings | startswith("d/d")).problem.message' "$T/out")" 'too deep'
like "a name that isn't UTF-8" "$(problem_of 'caf?.bin')" 'component\.cfg'
ok "nothing of outside was read" sh -c '! grep -q secret_ "$1" && ! grep -q deb:secret "$1"' - "$T/out"

# ---- folders
timeout 10 fettle-scan "$T/nowhere" >"$T/out" 2>"$T/err"; is "no such folder: exit code" $? 254
like "and why" "$(problem_of .)" 'nowhere.*No such file'
timeout 10 fettle-scan >"$T/out" 2>"$T/err"; is "no argument: exit code" $? 254
timeout 10 fettle-scan "$d" >/dev/full 2>"$T/err"; is "a full disk behind stdout: exit code" $? 255
fresh; scan
done_is "an empty folder" '{"components":0,"problems":0}'

# ---- it is confined while it reads
fresh
truncate -s 200G "$d/big.bin"
printf "$good" >"$d/big.bin.component.cfg"
fettle-scan "$d" >"$T/out" 2>"$T/err" & pid=$!
at_exit "kill $pid 2>/dev/null"
for _ in $(seq 100); do grep -q files "$T/out" && break; sleep 0.05; done
status=$(cat /proc/$pid/status) limits=$(cat /proc/$pid/limits)
kill $pid; wait $pid 2>/dev/null
like "no new privileges" "$status" '^NoNewPrivs:.1$'
like "no capability but reading" "$status" '^CapEff:.(0000000000000000|0000000000000004)$'
like "CPU time is limited" "$limits" '^Max cpu time +[0-9]+ '
like "no new processes" "$limits" '^Max processes +0 '

# ---- .rpm
if command -v rpmbuild >/dev/null 2>&1; then
  fresh
  spec () { # name, version, release, epoch line
    printf 'Name: %s\nVersion: %s\nRelease: %s\n%s\nSummary: test of %s\nLicense: x\nBuildArch: noarch\n%%description\nx\n%%install\nmkdir -p %%{buildroot}/opt\nhead -c 100000 /dev/urandom > %%{buildroot}/opt/blob\n%%files\n/opt/blob\n' \
      "$1" "$2" "$3" "$4" "$1" >"$T/$1.spec"
    rpmbuild -bb --quiet --define "_topdir $T/rpm" --define "_rpmdir $d" --define '_build_name_fmt %%{NAME}.rpm' \
      "$T/$1.spec" >/dev/null 2>&1
  }
  spec plain 1.0 1 ""
  spec epoch 2.0~rc1 3 "Epoch: 4"
  if [ -s "$d/plain.rpm" ] && ! fettle-scan "$d" | grep -q 'without librpm'; then
    size=$(stat -c %s "$d/plain.rpm")
    head -c $((size / 2)) "$d/plain.rpm" >"$d/cut.rpm"
    head -c 50 "$d/plain.rpm" >"$d/stub.rpm"
    { head -c $((size - 1000)) "$d/plain.rpm"; printf XXXX; tail -c 996 "$d/plain.rpm"; } >"$d/flipped.rpm"
    echo text >"$d/text.rpm"
    scan
    done_is "two packages, four broken ones" '{"components":2,"problems":4}'
    is "name, version with epoch, arch" "$(components '"\(.match) \(.version) \(.scheme) \(.arch) \(.summary)"')" \
"rpm:epoch 4:2.0~rc1-3 rpm null test of epoch
rpm:plain 1.0-1 rpm null test of plain"
    like "flipped bytes" "$(problem_of flipped.rpm)" 'it is damaged: .+'
    like "cut" "$(problem_of cut.rpm)" 'damaged|whole'
    like "a stub" "$(problem_of stub.rpm)" "isn't a whole RPM"
    like "a text" "$(problem_of text.rpm)" "isn't a whole RPM"
    is "digests are sha256sum's" "$(components '.files[] | "\(.sha256)  \(.path)"' | (cd "$d" && sha256sum -c --quiet) 2>&1)" ""
    is "librpm says nothing on stderr" "$(cat "$T/err")" ""
  else
    skip ".rpm" "built without librpm, or rpmbuild doesn't work here"
  fi
else
  skip ".rpm" "needs rpmbuild"
fi
done_testing
