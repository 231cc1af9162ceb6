# docs-api.sh - each call of docs/api.md, by curl, on an emulated fleet: its
# status, and the members of its answer.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires curl jq python3

F=$T/fleet FLEET_PORT=$(free_port)
export XDG_CONFIG_HOME=$T/config HOME=$T
ok "a fleet is made" fleet_make "$F" 4 11 100 0
ok "the service starts" fleet_start "$F" --set firewall=none
is "each call of api.md does what it says" "$(python3 "$srcdir/integration/docs-api.py" "$srcdir/../docs/api.md" "$F/state" "$F/images" 2>"$T/err")" ""
like "... many of them" "$(cat "$T/err")" '^asked [5-9][0-9]$'
done_testing
