# vmware-net.sh - three emulated ESXi hosts (sim/esxsim), each in a network
# namespace with its rulesets as outbound default deny: updated by pull and by
# push, restarted, verified; their firewalls are opened for our address alone,
# for the job alone, and restored to the letter, whoever is killed meanwhile.
# Plugins: vmware
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
. "$srcdir/integration/esx-lib.sh"
. "$srcdir/integration/esxsim-lib.sh"
ok "the emulated host is built" esxsim_build
net_up esx1 esx2 esx3
server ip addr add 10.81.1.3/24 dev eth0 # an address that no host is to reach
listen_at server 63099
for n in esx1 esx2 esx3; do
  ok "$n is there" esxsim_node "$n"
  [ -s "${esxsim_ready[$n]}" ] || { done_testing; exit 1; }
  rules_of $n >"$T/rules-$n"
done
like "nothing goes out to us" "$(node esx1 curl -s -m 20 -o "$T/out" -w '%{errormsg}' http://10.81.1.2:63099/)" "[Rr]oute|unreachable|refused|[Cc]ouldn't connect"

state () { jq -r --arg n "$1" '.tasks[] | select (.name == $n) | .state' "$T/job"; }
logged () { jq -r --arg n "$1" '.tasks[] | select (.name == $n) | .log[]' "$T/job"; }
as_it_was () { # NAME
  rules_of "$1" | diff "$T/rules-$1" - && [ "$(really "$1" '[.maintenance, .files, .nfs]')" = '[false,[],[false,null]]' ]
}
firewall_of () { about "$1"; grep -o 'ruleset [a-z]* nfsClient: .*\|decoy.*\|fetched.*' "$LOG" | tr '\n' ';'; }
add () { # VERSION...: a baseline with it
  for v; do
    mkdir -p "$T/$v"
    python3 "$srcdir/sim/esx.py" vib "$T/$v/nhpsa.vib" nhpsa "$v"
    fettle --quiet baseline add "$T/$v" --name "$v" --allow-unsigned >"$T/out" 2>&1
  done
}

ok "the service starts" server fettled --background
printf '%s' "$ESX_PASSWORD" >"$T/password"
for n in esx1 esx2 esx3; do
  fettle --quiet node add "$(address $n)" --name $n --type vmware --user root --password-file "$T/password" --setting poll=1
done
add 2.0.16-1 2.0.17-1 2.0.18-1
ok "they are inventoried" fettle --quiet inventory
is "with nothing but a list of packages asked for" "$(firewall_of esx1)$(firewall_of esx2)$(firewall_of esx3)" ""

# ---- is the way open?
fettle check esx1 --format json >"$T/check.json" 2>"$T/err"
is "a check: the host's own firewall drops it" "$(verdict esx1 from 63001)" node-output
like "and what to do" "$(sentence esx1 from 63001)" "firewall of esx1 itself.*--open-firewall does it.*ruleset set -r nfsClient -a false"

# ---- by pull, all three at once
for n in esx1 esx2 esx3; do about $n; orders decoy=10.81.1.3:63099; done
fettle deploy --baseline 2.0.16-1 --yes --reboot if-needed --open-firewall --format json >"$T/job" 2>"$T/err"
is "deployed by pull" "$? $(state esx1) $(state esx2) $(state esx3)" "0 done done done"
for n in esx1 esx2 esx3; do
  is "$n runs it, after one restart" "$(really $n '[.vibs.nhpsa, .boots]')" '["2.0.16-1",2]'
  like "$n was opened for us alone, until it was done" "$(firewall_of $n)" \
    '^ruleset hosts nfsClient: \[false \[\[10.81.1.2\] \[\]\]\];ruleset on nfsClient: \[true \[\[10.81.1.2\] \[\]\]\];.*fetched [0-9]+;.*ruleset off nfsClient: \[false \[\[10.81.1.2\] \[\]\]\];ruleset hosts nfsClient: \[false <nil>\];$'
  like "$n could reach nobody else meanwhile" "$(firewall_of $n)" 'decoy 10.81.1.3:63099 reached: false'
  not_ok "$n: never" grep -q 'decoy.*true' "${esxsim_ready[$n]}.log"
  ok "$n is as it was" as_it_was $n
  is "$n: no session stays" "$(really $n .sessions)" 0
done

# ---- by push, where it stays closed
: >"${esxsim_ready[esx1]}.log"
fettle deploy esx1 --baseline 2.0.17-1 --yes --reboot if-needed --format json >"$T/job" 2>"$T/err"
is "deployed by push" "$? $(state esx1) $(really esx1 .vibs.nhpsa)" '0 done "2.0.17-1"'
like "since the way back was seen to be closed" "$(logged esx1)" "before it begins: the firewall of esx1 itself"
is "it was let out nowhere, and tried nothing but the check" "$(firewall_of esx1 | sed 's/decoy[^;]*;//g')" ""
like "it was put there" "$(cat "${esxsim_ready[esx1]}.log")" "PUT /folder/fettle-.*-0.vib"
ok "it is as it was" as_it_was esx1

# A smart component, which the host must fetch: there is no other way.
node esx1 python3 "$srcdir/sim/cim.py" "$T/cert.pem" "$T/key.pem" "$T/cim" --listen "$(address esx1)" --beside "https://$(address esx1)/emulated" 2>"$T/cim.err" &
at_exit "kill $! 2>/dev/null"
ok "a CIM server of it" soon test -s "$T/cim"
fettle --quiet node set esx1 --setting poll=1 --setting cim_port="$(cat "$T/cim")"
mkdir "$T/smart"
python3 "$srcdir/sim/cim.py" component "$T/smart/CP1.vmexe" RI9 2.82
cat >"$T/smart/CP1.vmexe.component.cfg" <<'X'
name = "Firmware"; version = "2.82"; scheme = "hpe"; format = "vmexe"; kind = "firmware"; match = "hpe:ri9"; node_types = "vmware";
X
fettle --quiet baseline add "$T/smart" --name smart --allow-unsigned >"$T/out" 2>&1
ok "its inventory" fettle --quiet inventory esx1
fettle deploy esx1 --baseline smart --yes --format json >"$T/job" 2>"$T/err"
like "a smart component is refused where it stays closed" "$(state esx1) $(jq -r '.tasks[0].error.message' "$T/job")" \
  "^failed .*must fetch a smart component itself, and a check has found the way from it to us closed: open its firewall"
not_ok "before anything is begun" grep -q InstallFromURI "$T/cim.log"
ok "it is as it was" as_it_was esx1
fettle --quiet node set esx1 --setting poll=1 --setting cim=no

# ---- a worker, then the service, is killed while the host is open and installs
service_pid () { jq -r .pid "$FETTLE_STATE_DIR/service.json"; }
installing () { grep -q 'esxcli software.vib.install' "$LOG"; }
is_done () { fettle status last --format json >"$T/job" 2>"$T/err" && [ "$(jq -r .state "$T/job")" = "done" ]; }
is_closed () { fettle node show "$1" --format json | jq -e '.firewall_open == null'; }
hold () { # NAME VERSION: a deployment that waits while the host installs
  about "$1"; : >"$LOG"; : >"$T/hold-$1"
  orders "hold=$T/hold-$1"
  fettle deploy "$1" --baseline "$2" --yes --no-wait --open-firewall --reboot if-needed >"$T/out" 2>&1
}
hold esx2 2.0.18-1
ok "the host installs" soon installing
like "open for us" "$(rules_of esx2)" "ip daddr 10.81.1.2 tcp dport 0-65535 accept"
# The call's process, not the zygote: the youngest of the workers.
worker () { ip netns pids "$NET-server" | xargs -r ps -o pid=,comm= -p 2>/dev/null | awk '/fettle-worker/ { p = $1 } END { print p }'; }
kill -9 "$(worker)"
rm "$T/hold-esx2"
ok "its worker was killed: the job ends" soon is_done
ok "the host is closed to the letter" soon as_it_was esx2
hold esx3 2.0.18-1
ok "another host installs" soon installing
kill -9 "$(service_pid)"
like "the service is killed: it is still open for us" "$(rules_of esx3)" "ip daddr 10.81.1.2 tcp dport 0-65535 accept"
rm "$T/hold-esx3"
ok "the service starts again" soon server fettled --background
ok "the job ends" soon is_done
is "well" "$(state esx3) $(really esx3 .vibs.nhpsa)" 'done "2.0.18-1"'
ok "the host is closed to the letter" soon as_it_was esx3
is "and nobody thinks that it is open" "$(fettle node show esx3 --format json | jq .firewall_open)" null

# ---- somebody else changes the ruleset meanwhile
about esx1; : >"$LOG"; orders meddle=10.0.0.7
fettle deploy esx1 --baseline 2.0.18-1 --yes --open-firewall --reboot if-needed --format json >"$T/job" 2>"$T/err"
is "deployed while somebody else lets another address out" "$? $(state esx1)" "0 done"
is "our address alone is taken out" "$(really esx1 .nfs)" '[true,[["10.0.0.7"],[]]]'
like "which is said" "$(logged esx1)" "somebody else has changed the ruleset nfsClient"

is "nothing was asked out of order" "$(cat "$T"/esxsim-*.log | grep -c ' wrong')" 0
is "nothing went wrong in the emulation" "$(grep -v 'does not implement\|not found' "$T/esxsim.err")" ""
ok "the service ends" fettle service stop
done_testing
