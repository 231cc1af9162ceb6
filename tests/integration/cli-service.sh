# The command with the real service: it is started, found, shared, stopped;
# nodes, baselines, plans, jobs and reports in all forms of output.
#
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq python3 timeout dpkg-deb
umask 022
export FETTLE_STATE_DIR=$T/state XDG_CONFIG_HOME=$T/config
unset SSH_AUTH_SOCK

free_port () { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
ports=(--port "$(free_port)" --ssl-port "$(free_port)" --set read_timeout=3)
# The service that a command started, whoever it was.
pid_of () { jq -r '.pid // empty' "$T/state/service.json" 2>/dev/null; }
stop_service () {
  local pid; pid=$(pid_of)
  timeout 30 fettle -q service stop --force </dev/null >/dev/null 2>&1
  [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null || kill -9 "$pid"
}
at_exit stop_service
run () { # $out, $err, $status
  status=0
  timeout 60 fettle "${ports[@]}" "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
  out=$(cat "$T/out") err=$(cat "$T/err")
}
# A command's JSON and CSV parse.
parses () { # WORD...
  run "$@" --format json
  ok "fettle $*: JSON" jq -e 'type == "object"' "$T/out"
  run "$@" --format csv
  ok "fettle $*: CSV" python3 -c 'import csv, sys
rows = list(csv.reader(open(sys.argv[1]), strict=True))
sys.exit(not rows or any(len(r) != len(rows[0]) for r in rows))' "$T/out"
}

# Starting, by several commands at once.
for i in 1 2 3 4; do (timeout 60 fettle "${ports[@]}" service status --format json >/dev/null 2>&1
  timeout 60 fettle "${ports[@]}" node list >"$T/start.$i" 2>&1 </dev/null; echo $? >"$T/status.$i") & done
wait
is "four commands at once share one service" "$(cat "$T"/status.[1-4] | tr '\n' ' ')" "0 0 0 0 "
[ "$(cat "$T"/status.? | sort -u)" = 0 ] || sed 's/^/# /' "$T"/start.?
pid=$(pid_of)
run service start
is "service start: runs already" "$status $(pid_of)" "0 $pid"
run service status --format json
is "service status: the process" "$(jq .pid "$T/out")" "$pid"
run service status
like "service status: members" "$out" '^ssl_port +[0-9]+$'

# Nodes.
run node add 127.0.0.9 --name a --type linux --user u --ssh-port 1 --label rack=7 --group g
is "node add" "$status $err" "0 fettle: 1 node added"
run node add 127.0.0.10 --type linxu
is "an unknown node type" "$status $(wc -l <"$T/err") $out" "254 1 "
like "an unknown node type: says so" "$err" '^fettle: .*linxu'
run node add 127.0.0.9 --name a --type linux
like "a name that is taken" "$status $err" '^25[24] fettle: .*a already'
run node add 127.0.0.11 --type linux --ssh-port 99999
like "a port that is none" "$status $err" '^254 fettle: .*ssh_port'
printf 'address,name,type\n127.0.0.12,c,linux\n127.0.0.13,d,nonsense\n' >"$T/list.csv"
run node add --from "$T/list.csv"
is "a list with one bad node" "$status" 254
run node list --format json
is "adds none of them" "$(jq -r '[.nodes[].name] | join(" ")' "$T/out")" a
run node show a --format json
is "node show" "$(jq -c '[.user, .type, .labels.rack, .group, .settings.ssh_port, .auth]' "$T/out")" \
  '["u","linux","7","g","1","none"]'
printf 'a secret\n' >"$T/password"
run node set a --user v --password-file "$T/password" --ssh-port 2
run node show a --format json
is "node set" "$(jq -c '[.user, .auth, .settings.ssh_port]' "$T/out")" '["v","password","2"]'
not_ok "no secret comes out" grep -q "a secret" "$T/out"
run node set nosuch --group x
is "node set: no such node" "$status $(wc -l <"$T/err")" "254 1"
parses node list
parses node items a

# A baseline of two packages, one of them damaged.
mkdir -p "$T/base" "$T/pkg/DEBIAN" "$T/none"
printf 'Package: fettle-cli-test\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: a test\n' \
  >"$T/pkg/DEBIAN/control"
dpkg-deb -b --root-owner-group "$T/pkg" "$T/base/good.deb" >/dev/null
head -c 200 "$T/base/good.deb" >"$T/base/bad.deb"
run plan
like "plan without a baseline" "$status $err" '^254 fettle: .*baseline'
run baseline add "$T/none" --allow-unsigned
is "a baseline without components" "$status" 254
run baseline add "$T/base" --name mine --allow-unsigned
is "baseline add: a damaged component is bad input" "$status" 254
like "baseline add: what couldn't be read is named" "$err" '^fettle: bad\.deb: '
run baseline list
like "baseline list" "$out" "^mine +[^ ]+ +1 +1 .*$T/base\$"
run baseline show mine
like "baseline show" "$out" 'good\.deb.*1\.0'
parses baseline list
parses baseline show mine

# A plan and a deployment for a node that was never inventoried: nothing there.
run plan
like "plan: the node was never inventoried" "$out$err" 'inventor'
parses plan
run deploy --yes --format json
ok "deploy: JSON when there is nothing to do" jq -e '.hash' "$T/out"
run plan nosuch
is "plan: no such node" "$status $(wc -l <"$T/err") $out" "254 1 "
run plan --kind gadget
is "plan: no such kind" "$status $out$err" "254 fettle: --kind gadget: it is one of firmware|driver|package|os"

# A job that fails, since nothing listens there.
run inventory a
is "inventory: its exit code" "$status" 253
like "inventory: why" "$err" '^a: inventory: failed: .*127\.0\.0\.9'
parses inventory a
parses status
parses status last
parses log last
run watch last
is "watch of a job that has ended: its exit code" "$status" 253
run status 99999
is "no such job" "$status $(wc -l <"$T/err")" "254 1"
run abort 99999
is "abort: no such job" "$status $(wc -l <"$T/err")" "254 1"
run log last nosuch
like "log: no such task" "$status $err" '^254 fettle: the job has no task or node nosuch'
for format in json csv; do
  run report --format $format
  is "report as $format" "$status" 0
done
run report -o "$T/report.html"
like "report as HTML" "$(cat "$T/report.html")" '<html'
run report --job 99999 --format csv
is "report: no such job" "$status $(wc -l <"$T/err")" "254 1"

# A node that accepts and says nothing; meanwhile, the job is aborted, and the
# service dies.
python3 -u -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(16); print(s.getsockname()[1]); time.sleep(300)' >"$T/mute" &
mute=$!
at_exit "kill $mute 2>/dev/null"
for _ in $(seq 50); do [ -s "$T/mute" ] && break; sleep 0.1; done
run node add 127.0.0.1 --name mute --type linux --ssh-port "$(cat "$T/mute")" --user u --password-file "$T/password"
follow () { # starts an inventory of it, waits until it runs
  (timeout 60 fettle "${ports[@]}" inventory mute >"$T/follow.out" 2>"$T/follow.err" </dev/null; echo $? >"$T/follow.status") &
  follower=$!
  for _ in $(seq 100); do
    run status last --format json
    [ "$(jq -r '.tasks[0] | .name + " " + .state' "$T/out")" = "mute running" ] && return
    sleep 0.1
  done
}
follow
is "a second job for a node that is busy" "$(run inventory mute; echo "$status $(wc -l <"$T/err")")" "252 1"
run service stop
like "service stop while a job runs" "$status $err" '^252 fettle: .*(job|run)'
run abort last --hard
is "abort" "$status" 0
wait "$follower"
not_ok "the command that followed the aborted job doesn't say done" grep -qx 0 "$T/follow.status"
like "and shows it as aborted" "$(cat "$T/follow.out")" '^mute .*aborted'
follow
kill -9 "$(pid_of)"
wait "$follower"
is "the service dies while a job is followed: the job's exit code in the end" "$(cat "$T/follow.status")" 253
like "and what became of it" "$(cat "$T/follow.out")" '^mute +127\.0\.0\.1 +linux +failed'
kill "$mute"
run node remove mute
pid=$(pid_of)

# The service dies; the next command starts another, and nothing is lost.
kill -9 "$pid"
run node list --format json
is "after kill -9: exit code" "$status" 0
is "after kill -9: the nodes are there" "$(jq -r '.nodes[].name' "$T/out")" a
[ "$(pid_of)" != "$pid" ] && [ -n "$(pid_of)" ]
is "after kill -9: another process" "$?" 0

# Another service's folder, and one of its own.
other=$(free_port)
FETTLE_STATE_DIR=$T/other run --ssl-port "$other" node list --format json
is "another state folder is another service" "$status $(jq '.nodes | length' "$T/out")" "0 0"
taken=$(jq .ssl_port "$T/state/service.json")
FETTLE_STATE_DIR=$T/third run --ssl-port "$taken" node list
is "a port that is taken: exit code" "$status" 255
like "a port that is taken" "$err" "^fettle: the service didn't start: .*$taken"
is "a port that is taken: two lines at most" "$(($(wc -l <"$T/err") <= 2))" 1
FETTLE_STATE_DIR=$T/other run service stop
is "service stop" "$status $err" "0 fettle: the service has ended"
FETTLE_STATE_DIR=$T/other run service stop
is "service stop: none runs" "$status" 3

run node remove a
run baseline remove mine
run node list
is "node remove" "$status $out $err" "0  fettle: there are no nodes; add some with fettle node add"
ok "baseline remove leaves the files" test -f "$T/base/good.deb"
run service stop
is "service stop at the end" "$status" 0
done_testing
