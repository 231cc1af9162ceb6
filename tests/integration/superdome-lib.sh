# superdome-lib.sh - what the tests of the two Superdomes share; sourced behind
# check-lib.sh.
#
#   firewalled_server                 drops all that nobody opens; our plugin looks often
#   bundle VERSION [TARGET] [HARDWARE]   a baseline with it: sets $base
#   deploy VERSION [TARGET] [HARDWARE] [OPTIONS]   deploys one: sets $status
#   tries REGEX VERSION ...           deploys one that fails so at first, and gives up
#   task FILTER; why                  of its task, by jq; its error's message
#   open_ports                        prints, until it is killed, what is open: "ADDRESS PORT"
#   setting NAME=VALUE                of the node; faults FAULT...: from now on
#
# SPDX-License-Identifier: Apache-2.0
node_name=sdx node_type=superdome-x

firewalled_server () {
  server nft -f - <<'RULES'
table inet hostfw {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif "lo" accept
  }
}
RULES
  mkdir -p "$T/plugins"; chmod 755 "$T" "$T/plugins"
  install -m 755 "$builddir/../plugins/superdome/.libs/superdome.so" "$T/plugins/"
  sed "s/poll_s = [0-9]*/poll_s = 1/; s/begin_s = [0-9]*/begin_s = 2/; s/reset_s = [0-9]*/reset_s = 1/" "$srcdir/../plugins/superdome/superdome.quirks" >"$T/plugins/superdome.quirks"
  chmod 644 "$T/plugins/superdome.quirks"
  FETTLE_PLUGINDIR=$T/plugins
}

bundle () {
  local version=$1 target=${2-complex} hardware=${3-superdome-x}
  n_base=$((${n_base-0} + 1))
  base=b$n_base
  mkdir -p "$T/$base"; chmod 755 "$T/$base"
  echo "{\"hardware\": \"$hardware\", \"version\": \"$version\"}" >"$T/$base/bundle.bin"
  cat >"$T/$base/bundle.bin.component.cfg" <<C
name = "Bundle"; version = "$version"; scheme = "hpe"; format = "raw"; kind = "firmware";
match = "$node_type:$target"; node_types = "$node_type";
C
  fettle --quiet baseline add "$T/$base" --name "$base" --allow-unsigned >"$T/added"
}

# shellcheck disable=SC2034
deploy () {
  local version=$1 target=${2-complex} hardware=${3-superdome-x}
  shift $(($# < 3 ? $# : 3))
  [ -z "${CLI-}" ] || : >"$CLI/log"
  bundle "$version" "$target" "$hardware"
  fettle deploy "$node_name" --baseline "$base" --yes --format json "$@" >"$T/job" 2>"$T/err"
  status=$?
}
# tries REGEX VERSION [TARGET] [HARDWARE]: it fails with this, and would be tried
# again, which isn't waited for.
tries () {
  local regex=$1 job; shift
  [ -z "${CLI-}" ] || : >"$CLI/log"
  bundle "$@"
  job=$(fettle deploy "$node_name" --baseline "$base" --yes --no-check --no-wait 2>"$T/err")
  has_said () { fettle status "$job" --format json 2>/dev/null | jq -r '.tasks[0].log[]' | grep -qE -- "$regex"; }
  has_ended () { [ "$(fettle status "$job" --format json 2>/dev/null | jq -r .state)" != running ]; }
  soon has_said || return 1
  fettle abort --hard "$job" >"$T/out" 2>&1
  soon has_ended
}
task () { jq -r ".tasks[0] | $1" "$T/job"; }
why () { task '.error.message // .error // ""'; }
holes () { fettle firewall status --format json 2>/dev/null | jq -c .holes; }
setting () { fettle --quiet node set "$node_name" --setting "$1"; }
faults () { cli_how "$@"; }
with_state () { jq "$1" "$CLI/state.json" >"$T/state.new" && cat "$T/state.new" >"$CLI/state.json"; }
service_pid () { jq -r .pid "$FETTLE_STATE_DIR/service.json"; }
busy_updating () { [ "$(jq -r .update.status "$CLI/state.json")" = Updating ]; }
open_ports () {
  while :; do
    holes | jq -r '.[] | "\(.from) \(.first)"'
    sleep 0.1
  done
}
