# The command against a stand-in service whose answers are scripted: what is
# sent, what is shown, exit codes, following a job, a service that misbehaves.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires python3 jq openssl timeout
export FETTLE_STATE_DIR=$T/state XDG_CONFIG_HOME=$T/config FETTLE_LIBEXECDIR=$T/no-fettled
umask 077
mkdir "$T/state"
certificate () { # file of the key, of the certificate
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1" -out "$2" -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
}
certificate "$T/state/key.pem" "$T/state/cert.pem"
echo 0123456789abcdef >"$T/state/token"

server=
stop_server () { [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; server=; }; }
at_exit stop_server
serve () { # answers
  stop_server
  rm -f "$T/state/service.json"
  : >"$T/log"
  printf '%s' "$1" >"$T/answers"
  python3 "$srcdir/integration/cli-standin.py" "$T/state" "$T/answers" "$T/log" >"$T/server.out" 2>&1 &
  server=$!
  for _ in $(seq 100); do [ -e "$T/state/service.json" ] && return; sleep 0.1; done
  echo "Bail out! the stand-in doesn't start: $(cat "$T/server.out")"; exit 1
}
# run WORD...: $out, $err, $status
run () {
  status=0
  timeout 60 fettle "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
  out=$(cat "$T/out") err=$(cat "$T/err")
}
sent () { jq -c "select(.method == \"$1\" and .path == \"/api/v1$2\") | .body" "$T/log" | tail -n 1; }

nodes='{"nodes": [
  {"id": 1, "name": "web1", "address": "192.0.2.1", "type": "linux", "user": "root", "auth": "key", "group": "a",
   "state": "ok", "items": 412, "inventoried": "2026-11-22T09:01:02Z", "error": null, "labels": {"rack": "7"}},
  {"id": 2, "name": "we,b\"2", "address": "192.0.2.2", "type": "ilo", "user": null, "auth": "none", "group": null,
   "state": "error", "items": 0, "inventoried": null, "error": {"code": "auth", "message": "refused\u001b[31m red"}}]}'
serve "{\"GET /nodes\": {\"body\": $nodes}, \"GET /nodes/web1\": {\"body\": {\"id\": 1, \"name\": \"web1\"}},
  \"GET /groups\": {\"body\": {\"groups\": []}}, \"POST /nodes\": {\"status\": 201, \"body\": $nodes}, \"PATCH /nodes/we%2Fb\": {\"body\": {}},
  \"DELETE /nodes/web1\": {\"body\": {}},
  \"DELETE /nodes/web2\": {\"status\": 409, \"body\": {\"title\": \"Conflict\", \"detail\": \"web2 is in job 3\", \"code\": \"busy\"}},
  \"DELETE /nodes/web3\": {\"status\": 500, \"raw\": \"<html>\"}, \"GET /baselines\": {\"raw\": \"[1]\"},
  \"GET /jobs\": {\"status\": 401, \"body\": {}}}"

run node list
is "node list: exit code" "$status" 0
like "node list: a row" "$out" '^web1 +192\.0\.2\.1 +linux +root +key +a +ok +412 +2026-11-22T09:01:02Z +-$'
is "node list: what a node sent can't control the terminal" "$(grep -c "$(printf '\033')" "$T/out")" 0
is "the token is sent" "$(jq -r .authorization "$T/log" | sort -u)" "Bearer 0123456789abcdef"
run node list --format json
ok "node list: JSON" jq -e '.nodes | length == 2' "$T/out"
is "node list: nothing else with JSON" "$err" ""
run node list --format csv
is "node list: CSV, as Python reads it" "$(python3 -c 'import csv, sys
for r in csv.DictReader(sys.stdin): print(r["name"], r["items"], r["error.message"] != "")' <"$T/out")" \
'web1 412 False
we,b"2 0 True'
run node list --type ilo --format json
is "node list --type" "$(jq -r '.nodes[].id' "$T/out")" 2
run node list --group none
is "node list --group without any" "$status $out $err" "0  fettle: there are no nodes like that"
run node show web1
like "node show" "$out" '^name +web1$'

# What node add sends.
ssh-keygen -q -t ed25519 -N '' -f "$T/key" 2>/dev/null || openssl genpkey -algorithm ed25519 -out "$T/key" 2>/dev/null
printf 'pass word\nmore\n' >"$T/password"
SUDO=sudo-secret run node add 192.0.2.1 web.example --type linux --user admin --password-file "$T/password" \
  --key "$T/key" --sudo-password-env SUDO --ssh-port 2222 --label rack=7 --label row=b=c --group g --host-key SHA256:x
is "node add: exit code" "$status" 0
is "node add: what is sent" "$(sent POST /nodes | jq -Sc '.nodes[] | del(.credentials.key)')" \
"$(for a in 192.0.2.1 web.example; do
  jq -Scn --arg a $a '{address: $a, type: "linux", group: "g", host_key: "SHA256:x", labels: {rack: "7", row: "b=c"},
    settings: {ssh_port: "2222"}, credentials: {user: "admin", password: "pass word", sudo_password: "sudo-secret"}}'
done)"
is "node add: the key as text" "$(sent POST /nodes | jq -r '.nodes[0].credentials.key')" "$(cat "$T/key")"
not_ok "node add: no secret is shown" grep -rE 'pass word|sudo-secret|PRIVATE|0123456789abcdef' "$T/out" "$T/err"
run node add 192.0.2.1 --password-fd 5 5<"$T/password"
is "node add: user is who asks, password from a descriptor" "$(sent POST /nodes | jq -Sc '.nodes[0].credentials')" \
  "{\"password\":\"pass word\",\"user\":\"$(id -un)\"}"
printf '\357\273\277address, name,user,password,labels,ssh_port\r\n192.0.2.5,"a,""b""",,pw5,x=1 y=2,2201\r\n#\n192.0.2.6,c,bob,,,\n' \
  >"$T/list.csv"
run node add --from "$T/list.csv" --user all --setting a=b
is "node add --from: what is sent" "$(sent POST /nodes | jq -Sc '.nodes[]')" \
'{"address":"192.0.2.5","credentials":{"password":"pw5","user":"all"},"labels":{"x":"1","y":"2"},"name":"a,\"b\"","settings":{"a":"b","ssh_port":"2201"}}
{"address":"192.0.2.6","credentials":{"user":"bob"},"name":"c","settings":{"a":"b"}}'
run node set we/b --forget-host-key --address 192.0.2.9
is "node set: what is sent, the name encoded" "$status $(sent PATCH /nodes/we%2Fb | jq -Sc .)" \
  '0 {"address":"192.0.2.9","certificate":null,"host_key":null}'

# Problems.
run node remove web1 web2
is "a problem of the service: its sentence and 252" "$status $err" "252 fettle: node web1 removed
fettle: web2 is in job 3"
run node remove web3
like "an error that says nothing" "$status $err" '^255 fettle: the service answered with status 500$'
run node show web9
is "no such thing is bad input" "$status $err" "254 fettle: no answer for GET /nodes/web9"
run baseline list
like "an answer that isn't an object" "$status $err" "^255 fettle: the service's answer to GET /baselines is not JSON"
run status
like "a token that is refused" "$status $err" "^252 fettle: the service refused the token"
chmod 644 "$T/state/token"
run node list
like "a token that others can read is not used" "$status $err" "^25[0-9] fettle: the token for the service.*$T/state/token"
chmod 600 "$T/state/token"
mv "$T/state/token" "$T/token"
run node list
like "no token" "$status $err" "^25[0-9] fettle: the token for the service.*$T/state/token"
mv "$T/token" "$T/state/token"

# Another certificate than the pinned one, although it is well made.
cp "$T/state/cert.pem" "$T/cert.pem"
certificate "$T/other-key.pem" "$T/state/cert.pem"
: >"$T/log"
run node list
like "another certificate is refused" "$status $err" "^252 fettle: https://localhost:[0-9]+/api/v1 doesn't show the certificate $T/state/cert.pem"
is "and the token was not sent there" "$(cat "$T/log")" ""
cp "$T/cert.pem" "$T/state/cert.pem"
SSL_CERT_FILE=/dev/null HTTPS_PROXY=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 run node list
is "a proxy of the environment is not asked" "$status" 0

# A job, followed in lines.
job () { # state, exit code, message
  printf '{"id": 7, "kind": "inventory", "state": "%s", "exit_code": %s, "message": "%s",
    "counts": {"done": 1, "failed": 1}, "tasks": [
    {"id": 11, "node": 1, "name": "web1", "address": "192.0.2.1", "type": "linux", "title": "inventory", "state": "%s", "progress": 0, "error": null},
    {"id": 12, "node": 2, "name": "web2", "address": "192.0.2.2", "type": "linux", "title": "inventory", "state": "%s", "progress": 0,
     "error": %s}]}' "$1" "$2" "$3" "$4" "$5" "$6"
}
running=$(job running 0 "" pending pending null)
ended=$(job "done" 253 "1 node failed" "done" failed '{"code": "auth", "message": "refused the password"}')
serve "{\"POST /inventories\": {\"status\": 202, \"body\": {\"job\": 7}},
  \"GET /jobs/7\": [{\"body\": $running}, {\"body\": $ended}],
  \"GET /jobs/7/events?after=0&wait=25\": {\"body\": {\"state\": \"running\", \"events\": [
    {\"seq\": 1, \"job\": 7}, {\"seq\": 2, \"task\": 11, \"name\": \"web1\", \"state\": \"running\"},
    {\"seq\": 3, \"task\": 11, \"progress\": 500, \"step\": \"412 items\"}]}},
  \"GET /jobs/7/events?after=3&wait=25\": {\"body\": {\"state\": \"running\", \"events\": [
    {\"seq\": 4, \"task\": 11, \"name\": \"web1\", \"state\": \"done\"},
    {\"seq\": 9, \"task\": 12, \"name\": \"web2\", \"state\": \"failed\", \"error\": \"refused the password\"}]}},
  \"GET /jobs/7/events?after=9&wait=25\": {\"body\": {\"state\": \"done\", \"events\": []}}}"
run inventory web1 web2
is "inventory: the job's exit code" "$status" 253
is "inventory: what is sent" "$(sent POST /inventories)" '{"nodes":["web1","web2"]}'
is "inventory: plain lines" "$err" "web1: inventory: done (412 items)
web2: inventory: failed: refused the password
fettle: job 7 (inventory) done: 1 done, 1 failed; 1 node failed"
like "inventory: the table" "$out" '^web2 +192\.0\.2\.2 +linux +failed +refused the password$'
serve "$(cat "$T/answers")"
run --quiet inventory --format json
is "inventory --quiet: no lines" "$status $err" "253 "
ok "inventory: the job as JSON" jq -e '.id == 7 and (.tasks | length == 2)' "$T/out"
is "inventory: all nodes" "$(sent POST /inventories)" '{"nodes":["all"]}'
run inventory --no-wait
is "inventory --no-wait" "$status $out" "0 7"
run inventory --no-wait --format json
is "inventory --no-wait: JSON" "$(jq -c . "$T/out")" '{"job":7}'

# With bars, on a terminal.
if command -v script >/dev/null; then
  serve "$(cat "$T/answers")"
  TERM=xterm timeout 60 script -qefc "stty rows 10 cols 80; fettle inventory" "$T/typescript" >/dev/null 2>&1 </dev/null
  is "on a terminal: the exit code" "$?" 253
  like "on a terminal: a bar of a node" "$(tr '\r' '\n' <"$T/typescript")" '^web1 +\[#{10}\.{10}\]  50% running: 412 items'
  like "on a terminal: a bar of all" "$(tr '\r' '\n' <"$T/typescript")" '^inventory +\[[#.]{20}\] +25% 0 of 2, 1 running'
  like "on a terminal: what failed stays" "$(tr '\r' '\n' <"$T/typescript")" 'web2: inventory: failed: refused the password'
  like "on a terminal: colour" "$(cat "$T/typescript")" "$(printf '\033')\\[32m *done"
  serve "$(cat "$T/answers")"
  NO_COLOR=1 TERM=xterm timeout 60 script -qefc "fettle inventory" "$T/typescript" >/dev/null 2>&1 </dev/null
  is "NO_COLOR is obeyed" "$(grep -c "$(printf '\033')\\[[0-9;]*m" "$T/typescript")" 0
else
  skip "on a terminal" "needs script"
fi

# Ctrl-C while a job is followed.
serve "{\"GET /jobs/7\": {\"body\": $running}, \"GET /jobs/last\": {\"body\": $running},
  \"GET /jobs/7/events\": {\"delay\": 20, \"body\": {\"state\": \"running\", \"events\": []}}}"
python3 - "$T/err" <<'PYTHON' >"$T/out"
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
with open(sys.argv[1], "w") as err:
    p = subprocess.Popen(["fettle", "watch", "7"], stderr=err, stdin=subprocess.DEVNULL)
    def says(n):
        for _ in range(100):
            if open(sys.argv[1]).read().count("goes on") >= n: return True
            time.sleep(0.1)
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    print("first:", says(1), p.poll())
    p.send_signal(signal.SIGINT)
    print("second:", p.wait(10))
PYTHON
is "Ctrl-C: the first one explains, the second one ends" "$(cat "$T/out")" "first: True None
second: -2"
like "Ctrl-C: what it says" "$(cat "$T/err")" '^fettle: job 7 goes on in the service; "fettle abort 7" ends it'

# The connection breaks while a job is followed: it goes on where it was.
serve "{\"GET /jobs/7\": [{\"body\": $running}, {\"body\": $ended}],
  \"GET /jobs/7/events\": [{\"drop\": true}, {\"body\": {\"state\": \"done\", \"events\": []}}]}"
run watch 7
is "a broken connection is made again" "$status" 253
[ "$status" = 253 ] || echo "# $err"

# Plans.
plan='{"hash": "abc", "nodes": [{"node": 1, "name": "web1", "problem": null, "entries": [
    {"component": "x.deb", "baseline": "b", "name": "x", "installed": "1", "offered": "2", "action": "upgrade", "why": "1 < 2"},
    {"component": "y.deb", "baseline": "b", "name": "y", "installed": null, "offered": "2", "action": "not-applicable", "why": "not here"}]},
  {"node": 2, "name": "web2", "problem": "was never inventoried", "entries": []}], "counts": {"upgrade": 1, "not-applicable": 1}}'
nothing='{"hash": "def", "nodes": [{"node": 1, "name": "web1", "problem": null, "entries": [
    {"component": "x.deb", "action": "same", "installed": "2", "offered": "2"}]}], "counts": {"same": 1}}'
bad='{"hash": "0", "nodes": [{"node": 2, "name": "web2", "problem": "was never inventoried", "entries": []}], "counts": {}}'
serve "{\"POST /plans\": {\"body\": $plan}, \"POST /deployments\": {\"status\": 202, \"body\": {\"job\": 7, \"plan\": \"abc\"}},
  \"GET /jobs/7\": {\"body\": $ended}, \"GET /jobs/7/events\": {\"body\": {\"state\": \"done\", \"events\": []}}}"
run plan --baseline b --downgrade --kind firmware --kind driver --reboot if-needed --on-failed-dependency force
is "plan: exit code" "$status" 0
is "plan: what is sent" "$(sent POST /plans | jq -Sc .)" \
'{"baselines":["b"],"nodes":["all"],"options":{"downgrade":true,"kinds":["firmware","driver"],"on_failed_dependency":"force","reboot":"if-needed"}}'
like "plan: an entry" "$out" '^web1 +x\.deb +b +1 +2 +upgrade +- +1 < 2$'
like "plan: a node's problem" "$out" '^web2 .*problem +- +was never inventoried$'
is "plan: what isn't for the node is left out" "$(grep -c y.deb "$T/out")" 0
is "plan: the hash is a notice" "$err" "fettle: plan abc: 1 upgrade, 1 not-applicable"
run plan --all --format csv
like "plan --all, as CSV" "$out" '^web1,y\.deb,b,,2,not-applicable,,not here$'
: >"$T/log"
run deploy --dry-run --format json
is "deploy --dry-run: the plan, and nothing is deployed" "$status $(jq -r .hash "$T/out") $(sent POST /deployments)" "0 abc "
run deploy --plan xyz --yes
is "deploy: a plan in a file that isn't there" "$status $(sent POST /deployments)" "254 "
run deploy web1
is "deploy: the exit code of the job" "$status" 253
is "deploy: the plan's hash goes with it" "$(sent POST /deployments | jq -Sc .)" '{"nodes":["web1"],"options":{},"plan":"abc"}'
if command -v script >/dev/null; then
  : >"$T/log"
  echo n | TERM=xterm timeout 60 script -qefc "fettle deploy" "$T/typescript" >/dev/null 2>&1
  is "deploy at a terminal: no is no" "$? $(sent POST /deployments)" "252 "
  like "deploy at a terminal: asks" "$(cat "$T/typescript")" 'Deploy 1 component to 1 node\? \[y/N\]'
fi
serve "{\"POST /plans\": [{\"body\": $nothing}, {\"body\": $nothing}, {\"body\": $bad}]}"
run plan
is "plan: nothing needed" "$status" 3
run deploy
is "deploy: nothing needed" "$status $(sent POST /deployments)" "3 "
run plan
is "plan: no node can be planned for" "$status" 252

# Reports.
serve '{"GET /reports/html?job=7": {"raw": "<html>page</html>"}, "GET /reports/csv": {"raw": "a,b\n"}}'
out=$(cd "$T" && fettle report --job 7)
is "report: a page becomes a file" "$(cat "$out")" "<html>page</html>"
like "report: its path is printed" "$out" "^$T/fettle-report-[0-9]{8}-[0-9]{6}\\.html$"
run report --job 7 -o "$T/page.html"
is "report -o" "$status $out $(cat "$T/page.html")" "0  <html>page</html>"
run report --format csv
is "report as CSV" "$out" "a,b"

# Nobody there any more.
kill -9 "$server"; wait "$server" 2>/dev/null; server=
run node list
like "no service and no program to start one" "$status $err" "fettle: no service runs, and its program fettled is neither in"
done_testing
