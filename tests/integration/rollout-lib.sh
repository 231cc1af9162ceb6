# rollout-lib.sh - rollouts through the real command on an emulated fleet whose
# ledger says what was begun, when, and when its end was seen; sourced after
# fleet-lib.sh.  Nodes n0 ... n11, four components each; the baseline "one" has
# but the first.
# SPDX-License-Identifier: Apache-2.0

F=$T/fleet FLEET_PORT=$(free_port)
export FETTLE_STATE_DIR=$F/state
LONG=600000 # ms: longer than any test waits

sim () { local verb=$1; shift; "$FLEET_TOOL" "$verb" "$F/plugins/sim.fleet" "$@"; }
f () { fettle --quiet "$@"; }
pace () { sim pace "$1"; }
rollout_start () { fleet_start "$F" --set firewall=none --set workers=16; }

rollout_fleet () { # ROWS: with the seed of 11 all of them are good ones
  ok "a fleet is made" fleet_make "$F" "$1" 11 100 0
  ok "the service starts" rollout_start
  mkdir "$F/one" && cp "$F"/images/fw0.bin* "$F/one"
  sim nodes 0 12 >"$F/nodes.json"
  is "it gets nodes" "$(status "$F/state" POST /nodes --json "@$F/nodes.json")" 201
  ok "and a baseline" f baseline add "$F/images" --name all --allow-unsigned
  ok "and one of one component" f baseline add "$F/one" --name one --allow-unsigned
}

fresh () { # PACE: all nodes as they were delivered, and known to be
  local i
  for i in {0..11}; do sim set "$i" rule 0; done
  sim reset && pace "$1" && f inventory all >"$F/out" 2>&1 || cat "$F/out"
}
rule () { sim set "$1" component 0; sim set "$1" rule "$2"; }

# deploy OPTIONS...: of "one", unless they say another; to its end
deploy () { f deploy --yes --no-check "$@" >"$F/out" 2>&1; }
begin () { # ...: sets job
  job=$(f deploy --yes --no-check --no-wait "$@" 2>"$F/out")
  [[ $job =~ ^[0-9]+$ ]] || { cat "$F/out"; return 1; }
}
last () { f status --format json | jq '[.jobs[] | select (.kind == "deployment")][0].id'; }
rolls () { f status "$job" --format json | jq -c ".rollout | $1"; }
states () { f status "$1" --format json | jq -c .counts; }
node_states () { f status "$1" --format json | jq -r '[.tasks[] | "\(.name) \(.state)"] | join (", ")'; }
messages () { f status "$1" --format json | jq -r '[.tasks[].error.message? // empty] | unique[]'; }
ended () { ! f status "$job" --format json | jq -e '.state == "running"'; }
waits () { [ "$(rolls .waits)" = "\"$1\"" ]; }
entries () { [ "$(sim ledger | jq length)" -ge "$1" ]; }
begun () { sim ledger | jq -c '[.[].node] | unique'; } # nodes
runs () { sim ledger | jq -c '[.[] | select (.seen | not)] | length'; }

# Of the ledger's intervals of these nodes (a jq condition), most at once.
most () {
  sim ledger | jq "map (select (.node as \$n | $1)) | group_by (.node)
    | map ({from: map (.from) | min, until: map (.until) | max})
    | . as \$all | map (.from as \$t | [\$all[] | select (.from <= \$t and \$t < .until)] | length)
    | max // 0"
}
# What of these nodes began before the last of those had ended.
early () { # FIRST SECOND: jq conditions
  sim ledger | jq -c "(map (select (.node as \$n | $1) | .until) | max) as \$last
    | map (select (.node as \$n | $2) | select (.from < \$last) | .node)"
}
rollout_end () {
  is "tasks went the ways that there are" "$(grep 'which should not be' "$F/state.log" "$F"/killed.log 2>/dev/null)" ""
  kill -TERM "$pid"; wait "$pid"
  is "the service ends" $? 0
  ok "with its workers" soon fleet_no_worker "$F"
}
