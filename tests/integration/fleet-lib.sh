# fleet-lib.sh - an emulated fleet behind a real service (tests/plugins/sim.h);
# sourced after tap.sh and service-lib.sh.
# SPDX-License-Identifier: Apache-2.0

FLEET_TOOL=${builddir-}/plugins/sim-fleet

fleet_make () { # FOLDER NODES SEED FLASH_MS POLL_S: its plugin folder is FOLDER/plugins
  mkdir -p "$1/plugins" "$1/images"
  chmod 755 "$1" "$1/plugins"
  cp "$builddir/plugins/.libs/sim.so" "$1/plugins/"
  "$FLEET_TOOL" make "$1/plugins/sim.fleet" "$2" "$3" "$4" "$5" && "$FLEET_TOOL" images "$1/images"
}

fleet_start () { # FOLDER [ARGS...]: sets pid
  local folder=$1; shift
  start "$folder/state" --ssl-port "$FLEET_PORT" --port "$((FLEET_PORT + 1))" --plugindir "$folder/plugins" "$@"
}

fleet_workers () { # FOLDER: the workers of this fleet
  pgrep -f "fettle-worker .*$1/plugins/sim.so"
}
fleet_no_worker () { ! fleet_workers "$1"; }

fleet_job () { # FOLDER METHOD PATH BODY: the job's number
  api "$1/state" "$2" "$3" --json "$4" | jq -r '.job // empty'
}

fleet_add () { # FOLDER NODES: nodes and their baseline, and an inventory of all
  local folder=$1 nodes=$2 i
  for ((i = 0; i < nodes; i += 5000)); do
    "$FLEET_TOOL" nodes "$folder/plugins/sim.fleet" "$i" 5000 >"$folder/nodes.json" || return
    [ "$(status "$folder/state" POST /nodes --json "@$folder/nodes.json")" = 201 ] || return
  done
  fleet_wait "$folder" "$(fleet_job "$folder" POST /baselines "{\"path\": \"$folder/images\", \"name\": \"sim\", \"allow_unsigned\": true}")"
}

# Waits for a job's end, asleep in the service's own long poll.  Status 1: the
# service is gone, or FLEET_PATIENCE seconds are over.
fleet_wait () { # FOLDER JOB
  local state end=$((SECONDS + ${FLEET_PATIENCE-240}))
  [ -n "$2" ] || return
  while [ $SECONDS -lt $end ]; do
    state=$(api "$1/state" GET "/jobs/$2/events?after=1000000000&wait=15" | jq -r .state 2>/dev/null)
    case $state in
    done | aborted) return 0;;
    running) ;;
    *) return 1;;
    esac
  done
  return 1
}

fleet_check () { # FOLDER JOB: counts; complaints in FOLDER/complaints
  api "$1/state" GET "/jobs/$2" >/dev/null
  cp "$T/answer" "$1/job.json"
  "$FLEET_TOOL" check "$1/plugins/sim.fleet" "$1/job.json" 2>"$1/complaints"
}
