# windows-firewall.sh - a Windows node's own firewall, and its restart, on a
# server of smbd and Wine.  PowerShell is a stand-in (sim/windows/powershell.c):
# what is seen here is which rules are chosen, that they close whatever happens,
# and that nothing is left.
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
# What Samba does when it is told to restart: it has no keys that last until then.
cat >"$T/restart" <<END
#!/bin/sh
echo "\$@" >"$T/restarted"
net -s "$WIN/back.conf" registry deletekey 'HKLM\\SOFTWARE\\fettle-t-1-boot'
END
chmod 755 "$T/restart"
eval "$(declare -f win_conf | sed '1s/win_conf/plain_conf/')"
win_conf () { plain_conf "$@" "shutdown script = $T/restart '%z' %t %r %f"; }
WINEDLLOVERRIDES="$WINEDLLOVERRIDES;powershell.exe=n" # not Wine's own
win_up
[ -n "$WIN_WINE" ] || skip_all "needs wine and x86_64-w64-mingw32-gcc"
rm -f "$WIN_WINDOWS/system32/powershell.exe"
cp "$builddir/sim/windows/powershell.exe" "$WIN_WINDOWS/system32/"
NODE=$WIN_ROOT/node
rules () { # STATE NAME...: of its firewall
  local state=$1 name
  shift
  { printf 'Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules]\r\n'
    for name; do printf '"%s"="v2.31|Action=Allow|Active=%s|Dir=In|Protocol=6|"\r\n' "$name" "$state"; done; printf '\r\n'; } >"$T/import.reg"
  net -s "$WIN/back.conf" registry import "$T/import.reg" >/dev/null
}
left () { find "$WIN_ROOT" -iname '*fettle*' -printf '%P\n'; }
former () { jq -r 'select(.outcome) | .former // "none"' <<<"$OUT"; }
did () { [ ! -e "$NODE/firewall" ] || tr -d '\r' <"$NODE/firewall"; rm -f "$NODE/firewall"; }

rules TRUE FPS-SMB-In-TCP
call firewall_open
is "what is open already stays as it is" "$(outcome) $(former | tr '\n' ' ') $(did)$(left)" "ok none  "

rules FALSE WMI-RPCSS-In-TCP FPS-NB_Name-In-UDP
call firewall_open
kept=$(former)
like "what is off is opened" "$(outcome) $kept" "^ok windows 1 fettle-t-1-fw"
is "for us alone" "$(did)" "open WMI-RPCSS-In-TCP 127.0.0.1
open FPS-NB_Name-In-UDP 127.0.0.1"
call firewall_open
is "opened again it stays, and is told the same" "$(outcome) $(former) $(did)" "ok $kept "
call firewall_restore "$(jq -cn --arg f "$kept" '{argument: $f}')"
is "it is put back, and nothing is left" "$(outcome) $(did) $(win_left)" "ok shut WMI-RPCSS-In-TCP
shut FPS-NB_Name-In-UDP "
call firewall_restore "$(jq -cn --arg f "$kept" '{argument: $f}')"
is "once more does no harm" "$(outcome) $(did)" "ok "

call firewall_open '{"settings": {"firewall_time": "1"}}'
closed () { grep -q shut "$NODE/firewall"; }
ok "it closes by itself when its time is over" soon closed
kept=$(former)
call firewall_restore "$(jq -cn --arg f "$kept" '{argument: $f}')"
is "and is cleaned up afterwards" "$(outcome) $(left)" "ok "

touch "$NODE/powershell-fails"
call firewall_open
like "PowerShell that fails is told of" "$(outcome) $(text) $(logs)" "^rejected .*couldn.t be opened.*Access is denied"
is "nothing is left then" "$(left)" ""
call firewall_restore '{"argument": "nonsense"}'
is "a former state that isn't one" "$(outcome)" config

# ---- a restart
call activate
is "a restart is prepared" "$(outcome) $(token)" "again boot"
like "by a key that lasts until then" "$(net -s "$WIN/back.conf" registry enumerate 'HKLM\SOFTWARE')" "fettle-t-1-boot"
call activate '{"token": "boot", "target": {"address": "127.0.0.1", "name": "win1", "operation": "t-1", "message": "It comes.", "delay_s": 7}}'
like "then it is asked for" "$(outcome) $(token)" "^again went [0-9]+"
went=$(jq -cn --arg t "$(token)" '{token: $t}')
like "with what users are told, by force" "$(cat "$T/restarted")" "^It_comes_ [0-9_]+ -r -f$"
call activate "$went"
like "the node has restarted when the key is gone" "$(outcome) $(logs)" "^ok the node has restarted"
call activate '{"token": "boot"}'
is "repeated after a crash, it isn't made again" "$(outcome)" ok
call activate
call activate '{"token": "went 1"}'
is "a node that isn't back in time" "$(outcome)" timeout
is "leaves no key" "$(net -s "$WIN/back.conf" registry enumerate 'HKLM\SOFTWARE' | grep -c fettle)" 0
done_testing
