# windows-deploy.sh - components on a server of smbd and Wine: a real service
# runs a real installer. Whatever happens, nothing is left on the node.
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
win_up
[ -n "$WIN_WINE" ] || skip_all "needs wine and x86_64-w64-mingw32-gcc"
FILE=$builddir/sim/windows/installer.exe
SIZE=$(stat -c %s "$FILE")
more='{}'
deploy () { # TOKEN NAME [FORMAT [FLAGS]]
  call deploy "$(jq -cn --arg t "$1" --arg n "$2" --arg f "${3-exe}" --argjson flags "${4-0}" --argjson s "$SIZE" --argjson more "$more" '
    {token: (if $t == "" then null else $t end), image: {id: "agent", format: $f, match: "software:Test_Agent", version: "2.0.0.0",
    flags: $flags, files: [{name: $n, sha256: ("0" * 64), size: $s}]}} + $more')" -- --file "$FILE"
}
go_on () { # NAME [FORMAT [FLAGS]]: the next call, with what the last one said
  deploy "$TOKEN" "$@"
  LOGS+=$(logs)$'\n'
  [ "$(outcome)" = again ] || return 0
  TOKEN=$(token)
  return 1
}
left () { find "$WIN_ROOT" -iname '*fettle*' -printf '%P\n'; } # files alone: asking Wine for services takes its time
whole () { TOKEN='' LOGS=''; soon go_on "$@"; } # until it is over

# ---- exit codes
while IFS='|' read -r name format result words <&3; do
  whole "$name" "$format"
  is "$format, $name" "$(outcome) $(left)" "$result "
  like "$format, $name: in words" "$(text) $LOGS" "$words"
done 3<<'ROWS'
cp1.exit-0.exe|exe|rejected|not installed
cp1.exit-1.lines-3.exe|exe|ok|installer: line 3 of 3
cp1.exit-2.exe|exe|ok-reboot|a restart is needed
cp1.exit-3.exe|exe|ok|attempted nothing
cp1.exit-7.exe|exe|rejected|installer failed with exit code 7
dup1.exit-0.exe|dup|ok|installer: line 1 of 1
dup1.exit-5.exe|dup|unsupported|isn.t for this machine
agent.exit-1618.exe|setup|busy|another installation runs
ROWS
whole x.exe tarball
like "a format that isn't known" "$(outcome) $(text)" '^unsupported .*"tarball"'

whole Order
like "a file that would be taken for one of ours" "$(outcome) $(text)" "^config .*a file Order"

# ---- an update, seen by the inventory
whole cp1.exit-1.version-2-0-0-0.mark.exe exe 2
call inventory '{"settings": {"wmi_classes": "none"}}'
is "the new version is there" "$(items | jq -r 'select(.id == "software:test_agent").version')" 2.0.0.0
is "it was run once" "$(wc -l <"$WIN_ROOT/node/installed")" 1
like "quietly" "$(cat "$WIN_ROOT/node/installed")" "^1 /s"

# ---- each dialect, encrypted where it can be: an update, and what the next inventory finds
n=3
while IFS='|' read -r what max lines <&3; do
  win_smbd "server max protocol = $max" ${lines:+"$lines"}
  whole cp1.exit-1.version-$n-0-0-0.exe
  result=$(outcome)
  call inventory '{"settings": {"wmi_classes": "none"}}'
  is "an update by $what" "$result $(items | jq -r 'select(.id == "software:test_agent").version') $(left)" "ok $n.0.0.0 "
  n=$((n + 1))
done 3<<'ROWS'
SMB 2.1, which has no encryption|SMB2_10|
SMB 3.0, encrypted|SMB3_00|smb encrypt = required
SMB 3.0.2, encrypted|SMB3_02|smb encrypt = required
SMB 3.1.1, encrypted|SMB3_11|smb encrypt = required
ROWS
win_smbd "server max protocol = SMB2_10" "smb encrypt = required"
deploy '' cp1.exit-1.exe
like "SMB 2.1 where encryption is demanded" "$(outcome) $(text)" "^(auth|unsupported|rejected) "
win_smbd

# ---- an installation that takes too long
more='{"settings": {"install_timeout": "1"}}'
whole cp1.hang.exe
like "after install_timeout it is told of" "$(outcome) $(text)" "^timeout it still runs after 1 s and is left alone"
is "it isn't cut" "$(pgrep -f 'cp1\.hang' >/dev/null && echo runs) $(left)" "runs windows/fettle-t-1"
pkill -f 'cp1\.hang'
nothing () { [ -z "$(left)" ]; }
ok "when it ends, it takes its files along" soon nothing
more='{}'

# ---- a restart that is waited for since
whole cp1.exit-1.pending.exe
like "an installation that leaves the node waiting" "$(outcome) ${LOGS//$'\n'/ }" "^ok-reboot .*waits for a restart since this"
regs () { net -s "$WIN/back.conf" registry "$@" >/dev/null; }

# ---- BitLocker: manage-bde is a stand-in, which notes how it was called
regs createkey 'HKLM\SYSTEM\CurrentControlSet\Control\BitlockerStatus'
regs setvalue 'HKLM\SYSTEM\CurrentControlSet\Control\BitlockerStatus' BootStatus dword 1
cp "$FILE" "$WIN_WINDOWS/system32/manage-bde.exe"
ran () { tr -d '\r' <"$WIN_ROOT/node/installed" | tr '\n' ' '; rm -f "$WIN_ROOT/node/installed"; }
rm -f "$WIN_ROOT/node/installed"
whole cp1.exit-1.mark.exe
like "one on a node that waited before" "$(outcome) ${LOGS//$'\n'/ }" "^ok .*has waited for a restart before"
is "its locked disk is left locked without bitlocker_suspend" "$(ran)" "1 /s "
regs deletekey 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending'
more='{"settings": {"bitlocker_suspend": "yes"}}'
echo mark >"$WIN_WINDOWS/system32/installer.txt"
whole cp1.exit-1.mark.exe
is "with it, it is suspended first" "$(outcome) $(ran) $(left)" "ok 0 -protectors 1 /s  "
echo mark.exit-5 >"$WIN_WINDOWS/system32/installer.txt"
whole cp1.exit-1.mark.exe
like "where it can't be, nothing is installed" "$(outcome) $(text): $(ran)" "^rejected BitLocker couldn.t be suspended on C:.*: 5 -protectors $"
clean () {
  call cleanup "$(jq -cn --arg t "$TOKEN" '{token: (if $t == "" then null else $t end)}')"
  TOKEN=$(token)
  [ "$(outcome)" != again ]
}
TOKEN=
soon clean
is "and nothing is left" "$(outcome) $(left)" "ok "
more='{}'

# ---- Windows Installer: Wine's own, and a package made here
if command -v wixl >/dev/null; then
  cat >"$T/agent.wxs" <<'X'
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi"><Product Id="*" Name="Test Tool" Language="1033" Version="2.0.0"
  Manufacturer="Fettle Works" UpgradeCode="0a1b2c3d-0000-4000-8000-00000000a001"><Package InstallerVersion="200" Compressed="yes"/>
<Media Id="1" Cabinet="a.cab" EmbedCab="yes"/><Directory Id="TARGETDIR" Name="SourceDir"><Directory Id="WindowsFolder">
<Directory Id="D" Name="TestTool"><Component Id="C" Guid="0a1b2c3d-0000-4000-8000-00000000a002"><File Id="F" Source="tool.txt" KeyPath="yes"/>
</Component></Directory></Directory></Directory><Feature Id="All" Level="1"><ComponentRef Id="C"/></Feature></Product></Wix>
X
  echo hallo >"$T/tool.txt"
  (cd "$T" && wixl -a x64 -o agent.msi agent.wxs)
  FILE=$T/agent.msi SIZE=$(stat -c %s "$T/agent.msi")
  whole agent.msi msi
  is "an .msi is installed" "$(outcome) $(cat "$WIN_WINDOWS/TestTool/tool.txt") $(left)" "ok hallo "
  like "its log is in the task's" "$LOGS" "Action ended .*: INSTALL. Return value 1"
  head -c 3000 "$T/agent.msi" >"$T/cut.msi"
  FILE=$T/cut.msi SIZE=3000
  whole cut.msi msi
  like "what isn't one is refused" "$(outcome) $(text) $(left)" "^rejected .*exit code 16"
  FILE=$builddir/sim/windows/installer.exe SIZE=$(stat -c %s "$builddir/sim/windows/installer.exe")
else
  skip "an .msi" "needs wixl"
fi

# ---- no room
win_full 64
whole cp1.exit-1.exe
like "a full disk" "$(outcome) $(text)" "^rejected .*disk is full: .*free some"
is "leaves nothing" "$(left)" ""
win_room

# ---- who isn't let in
more=$(jq -n --arg p "$WIN_PASSWORD" '{credentials: {user: "plain", password: $p}}')
deploy '' cp1.exit-1.exe
is "ADMIN\$ is denied" "$(outcome) $(left)" "auth "
more='{}'
if command -v smbclient >/dev/null; then
  win_admin "max connections = 1"
  win_smbd
  smbclient -s "$WIN/back.conf" -U "$WIN_USER%$WIN_PASSWORD" '//127.0.0.1/ADMIN$' < <(echo 'put /dev/null held'; exec sleep 60) >/dev/null 2>&1 &
  holder=$!
  soon test -e "$WIN_WINDOWS/held"
  deploy '' cp1.exit-1.exe
  like "the one connection that ADMIN\$ allows is another's" "$(outcome) $(text)" '^(auth|busy|rejected) '
  is "nothing is left then" "$(left)" ""
  kill $holder
  wait $holder 2>/dev/null
  win_admin
  win_smbd
fi

# ---- the worker killed when something is on the node (windows-cut.sh cuts connections, windows-service.sh kills the service)
cut () { # FILE NAME: calls until that file is there, and then kills; the rest is up to the next call
  local call
  TOKEN='' LOGS='' CUT=
  rm -f "$WIN_ROOT/node/installed"
  while :; do
    deploy "$TOKEN" "$2" &
    call=$!
    while kill -0 $call 2>/dev/null; do
      if [ -e "$WIN_WINDOWS/fettle-t-1$1" ]; then
        CUT=yes
        kill -9 $(pidof fettle-worker) 2>/dev/null # of this namespace
        break
      fi
      sleep 0.02
    done
    wait $call
    [ -z "$CUT" ] || return 0
    go_on "$2" && return 0
  done
}
for file in '' /target.exe /order /result; do
  name=cp1.exit-1.mark.ms-300.exe
  cut "$file" $name
  is "killed when fettle$file is there" "$CUT" yes
  if [ "$file" = /order ]; then # going on is as good as cleaning up
    soon go_on $name
    is "it goes on" "$(outcome) $(wc -l <"$WIN_ROOT/node/installed") $(left)" "ok 1 "
  else
    TOKEN=
    soon clean
    is "cleaning up leaves nothing" "$(outcome) $(left)" "ok "
  fi
done
is "in the end nothing is left, no service either" "$(win_left)" ""
done_testing
