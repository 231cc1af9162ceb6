#!/bin/bash
# Second credentials, and helpers: programs that know the credentials of nodes.
# The node is a server that answers with the request that it got.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled fettle curl jq openssl python3 sqlite3

S=$T/state
export FETTLE_STATE_DIR=$S FETTLE_PLUGINDIR=$builddir/plugins/.libs
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=nobody" 2>/dev/null
python3 "$srcdir/sim/rude-http.py" "$T/cert.pem" "$T/key.pem" "$T/port" now 2>"$T/rude.log" &
at_exit "kill $! 2>/dev/null"
ok "a node listens" soon test -s "$T/port"
read -r P <"$T/port"

# ---- Helpers, as users write them.
mkdir "$T/bin"
helper () { cat >"$T/bin/$1"; chmod 755 "$T/bin/$1"; }
helper good <<HELPER
#!/bin/sh
{ cat; echo "argv: \$*"; env; } >"$T/asked"
echo x >>"$T/times"
echo '{"user": "from-vault", "password": "vault\"pw"}'
HELPER
helper bad <<'HELPER'
#!/bin/sh
printf 'the vault is\033[31m sealed\nsecond line\n' >&2
exit 3
HELPER
helper chatty <<'HELPER'
#!/bin/sh
exec tr '\0' x </dev/zero
HELPER
helper nonsense <<'HELPER'
#!/bin/sh
echo 'password: LEAKED-NONSENSE'
HELPER
helper odd <<'HELPER'
#!/bin/sh
echo '{"agent": "/LEAKED-ODD"}'
HELPER
helper slow <<HELPER
#!/bin/sh
sleep 600 &
echo \$! >"$T/slow.pid"
wait
HELPER
helper loose </dev/null; chmod 777 "$T/bin/loose"
helpers=
for h in good bad chatty nonsense odd slow loose missing; do helpers="$helpers $h=$T/bin/$h"; done
cat >"$T/conf" <<CONF
ssl_port = $(free_port);
port = $(free_port);
credential_helpers = "$helpers";
helper_timeout = 600;
audit_log = "";
log_level = "debug";
CONF
FETTLE_LEAK=LEAKED-ENVIRONMENT start "$S" --config "$T/conf"
fettle () { command fettle --config "$T/conf" "$@"; }

add () { fettle node add 127.0.0.1 --type fetch --setting "https_port=$P" --setting path=/echo "$@" >"$T/out" 2>&1; }
look () { fettle inventory n --quiet >"$T/inventory" 2>&1; } # of the node
said () { fettle node items n --format json | jq -r '.items[] | select(.id == "body").name' | tr -d '\r'; }
basic () { printf '%s' "$1" | base64 -w 0; }
why () { fettle node show n --format json | jq -r .error.message; }

# ---- Second credentials.
printf 'first-pw' >"$T/first"; printf 'second<pw' >"$T/second"; chmod 600 "$T/first" "$T/second"
ok "a node with second credentials" add --name n --user root --password-file "$T/first" --second-user vc-admin \
  --second-password-file "$T/second" --setting flags=second
is "shows who, not with what" "$(fettle node show n --format json | jq -c '[.user, .second_user, .auth, .helper]')" \
  '["root","vc-admin","password",null]'
ok "its inventory" look
like "is let in with the second ones" "$(said)" "Authorization: Basic $(basic 'vc-admin:second<pw')"
fill='{"a": "%{text:user} %{text:password} %{json:second_user} %{xml:second_password}"}'
ok "words in what is sent" fettle node set n --setting "https_port=$P" --setting path=/echo --setting flags=fill \
  --setting method=POST --setting "body=$fill"
ok "an inventory" look
is "are replaced" "$(said | tail -n 1)" '{"a": "root first-pw vc-admin second&#60;pw"}'
ok "a group with second credentials" fettle group add g --second-user of-group --second-password-file "$T/first"
is "shows who" "$(fettle group show g --format json | jq -r .second_user)" of-group
fettle node set n --group g --forget-credentials --user root --password-file "$T/first" >/dev/null 2>&1
is "credentials are forgotten" "$(fettle node show n --format json | jq -c '[.user, .second_user, .auth]')" \
  '["root",null,"password"]'
ok "an inventory" look
is "and the group's take their place" "$(said | tail -n 1)" '{"a": "root first-pw of-group first-pw"}'
fettle group set g --forget-credentials >/dev/null 2>&1
not_ok "none at all" look
like "is said with what to do" "$(why)" 'wants a second user, and none is known: fettle node set n --second-user NAME'
fettle node set n --setting "https_port=$P" --setting path=/echo --setting flags=second >/dev/null 2>&1
not_ok "none to log in with" look
like "is said, too" "$(why)" 'fettle node set n --second-user NAME --ask-second-password'

# ---- A helper.
ok "a node that a helper knows the credentials of" fettle node set n --forget-credentials --helper good --user me \
  --setting "https_port=$P" --setting path=/echo --setting flags=basic
is "is shown as such" "$(fettle node show n --format json | jq -c '[.user, .auth, .helper]')" '["me","helper","good"]'
ok "its inventory" look
like "is let in with what it says" "$(said)" "Authorization: Basic $(basic 'from-vault:vault"pw')"
is "it was asked" "$(head -n 1 "$T/asked" | jq -cS .)" \
  '{"address":"127.0.0.1","node":"n","protocol":1,"type":"fetch","user":"me"}'
is "by one word" "$(sed -n 's/^argv: //p' "$T/asked")" get
is "in an environment of three" "$(sed '1,/^argv/d; s/=.*//' "$T/asked" | grep -vE '^(_|PWD|OLDPWD|SHLVL)$' | sort | xargs)" \
  "$([ -n "${HOME-}" ] && echo HOME LC_ALL PATH || echo LC_ALL PATH)"
is "once" "$(grep -c x "$T/times")" 1
ok "again" look
is "means again" "$(grep -c x "$T/times")" 2
not_ok "what it said isn't stored" grep -arqF -e 'vault"pw' -e 'vault\"pw' "$S/store.db" "$S.log"
ok "a group's helper" fettle group set g --helper good
ok "is its nodes'" fettle node set n --forget-credentials
is "if they have nothing" "$(fettle node show n --format json | jq -c '[.auth, .helper]')" '["none",null]'
ok "and asked" look

# ---- Helpers that don't do as they should.
of () { fettle node set n --forget-credentials --helper "$1" >/dev/null 2>&1; look; why; }
is "one that fails" "$(of bad)" "the credential helper bad failed (exit code 3): the vault is?[31m sealed"
is "one that never stops talking" "$(of chatty)" "the credential helper chatty said more than 16384 bytes"
like "one that talks nonsense" "$(of nonsense)" "what the credential helper nonsense said isn't a JSON object"
like "one that answers what it may not" "$(of odd)" "the credential helper odd answered with a member agent that"
like "one that others can write" "$(of loose)" "the credential helper loose: .* can be written by others"
like "one that isn't there" "$(of missing)" "the credential helper missing: .*No such file"
fettle node set n --helper nobody >"$T/out" 2>&1
like "one that isn't named" "$(cat "$T/out")" "no credential helper nobody: the setting credential_helpers names good bad chatty"
not_ok "what they leaked is nowhere" grep -arqE 'LEAKED-(NONSENSE|ODD)' "$S" "$S.log" "$T/inventory"

# One that doesn't end: the job is aborted, and nothing of it stays.
fettle node set n --forget-credentials --helper slow >/dev/null 2>&1
job=$(api "$S" POST /inventories --json '{"nodes": ["n"]}' | jq .job)
ok "one that takes its time" soon test -s "$T/slow.pid"
ok "the job is aborted" fettle abort "$job"
is_over () { [ "$(api "$S" GET "/jobs/$job" | jq -r .state)" != running ]; }
ok "and ends" soon is_over
ok "with what it had started" soon gone "$(cat "$T/slow.pid")"
rm "$T/slow.pid"
job=$(api "$S" POST /inventories --json '{"nodes": ["n"]}' | jq .job)
ok "once more" soon test -s "$T/slow.pid"
ok "the service is stopped" fettle service stop --force
ok "it ends" soon gone "$pid"
ok "and leaves nothing" soon gone "$(cat "$T/slow.pid")"
sed -i 's/^helper_timeout.*/helper_timeout = 1;/' "$T/conf"
rm "$T/slow.pid"
start "$S" --config "$T/conf"
none_runs () { [ "$(api "$S" GET /jobs?state=running | jq '.jobs | length')" = 0 ]; }
ok "what the service was at ends" soon none_runs
rm -f "$T/slow.pid"
is "its time has a limit" "$(of slow)" "the credential helper slow didn't end in 1 s (setting helper_timeout)"
ok "which ends all of it" soon gone "$(cat "$T/slow.pid")"
done_testing
