#!/bin/bash
# What happens, told to those who watch: nothing missed and nothing twice, also
# over a kill -9 of the service; who doesn't read is dropped.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettle fettled curl jq python3 sqlite3

export FETTLE_STATE_DIR=$T/state
S=$FETTLE_STATE_DIR
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=4" # memory is measured below
port=$(free_port)
begin () { start "$S" --ssl-port "$port" --set api_address=127.0.0.1; }
ok "starts" begin
base=https://localhost:$port/api/v1
add () { # FIRST LAST: a node, and so an event, each
  for i in $(seq "$1" "$2"); do
    echo "{\"nodes\": [{\"address\": \"198.18.$((i / 200)).$((i % 200 + 1))\", \"name\": \"n$i\"}]}" >"$T/body"
    api "$S" POST /nodes -H 'Content-Type: application/json' --data-binary "@$T/body" >/dev/null
  done
}
listen () { # FILE [curl's options] URL: a stream, in the background; sets stream
  local file=$1; shift
  : >"$file" # what was in it must not be taken for what comes
  timeout 120 curl -sSN --noproxy '*' --cacert "$S/cert.pem" -H "Authorization: Bearer $(cat "$S/token")" "$@" >"$file" 2>/dev/null &
  stream=$!
  at_exit "kill $stream 2>/dev/null"
}
hang_up () { kill "$stream"; wait "$stream" 2>/dev/null; }
until_seen () { # PATTERN FILE-and-listen's-arguments: a stream as far as that
  local pattern=$1; shift
  listen "$@"
  soon grep -q "$pattern" "$1" >/dev/null
  hang_up
}

# ---- A watcher over a kill -9 ----

fettle watch --events --after 0 --format json >"$T/watch" 2>"$T/watch.err" &
watch=$!
at_exit "kill $watch 2>/dev/null"
add 1001 1010
seen () { [ "$(wc -l <"$T/watch")" -ge "$1" ]; }
ok "events come" soon seen 10
(add 1011 1400) & # until the service is killed under its hands
adding=$!
at_exit "kill $adding 2>/dev/null"
ok "and come" soon seen 40
kill -9 "$pid"
wait "$pid" 2>/dev/null
kill "$adding" 2>/dev/null
wait "$adding" 2>/dev/null
ok "the service is killed, and starts again" begin
add 2001 2020
ok "the watcher goes on" soon sh -c "grep -q n2020 '$T/watch'"
until_seen n2020 "$T/sse" "$base/events?after=0"
is "it has seen what the store has" "$(jq -r .id "$T/watch")" "$(sed -n 's/^id: //p' "$T/sse" | sed 1d)"
kept () { jq -s 'last.id' "$T/watch"; }
is "each once, and no number is left out" "$(jq .id "$T/watch")" "$(seq "$(kept)")"
ok "what was answered is among it" sh -c "jq -r .name '$T/watch' | grep -qx n1010"
is "each line is an event" "$(jq -r 'select((.type | type) != "string" or (.time | type) != "string") | .id' "$T/watch")" ""
kill "$watch"
wait "$watch" 2>/dev/null

# ---- Coming back ----

last=$(kept)
until_seen "^id: $last" "$T/sse" -H "Last-Event-ID: $((last - 3))" "$base/events"
is "behind Last-Event-ID" "$(sed -n 's/^id: //p' "$T/sse" | tr '\n' ' ')" "$(seq -s ' ' $((last - 3)) "$last") "
is "in the form of server-sent events" "$(grep -cvE '^(id: [0-9]+|event: [a-z]+|data: \{.*\}|:|)$' "$T/sse")" 0
listen "$T/sse" "$base/events"
ok "a place at once" soon grep -q "^id: $last" "$T/sse"
add 3001 3001
ok "what comes from then on" soon grep -q n3001 "$T/sse"
hang_up
is "and nothing else" "$(grep -c '^data' "$T/sse")" 1
last=$((last + 1))
is "its type" "$(api "$S" GET "/events?after=x" | jq -r .status)" 400
until_seen '"after":99999999' "$T/sse" -H "Last-Event-ID: 99999999" "$base/events"
is "an id of the future is told from one of today" "$(grep -A1 '^event: lost' "$T/sse" | tail -1)" "data: {\"after\":99999999,\"first\":$((last + 1))}"
kill "$pid"
ok "ends" soon gone "$pid"
sqlite3 "$S/store.db" 'DELETE FROM event WHERE id < 21'
ok "starts without the oldest" begin
until_seen n3001 "$T/sse" "$base/events?after=5"
is "what isn't kept is said to be lost" "$(grep -A1 '^event: lost' "$T/sse" | tail -1)" 'data: {"after":5,"first":21}'
is "and the rest comes" "$(sed -n 's/^id: //p' "$T/sse" | sed 1,2d | head -1)" 21

# ---- One job ----

fettle check n1001 --phase inventory --no-wait >/dev/null 2>&1
fettle watch last --events --format json >"$T/job" 2>"$T/err"
status=$?
is "a job's events end with the job" "$(jq -r 'select(.type == "job") | .state' "$T/job" | paste -sd' ')" "running done"
is "and with its exit code" "$status" "$(api "$S" GET /jobs/last | jq .exit_code)"
is "and are no other's" "$(jq -r 'select(.type != "lost") | .job' "$T/job" | sort -u | wc -l)" 1
like "as text" "$(fettle watch last --events)" 'job [0-9]+ check done$'
not_ok "not as csv" fettle watch --events --format csv
not_ok "--after is for events" fettle watch last --after 3

# ---- Who doesn't read ----

cat >"$T/slow.py" <<'PY'
import socket, ssl, sys
port, ca, token, n = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
context = ssl.create_default_context(cafile=ca)
streams = []
for _ in range(n):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", port))
    s = context.wrap_socket(s, server_hostname="localhost")
    s.sendall(f"GET /api/v1/events?after=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    streams.append(s)
print("open", flush=True)
sys.stdin.read()  # reads nothing of them
PY
resident () { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
kill "$pid"
ok "ends" soon gone "$pid"
sqlite3 "$S/store.db" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
  INSERT INTO event (type, job, data) SELECT 'node', 0, '{\"time\":\"2026-11-22T09:00:00Z\",\"name\":\"' || hex (randomblob (200)) || '\"}' FROM n"
ok "starts with 20,000 events" begin
before=$(resident)
mkfifo "$T/hold"
python3 "$T/slow.py" "$port" "$S/cert.pem" "$(cat "$S/token")" 60 <"$T/hold" >"$T/slow" 2>&1 &
slow=$!
exec 9>"$T/hold"
at_exit "kill $slow 2>/dev/null; exec 9>&-"
ok "sixty who don't read" soon grep -q open "$T/slow"
is "others are served" "$(status "$S" GET /service)" 200
listen "$T/sse" "$base/events?after=0"
told () { [ "$(grep -c '^data' "$T/sse")" -gt 20000 ]; }
ok "and told everything" soon told
hang_up
after=$(resident)
echo "# resident: $before KiB before, $after KiB with sixty who don't read"
ok "they aren't buffered for: 9 MB of events each" [ $((after - before)) -lt 100000 ]
dropped () { [ "$(ls -l "/proc/$pid/fd" | grep -c socket)" -lt 20 ]; }
ok "and are dropped" soon dropped
cat >"$T/many.py" <<'PY'
import collections, socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
streams, count = [], collections.Counter()
for _ in range(105):
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost")
    s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {sys.argv[3]}\r\n\r\n".encode())
    count[s.recv(12).decode()] += 1
    streams.append(s)
print(*sorted(count.items()))
PY
# Those of before may still be counted, until the service has seen that they are gone.
refused () { [ "$(python3 "$T/many.py" "$port" "$S/cert.pem" "$(cat "$S/token")")" = "('HTTP/1.1 200', 100) ('HTTP/1.1 409', 5)" ]; }
ok "too many at a time are refused" soon refused

# ---- The end ----

listen "$T/sse" "$base/events"
ok "one who watches" soon grep -q '^id' "$T/sse"
kill -TERM "$pid"
ok "doesn't keep the service from its end" soon gone "$pid"
wait "$stream"
is "and is let go in order" "$?" 0
done_testing
