# Custom baselines, supplements, differences, SBOMs.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires jq openssl curl zip xz

export FETTLE_STATE_DIR=$T/state
ports=(--port "$(free_port)" --ssl-port "$(free_port)")
fettle () { command fettle "${ports[@]}" "$@"; }
at_exit 'command fettle service stop --force >/dev/null 2>&1'

component () { # FILE NAME VERSION KIND MORE...
  echo "$2 $3 $RANDOM" >"$1"
  printf 'name = "%s"; version = "%s"; scheme = "dotted"; format = "raw"; kind = "%s";\nmatch = [ "test:%s", "guid:%s" ];\n%s\n' \
    "$2" "$3" "$4" "$2" "$2" "${5-}" >"$1.component.cfg"
}
names () { fettle baseline show "$1" --format json | jq -r '[.components[] | "\(.name) \(.version)"] | sort | join(", ")'; }

mkdir "$T/a" "$T/b" "$T/more"
component "$T/a/nic-1.bin" NIC 1.0 firmware
component "$T/a/bios-1.bin" BIOS 1.0 firmware 'reboot = true; files = "bios-1.sig"; node_types = [ "linux" ]; prerequisites = ( { match = "test:NIC"; min_version = "0.9"; hard = false; } );'
echo signature >"$T/a/bios-1.sig"
component "$T/a/old.bin" Old 3 driver
component "$T/b/nic-2.bin" NIC 2.0 firmware
cp "$T"/a/old.bin* "$T/b"
component "$T/b/fan.bin" Fan 7 firmware
cp -r "$T/b" "$T/c"
echo other >"$T/c/fan.bin"
for x in a b c; do ok "baseline $x" fettle baseline add "$T/$x" --allow-unsigned; done

# ---- diff
is "differences" "$(fettle baseline diff a b --format json | jq -r '[.changes[] | "\(.change) \(.name) \(.from) \(.to)"] | sort | join(", ")')" \
  "added Fan null 7, removed BIOS 1.0 null, version NIC 1.0 2.0"
is "other content, same version" "$(fettle baseline diff b c --format json | jq -r '.changes[] | "\(.change) \(.name)"')" "content Fan"
is "no difference" "$(fettle baseline diff b b --format json | jq '.changes | length')" 0

# ---- custom baselines
ok "firmware of two, the newest" fettle baseline export a b --to "$T/custom" --kind firmware --latest
ok "is a baseline" fettle baseline add "$T/custom" --allow-unsigned
is "of these components" "$(names custom)" "BIOS 1.0, Fan 7, NIC 2.0"
strip='[.components[] | select(.name == "BIOS") | del(.baseline, .baseline_id) | .files |= map({name, size, sha256})]'
is "with all that was known of them" "$(fettle baseline show custom --format json | jq -Sc "$strip")" \
  "$(fettle baseline show a --format json | jq -Sc "$strip")"
ok "by name" fettle baseline export a --to "$T/named" --only 'N*'
is "the one" "$(ls "$T/named" | tr '\n' ' ')" "nic-1.bin nic-1.bin.component.cfg "
not_ok "nothing is meant" fettle baseline export a --to "$T/none" --only 'X*'
printf X | dd of="$T/a/nic-1.bin" conv=notrunc 2>/dev/null
fettle baseline export a --to "$T/changed" >"$T/out" 2>&1
like "a changed file isn't exported" "$?" "^25[24]$"
like "it is named" "$(cat "$T/out")" 'nic-1.bin: nic-1.bin isn.t what it was'
not_ok "nor left there" test -e "$T/changed/nic-1.bin"

# ---- out of archives, and whole folders
mkdir -p "$T/p/in/sub" "$T/p/v7.4.1d/SWBD71" "$T/fos/v8.2.3c1"
component "$T/p/in/sub/disk.bin" Disk 5 firmware
component "$T/p/in/sub/cut.bin" Cut 1 firmware
head -c 3000000 /dev/urandom >"$T/p/in/sub/disk.bin"
tar -C "$T/p/in" -czf "$T/p/inner.tar.gz" sub; tar -C "$T/p" -cJf "$T/p/outer.tar.xz" inner.tar.gz; rm -r "$T/p/in" "$T/p/inner.tar.gz"
echo list >"$T/p/v7.4.1d/release.plist"; echo rpm >"$T/p/v7.4.1d/SWBD71/a.rpm"; head -c 5000000 /dev/urandom >"$T/p/v7.4.1d/install"
cp -r "$T/p/v7.4.1d/." "$T/fos/v8.2.3c1"; tar -C "$T/fos" -czf "$T/fos.tar.gz" v8.2.3c1; cp "$T/fos.tar.gz" "$T/p"
jq -n '{DeviceClass: "C", package: {name: "Two"}, Devices: {Device: [{Target: "T1", Version: "1.0"}, {Target: "T2", Version: "2.0"}]}}' >"$T/payload.json"
(cd "$T" && zip -q p/two.fwpkg payload.json && cp payload.json p/beside.json && echo x >p/beside.bin)
ok "a baseline with archives and a folder" fettle baseline add "$T/p" --name packed --allow-unsigned
what='[.components[] | select(.name != "Two") | {name, version, match, reboot, tree_sha256, files: [.files[] | {name, size, sha256}]}] | sort_by(.name, .version)'
fettle baseline show packed --format json >"$T/packed.json"
is "has them" "$(jq -r '[.components[] | "\(.name) \(.version)"] | sort | join(", ")' "$T/packed.json")" \
  "Cut 1, Disk 5, Fabric OS v7.4.1d, Fabric OS v8.2.3c1, Two 1.0, Two 1.0, Two 2.0, Two 2.0"
fettle baseline export packed --to "$T/x" --only Two --component beside.bin#T1 >"$T/out" 2>&1
like "one that only a list beside it tells apart is refused" "$(cat "$T/out")" 'several components by what lies beside it'
ok "all others are exported" fettle baseline export packed --to "$T/unpacked" \
  $(jq -r '.components[].id | select(startswith("beside") | not) | "--component " + .' "$T/packed.json")
ok "as files and folders" test -f "$T/unpacked/v8.2.3c1/SWBD71/a.rpm" -a -f "$T/unpacked/disk.bin" -a -f "$T/unpacked/v7.4.1d/install"
not_ok "a folder isn't written over" fettle baseline export packed --to "$T/unpacked" --only 'Fabric*'
is "nothing is left of what was tried" "$(ls -A "$T/unpacked" | grep -c '^\.')" 0
ok "which is a baseline" fettle baseline add "$T/unpacked" --allow-unsigned
fettle baseline show unpacked --format json >"$T/unpacked.json"
is "of the same components" "$(jq -c "$what" "$T/unpacked.json")" "$(jq -c "$what" "$T/packed.json")"
is "several of one package too" "$(jq -r '[.components[] | select(.name == "Two") | "\(.id) \(.match)"] | sort | join(", ")' "$T/unpacked.json")" \
  "two.fwpkg#T1 guid:c:t1 guid:t1, two.fwpkg#T2 guid:c:t2 guid:t2"
ok "the archive alone" fettle baseline add "$T/fos.tar.gz" --name fos --allow-unsigned
ok "its folder" fettle baseline export fos --to "$T/fos2"
ok "is the same" diff -r "$T/fos2" "$T/fos"
sleep 0.01; echo other >"$T/p/v7.4.1d/SWBD71/a.rpm"
fettle baseline export packed --to "$T/changed2" --only 'Fabric*' >"$T/out" 2>&1
like "a changed folder isn't exported" "$(cat "$T/out")" "release.plist: the folder isn't what it was"
not_ok "nor left there" test -e "$T/changed2/v7.4.1d"
sleep 0.01; tar -C "$T/b" -cJf "$T/p/outer.tar.xz" .
fettle baseline export packed --to "$T/changed2" --only Disk >"$T/out" 2>&1
like "nor one whose archive is another" "$(cat "$T/out")" "disk.bin: it isn't in its archive any more"
is "nothing of them is there" "$(ls -A "$T/changed2")" v8.2.3c1

# ---- supplements
component "$T/more/nic-3.bin" NIC 3.0 firmware
ok "a supplement" fettle baseline add "$T/more" --allow-unsigned --adds-to b
ok "a node" fettle node add 192.0.2.1 --name nowhere
is "comes with what it adds to" "$(fettle plan --baseline b --format json | jq -c '.unsigned | sort')" '["b","more"]'
is "and with nothing else" "$(fettle plan --baseline c --format json | jq -c '.unsigned | sort')" '["c"]'

# ---- SBOM: CycloneDX 1.5, whose schema no package has; what it demands, by hand
fettle baseline sbom a >"$T/sbom.json"
ok "a CycloneDX document" jq -e '.bomFormat == "CycloneDX" and .specVersion == "1.5" and .version == 1
  and (.serialNumber | test("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))
  and (.metadata.timestamp | test("^20[0-9-]+T[0-9:]+Z$")) and .metadata.component.name == "a"' "$T/sbom.json"
ok "its components: members and types" jq -e 'all(.components[]; (keys - ["type", "bom-ref", "name", "version",
  "description", "hashes", "purl", "properties"] == []) and (.type | IN("firmware", "device-driver", "application",
  "operating-system")) and (.name | length > 0) and (.hashes[0].alg == "SHA-256")
  and (.hashes[0].content | test("^[0-9a-f]{64}$")) and all(.properties[]; (.name | type == "string")
  and (.value | type == "string")))' "$T/sbom.json"
ok "references are unique" jq -e '[.. | objects | .["bom-ref"]? // empty] | length == (unique | length)' "$T/sbom.json"
is "one for each component" "$(jq -r '[.components[].name] | sort | join(" ")' "$T/sbom.json")" "BIOS NIC Old"
is "the digest is the file's" "$(jq -r '.components[] | select(.name == "Old").hashes[0].content' "$T/sbom.json")" \
  "$(sha256sum "$T/a/old.bin" | cut -d' ' -f1)"
is "a node's, before an inventory" "$(fettle node sbom nowhere | jq -c '[.metadata.component.type, (.components | length)]')" \
  '["device",0]'
done_testing
