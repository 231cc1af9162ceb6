# firewall-midway.sh - what happens to holes in the middle of a deployment:
# others flush or reload the rules, the helper or the service or both are
# killed.  The deployment goes on to its end with its hole, and nothing is left.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/firewall-lib.sh"
requires nft
node n1; node n2
serve 63001
gate_pid () { pgrep -P "$(service_pid)" -x fettle-gate; }
back () {
  ok "$1: the node gets through" soon reaches n1 10.61.1.1 63001
  ok "$1: no other does" cannot_reach n2 10.61.2.1 63001
}
ends () {
  ok "$1: the deployment goes on to its end" end_deployment
  ok "$1: then the hole is closed" soon cannot_reach n1 10.61.1.1 63001
}

# ---- nftables

cat >"$T/host.nft" <<'N'
flush ruleset
table inet host {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
N
nft -f "$T/host.nft"
with_service --set firewall=nftables
ok "a rule lets pass what is marked" fettle firewall setup
# As a reload of nftables.service does it, with that rule among the others.
{ echo "flush ruleset"; nft -s list table inet host; } >"$T/reload.nft"
state () { nft -s list ruleset; }
state >"$T/before"

ok "a deployment" begin_deployment --open-firewall
back "in its middle"
ok "others flush all rules and load their own" nft -f "$T/reload.nft"
back "after a reload of nftables"
ok "others flush all rules" nft flush ruleset
back "on a host without rules"
nft -f "$T/reload.nft"
ends "reloaded"

ok "another" begin_deployment --open-firewall
back "in its middle"
gate=$(gate_pid)
ok "fettle-gate is killed" kill -9 "$gate"
new_gate () { local p; p=$(gate_pid) && [ "$p" != "$gate" ]; }
ok "there is a new one" soon new_gate
back "after that"
kill -9 "$(service_pid)"
ok "the service is killed: no hole is left" soon cannot_reach n1 10.61.1.1 63001
is "nor anything else" "$(diff "$T/before" <(state))" ""
ok "the service starts again" fettle service start --set firewall=nftables
back "after that"
gate=$(gate_pid)
kill -9 "$(service_pid)" "$gate"
ok "both are killed: no hole is left" soon cannot_reach n1 10.61.1.1 63001
is "nor anything else" "$(diff "$T/before" <(state))" ""
ok "the service starts again" fettle service start --set firewall=nftables
back "after that"
ends "killed"
ok "the service ends" fettle service stop
is "and everything is as before" "$(diff "$T/before" <(state))" ""
nft flush ruleset

# ---- firewalld

by_firewalld () {
  firewalld_private
  start_bus
  start_firewalld || { skip "firewalld" "it doesn't start here"; return; }
  firewall-cmd --list-all >"$T/before"
  ok "the service works with firewalld" restart_service --set firewall=firewalld
  ok "a deployment" begin_deployment --open-firewall
  back "firewalld"
  ok "firewall-cmd --reload" firewall-cmd --reload
  back "after firewall-cmd --reload"
  ok "firewall-cmd --complete-reload" firewall-cmd --complete-reload
  back "after that"
  ends "firewalld"
  fettle service stop
  is "firewalld: everything is as before" "$(diff "$T/before" <(firewall-cmd --list-all))" ""
  kill "$firewalld" "$bus"; wait "$firewalld" "$bus"
  nft flush ruleset
}
if command -v firewalld dbus-daemon >/dev/null &&
  ! firewall-backend firewalld available 2>&1 | grep -q 'there is no backend'; then by_firewalld
else skip "firewalld" "it isn't here, or wasn't built"; fi

# ---- ufw

by_ufw () {
  private /etc/ufw; private /etc/default
  sed -i 's/^ENABLED=.*/ENABLED=no/' /etc/ufw/ufw.conf
  ufw --force enable >"$T/enable" 2>&1 || { skip "ufw" "it can't be enabled here"; return; }
  ufw status >"$T/before"
  ok "the service works with ufw" restart_service --set firewall=ufw
  ok "a deployment" begin_deployment --open-firewall
  back "ufw"
  ok "ufw reload" ufw reload
  back "after ufw reload"
  ends "ufw"
  fettle service stop
  is "ufw: everything is as before" "$(diff "$T/before" <(ufw status))" ""
}
if command -v ufw >/dev/null; then by_ufw; else skip "ufw" "it isn't here"; fi
done_testing
