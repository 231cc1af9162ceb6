#!/bin/bash
# The service under systemd: its units, a socket that is handed over, the
# watchdog. What can be told without a systemd that runs.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled curl jq python3 systemd-analyze systemd-socket-activate
top=$builddir/..
grep -q '^#define HAVE_SYSTEMD 1' "$top/config.h" || { echo "1..0 # SKIP built without libsystemd"; exit 0; }

# ---- The units ----

mkdir "$T/units"
sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$top/packaging/fettled.service" >"$T/units/fettled.service"
cp "$srcdir/../packaging/fettled.socket" "$T/units/"
ok "systemd takes the units" systemd-analyze verify --man=no "$T/units/fettled.service" "$T/units/fettled.socket"
if systemd-analyze security --help | grep -q -- --offline; then
  systemd-analyze security --offline=true --threshold=35 "$T/units/fettled.service" >"$T/security" 2>&1
  is "and finds them confined: at most 3.5" "$?" 0
  sed -n 's/.*\(Overall exposure level.*\)/# \1/p' "$T/security"
else
  skip "and finds them confined" "this systemd-analyze can't tell without a running systemd"
fi

# ---- A socket that is handed over ----

S=$T/state
port=$(free_port)
passed=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/-E \1/p')
# shellcheck disable=SC2086 # options, a word each
systemd-socket-activate -l "127.0.0.1:$port" $passed fettled --state-dir "$S" --ssl-port 1 >"$T/log" 2>&1 &
pid=$!
at_exit "kill -9 $pid 2>/dev/null"
health () { curl -sS -k --max-time 60 --noproxy '*' "https://127.0.0.1:$port/healthz"; }
answers () { [ "$(health)" = '{"status":"ok"}' ]; }
ok "its first use starts the service" soon answers
is "on the port of the socket, whatever the settings say" "$(jq .ssl_port "$S/service.json")" "$port"
is "in that process" "$(jq .pid "$S/service.json")" "$pid"
is "the API is there" "$(status "$S" GET /service)" 200
kill "$pid"
ok "it ends" soon gone "$pid"
systemd-socket-activate -l "$T/unix" $passed fettled --state-dir "$S" >"$T/log" 2>&1 &
pid=$!
at_exit "kill -9 $pid 2>/dev/null"
ok "another kind of socket" soon test -S "$T/unix"
python3 -c 'import socket, sys; socket.socket (socket.AF_UNIX).connect (sys.argv[1])' "$T/unix"
ok "is refused" soon gone "$pid"
like "and why" "$(cat "$T/log")" "isn't one of TCP that listens"

# ---- Notifications ----

cat >"$T/notify.py" <<'PY'
import os, socket, subprocess, sys
path = sys.argv[1] + "/notify"
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(60)
env = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
env.pop("WATCHDOG_PID", None)
service = subprocess.Popen(["fettled", "--state-dir", sys.argv[1] + "/state", "--ssl-port", sys.argv[2]], env=env)
told = []
while told.count("WATCHDOG=1") < 3:
    told.append(s.recv(100).decode())
service.terminate()
while told[-1] != "STOPPING=1":
    told.append(s.recv(100).decode())
status = service.wait(60)
told = [t for i, t in enumerate(told) if i == 0 or t != told[i - 1]]
print(status, *told)
PY
is "systemd hears that it is ready, runs, and ends" "$(python3 "$T/notify.py" "$T" "$(free_port)" 2>"$T/log")" \
  "0 READY=1 WATCHDOG=1 STOPPING=1"
done_testing
