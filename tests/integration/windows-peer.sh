# windows-peer.sh - the emulated Windows server against other people's clients,
# so that what the tests of the windows plugin rely on is so; and the program
# that the plugin runs on its nodes, started through them.
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
requires smbclient

win_up
who=$WIN_USER%$WIN_PASSWORD
client () { timeout 60 smbclient -s "$WIN/back.conf" -U "$who" "$@" 2>&1; }
remote () { timeout 60 net -s "$WIN/back.conf" rpc "$@" -I 127.0.0.1 -U "$who" 2>&1; }

# ---- Files and the registry.
ok "ADMIN\$ is the folder of Windows" client '//127.0.0.1/ADMIN$' -c 'ls system32'
ok "C\$ is the disk" client '//127.0.0.1/C$' -c 'ls windows'
like "a wrong password is refused" "$(who=$WIN_USER%wrong client '//127.0.0.1/ADMIN$' -c ls)" "NT_STATUS_LOGON_FAILURE"
like "who is no administrator has no ADMIN\$" "$(who=plain%$WIN_PASSWORD client '//127.0.0.1/ADMIN$' -c ls)" \
  "NT_STATUS_ACCESS_DENIED"
like "net rpc reads the registry" "$(remote registry enumerate 'HKLM\HARDWARE\DESCRIPTION\System\BIOS')" "Anvil 7 Gen2"
like "over NetBIOS too" "$(client -p 139 '//127.0.0.1/C$' -c ls)" "windows"
like "a share of a node has room or has none" "$(
  win_full 64; head -c 200000 /dev/zero >"$T/big"
  client '//127.0.0.1/ADMIN$' -c "put $T/big temp\\big"; win_room)" "NT_STATUS_DISK_FULL"
for dialect in SMB2_10 SMB3_00 SMB3_02 SMB3_11; do
  win_smbd "server max protocol = $dialect"
  ok "$dialect" client '//127.0.0.1/ADMIN$' -c ls
done
win_smbd "smb encrypt = required"
not_ok "without encryption, where it is demanded" client '//127.0.0.1/ADMIN$' -m SMB2 -c ls
ok "with encryption" client '//127.0.0.1/ADMIN$' -c ls
win_smbd
if command -v nmbd >/dev/null && command -v nmblookup >/dev/null; then
  ok "its names are told by NBSTAT" win_names
  like "the server's among them" "$(nmblookup -s "$WIN/nmb.conf" -A "$WIN_NAMES")" "ANVIL7 +<20>"
else
  skip "NBSTAT" "needs nmbd and nmblookup"
fi

if [ -z "$WIN_WINE" ]; then
  skip "services" "needs Wine (wine64) and x86_64-w64-mingw32-gcc"
  done_testing
  exit
fi

# ---- Services.
like "net rpc lists the services of Wine" "$(remote service list)" "RemoteRegistry"
win_registry disabled
like "without RemoteRegistry no registry" "$(remote registry enumerate 'HKLM\HARDWARE')" "NT_STATUS"
win_registry auto
ok "with it there is one" remote registry enumerate 'HKLM\HARDWARE'

if /usr/bin/python3 -c 'import impacket' 2>/dev/null; then
  is "impacket sees the same" "$(/usr/bin/python3 "$srcdir/sim/windows/impacket-check.py" "$WIN_USER" "$WIN_PASSWORD" \
    'HARDWARE\DESCRIPTION\System\BIOS' SystemProductName RemoteRegistry 2>&1 | tr '\n' ' ')" \
    "dialect 0x0300 value Anvil 7 Gen2 type 2 "
else
  skip "impacket" "needs python3-impacket"
fi

F=$WIN_WINDOWS/temp/fettle-x
# order NAME [FILE...]: the order on standard input, carried out by a service of that name.
order () {
  local name=$1; shift
  mkdir -p "$F"; cat >"$F/order"
  cp "$builddir/../plugins/windows/target/target.exe" "$@" "$F/"
  remote service create "$name" "$name" '"C:\windows\Temp\fettle-x\target.exe"' >"$T/service" 2>&1
  remote service start "$name" >>"$T/service" 2>&1
  soon test -e "$F/result" >/dev/null || { cat "$T/service"; win_services; }
  cat "$F/result"
}
again () { remote service delete "$1" >/dev/null; rm -rf "$F"; }
I=$builddir/sim/windows
for code in 0 1 2 3; do
  cp "$I/installer.exe" "$T/cp01.exit-$code.lines-3.exe"
  is "a service runs an installer that ends with $code" \
    "$(printf 'timeout 60\nrun cp01.exit-%s.lines-3.exe /s\n' $code | order fettle-$code "$T/cp01.exit-$code.lines-3.exe")" "{\"exit\":$code}"
  [ $code != 3 ] || like "what it says is kept" "$(tr -d '\r' <"$F/output" | tr '\n' ' ')" "line 1 of 3 .*line 2 of 3 .*ends with 3"
  again fettle-$code
done
cp "$I/installer.exe" "$T/hang.child.exe"
is "one that hangs is ended in time, its child with it" \
  "$(printf 'timeout 1\nrun hang.child.exe\n' | order fettle-hang "$T/hang.child.exe")" '{"timeout":true}'
gone () { ! pgrep -f 'hang\.child' >/dev/null; }
ok "neither goes on" soon gone
again fettle-hang
is "what isn't there can't be run" "$(printf 'run nothing.exe\n' | order fettle-none)" '{"error":"CreateProcess","code":2}'
again fettle-none
is "an order that isn't understood isn't carried out" "$(printf 'do it\n' | order fettle-odd)" '{"error":"order","code":13}'
again fettle-odd
is "WMI answers" "$(printf 'wmi Win32_BIOS\nwmi Win32_NoSuch\nwmi a b\n' | order fettle-wmi)" '{"exit":0}'
is "in JSON lines" "$(jq -c '[.class, (.values.Manufacturer // .end // .error)]' "$F/output" | tr '\n' ' ')" \
  '["Win32_BIOS","The Wine Project"] ["Win32_BIOS",1] ["Win32_NoSuch",0] ["a b","0x80041010"] '
again fettle-wmi
mkdir -p "$F"; : >"$F/abandon"
printf 'run cmd.exe /c echo late\n' | order fettle-late >/dev/null
nothing () { [ -z "$(win_left)" ]; }
ok "one that nobody waits for removes its service and its folder" soon nothing
win_left
done_testing
