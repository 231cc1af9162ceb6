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

printf '%s\n' "credential_helpers = \"kerberos=$T/kerberos\";" >"$T/conf"
up () { start "$T/state" --config "$T/conf" --port 63001 --ssl-port 63002; }
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

{ cat /etc/hosts; echo "127.0.0.1 anvil7.forge.test"; } >"$T/hosts"
mount --bind "$T/hosts" /etc/hosts # of this namespace; the service reads it when it starts
ok "the service starts" up
printf '%s\n' "$WIN_PASSWORD" >"$T/password"
ok "a node" fettle --quiet node add 127.0.0.1 --name anvil --type windows --user "$WIN_USER" --password-file "$T/password"
ok "its inventory" fettle --quiet inventory anvil
ok "a baseline" baseline two 2.0.0.0 exit-1.lines-2.version-2-0-0-0.mark
ok "is deployed" deploy two
is "and found" "$(task .state) $(task .verified) $(task .found)" "done true 2.0.0.0"
like "what the installer said is in the log" "$(task '.log[]')" "installer: line 2 of 2"
is "nothing is left" "$(win_left)" ""

# ---- By Kerberos: nobody has a password, the service's helper has tickets.
if win_kdc; then
  # The service's user, as GSSAPI sees it, is this test's.
  cat >"$T/kerberos" <<X
#!/bin/sh
KRB5_CONFIG=$KRB5_CONFIG KRB5CCNAME=$KRB5CCNAME KRB5_CLIENT_KTNAME=$KRB5_CLIENT_KTNAME exec "$builddir/../core/fettle-kerberos" "\$@"
X
  chmod 755 "$T/kerberos"
  win_smbd "${WIN_KERBEROS[@]}" "ntlm auth = disabled"
  by () { fettle node show anvil7.forge.test --format json; }
  look () { fettle --quiet inventory "$1" 2>"$T/look"; }
  not_ok "a node that takes no passwords isn't let in by one" look anvil
  ok "a node with the helper for Kerberos" fettle --quiet node add anvil7.forge.test --type windows --helper kerberos
  ok "its inventory" soon look anvil7.forge.test
  is "has no password" "$(by | jq -c '[.user, .helper, .error]')" '[null,"kerberos",null]'
  is "is the one that was had by a password" "$(fettle node items anvil7.forge.test --format json | jq -c '[.items[] | [.kind, .id, .version]]')" \
    "$(fettle node items anvil --format json | jq -c '[.items[] | [.kind, .id, .version]]')"
  mv "$K/client" "$K/away"
  rm -f "$K/tickets"
  not_ok "without tickets there is none" look anvil7.forge.test
  like "and it says so" "$(by | jq -r .error.message)" "kerberos.*ticket"
  win_smbd
  ok "by a password the first is let in again" look anvil
else
  skip "Kerberos" "needs krb5kdc, kdb5_util and kadmin.local"
fi

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
