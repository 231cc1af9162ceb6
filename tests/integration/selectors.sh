#!/bin/bash
# --selector, in every command that takes several nodes: the same nodes.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
. "$srcdir/integration/rollout-lib.sh"
requires fettled fettle curl jq pgrep

# What takes NODE... takes a selector: no command is forgotten.
without=
while read -r command; do
  # shellcheck disable=SC2086
  help=$(fettle $command --help 2>&1)
  if grep -qE '^[Uu]sage:.*NODE\.\.\.' <<<"$help" && ! grep -q -- '--selector' <<<"$help"; then without="$without $command,"; fi
done < <(fettle --help | sed -n 's/^  \([a-z-]*\( [a-z-]*\)\{0,1\}\)  .*/\1/p')
is "commands of several nodes have --selector" "$without" ""

rollout_fleet 12
export FETTLE_PLUGINDIR=$F/plugins
ok "two nodes have a label" f node set n3 n7 --label rack=9
S="-l rack=9"
both='["n3","n7"]'
# shellcheck disable=SC2086
{
names () { jq -c '[.. | .name? // empty | select (test ("^n[0-9]+$"))] | unique'; }
is "node list" "$(f node list $S --format json | names)" "$both"
is "node export" "$(f node export $S --format json | names)" "$both"
is "inventory" "$(f inventory $S --format json | names)" "$both"
is "check" "$(f check $S --format json | names)" "$both"
is "plan" "$(f plan $S --format json | names)" "$both"
is "report" "$(f report --kind installed $S --format json | jq -c '[.sections[].rows[].node] | unique')" "$both"
is "report on a job" "$(f report $S --format json | names)" "$both"
is "firewall plan" "$(f firewall plan $S --format json | jq .nodes)" 2
is "firewall export" "$(f firewall export $S --format csv --for between)" \
  "$(f firewall export -l 'name in (n3,n7)' --format csv --for between)"
ok "which is something" [ "$(f firewall export $S --format csv --for between | grep -c 127)" -gt 0 ]
not_ok "not with a file as well" f firewall plan --nodes all $S
is "firewall open" "$(f firewall open $S --format json >/dev/null; echo $?)" 0
is "firewall close" "$(f firewall close $S --format json >/dev/null; echo $?)" 0
ok "snapshot create" f snapshot create before $S
is "has just these" "$(f snapshot list --format json | jq '.snapshots[0].nodes')" 2
ok "deploy" f deploy --yes --no-check --baseline one $S
is "on just these" "$(begun)" '[3,7]'
ok "group join" f group join pair $S
is "just these" "$(f node list --group pair --format json | names)" "$both"
ok "node set" f node set $S --label tier=db
is "each of these" "$(f node list -l tier=db --format json | names)" "$both"
is "restore" "$(f restore --snapshot before $S --dry-run --format json | names)" "$both"
ok "node remove" f node remove $S
is "leaves the others" "$(f node list --format json | jq '.nodes | length')" 10
}
for command in inventory check plan 'deploy --yes' 'firewall plan' 'firewall open' 'firewall close' 'node set --label a=b' \
  'node remove' 'snapshot create x' 'group join g'; do
  # shellcheck disable=SC2086
  f $command -l rack=none >"$T/none" 2>&1
  is "$command: no node fits" "$?" 254
done
not_ok "all nodes are opened for by the word all only" f firewall open
not_ok "a selector that is none" f inventory -l 'rack in ('
rollout_end
done_testing
