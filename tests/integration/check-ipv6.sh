# check-ipv6.sh - what stands between this host and its nodes, over IPv6: the
# causes of check.sh whose signs are others there.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
address_of=address6

names="good ldrop lrej rdrop rrej ndrop nrej nout lout noway nortr nolist dead"
# shellcheck disable=SC2086
{ net_up $names; net_up6 $names; }
cat >"$T/listen6.py" <<'P'
import socket, sys
s = socket.create_server (("::", int (sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
while True: s.accept ()[0].close ()
P
for n in $names; do
  node_sshd "$n"
  [ "$n" = nolist ] || node "$n" python3 "$T/listen6.py" 443 >/dev/null 2>&1 &
done
for n in $names; do ready "$n" 22; [ "$n" = nolist ] || ready "$n" 443; done

chain () { # place table hook rules
  ok "rules are made ($1)" in_net "$1" nft -f - <<N
table inet t_$2 { chain c { type filter hook $3 priority 0; policy accept; $4
  }; }
N
}
chain server in input "ip6 saddr $(address6 ldrop) tcp dport 63001 drop
  ip6 saddr $(address6 lrej) tcp dport 63001 reject with icmpx admin-prohibited"
chain server out output "ip6 daddr $(address6 lout) tcp dport 443 drop"
chain router fwd forward "ip6 saddr $(address6 rdrop) tcp dport 63001 drop
  ip6 saddr $(address6 rrej) tcp dport 63001 reject with icmpx admin-prohibited
  ip6 daddr $(address6 rrej) tcp dport 443 reject with icmpx admin-prohibited"
chain ndrop in input "tcp dport 443 drop"
chain nrej in input "tcp dport 443 reject"
chain nout out output "tcp dport 63001 drop"
net_of () { address6 "$1" | sed "s|::2\$|::$2|"; }
server ip route del "$(net_of noway '/64')"
router ip addr del "$(net_of nortr 1/64)" dev nortr
node dead ip -6 addr flush dev eth0 scope global

for n in $names; do add_node $n; done
fettle check --format json >"$T/check.json" 2>"$T/check.err"
is "a check with faults ends with 253" $? 253
jq -r '.tasks[] | [.name, .title, .check.verdict, .check.sentence, .check.node_says] | @tsv' "$T/check.json" | sed 's/^/# /'
finds () { # what, NODE DIRECTION PORT, verdict, words
  is "$1: $5" "$(verdict "$2" "$3" "$4")" "$5"
  like "$1: in words" "$(sentence "$2" "$3" "$4")" "$6"
}
is "all is well on a node without fault" \
  "$(jq -r '[.tasks[] | select (.name == "good" and .check.port != 80) | .check.verdict] | unique | join (",")' "$T/check.json")" open
finds "local drop" ldrop from 63001 local-drop "arrives, and this host's own firewall drops it -- .*$(address6 ldrop)"
finds "local reject" lrej from 63001 local-reject "this host's own firewall rejects"
finds "local output drop" lout to 443 local-drop "this host's own firewall drops what goes out"
finds "router drop" rdrop from 63001 between-drop "nothing of it arrives.*in between"
finds "router reject" rrej from 63001 between-reject "in between, $(net_of rrej 1), rejects"
finds "router reject on the way there" rrej to 443 between-reject "in between, fd81:1::1, rejects"
finds "node input drop" ndrop to 443 node-drop "its firewall drops.* -- on ndrop: .*fd81:1::2"
finds "node input reject" nrej to 443 node-reject "the firewall of nrej itself rejects"
finds "node output drop" nout from 63001 node-output "the firewall of nout itself drops what goes out"
finds "no route here" noway to 22 no-route-here "no route to $(address6 noway)"
finds "no route on the router" nortr to 22 no-route-between "the router fd81:1::1 has no route"
finds "nothing listens" nolist to 443 nothing-listens "nothing listens on its port 443"
finds "node down" dead to 22 node-down "the router fd81:1::1 finds nobody.*down"
is "every failure says what to do" "$(jq -r '.tasks[] | select (.state == "failed" and .check.mend == null) | .title' "$T/check.json")" ""
is "no listener is left open" "$(server ss -Hltn 'sport = :63001' | wc -l)" 0
done_testing
