#!/bin/bash
# A baseline that is an ISO image with another archive in it, on a real node:
# one package comes from inside the image as it is, one is unpacked first.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq dpkg-deb ip sshd xorriso
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
. "$srcdir/lab/lab.sh"

export FETTLE_STATE_DIR=$T/state
at_exit 'lab_controller fettle service stop --force >/dev/null 2>&1; lab_down'
fettle () { lab_controller fettle "$@"; }
has () { lab_exec 1 dpkg-query -W -f '${Version}' "$1" 2>&1; }

lab_up 1 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the node can't be made: $(tail -n 1 "$T/lab.log")"
mkdir -p "$T/tree/packages"
lab_build_deb stored 1.0 "$T/tree/packages" >/dev/null
lab_build_deb packed 1.0 "$T/inner/sub" >/dev/null
lab_build_deb another 1.0 "$T/inner/sub" >/dev/null
lab_build_deb lost 1.0 "$T/inner/sub" >/dev/null
tar -C "$T/inner" -czf "$T/tree/packages/more.tar.gz" sub
xorriso -as mkisofs -quiet -R -J -o "$T/bundle.iso" "$T/tree" 2>"$T/xorriso.log" || skip_all "xorriso failed"

lab_password >"$T/password"; chmod 600 "$T/password"
port=(); [ "$lab_mode" = namespaces ] || port=(--ssh-port "$(lab_port 1)")
ok "the node is added" fettle node add "$(lab_address 1)" --name n1 "${port[@]}" --user root --password-file "$T/password"
ok "the image is added" fettle baseline add "$T/bundle.iso" --allow-unsigned
fettle baseline show bundle.iso --format json >"$T/show.json"
is "its components, and where they lie" \
  "$(jq -r '.components[] | "\(.id) \(.files[0].container) \(.files[0].offset != null)"' "$T/show.json" | sed 's/_[^ ]*deb//' | sort)" \
"packages/more.tar.gz!/sub/another bundle.iso false
packages/more.tar.gz!/sub/lost bundle.iso false
packages/more.tar.gz!/sub/packed bundle.iso false
packages/stored bundle.iso true"
offset=$(jq -r '.components[] | select(.name == "stored") | .files[0].offset' "$T/show.json")
size=$(jq -r '.components[] | select(.name == "stored") | .files[0].size' "$T/show.json")
is "its bytes are there in the image" \
  "$(tail -c "+$((offset + 1))" "$T/bundle.iso" | head -c "$size" | sha256sum | cut -d' ' -f1)" \
  "$(sha256sum "$T"/tree/packages/stored*.deb | cut -d' ' -f1)"
ok "inventory" fettle inventory
component () { jq -r --arg n "$1" '.components[] | select(.name == $n) | .id' "$T/show.json"; }
deploy () { fettle deploy --yes --install-missing --component "$(component "$1")" >"$T/deploy.out" 2>&1; }
ok "one is deployed from inside the image" deploy stored
is "it is on the node" "$(has stored)" 1.0
is "nothing was unpacked for it" "$(ls "$FETTLE_STATE_DIR/unpacked" 2>/dev/null | wc -l)" 0
ok "one that is compressed is deployed" deploy packed
is "it is on the node, too" "$(has packed)" 1.0
is "it was unpacked, and is what was hashed" "$(cd "$FETTLE_STATE_DIR/unpacked" && sha256sum ./* | sed 's|\./||' | awk '{print ($1 == $2)}')" 1

ok "and one more, after the first was unpacked" deploy another
is "it is on the node as well" "$(has another)" 1.0

# Another image of that name: what was hashed isn't there any more.
sleep 0.01; printf x >>"$T/bundle.iso"
ok "a changed image is refused" sh -c '! "$@"' - fettle deploy --yes --install-missing --component "$(component lost)"
is "and nothing of it is on the node" "$(has lost | grep -c 1.0)" 0
done_testing
