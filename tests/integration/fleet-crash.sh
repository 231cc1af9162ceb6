#!/bin/bash
# fettled killed (SIGKILL) at random moments of a deployment to an emulated
# fleet, and started again each time: no component is installed twice on a
# node, none is lost, the audit log's chain holds, no hole and no worker is left.
#
# KILLS, NODES and SEED may be set; tests/bench/fleet-crash runs many.
# SPDX-License-Identifier: Apache-2.0
if [ -z "${FLEET_CRASH_NET-}" ] && unshare -n true 2>/dev/null; then
  # A network of its own: its firewall is nobody else's.
  export FLEET_CRASH_NET=1
  exec unshare -n bash "$0" "$@"
fi
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled curl jq pgrep

KILLS=${KILLS-15} NODES=${NODES-60} FLASH_MS=${FLASH_MS-600}
SEED=${SEED-$((RANDOM * 32768 + RANDOM))}
echo "# KILLS=$KILLS NODES=$NODES SEED=$SEED"
RANDOM=$((SEED % 32768))
F=$T/fleet FLEET_PORT=$(free_port)
firewall=none
if [ -n "${FLEET_CRASH_NET-}" ] && ip link set lo up 2>/dev/null && nft list tables >/dev/null 2>&1; then
  firewall=nftables
fi
begin () { fleet_start "$F" --set "firewall=$firewall" --set open_firewall=yes --set workers=16; }
audited () { # WHAT: how many such entries
  local after=0 n=0 more=10000
  while [ "$more" = 10000 ]; do
    api "$F/state" GET "/audit?after=$after&limit=10000" >"$F/entries"
    more=$(jq '.entries | length' "$F/entries")
    after=$((after + more))
    n=$((n + $(jq --arg what "$1" '[.entries[] | select(.what == $what and .outcome != "stopping")] | length' "$F/entries")))
  done
  echo $n
}
no_table () { ! nft list table inet fettle; }

ok "a fleet is made" fleet_make "$F" "$NODES" "$SEED" "$FLASH_MS" 1
ok "the service starts" begin
ok "it gets the nodes and their baseline" fleet_add "$F" "$NODES"
ok "an inventory of all" fleet_wait "$F" "$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')"
job=$(fleet_job "$F" POST /deployments '{"nodes": ["all"], "options": {"check": false}}')
like "a deployment begins" "$job" '^[0-9]+$'
has_holes () { api "$F/state" GET /firewall | jq -e '.holes | length > 0'; }
ok "with holes in the firewall" soon has_holes

# Moments: any time from the start of a service on; a half of them within the
# first 200 ms, where it takes up what it finds.
kills=0 restarts_failed=0 resumed=0
while [ $kills -lt "$KILLS" ]; do
  if [ $((RANDOM % 2)) = 0 ]; then ms=$((RANDOM % 200)); else ms=$((RANDOM % 2500)); fi
  sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
  kill -KILL "$pid"; wait "$pid" 2>/dev/null
  kills=$((kills + 1))
  rm -f "$F/state/service.json"
  begin >"$F/begin" || { restarts_failed=$((restarts_failed + 1)); cat "$F/begin"; }
  ! grep -q 'job .* goes on' "$F/state.log" || resumed=$((resumed + 1))
done
echo "# $resumed kills of $kills while it was deploying"
is "after $kills kills it started each time" "$restarts_failed" 0
ok "the deployment was cut" test "$resumed" -gt 0
ok "the deployment ends" fleet_wait "$F" "$job"
counts=$(fleet_check "$F" "$job")
echo "# $counts"
is "all of it is true: the nodes say the same" "$(cat "$F/complaints")" ""
is "nothing was installed twice" "$(jq .twice <<<"$counts")" 0
is "nothing was lost" "$(jq .lost <<<"$counts")" 0
audit=$(api "$F/state" GET /audit/verify)
echo "# $audit"
is "the audit log's chain holds" "$(jq .intact <<<"$audit")" true
is "it has each task's end once" "$(audited task)" "$((NODES * 4))"
is "and each start of the service" "$(audited service)" "$((KILLS + 1))"
is "the job has ended in order" "$(jq -r .state "$F/job.json")" done
is "no hole is wanted any more" "$(api "$F/state" GET /firewall | jq -c .holes)" '[]'

kill -TERM "$pid"; wait "$pid"
is "the service ends" $? 0
ok "no worker is left" soon fleet_no_worker "$F"
if [ $firewall = nftables ]; then
  ok "no hole is left" soon no_table
else
  skip "no hole is left" "there is no firewall to look at"
fi
done_testing
