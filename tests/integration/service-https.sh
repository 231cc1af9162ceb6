#!/bin/bash
# fettled's HTTPS from outside: TLS, tokens, limits, bad and slow clients.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled curl openssl

S=$T/state
port=$(free_port)
ok "starts" start "$S" --ssl-port "$port"
token=$(cat "$S/token")
url=https://localhost:$port/api/v1

# curl's exit status, and the status of the answer.
code () { curl -s --max-time 60 --noproxy '*' --cacert "$S/cert.pem" -o "$T/answer" -w '%{http_code}' "$@"; }
auth="Authorization: Bearer $token"

for name in localhost 127.0.0.1 '[::1]'; do
  [ "$name" != '[::1]' ] || grep -q 00000000000000000000000000000001 /proc/net/if_inet6 2>/dev/null ||
    { skip "the certificate is good for $name" "no IPv6"; continue; }
  is "the certificate is good for $name" "$(code -H "$auth" "https://$name:$port/api/v1/service")" 200
done
is "and for no other" "$(code -H "$auth" --connect-to "example.org:$port:127.0.0.1:$port" "https://example.org:$port/api/v1/service")" 000

handshake () { openssl s_client -connect "127.0.0.1:$port" -CAfile "$S/cert.pem" "$@" </dev/null 2>&1; }
like "TLS 1.3" "$(handshake -tls1_3)" 'Verify return code: 0'
like "TLS 1.2" "$(handshake -tls1_2)" 'Verify return code: 0'
for v in tls1 tls1_1; do
  not_ok "no $v" sh -c "openssl s_client -connect 127.0.0.1:$port -$v -cipher ALL:@SECLEVEL=0 </dev/null 2>&1 | grep -q 'Cipher is [A-Z]'"
done
not_ok "no cipher without forward secrecy" sh -c "openssl s_client -connect 127.0.0.1:$port -tls1_2 -cipher 'kRSA:CBC' </dev/null 2>&1 | grep -q 'Cipher is [A-Z]'"
like "no renegotiation" "$(handshake -tls1_2)" 'Secure Renegotiation IS supported|No ALPN'

is "no token" "$(code "$url/service")" 401
cp "$T/answer" "$T/known"
is "no token, no such path" "$(code "$url/nothing")" 401
ok "looks the same" cmp "$T/known" "$T/answer"
is "a wrong token" "$(code -H "Authorization: Bearer ${token%?}x" "$url/service")" 401
is "half a token" "$(code -H "Authorization: Bearer ${token%????????}" "$url/service")" 401
is "Basic" "$(code -u "fettle:$token" "$url/service")" 401
is "in the query" "$(code "$url/service?token=$token")" 401
like "answers of failures are problem+json" "$(cat "$T/known")" '^\{"type":"about:blank","title":"Unauthorized","status":401,'

head -c 20000 /dev/zero | tr '\0' a >"$T/long"
head -c $((17 << 20)) /dev/zero | tr '\0' a >"$T/huge"
is "huge headers" "$(code -H "$auth" -H "X: $(cat "$T/long")" "$url/service")" 431
is "a long path" "$(code -H "$auth" "$url/nodes/$(head -c 5000 "$T/long")")" 414
is "a huge body" "$(code -H "$auth" --json @"$T/huge" "$url/nodes")" 413
is "a huge body that doesn't wait to be asked for" "$(code -H "$auth" -H 'Expect:' --json @"$T/huge" "$url/nodes")" 413
is "a huge body of a stranger" "$(code -H 'Expect:' --json @"$T/huge" "$url/nodes")" 401
is "chunked" "$(code -H "$auth" -H 'Transfer-Encoding: chunked' --json '{}' "$url/nodes")" 411
is "bad JSON" "$(code -H "$auth" --json '{"nodes": [' "$url/nodes")" 400
like "says where" "$(cat "$T/answer")" 'not valid JSON, line 1'
is "a name twice" "$(code -H "$auth" --json '{"nodes": [], "nodes": []}' "$url/nodes")" 400
is "no object" "$(code -H "$auth" --json '[]' "$url/nodes")" 400
is "nested too deep" "$(code -H "$auth" --json "{\"a\": $(printf '[%.0s' {1..500})$(printf ']%.0s' {1..500})}" "$url/nodes")" 400
is "a form" "$(code -H "$auth" -d 'nodes=1' "$url/nodes")" 415
is "DELETE where it isn't" "$(code -H "$auth" -X DELETE -D "$T/headers" "$url/service")" 405
like "says what there is" "$(cat "$T/headers")" '^Allow: GET'
is "HEAD" "$(code -H "$auth" -I "$url/service")" 200
is "dots" "$(code -H "$auth" --path-as-is "$url/../v1/service")" 404
is "encoded dots" "$(code -H "$auth" --path-as-is "$url/%2e%2e/v1/service")" 404
is "an encoded slash is no slash" "$(code -H "$auth" "$url%2Fservice")" 404
is "an encoded zero" "$(code -H "$auth" "$url/nodes/%00")" 400
is "no UTF-8" "$(code -H "$auth" "$url/nodes/%c0%af")" 400
is "a bad escape" "$(code -H "$auth" "$url/nodes/%4")" 400
is "a proxy's form" "$(code -H "$auth" --request-target "http://localhost/api/v1/service" "$url/service")" 400
is "another version" "$(printf 'GET / HTTP/3.0\r\n\r\n' | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | head -n 1 | tr -d '\r')" \
  "HTTP/1.1 505 HTTP Version Not Supported"

raw () { (printf '%b' "$1"; sleep 1) | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null; }
like "length and chunks" "$(raw "POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n$auth\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")" ' 400 '
like "two lengths" "$(raw "POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n$auth\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n{}  ")" ' 400 '
like "a header over two lines" "$(raw "GET /api/v1/service HTTP/1.1\r\nHost: a\r\n$auth\r\nX-A: b\r\n Content-Length: 4\r\n\r\n")" ' 400 '
like "a space before the colon" "$(raw "POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n$auth\r\nContent-Length : 4\r\n\r\n{}  ")" ' 400 '
like "lengths in one line" "$(raw "POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n$auth\r\nContent-Length: 4, 4\r\n\r\n{}  ")" ' 400 '
is "several requests at once" "$(raw "GET /api/v1/service HTTP/1.1\r\nHost: a\r\n$auth\r\n\r\nGET /api/v1/nodes HTTP/1.1\r\nHost: a\r\n$auth\r\n\r\nGET /api/v1/jobs HTTP/1.1\r\nHost: a\r\n$auth\r\nConnection: close\r\n\r\n" | grep -o 'HTTP/1.1 200 ' | wc -l)" 3

# Forty that send a byte now and then, while others are served as ever.
for i in {1..40}; do
  (printf 'GET /api/v1/service HTTP/1.1\r\nX: '; for n in {1..30}; do printf a; sleep 1; done) 2>/dev/null |
    openssl s_client -quiet -connect "127.0.0.1:$port" >/dev/null 2>&1 &
  slow+=" $!"
done
at_exit 'kill $slow 2>/dev/null'
soon sh -c "[ \$(ls /proc/$pid/fd | wc -l) -gt 40 ]"
start_ms=$(date +%s%3N)
is "two hundred beside forty slow ones" \
  "$(seq 200 | xargs -P 4 -n 20 sh -c 'for i; do printf "url = %s\noutput = /dev/null\n" "'"$url"'/service"; done | curl -s --max-time 60 --noproxy "*" --cacert "'"$S"'/cert.pem" -H "'"$auth"'" -w "%{http_code}\n" -K -' _ | sort | uniq -c | tr -s ' ')" " 200 200"
echo "# in $(($(date +%s%3N) - start_ms)) ms"
ok "the slow ones are ended" soon sh -c "[ \$(ls /proc/$pid/fd | wc -l) -lt 40 ]"
like "the log tells of refusals, but not of secrets" "$(cat "$S.log")" 'refused a request of .*: 401 The token is missing or wrong'
not_ok "no token in it" grep -q "${token:0:20}" "$S.log"
is "the same process all the time" "$(api "$S" GET /service | sed 's/.*"pid":\([0-9]*\),.*/\1/')" "$pid"
kill "$pid"; wait "$pid"; is "ends with 0" $? 0
done_testing
