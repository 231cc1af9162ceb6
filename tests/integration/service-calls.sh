#!/bin/bash
# fettled with calls under way: long polls, ends in order and out of order,
# what is left of workers.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled curl jq ps sqlite3

S=$T/state
port=$(free_port)
plugins=$builddir/plugins/.libs
ok "starts" start "$S" --ssl-port "$port" --plugindir "$plugins"

node () { # NAME DEED
  api "$S" POST /nodes --json "{\"nodes\": [{\"address\": \"127.0.0.1\", \"name\": \"$1\", \"type\": \"mischief\",
    \"settings\": {\"do\": \"$2\"}}]}" >/dev/null; cat "$T/status"
}
is "a node that does well" "$(node well polite-not)" 201
is "one that crashes" "$(node crashes crash)" 201
is "one that never answers" "$(node hangs hang)" 201

inventory () { api "$S" POST /inventories --json "{\"nodes\": [$1]}" | jq -r .job; }
calls () { api "$S" GET /service | jq .calls; }
has_calls () { [ "$(calls)" = "$1" ]; }
ended () { [ "$(api "$S" GET "/jobs/$1" | jq -r .state)" = done ]; }
workers () { ps -o pid= --ppid "$pid" | tr '\n' ' '; }
none_of () { local p; for p; do kill -0 "$p" 2>/dev/null && return 1; done; return 0; }

job=$(inventory '"well", "crashes"')
ok "an inventory ends" soon ended "$job"
is "with each node's result" "$(api "$S" GET "/jobs/$job" | jq -c '[.tasks[] | [.name, .state]] | sort')" \
  '[["crashes","failed"],["well","done"]]'
is "no zombie is left" "$(ps -o stat= --ppid "$pid" | grep -c Z)" 0

job=$(inventory '"hangs"')
ok "a call that hangs is under way" soon has_calls 1
n=$(api "$S" GET "/jobs/$job/events?after=0&wait=0" | jq '[.events[].seq] | max')
begin=$(date +%s%3N)
is "a long poll answers in the end" "$(status "$S" GET "/jobs/$job/events?after=$n&wait=1")" 200
ok "not before its time" test $(($(date +%s%3N) - begin)) -ge 900
for i in {1..20}; do
  curl -s --max-time 1 --noproxy '*' --cacert "$S/cert.pem" -H "Authorization: Bearer $(cat "$S/token")" \
    "https://localhost:$port/api/v1/jobs/$job/events?after=$n&wait=30" >/dev/null &
  polls+=" $!"
done
# shellcheck disable=SC2086  # several
wait $polls
few_fds () { [ "$(ls "/proc/$pid/fd" | wc -l)" -lt 40 ]; }
ok "polls whose client left are forgotten" soon few_fds
is "a stop while a job runs is refused" "$(status "$S" POST /service/stop)" 409
like "with the reason" "$(cat "$T/answer")" 'jobs run'
is "it goes on" "$(status "$S" GET /service)" 200

family=$(workers)
begin=$(date +%s%3N)
kill -TERM "$pid"; sleep 0.3; kill -TERM "$pid"
wait "$pid"; is "two SIGTERM end it with 0" $? 0
echo "# in $(($(date +%s%3N) - begin)) ms"
# shellcheck disable=SC2086
ok "with all its workers" soon none_of $family

ok "starts again" start "$S" --ssl-port "$port" --plugindir "$plugins"
like "the job is there" "$(api "$S" GET "/jobs/$job" | jq -r .state)" 'running|done|aborted'
job=$(inventory '"hangs"')
ok "again a call that hangs" soon has_calls 1
family=$(workers)
begin=$(date +%s%3N)
is "a stop by force is taken" "$(status "$S" POST /service/stop --json '{"force": true}')" 200
wait "$pid"; is "and ends it with 0" $? 0
echo "# in $(($(date +%s%3N) - begin)) ms"
# shellcheck disable=SC2086
ok "with all its workers" soon none_of $family

ok "starts once more" start "$S" --ssl-port "$port" --plugindir "$plugins"
job=$(inventory '"hangs"')
ok "a third call that hangs" soon has_calls 1
family=$(workers)
kill -KILL "$pid"; wait "$pid" 2>/dev/null
# shellcheck disable=SC2086
ok "a service that is killed leaves no worker" soon none_of $family

# ---- What an inventory that was cut left on its node is removed
S=$T/state2
ok "another one starts" start "$S" --ssl-port "$port" --plugindir "$plugins"
untidy () { # NAME SETTINGS
  api "$S" POST /nodes --json "{\"nodes\": [{\"address\": \"127.0.0.1\", \"name\": \"$1\", \"type\": \"untidy\",
    \"settings\": $2}]}" >/dev/null; cat "$T/status"
}
over () { api "$S" GET "/jobs/$1" | jq -e '.finished'; }
cleaned () { # JOB: what its log says of it, without the installation's name
  api "$S" GET "/jobs/$1" | jq -r '.tasks[].log[] | select(test("cleans|left"))' | sed 's/after [0-9a-f]*-/after /'
}
call_of () { local z; for z in $(workers); do ps -o pid= --ppid "$z"; done; } # of its zygote
idle () { [ -z "$(call_of)" ]; }
at_work () { [ -n "$(call_of)" ]; }
hanging () { # WHAT: one call that hangs, and no other one
  ok "nobody is at work" soon idle
  job=$(inventory '"slow"')
  ok "$1" soon at_work
}
is "nodes whose inventory leaves something when it is cut" \
  "$(untidy tidy '{}') $(untidy cut '{"do": "crash"}') $(untidy slow '{"do": "hang"}')" "201 201 201"
job=$(inventory '"tidy"')
ok "one that ends in order" soon over "$job"
is "isn't cleaned up after" "$(cleaned "$job")" ""
job=$(inventory '"cut"')
ok "one that crashes" soon over "$job"
is "is, by the name that it had" "$(cleaned "$job")" "cleans up after n2"

hanging "one that hangs"
# shellcheck disable=SC2046
kill_call () { kill -KILL $(call_of); }
ok "its worker is killed" soon kill_call
ok "and it ends" soon over "$job"
is "it is cleaned up after as well" "$(cleaned "$job")" "cleans up after n3"

hanging "one that hangs, again"
is "it is aborted by force" "$(status "$S" POST "/jobs/$job/abort" --json '{"hard": true}')" 200
ok "it ends" soon over "$job"
is "and the clean-up isn't aborted with it" "$(cleaned "$job")" "cleans up after n3"

hanging "once more one that hangs"
kill -KILL "$pid"; wait "$pid" 2>/dev/null
sqlite3 "$S/store.db" "UPDATE node SET settings = '{\"clean\": \"refuse\"}' WHERE name = 'slow'"
ok "the service is killed, starts, and makes the inventory anew" start "$S" --ssl-port "$port" --plugindir "$plugins"
ok "which ends" soon over "$job"
is "with a clean-up, which says that it failed" "$(cleaned "$job")" "cleans up after n3
what this left on the node is removed at its next inventory or deployment: it is kept"
is "the inventory itself is done" "$(api "$S" GET "/jobs/$job" | jq -r '.tasks[].state')" done
api "$S" PATCH /nodes/slow --json '{"settings": {"clean": "yes"}}' >/dev/null
job=$(inventory '"slow"')
ok "the next one" soon over "$job"
is "removes it" "$(cleaned "$job")" "cleans up after n3"
job=$(inventory '"slow"')
ok "the one after that" soon over "$job"
is "has nothing to remove" "$(cleaned "$job")" ""
done_testing
