# oa-enclosure.sh - a whole enclosure behind a real service: one node is added,
# its sixteen iLOs and two interconnects come by themselves; one deployment
# updates the OAs, then the interconnects, one of the pair after the other, then
# the iLOs.  All in a network namespace of its own.
# SPDX-License-Identifier: Apache-2.0
if [ -z "${OA_NET-}" ]; then
  [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null || { echo "1..0 # SKIP network namespaces can't be made here"; exit 0; }
  OA_NET=yes exec unshare -n bash "$0"
fi
. "$srcdir/tap.sh"
requires jq openssl python3 ip fettled
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/oa-lib.sh"
unset http_proxy https_proxy all_proxy
ip link set lo up; ip addr add 10.77.0.1/16 dev lo
chmod 755 "$T"
mkdir "$T/plugins" "$T/base"
cp "$builddir/../plugins/oa/.libs/oa.so" "$builddir/plugins/enclosure/.libs/modules.so" "$T/plugins/"
chmod 755 "$T/plugins"
component () { # FILE VERSION MATCH HARDWARE [MORE LINES]
  image "$T/base/$1" "$2" "$4"
  printf '%s\n' "name = \"$1\"; version = \"$2\"; scheme = \"dotted\"; format = \"raw\"; kind = \"firmware\";" \
    "match = \"$3\";" "${5-}" >"$T/base/$1.component.cfg"
}
component hpoa350.bin 3.50 oa:firmware c7000
component hpoa497.bin 4.97 oa:firmware c7000 'prerequisites = ({ match = "oa:firmware"; min_version = "3.50"; });'
component ilo4.bin 2.79 test:ilo x
component vc.bin 4.85 test:vc x

ok "the emulated enclosure is there" oa_start --oa1 10.77.0.1:443 --oa2 10.77.0.2:443 --http 10.77.0.1:80 --parts 443
oa what=full version=3.32 flash=0.3 away=2
# The command line's port is declared, so that something must be there.
python3 -c 'import socketserver
class H (socketserver.BaseRequestHandler):
  def handle (self): self.request.sendall (b"SSH-2.0-none\r\n")
socketserver.ThreadingTCPServer (("10.77.0.1", 22), H).serve_forever ()' & at_exit "kill $! 2>/dev/null"
ok "the service starts" start "$T/state" --plugindir "$T/plugins" --ssl-port 63002 --port 63001
FETTLE_STATE_DIR=$T/state
export FETTLE_STATE_DIR
f () { timeout 300 fettle --quiet "$@"; }
ok "the baseline is added" f baseline add "$T/base" --name base --allow-unsigned
printf '%s' "$OA_PASSWORD" >"$T/password"
ok "one node is added" f node add 10.77.0.1 --name enc1 --type oa --user "$OA_USER" --password-file "$T/password" --setting poll=1
ok "and inventoried" f inventory enc1
f node list --format json >"$T/nodes.json"
is "its sixteen iLOs and two modules are there" "$(jq -r '.nodes[].type' "$T/nodes.json" | sort | uniq -c | tr -s ' ' | tr '\n' ',')" \
  " 16 ilo, 1 oa, 2 vc,"
is "all of them belong to it" "$(jq '[.nodes[] | select(.parent)] | length' "$T/nodes.json")" 18
like "where they are" "$(jq -r '.nodes[] | select(.address == "10.77.1.7") | [.name, .location] | join(" ")' "$T/nodes.json")" \
  '^ilo-bay7 Blade bay 7$'
ok "they are inventoried" f inventory
: >"$LOG"
f deploy enc1 --associated --baseline base --yes --format json >"$T/job.json" 2>"$T/err"
is "one deployment for all" "$? $(jq -r '.tasks[].state' "$T/job.json" | sort | uniq -c | tr -s ' ')" "0  20 done"
[ -s "$T/err" ] && sed 's/^/# /' "$T/err"
is "the stepping stone before the version that needs it" "$(sed -n 's/^[0-9.]* update //p' "$LOG" | tr '\n' ' ')" "3.50 4.97 "
sed -n 's/^[0-9.]* flash \([^ ]*\) [^ ]* \(begins\|ends\)/\1 \2/p' "$LOG" >"$T/order"
at () { grep -n "$1" "$T/order" | cut -d: -f1; }
last () { at "$1" | tail -n 1; }
first () { at "$1" | head -n 1; }
is "the standby OA first, each time" "$(grep '^oa. begins' "$T/order" | tr '\n' ' ')" "oa2 begins oa1 begins oa2 begins oa1 begins "
ok "the interconnects when both OAs are done" test "$(last '^oa')" -lt "$(first '^10.77.2')"
ok "one of the pair after the other" test "$(sed -n 's/^10.77.2.* //p' "$T/order" | tr '\n' ' ')" = "begins ends begins ends "
ok "then the iLOs" test "$(last '^10.77.2')" -lt "$(first '^10.77.1')"
is "each once" "$(grep -c begins "$T/order")" 22
is "nothing is left to be done" "$(f plan --baseline base --format json | jq '[.nodes[].entries[] | select(.action == "upgrade")] | length')" 0
is "no session stays on the OA" "$(sessions_left)" 0

# The service is killed while the standby is flashed.
oa what=full version=4.70 flash=1 away=1
ok "an enclosure with 4.70" f inventory enc1
job=$(f deploy enc1 --baseline base --component hpoa497.bin --yes --no-wait 2>"$T/err")
begun () { grep -q 'flash oa2 4.97 begins' "$LOG"; }
ok "it is being flashed" patiently begun
kill -9 "$pid"; wait "$pid" 2>/dev/null
ok "another service takes it up" start "$T/state" --plugindir "$T/plugins" --ssl-port 63002 --port 63001
ended () { [ "$(f status "$job" --format json 2>/dev/null | jq -r .state)" = "done" ]; }
ok "to its end" patiently ended
is "which is a good one" "$(f status "$job" --format json | jq -r '.tasks[0] | .state, .found' | tr '\n' ' ')" "done 4.97 "
is "and it was flashed once" "$(grep -c ' update ' "$LOG") $(grep -c ' upload ' "$LOG")" "1 1"
ok "the service ends" f service stop
done_testing
