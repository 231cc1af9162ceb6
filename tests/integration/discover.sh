# fettle node discover: what answers at declared ports, in namespaces of our own.
# Plugins: linux oa
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"

net_up both ssh web
listen_at both 22; listen_at both 443; listen_at both 8080
listen_at ssh 22
listen_at web 443
for n in both ssh; do ready "$n" 22; done
ready both 443; ready web 443; ready both 8080
ranges="10.81.11.0/30 10.81.12.1-3 10.81.13.2"
found () { fettle node discover $ranges --format json "$@" | jq -r '[.found[] | select (.address | endswith (".2")) | "\(.address) \(.ports | sort | join ("+")) \(.types | sort | join ("+"))"] | join (", ")'; }

is "of two types: by the ports that they need, and no others" "$(found --types linux,oa --no-probe)" \
  "10.81.11.2 22+443 linux+oa, 10.81.12.2 22 linux, 10.81.13.2 443 oa"
fettle node discover $ranges --types linux --format json --rate 200 >"$T/linux.json" 2>"$T/err"
is "linux is where its port is open" \
  "$(jq -r '[.found[] | select (.types == ["linux"]) | .address] | join (" ")' "$T/linux.json")" "10.81.11.2 10.81.12.2"
is "nothing is claimed of what is silent" "$(jq -r '[.found[].address | select (. == "10.81.13.2")] | length' "$T/linux.json")" 0
is "an unknown type is refused" "$(fettle node discover 10.81.11.2 --types nonsense >"$T/out" 2>&1; echo $?)" 254
like "... by name" "$(cat "$T/out")" "there is no node type nonsense"
is "a bad range is refused" "$(fettle node discover 10.81.11.2-x >"$T/out" 2>&1; echo $?)" 254

ok "what is found is added" fettle --quiet node discover $ranges --types linux --add --group new --label by=discover
is "... once, with its type, group and label" \
  "$(fettle node list -l 'by=discover,group=new' --format json | jq -r '[.nodes[] | "\(.name) \(.type)"] | join (", ")')" \
  "10.81.11.2 linux, 10.81.12.2 linux"
fettle node discover $ranges --types linux --add >"$T/out" 2>&1
is "again there is nothing new" $? 3
is "known nodes are named" "$(fettle node discover 10.81.11.2 --types linux --format json | jq -r '.found[0].node')" 10.81.11.2
like "as a table" "$(fettle --quiet node discover 10.81.11.2 --types linux)" "10.81.11.2 +22 +- +linux +10.81.11.2"
ok "a range of nodes is added" fettle --quiet node add 10.81.99.5-7 --type linux
is "... each" "$(fettle node list -l 'name=10.81.99.*' --format json | jq '.nodes | length')" 3
# Connections were closed, and nothing but connections was made.
is "nothing is left connected" "$(server ss -Htn state established 'dport = :22'  | wc -l)" 0
done_testing
