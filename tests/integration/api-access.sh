#!/bin/bash
# Who may use the API: tokens, revoked and over and wrong; certificates.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettle fettled curl jq openssl

export FETTLE_STATE_DIR=$T/state
S=$FETTLE_STATE_DIR
unset FETTLE_TOKEN_FILE

# ---- An authority for client certificates ----

quiet () { "$@" >>"$T/openssl" 2>&1; }
issue () { # NAME SUBJECT DAYS CA [extensions]: NAME.pem and NAME.key
  local name=$1 subject=$2 days=$3 ca=$4; shift 4
  quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$name.key" -subj "$subject" -out "$T/csr"
  printf '%s\n' "${1-extendedKeyUsage=clientAuth}" >"$T/ext"
  quiet openssl x509 -req -in "$T/csr" -CA "$T/$ca.pem" -CAkey "$T/$ca.key" -CAcreateserial -days "$days" \
    -extfile "$T/ext" -out "$T/$name.pem"
}
for ca in ca other; do
  quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$ca.key" -subj "/CN=$ca" -days 2 -out "$T/$ca.pem"
done
issue ops /O=Example/CN=ops 2 ca
issue graphs /CN=graphs 2 ca
issue nobody /CN=nobody 2 ca
issue over /CN=over -1 ca
issue server /CN=graphs 2 ca extendedKeyUsage=serverAuth
issue stranger /CN=graphs 2 other

printf 'client_ca = "%s"; client_roles = "%s"; api_address = "127.0.0.1";\n' "$T/ca.pem" \
  "CN=ops,O=Example: operator; CN=graphs: viewer; CN=over: admin" >"$T/conf"
port=$(free_port)
ok "starts" start "$S" --config "$T/conf" --ssl-port "$port"
base=https://localhost:$port/api/v1
code () { curl -sS --max-time 60 --noproxy '*' --cacert "$S/cert.pem" -o "$T/answer" -D "$T/head" -w '%{http_code}' "$@" 2>"$T/curl"; }
with () { local token=$1; shift; code -H "Authorization: Bearer $token" "$@"; }

# ---- Tokens ----

create () { fettle token create "$@" 2>"$T/err"; }
token=$(create first --role operator)
like "a token is shown once" "$token" '^fettle_[0-9a-f]{12}_[0-9a-f]{64}$'
like "with a word about that" "$(cat "$T/err")" 'shown only now'
is "it is good" "$(with "$token" "$base/service")" 200
is "within its role" "$(with "$token" -X POST "$base/service/stop")" 403
like "and told what is missing" "$(jq -r .detail "$T/answer")" 'needs the role admin; first has the role operator'
list () { fettle token list --format json; }
is "it is listed" "$(list | jq -r '.tokens[0] | "\(.name) \(.role) \(.creator) \(.expired)"')" "first operator local false"
is "when it was used as well" "$(list | jq '.tokens[0].used != null')" true
is "it ends in 90 days" "$(list | jq '.tokens[0] | ((.expires | fromdate) - (.created | fromdate)) / 86400')" 90
not_ok "its secret isn't listed" sh -c "fettle token list --format json | grep '${token##*_}'"
store_has () { cat "$S"/store.db* >"$T/dump"; grep -aq "$1" "$T/dump"; } # the service keeps it locked
ok "the store has the token" soon store_has "${token:7:12}"
not_ok "but not its secret" grep -aq "${token##*_}" "$T/dump" "$S.log"
create second >/dev/null
is "a viewer, if nothing else is said" "$(list | jq -r '.tokens[] | select(.name == "second").role')" viewer
like "a name is there once" "$(create first; cat "$T/err")" 'there is a token first already'
like "local is taken" "$(create local; cat "$T/err")" 'name'
create last --role admin --expires 30m --format json >"$T/json"
is "as JSON" "$(jq -r '"\(.role) \(.token | length > 80)"' "$T/json")" "admin true"
for bad in 1y -1d 0d d ''; do
  not_ok "--expires '$bad'" fettle token create bad --expires "$bad"
done

# The command with somebody else's token.
(umask 077; printf '%s\n' "$token" >"$T/token")
is "the command shows another token" "$(FETTLE_TOKEN_FILE=$T/token fettle service status --format json | jq -r .version)" "$(fettle --version | awk '{print $NF}')"
not_ok "which isn't an administrator's" env FETTLE_TOKEN_FILE="$T/token" fettle token list
chmod 644 "$T/token"
not_ok "nor read when others can" env FETTLE_TOKEN_FILE="$T/token" fettle service status

# ---- Revoked while in use ----

curl -sSN --max-time 60 --noproxy '*' --cacert "$S/cert.pem" -H "Authorization: Bearer $token" "$base/events" >"$T/events" 2>&1 &
stream=$!
at_exit "kill $stream 2>/dev/null"
curl -sS --max-time 60 --noproxy '*' --cacert "$S/cert.pem" -H "Authorization: Bearer $token" -o "$T/kept" -w '%{http_code} ' \
  "$base/service" -o "$T/kept" "$base/service" >"$T/keep"
is "two requests of one connection" "$(cat "$T/keep")" "200 200 "
ok "a stream runs" soon grep -q '^id: ' "$T/events"
ok "the token is revoked" fettle token revoke first
is "it is worth nothing" "$(with "$token" "$base/service")" 401
ok "the stream ends" soon gone "$stream"
fettle node add 192.0.2.77 >/dev/null 2>&1
not_ok "and has seen nothing of what came later" grep -q 192.0.2.77 "$T/events"
not_ok "what isn't there can't be revoked" fettle token revoke first

# ---- Over ----

short=$(create short --expires 2s)
is "a short one is good" "$(with "$short" "$base/service")" 200
curl -sSN --max-time 60 --noproxy '*' --cacert "$S/cert.pem" -H "Authorization: Bearer $short" "$base/events" >"$T/events" 2>&1 &
stream=$!
at_exit "kill $stream 2>/dev/null"
over () { [ "$(with "$short" "$base/service")" = 401 ]; }
ok "for so long" soon over
ok "its stream ends too" soon gone "$stream"
is "and is listed as expired" "$(list | jq '.tokens[] | select(.name == "short").expired')" true

# ---- Certificates ----

as () { local name=$1; shift; code --cert "$T/$name.pem" --key "$T/$name.key" "$@"; }
is "a certificate's role" "$(as ops "$base/service")" 200
is "and no more than that" "$(as ops "$base/tokens")" 403
like "by its subject" "$(jq -r .detail "$T/answer")" 'CN=ops,O=Example has the role operator'
is "a viewer's" "$(as graphs -X POST -H 'Content-Type: application/json' -d '{}' "$base/checks")" 403
is "one without a role" "$(as nobody "$base/service")" 403
is "one that is over" "$(as over "$base/service")" 000
is "one for servers" "$(as server "$base/service")" 000
is "one of another authority" "$(as stranger "$base/service")" 000
is "a token goes before the certificate" "$(as ops -H "Authorization: Bearer $(cat "$S/token")" "$base/tokens")" 200
is "a wrong one too" "$(as ops -H "Authorization: Bearer wrong" "$base/service")" 401
for c in -tls1_2 -tls1_3; do
  printf 'GET /api/v1/service HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' >"$T/request"
  openssl s_client -connect "127.0.0.1:$port" $c -cert "$T/ops.pem" -key "$T/ops.key" -sess_out "$T/session" -ign_eof -quiet \
    <"$T/request" >"$T/first" 2>/dev/null
  like "$c with a certificate" "$(head -1 "$T/first")" '^HTTP/1.1 200'
  openssl s_client -connect "127.0.0.1:$port" $c -sess_in "$T/session" -ign_eof -quiet <"$T/request" >"$T/second" 2>/dev/null
  like "and its resumed session" "$(head -1 "$T/second")" '^HTTP/1.1 200'
done

# ---- Wrong ones ----

wrong () { # of different kinds: all answered alike
  with "fettle_${token:7:12}_$(printf '%064d' 1)" "$base/service" >/dev/null; cat "$T/answer"
}
alike=$(wrong)
for t in x "fettle_000000000000_$(printf '%064d' 0)" "fettle_" "$(printf '%064d' 0)" "${short%?}0"; do
  with "$t" "$base/service" >/dev/null
  is "a wrong token is answered like any other" "$(cat "$T/answer")" "$alike"
done
many () { # the 401s and 429s of so many wrong tokens
  local n=$1
  seq "$n" | sed "s|.*|url = \"$base/service\"\nheader = \"Authorization: Bearer fettle_$(printf '%012d' 7)_$(printf '%064d' 9)\"\nnoproxy=\"*\"\ncacert=\"$S/cert.pem\"\noutput=\"/dev/null\"\nwrite-out = \"%{http_code}\\\\n\"\nnext|" >"$T/many"
  curl -sS --max-time 60 -K "$T/many" 2>/dev/null | sort | uniq -c
}
many 40 >"$T/counts"
like "too many are answered 429" "$(cat "$T/counts")" ' 429'
is "which says when to come again" "$(with x "$base/service" && grep -ci '^retry-after: 60' "$T/head")" "4291"
is "a right one is let in meanwhile" "$(with "$(cat "$S/token")" "$base/service")" 200
ok "the log says so" grep -q 'refused a request of 127.0.0.1: 401' "$S.log"
not_ok "and has no part of a token" grep -qE "fettle_[0-9a-f]{12}|$(printf '%012d' 7)" "$S.log"
ok "but at most once a second" test "$(grep -c 'refused a request' "$S.log")" -le $((SECONDS + 1))

# ---- The service anew ----

ok "ends" kill -TERM "$pid"
ok "soon" soon gone "$pid"
last=$(jq -r .token "$T/json")
ok "starts again" start "$S" --config "$T/conf" --ssl-port "$port"
is "tokens outlive it" "$(with "$last" "$base/tokens")" 200
is "revoked ones don't come back" "$(with "$token" "$base/service")" 401
ok "ends" kill -TERM "$pid"
ok "soon" soon gone "$pid"
for roles in 'CN=x' 'CN=x: root' ': viewer' 'CN=x: viewer; CN=y'; do
  timeout 60 fettled --state-dir "$T/other-state" --ssl-port "$port" --set "client_ca=$T/ca.pem" --set "client_roles=$roles" >"$T/out" 2>&1
  is "client_roles = \"$roles\" is refused" "$? $(grep -c 'client_roles' "$T/out")" "255 1"
done
timeout 60 fettled --state-dir "$T/other-state" --ssl-port "$port" --set "client_ca=$T/none.pem" >"$T/out" 2>&1
is "so is a client_ca that isn't there" "$? $(grep -c 'client_ca' "$T/out")" "255 1"
done_testing
