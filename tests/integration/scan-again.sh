#!/bin/bash
# A scan that is repeated reads only what has changed; one that was interrupted
# goes on; a bundle like an SPP of a thousand components.  (Large ones:
# bench/bundle.sh.)
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq xorriso zip
ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}; export ASAN_OPTIONS

scan () { timeout 300 fettle-scan --cache "$1" >"$T/out" 2>"$T/err" 3<>"$T/cache"; echo $? >"$T/status"; }
reused () { jq -s 'map(select(.progress)) | .[-1].progress.reused' "$T/out"; }
done_is () { is "$1" "$(jq -c 'select(.done) | .done' "$T/out")" "$2"; }
found () { jq -cS 'select(.component // .problem)' "$T/out"; }

# ---- an image with a thousand components
mkdir -p "$T/spp/packages" "$T/spp/manifest"
{
  echo '{"manifest": ['
  for n in $(seq 1000); do
    printf 'component %d\n' "$n" >"$T/spp/packages/cp$n.exe"
    [ "$n" = 1 ] || echo ,
    printf '{"Type":"Firmware","UpdatableBy":["Bmc"],"Devices":{"Device":[{"DeviceName":"d%d","Target":"00000000-0000-0000-0000-%012d","Version":"1.%d"}]},"package":{"name":[{"lang":"en","x_late":"Component %d"}],"files":["cp%d.exe"]}}' $n $n $n $n $n
  done
  echo ']}'
} >"$T/spp/manifest/manifest.json"
printf '<cpq_bundle><name><name_xlate lang="en">A bundle</name_xlate></name><version value="2026.11" revision=""/></cpq_bundle>' >"$T/spp/packages/bp000001.xml"
xorriso -as mkisofs -quiet -R -J -o "$T/spp.iso" "$T/spp" 2>/dev/null || skip_all "xorriso doesn't work here"
: >"$T/cache"; sleep 0.1 # a file that has just changed isn't trusted to look different when it changes again
scan "$T/spp.iso"
done_is "a thousand components in an image" '{"components":1000,"problems":0}'
is "all of them can be used from in there" "$(jq -r 'select(.component) | .component.files[0].offset | numbers' "$T/out" | wc -l)" 1000
is "three of them, looked at" "$(jq -r 'select(.component.name | IN("Component 1", "Component 500", "Component 1000")) | .component | "\(.name) \(.files[0].offset) \(.files[0].size)"' "$T/out" |
  while read -r _ n offset size; do [ "$(tail -c +$((offset + 1)) "$T/spp.iso" | head -c "$size")" = "component $n" ] && echo yes; done | sort | uniq -c | tr -s ' ')" " 3 yes"
is "nothing was known before" "$(reused)" 0
found >"$T/first"
scan "$T/spp.iso"
is "the second time nothing is read" "$(reused)" 1002
is "and the result is the same" "$(found | cmp - "$T/first" && echo same)" same
# As if it had been killed: some lines, the last of them torn.
{ head -n 700 "$T/cache"; sed -n 701p "$T/cache" | head -c 100; } >"$T/some"; mv "$T/some" "$T/cache"
scan "$T/spp.iso"
is "after an interruption it goes on where it was" "$(reused)" 700
is "and the result is the same" "$(found | cmp - "$T/first" && echo same)" same
touch "$T/spp.iso"; sleep 0.1; scan "$T/spp.iso"
is "an image that was touched is read" "$(reused)" 0

# ---- a folder, with an archive in it
mkdir -p "$T/d"; : >"$T/cache"
side='name="a";version="1";format="raw";kind="firmware";match="x:1";'
echo one >"$T/d/one.bin"; echo "$side" >"$T/d/one.bin.component.cfg"
(cd "$T/spp" && zip -q -0 -r "$T/d/inner.zip" manifest packages/cp1.exe packages/cp2.exe)
sleep 0.1; scan "$T/d"; found >"$T/first"
scan "$T/d"
is "a folder: nothing is read again" "$(reused)" 3
is "what is in its archive is known, too" "$(found | cmp - "$T/first" && echo same)" same
echo two >"$T/d/one.bin"; sleep 0.1; scan "$T/d"
is "a file that changed is read" "$(reused)" 2
is "and has another digest" "$(jq -r 'select(.component.id == "one.bin") | .component.files[0].sha256' "$T/out")" "$(sha256sum <"$T/d/one.bin" | cut -d' ' -f1)"
rm "$T/d/inner.zip"; scan "$T/d"
is "what is gone is forgotten" "$(grep -c inner.zip "$T/cache")" 0
printf 'nonsense\n{"key": 5}\n{"key": "x", "record": 7}\n' >>"$T/cache"; scan "$T/d"
done_is "nonsense among what was kept does no harm" '{"components":1,"problems":0}'


# ---- what changes while it is read
mkdir "$T/busy"; head -c 64M /dev/zero >"$T/busy/big.bin"; head -c 100 /dev/urandom >"$T/busy/small.bin"
for f in big small; do echo "name=\"$f\";version=\"1\";format=\"raw\";kind=\"firmware\";match=\"x:$f\";" >"$T/busy/$f.bin.component.cfg"; done
tar -C "$T/busy" -cf "$T/busy.tar" .
(while [ -e "$T/busy/big.bin" ]; do touch "$T/busy/big.bin" "$T/busy.tar"; done) 2>/dev/null & toucher=$!
at_exit "kill $toucher 2>/dev/null"
named () { fettle-scan "$T/busy" >"$T/out" 2>/dev/null; grep -q '"file":"big.bin","message":"it changed while it was read' "$T/out"; }
ok "a file that changes while it is read is refused, and named" soon named
is "others are what they are" "$(jq -r 'select(.component) | .component.id' "$T/out")" small.bin
whole () { fettle-scan "$T/busy.tar" >"$T/out" 2>/dev/null; grep -q '"file":"\.","message":"busy.tar changed while it was read' "$T/out"; }
ok "so is an archive" soon whole
is "nothing of it counts" "$(jq -c 'select(.done)' "$T/out")" ""
kill $toucher; wait $toucher 2>/dev/null
fettle-scan "$T/busy" >"$T/out" 2>/dev/null
is "when it is left alone, it is a component" "$(jq -r 'select(.component) | .component.id' "$T/out" | tr '\n' ' ')" "big.bin small.bin "
done_testing
