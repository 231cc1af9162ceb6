#!/bin/bash
# Secrets stay where they belong: looked for in everything that the service and
# its workers write or show, while they run and afterwards; and the key that
# they are sealed with is changed, also across crashes.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled fettle curl jq sqlite3 openssl python3

random () { openssl rand -hex 12; }
PASSWORD=pw-$(random) SUDO=sudo-$(random) PHRASE=phrase-$(random) GROUP=group-$(random) SECOND=second-$(random)
HELPER=helper-$(random) MARK=KEY$(random)
F=$T/fleet S=$T/fleet/state FLEET_PORT=$(free_port)
export FETTLE_STATE_DIR=$S
mkdir "$T/in"; chmod 700 "$T/in"
printf '%s' "$PASSWORD" >"$T/in/password"; printf '%s' "$PHRASE" >"$T/in/phrase"; printf '%s' "$GROUP" >"$T/in/group"
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n' "$MARK" >"$T/in/key"
printf '%s' "$SECOND" >"$T/in/second"
printf '#!/bin/sh\necho "{\\"password\\": \\"%s\\"}"; echo x >>%s\n' "$HELPER" "$T/helped" >"$T/in/helper"; chmod 755 "$T/in/helper"
printf '%s\n' "$PASSWORD" "$SUDO" "$PHRASE" "$GROUP" "$SECOND" "$HELPER" "$MARK" >"$T/patterns"
# As base64 they are no less secret.
while read -r s; do printf '%s' "$s" | base64 | cut -c1-20; done <"$T/patterns" >"$T/base64"
cat "$T/base64" >>"$T/patterns"

clean () { ! grep -aqFf "$T/patterns" "$@"; } # FILES...
clean_folder () { ! grep -arqFf "$T/patterns" "$1"; }
cli () { local name=$1; shift; "$@" >"$T/out.$name" 2>&1; }

python3 - "$T/log" "$T/lines" <<'LOG' &
import socket, sys
s = socket.socket (socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind (sys.argv[1])
with open (sys.argv[2], "wb", buffering=0) as f:
  while True:
    f.write (s.recv (65536) + b"\n")
LOG
at_exit "kill $! 2>/dev/null"
ok "a system's log listens" soon test -S "$T/log"
ok "a fleet of 6" fleet_make "$F" 6 1 1500 1
chmod 755 "$F"

# The service is started by a command that has a secret in its environment.
export FETTLE_PLUGINDIR="$F/plugins"
{ echo "audit_log = \"$T/log\";"; echo "ssl_port = $FLEET_PORT;"; echo "port = $((FLEET_PORT + 1));"
  echo "credential_helpers = \"vault=$T/in/helper\";"
  echo 'log_level = "debug";'; echo 'idle_exit = 0;'; } >"$T/conf"
fettle () { command fettle --config "$T/conf" "$@"; }
at_exit 'command fettle --config "$T/conf" service stop --force >/dev/null 2>&1'
export SUDO_SECRET=$SUDO
ok "a node with password and sudo password" cli add fettle node add 127.1.0.1 --name n0 --type sim --user root \
  --password-file "$T/in/password" --sudo-password-env SUDO_SECRET
unset SUDO_SECRET
ok "one with second credentials, and a helper" cli second fettle node set n0 --second-user vc \
  --second-password-file "$T/in/second" --helper vault
ok "one with a key and its passphrase" cli key fettle node add 127.1.0.2 --name n1 --type sim --user root \
  --key "$T/in/key" --passphrase-file "$T/in/phrase"
ok "the rest" fleet_add "$F" 0
for i in 2 3 4 5; do
  status "$S" POST /nodes --json "{\"nodes\": [{\"address\": \"127.1.1.$i\", \"name\": \"n$i\", \"type\": \"sim\",
    \"credentials\": {\"user\": \"u\", \"password\": \"$PASSWORD\"}}]}" >>"$T/added"
done
is "by the API" "$(cat "$T/added")" 201201201201
is "a group with credentials" "$(status "$S" POST /groups --json "{\"name\": \"g\", \"credentials\": {\"user\": \"u\", \"password\": \"$GROUP\"}}")" 201
pid=$(jq .pid "$S/service.json")

# What is wrong is said without repeating it.
cli wrong1 fettle node set n0 --password-file "$T/in/password" --key "$T/in/key"
api "$S" POST /nodes --json "{\"nodes\": [{\"address\": \"127.1.0.1\", \"name\": \"n0\", \"credentials\": {\"password\": \"$PASSWORD\"}}]}" >"$T/wrong2"
api "$S" POST /nodes --json "{\"nodes\": [{\"address\": \"x\", \"credentials\": {\"password\": \"$PASSWORD\", \"pass\": 1}}]}" >"$T/wrong3"
api "$S" POST /nodes --json "{\"nodes\": [{\"address\": \"x\", \"credentials\": \"$PASSWORD\"" >"$T/wrong4"
ok "refusals don't repeat secrets" clean "$T"/wrong* "$T"/out.*

fleet_wait "$F" "$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')"
job=$(fleet_job "$F" POST /deployments '{"nodes": ["all"], "options": {"check": false}}')
busy () { fleet_workers "$F"; }
ok "a deployment runs" soon busy
look () { # processes: their command lines and environments, while calls begin and end
  local p i
  for i in {1..40}; do
    for p in "$pid" $(fleet_workers "$F"); do
      cat "/proc/$p/cmdline" "/proc/$p/environ" 2>/dev/null
    done >>"$T/processes"
    sleep 0.05
  done
}
look
ok "the helper was asked" test -s "$T/helped"
ok "no secret is in a command line or an environment" clean "$T/processes"
ok "which were looked at" grep -aq fettle-worker "$T/processes"
is "nothing of them is left by a crash: no core dumps" \
  "$(for p in "$pid" $(fleet_workers "$F"); do sed -n 's/^Max core file size *\([0-9]*\).*/\1/p' "/proc/$p/limits" 2>/dev/null; done | sort -u | tail -n 1)" 0
ok "the deployment ends" fleet_wait "$F" "$job"

mkdir "$T/seen"
for what in list "show n0" "show n1"; do fettle node $what --format json >"$T/seen/node-${what// /-}" 2>&1; done
for f in html json csv; do fettle report --format "$f" -o "$T/seen/report.$f" >/dev/null 2>&1; done
for p in /nodes /nodes/n0 /jobs /jobs/last "/jobs/$job/events?after=0&wait=0" /audit?limit=10000 /groups /service /baselines; do
  api "$S" GET "$p" >"$T/seen/api${p//\//-}"
done
command fettle --config "$T/conf" config show >"$T/seen/config"
ok "fettle service backup" fettle service backup "$T/seen/backup"
ok "no secret is in what the API and the commands say, in reports, in a backup" clean_folder "$T/seen"
ok "nor in the system's log" clean "$T/lines"
ok "which had something to say" test -s "$T/lines"
ok "nor in the state folder: store, its journal, logs, at debug level" clean_folder "$S"
ok "which has a log" grep -q debug "$S/fettled.log"

# ---- The key ----
sealed () { sqlite3 "$T/copy$1/store.db" "SELECT hex (secret) FROM node UNION ALL SELECT hex (secret) FROM grp" | sort; }
backup () { rm -rf "$T/copy$1"; fettle service backup "$T/copy$1"; }
opens () { # a job that needs every node's credentials
  local j; j=$(fleet_job "$F" POST /inventories '{"nodes": ["all"]}')
  fleet_wait "$F" "$j" && [ "$(api "$S" GET "/jobs/$j" | jq -c .counts)" = '{"done":6}' ]
}
ok "a backup before" backup 1
ok "fettle service rotate-key" fettle service rotate-key
ok "the credentials open" opens
ok "a backup afterwards" backup 2
not_ok "has another key" cmp -s "$T/copy1/key" "$T/copy2/key"
is "and nothing that is sealed as before" "$(comm -12 <(sealed 1) <(sealed 2) | grep -c .)" 0
not_ok "no second key is left" test -e "$S/key.new"

restart () {
  fettle service stop --force >/dev/null 2>&1
  "$@"
  fettle service start >"$T/started" 2>&1
}
# Killed after the secrets were sealed anew, before the key's file had its name ...
unnamed () { mv "$S/key" "$S/key.new"; cp "$T/copy1/key" "$S/key"; }
restart unnamed
ok "a crash before the new key had its name: they open" opens
not_ok "and the old one is gone" cmp -s "$S/key" "$T/copy1/key"
not_ok "with the file" test -e "$S/key.new"
# ... and before anything was sealed with it.
early () { head -c 32 /dev/urandom >"$S/key.new"; chmod 600 "$S/key.new"; }
restart early
ok "a crash before it was used: they open" opens
not_ok "and it is gone" test -e "$S/key.new"
wrong () { cp "$S/key" "$T/kept.key"; head -c 32 /dev/urandom >"$S/key"; }
restart wrong
like "a wrong key is told" "$(cat "$T/started")" "$S/key isn't the key of the secrets in the store"
not_ok "and opens nothing" opens
right () { cp "$T/kept.key" "$S/key"; }
restart right
ok "the right one put back does" opens
ok "after all this the state folder has no secret" clean_folder "$S"
ok "the service stops" fettle service stop
done_testing
