# oa-enclosure.sh - a whole enclosure behind a real service: one node is added,
# its sixteen iLOs, two Virtual Connect modules and two Fibre Channel switches
# come by themselves; one deployment updates the OAs, then the switches, one of the
# pair after the other, then the iLOs.  All in a network namespace of its own.
# Plugins: oa ilo
# SPDX-License-Identifier: Apache-2.0
if [ -z "${OA_NET-}" ]; then
  [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null || { echo "1..0 # SKIP network namespaces can't be made here"; exit 0; }
  OA_NET=yes exec unshare -n bash "$0"
fi
. "$srcdir/tap.sh"
requires jq openssl python3 ip fettled smartupdate
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/oa-lib.sh"
. "$srcdir/integration/sshd.sh"
[ "$HAS_USERS" = yes ] || skip_all "needs mount namespaces, for users with passwords"
unset http_proxy https_proxy all_proxy
ip link set lo up; ip addr add 10.77.0.1/16 dev lo
chmod 755 "$T"
mkdir "$T/plugins" "$T/base" "$T/sim"
cp "$builddir/../plugins/oa/.libs/oa.so" "$builddir/../plugins/ilo/.libs/ilo.so" "$T/plugins/"
chmod 755 "$T/plugins"
component () { # FILE VERSION MATCH [MORE LINES]
  printf '%s\n' "name = \"$1\"; version = \"$2\"; scheme = \"hpe\"; format = \"raw\"; kind = \"firmware\";" \
    "match = \"$3\";" "${@:4}" >"$T/base/$1.component.cfg"
}
for v in 350 497; do image "$T/base/hpoa$v.bin" ${v:0:1}.${v:1}; done
component hpoa350.bin 3.50 oa:firmware
component hpoa497.bin 4.97 oa:firmware 'prerequisites = ({ match = "oa:firmware"; min_version = "3.50"; });'
python3 "$srcdir/sim/bmc" image "$T/base/ilo4.bin" SystemBMC 2.79
component ilo4.bin 2.79 ilo:4 'node_types = "ilo";'
printf x >"$T/base/vcfw.bin"
component vcfw.bin 4.85 vc:firmware
sed -i 's/scheme = "hpe"/scheme = "dotted"/' "$T"/base/{hpoa350,hpoa497,vcfw}.bin.component.cfg
mkdir "$T/base/v9.1.1b"; head -c 2000 /dev/zero | tr '\0' x >"$T/base/v9.1.1b/release.plist"

# Each device of the enclosure is at an address of its own, by the ports that it has.
ok "the emulated OAs are there" oa_start --oa1 10.77.0.1:443 --oa2 10.77.0.2:443 --http 10.77.0.1:80
oa what=whole version=3.32 flash=0.3 away=2
echo ilo4 >"$T/bmc.how"
python3 "$srcdir/sim/bmc" "$T/cert.pem" "$T/key.pem" "$T/bmc" --listen "$(printf '10.77.1.%s:443,' $(seq 15))10.77.1.16:443" \
  2>"$T/bmc.err" & at_exit "kill $! 2>/dev/null"
ok "the emulated iLOs are there" soon test -s "$T/bmc"
install -m 644 "$srcdir/sim/cli.py" "$srcdir/sim/fos.py" "$T/sim/"
for i in 1 2 3 4; do
  mkdir -m 777 "$T/10.77.2.$i"; (cd "$T/10.77.2.$i" && touch log state.json flashes how && chmod 666 -- *)
done
echo who=vc >"$T/10.77.2.1/how"
printf '%s\n' who=vc primary=10.77.2.1 >"$T/10.77.2.2/how"
# shellcheck disable=SC2034
P=22 P2=23 SSHD_ADDRESS=10.77.2.1
start_sshd ed25519 -- "ListenAddress 10.77.2.2:22" "ListenAddress 10.77.2.3:22" "ListenAddress 10.77.2.4:22" \
  "ForceCommand set -- \$SSH_CONNECTION; exec env PYTHONDONTWRITEBYTECODE=1 python3 $T/sim/fos.py $T/\$3"

ok "the service starts" start "$T/state" --plugindir "$T/plugins" --ssl-port 63002 --port 63001
FETTLE_STATE_DIR=$T/state
export FETTLE_STATE_DIR
f () { timeout 300 fettle --quiet "$@"; }
ok "the baseline is added" f baseline add "$T/base" --name base --allow-unsigned
printf '%s' "$OA_PASSWORD" >"$T/oa.password"; printf '%s' "$PASSWORD" >"$T/ssh.password"; echo secret >"$T/ilo.password"
ok "one node is added" f node add 10.77.0.1 --name enc1 --type oa --user "$OA_USER" --password-file "$T/oa.password" --setting poll=1
ok "and inventoried" f inventory enc1
f node list --format json >"$T/nodes.json"
is "its sixteen iLOs and four modules are there" "$(jq -r '.nodes[].type' "$T/nodes.json" | sort | uniq -c | tr -s ' ' | tr '\n' ',')" \
  " 2 fc-switch, 16 ilo, 1 oa, 2 vc,"
is "all of them belong to it" "$(jq '[.nodes[] | select(.parent)] | length' "$T/nodes.json")" 20
like "where they are" "$(jq -r '.nodes[] | select(.address == "10.77.1.7") | [.name, .location] | join(" ")' "$T/nodes.json")" \
  '^ilo-bay7 Blade bay 7$'
# An enclosure can name nodes, but give credentials to none.
ok "the iLOs get credentials" f node set --selector type=ilo --user admin --password-file "$T/ilo.password"
ok "so do the modules" f node set --selector type=vc --user admin --password-file "$T/ssh.password"
ok "and the switches" f node set --selector type=fc-switch --user admin --password-file "$T/ssh.password" \
  --setting firmware_source=scp://192.0.2.5/images
smartupdate add --nodes 10.77.2.3 10.77.2.4 oa_username=files "oa_password=f1les ought" >"$T/out" 2>&1
is "who fetches releases, in SUM's words" "$? $(f node show 10.77.2.3 --format json | jq -c '[.user, .second_user]')" '0 ["admin","files"]'
ok "they are inventoried" f inventory
is "as they are" "$(f node list --format json | jq -r '.nodes[].state' | sort | uniq -c | tr -s ' ')" " 21 ok"
: >"$LOG"
f deploy enc1 --associated --baseline base --yes --format json >"$T/job.json" 2>"$T/err"
echo "# $? $(tail -n 1 "$T/err")"
is "one deployment for all" "$(jq -r '.tasks[] | [.type, .state] | join(" ")' "$T/job.json" | sort | uniq -c | tr -s ' ')" " 2 fc-switch done
 16 ilo done
 2 oa done
 1 vc blocked"
like "what Fettle can't update says what to do" "$(jq -r '.tasks[] | select(.type == "vc").error.message' "$T/job.json")" \
  'HPE.s program VCSU alone.*vcsu -a update -i ADDRESS-OF-THE-OA'
is "the stepping stone before the version that needs it" "$(sed -n 's/^[0-9.]* update //p' "$LOG" | tr '\n' ' ')" "3.50 4.97 "
cat "$LOG" "$T/bmc.flashes" "$T"/10.77.2.*/flashes | sort -n | sed -n 's/^[0-9.]* flash \([^ ]*\) [^ ]* \(begins\|ends\)$/\1 \2/p' >"$T/order"
at () { grep -n "$1" "$T/order" | cut -d: -f1; }
last () { at "$1" | tail -n 1; }
first () { at "$1" | head -n 1; }
is "the standby OA first, each time" "$(grep '^oa. begins' "$T/order" | tr '\n' ' ')" "oa2 begins oa1 begins oa2 begins oa1 begins "
ok "the interconnects when both OAs are done" test "$(last '^oa')" -lt "$(first '^10.77.2')"
is "one of the pair after the other" "$(sed -n 's/^10.77.2.* //p' "$T/order" | tr '\n' ' ')" "begins ends begins ends "
ok "then the iLOs" test "$(last '^10.77.2')" -lt "$(first '^10.77.1')"
is "each once" "$(grep -c begins "$T/order")" 22
is "nothing is left to be done" "$(f plan --baseline base --format json | jq '[.nodes[].entries[] | select(.action == "upgrade")] | length')" 0
is "no session stays on the OA" "$(sessions_left)" 0
ok "its servers are wanted, too" f node set enc1 --setting servers=yes
ok "by the names that the OA knows" f inventory enc1
is "they belong to it" "$(f node list --format json | jq -r '.nodes[] | select(.type == "auto") | [.address, .location, .parent != null] | join(" ")')" \
  "srv16.example.com Blade bay 16 true"
ok "and are taken away again" f node remove srv16.example.com

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
