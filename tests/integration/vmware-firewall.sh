# vmware-firewall.sh - the firewall of an emulated ESXi host (sim/esx.py): opened
# for our address alone, and exactly restored.
# Plugins: vmware
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/esx-lib.sh"
ok "the emulated host is there" esx_start
former () { jq -r 'select(.former).former' <<<"$OUT"; }
restore () { call firewall_restore "$(jq -cn --arg a "$1" '{argument: $a}')"; }
changes () { asked 'UpdateRuleset\|EnableRuleset\|DisableRuleset'; }

call firewall_open
was=$(former)
is "a ruleset that is off: on, for us alone" "$(outcome) $(real nfs)" 'ok [true,[["127.0.0.1"],[]]]'
is "never for more: the list comes first" "$(grep -o ' UpdateRuleset\| EnableRuleset' "$LOG" | tr -d '\n')" " UpdateRuleset EnableRuleset"
call firewall_open
is "opened again: the same, and what was before the first time" "$(outcome) $(former) $(changes)" "ok $was 2"
restore "$was"
is "restored" "$(outcome) $(real nfs) $(real files) $(real sessions)" "ok [false,null] [] 0"
like "which is said" "$(logs)" "firewall is as it was"
restore "$was"
is "twice is no harm" "$(outcome) $(real nfs) $(changes)" "ok [false,null] 4"

esx rules=mine
call firewall_open
was=$(former)
is "one that is on for a few: for us, too" "$(outcome) $(real nfs)" 'ok [true,[["10.0.0.7","127.0.0.1"],["10.2.0.0/16"]]]'
restore "$was"
is "and as it was" "$(outcome) $(real nfs) $(real files)" 'ok [true,[["10.0.0.7"],["10.2.0.0/16"]]] []'

esx
call firewall_open '{"settings": {"firewall_ruleset": "updateManager"}}'
is "one that is on for everybody: nothing to do" "$(outcome) $(former) $(changes)" "ok  0"
call firewall_open '{"settings": {"firewall_ruleset": "none"}}'
is "one that isn't there" "$(outcome) $(former) $(real files)" "unsupported  []"

# Nobody knows whether the first call came through.
for cut in cutafter=UpdateRuleset cutafter=EnableRuleset cutafter=PUT; do
  esx "$cut"
  call firewall_open
  is "$cut: the connection is lost" "$(outcome)" unreachable
  call firewall_open
  is "$cut: again" "$(outcome) $(former) $(real nfs)" 'ok vmware 1 nfsClient 127.0.0.1 0 1 [true,[["127.0.0.1"],[]]]'
  restore "$(former)"
  is "$cut: restored" "$(outcome) $(real nfs) $(real files)" "ok [false,null] []"
done
esx
call firewall_open
was=$(former)
fault cutafter=DisableRuleset
restore "$was"
is "restoring is cut off" "$(outcome) $(real nfs)" 'unreachable [false,[["127.0.0.1"],[]]]'
restore "$was"
is "and done by the next" "$(outcome) $(real nfs) $(real files)" "ok [false,null] []"

esx nodatastore=yes
call firewall_open
like "no datastore for a note" "$(outcome) $(logs)" "^ok .*no datastore for a note"
call firewall_open
is "opened again without one" "$(outcome) $(former)" "ok vmware 1 nfsClient 127.0.0.1 0 1"
restore "$(former)"
is "all the same" "$(outcome) $(real nfs)" "ok [false,null]"
esx licence=free
call firewall_open
is "a licence that lets nobody change it" "$(outcome) $(real nfs) $(real sessions)" "unsupported [false,null] 0"
for bad in nonsense "vmware 1 nfsClient 127.0.0.1 0 1 <x>" "vmware 1 nfsClient x<y 0 1"; do
  restore "$bad"
  is "no former state: $bad" "$(outcome) $(real nfs)" "config [false,null]"
done
is "nothing went wrong in the emulation" "$(cat "$T/esx.err")" ""
done_testing
