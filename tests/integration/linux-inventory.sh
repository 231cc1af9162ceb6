# linux-inventory.sh - what the Linux plugin finds on real nodes.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/lab/calls.sh"
lab_or_skip 1

call 1 probe
answers 0 '' "a node is probed"
like "it is a Linux machine" "$log" '"score":90'

call 1 inventory
answers 0 '' "a node is inventoried, by password"
like "its system is known" "$log" '"id":"os".*"match":"os:'
like "its kernel is known" "$log" "\"version\":\"$(uname -r)\""
count () { grep -o "\"id\":\"$1:" "$T/call.1" | wc -l; }
is "all its packages are known" "$(count deb)" "$(lab_exec 1 dpkg-query -W -f '${db:Status-Status}\n' | grep -cx installed)"
like "with version and architecture" "$log" \
  "\"match\":\"deb:dpkg\",\"arch\":\"$(dpkg --print-architecture)\""

call 1 inventory user=admin password=none key="$(lab_key)"
answers 0 '' "an ordinary user with a key inventories, without sudo"

if [ "$lab_mode" = namespaces ]; then
  lab_controller timeout 60 "$builddir/lab/call" inventory "$(lab_address6 1)" password="$(lab_password)" \
    >"$T/call.1" 2>"$T/call.1.err"
  outcome 1
  answers 0 '' "over IPv6"
  lab_configure 1 port=2222
  call 1 inventory
  answers 0 '' "on another port"
fi

call 1 inventory password=wrong
answers -5 '.' "a wrong password is refused, with words"

if lab_exec 1 sh -c 'command -v rpm' >/dev/null; then
  lab_exec 1 sh -c 'cat >/tmp/x.rpm; rpm -U /tmp/x.rpm' <"$(lab_build_rpm fl-rpm 1.0-3 "$T")" >"$T/rpm.log" 2>&1
  call 1 inventory
  like "packages of rpm are known" "$log" '"match":"rpm:fl-rpm"'
  like "with version and release" "$log" '"version":"1.0-3","scheme":"rpm"'
else
  skip "packages of rpm are known" "no rpm here"
fi

# ---- what tools and files say may be nonsense

tool () { # name, script
  printf '#!/bin/sh\n%s\n' "$2" >"$T/tool"
  lab_exec 1 sh -c "mkdir -p /usr/local/bin; cat >/usr/local/bin/$1; chmod 755 /usr/local/bin/$1" <"$T/tool"
}

tool fwupdmgr 'echo words; echo "{\"Devices\": [{\"Name\": \"System Firmware\", \"DeviceId\": \"a1\", \"Version\": \"1.2.3\", \"Flags\": [\"updatable\"], \"Guid\": [\"c6682ade-b5ec-57c4-b687-676351208742\"]}]}"'
tool ethtool 'printf "driver: virtio_net\nfirmware-version: 20.1.5 (X_1)\n"'
call 1 inventory
answers 0 '' "fwupd and ethtool are asked"
like "firmware that fwupd knows" "$log" '"id":"fwupd:a1".*"version":"1.2.3","scheme":"dotted","match":"guid:c6682ade-b5ec-57c4-b687-676351208742"'

tool fwupdmgr 'head -c 300000 /dev/urandom'
tool ethtool 'head -c 100000 /dev/urandom; exit 3'
tool lspci 'yes | head -c 1000000'
tool dpkg-query 'printf "install ok installed\\tgood\\t1\\tall\\nbad\\n"; head -c 400000 /dev/urandom; echo; printf "install ok installed\\tlast\\t2\\tall\\n"'
tool rpm 'echo "error: rpmdb open failed" >&2; exit 1'
call 1 inventory
answers 0 '' "nonsense from every tool doesn't fail the inventory"
like "the good row before it is kept" "$log" '"id":"deb:good:all"'
like "and the good row after it" "$log" '"id":"deb:last:all"'
like "a bad row is named in the log" "$log" '"log":"a row of dpkg-query can.t be used'
like "what a tool complains of is in the log" "$log" 'rpmdb open failed'
ok "messages are valid UTF-8" iconv -f UTF-8 -t UTF-8 -o "$T/utf8" "$T/call.1"

lab_exec 1 sh -c 'cd /usr/local/bin && rm -f *; for t in dpkg-query rpm lspci ethtool timeout sort; do
  p=$(command -v $t) && mv "$p" "$p.away"; done; :'
call 1 inventory
answers 0 '' "missing tools don't fail the inventory"
like "the system is still known" "$log" '"id":"os"'
is "there are no packages then" "$(count deb)" 0

lab_exec 1 sh -c 'mv /bin/dash.away /bin/dash 2>/dev/null; usermod -s /usr/sbin/nologin operator'
call 1 inventory user=operator
answers -6 'POSIX shell' "a user without a shell gets a clear word"

done_testing
