# vmware-cim.sh - the CIM server of an emulated ESXi host (sim/cim.py beside
# sim/esx.py): firmware by HPE's providers, tickets and passwords, smart
# components that the host fetches, and what goes wrong with all of that.
# Plugins: vmware
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
cimgarbage=EnumerateInstances|no CIM, .*status 200, and no answer in CIM-XML
cimerror=EnumerateInstances:5|no firmware .error 5
X
esx
call inventory '{"settings": {"cim": "no"}}'
is "it isn't asked where the user doesn't want that" "$(outcome) $(firmware | diff - "$T/plain") $(ways)" "ok  "
printf x >"$T/CP1.vmexe"
call deploy '{"settings": {"cim": "no"}, "image": {"id": "CP1", "format": "vmexe", "match": "hpe:ri9", "version": "2.82", "flags": 0,
  "files": [{"name": "CP1.vmexe", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "size": 1}]}}' -- --file "$T/CP1.vmexe"
like "a smart component without CIM" "$(outcome) $(text)" "^unsupported .*CP1 is installed through HPE.s CIM providers: CIM isn.t used"

# Another one on 5989 may be anybody: it isn't told our password.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/other.key" -out "$T/other.pem" -days 2 -subj "/CN=esx" 2>/dev/null
python3 "$srcdir/sim/cim.py" "$T/other.pem" "$T/other.key" "$T/other" --beside "https://127.0.0.1:$P/emulated" 2>"$T/other.err" &
at_exit "kill $! 2>/dev/null"
ok "a CIM server with another certificate" soon test -s "$T/other"
read -r other <"$T/other"
true_one=$C C=$other
call inventory
C=$true_one
is "is no reason to fail" "$(outcome) $(firmware | diff - "$T/plain")" "ok "
like "is said" "$(logs)" "no CIM, .*5989 shows another certificate.s key than 443, so it isn.t asked"
not_ok "and isn't asked" grep -q . "$T/other.log"

# One whose provider never answers takes a while: that is waited for at the end.
printf '%s\n' "password=$ESX_PASSWORD" cimhang=EnumerateInstances >"$T/esx.how.127.79.1.1"
{ call inventory '{"target": {"address": "127.79.1.1", "name": "esx2", "operation": "t-2"}, "timeouts": {"connect": 30, "read": 20}}'; echo "$OUT" >"$T/hangs"; } &
hangs=$!

# ---- deployment: hosts fetch, each with its own trouble
esx
# shellcheck disable=SC2119
port=$(free_port) ssl_port=$(free_port)
start "$T/state" --port "$port" --ssl-port "$ssl_port"
printf '%s' "$ESX_PASSWORD" >"$T/password"
component () { # BASELINE FAMILY VERSION [WORD...]
  mkdir "$T/$1"
  python3 "$srcdir/sim/cim.py" component "$T/$1/CP012345.vmexe" "${@:2}"
  if [ "$1" = live ]; then # as HPE describes it
    echo '{"Type": "Firmware", "package": {"name": [{"lang": "en", "x_late": "iLO"}], "id": {"product": "p", "version": "2.82"}, "sw_keys": [{"name": "RI9"}]}}' >"$T/$1/CP012345.json"
    echo signature >"$T/$1/CP012345.compsig"
  else cat >"$T/$1/CP012345.vmexe.component.cfg" <<X
name = "Firmware $2"; version = "$3"; scheme = "hpe"; format = "vmexe"; kind = "firmware"; match = "hpe:${2,,}"; node_types = "vmware";
X
  fi
  fettle --quiet baseline add "$T/$1" --name "$1" --allow-unsigned >"$T/out"
}
component live RI9 2.82
component rom P89 "v2.60 (05/21/2018)" reboot
component older RI9 2.10
be () { # ADDRESS HOW...: from now on
  printf '%s\n' "password=$ESX_PASSWORD" "new=$esx_n" away=0.3 closed=yes "${@:2}" >"$T/esx.how.$1.new"
  mv "$T/esx.how.$1.new" "$T/esx.how.$1"
}
deploy () { fettle deploy --yes --format json "$@" >"$T/job" 2>"$T/err"; }
task () { jq -r --arg n "$1" ".tasks[] | select(.name == \$n) | $2" "$T/job"; }
as_it_was () { echo "$(real maintenance "$1") $(real files "$1") $(real nfs "$1")"; }
clean='false [] [false,null]'

# NAME|HOW|state|management processor after it|how often its log says what
cat >"$T/cases" <<'X'
plain||done|2.82|options 4 2 11 code 0
bare|cimjob=name|done|2.82|code 0
unnamed|cimjob=nowhere|done|2.82|code 0
other|cimparam=InstallOptionsValues|done|2.82|cim error 4 parameters
by-password|cimauth=password|done|2.82|cim by password
forgets|cimforget=yes|done|2.82|code 0
cut|cimcutafter=InstallFromURI|done|2.82|code 0
silent|cimcut=GetInstance|done|2.82|code 0
current|cimcode=2|failed|it didn.t install anything: the hardware has this version .*code 2: "Flasher
lies|cimlie=yes|failed|inventory finds 2.50
needs|cimreturn=4105|failed|it needs another component, .*InstallFromURI returned 4105
denied|cimerror=InstallFromURI:2|failed|HPE.s providers want root .error 2: "as it was told to
stumbles|cimstumble=GetInstance:1|done|2.82|cim error 1 this once
X
n=0
while IFS='|' read -r name how _; do
  n=$((n + 1))
  be "127.79.0.$n" "$how"
  fettle --quiet node add "127.79.0.$n" --name "$name" --type vmware --user root --password-file "$T/password" \
    --setting https_port="$P" --setting cim_port="$C" --setting poll=1 --setting cim_timeout=300 </dev/null
done <"$T/cases"
fettle --quiet inventory >"$T/out" 2>&1
is "all are inventoried" $? 0
deploy --baseline live --open-firewall
n=0
while IFS='|' read -r name how state about; do
  n=$((n + 1)) a=127.79.0.$n version=2.50
  if [ "$state" = "done" ]; then
    version=${about%%|*}
    like "$name: what has happened" "$(grep "^$a " "$LOG")" "${about#*|}"
    is "$name: once" "$(grep -c "^$a cim installed" "$LOG")" 1
  else
    like "$name: in words" "$(task "$name" .error.message)" "$about"
  fi
  is "$name ($how): $state" "$(task "$name" .state) $(real firmware.RI9 $a)" "$state \"$version\""
  restored () { [ "$(as_it_was $a)" = "$clean" ]; }
  ok "$name: is as it was" soon restored
done <"$T/cases"
like "it was done in maintenance mode, and fetched by the hosts" "$(grep '^127.79.0.1 ' "$LOG" | tr '\n' ' ')" \
  "task enterMaintenanceMode success.* InstallFromURI 4096.* fetched [0-9]+.* cim installed RI9.* task exitMaintenanceMode success"

# At the same time: one that needs a restart, known by its exit code, or not known
# since the job is gone, and afterwards CIM comes up late; an older version; the
# same again.
be 127.79.0.1 cimlate=3
fettle deploy plain forgets --baseline rom --yes --format json --open-firewall --reboot if-needed >"$T/restarts" 2>"$T/err" &
restarts=$!
fettle deploy silent --baseline older --downgrade --yes --format json --open-firewall >"$T/older.json" 2>"$T/err2" &
older=$!
fettle deploy bare --baseline live --rewrite --yes --open-firewall >"$T/out" 2>&1
wait "$older"
is "an older version" "$(jq -r '.tasks[0].state' "$T/older.json") $(grep -c '^127.79.0.8 cim installed RI9 2.10 options 4 2 11 32771' "$LOG")" "done 1"
is "the same again" "$(grep -c '^127.79.0.2 cim installed RI9 2.82 options 4 2 11 6' "$LOG")" 1
wait "$restarts"
mv "$T/restarts" "$T/job"
for node in plain:1 forgets:6; do
  is "${node%:*}: what needs a restart gets one, and is seen then" \
    "$(task "${node%:*}" .state) $(real firmware.P89 "127.79.0.${node#*:}") $(real boots "127.79.0.${node#*:}") $(real maintenance "127.79.0.${node#*:}")" \
    'done "v2.60 (05/21/2018)" 2 false'
done
like "that a job is forgotten is said" "$(task forgets '.log[]')" "forgotten the job, so only a restart"

# A firewall that stays closed; and the service is killed in the middle.
be 127.79.0.11
be 127.79.0.9 cimhold=yes
closed=$(fettle deploy needs --yes --baseline live --no-check --no-wait 2>"$T/err")
held=$(fettle deploy current --yes --baseline live --no-wait --open-firewall 2>"$T/err")
has_begun () { grep -q '^127.79.0.9 fetched' "$LOG"; }
ok "a job has begun" soon has_begun
kill -9 "$pid"
soon gone "$pid"
rm -f "$T/state/service.json"
# shellcheck disable=SC2119
start "$T/state" --port "$port" --ssl-port "$ssl_port"
be 127.79.0.9
is_done () { [ "$(fettle status "$held" --format json | jq -r '.tasks[0].state')" = "done" ]; }
ok "killed and started again, the service follows it to its end" soon is_done
is "having begun it once, and once before" "$(grep -c '^127.79.0.9 cim InstallFromURI 4096' "$LOG") $(real firmware.RI9 127.79.0.9)" '2 "2.82"'
couldnt () { fettle status "$closed" --format json | jq -r '.tasks[0].log[]' | grep -q "couldn.t fetch it from here: is its firewall open"; }
ok "a host that can't fetch says so" soon couldnt
fettle abort --hard "$closed" >"$T/out" 2>&1
a=127.79.0.11
ok "and is as it was" soon restored
wait "$hangs"
OUT=$(cat "$T/hangs")
is "a provider that never answers is no reason to fail, either" "$(outcome) $(firmware | diff - "$T/plain")" "ok "
like "and is said" "$(logs)" "no CIM, .*didn.t answer on 5989"
is "nothing went wrong in the emulation" "$(cat "$T/esx.err")" ""
done_testing
