# windows-service.sh - a Windows server as a node of the whole service: from a
# baseline to the version that the next inventory finds, the installer's output
# in the log; a worker and the service itself killed while the installer runs.
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
. "$srcdir/integration/service-lib.sh"
unset http_proxy https_proxy all_proxy
export FETTLE_STATE_DIR=$T/state
win_up
[ -n "$WIN_WINE" ] || skip_all "needs Wine (wine64) and x86_64-w64-mingw32-gcc"

up () { start "$T/state" --port 63001 --ssl-port 63002; }
baseline () { # NAME VERSION WORDS of the installer
  mkdir "$T/$1"
  cp "$builddir/sim/windows/installer.exe" "$T/$1/agent.$3.exe"
  cat >"$T/$1/agent.$3.exe.component.cfg" <<C
name = "Test Agent"; version = "$2"; scheme = "dotted"; format = "exe"; kind = "package"; match = "software:Test_Agent";
C
  fettle --quiet baseline add "$T/$1" --name "$1" --allow-unsigned
}
deploy () { fettle deploy anvil --baseline "$1" --yes --format json >"$T/job" 2>"$T/deploy.err"; }
task () { jq -r ".tasks[0]$1" "$T/job"; }
nothing () { [ -z "$(win_left)" ]; }
long () { soon "$@" || soon "$@" || soon "$@"; } # an installation and what follows

ok "the service starts" up
printf '%s\n' "$WIN_PASSWORD" >"$T/password"
ok "a node" fettle --quiet node add 127.0.0.1 --name anvil --type windows --user "$WIN_USER" --password-file "$T/password"
ok "its inventory" fettle --quiet inventory anvil
ok "a baseline" baseline two 2.0.0.0 exit-1.lines-2.version-2-0-0-0.mark
ok "is deployed" deploy two
is "and found" "$(task .state) $(task .verified) $(task .found)" "done true 2.0.0.0"
like "what the installer said is in the log" "$(task '.log[]')" "installer: line 2 of 2"
is "nothing is left" "$(win_left)" ""

# ---- Killed while it runs.
runs () { ls "$WIN_WINDOWS"/fettle-*/output >"$T/runs" 2>&1; }
ended () { fettle status "$job" --format json >"$T/job" 2>/dev/null && [ "$(jq -r .state "$T/job")" = "done" ]; }
ok "another one" baseline three 3.0.0.0 exit-1.ms-3000.version-3-0-0-0.mark
rm -f "$WIN_ROOT/node/installed"
job=$(fettle deploy anvil --baseline three --yes --no-wait 2>"$T/deploy.err")
ok "it runs" soon runs
pkill -9 -x fettle-worker
ok "the job ends" long ended
ok "workers killed: nothing is left" soon nothing
is "and it was run once" "$(wc -l <"$WIN_ROOT/node/installed")" 1
echo "# the job said: $(task .state) $(task .found)"
ok "and another" baseline four 4.0.0.0 exit-1.ms-3000.version-4-0-0-0.mark
rm -f "$WIN_ROOT/node/installed"
job=$(fettle deploy anvil --baseline four --yes --no-wait 2>"$T/deploy.err")
ok "it runs, too" soon runs
kill -9 "$pid"
wait "$pid" 2>/dev/null
rm -f "$T/state/service.json"
ok "the service killed, it starts again" up
ok "the job ends" long ended
is "and goes on" "$(task .state) $(task .found)" "done 4.0.0.0"
is "it was run once" "$(wc -l <"$WIN_ROOT/node/installed")" 1
is "nothing is left then" "$(win_left)" ""
done_testing
