#!/bin/bash
# The service is asked to end (SIGTERM) in the middle of a rollout: calls that run
# are waited for, what a node takes its time for is noted with its token, nothing
# new begins; the next start goes on, and installs nothing twice.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled curl jq pgrep sqlite3

F=$T/fleet FLEET_PORT=$(free_port)
begin () { fleet_start "$F" --set firewall=none --set workers=4 --set download_grace=0; }
ledger () { "$FLEET_TOOL" ledger "$F/plugins/sim.fleet" | jq "$@"; }
pace () { "$FLEET_TOOL" pace "$F/plugins/sim.fleet" "$1"; }
entries () { [ "$(ledger length)" -ge "$1" ]; }
sql () { sqlite3 "$F/state/store.db" "$1"; }
deploy () { job=$(fleet_job "$F" POST /deployments '{"nodes": ["all"], "options": {"check": false}}'); }
terminate () { # sets ended
  kill -TERM "$pid"; wait "$pid"; ended=$?
}
all_is_true () {
  ok "it starts again" begin
  ok "and the deployment ends" fleet_wait "$F" "$job"
  counts=$(fleet_check "$F" "$job")
  echo "# $counts"
  is "all of it is true: the nodes say the same" "$(cat "$F/complaints")" ""
  is "nothing was installed twice, or lost" "$(jq -c '[.twice, .lost]' <<<"$counts")" '[0,0]'
  is "nothing was aborted" "$(jq -c '[.tasks[].state] | unique' "$F/job.json")" '["done"]'
  is "it is one job" "$(api "$F/state" GET /jobs | jq '[.jobs[] | select (.kind == "deployment" and .state == "running")] | length')" 0
}

# ---- Nodes that are asked again and again.  Seed 11: all of them are good ones.
ok "a fleet that takes its time" fleet_make "$F" 10 11 600000 1
ok "the service starts" begin
ok "it gets the nodes and their baseline" fleet_add "$F" 10
ok "an inventory of all" fleet_wait "$F" "$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')"
deploy
ok "all of them install" soon entries 10
terminate
is "asked to end, it ends in order" "$ended" 0
ok "with its workers" soon fleet_no_worker "$F"
is "each task that runs is noted with its token" \
  "$(sql "SELECT state, count (*), count (token) FROM task WHERE job = $job GROUP BY state ORDER BY state")" \
  "$(printf 'installing|10|10\npending|30|0')"
is "the job isn't over" "$(sql "SELECT state, coalesce (finished, '-') FROM job WHERE id = $job")" 'running|-'
like "the end is in the audit log" "$(sql "SELECT outcome FROM audit WHERE what = 'service' ORDER BY id DESC LIMIT 1")" stop
is "nothing new has begun" "$(ledger length)" 10
pace 50
all_is_true

# ---- Calls that last as long as the installation: what runs is finished.
kill -TERM "$pid"; wait "$pid"
rm -rf "$F"
ok "a fleet whose calls wait for the end" fleet_make "$F" 10 11 600000 0
ok "a service" begin
ok "gets the nodes and their baseline" fleet_add "$F" 10
ok "an inventory" fleet_wait "$F" "$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')"
deploy
ok "as many install as there are workers" soon entries 4
kill -TERM "$pid"
refuses () { ! api "$F/state" POST /inventories --json '{"nodes": ["all"]}' | grep -q '"job"'; }
ok "nothing new is taken on" soon refuses
pace 50
wait "$pid"
is "it ends in order" $? 0
is "what ran was finished, and nothing else begun" "$(ledger -c '[length, ([.[] | select (.seen)] | length)]')" '[4,4]'
all_is_true

# ---- And what isn't waited for any longer: a second signal.
kill -TERM "$pid"; wait "$pid"
rm -rf "$F"
ok "once more such a fleet" fleet_make "$F" 10 11 600000 0
ok "its service" begin
ok "with nodes and baseline" fleet_add "$F" 10
ok "inventoried" fleet_wait "$F" "$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')"
deploy
ok "four install" soon entries 4
kill -TERM "$pid"
stopping () { grep -q stopping "$F/state.log"; }
ok "it is asked to end" soon stopping
terminate
is "and at once" "$ended" 0
ok "no worker is left" soon fleet_no_worker "$F"
is "what ran was begun once" "$(ledger length)" 4
pace 50
all_is_true
kill -TERM "$pid"; wait "$pid"
is "the service ends" $? 0
done_testing
