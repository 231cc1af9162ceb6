#!/bin/bash
# Real packages, as their vendors made them, out of Debian's archive: a .deb, an
# LVFS cabinet signed by LVFS, .rpms of rpm's own source; all in an ISO image
# that looks like an SPP with 1,000 components.  Added, verified, and one served
# from inside the image.  Needs a way to the archive, else it skips.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq apt-get dpkg-deb ip sshd xorriso tar
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"

apt=(timeout 60 apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o APT::Sandbox::User=root)
mkdir -p "$T/get" "$T/tree/packages" "$T/tree/manifest"
(cd "$T/get" && "${apt[@]}" download hello fwupd fwupd-tests) >"$T/apt.log" 2>&1 ||
  skip_all "Debian's archive can't be reached: $(grep '^E:' "$T/apt.log" | head -n 1)"
. "$srcdir/lab/lab.sh"
export FETTLE_STATE_DIR=$T/state
at_exit 'lab_controller fettle service stop --force >/dev/null 2>&1; lab_down'
fettle () { lab_controller fettle "$@"; }
lab_up 1 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the node can't be made: $(tail -n 1 "$T/lab.log")"

# ---- what there is
hello=$(cd "$T/get" && ls hello_*.deb)
cp "$T/get/$hello" "$T/tree/packages/hello.deb"
for d in fwupd fwupd-tests; do dpkg-deb -x "$T"/get/${d}_*.deb "$T/get/$d"; done
find "$T/get/fwupd-tests" -name '*.cab' -exec cp {} "$T/tree/packages" \;
lvfs=$(find "$T/get/fwupd/etc/pki/fwupd" -name 'GPG-KEY-Linux-Vendor-Firmware-Service')
rpms=
if ! fettle-scan --describe /dev/null 2>&1 | grep -q librpm &&
   [ -r /usr/share/keyrings/debian-archive-keyring.gpg ]; then
  mkdir -p "$T/apt/lists/partial" "$T/apt/cache/archives/partial" "$T/src"
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $codename main" >"$T/apt/list"
  apt+=(-o Dir::Etc::sourcelist="$T/apt/list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$T/apt/lists" -o Dir::Cache="$T/apt/cache")
  (cd "$T/src" && "${apt[@]}" update && "${apt[@]}" --download-only source rpm) >"$T/apt.log" 2>&1 &&
    tar -C "$T/src" -xf "$T"/src/rpm_*.orig.tar.* --wildcards '*/tests/data/RPMS/hello-2.0-1.*' 2>/dev/null &&
    rpms=$(find "$T/src" -name '*.rpm')
fi
mkdir "$T/bad"
for r in $rpms; do
  case $r in *corrupted*) cp "$r" "$T/bad" ;; *x86_64.rpm) ;; *) cp "$r" "$T/tree/packages" ;; esac
done

{
  echo '{"Bundles": [{"Name": "SPP", "Version": "2026.07.00.00"}], "manifest": ['
  for i in $(seq 1000); do
    printf 'firmware %d' "$i" >"$T/tree/packages/fw$i.fwpkg"
    [ "$i" = 1 ] || echo ,
    printf '{"DeviceClass":"C","Type":"Firmware","Devices":{"Device":[{"Target":"T%d","Version":"1.%d"}]},"package":{"name":[{"lang":"en","x_late":"Firmware %d"}],"files":["fw%d.fwpkg"]}}' $i $i $i $i
  done
  echo ']}'
} >"$T/tree/manifest/manifest.json"
for i in $(seq 1000); do mv "$T/tree/packages/fw$i.fwpkg" "$T/tree/packages/fw$i.exe"; done
sed -i 's/\.fwpkg/.exe/g' "$T/tree/manifest/manifest.json"
xorriso -as mkisofs -quiet -R -J -o "$T/spp.iso" "$T/tree" 2>"$T/xorriso.log" || skip_all "xorriso failed"

# ---- added, without and with the vendor's key
lab_password >"$T/password"; chmod 600 "$T/password"
port=(); [ "$lab_mode" = namespaces ] || port=(--ssh-port "$(lab_port 1)")
ok "the node is added" fettle node add "$(lab_address 1)" --name n1 "${port[@]}" --user root --password-file "$T/password"
fettle baseline add "$T/spp.iso" --name before --allow-unsigned >"$T/out" 2>&1
show () { fettle baseline show "$1" --format json >"$T/show.json"; }
of () { jq -r --arg p "packages/$1" '.components[] | select(.id == $p) | '"$2" "$T/show.json"; }
show before
is "1,000 components of the list" "$(jq '[.components[] | select(.name | startswith("Firmware ")) | select(.match | startswith("guid:c:t"))] | length' "$T/show.json")" 1000
is "a real .deb" "$(of hello.deb '"\(.name) \(.version) \(.arch) \(.match)"')" \
  "hello $(dpkg-deb -f "$T/get/$hello" Version) $(dpkg --print-architecture) deb:hello"
cab=$(cd "$T/tree/packages" && ls fakedevice*.cab | head -n 1)
is "a real LVFS cabinet" "$(of "$cab" '"\(.name) \(.format) \(.match)"')" "FakeDevice cab guid:b585990a-003e-5270-89d5-3705a17f9a43"
like "is signed, by whom isn't known" "$(of "$cab" '"\(.signature): \(.signature_text)"')" "^unverifiable: .*OpenPGP key 48A6D80E4538BAC2"
ok "LVFS's key, as fwupd ships it, is trusted" fettle baseline trust --vendor "$lvfs"
fettle baseline add "$T/spp.iso" --name spp --allow-unsigned >"$T/out" 2>&1
show spp
like "LVFS's signature is good" "$(of "$cab" '"\(.signature): \(.signature_text)"')" "^verified: .*Linux Vendor Firmware Service"
if [ -n "$rpms" ]; then
  is "real .rpms" "$(jq -r '.components[] | select(.format == "rpm" and .name == "hello") | "\(.version) \(.arch)"' "$T/show.json" | sort -u | head -n 2 | tr '\n' ',')" \
    "2.0-1 i686,2.0-1 x86_64,"
  like "a signed one says by which key" "$(of hello-2.0-1.x86_64-signed.rpm '"\(.signature): \(.signature_text)"')" "^unverifiable: .*key [0-9A-Fa-f]{8,}"
  fettle-scan "$T/bad" >"$T/out" 2>/dev/null
  is "a corrupted one is refused" "$(jq -r 'select(.problem.file | strings | test("corrupted")) | 1' "$T/out")" 1
  jq -r 'select(.problem) | "# \(.problem.message)"' "$T/out"
else
  skip "real .rpms" "rpm's source can't be had from Debian's archive: $(grep '^E:' "$T/apt.log" | head -n 1)"
fi

# ---- verified
is "nothing in it is a problem" "$(jq -c .problems "$T/show.json")" "[]"
ok "all is what it was when it was added" fettle baseline verify spp --allow-unsigned

# ---- served from inside the image
ok "inventory" fettle inventory
is "it lies in the image as it is" "$(of hello.deb '.files[0] | "\(.container) \(.offset != null)"')" "spp.iso true"
fettle deploy --yes --install-missing --baseline spp --component packages/hello.deb >"$T/deploy.out" 2>&1
is "the real package is deployed from inside the image" $? 0
is "and is on the node" "$(lab_exec 1 dpkg-query -W -f '${Version}' hello 2>&1)" "$(dpkg-deb -f "$T/get/$hello" Version)"
is "nothing was unpacked" "$(find "$FETTLE_STATE_DIR/unpacked" -type f 2>/dev/null | wc -l)" 0
done_testing
