#!/bin/bash
# Every format that tells of itself, made here as its vendor's look; and what
# is wrong with one: bounded, refused, named.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq zip ar tar gzip xz

# A confined process can't be looked through for leaks: the fuzzers' do that.
ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}; export ASAN_OPTIONS

d=$T/baseline
mkdir "$d"
scan () { timeout 120 fettle-scan "${1-$d}" >"$T/out" 2>"$T/err"; echo $? >"$T/status"; }
fresh () { rm -rf "$d"; mkdir "$d"; }
components () { jq -r 'select(.component) | .component | '"$1" "$T/out"; }
problem_of () { jq -r --arg f "$1" 'select(.problem.file == $f) | .problem.message' "$T/out"; }
done_is () { is "$1" "$(jq -c 'select(.done) | .done' "$T/out")" "$2"; }
payload () { # version, target, file
  cat <<END
{"DeviceClass": "79f0c163-0c13-4662-9dea-09235fef90cb", "PackageFormat": "FWPKG-v2", "Type": "Firmware",
 "UpdatableBy": ["Bmc"], "MinimumActiveVersion": "1.10",
 "Devices": {"Device": [{"DeviceName": "a device", "Target": "$2", "Version": "$1",
   "FirmwareImages": [{"FileName": "x.bin", "ResetRequired": true, "InstallDurationSec": 360}]}]},
 "package": {"name": [{"lang": "ja", "x_late": "?"}, {"lang": "en", "x_late": "Firmware of a device"}],
   "description": [{"lang": "en", "x_late": "It  mends\nmuch."}], "files": ["$3"]}}
END
}
guid=a6b1a447-382a-5a4f-14e4-16d815900212 class=79f0c163-0c13-4662-9dea-09235fef90cb

# ---- fwpkg: zip with payload.json, PLDM with a .json beside it
payload 2.10 $guid x.fwpkg >"$T/payload.json"
head -c 300000 /dev/urandom >"$T/x.bin"
(cd "$T" && zip -q "$d/ilo5_210.fwpkg" payload.json x.bin)
{ printf '\xf0\x18\x87\x8c\xcb\x7d\x49\x43\x98\x00\xa0\x2f\x05\x9a\xca\x02\x01\x50\x00'; head -c 13 /dev/zero
  printf '\x08\x00\x01\x0a237.1.1480'; head -c 1000 /dev/urandom; } >"$d/nic.pldm.fwpkg"
payload 237.1.1480 00000000-0000-0000-14e4-000000000001 nic.pldm.fwpkg >"$d/nic.pldm.json"
scan
done_is "firmware packages" '{"components":2,"problems":0}'
is "what payload.json says" "$(components 'select(.id == "ilo5_210.fwpkg") | "\(.name)|\(.version)|\(.scheme)|\(.format)|\(.kind)|\(.match)|\(.reboot)|\(.duration)|\(.summary)|\(.order)"')" \
  "Firmware of a device|2.10|hpe|fwpkg|firmware|guid:$class:$guid guid:$guid|yes|360|It mends much.|100"
is "the version it must have before" "$(components 'select(.id == "ilo5_210.fwpkg") | .prerequisites[] | "\(.match) \(.min_version) \(.hard)"')" \
  "guid:$class:$guid guid:$guid 1.10 true"
is "PLDM's version, and the rest from beside it" "$(components 'select(.id == "nic.pldm.fwpkg") | "\(.version) \(.match) \(.files | length)"')" \
  "237.1.1480 guid:$class:00000000-0000-0000-14e4-000000000001 guid:00000000-0000-0000-14e4-000000000001 1"
fresh # two devices of one kind and one of another, which has another minimum; and a list of a repository
jq -n --arg c "$class" '{DeviceClass: $c, Type: "Firmware", Devices: {Device: [
  {DeviceName: "a", Target: "T-1", Version: "2.0", MinimumActiveVersion: "1.0"},
  {DeviceName: "b", Target: "T-2", Version: "2.0", MinimumActiveVersion: "1.0"},
  {DeviceName: "c", Target: "T-3", Version: "2.0", MinimumActiveVersion: "1.5", DeviceClass: "C3"}]}}' >"$d/drives.json"
jq -n '[range(200) | {Target: "00000000-0000-0000-0000-\(. + 100000000000)", Version: "HPD5"}] |
  {DeviceClass: "D", package: {name: "many"}, Devices: {Device: .}}' >"$d/many.json"
echo '{"listed.bin": {"version": "1.0", "target": ["A", "B"], "deviceclass": "K", "description": "listed",
  "minimum_active_version": "null"}}' >"$d/fwrepo.json"
for f in drives.bin many.bin listed.bin; do echo "$f" >"$d/$f"; done
scan
is "each minimum goes with its devices" "$(components 'select(.files[0].path == "drives.bin") | "\(.id) \(.match) <\(.prerequisites[0].match)> \(.prerequisites[0].min_version)"')" \
  "drives.bin#T-1 guid:$class:t-1 guid:t-1 guid:$class:t-2 guid:t-2 <guid:$class:t-1 guid:t-1 guid:$class:t-2 guid:t-2> 1.0
drives.bin#T-3 guid:c3:t-3 guid:t-3 <guid:c3:t-3 guid:t-3> 1.5"
is "a repository's list" "$(components 'select(.name == "listed") | "\(.match) \(.prerequisites)"')" "guid:k:a guid:a guid:k:b guid:b []"
is "200 devices are 400 words" "$(components 'select(.id == "many.bin") | .match | split (" ") | length')" 400
fresh
size=$(stat -c %s "$T/x.bin")
payload 2.10 $guid x.fwpkg >"$T/payload.json"
(cd "$T" && zip -q "$d/good.fwpkg" payload.json x.bin; zip -q "$d/nothing.fwpkg" x.bin
 echo '{"a": 1}' >p2.json; mkdir -p q; cp p2.json q/payload.json; cd q && zip -q "$d/other.fwpkg" payload.json)
head -c $((size / 2)) "$d/good.fwpkg" >"$d/cut.fwpkg"
{ head -c $((size / 2)) "$d/good.fwpkg"; printf XXXX; tail -c +$((size / 2 + 5)) "$d/good.fwpkg"; } >"$d/flipped.fwpkg"
echo text >"$d/text.fwpkg"
scan
done_is "broken ones" '{"components":1,"problems":5}'
like "without payload.json" "$(problem_of nothing.fwpkg)" 'no payload\.json'
like "with another one" "$(problem_of other.fwpkg)" "doesn't say what it is for"
like "cut" "$(problem_of cut.fwpkg)" 'x\.bin is broken|[Tt]runcated'
like "flipped bytes" "$(problem_of flipped.fwpkg)" 'x\.bin is broken'
like "a text" "$(problem_of text.fwpkg)" 'none of the archives'

# ---- an SPP: list, descriptions, signatures, a bundle's XML
spp () { # folder
  mkdir -p "$1/packages" "$1/manifest" "$1/boot"
  for n in 1 2 3; do head -c 5000 /dev/urandom >"$1/packages/cp00000$n.exe"; done
  cp "$T/x.bin" "$1/packages/U46_2.34.fwpkg"; (cd "$T" && rm -f s.zip && zip -q s.zip payload.json x.bin && cp s.zip "$1/packages/U46_2.34.fwpkg")
  echo sig >"$1/packages/cp000001.compsig"
  echo sig >"$1/packages/cp000002_part1.compsig"; echo sig >"$1/packages/cp000002_part2.compsig"
  echo kernel >"$1/boot/vmlinuz"; echo 'echo hi' >"$1/launch_sum.sh"
  { echo '{"manifest": ['; payload "U46 v2.34 (03/11/2025)" 11111111-0000-0000-0000-000000000001 packages/cp000001.exe
    echo ,; payload 3.0 11111111-0000-0000-0000-000000000002 cp000002.exe; echo ']}'; } >"$1/manifest/manifest.json"
  cat >"$1/packages/cp000003.xml" <<'END'
<?xml version="1.0"?>
<cpq_package version="2.0.1.0"><filename>cp000003.exe</filename>
<name><name_xlate lang="en">NVMe Backplane</name_xlate></name><version value="1.20" revision="D"/>
<description><description_xlate lang="en"><![CDATA[ It updates & mends. ]]></description_xlate></description>
<payload><DeviceClass>AA148D2E</DeviceClass><Devices><Device><DeviceName>NVMe</DeviceName><FirmwareImages><FileName>x.hex</FileName>
<InstallDurationSec>120</InstallDurationSec><ResetRequired>False</ResetRequired></FirmwareImages>
<Target>00000000-0000-0000-0000-000049535320</Target><Version>1.20</Version></Device></Devices></payload></cpq_package>
END
  cat >"$1/packages/bp000001.xml" <<'END'
<cpq_bundle><name><name_xlate lang="en">Gen10 SPP</name_xlate></name><version value="2026.07.00.00" revision=""/>
<contents><package>cp000001.exe</package><package>cp000002.exe</package><package>cp000003.exe</package></contents></cpq_bundle>
END
}
fresh; spp "$d"
scan
done_is "an SPP" '{"components":4,"problems":0}'
is "what it is as a whole" "$(jq -c 'select(.bundle) | .bundle' "$T/out")" '{"name":"Gen10 SPP","version":"2026.07.00.00"}'
is "from the list, with its signature" "$(components 'select(.id == "packages/cp000001.exe") | "\(.version) \(.scheme) \(.format) \(.node_types) \([.files[].name])"')" \
  'U46 v2.34 (03/11/2025) hpe exe ["windows"] ["cp000001.exe","cp000001.compsig"]'
is "with a signature in parts" "$(components 'select(.id == "packages/cp000002.exe") | [.files[].name] | length')" 3
is "from its own XML" "$(components 'select(.id == "packages/cp000003.exe") | "\(.name)|\(.version)|\(.match)|\(.duration)|\(.summary)"')" \
  "NVMe Backplane|1.20|guid:aa148d2e:00000000-0000-0000-0000-000049535320 guid:00000000-0000-0000-0000-000049535320|120|It updates & mends."
rm "$d/packages/cp000002.exe"
scan
like "a file of the bundle that isn't there is named" "$(problem_of packages/bp000001.xml)" "1 file that isn't here: cp000002\.exe"

# ---- LVFS
if command -v gcab >/dev/null 2>&1; then
  fresh; mkdir -p "$T/cab"; cp "$T/x.bin" "$T/cab/firmware.bin"
  metainfo () { # version, sha256
    cat >"$T/cab/org.example.dock.metainfo.xml" <<END
<?xml version="1.0" encoding="UTF-8"?>
<component type="firmware"><id>org.example.dock.firmware</id><name>Dock</name><summary>Firmware for the dock</summary>
<provides><firmware type="flashed">2082b5e0-7a64-478a-b1b2-e3404fab6dad</firmware></provides>
<requires><id compare="ge" version="1.2.0">org.freedesktop.fwupd</id><firmware compare="ge" version="1.0.0"/></requires>
<releases><release version="1.1.0" date="2020-01-01"/>
<release version="$1" date="2021-02-03" install_duration="90"><checksum filename="firmware.bin" target="content" type="sha256">$2</checksum></release>
</releases></component>
END
  }
  metainfo 1.2.3 "$(sha256sum <"$T/x.bin" | cut -d' ' -f1)"
  (cd "$T/cab" && gcab -cn "$d/dock.cab" firmware.bin org.example.dock.metainfo.xml && gcab -czn "$d/dock-z.cab" firmware.bin org.example.dock.metainfo.xml) >/dev/null 2>&1
  metainfo 1.2.4 "$(sha256sum </dev/null | cut -d' ' -f1)"
  (cd "$T/cab" && gcab -cn "$d/wrong.cab" firmware.bin org.example.dock.metainfo.xml; gcab -cn "$d/none.cab" firmware.bin) >/dev/null 2>&1
  size=$(stat -c %s "$d/dock-z.cab"); head -c $((size / 2)) "$d/dock-z.cab" >"$d/cut.cab"
  scan
  like "a cabinet whose checksum is wrong" "$(problem_of wrong.cab)" "firmware\.bin hasn't the sha256 that its metainfo says"
  like "one without metainfo" "$(problem_of none.cab)" 'no \*\.metainfo\.xml'
  like "one that is cut" "$(problem_of cut.cab)" 'broken|[Tt]runcated'
  is "what metainfo says, of its newest release" "$(components '"\(.name)|\(.version)|\(.scheme)|\(.format)|\(.match)|\(.duration)|\(.node_types)"' | sort -u)" \
    'Dock|1.2.3|dotted|cab|guid:2082b5e0-7a64-478a-b1b2-e3404fab6dad|90|["linux"]'
  is "what it requires" "$(components 'select(.format == "cab") | .prerequisites[] | "\(.match) \(.min_version) \(.hard)"')" \
"deb:fwupd rpm:fwupd 1.2.0 false
guid:2082b5e0-7a64-478a-b1b2-e3404fab6dad 1.0.0 true"
else
  skip "LVFS cabinets" "needs gcab"
fi

# ---- VMware: a VIB, and a depot
vib () { # file, name, version
  printf '<vib version="5.0"><type>bootbank</type><name>%s</name><version>%s</version><vendor>HPE</vendor><summary>a driver</summary><live-install-allowed>false</live-install-allowed><payloads><payload name="net" type="vgz"><checksum checksum-type="sha-256">%s</checksum></payload></payloads></vib>' \
    "$2" "$3" "$(sha256sum "$T/net" | cut -d' ' -f1)" >"$T/descriptor.xml"
  rm -f "$1"; (cd "$T" && echo sig >sig.pkcs7 && ar rcS "$1" descriptor.xml sig.pkcs7 "${4-net}")
}
fresh; head -c 9000 /dev/urandom >"$T/net"; head -c 9000 /dev/urandom >"$T/other"
vib "$d/net.vib" net-driver 1.4.5-1OEM.650.0.0
cp "$T/net" "$T/net.good"; cp "$T/other" "$T/net.bad"
vib "$T/bad.vib" bad 1.0; cp "$T/other" "$T/net"; (cd "$T" && ar rS bad.vib net 2>/dev/null); cp "$T/bad.vib" "$d/bad.vib"; cp "$T/net.good" "$T/net"
mkdir -p "$T/depot/vib20/net"; vib "$T/depot/vib20/net/net2.vib" net-two 2.0-1; vib "$T/depot/vib20/net/net3.vib" net-three 3.0-1
depot () { # sha256 of net2
  mkdir -p "$T/md"; cat >"$T/md/vmware.xml" <<END
<metadataResponse><version>3.0</version><bulletin><vibList><vib><name>net-two</name><vibFile><relativePath>vib20/net/net2.vib</relativePath>
<checksum><checksumType>sha-256</checksumType><checksum>$1</checksum></checksum></vibFile></vib></vibList></bulletin></metadataResponse>
END
  (cd "$T/md" && rm -f "$T/depot/metadata.zip" && zip -q "$T/depot/metadata.zip" vmware.xml)
  echo '<vendorList/>' >"$T/depot/index.xml"
  (cd "$T/depot" && rm -f "$2" && zip -q -r "$2" .)
}
depot "$(sha256sum "$T/depot/vib20/net/net2.vib" | cut -d' ' -f1)" "$d/depot.zip"
depot "$(sha256sum </dev/null | cut -d' ' -f1)" "$T/wrong.zip"
scan
done_is "a VIB, a depot's two, a bad one" '{"components":3,"problems":1}'
is "what a VIB says" "$(components 'select(.id == "net.vib") | "\(.name) \(.version) \(.match) \(.format) \(.kind) \(.node_types) \(.reboot)"')" \
  'net-driver 1.4.5-1OEM.650.0.0 vib:net-driver vib driver ["vmware"] yes'
is "a depot's are in it" "$(components 'select(.id | startswith("depot")) | .id')" \
"depot.zip!/vib20/net/net2.vib
depot.zip!/vib20/net/net3.vib"
like "a payload that isn't what it says" "$(problem_of bad.vib)" "payload net hasn't the SHA-256"
mv "$T/wrong.zip" "$d/depot.zip"; scan
like "a VIB that isn't what its depot says" "$(problem_of 'depot.zip!/vib20/net/net2.vib')" "SHA-256 isn't the one that vmware\.xml says"

# ---- Brocade's release folder, scexe
fresh; mkdir -p "$d/v7.4.1d/SWBD71"
echo '<plist/>' >"$d/v7.4.1d/release.plist"; echo a >"$d/v7.4.1d/SWBD71/a.rpm"; echo b >"$d/v7.4.1d/install"
mkdir -p "$d/named"; echo 'release v8.2.3c1 of it' >"$d/named/release.plist"; mkdir -p "$d/none"; echo x >"$d/none/release.plist"
rm -rf "$T/sc"; mkdir "$T/sc"; cp "$T/x.bin" "$T/sc/ilo4_280.bin"
sed 's/cp000003.exe/CP1.scexe/' <<'END' >"$T/sc/CP1.xml"
<cpq_package><filename>CP1.scexe</filename><name><name_xlate lang="en">iLO 4</name_xlate></name><payload><Devices><Device><Target>22222222-0000-0000-0000-000000000001</Target><Version>2.80</Version></Device></Devices></payload></cpq_package>
END
scexe () { { printf '#!/bin/sh\n_SKIP=5\ntail -n +$_SKIP "$0" | tar xz\nexit 0\n'; cat; } >"$1"; }
tar -C "$T/sc" -cz . | scexe "$d/CP1.scexe"
tar -C "$T/sc" -cz . 2>/dev/null | head -c 200000 | scexe "$d/cut.scexe"
printf '#!/bin/sh\nexit 0\n' >"$d/noskip.scexe"
scan
is "a release folder is one component" "$(components 'select(.format == "fos") | "\(.id) \(.version) \(.match) \(.tree)"')" \
"named/release.plist v8.2.3c1 brocade:fos named
v7.4.1d/release.plist v7.4.1d brocade:fos v7.4.1d"
is "with the digest of all of it" "$(components 'select(.tree == "v7.4.1d") | .tree_sha256')" \
  "$(cd "$d/v7.4.1d" && for f in SWBD71/a.rpm install release.plist; do sha256sum $f; done | sha256sum | cut -d' ' -f1)"
like "a folder whose version nobody says" "$(problem_of none/release.plist)" 'which version it is'
is "what a shell archive's XML says" "$(components 'select(.format == "scexe") | "\(.id) \(.name) \(.version) \(.match)"')" \
  "CP1.scexe iLO 4 2.80 guid:22222222-0000-0000-0000-000000000001"
like "one that is cut" "$(problem_of cut.scexe)" 'packed in it: .*(broken|[Tt]runcated|unexpected)'
like "one without _SKIP" "$(problem_of noskip.scexe)" 'no line _SKIP'

# ---- importers: Dell, Lenovo
fresh; mkdir -p "$d/FOLDER1/1"; head -c 7000 /dev/urandom >"$d/FOLDER1/1/BIOS_X.EXE"; head -c 7000 /dev/urandom >"$d/FOLDER1/1/short.EXE"
iconv -f utf-8 -t utf-16 <<END | gzip >"$d/Catalog.xml.gz"
<?xml version="1.0" encoding="utf-16"?>
<Manifest version="24.01.00" baseLocation="downloads.dell.com"><SoftwareComponent path="FOLDER1/1/BIOS_X.EXE" size="7000" vendorVersion="2.19.1" rebootRequired="true">
<Name><Display lang="en"><![CDATA[BIOS R640]]></Display></Name><ComponentType value="BIOS"/>
<SupportedDevices><Device componentID="159"><PCIInfo deviceID="10D3" vendorID="8086" subDeviceID="" subVendorID=""/></Device></SupportedDevices>
</SoftwareComponent><SoftwareComponent path="FOLDER1/1/short.EXE" size="7001" vendorVersion="1.0"><SupportedDevices><Device componentID="1"/></SupportedDevices></SoftwareComponent>
<SoftwareComponent path="FOLDER9/gone.EXE" size="1" vendorVersion="1.0"/></Manifest>
END
head -c 7000 /dev/urandom >"$d/lnvgy_fw_uefi_ive178i-3.31_anyos_32-64.uxz"
cat >"$d/lnvgy_fw_uefi_ive178i-3.31_anyos_32-64.xml" <<'END'
<CIM><INSTANCE><PROPERTY NAME="payload"><VALUE>lnvgy_fw_uefi_ive178i-3.31_anyos_32-64.uxz</VALUE></PROPERTY>
<PROPERTY NAME="Version"><VALUE>IVE178I 3.31</VALUE></PROPERTY><PROPERTY NAME="category"><VALUE>BIOS</VALUE></PROPERTY></INSTANCE></CIM>
END
scan
is "Dell's catalog" "$(components 'select(.format == "dup") | "\(.id) \(.name) \(.version) \(.scheme) \(.kind) \(.match) \(.reboot)"')" \
  "FOLDER1/1/BIOS_X.EXE BIOS R640 2.19.1 dotted firmware dell:159 pci:8086:10d3 yes"
like "a file of another size" "$(problem_of FOLDER1/1/short.EXE)" 'has 7000 bytes, but Catalog\.xml\.gz says 7001'
is "Lenovo's description" "$(components 'select(.format == "uxz") | "\(.version) \(.match) \(.kind) \(.summary)"')" "3.31 lenovo:uefi:ive firmware BIOS"

# ---- archives: escapes, links, bombs, absurd sizes
fresh; mkdir "$T/a"
python3 - "$d" <<'END' 2>/dev/null || skip "hostile archives" "needs python3"
import io, sys, tarfile, zipfile
d = sys.argv[1]
with zipfile.ZipFile(d + '/escape.zip', 'w') as z:
    z.writestr('../../etc/evil.deb', 'x'); z.writestr('/abs.deb', 'x'); z.writestr('a!/b.deb', 'x'); z.writestr('fine.txt', 'x')
with zipfile.ZipFile(d + '/twice.zip', 'w') as z:
    z.writestr('a.deb', 'x'); z.writestr('a.deb', 'y')
def entry(name, **more):
    t = tarfile.TarInfo(name)
    for k, v in more.items(): setattr(t, k, v)
    return t
with tarfile.open(d + '/links.tar', 'w') as t:
    t.addfile(entry('out.deb', type=tarfile.SYMTYPE, linkname='/etc/shadow'))
    t.addfile(entry('sub/up.deb', type=tarfile.SYMTYPE, linkname='../../x'))
    t.addfile(entry('hard.deb', type=tarfile.LNKTYPE, linkname='../etc/shadow'))
    t.addfile(entry('dev.deb', type=tarfile.CHRTYPE))
    t.addfile(entry('/'.join(['d'] * 40) + '/x.deb', size=1), io.BytesIO(b'x'))
with tarfile.open(d + '/absurd.tar', 'w') as t:
    t.addfile(entry('huge.deb', size=0))
    t.fileobj.seek(0); h = entry('huge.deb', size=1 << 60); t.fileobj.write(h.tobuf(tarfile.GNU_FORMAT))
with zipfile.ZipFile(d + '/bomb.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    with z.open('zeros.bin', 'w', force_zip64=True) as f:
        for i in range(1200): f.write(b'\0' * (1 << 20))
END
# Nothing but zeros, three deep.
truncate -s 300M "$T/z"; (cd "$T" && rm -f b1.zip && zip -q b1.zip z && zip -q b2.zip b1.zip && zip -q b3.zip b2.zip && zip -q "$d/deep.zip" b3.zip)
start=$SECONDS; scan
is "hostile archives: exit code" "$(cat "$T/status")" 0
is "no component is in these" "$(components .id)" ""
like "a path that leads out" "$(problem_of 'escape.zip!/../../etc/evil.deb')" 'leads out of the archive'
like "an absolute one" "$(jq -r 'select(.problem.file | strings | endswith("abs.deb")).problem.message' "$T/out")" 'leads out|Debian'
like "one that looks like ours" "$(problem_of 'escape.zip!/a!/b.deb')" 'isn.t allowed'
like "the same twice" "$(problem_of 'twice.zip!/a.deb' | head -n 1)" 'twice|Debian'
like "a link out" "$(problem_of 'links.tar!/out.deb')" 'leads out'
like "a link up" "$(problem_of 'links.tar!/sub/up.deb')" 'leads out'
like "a hard link out" "$(problem_of 'links.tar!/hard.deb')" 'leads out'
like "a device" "$(problem_of 'links.tar!/dev.deb')" "isn't a regular file"
like "too deep" "$(jq -r 'select(.problem.message | strings | test("too deep|too long")).problem.file' "$T/out")" 'links\.tar!/d/d'
like "an absurd size" "$(problem_of 'absurd.tar!/huge.deb')$(problem_of absurd.tar)" 'more than is allowed|unpacked'
like "a bomb" "$(problem_of 'bomb.zip!/zeros.bin')" 'more than is allowed'
tap_line ok "and all that took $((SECONDS - start)) s"

# ---- images that are no baseline
head -c 100000 /dev/urandom >"$T/noise.iso"; scan "$T/noise.iso"
is "noise: exit code" "$(cat "$T/status")" 254
like "and why" "$(problem_of .)" 'noise\.iso: it is none of the archives'
{ head -c $((16 * 2048 + 1)) /dev/zero; printf BEA01; head -c 100000 /dev/zero; } >"$T/udf.iso"; scan "$T/udf.iso"
like "a broken UDF" "$(problem_of .)" 'libudfread|UDF file system can.t be read'
done_testing
