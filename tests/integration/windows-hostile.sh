# windows-hostile.sh - smb/1 and the windows plugin against a node that answers what it likes
# (sim/windows/hostile.py), and against one whose services do: each call ends,
# in time, with a result. Under the sanitizers most of all.
#
#   HOSTILE_CALLS=N   calls of each kind (16; make check-hostile: 2000)
#   HOSTILE_SEED=N    the first one's seed (1; make check-hostile: any), printed
#
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
calls=${HOSTILE_CALLS-16} seed=${HOSTILE_SEED-1}
within=240 # seconds for one call, which has nothing to wait for but a loaded machine
echo "# HOSTILE_SEED=$seed HOSTILE_CALLS=$calls"
FETTLE_PLUGINDIR=$builddir/plugins/.libs:$builddir/../plugins/windows/.libs
WINE_LIB=/nowhere
export FETTLE_PLUGINDIR
win_up

WINREG='bind 0 winreg 338cd001-2244-31f1-aaaa-900038001003 1 0' HKLM='rpc 2 0000000000000002'
STEPS='connect; list ADMIN$ *; fill ADMIN$ temp/h 200000; stat ADMIN$ temp/h; read ADMIN$ temp/h 0 200000;
  '$WINREG'; '$HKLM'; unbind; mv ADMIN$ temp/h temp/g; rm ADMIN$ temp/g; mkdir ADMIN$ temp/d; rmdir ADMIN$ temp/d; space ADMIN$'
# many STEPS SECONDS: so many calls of smbtalk (or of the plugin, without steps), four at a time; their last lines in $T/ends.
many () {
  local request
  request=$(jq -cn --arg do "$1" --arg user "$WIN_USER" --arg password "$WIN_PASSWORD" --argjson p "$(cat "$T/port")" --argjson read "$2" '
    {call: "inventory", type: (if $do == "" then "windows" else "smbtalk" end), target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1,
     ports: [[6, 445, 445, $p, $p]], settings: (if $do == "" then {} else {do: $do} end), credentials: {user: $user, password: $password},
     host_key: {policy: "tofu", pinned: null}, certificate: null, timeouts: {connect: 10, read: $read}, token: null}')
  timeout $((500 + calls)) "$builddir/plugins/call" --count "$calls" --workers 4 --deadline $within "$request" \
    >"$T/said" 2>"$T/errors"
  grep '"outcome":' "$T/said" >"$T/ends"
}
sound () { # what
  is "$1: each call ends" "$(wc -l <"$T/ends")" "$calls"
  is "$1: none crashes, none hangs" "$(grep -E '"outcome":"(internal|timeout)"' "$T/ends" | grep -E 'crashed|its process|was ended' | head -3)" ""
  is "$1: nothing for the sanitizers" "$(grep -E 'Sanitizer|runtime error' "$T/errors" "$T/said" | head -5)" ""
  echo "# $1: $(jq -r .outcome "$T/ends" | sort | uniq -c | sort -rn | awk '{printf "%s %s, ", $2, $1}')"
}
hostile () { # HOW STEPS SECONDS
  rm -f "$T/port"
  python3 "$srcdir/sim/windows/hostile.py" "$T/port" "$1" "$seed" "$WIN_PASSWORD" >"$T/hostile" 2>"$T/hostile.err" &
  hostile=$!
  soon test -s "$T/port" >/dev/null
  many "$2" "$3"
  kill $hostile
  wait $hostile 2>/dev/null
}
changed () { [ "$(awk '{n += $3} END {print n + 0}' "$T/hostile")" -ge 1 ]; }

hostile raw "$STEPS" 1
sound "answers changed"
ok "they were changed" changed
win_smbd "server max protocol = SMB2_10"
hostile signed "$STEPS" 1
sound "answers changed and signed"
ok "they were changed, too" changed
hostile signed '' 1
sound "an inventory, answers changed and signed"
win_smbd
win_mutate "$seed"
hostile true "$WINREG; $HKLM; $HKLM; $HKLM; $HKLM; $HKLM; $HKLM; $HKLM; $HKLM; unbind; $WINREG; $HKLM" 1
sound "answers of a service changed"
ok "not all went" grep -qv ' 00000000"' "$T/said"
hostile true '' 1
sound "an inventory, answers of services changed"
win_true
rm -rf "$WIN_WINDOWS"/temp/[a-z] # of calls that were ended in the middle
calls=1 hostile true "$STEPS" 60
is "afterwards it is a node as any other" "$(jq -r '.items[]?.version' "$T/said" | sort -u) $(jq -r '.outcome // empty' "$T/said" | sort -u)" "0 00000000 ok"
done_testing
