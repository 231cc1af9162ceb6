# bmc-net.sh - iLOs in networks of their own: one pulls its firmware through a
# hole that is opened for it alone, while it is deployed to; from another no way
# leads back, so that it is pushed.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
requires fettle-gate curl nft openssl python3

unset http_proxy https_proxy all_proxy
net_up open shut other
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/bmc.key" -out "$T/bmc.pem" -days 2 \
  -subj "/CN=bmc" 2>/dev/null
for n in open shut; do
  printf 'ilo6\nhold=yes\n' >"$T/$n.how"
  node $n python3 "$srcdir/sim/bmc" "$T/bmc.pem" "$T/bmc.key" "$T/$n" --listen 0.0.0.0:443 2>"$T/$n.err" &
  listen_at $n 22 SSH-2.0-mpSSH
done
for n in open shut; do soon test -s "$T/$n"; ready $n 22; done
server nft -f - <<'RULES'
table inet hostfw {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif "lo" accept
  }
}
RULES
router nft -f - <<'RULES'
table inet between {
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "shut" tcp dport { 63001, 63002 } reject with icmp type admin-prohibited
  }
}
RULES
server nft -s list ruleset >"$T/rules"
mkdir -p "$T/base"; chmod 755 "$T" "$T/base"
python3 "$srcdir/sim/bmc" image "$T/base/fw.bin" t1 2.00 3000000
cat >"$T/base/fw.bin.component.cfg" <<'C'
name = "Firmware"; version = "2.00"; scheme = "hpe"; format = "raw"; kind = "firmware"; match = "guid:t1";
C
echo secret >"$T/password"
ok "the service starts" server fettled --background --open-firewall
ok "setup adds the one rule" fettle firewall setup
ok "the baseline is added" fettle baseline add "$T/base" --name base --allow-unsigned
for n in open shut; do
  ok "$n" fettle --quiet node add "$(address $n)" --name $n --type ilo --user admin --password-file "$T/password"
done
ok "they are inventoried" fettle inventory
is "for which no listener was needed" "$(fettle service status --format json | jq -c .listeners)" "[]"
not_ok "nor a hole" grep -q "opened" "$FETTLE_STATE_DIR/fettled.log"

job=$(fettle deploy --yes --no-wait 2>"$T/err")
like "a deployment begins" "$job" "^[0-9]+$"
flashes () { node "$1" curl -sk -m 10 "https://$(address "$1")/emulated" | jq -e '.state == "Updating"'; }
ok "one flashes" soon flashes open
holes () { fettle firewall status --format json 2>/dev/null | jq -c '[.holes[] | select (.node == "open") | .first] | unique'; }
is "its hole is that of HTTP" "$(holes)" "[63001]"
ended () { [ "$(fettle status "$job" --format json 2>/dev/null | jq -r .state)" = "done" ]; }
reaches () { node "$1" curl -s -m 3 -o /dev/null "http://10.81.1.2:63001/"; }
ok "the node itself can connect" reaches open
not_ok "another can't" reaches other
for n in open shut; do
  echo ilo6 >"$T/$n.how.new"; mv "$T/$n.how.new" "$T/$n.how"
done
long () { soon "$@" || soon "$@" || soon "$@" || soon "$@"; }
ok "the deployment ends" long ended
fettle status "$job" --format json >"$T/job" 2>/dev/null
task () { jq -r --arg n "$1" "first (.tasks[] | select (.name == \$n))$2" "$T/job"; }
for n in open shut; do
  is "$n: updated, by the inventory" "$(task $n '| [.state, .verified, .found, .error.message] | @tsv')" "done	true	2.00	"
done
like "one pulled" "$(task open '.log[]')" "the node has fetched fw.bin: 30[0-9]* bytes"
like "the other was pushed, since it couldn't" "$(task shut '.log[]')" \
  "the node didn't fetch the image \(.*couldn't fetch.*\): it is pushed instead"
is "no listener is left" "$(fettle service status --format json | jq -c .listeners)" "[]"
is "no hole either" "$(fettle firewall status --format json 2>/dev/null | jq -c .holes)" "[]"
ok "the service ends" fettle service stop
ok "undo-setup" fettle firewall undo-setup
server nft -s list ruleset >"$T/rules.after"
ok "the rules are as they were" diff "$T/rules" "$T/rules.after"
done_testing
