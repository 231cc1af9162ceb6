# serve-ports.sh - a port that is another's: the message says whose, the exit code
# is 255, and nothing is half started.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires python3

cat >"$T/hold.py" <<'P'
import socket, sys, time
s = socket.socket (); s.bind (("0.0.0.0", 0)); s.listen (1)
open (sys.argv[1], "w").write (str (s.getsockname ()[1])); time.sleep (600)
P
python3 "$T/hold.py" "$T/port" & holder=$!
at_exit "kill $holder 2>/dev/null"
ok "a port is another's" soon test -s "$T/port"
taken=$(cat "$T/port")
export FETTLE_STATE_DIR=$T/state
for option in port ssl-port ftp-port; do
  rest="--ssl-port=$(free_port)"; [ $option != ssl-port ] || rest=
  said=$(timeout 60 fettled --state-dir "$T/state" $rest --$option="$taken" 2>&1)
  is "fettled --$option: 255" $? 255
  like "it says whose it is" "$said" "port $taken on .* is in use by python3.*\(pid $holder\).*${option/-/_}"
  is "nothing is half started" "$(ls "$T/state" | grep -c -e service.json -e 'store.db')" 0
  said=$(timeout 60 fettle --state-dir "$T/state" $rest --$option "$taken" service start 2>&1)
  is "fettle --$option: 255" $? 255
  like "with the same message" "$said" "in use by python3.*\(pid $holder\)"
  is "nothing runs" "$(ls "$T/state" | grep -c service.json)" 0
done
if command -v smartupdate >/dev/null; then
  for option in port ssl_port ftp_port; do
    rest="/ssl_port $(free_port)"; [ $option != ssl_port ] || rest=
    said=$(timeout 60 smartupdate $rest /$option "$taken" 2>&1); code=$?
    like "smartupdate /$option says it, too" "$said" "in use by python3.*\(pid $holder\)"
    is "and fails" "$code" 255
  done
else skip "smartupdate" "not here"; fi
done_testing
