#!/bin/bash
# A rollout that waits, through the real command: for persons, times and
# windows; one of what belongs together; and just the plan that was looked at.
# What is claimed stands in the ledger of the (emulated) hardware.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
. "$srcdir/integration/rollout-lib.sh"
requires fettled curl jq pgrep

rollout_fleet 17 # n12 ... n16: an enclosure

# ---- Persons
fresh 50
ok "one that wants to be approved, and looked at after the canary" \
  begin --baseline one --batch 1,100% --approve --pause-after-canary
ok "waits for approval" soon waits approval
not_ok "to resume it isn't to approve it" f job resume "$job"
is "nothing has begun" "$(begun)" '[]'
ok "approved" f job approve "$job"
ok "the canary ends" soon waits canary
is "it alone was begun" "$(begun)" '[0]'
not_ok "it can't be approved twice" f job approve "$job"
ok "resumed" f job resume "$job"
ok "the others follow" soon ended
is "all is done" "$(states "$job")" '{"done":12}'

fresh $LONG
ok "another, of all components" begin --baseline all --max-parallel 1
ok "begins" soon entries 1
ok "held by a person" f job pause "$job"
pace 50
idle () { [ "$(rolls '[.waits, .running]')" = '["pause",0]' ]; }
ok "finishes what runs" soon idle
is "and begins nothing" "$(sim ledger | jq length)" 1
ok "until it may" f job resume "$job"
ok "then it ends" soon ended
is "with all" "$(states "$job"), $(sim ledger | jq length)" '{"done":48}, 48'

# ---- Times
fresh 50
ok "at a time in another zone" begin --baseline one --at '2099-01-01 02:00 Europe/Berlin'
ok "waits for it" soon waits time
is "which is said" "$(rolls .until)" '"2099-01-01T01:00:00Z"'
ok "aborted meanwhile" f abort "$job"
ok "ends" soon ended
is "without having begun" "$(begun), $(states "$job")" '[], {"aborted":12}'
at=$(($(date +%s) + 2))
ok "at a time to come" begin --baseline one --at "$(date -u -d "@$at" '+%Y-%m-%d %H:%M:%SZ')"
ok "begins and ends" soon ended
is "not before it" "$(sim ledger | jq --argjson at "$at" 'map (select (.from < $at * 1000)) | length')" 0
is "with all" "$(states "$job")" '{"done":12}'

# ---- Windows
hour () { date -u -d "$1 hours" +%H:00; }
fresh 50
estimate () { f plan --baseline one --format json all "$@" | jq -r ".estimate.ends // \"never\""; }
is "a plan tells when it would end: with a window" \
  "$(($(date -d "$(estimate --window "$(hour +2)-$(hour +3) Etc/UTC")" +%s) / 3600))" "$(($(date -d "$(date -u -d '+2 hours' '+%F %H:00Z')" +%s) / 3600))"
is "with one that never opens" "$(estimate --window never)" never
like "as the command says it" "$(fettle plan --baseline one all --at '2099-01-01 02:00Z' 2>&1)" 'until 2099-01-01T02:'
ok "in a window that is shut" begin --baseline one --window "$(hour +2)-$(hour +3) Etc/UTC"
ok "it waits for it" soon waits window
like "until it opens" "$(rolls .until)" "T$(hour +2):00Z"
f abort "$job"
ok "aborted" soon ended
is "nothing has begun" "$(begun)" '[]'
ok "a node's own window" f node set n3 --maintenance never
ok "and a group's" f group add late --maintenance "$(hour +2)-$(hour +3) Etc/UTC"
ok "with a node in it" f node set n4 --group late
ok "in the job's window, which is open" begin --baseline one --window "$(hour -1)-$(hour +2) Etc/UTC"
ten () { [ "$(rolls '[.ended, .waits]')" = '[10,"window"]' ]; }
ok "the others end" soon ten
is "these two haven't begun" "$(begun)" '[0,1,2,5,6,7,8,9,10,11]'
ok "the group's window is widened" f group set late --maintenance always
both () { entries 11; }
ok "its node begins" soon both
is "it, and no other" "$(begun)" '[0,1,2,4,5,6,7,8,9,10,11]'
ok "the node's too" f node set n3 --maintenance always
ok "then all ends" soon ended
is "all is done" "$(states "$job")" '{"done":12}'
f node set n3 --maintenance never
fresh 50
deploy n3 n5 --baseline one --ignore-windows
is "windows can be ignored" "$?, $(begun)" '0, [3,5]'
f node set n3 --maintenance always

# ---- Just the plan that was looked at
fresh 50
ok "a plan into a file" f plan n0 n1 n2 --baseline one -o "$F/plan"
deploy --plan "$F/plan"
is "is deployed" "$?, $(begun)" '0, [0,1,2]'
ok "another" f plan n3 n4 --baseline one -o "$F/plan"
sim flash 4 0 2
f inventory n4 >"$F/out" 2>&1
deploy --plan "$F/plan"
is "isn't, when the world has changed" $? 252
like "what is different is said" "$(cat "$F/out")" 'n4.*(1\.0|2\.0)'
is "nothing was begun" "$(begun)" '[0,1,2,4]'
jq '.nodes[0].entries[0].offered = "9.0"' "$F/plan" >"$F/forged"
deploy --plan "$F/forged"
is "nor is one that was changed by hand" $? 254
like "as it says" "$(cat "$F/out")" 'changed'
hash=$(f plan n3 --baseline one --format json | jq -r .hash)
deploy n3 --baseline one --plan "$hash"
is "a plan by its hash" "$?, $(begun)" '0, [0,1,2,3,4]'
deploy n3 --baseline one --plan "$hash"
is "isn't the one of now any more" $? 252

# ---- What belongs together: n12 manages interconnects 13, 14 (a pair) and servers 15, 16
for i in 13 14 15 16; do sim set $i parent 13; done
for i in 13 14; do sim set $i kind 2; sim set $i pair 7; done
sim set 12 kind 1
ok "an enclosure's manager" f node add 127.1.0.13 --name n12 --type sim-manager
ok "is asked what it has" f inventory n12
is "which come to the list" "$(f node list --format json | jq -r '[.nodes[] | select (.parent) | "\(.name) \(.type)"] | join (", ")')" \
  "n13 sim-interconnect, n14 sim-interconnect, n15 sim, n16 sim"
ok "they are asked too" f inventory n13 n14 n15 n16
deploy n15 --baseline one --associated
is "a server, and what it belongs to" $? 0
is "all of them" "$(sim ledger | jq -c '[.[].node | select (. > 4)]')" '[12,13,14,15,16]'
is "the chosen one first" "$(early '$n == 15' '$n > 11 and $n != 15')" '[]'
is "then the manager" "$(early '$n == 12' '$n == 13 or $n == 14 or $n == 16')" '[]'
is "then the interconnects" "$(early '$n == 13 or $n == 14' '$n == 16')" '[]'
is "never both of a pair at once" "$(most '$n == 13 or $n == 14')" 1
fresh 50
f inventory n12 n13 n14 n15 n16 >"$F/out" 2>&1
deploy n16 n15 n14 n13 n12 n0 --baseline one --max-parallel enclosure=1
is "all of them chosen, one of an enclosure at a time" $? 0
is "the manager first" "$(early '$n == 12' '$n > 12')" '[]'
is "then the interconnects" "$(early '$n == 13 or $n == 14' '$n > 14')" '[]'
is "one at a time" "$(most '$n > 11')" 1
rollout_end
done_testing
