# windows-inventory.sh - what the windows plugin finds on a server of smbd and
# Wine: by each dialect, where the registry's service is off, where it isn't let in.
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
win_up bitlocker=1
none='{"settings": {"wmi_classes": "none"}}'

call inventory "$none"
is "the inventory" "$(outcome) $(text)" "ok null"
is "what is on the node" "$(brief)" "os|os|Windows Server 2022 Standard 21H2|10.0.20348.2340|-
hardware|system|Fettle Works Anvil 7 Gen2||-
hardware|serial|Serial number|FT0123456X|-
hardware|uuid|UUID|33221100-5544-7766-8899-aabbccddeeff|-
hardware|sku|Product number|P00-001|-
hardware|asset|Asset tag|ASSET-9|-
hardware|board|Anvil Board|BRD0042|-
hardware|memory|Memory: 32768 MiB in 1 modules||-
hardware|slot:1|PCI-E Slot 1|in use|0000:12:00.0
hardware|slot:2|PCI-E Slot 2|empty|-
hardware|tpm|BitLocker without a TPM||BitLocker
firmware|bios|System firmware (BIOS)|T77|-
firmware|esrt:0a1b2c3d-0000-4000-8000-00000000f001|System firmware (UEFI capsule)|65556|-
firmware|esrt:0a1b2c3d-0000-4000-8000-00000000f002|Device firmware (UEFI capsule)|5|-
driver|driver:pci_ven_1dd8_dev_1003|Fettle Works Fettle Gigabit Adapter|20.1.1.5|Net, 2023-06-21, oem3.inf
driver|driver:pci_ven_9005_dev_028f|Fettle Works Fettle Array Controller|100.20.0.64|SCSIAdapter, 2022-11-02, oem7.inf
driver|driver:uefi_res_0a1b2c3d|Fettle Works System Firmware|1.20.0.0|Firmware, 2024-03-04, oem9.inf
package|software:test_agent|Test Agent|1.0.0.0|Fettle Works
package|software:90160000-0001-0000-1000-0000000ff1ce|Größen-Werkzeug|16.0.1|Fettle Works GmbH
package|software:old_tool:32|Old Tool|2.5|-
package|update:KB5034439|Windows update KB5034439|20348.2340.1.7|-
package|update:KB5035857|Windows update KB5035857|20348.2340.1.7|-
package|service:FettleAgent|FettleAgent 7||automatic"
is "by what components are for" "$(items | jq -r 'select(.kind != "hardware" and .kind != "package").match' | head -5)" \
  "os:windows os:windows:serverstandard
dmi:Fettle_Works:Anvil_7_Gen2
guid:0a1b2c3d-0000-4000-8000-00000000f001
guid:0a1b2c3d-0000-4000-8000-00000000f002
pci:1dd8:1003 hwid:pci_ven_1dd8_dev_1003"
is "a locked disk guards the firmware" "$(items | jq -r 'select(.encrypted).id | split(":")[0]' | tr '\n' ' ')" "tpm bios esrt esrt "
call inventory '{"settings": {"wmi_classes": "none", "windows_drivers": "yes"}}'
like "Microsoft's drivers, where they are wanted" "$(brief)" 'WAN Miniport \(IP\)\|10\.0\.20348\.1\|Net, 2006-06-21'
services () { # SETTING
  call inventory '{"settings": {"wmi_classes": "none", "services": "'"$1"'"}}'
  brief | sed -n 's/^package|service:\(Fettle[^|]*\).*|/\1 /p' | tr '\n' ' '
}
is "all services, where they are wanted" "$(services all)" "FettleAgent automatic FettleHost manual "
is "or none" "$(services none)" ""
call inventory '{"settings": {"wmi_classes": "Win32_BIOS; DROP"}}'
if [ -n "$WIN_WINE" ]; then
  like "what is no class isn't asked for" "$(outcome) $(text)" '^config .*"Win32_BIOS;" is no class of WMI'
fi

# ---- what waits for a restart
regs () { net -s "$WIN/back.conf" registry "$@" >/dev/null; }
waits () { logs | sed -n 's/^the node waits for a restart: //p'; }
current='HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion' session='HKLM\SYSTEM\CurrentControlSet\Control\Session Manager'
while IFS='|' read -r key why <&3; do
  regs createkey "$current\\$key"
  call inventory "$none"
  is "a restart is waited for: $key" "$(outcome) $(waits)" "ok $why"
  regs deletekey "$current\\$key"
done 3<<'ROWS'
Component Based Servicing\RebootPending|updates of Windows wait for it
WindowsUpdate\Auto Update\RebootRequired|Windows Update wants it
ROWS
regs setvalue "$session" PendingFileRenameOperations multi_sz '\??\C:\x' ''
call inventory "$none"
is "a restart is waited for: a file's name" "$(outcome) $(waits)" "ok files in use are to be replaced"
regs deletevalue "$session" PendingFileRenameOperations
call inventory "$none"
is "and then no more" "$(outcome) $(waits)" "ok "

# ---- each dialect, encryption
while IFS='|' read -r what line <&3; do
  win_smbd ${line:+"$line"}
  call inventory "$none"
  is "$what" "$(outcome) $(items | wc -l)" "ok 23"
done 3<<'ROWS'
SMB 2.1|server max protocol = SMB2_10
SMB 3.0|server max protocol = SMB3_00
SMB 3.0.2|server max protocol = SMB3_02
SMB 3.1.1, encrypted|smb encrypt = required
ROWS

# ---- who isn't let in
call inventory '{"credentials": {"user": "Administrator", "password": "wrong"}}'
is "a wrong password" "$(outcome)" auth
call inventory "$(jq -cn --arg p "$WIN_PASSWORD" '{credentials: {user: "plain", password: $p}, settings: {wmi_classes: "none"}}')"
is "who is no administrator" "$(outcome)" auth
like "is told what it takes" "$(text)" "administrator"
win_smbd

if [ -n "$WIN_WINE" ]; then
  # ---- WMI
  call inventory '{"settings": {"wmi_classes": "Win32_BIOS Win32_Nothing"}}'
  is "what WMI says is an item by the table" "$(outcome) $(brief | grep -c '^hardware|wmi:Win32_BIOS:')" "ok 1"
  is "the program that asked it is gone" "$(win_left)" ""
  call inventory '{"settings": {"wmi_classes": "Win32_BIOS"}}' &
  call=$!
  soon test -s "$WIN_WINDOWS/fettle-wmi/order"
  like "it has a limit of its own" "$(head -n 1 "$WIN_WINDOWS/fettle-wmi/order")" "^timeout 120"
  wait $call

  # ---- RemoteRegistry
  registry () { win_services | awk '$1 == "RemoteRegistry" { print $2, $3 }'; }
  for start in disabled demand; do
    win_registry $start
    was=$(registry)
    call inventory "$none"
    is "RemoteRegistry is $start: the inventory" "$(outcome) $(items | wc -l) $(text)" "ok 23 null"
    is "RemoteRegistry is $start again" "$(registry) $(win_left)" "$was "
  done
  win_registry auto
  was=$(registry)
  echo 3 >"$WIN_ROOT/node/late"
  call inventory "$none"
  is "RemoteRegistry was started by our knocking, and listens late" "$(outcome) $(items | wc -l) $(text) $(registry) $(win_left)" "ok 23 null $was "
  win_registry disabled
  was=$(registry)
  # The worker is killed while it has that service started. One that is through before it is seen
  # puts it back itself, and the next one is tried.
  cut () {
    local call
    call inventory '{"settings": {"wmi_classes": "Win32_BIOS"}}' &
    call=$!
    while kill -0 $call 2>/dev/null; do
      [ ! -e "$WIN_WINDOWS/fettle-wmi/target.exe" ] || { kill -9 $(pidof fettle-worker) 2>/dev/null; break; } # of this namespace
      sleep 0.02
    done
    wait $call
    left=$(win_left)
    [[ $left = *fettle-remote-registry* ]]
  }
  for try in 1 2 3 4 5 6 7 8 9 10; do
    cut && break
  done
  like "killed in the middle, it leaves what it changed, and how it was" "$left" "fettle-remote-registry"
  call inventory "$none"
  is "the next call puts it back" "$(outcome) $(registry)" "ok $was"
  clean () { call cleanup; [ "$(outcome)" = ok ] && [ -z "$(win_left)" ]; }
  ok "and cleaning up leaves nothing" soon clean
else
  skip "WMI, RemoteRegistry" "needs wine and x86_64-w64-mingw32-gcc"
fi

call probe
is "a Samba server isn't taken for Windows" "$(outcome) $(score)" "ok 0"
done_testing
