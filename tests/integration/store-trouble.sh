#!/bin/bash
# The store in trouble: two services on one, read-only, a full disk, damage, an
# older one; backups; the clock that is set while a deployment runs.
# SPDX-License-Identifier: Apache-2.0
if [ -z "${STORE_TROUBLE_MOUNTS-}" ] && unshare -m true 2>/dev/null; then
  # Mounts of its own: they end with it.
  export STORE_TROUBLE_MOUNTS=1
  exec unshare -m bash "$0" "$@"
fi
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled fettle curl jq sqlite3

F=$T/fleet S=$T/fleet/state FLEET_PORT=$(free_port)
export FETTLE_STATE_DIR=$S
stop () { kill -TERM "$pid"; wait "$pid"; }
nodes () { api "$S" GET /service | jq .nodes; }
refused () { # what it says when it can't start, or what is wrong
  timeout 60 fettled --state-dir "$S" --ssl-port "$FLEET_PORT" --plugindir "$F/plugins" 2>&1
  echo "status $?"
}

ok "a small fleet" fleet_make "$F" 8 1 300 1
ok "the service starts" fleet_start "$F"
ok "it gets nodes and a baseline" fleet_add "$F" 8

# ---- Two on one ----
like "a second service on the store is refused" "$(refused)" "runs already with the state folder $S: process $pid"
is "and the first goes on" "$(nodes)" 8
mkdir "$T/linked"; ln "$S/store.db" "$T/linked/store.db"; cp "$S/key" "$T/linked/"; chmod 700 "$T/linked"
like "also by another name of the file, by the store's own lock" \
  "$(timeout 60 fettled --state-dir "$T/linked" --ssl-port "$(free_port)" 2>&1)" 'the store .* is in use by another process'

# ---- Backups ----
ok "fettle service backup" fettle service backup "$T/backup"
is "has the store and the key, for nobody else" "$(stat -c '%n %a' "$T/backup" "$T/backup"/* | sed "s|$T/||" | tr '\n' ' ')" \
  'backup 700 backup/key 600 backup/store.db 600 '
is "which are whole" "$(sqlite3 "$T/backup/store.db" 'PRAGMA integrity_check; SELECT count (*) FROM node')" $'ok\n8'
not_ok "a folder that is there isn't overwritten" fettle service backup "$T/backup"
is "an overview of it is in the audit log" \
  "$(api "$S" GET /audit | jq -c '[.entries[] | select(.what == "POST /service/backup") | .outcome[0:7]]')" '["done","refused"]'

# ---- A full disk ----
if [ -n "${STORE_TROUBLE_MOUNTS-}" ]; then
  stop
  cp -r "$S" "$T/kept"
  mount -t tmpfs -o size=3m,mode=700 small "$S" && cp -r "$T/kept/." "$S/"
  ok "on a small disk the service starts" fleet_start "$F"
  dd if=/dev/zero of="$S/filler" bs=4096 >/dev/null 2>&1
  status "$S" POST /nodes --json '{"nodes": [{"address": "127.9.9.9", "name": "late", "type": "sim"}]}' >"$T/ignored"
  for i in {1..400}; do
    gone "$pid" && break
    api "$S" PATCH /nodes/n1 --json "{\"labels\": {\"l\": \"$(printf '%8000d' "$i")\"}}" >/dev/null
  done
  wait "$pid"; is "when the disk is full it ends, with 255" $? 255
  like "and says why" "$(cat "$S.log")" "the store can't be used.*(full|disk I/O error)"
  rm -f "$S/service.json"
  rm "$S/filler"
  ok "when there is room again it starts" fleet_start "$F"
  ok "with what it said that it had" test "$(nodes)" -ge 8
  stop
  is "and the store is whole" "$(sqlite3 "$S/store.db" 'PRAGMA integrity_check')" ok

  mount -o remount,ro "$S"
  like "a read-only one is refused, with the reason" "$(refused)" 'Read-only file system.*'
  umount "$S"
  ok "it starts again on the old one" fleet_start "$F"
else
  skip "a full disk, a read-only one" "mounting isn't allowed here"
fi

# ---- Damage ----
stop
cp "$S/store.db" "$T/good.db"
dd if=/dev/urandom of="$S/store.db" bs=4096 seek=2 count=20 conv=notrunc >/dev/null 2>&1
says=$(refused)
like "a damaged store is found" "$says" 'the store .* is damaged'
like "and what to do is said" "$says" 'put back store.db and key of the last fettle service backup'
echo 'no database at all, but long enough to look at' >"$S/store.db"
like "so is a file that is none" "$(refused)" 'the store .* is damaged \(file is not a database\)'
rm -f "$S"/store.db* "$S/key"; cp "$T/backup/store.db" "$T/backup/key" "$S/"
ok "the backup put back, it starts" fleet_start "$F"
is "with what the backup had" "$(nodes)" 8
job=$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')
ok "and its secrets open" fleet_wait "$F" "$job"
is "for every node" "$(api "$S" GET "/jobs/$job" | jq -c .counts)" '{"done":8}'

# ---- An older one, a newer one ----
stop
last=$(sqlite3 "$S/store.db" 'PRAGMA user_version')
sqlite3 "$S/store.db" "PRAGMA user_version = $((last + 1))" >/dev/null
like "a store of a newer Fettle is refused" "$(refused)" "was written by a newer Fettle"
sqlite3 "$S/store.db" "PRAGMA user_version = $last" >/dev/null
rm -f "$T/old.db"
# The first step as it is in the sources, compiled by the preprocessor's rules of strings.
printf '%s\n' '#include <stdio.h>' "#include \"$srcdir/../core/store/schema.h\"" \
  'int main (void) { puts (fettle_schema[0]); return 0; }' >"$T/first.c"
if ${CC:-cc} -o "$T/first" "$T/first.c" 2>/dev/null; then
  "$T/first" | sqlite3 "$T/old.db"
  sqlite3 "$T/old.db" "PRAGMA user_version = 1; INSERT INTO node (name, address, type, auth, settings, labels, state)
    VALUES ('old', '127.3.3.3', 'sim', 'none', '{}', '{}', 'new')"
  rm -f "$S"/store.db*; cp "$T/old.db" "$S/store.db"
  ok "a store of the first Fettle is brought up to date" fleet_start "$F"
  is "with what is in it" "$(nodes)" 1
  is "and a copy of it as it was" "$(sqlite3 "$S/store.db.schema-1" 'PRAGMA user_version; SELECT name FROM node')" $'1\nold'
  is "for nobody else" "$(stat -c %a "$S/store.db.schema-1")" 600
  stop
  rm -f "$S"/store.db*; cp "$T/backup/store.db" "$S/"
else
  skip "a store of the first Fettle" "there is no compiler"
fi

# ---- The clock ----
fake=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1)
if [ -z "$fake" ] || grep -q __asan_init "$(command -v fettled)"; then
  skip "the clock is set while it deploys" "needs libfaketime, and no sanitizer"
  done_testing; exit
fi
echo '+0' >"$T/clock"
export FAKETIME_TIMESTAMP_FILE=$T/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
LD_PRELOAD=$fake fettled --state-dir "$S" --ssl-port "$FLEET_PORT" --port "$((FLEET_PORT + 1))" \
  --plugindir "$F/plugins" >"$S.log" 2>&1 &
pid=$!
at_exit "kill -9 $pid 2>/dev/null"
ok "a service with a clock of its own starts" soon test -e "$S/service.json"
job=$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')
fleet_wait "$F" "$job"
job=$(fleet_job "$F" POST /deployments '{"nodes": ["all"], "options": {"check": false}}')
installing () { api "$S" GET "/jobs/$job" | jq -e '.counts.installing > 0'; }
ok "it deploys" soon installing
echo '+30d' >"$T/clock"
ok "the clock is set a month forward" soon installing
echo '-400d' >"$T/clock"
ok "and more than a year back; the deployment ends" fleet_wait "$F" "$job"
counts=$(fleet_check "$F" "$job")
echo "# $counts"
is "as if nothing had been" "$(cat "$F/complaints")" ""
is "the audit log is whole" "$(api "$S" GET /audit/verify | jq .intact)" true
stop
done_testing
