# The backend for iptables: legacy and nft, IPv4 and IPv6, by fettle-gate's
# mark and by ipset.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/firewall-lib.sh"
requires iptables-nft iptables-legacy nft ipset
node n1; node n2
serve 63001 63002
ports="-p tcp/63001-63002"
# shellcheck disable=SC2086
like "no rules: it says so" "$(firewall-backend $ports iptables available 2>&1)" "no rules of iptables"
is "and has made no table" "$(nft list ruleset)" ""

drop () { # KIND
  local v
  for v in "" 6; do
    ip${v}tables-"$1" -A INPUT -i lo -j ACCEPT
    ip${v}tables-"$1" -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    ip${v}tables-"$1" -P INPUT DROP
  done
  ip6tables-"$1" -A INPUT -p ipv6-icmp -j ACCEPT
}
undrop () {
  local v
  for v in "" 6; do ip${v}tables-"$1" -F; ip${v}tables-"$1" -P INPUT ACCEPT; done
}
# Lines, without counters and dates.
state () {
  local p
  for p in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    $p-save 2>/dev/null | sed '/^#/d; s/\[.*\]//'
  done
  ipset list
}
try () { # what
  ask settle; is "$1: settles" "$line" "settle ok"
  ok "$1: no hole" cannot_reach n1 10.61.1.1 63001
  ask open 10.61.1.2 tcp 63001 60 n1; is "$1: opens" "$line" "open ok"
  ok "$1: the node gets through" soon reaches n1 10.61.1.1 63001
  ok "$1: to no other port" cannot_reach n1 10.61.1.1 63002
  ok "$1: and no other node" cannot_reach n2 10.61.2.1 63001
  ask open fd61:1::2 tcp 63001-63002 60 n1
  ok "$1: IPv6" soon reaches n1 fd61:1::1 63002
  ok "$1: IPv6, no other node" cannot_reach n2 fd61:2::1 63002
  ask look; is "$1: nothing stands in the way" "$line" "look ok"
  ask open 10.61.2.2 tcp 63002 2 n2; ask open 10.61.2.2 tcp 63002 9 n2
  sleep 2.5
  ok "$1: prolonged" soon reaches n2 10.61.2.1 63002
  ok "$1: closes by itself" soon cannot_reach n2 10.61.2.1 63002
  ask close 10.61.1.2 tcp 63001; is "$1: closes" "$line" "close ok"
  ok "$1: closed" cannot_reach n1 10.61.1.1 63001
}

for kind in legacy nft; do
  drop $kind
  state >"$T/before"
  if [ -x "$builddir/../core/fettle-gate" ]; then
    # shellcheck disable=SC2086
    ok "$kind: it is there" firewall-backend $ports iptables available
    # shellcheck disable=SC2086
    backend iptables $ports
    ask settle
    ask look; like "$kind: what is in the way is setup's" "$line" "^obstacle \(setup\) .*iptables(-legacy)? -I INPUT"
    quit
    like "$kind: setup shows" "$(firewall-backend iptables show-setup)" \
      "^ip6tables-$kind -w 5 -I INPUT -m mark --mark 0x100000/0x100000 -j ACCEPT$"
    is "$kind: and does nothing" "$(diff "$T/before" <(state))" ""
    ok "$kind: setup" firewall-backend iptables setup
    is "$kind: once" "$(firewall-backend iptables setup)" ""
    # shellcheck disable=SC2086
    backend iptables $ports
    ask gate; is "$kind: shuts the ports" "$line" "gate ok"
    try "$kind, mark"
    quit
    ok "$kind: undo-setup" firewall-backend iptables undo-setup
    is "$kind: everything is as before" "$(diff "$T/before" <(state))" ""
  else
    skip "$kind, mark" "built without libnftables"
  fi

  # No fettle-gate.
  backend iptables -l /nonexistent
  try "$kind, ipset"
  quit
  is "$kind: everything is as before" "$(diff "$T/before" <(state))" ""
  backend iptables -l /nonexistent
  ask open 10.61.1.2 tcp 63001-63002 600 n1
  die
  ok "$kind: killed, the hole stays until its time" soon reaches n1 10.61.1.1 63002
  backend iptables -l /nonexistent
  ask settle; is "$kind: the next start settles" "$line" "settle ok"
  ok "$kind: what was left is gone" cannot_reach n1 10.61.1.1 63002
  quit
  is "$kind: everything is as before" "$(diff "$T/before" <(state))" ""
  undrop $kind
done
is "windows: not here" "$(firewall-backend windows available 2>&1)" "this host doesn't run Windows"
done_testing
