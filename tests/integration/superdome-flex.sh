# superdome-flex.sh - an emulated Superdome Flex (tests/sim/rmc.py): inventory,
# updates by pull over TLS alone, through a hole that is there in the deployment
# alone, through its restart; and each way in which that fails.  A capture of a
# real one is read where FETTLE_FIXTURES has one.
# Plugins: superdome
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
requires fettle-gate nft python3 openssl
. "$srcdir/integration/superdome-lib.sh"
node_name=flex node_type=superdome-flex CLI=$T/rmc

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/rmc-key.pem" -out "$T/rmc-cert.pem" \
  -days 2 -subj "/CN=rmc" 2>/dev/null
net_up flex other
mkdir -p "$CLI"; touch "$CLI/log"
cli_how () { printf '%s\n' "$@" >"$CLI/how.new"; mv "$CLI/how.new" "$CLI/how"; }
state () { jq -r "$1" "$CLI/state.json"; }
cli_how
node flex env PYTHONDONTWRITEBYTECODE=1 python3 "$srcdir/sim/rmc.py" "$T/rmc-cert.pem" "$T/rmc-key.pem" "$CLI" \
  "$(address flex)" 443 2>"$T/rmc.err" &
ok "the RMC is there" soon test -s "$CLI/ready"
firewalled_server
ok "the service starts" server fettled --background --open-firewall
ok "setup adds the one rule" fettle firewall setup
echo secret >"$T/password"
ok "the node is added" fettle --quiet node add "$(address flex)" --name flex --type superdome-flex --user admin \
  --password-file "$T/password"
items () {
  fettle inventory >"$T/out" 2>&1
  fettle node items flex --format json 2>>"$T/out" | jq -r '.items[] |
    [.id, .name, .version, .match // "-"] | join ("|")'
}
open_ports >"$T/ports.inventory" & watcher=$!
is "its inventory" "$(items)" "chassis:r001u01b|Made-up Flex base (r001u01b)||-
serial:r001u01b|Serial number of r001u01b|MADE01|-
chassis:r001u06b|Made-up Flex expansion (r001u06b)||-
rmc|Rack Management Controller|3.30.120|superdome-flex:bundle
bmc:r001u01b|BMC of r001u01b|3.30.120|-
bios:Partition0|BIOS of Npar 0|3.30.116|-
bios:Partition1|BIOS of Npar 1|3.30.116|-
firmware:fwu|Updater|3.30.120|-"
kill $watcher; wait $watcher 2>/dev/null
is "for which nothing is opened" "$(sort -u "$T/ports.inventory")" ""

# ---- What goes well.
flex () { local v=$1; shift; deploy "$v" bundle "${hardware-superdome-flex}" "$@"; }
faults away=2 wait="$T/go" ca="$FETTLE_STATE_DIR/cert.pem"
rm -f "$T/go"
: >"$T/ports"; open_ports >"$T/ports" & watcher=$!
{ soon grep -q . "$T/ports"; : >"$T/go"; } & opener=$!
flex 3.40.10
kill $watcher; wait $watcher $opener 2>/dev/null
is "a bundle is deployed, through the RMC's restart" "$status $(task .state) $(task .found) $(state .restarts)" "0 done 3.40.10 1"
is "for which just this was open, to that node" "$(sort -u "$T/ports")" "$(address flex) 63002"
is "and now nothing is" "$(holes)" "[]"
is "over TLS, by our certificate" "$(state '.bodies[-1] | tojson')" \
  '{"ImageURI":"https:","Reinstall":false,"ExcludeNparFw":false}'
is "its partitions have it" "$(items | grep '^bios' | cut -d'|' -f3 | tr '\n' ' ')" "3.40.10 3.40.10 "
faults generation=280 away=1 tasks=lost
setting exclude_partitions=yes
flex 3.50.1
is "a newer generation, without the partitions, which forgets its tasks" "$status $(task .state) $(task .found)" "0 done 3.50.1"
is "is asked as the newer ones are" "$(grep -c 'POST .*/Actions/Oem/SD.UpdateAll 202' "$CLI/log") $(state .bios)" "1 3.40.10"
setting exclude_partitions=no
faults
flex 3.50.1 --rewrite
is "the same version again" "$status $(task .state) $(state '.bodies[-1].Reinstall')" "0 done true"

# ---- What doesn't.
fails () { # WHAT REGEX
  is "$1" "$(task .state) $(state .version)" "failed 3.50.1"
  like "$1: says so" "$(why)" "$2"
}
faults running=yes
ok "another update runs: says so" tries \
  'another update is under way on the node: Another firmware update is in progress.*when that one is done' 3.60.1 bundle superdome-flex
faults fetch=fail
ok "the download fails: says so" tries "didn't fetch the image: .*could not be downloaded.*fettle check" 3.60.1 bundle superdome-flex
faults
hardware=other flex 3.60.1
fails "a bundle for other hardware" 'The bundle is for other hardware'
flex 3.20.1 --downgrade
fails "an older one that the node refuses" 'older than the installed firmware'
faults cut=UpdateAll
ok "the connection breaks when it is told: says so" tries 'UpdateAll' 3.60.1 bundle superdome-flex
is "none of these changed anything" "$(state .version)" 3.50.1
faults flashes=no
flex 3.60.1
like "it says that it is done, and isn't" "$(task .state) $(task .found)" '^(failed|unknown) 3.50.1'
faults
fettle --quiet node set flex --user nobody --password-file "$T/password"
flex 3.60.1
fails "a wrong user" 'refused the user or the password'
fettle --quiet node set flex --user admin --password-file "$T/password"
fettle inventory >"$T/out" 2>&1
faults cut-after=UpdateAll
n=$(state .n)
flex 3.60.1
is "the connection breaks once it was told: it isn't told again, and the inventory decides" \
  "$(task .state) $(task .found) $(state .version) $(($(state .n) - n))" "done 3.60.1 3.60.1 1"

# ---- The service is killed while the node is at it.
fettle inventory >"$T/out" 2>&1
rm -f "$T/go"
faults away=1 wait="$T/go"
: >"$CLI/log"
bundle 3.70.1 bundle superdome-flex
job=$(fettle deploy flex --baseline "$base" --yes --no-wait 2>"$T/err")
is_running () { [ "$(jq -r '.tasks[(.n | tostring)].TaskState' "$CLI/state.json")" = Running ]; }
told () { grep -q 'POST .*UpdateAll 202' "$CLI/log"; }
ok "a deployment begins" soon told
ok "the node is at it" soon is_running
cleanup () {
  server "$builddir/plugins/call" "$(jq -cn --arg at "$(address flex)" '{call: "cleanup", type: "superdome-flex", target: {address: $at,
    name: "flex", operation: "t-1"}, phase: 2, ports: [[6, 443, 443, 443, 443]], settings: {}, credentials: {user: "admin",
    password: "secret"}, host_key: {policy: "tofu", pinned: null}, certificate: null, timeouts: {connect: 20, read: 60}, token: null}')" 2>&1 |
    jq -r '.outcome // .log // empty' | tr '\n' ' '
}
like "who interrupts a deployment is told what goes on" "$(cleanup)" '^the RMC goes on with an update.* ok $'
kill -9 "$(service_pid)"
ok "another service takes it up" soon server fettled --background --open-firewall
: >"$T/go"
ended () { [ "$(fettle status "$job" --format json 2>/dev/null | jq -r .state)" = "done" ]; }
ok "the deployment goes on to its end" soon ended
is "well" "$(fettle status "$job" --format json 2>/dev/null | jq -r '"\(.exit_code) \(.tasks[0].state) \(.tasks[0].found)"')" \
  "0 done 3.70.1"
is "the node was told once" "$(grep -c 'POST .*UpdateAll 202' "$CLI/log")" 1

# ---- A capture of a real one: BIOS of a partition, the older action.
if [ -d "${FETTLE_FIXTURES-}/superdome-flex" ]; then
  C=$T/capture; F=$FETTLE_FIXTURES/superdome-flex
  mkdir -p "$C/Systems" "$C/UpdateService"
  cp "$F/root.json" "$C/root.json"
  jq .default "$F/system.json" >"$C/Systems/Partition1.json"
  cp "$F/update_service_ah.json" "$C/UpdateService.json"
  echo '{"Members": [{"@odata.id": "/redfish/v1/Systems/Partition1"}]}' >"$C/Systems.json"
  faults capture="$C"
  is "a capture: what a human reads in it" "$(items)" 'bios:Partition1|BIOS of Npar 1|3.0.494|-'
else
  skip "a capture of a real one" "FETTLE_FIXTURES has none"
fi
ok "the service ends" fettle service stop
done_testing
