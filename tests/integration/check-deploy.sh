# check-deploy.sh - a deployment looks at the ways first: a node whose way is
# blocked is refused by a sentence before it is touched, the others go on; a
# plan shows it.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"

net_up good shut mute nolist
for n in good shut mute nolist; do node_sshd $n; done
for n in good shut mute; do listen_at $n 443; done
for n in good shut mute nolist; do ready $n 22; done
server nft -f - <<N
table inet hostfw {
  chain in { type filter hook input priority 0; policy accept;
    ip saddr { $(address shut), $(address mute) } tcp dport 63001 drop
  }
}
N
make_baseline "$T/base"
for n in good shut nolist; do add_node $n --setting command="echo ran >>$T/ran-$n"; done
add_node mute --type mute --setting command="echo ran >>$T/ran-mute"
ok "the baseline is added" fettle baseline add "$T/base" --name base --allow-unsigned
ok "the nodes are inventoried" fettle inventory

fettle deploy --yes --format json >"$T/job" 2>"$T/err"
is "a deployment with blocked nodes ends with 253" $? 253
task () { jq -r --arg n "$1" ".tasks[] | select (.name == \$n) | $2" "$T/job"; }
is "a node whose ways are open is deployed to" "$(task good .state) $(cat "$T/ran-good")" "done ran"
is "one whose way back is blocked isn't" "$(task shut .state) $(cat "$T/ran-shut" 2>&1)" \
  "blocked cat: $T/ran-shut: No such file or directory"
like "it says why, and what mends it" "$(task shut .error.message)" \
  "^not begun: .*63001.* arrives, and this host's own firewall drops it.*; mend it with: .*$(address shut)"
is "nor one that doesn't listen" "$(task nolist .state) $(test -e "$T/ran-nolist" && echo ran)" "blocked "
like "why" "$(task nolist .error.message)" "nothing listens on its port 443"
is "what can't be asked isn't refused" "$(task mute .state) $(cat "$T/ran-mute")" "done ran"
is "nobody minds an optional port" "$(jq -r '.tasks[].error.message // empty' "$T/job" | grep -c 'port 80 ')" 0
is "no listener is left open" "$(fettle service status --format json | jq -c .listeners)" "[]"

fettle plan --format json >"$T/plan" 2>"$T/err"
way () { jq -r --arg n "$1" '.nodes[] | select (.name == $n) | .blocked_ways[] | "\(.direction) \(.protocol) \(.port) \(.verdict)"' "$T/plan"; }
is "a plan shows the blocked way back" "$(way shut)" "from tcp 63001 local-drop"
is "and the one there" "$(way nolist)" "to tcp 443 nothing-listens"
is "and none for others" "$(way good)$(way mute)" ""
like "with its time, for people" "$(fettle plan shut 2>"$T/err")" "^shut .* way blocked +- +from tcp 63001, as of 20..-"
like "--dry-run, too" "$(fettle deploy --dry-run shut 2>"$T/err")" "way blocked"

ok "--no-check doesn't look" fettle deploy --yes --no-check shut
is "and deploys" "$(cat "$T/ran-shut")" "ran"

server nft delete table inet hostfw
hash=$(fettle plan --format json shut 2>/dev/null | jq -r .hash)
ok "after it was mended" fettle deploy --yes shut --plan "$hash"
fettle plan --format json >"$T/plan" 2>"$T/err"
is "the plan forgets it" "$(way shut)" ""
is "which isn't part of the hash" "$(fettle plan --format json shut 2>/dev/null | jq -r .hash)" "$hash"
ok "a changed node" fettle node set nolist --setting web_port=8443
fettle plan --format json >"$T/plan" 2>"$T/err"
is "isn't judged by what it was" "$(way nolist)" ""
done_testing
