# check.sh - what stands between this host and its nodes is named, each fault
# on a node of its own: one check looks at all of them.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"

names="good ldrop lrej rdrop rrej ndrop nrej nout lout noway nortr nolist wrong moved nat natd lost reply rpf dead nort"
# shellcheck disable=SC2086
net_up $names
for n in $names; do
  node_sshd "$n"
  [ "$n" = nolist ] || listen_at "$n" 443
done
for n in $names; do ready "$n" 22; done
listen_at wrong 8022

nft_at () { local n=$1; shift; ok "rules are made ($n)" in_net "$n" nft -f - <<<"$*"; }
chain () { # place table hook rules
  nft_at "$1" "table inet t_$2 { chain c { type filter hook $3 priority 0; policy accept; $4
  }; }"
}
# What this host's own firewall does to those who call back
chain server in input "ip saddr $(address ldrop) tcp dport 63001 drop
  ip saddr $(address lrej) tcp dport 63001 reject with icmpx admin-prohibited
  ip saddr 10.81.1.99 tcp dport 63001 drop"
chain server out output "ip daddr $(address lout) tcp dport 443 drop"
# The router's
chain router fwd forward "ip saddr $(address rdrop) tcp dport 63001 drop
  ip saddr $(address rrej) tcp dport 63001 reject with icmpx admin-prohibited
  ip daddr $(address rdrop) tcp dport 443 drop
  ip daddr $(address rrej) tcp dport 443 reject with icmpx admin-prohibited
  ip daddr $(address reply) tcp sport 63001 drop"
nft_at router "table ip nat { chain post { type nat hook postrouting priority 100;
  ip saddr $(address nat) tcp dport 63001 snat to 10.81.1.1
  ip saddr $(address natd) tcp dport 63001 snat to 10.81.1.99
  }; }"
# The nodes' own
chain ndrop in input "tcp dport 443 drop"
chain nrej in input "tcp dport 443 reject"
chain nout out output "tcp dport 63001 drop"
# Routes
server ip route del "$(address noway | sed 's/\.2$/.0/')/24"
router ip addr del "$(address nortr | sed 's/\.2$/.1/')/24" dev nortr
node lost ip addr add 10.82.0.2/32 dev lo
node lost ip rule add ipproto tcp dport 63001 table 9
node lost ip route add default via "$(address lost | sed 's/\.2$/.1/')" src 10.82.0.2 table 9
node nort ip rule add ipproto tcp dport 63001 unreachable
# A second link, by which what one node sends to the port comes in
ip link add eth1 netns "$NET-server" type veth peer name s1 netns "$NET-router"
server ip addr add 10.81.2.2/24 dev eth1; server ip link set eth1 up
server sysctl -qw net.ipv4.conf.eth1.rp_filter=1
router ip addr add 10.81.2.1/24 dev s1; router ip link set s1 up
nft_at router "table inet t_mark { chain pre { type filter hook prerouting priority -150;
  ip saddr $(address rpf) tcp dport 63001 meta mark set 1
  }; }"
router ip rule add fwmark 1 table 7
router ip route add 10.81.1.2 via 10.81.2.2 table 7
# Services
node dead ip addr flush dev eth0

for n in $names; do
  case $n in
    moved) add_node $n --setting web_port=8444 ;;
    wrong) add_node $n --setting ssh_port=8022 ;;
    *) add_node $n ;;
  esac
done
is "all nodes are known" "$(fettle node list --format json | jq '.nodes | length')" "$(wc -w <<<"$names")"

start=$(date +%s)
fettle check --format json >"$T/check.json" 2>"$T/check.err"
is "a check with faults ends with 253" $? 253
end=$(date +%s)
jq -r '.tasks[] | [.name, .title, .state, .check.verdict, .check.sentence, .check.node_says] | @tsv' "$T/check.json" | sed 's/^/# /'
echo "# took $((end - start)) s"

finds () { # what, NODE DIRECTION PORT, verdict, words
  is "$1: $5" "$(verdict "$2" "$3" "$4")" "$5"
  like "$1: in words" "$(sentence "$2" "$3" "$4")" "$6"
}
is "all is well on a node without fault" \
  "$(jq -r '[.tasks[] | select (.name == "good") | .check.verdict] | unique | join (",")' "$T/check.json")" "nothing-listens,open"
finds "an optional port is closed" good to 80 nothing-listens "nothing listens on its port 80"
is "which is no failure" "$(jq -r '.tasks[] | select (.name == "good" and .check.port == 80) | .state' "$T/check.json")" done
finds "local drop" ldrop from 63001 local-drop "arrives, and this host's own firewall drops it -- .*$(address ldrop)"
finds "local reject" lrej from 63001 local-reject "this host's own firewall rejects"
finds "local output drop" lout to 443 local-drop "this host's own firewall drops what goes out"
finds "router drop" rdrop from 63001 between-drop "nothing of it arrives.*in between"
finds "router drop on the way there" rdrop to 443 node-drop "its firewall drops what comes in, or one in between"
finds "router reject" rrej from 63001 between-reject "in between, $(address rrej | sed 's/\.2$/.1/'), rejects"
finds "router reject on the way there" rrej to 443 between-reject "in between, 10.81.1.1, rejects"
finds "node input drop" ndrop to 443 node-drop "which is there: its firewall drops.* -- on ndrop: firewall-cmd .*10.81.1.2"
finds "node input reject" nrej to 443 node-reject "the firewall of nrej itself rejects"
finds "node output drop" nout from 63001 node-output "the firewall of nout itself drops what goes out"
finds "no route here" noway to 22 no-route-here "no route to $(address noway) .* ip route add"
finds "no route on the router" nortr to 22 no-route-between "the router 10.81.1.1 has no route"
finds "no route at the node" nort from 63001 no-route-node "nort has no route to 10.81.1.2"
finds "reply route missing here" lost from 63001 reply-lost "no route back.*10.82.0.2"
finds "replies dropped in between" reply from 63001 reply-lost "the answers don't reach it"
finds "NAT" nat from 63001 open-nat "shows up as 10.81.1.1 "
finds "NAT and a firewall" natd from 63001 nat "shows up as 10.81.1.99"
finds "reverse path filter" rpf from 63001 reverse-path "arrives by eth1.* -- .*net.ipv4.conf.eth1.rp_filter=2"
finds "nothing listens" nolist to 443 nothing-listens "nothing listens on its port 443 .*--setting web_port=PORT"
finds "wrong port" wrong to 8022 wrong-port "the setting ssh_port says port 8022.* port 22 does -- fettle node set wrong --setting ssh_port=22"
finds "the setting is wrong" moved to 8444 wrong-port "the setting web_port says port 8444.*443 does"
finds "node down" dead to 22 node-down "the router 10.81.1.1 finds nobody.*down"
finds "and the way back can't be told" dead from 63001 untested "none of its ports answers"
is "every failure says what to do" "$(jq -r '.tasks[] | select (.state == "failed" and .check.mend == null) | .title' "$T/check.json")" ""
is "no listener is left open" "$(server ss -Hltn 'sport = :63001' | wc -l)" 0
is "a listener was open meanwhile, and no URL works twice" "$(fettle service status --format json | jq -c .listeners)" "[]"

# Ports that downloads move to
fettle service stop >/dev/null 2>&1
chain server data input "ip saddr $(address ldrop) tcp dport 63010-63011 drop"
server python3 "$T/listen.py" 63010 >/dev/null 2>&1 &
ready server 63010
ok "a service with data_ports" fettle service start --set data_ports=63010-63011
fettle check good ldrop --format json >"$T/check.json" 2>"$T/check.err"
data () { jq -r --arg n "$1" '.tasks[] | select (.name == $n and .check.port == 63010) | .check | "\(.listener) \(.verdict) \(.sentence)"' "$T/check.json"; }
is "data ports are looked at, one that is free" "$(data good)" "http open good reaches 10.81.1.2 port 63011
https open good reaches 10.81.1.2 port 63011"
like "and blocked ones found" "$(data ldrop | tail -n 1)" "local-drop .* port 63011 .*this host's own firewall drops it"
fettle service stop >/dev/null 2>&1

fettle check good >"$T/table" 2>"$T/table.err"
is "a check without fault ends with 0" $? 0
like "its table" "$(cat "$T/table")" '^good +from +http 63001 +open '
is "as CSV" "$(fettle --quiet check good --phase inventory --format csv | cut -d, -f1-4)" "name,check.direction,check.what,check.verdict
good,to,tcp 22,open
good,from,http 63001,open"
done_testing
