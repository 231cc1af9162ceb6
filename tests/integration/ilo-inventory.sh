# ilo-inventory.sh - the ilo plugin reads captured answers of real iLOs, and of
# other BMCs, from an emulated one that misbehaves where asked to.
# FETTLE_FIXTURES is the folder of the captures: they are not ours to give away.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq openssl python3
LC_ALL=C # sort
export LC_ALL

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=bmc" 2>/dev/null

# bmc FOLDER [FAULTS...]: from now on it is this one.
bmc () {
  bmc_n=$((bmc_n + 1))
  : >"$LOG"
  printf '%s\n' "$@" "new=$bmc_n" >"$T/bmc.how.new"
  mv "$T/bmc.how.new" "$T/bmc.how"
}
bmc_n=0 LOG=$T/bmc.log
bmc none
python3 "$srcdir/sim/bmc" "$T/cert.pem" "$T/key.pem" "$T/bmc" 2>"$T/bmc.err" &
at_exit "kill $! 2>/dev/null"
soon test -s "$T/bmc"
read -r P <"$T/bmc"

# call CALL [MEMBERS of the request]: the lines in $OUT.
call () {
  OUT=$("$builddir/plugins/call" "$(jq -cn --arg call "$1" --argjson p "$P" --argjson more "${2-{\}}" '{call: $call,
    type: "ilo", target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1, ports: [[6, 443, 443, $p, $p]],
    settings: {}, credentials: {user: "admin", password: "secret"}, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
firmware () { items | jq -r 'select(.kind == "firmware") | [.name, .version, .location // "", .updateable] | @tsv' | sort; }
asked () { grep -c "$1" "$LOG"; }
sessions_left () { echo $(($(asked '^POST .* 201') - $(asked '^DELETE .* 200'))); }

# ---- Without captures: one written by hand, as small as can be.

R=$T/made
put () { mkdir -p "$R/$1"; cat >"$R/$1/index.json"; }
put . <<'X'
{"@odata.id": "/redfish/v1", "Oem": {"Hpe": {"Manager": [{"ManagerType": "iLO 6"}]}},
 "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": true}},
 "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
 "Systems": {"@odata.id": "/redfish/v1/Systems"}, "Managers": {"@odata.id": "/redfish/v1/Managers"},
 "UpdateService": {"@odata.id": "/redfish/v1/UpdateService"}}
X
put Systems <<<'{"Members": [{"@odata.id": "/redfish/v1/Systems/1"}]}'
put Systems/1 <<<'{"Model": "ProLiant Made Up", "SerialNumber": "ABC", "BiosVersion": "U99 v1.00",
  "TrustedModules": [{"Status": {"State": "Enabled"}}]}'
put Managers <<<'{"Members": [{"@odata.id": "/redfish/v1/Managers/1"}]}'
put Managers/1 <<<'{"Model": "iLO 6", "FirmwareVersion": "iLO 6 v1.66"}'
put UpdateService <<<'{"FirmwareInventory": {"@odata.id": "/redfish/v1/UpdateService/FirmwareInventory"},
  "Oem": {"Hpe": {"DowngradePolicy": "NoDowngrade"}}}'
F=/redfish/v1/UpdateService/FirmwareInventory
for i in 1 2 3 4 5; do echo "{\"@odata.id\": \"$F/$i\"}"; done | jq -s '{Members: .}' | put UpdateService/FirmwareInventory
made () { # number, name, version, class, targets
  jq -n --arg p "$F/$1" --arg n "$2" --arg v "$3" --argjson c "$4" --argjson t "$5" '{"@odata.id": $p, Id: "1", Name: $n,
    Version: $v, Updateable: true, Oem: {Hpe: {DeviceContext: "System Board", DeviceClass: $c, Targets: $t}}}' |
    put "UpdateService/FirmwareInventory/$1"
}
made 1 "iLO 6" "1.66 Dec 13 2024" '"c1"' '["T1"]'
made 2 "System ROM" "U99 v1.00" '"c2"' '["t2", "t3"]'
made 3 "Data" "1.0" '"c3"' '["t2"]'
made 4 "Backplane" "1.04" '"c4"' '["t4"]'
made 5 "Backplane" "1.04" '"c4"' '["t4"]'

bmc "$R" sessions=1
call inventory
is "a small one" "$(outcome)" ok
is "its items" "$(items | jq -r '[.id, .name, .version, .match // "-"] | join("|")')" \
"system|ProLiant Made Up||-
serial|Serial number|ABC|-
firmware:System-Board/c1|iLO 6|1.66 Dec 13 2024|guid:t1 guid:c1:t1
firmware:System-Board/c2|System ROM|U99 v1.00|guid:c2:t2 guid:t3 guid:c2:t3
firmware:System-Board/c3|Data|1.0|guid:c3:t2
firmware:System-Board/c4|Backplane|1.04|guid:t4 guid:c4:t4
firmware:System-Board/c4#2|Backplane|1.04|guid:t4 guid:c4:t4"
is "versions compare as HPE's, a TPM is on, nothing goes back" "$(items | jq -r 'select(.kind == "firmware") |
  "\(.scheme) \(.tpm) \(.no_downgrade) \(.updateable)"' | sort -u)" "hpe true true true"
is "all firmware in one request" "$(asked 'FirmwareInventory')" 1
is "the session is ended" "$(sessions_left)" 0
call inventory
is "so that one is enough for the next" "$(outcome)" ok
call inventory '{"credentials": {"user": "admin", "password": "wrong"}}'
is "a wrong password" "$(outcome)" auth
like "says what to do" "$(text)" 'refused the user or the password \(status 400: UnauthorizedLoginAttempt\).*fettle node set n1 '
not_ok "and isn't told" grep -q wrong <<<"$OUT"
call probe
is "it is one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 95"
wanted=$(call inventory; items | sort)

bmc "$R" sessions=0
call inventory
is "no session to be had" "$(outcome)" busy
like "says what to do" "$(text)" 'all sessions of the node are in use'

# Faults that don't change what is seen.
for fault in expand=no expand=links slash=yes page=1 page=2 expire=2 busy=UpdateService; do
  bmc "$R" sessions=1 "$fault"
  call inventory
  is "$fault: all is seen" "$(outcome) $(items | sort)" "ok $wanted"
  # One that the node ended itself can't be ended.
  is "$fault: no session stays" "$(sessions_left)" "$([ "$fault" = expire=2 ] && echo 1 || echo 0)"
done
bmc "$R" expire=2 refuse=yes
call inventory
is "a session that can't be had again" "$(outcome)" auth
is "isn't asked for forever" "$(asked ^POST)" 2
bmc "$R" page=loop
call inventory
is "pages without end: what was read is kept" "$(outcome) $(items | sort)" "ok $wanted"
like "and the rest missed" "$(logs)" "isn't complete: the pages of .* have no end"
for fault in garbage missing; do
  bmc "$R" expand=links "$fault=Inventory/4"
  call inventory
  is "one bad member ($fault)" "$(outcome) $(items | jq -r 'select(.kind == "firmware").name' | tr '\n' ' ')" \
    "ok iLO 6 System ROM Data Backplane "
  like "is logged" "$(logs)" 'FirmwareInventory/4 is left out: GET /redfish/v1/UpdateService/FirmwareInventory/4: the node'
  bmc "$R" "$fault=UpdateService"
  call inventory
  is "no list at all ($fault)" "$(outcome) $(firmware | cut -f1-2)" "ok System ROM	U99 v1.00
iLO 6	iLO 6 v1.66"
  bmc "$R" "$fault=v1"
  call inventory
  is "no root ($fault)" "$(outcome)" unsupported
  is "no root: it isn't one ($fault)" "$(call probe; jq -r 'select(.outcome).score' <<<"$OUT")" 0
done

# ---- iLO 4, and those before.
rest='{"/rest/v1": {"Oem": {"Hp": {"Manager": [{"ManagerType": "iLO 4"}]}}, "links": {"Systems": {"href": "/rest/v1/Systems"},
  "Sessions": {"href": "/rest/v1/Sessions"}}},
 "/rest/v1/Systems/1": {"Model": "ProLiant Gen9", "SerialNumber": "S4", "Bios": {"Current": {"VersionString": "I36 v1.40"}}},
 "/rest/v1/Managers/1": {"Model": "iLO 4", "Firmware": {"Current": {"VersionString": "iLO 4 v2.20"}}}}'
echo "$rest" >"$T/ilo4.json"
bmc none rest="$T/ilo4.json"
call inventory
is "iLO 4, an old one" "$(outcome) $(firmware | cut -f1-2)" "ok System ROM	I36 v1.40
iLO 4	iLO 4 v2.20"
is "its session is ended" "$(sessions_left)" 0
jq '. + {"/rest/v1/Systems/1/FirmwareInventory": {"Current": {
  "SystemBMC": [{"Key": "SystemBMC", "Name": "iLO", "Location": "System Board", "VersionString": "2.20"}],
  "PCI1": [{"Name": "NIC", "VersionString": "1.1"}, {"Name": "NIC", "VersionString": "1.1"}, 7]}}}' "$T/ilo4.json" >"$T/more.json"
bmc none rest="$T/more.json"
call inventory
is "and one with a list" "$(outcome) $(items | jq -r 'select(.kind == "firmware") | .id + "=" + .version' | tr '\n' ' ')" \
  "ok firmware:System-Board/SystemBMC=2.20 firmware:PCI1=1.1 firmware:PCI1#2=1.1 "
cat >"$T/ilo2.xml" <<'X'
<RIMP><HSI><SBSN>X</SBSN><SPN>ProLiant G6</SPN></HSI><MP><ST>1</ST><PN>Integrated Lights-Out 2 (iLO 2)</PN><FWRI>2.33</FWRI>
X
bmc none xmldata="$T/ilo2.xml"
call probe
is "iLO 2, its answer cut off" "$(jq -r 'select(.outcome).score' <<<"$OUT")" 100
call inventory
is "which is asked in RIBCL, and then not understood" "$(outcome)" protocol
like "says why" "$(text)" 'Integrated Lights-Out 2 \(iLO 2\) answers with no RIBCL'

# ---- Captures, and what a human reads in them.
by_hand () { sed -n "s/^$1|//p" "$srcdir/integration/ilo-captures.txt" | grep -v '^system|' | sort; }
by_plugin () { items | jq -r 'select(.kind == "firmware") | [.name, .version, .location // ""] | join("|")' | sort; }
system_by_hand () { sed -n "s/^$1|system|//p" "$srcdir/integration/ilo-captures.txt"; }
system_by_plugin () { items | jq -r 'select(.id == "system").name, select(.id == "serial").version' | paste -sd'|'; }
fixtures=${FETTLE_FIXTURES-}
for d in "$fixtures"/ilo/redfish-*/; do
  name=$(basename "$d")
  if [ ! -f "$d/index.json" ]; then
    skip "captures of iLO 5, 6 and 7" "FETTLE_FIXTURES names no folder with ilo/redfish-*"
    break
  fi
  bmc "$d"
  call inventory
  is "$name" "$(outcome)" ok
  is "$name: its firmware is what the capture has" "$(firmware)" "$(jq -r '[.Name, .Version, .Oem.Hpe.DeviceContext // "",
    (if .Updateable == null then (.Oem.Hpe.Targets // []) != [] else .Updateable end)] | @tsv' \
    "$d"/UpdateService/FirmwareInventory/*/index.json | sort)"
  is "$name: as a human reads it" "$(by_plugin)" "$(by_hand "$name")"
  is "$name: its system" "$(system_by_plugin)" "$(system_by_hand "$name")"
  is "$name: the system" "$(items | jq -r 'select(.kind == "hardware") | .name + .version')" \
    "$(jq -r '.Model, "Serial number" + .SerialNumber' "$d/Systems/1/index.json")"
  is "$name: each has an id of its own" "$(items | jq -r .id | sort | uniq -d)" ""
  is "$name: the iLO's match" "$(items | jq -r 'select(.name | startswith("iLO ")).match | split(" ") | map(select(test(":.*:") | not)) | join(" ")')" \
    "$(jq -r '.Oem.Hpe.Targets | map("guid:" + .) | join(" ")' "$d/UpdateService/FirmwareInventory/1/index.json")"
  is "$name: no session stays" "$(sessions_left)" 0
done
for d in "$fixtures"/redfish-other/*/; do
  [ -f "$d/index.json" ] || continue
  name=$(basename "$d")
  bmc "$d"
  call inventory
  is "$name, which is no iLO, is borne" "$(outcome) $(firmware | cut -f1-2)" "ok $(jq -r '[.Name, .Version] | @tsv' \
    "$d"/UpdateService/FirmwareInventory/*/index.json | sort)"
  is "$name: no session stays" "$(sessions_left)" 0
done
for name in openbmc ami-gigabyte; do
  [ -f "$fixtures/redfish-other/$name/index.json" ] || continue
  bmc "$fixtures/redfish-other/$name"
  call inventory
  is "$name: as a human reads it" "$(by_plugin)" "$(by_hand $name)"
done
d=$fixtures/ilo/rest-ilo4
if [ -f "$d/get_manager_details.json" ]; then
  jq --slurpfile s "$d/response_body_for_rest_op.json" --slurpfile m "$d/get_manager_details.json" \
    '.["/rest/v1/Systems/1"] = $s[0] | .["/rest/v1/Managers/1"] = $m[0]' "$T/ilo4.json" >"$T/captured4.json"
  bmc none rest="$T/captured4.json"
  call inventory
  is "rest-ilo4: as a human reads it" "$(outcome) $(system_by_plugin)
$(by_plugin)" "ok $(system_by_hand rest-ilo4)
$(by_hand rest-ilo4)"
fi
for f in "$fixtures"/ilo/xmldata-ilo4/xmldata.xml "$fixtures"/oa/c7000-4.70/xmldata*; do
  [ -f "$f" ] || continue
  bmc none xmldata="$f"
  call probe
  is "xmldata of $(basename "$(dirname "$f")")" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" \
    "ok $(grep -q '(iLO [2-9])' "$f" && echo 100 || echo 0)"
done
done_testing
