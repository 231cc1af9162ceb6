#!/bin/bash
# fettled as a process: its start, its end, its lock, its port, its user.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled curl

port=$(free_port)
S=$T/state

ok "starts" start "$S" --ssl-port "$port"
is "service.json names process and port" \
  "$(sed 's/"version": "[^"]*"/V/' "$S/service.json")" "{\"pid\": $pid, \"ssl_port\": $port, V}"
is "secrets are private" "$(cd "$S" && stat -c '%n %a' . token key cert.key | tr '\n' ' ')" \
  ". 700 token 600 key 600 cert.key 600 "
like "answers" "$(api "$S" GET /service)" "\"pid\":$pid,.*\"state_dir\":\"$S\",.*\"ssl_port\":$port"
is "nothing in the log but that it is ready" "$(grep -cv 'info: \(version\|made the cert\)' "$S.log")" 0

open_fds=$(for f in /proc/"$pid"/fdinfo/*; do
  [ "${f##*/}" -le 2 ] || { read -r _ flags < <(grep flags "$f"); [ $((flags & 02000000)) != 0 ] || echo "${f##*/}"; }
done)
is "every descriptor is close-on-exec" "$open_fds" ""
like "no core dumps" "$(grep 'Max core' /proc/"$pid"/limits)" 'size +0 '

second=$(fettled --state-dir "$S" --ssl-port "$(free_port)" 2>&1); is "a second one ends with 255" $? 255
like "and names the first" "$second" "runs already with the state folder $S: process $pid"
ok "the first goes on" test "$(status "$S" GET /service)" = 200

taken=$(fettled --state-dir "$T/other" --ssl-port "$port" 2>&1); is "a taken port: 255" $? 255
like "and who has it" "$taken" "port $port on 127.0.0.1 is in use by .*fettled \(pid $pid\)"
is "nothing is half started" "$(ls "$T/other")" lock
taken=$(fettled --background --state-dir "$T/other" --ssl-port "$port" 2>&1)
is "in the background too: 255" $? 255
like "and its message comes back" "$taken" "in use by .*fettled \(pid $pid\)"

before=$(cat "$S/token" "$S/cert.pem")
kill -9 "$pid"; wait "$pid" 2>/dev/null
first=$pid
ok "starts again after kill -9, on the same port" start "$S" --ssl-port "$port"
soon grep -q "\"pid\": $pid" "$S/service.json"
is "with the same token and certificate" "$(cat "$S/token" "$S/cert.pem")" "$before"
is "and answers" "$(status "$S" GET /service)" 200

kill -TERM "$pid"; wait "$pid"; is "SIGTERM: ends with 0" $? 0
not_ok "service.json is gone" test -e "$S/service.json"
not_ok "the port is closed" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"

ok "starts once more" start "$S" --ssl-port "$port" --log-file "$T/log"
is "a stop that is no boolean is refused" \
  "$(status "$S" POST /service/stop --json '{"force": 1}')" 400
mv "$T/log" "$T/log.old"; kill -HUP "$pid"
ok "SIGHUP opens the log anew" soon grep -q anew "$T/log"
is "POST /service/stop" "$(status "$S" POST /service/stop)" 200
wait "$pid"; is "ends it with 0" $? 0

ok "in the background it is there when the command returns" \
  bash -c "fettled --background --state-dir '$S' --ssl-port $port && test -e '$S/service.json'"
pid=$(cat "$S/lock"); at_exit "kill -9 $pid 2>/dev/null"
is "and answers at once" "$(status "$S" GET /service)" 200
is "it belongs to no terminal and no parent's session" "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid"
like "it logs in the state folder" "$(cat "$S/fettled.log")" "stopping|answered|ready|^$"
kill -INT "$pid"; ok "SIGINT ends it" soon gone "$pid"

fettled --state-dir "$S" --ssl-port "$port" --idle-exit --set idle_exit=1 >"$T/out" 2>&1 &
pid=$!; at_exit "kill -9 $pid 2>/dev/null"
ok "an unused one that a command started ends" soon gone "$pid"
like "and says why" "$(cat "$T/out")" "unused for 1 seconds"

bad=$(fettled --no-such 2>&1); is "an unknown option: 254" $? 254
bad=$(fettled --state-dir "$S" --set nonsense=1 2>&1); is "an unknown setting: 254" $? 254
like "is named" "$bad" "fettled: .*nonsense"
bad=$(fettled --state-dir "$S" --ssl-port 70000 2>&1); is "a port out of range: 254" $? 254
bad=$(fettled --config "$T/none.conf" 2>&1); is "a missing configuration: 254" $? 254
bad=$(fettled --state-dir "$S" extra 2>&1); is "an argument too many: 254" $? 254
like "--version" "$(fettled --version)" '^fettled [0-9]'
like "--help" "$(fettled --help)" '^Usage: fettled'
mkdir -m 777 "$T/open"; chmod 777 "$T/open"
bad=$(fettled --state-dir "$T/open" --ssl-port "$(free_port)" 2>&1)
is "a folder that others can write: 255" $? 255
like "is named" "$bad" "others can write in the state folder $T/open"
chmod 644 "$S/token"
bad=$(fettled --state-dir "$S" --ssl-port "$(free_port)" 2>&1); is "an open token: 255" $? 255
like "is named" "$bad" "$S/token is open to other users"
chmod 600 "$S/token"
bad=$(fettled --state-dir "$S" --ssl-port "$(free_port)" --set api_address=192.0.2.1 2>&1)
is "an address that isn't ours: 255" $? 255
like "is named" "$bad" "no address 192.0.2.1"

as_nobody () { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$T/home" \
  FETTLE_STATE_DIR= "$@"; }
if [ "$(id -u)" != 0 ] || ! command -v setpriv unshare ip >/dev/null; then
  skip "an ordinary user" "needs root, setpriv, unshare and ip"
elif chmod 755 "$T"; mkdir "$T/home"; chown 65534 "$T/home"
     ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$(command -v fettled)" \
     || ! unshare --net true 2>/dev/null; then
  skip "an ordinary user" "can't reach the build tree, or no network namespaces"
else
  # A network of its own: the usual port is taken there, and nowhere else.
  cat >"$T/user.sh" <<EOF
    ip link set lo up
    fettled --state-dir "$T/root" >"$T/root.log" 2>&1 & root=\$!
    for i in \$(seq 200); do [ -e "$T/root/service.json" ] && break; sleep 0.05; done
    as_nobody () { setpriv --reuid=65534 --regid=65534 --clear-groups env -u XDG_STATE_HOME HOME="$T/home" "\$@"; }
    as_nobody fettled --state-dir "$T/home/asked" --ssl-port 63002 2>"$T/asked"; echo "asked \$?"
    as_nobody fettled --background >"$T/user.log" 2>&1; echo "background \$?"
    f=\$(find "$T/home" -name service.json); echo "file \$f"
    p=\$(sed -n 's/.*"ssl_port": *\([0-9]*\).*/\1/p' "\$f")
    [ "\$p" != 63002 ] && echo "port another"
    as_nobody curl -s --noproxy '*' --cacert "\${f%/*}/cert.pem" -o /dev/null -w 'answer %{http_code}\n' \
      -H "Authorization: Bearer \$(cat "\${f%/*}/token")" "https://localhost:\$p/api/v1/service"
    kill "\$(cat "\${f%/*}/lock")" \$root; wait \$root
    for i in \$(seq 200); do [ -e "\$f" ] || break; sleep 0.05; done
EOF
  unshare --net bash "$T/user.sh" >"$T/user" 2>&1
  like "the usual port is taken by root's" "$(cat "$T/asked")" 'port 63002 .* in use by a process of user 0'
  like "which is an error when it was asked for" "$(cat "$T/user")" 'asked 255'
  like "an ordinary user's starts nevertheless" "$(cat "$T/user")" 'background 0'
  like "in the user's own folder" "$(cat "$T/user")" "file $T/home/"
  like "on another port" "$(cat "$T/user")" 'port another'
  like "and answers its user" "$(cat "$T/user")" 'answer 200'
fi

if command -v python3 >/dev/null; then
  python3 - "$T/notify" >"$T/notified" <<'EOF' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1]); s.settimeout(20)
print(s.recv(100).decode()); print(s.recv(100).decode())
EOF
  listener=$!
  soon test -S "$T/notify"
  NOTIFY_SOCKET=$T/notify start "$S" --ssl-port "$port"
  kill "$pid"; wait "$pid" "$listener"
  is "systemd is told" "$(tr '\n' ' ' <"$T/notified")" "READY=1 STOPPING=1 "
else
  skip "systemd is told" "needs python3"
fi
done_testing
