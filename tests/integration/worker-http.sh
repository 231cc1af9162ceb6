# worker-http.sh - http/1, and TLS on stream/1: against a real nginx, and a
# server that does all that it shouldn't.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq nginx openssl python3

FETTLE_PLUGINDIR=$builddir/plugins/.libs
export FETTLE_PLUGINDIR
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=nobody" 2>/dev/null
PIN=SHA256:$(openssl x509 -in "$T/cert.pem" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64 | tr -d =)

# rude NAME ARGS...: sets its port in $rude_NAME
rude () {
  python3 "$srcdir/sim/rude-http.py" "$T/cert.pem" "$T/key.pem" "$T/rude-$1" "${@:2}" 2>"$T/rude.log" &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$T/rude-$1"
  read -r "rude_$1" <"$T/rude-$1"
}
rude now
P=$rude_now

# call SETTINGS (a JSON object) [MEMBERS of the request]: the lines in $OUT.
call () {
  OUT=$(jq -cn --argjson p "$P" --argjson settings "$1" --argjson more "${2-{\}}" '{call: "inventory", type: "fetch",
    target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1, ports: [[6, 443, 443, $p, $p]],
    settings: $settings, credentials: {user: "Admin\"<", password: "p&\"\\w%"},
    host_key: {policy: "tofu", pinned: null}, certificate: null, timeouts: {connect: 5, read: 20}, token: null} + $more' |
    (read -r q; "$builddir/plugins/call" "${@:3}" "$q") 2>&1)
}
get () { call "$(jq -cn --arg p "$1" --argjson m "${2-{\}}" '{path: $p} + $m')" "${@:3}"; }
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
item () { jq -r --arg i "$1" --arg m "${2-name}" '.items[]? | select(.id == $i)[$m]' <<<"$OUT"; }

# ---- Who the node is.
get /echo
is "a first contact" "$(outcome) $(item status)" "ok 200"
is "tells the key of the certificate" "$(jq -r 'select(.certificate).certificate' <<<"$OUT")" "$PIN"
get /echo '{}' "{\"certificate\": \"$PIN\"}"
is "a known one" "$(outcome)" ok
is "tells nothing" "$(jq -r 'select(.certificate).certificate' <<<"$OUT")" ""
get /echo '{}' '{"certificate": "SHA256:AAAA"}'
is "another key than the known one" "$(outcome)" auth
ok "is said with what to do" grep -qF "it was SHA256:AAAA and is $PIN." <(text)
get /echo '{}' '{"host_key": {"policy": "strict", "pinned": null}}'
is "an unknown one, when all must be known" "$(outcome)" auth
like "is said with what to do" "$(text)" 'Compare it at the node, then: fettle node set n1 --certificate "SHA256:'
is "none of these got a request" "$(get /count; item body)" "/count=1 /echo=2"
get / '{"undeclared": "8443"}'
is "a port that isn't declared" "$(outcome)" config
like "is named" "$(text)" "wanted TCP port 8443, which its node type fetch doesn't declare for inventory"

# ---- What is sent.
get /echo
like "the node is asked by its address" "$(item body)" "^Host: 127\.0\.0\.1:$P"
not_ok "no Expect, no user" grep -qiE '^(Expect|Authorization)' <<<"$(item body)"
get /echo '{"flags": "basic"}'
like "with the user's name and password" "$(item body)" "Authorization: Basic $(printf '%s' 'Admin"<:p&"\w%' | base64)"
get /echo '{"flags": "basic"}' '{"credentials": {}}'
is "and none known" "$(outcome)" auth
like "says what to do" "$(text)" 'fettle node set n1 --user NAME --ask-password'
get /echo '{"method": "POST", "flags": "fill", "body": "{\"u\": \"%{json:user}\", \"p\": \"%{json:password}\"} %{xml:password} %{url:password} %{text:user} %{x} 100% %"}'
is "secrets in a body" "$(item body | tail -n 1)" '{"u": "Admin\"<", "p": "p&\"\\w%"} p&#38;&#34;\w% p%26%22%5Cw%25 Admin"< %{x} 100% %'
get /echo '{"method": "POST", "body": "%{json:user}"}'
is "not where nobody asked" "$(item body | tail -n 1)" '%{json:user}'
get /echo '{"method": "POST", "fields": "X-Auth-Token: abc\nOData-Version: 4.0"}'
like "its fields" "$(item body | tr -d '\r' | tr '\n' ' ')" 'X-Auth-Token: abc +OData-Version: 4.0'
like "an empty body has a length" "$(item body)" 'Content-Length: 0'
not_ok "and no type" grep -qi '^Content-Type' <<<"$(item body)"
for field in 'a\rb: c' 'none'; do
  get /echo "{\"fields\": \"$field\"}"
  is "a field that is none ($field)" "$(outcome)" config
done
for path in 'none' '/a b' '/a\r\nX: y' '/ä' '/#x'; do
  get /echo "{\"path\": \"$path\"}"
  is "a path that is none ($path)" "$(outcome)" config
done
get /echo '{"method": "GET / HTTP/1.1\r\n"}'
is "a method that is none" "$(outcome)" config
get '/echo?%24filter=a..b/../c'
like "a path goes out as it is" "$(item body)" 'GET /echo\?%24filter=a\.\.b/\.\./c HTTP/1.1'

# ---- Files.
head -c 3000000 /dev/urandom >"$T/fw.bin"
image='{"call": "deploy", "phase": 2, "image": {"id": "c", "format": "raw", "match": "", "version": "1", "flags": 0,
  "files": [{"name": "fw.bin", "sha256": "'$(sha256sum "$T/fw.bin" | cut -d' ' -f1)'", "size": 3000000}]}}'
get /early '{"method": "PUT"}' "$image" --file "$T/fw.bin"
is "a server that has enough answers early" "$(outcome) $(item status)" "ok 413"

# ---- What comes back.
get /chunked
is "chunks" "$(item body)" hell0hell1hell2
get /continue
is "100 Continue is none of the answer" "$(item fields | head -n 1)" "X-Second: 2"
get /elsewhere
is "a redirection is an answer" "$(item status)" 302
get /cookie '{"times": "2"}'
is "cookies are kept" "$(item body)" cookie
get /echo '{"flags": "sink"}'
is "a sink takes the body" "$(item body)" ""
get /bomb '{"flags": "sink"}'
is "a sink that has enough" "$(outcome)" rejected
get /bomb
is "a bomb" "$(outcome)" protocol
like "is named" "$(text)" 'the answer of 127.0.0.1 is longer than 16 MiB'
get /endless
is "an answer without end" "$(outcome)" protocol
get /fields
is "fields without end" "$(outcome)" protocol
for path in garbage http09 bad-length; do
  get /$path
  is "$path" "$(outcome)" protocol
done
get /cut
is "an answer that is cut" "$(outcome)" unreachable
get /silent '{"timeout": "700"}'
is "silence" "$(outcome)" timeout
like "says how long" "$(text)" 'GET /silent: 127.0.0.1 has sent or taken nothing for 1 s'
get /drip '{"timeout": "15000"}'
is "a slow one is waited for" "$(outcome) $(item body)" "ok xxxxxxxxxxxxxxxxxxxx"

# ---- Twice.
get /close-after '{"times": "3"}'
is "a connection that was closed in between" "$(outcome) $(item status)" "ok 200"
get /close-after '{"method": "POST", "times": "3"}'
is "also for what changes something" "$(outcome)" ok
is "each went out once" "$(get /count; item body | grep -o '/close-after=[0-9]*')" "/close-after=6"

# ---- TLS.
call '{"raw": "<LOGIN USER=\"%{xml:user}\" PASSWORD=\"%{xml:password}\"/>\r\n\r\n"}'
is "TLS on a stream: the other end goes without a word" "$(outcome)" unreachable
call '{"raw": "POST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 8\r\n\r\nX%{url:password}"}'
like "its answer is heard, secrets filled in" "$(item heard)" 'Xp%26%22'
is "and the certificate looked at" "$(jq -r 'select(.certificate).certificate' <<<"$OUT")" "$PIN"
call '{"raw": "POST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 8\r\n\r\nX%{url:password}"}' '{}' --recording "$T/recording"
is "a recorded stream" "$(outcome) $(jq -rs '[.[] | select(.connect or .start_tls or .write or .read or .close) | keys[0]] | join(" ")' "$T/recording")" \
  "ok connect result write read"
not_ok "has no password" grep -qE 'p%26%22|p&' "$T/recording"
like "it is played back" "$(fettle plugin check "$FETTLE_PLUGINDIR/fetch.so" --recording "$T/recording")" \
  'ok +call 1 of the recording, inventory of fetch, as it was recorded: [1-9]'
call '{"raw": "x"}' '{"certificate": "SHA256:AAAA"}'
is "also there" "$(outcome)" auth
rude old tls1
P=$rude_old
get /echo
is "a server that knows TLS 1.0 only" "$(outcome)" protocol
like "says so" "$(text)" 'protocol version|unsupported protocol'
get /echo '{"flags": "old"}'
is "is spoken to where that is asked for" "$(outcome) $(item status)" "ok 200"
call '{"raw": "GET /count HTTP/1.1\r\nConnection: close\r\n\r\n", "flags": "old"}'
like "on a stream, too" "$(item heard)" '/count=1'

# ---- nginx.
mkdir -p "$T/www"
head -c 20000000 /dev/urandom >"$T/www/big"
cat >"$T/nginx.conf" <<X
daemon off; $([ "$(id -u)" != 0 ] || echo "user root;") pid $T/nginx.pid; error_log $T/nginx.log;
events {}
http {
  access_log off; client_body_temp_path $T; proxy_temp_path $T; fastcgi_temp_path $T; uwsgi_temp_path $T; scgi_temp_path $T;
  client_max_body_size 1g; gzip on; gzip_types *; gzip_min_length 10;
  server {
    listen 127.0.0.1:PORT ssl; ssl_certificate $T/cert.pem; ssl_certificate_key $T/key.pem; root $T/www;
    location /dav/ { dav_methods PUT; create_full_put_path on; }
  }
}
X
for _ in 1 2 3; do
  P=$((20000 + RANDOM % 12000))
  sed "s/PORT/$P/" "$T/nginx.conf" >"$T/nginx-$P.conf"
  nginx -c "$T/nginx-$P.conf" 2>/dev/null & server=$!
  soon sh -c "[ -s $T/nginx.pid ] || ! kill -0 $server" && kill -0 $server 2>/dev/null && break
done
at_exit "kill $server 2>/dev/null"
head -c 1000 /dev/zero | tr '\0' a >"$T/www/zipped"
get /zipped
is "nginx: gzip" "$(item body size >/dev/null; item body version)" 1000
get /big '{"flags": "sink", "times": "3"}'
is "nginx: a large file, three times" "$(outcome) $(item body version)" "ok 60000000"
get /big
is "nginx: too large to be kept" "$(outcome)" protocol
get /nothing
is "nginx: a status" "$(outcome) $(item status)" "ok 404"
get /dav/fw.bin '{"method": "PUT"}' "$image" --file "$T/fw.bin"
is "nginx: a file is put" "$(outcome) $(item status) $(item fields version)" "ok 201 3000000 of 3000000"
ok "nginx: byte by byte" cmp "$T/fw.bin" "$T/www/dav/fw.bin"
get /dav/piece '{"method": "PUT", "offset": "1000000"}' "$image" --file "$T/fw.bin"
ok "nginx: a piece of it" cmp <(tail -c 2000000 "$T/fw.bin") "$T/www/dav/piece"
get /dav/form '{"method": "PUT", "flags": "multipart"}' "$image" --file "$T/fw.bin"
is "nginx: as multipart/form-data" "$(outcome) $(item status)" "ok 201"
is "both parts are in it" "$(grep -acE 'name="(parameters|file)"|filename="fw.bin"|^\{"Targets": \[\]\}' "$T/www/dav/form")" 3
get /dav/cut '{"method": "PUT"}' "$image" --file /dev/null
is "a file that is shorter than it was" "$(outcome)" internal
kill $server; wait $server
get / '{}' '{"timeouts": {"connect": 2, "read": 5}}'
is "nobody there" "$(outcome)" unreachable
like "is said" "$(text)" "connecting to 127.0.0.1 port $P: Connection refused"
done_testing
