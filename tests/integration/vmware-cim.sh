# vmware-cim.sh - the CIM server of an emulated ESXi host (sim/cim.py beside
# sim/esx.py): firmware by HPE's providers, tickets and passwords, smart
# components that the host fetches, and what goes wrong with all of that.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/esx-lib.sh"
. "$srcdir/integration/service-lib.sh"
export FETTLE_STATE_DIR=$T/state
ok "the emulated host is there" esx_start --cim "$T/cim" --listen 0.0.0.0

# ---- inventory
firmware () { items | jq -r 'select(.kind == "firmware" and (.id | test("^(bios|bmc|cim:)"))) | [.id, .name, .version, .match // "-", .updateable] | join("|")'; }
ways () { grep -o 'cim by [a-z ]*' "$LOG" | uniq | tr '\n' ';'; }
cat >"$T/hpe" <<'X'
bios|System ROM|v2.40 (02/17/2017)|hpe:p89|true
cim:HPQ:rom2|System ROM (not active)|v1.20 (01/01/2015)|-|false
bmc|iLO <4> & more|2.50|hpe:ri9|true
cim:HPQ:sa1|Emulated Array|6.06|hpe:sa1|true
X
cat >"$T/plain" <<'X'
bios|System ROM|E89 2017-02-17|-|false
bmc|Management processor|2.05|-|false
X
call inventory
is "HPE's providers tell of firmware, and by which names components are for it" "$(outcome) $(firmware | diff - "$T/hpe")" "ok "
is "by a ticket of the session, which doesn't stay" "$(ways) $(sessions_left)" "cim by good ticket; 0"
while IFS='|' read -r how way; do
  esx "$how"
  call inventory
  is "$how: $way" "$(outcome) $(firmware | diff - "$T/hpe") $(ways)" "ok  $way"
done <<'X'
cimprefix=odd|cim by good ticket;
cimonce=yes|cim by good ticket;cim by bad ticket;cim by good ticket;
cimauth=password|cim by bad ticket;cim by password;
fault=AcquireCimServicesTicket:NotSupported|cim by password;
X
esx cimnoservice=yes
call inventory
is "without HPE's installer nothing of it can be updated" "$(outcome) $(firmware | grep -c 'false$')" "ok 4"
esx cimnohpe=yes
call inventory
is "without HPE's providers, what VMware's class tells" "$(outcome) $(firmware | grep -vFxf "$T/plain")" \
  "ok cim:46.10000|Emulated Board Controller|9.9|-|false"
# Nothing of it refuses the host.
while IFS='|' read -r how words; do
  esx "$how"
  call inventory
  is "$how: is no reason to fail" "$(outcome) $(firmware | diff - "$T/plain") $(sessions_left)" "ok  0"
  like "$how: is said" "$(logs)" "$words"
done <<'X'
sfcbd=no|CIM is off on this host: its service sfcbd-watchdog
cim=off|no CIM, .*didn.t answer on 5989
cimauth=nobody|no CIM, .*refuses tickets .*as well as the user and password .status 401
cimstatus=EnumerateInstanceNames:503|no CIM, .*isn.t up .status 503
cimstatus=EnumerateInstances:404|no CIM, .*status 404, and no answer in CIM-XML
cimgarbage=EnumerateInstances|no CIM, .*status 200, and no answer in CIM-XML
cimcut=EnumerateInstances|no CIM, .*didn.t answer on 5989
cimerror=EnumerateInstances:3|no firmware .error 3
cimerror=EnumerateInstances:5|no firmware .error 5
X
esx
call inventory '{"settings": {"cim": "no"}}'
is "it isn't asked where the user doesn't want that" "$(outcome) $(firmware | diff - "$T/plain") $(ways)" "ok  "
is "nothing went wrong in the emulation" "$(cat "$T/esx.err")" ""
done_testing
