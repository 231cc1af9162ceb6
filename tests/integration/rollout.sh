#!/bin/bash
# A rollout through the real command: batches, limits, failures, what was left,
# aborts, and a kill -9 in the middle.  What is claimed stands in the ledger of
# the (emulated) hardware.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
. "$srcdir/integration/rollout-lib.sh"
requires fettled curl jq pgrep

rollout_fleet 12
not_ok "batches that aren't" deploy --batch 1,0
like "are told what they can be" "$(cat "$F/out")" 'batch'
not_ok "a limit that isn't one" deploy --max-parallel rack=1
like "neither" "$(cat "$F/out")" 'max.parallel'

# ---- Batches
fresh 100
deploy --baseline one --batch 1,50%
is "a deployment in batches of 1, a half, and the rest" $? 0
is "gets to each node, once" "$(sim ledger | jq -c '[.[].node]')" '[0,1,2,3,4,5,6,7,8,9,10,11]'
is "the second batch begins after the first one" "$(early '$n == 0' '$n > 0')" '[]'
is "the third after the second one" "$(early '$n <= 6' '$n > 6')" '[]'

# ---- How many at once: what runs waits until all that may has begun
for i in 0 1 2 3; do f node set "n$i" --group left >"$F/out" 2>&1 || cat "$F/out"; done
for i in 4 5 6 7; do f node set "n$i" --group right >"$F/out" 2>&1 || cat "$F/out"; done
for i in 8 9; do sim set $i kind 2; f node set "n$i" --type sim-interconnect >"$F/out" 2>&1 || cat "$F/out"; done
LEFT='$n < 4' RIGHT='$n >= 4 and $n < 8' SWITCH='$n == 8 or $n == 9'
parallel () { # WHAT RUNNING OPTIONS...
  local what=$1 running=$2; shift 2
  fresh $LONG
  ok "$what: it begins" begin --baseline one "$@"
  ok "$what: $running at once" soon entries "$running"
  is "$what: no more" "$(rolls '[.running, .waiting]')" "[$running,$((12 - running))]"
  pace 50
  ok "$what: ends" soon ended
  is "$what: each is done" "$(states "$job")" '{"done":12}'
}
parallel "--max-parallel 3" 3 --max-parallel 3
ok "never more than 3" test "$(most true)" -le 3
parallel "--max-parallel by type and group" 7 --max-parallel type=9 --max-parallel type:sim-interconnect=1 \
  --max-parallel group=3 --max-parallel group:left=1
ok "never more than 1 of the type that was named" test "$(most "$SWITCH")" -le 1
ok "never more than 1 of the group that was named" test "$(most "$LEFT")" -le 1
ok "never more than 3 of another group" test "$(most "$RIGHT")" -le 3
parallel "--max-parallel by each type" 3 --max-parallel type=2 --max-parallel type:sim-interconnect=1
ok "never more than 2 of a type" test "$(most "($SWITCH) | not")" -le 2

# ---- Failures, and what they left undone
fresh 50
rule 2 1; rule 5 1 # SIM_REJECTS
deploy --baseline one --batch 3 --max-failures 1
is "one failure too many: the exit code says so" $? 253
job=$(last)
is "no batch began after it" "$(begun)" '[0,1,3,4]'
is "each node's end is true" "$(node_states "$job")" "n0 done, n1 done, n2 failed, n3 done, n4 done, n5 failed, n6 aborted, \
n7 aborted, n8 aborted, n9 aborted, n10 aborted, n11 aborted"
like "it says why, and how to go on" "$(messages "$job")" "not begun: .*2 .*fettle deploy --resume $job"
rule 2 0
deploy --resume "$job" --retry-failed --max-failures 5
is "--retry-failed: one failed again" $? 253
is "it tried those that had failed" "$(node_states "$(last)")" "n2 done, n5 failed"
rule 5 0
deploy --resume "$job" --batch 100% --max-failures 0
is "--resume: all is done" $? 0
is "what was left" "$(node_states "$(last)")" "n5 done, n6 done, n7 done, n8 done, n9 done, n10 done, n11 done"
is "nothing was installed twice" "$(sim ledger | jq -c '[.[].node]')" '[0,1,2,3,4,5,6,7,8,9,10,11]'
not_ok "of one that left nothing, nothing is tried again" deploy --resume "$(last)"
like "as it says" "$(cat "$F/out")" 'left nothing undone'

fresh 50
rule 0 1
deploy --baseline one --batch 1,100% --max-failures 10%
is "a canary that fails is more than a tenth" $? 253
is "so nothing else was begun" "$(begun)" '[]'
rule 0 0; rule 3 1
deploy --baseline one --batch 4,100% --max-failures 25%
is "a quarter of a batch is not more than a quarter" $? 253
is "so all others were" "$(begun)" '[0,1,2,4,5,6,7,8,9,10,11]'

# ---- Aborts
fresh $LONG
ok "a deployment of more" begin --baseline all --max-parallel 2
ok "two nodes are at it" soon entries 2
ok "a soft abort" f abort "$job"
is "leaves them at it" "$(f status "$job" --format json | jq -r .state), $(runs)" "running, 2"
pace 50
ok "then it ends" soon ended
is "what was begun was finished, and no more" "$(begun), $(states "$job")" '[0,1], {"aborted":46,"done":2}'
ok "nothing runs any more" test "$(runs)" = 0

fresh $LONG
ok "another" begin --baseline all --max-parallel 2
ok "two nodes are at it again" soon entries 2
ok "a hard abort" f abort "$job" --hard
ok "ends it now" soon ended
is "an inventory decided what became of them" "$(states "$job")" '{"aborted":46,"failed":2}'
like "they say why" "$(messages "$job")" 'abort'
is "nothing new was begun" "$(begun)" '[0,1]'

# ---- kill -9 in the middle
fresh 50
rule 1 1; rule 4 2 # SIM_BREAKS, at its end
ok "batches and a threshold" begin --baseline one --batch 3 --max-failures 1 --pause-after-canary
ok "the first batch ends, with a failure" soon waits canary
pace $LONG
ok "the next one may begin" f job resume "$job"
ok "it does" soon entries 5
kill -KILL "$pid"; wait "$pid" 2>/dev/null
rm -f "$F/state/service.json"; cp "$F/state.log" "$F/killed.log"
ok "the service is killed in it, and starts again" rollout_start
is "it knows where it was" "$(rolls '[.batch, .batches, .running, .ended, .failed, .waiting, .waits]')" \
  '[2,4,3,3,1,6,null]'
pace 50
ok "the deployment ends" soon ended
is "the failure before counted, and the one behind: no third batch" "$(node_states "$job")" "n0 done, n1 failed, \
n2 done, n3 done, n4 failed, n5 done, n6 aborted, n7 aborted, n8 aborted, n9 aborted, n10 aborted, n11 aborted"
is "nothing was begun twice" "$(sim ledger | jq -c '[.[].node]')" '[0,2,3,4,5]'
is "the exit code is kept" "$(f status "$job" --format json | jq .exit_code)" 253

# ---- kill -9 while a node restarts
fresh 50
sim set 0 down 1
asked () { [ "$(sim restarts 0 | cut -d' ' -f2)" -ge "$1" ]; }
ok "a node, and a restart of it" begin n0 --baseline one --reboot always
ok "it is on its way down" soon asked 1
kill -KILL "$pid"; wait "$pid" 2>/dev/null
rm -f "$F/state/service.json"; cp "$F/state.log" "$F/killed.log"
looks=$(sim restarts 0 | cut -d' ' -f2)
ok "the service is killed, and starts again" rollout_start
ok "it asks for the node again" soon asked $((looks + 1))
sim set 0 down 0
ok "the deployment ends" soon ended
is "the node was restarted once" "$(sim restarts 0 | cut -d' ' -f1), $(states "$job")" '1, {"done":1}'
rollout_end
done_testing
