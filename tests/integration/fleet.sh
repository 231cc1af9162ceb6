#!/bin/bash
# An emulated fleet of 200 nodes with four components each: some refuse, some
# break, some lie, some vanish.  Every task ends with the true state, as the
# nodes' own ledgers tell it.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled curl jq pgrep

NODES=200
SEED=$((RANDOM * 32768 + RANDOM))
echo "# seed $SEED"
F=$T/fleet FLEET_PORT=$(free_port)

ok "a fleet is made" fleet_make "$F" $NODES $SEED 400 1
ok "the service starts" fleet_start "$F"
ok "it gets the nodes and their baseline" fleet_add "$F" $NODES
job=$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')
ok "an inventory of all" fleet_wait "$F" "$job"
is "found each" "$(api "$F/state" GET "/jobs/$job" | jq -c .counts)" '{"done":200}'

api "$F/state" POST /deployments --json '{"nodes": ["all"], "options": {"check": false}}' >"$F/answer"
job=$(jq -r .job "$F/answer")
is "the plan has a task for each component" "$(jq .plan.counts.upgrade "$F/answer")" 800
ok "the deployment ends" fleet_wait "$F" "$job"
counts=$(fleet_check "$F" "$job")
echo "# $counts"
is "all of it is true: the nodes say the same" "$(cat "$F/complaints")" ""
is "nothing was installed twice" "$(jq .twice <<<"$counts")" 0
is "nothing was lost" "$(jq .lost <<<"$counts")" 0
is "three in a hundred failed" "$(jq .failed <<<"$counts")" 6
ok "of one that vanished nothing is claimed" test "$(jq .unknown <<<"$counts")" -gt 0
is "the exit code says that something failed" "$(jq .exit_code "$F/job.json")" 253

job=$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')
ok "another inventory of all" fleet_wait "$F" "$job"
is "misses the vanished one" "$(api "$F/state" GET "/jobs/$job" | jq -c .counts)" '{"done":199,"failed":1}'
api "$F/state" POST /plans --json '{"nodes": ["all"]}' >"$F/answer"
is "what is left to do is what failed" "$(jq .counts.upgrade "$F/answer")" 6

kill -TERM "$pid"; wait "$pid"
is "the service ends" $? 0
ok "with its workers" soon fleet_no_worker "$F"
done_testing
