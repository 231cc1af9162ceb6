#!/bin/bash
# The audit log: what is written, that it only grows, that a change of it is
# found; the same in the system's log.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled fettle curl jq sqlite3 python3

# A system's log of our own.
python3 - "$T/log" "$T/lines" <<'LOG' &
import socket, sys
s = socket.socket (socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind (sys.argv[1])
with open (sys.argv[2], "wb", buffering=0) as f:
  while True:
    f.write (s.recv (65536) + b"\n")
LOG
logger=$!
at_exit "kill -KILL $logger 2>/dev/null"
ok "a system's log listens" soon test -S "$T/log"

F=$T/fleet S=$T/fleet/state FLEET_PORT=$(free_port)
export FETTLE_STATE_DIR=$S
begin () { fleet_start "$F" --set "audit_log=$T/log"; }
entries () { api "$S" GET "/audit?limit=10000" | jq -c ".entries[] | $1"; }
ok "a small fleet" fleet_make "$F" 3 1 200 1
ok "the service starts" begin
ok "it gets nodes and a baseline" fleet_add "$F" 3
# A log that is too busy to read: what is for it waits.
kill -STOP "$logger"
fleet_wait "$F" "$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')"
ok "a deployment" fleet_wait "$F" "$(fleet_job "$F" POST /deployments '{"nodes": ["all"], "options": {"check": false}}')"
is "a node is removed" "$(status "$S" DELETE /nodes/n2)" 200
is "one that isn't there can't be" "$(status "$S" DELETE /nodes/n9)" 404
is "a plan is only looked at" "$(status "$S" POST /plans --json '{"nodes": ["all"]}')" 200

is "each call that changes something is there" \
  "$(entries 'select(.who != "service") | .what' | tr -d '"' | tr '\n' ' ')" \
  "POST /nodes POST /baselines POST /inventories POST /deployments DELETE /nodes/:node DELETE /nodes/:node "
is "with who asked, as what, from where" "$(entries 'select(.what == "POST /nodes") | [.who, .role, .from, .outcome]')" \
  '["local","admin","127.0.0.1","done"]'
is "and which node" "$(entries 'select(.what == "DELETE /nodes/:node") | .object' | tr '\n' ' ')" '"n2" "n9" '
like "a refused one says why" "$(entries 'select(.object == "n9") | .outcome')" 'refused \(404\): there is no node n9'
is "each task's outcome is there" "$(entries 'select(.what == "task") | .outcome' | sort | uniq -c | tr -s ' ')" ' 12 "done"'
like "with component and version" "$(entries 'select(.what == "task") | .detail' | head -n 1)" '"component":"fw0.bin".*"version":"2.0"'
like "the job's" "$(entries 'select(.what == "job" and .detail.kind == "deployment") | .detail')" '"exit_code":0'
not_ok "no secret is" grep -q 'of 0' <(entries .)
is "but that there was one" "$(entries 'select(.what == "POST /nodes") | .detail.asked.nodes[0].credentials.password')" \
  '"(secret)"'

ok "fettle audit list" fettle audit list --limit 5
like "shows the last of them" "$(fettle audit list --format csv | tail -n 1)" 'local,.*DELETE /nodes/:node,n9'
ok "fettle audit verify" fettle audit verify --format json -o "$T/verified"
is "finds it whole" "$(jq .intact "$T/verified")" true
n=$(jq .last "$T/verified") hash=$(jq -r .hash "$T/verified")
ok "with an expected hash" fettle audit verify --expect "$n:$hash"
ok "or an earlier one" fettle audit verify --expect "$(entries 'select(.id == 3) | "3:" + .hash' | tr -d '"')"
not_ok "not with another one" fettle audit verify --expect "$n:${hash/?/x}"
not_ok "nor one that is still to come" fettle audit verify --expect "$((n + 1)):$hash"

has_last () { grep -q "audit $n $hash" "$T/lines"; }
not_ok "a busy log hasn't the last entry" has_last
kill -CONT "$logger"
ok "the system's log has it as well" soon has_last
is "all of it" "$(grep -c '^<85>fettled\[[0-9]*\]: audit [0-9]* [0-9a-f]\{64\}: ' "$T/lines")" "$n"
not_ok "without secrets" grep -q 'of 0' "$T/lines"

stop () { kill -TERM "$pid"; wait "$pid"; }
sql () { sqlite3 "$S/store.db" "$@"; }
ok "the service stops" stop
ok "which the log tells" soon grep -q "service () service [^ ]*: stopping" "$T/lines"
not_ok "an entry can't be changed" sql "UPDATE audit SET who = 'nobody' WHERE id = 3"
not_ok "nor taken out" sql "DELETE FROM audit WHERE id = 3"
cp "$S/store.db" "$T/good.db"

tampered () { # WHAT SQL LIKE
  cp "$T/good.db" "$S/store.db"
  rm -f "$S/store.db-wal" "$S/store.db-shm"
  sql "DROP TRIGGER audit_stays; DROP TRIGGER audit_keeps; $2"
  begin >/dev/null
  fettle audit verify >/dev/null 2>"$T/says"
  is "$1: it is found" $? 255
  like "and said where" "$(cat "$T/says")" "$3"
  stop
}
tampered "an entry changed by force" "UPDATE audit SET outcome = 'done' WHERE object = 'n9'" "at entry $n: it, or one before"
tampered "one taken out by force" "DELETE FROM audit WHERE id = 3" 'at entry 4: rows before it are missing'
tampered "one taken out and the rest moved up" "DELETE FROM audit WHERE id = 3; UPDATE audit SET id = id - 1 WHERE id > 3" \
  'at entry 3: it, or one before'

cp "$T/good.db" "$S/store.db"
sql "DROP TRIGGER audit_keeps; DELETE FROM audit WHERE id >= $n"
begin >/dev/null
ok "entries cut off at the end look whole" fettle audit verify
not_ok "but not to who knows the last hash" fettle audit verify --expect "$n:$hash"
stop
done_testing
