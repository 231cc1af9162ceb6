# Holes of the service: opened for one node, seen, closed; gone with a killed
# service; the host's rules as they were in the end.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
requires fettle-gate curl

net_up one two
export FETTLE_STATE_DIR=$T/state FETTLE_PLUGINDIR="$builddir/plugins/.libs:$FETTLE_PLUGINDIR"
fettle () { server fettle "$@"; }
pid_of () { jq -r .pid "$FETTLE_STATE_DIR/service.json" 2>/dev/null; }
at_exit 'fettle service stop --force >/dev/null 2>&1'
rules () { server nft -s list ruleset; }
reaches () { node "$1" curl -s -m 2 -o /dev/null "http://10.81.1.2:${2-63001}/"; }
not () { ! "$@"; }

server nft -f - <<'RULES'
table inet hostfw {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif "lo" accept
  }
}
RULES
rules >"$T/before"
server python3 -m http.server 63001 >/dev/null 2>&1 &
server python3 -m http.server 63009 >/dev/null 2>&1 &

ok "nodes are added" fettle node add "$(address one)" --name one --type backcall --user root --key "$T/key"
ok "both" fettle node add "$(address two)" --name two --type backcall --user root --key "$T/key"
is "nothing is open" "$(fettle firewall status --format json 2>/dev/null | jq -c .holes)" "[]"
ok "setup adds the one rule" fettle firewall setup
not_ok "without a hole a node can't come" reaches one

ok "a hole for one node" fettle firewall open one --phase inventory
ok "it comes through" soon reaches one
not_ok "the other one doesn't" reaches two
not_ok "another port isn't open" reaches one 63009
fettle firewall status --format json >"$T/status.json" 2>/dev/null
is "status says for whom, where, why" \
  "$(jq -r '.holes[] | "\(.node) \(.from) \(.first) \(.phase) \(.purpose) \(.open)"' "$T/status.json")" \
  "one 10.81.11.2 63001 inventory pull true"
ok "status counts packets" test "$(jq '.holes[0].packets' "$T/status.json")" -gt 0

kill -9 "$(pid_of)"
ok "a killed service leaves no hole" soon not reaches one
ok "nor a table" soon not server nft list table inet fettle
fettle service start >/dev/null 2>&1
ok "the next one makes what is still wanted" soon reaches one

ok "closed by hand" fettle firewall close one
ok "the node can't come any more" soon not reaches one
ok "the service stops" fettle service stop
ok "undo-setup" fettle firewall undo-setup
rules >"$T/after"
ok "the rules are as they were" diff "$T/before" "$T/after"
done_testing
