#!/bin/bash
# A baseline on a web server: an archive with a digest, gone on with after an
# interruption; a folder by its SHA256SUMS; and drafts of descriptions.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq python3 zip dpkg-deb

cat >"$T/server.py" <<'END'
# A file server with ranges and tags; "cut" beside a file: the connection ends
# after that many bytes, once.  Its log has a line a request.
import http.server, os, sys
root = sys.argv[1]
class H(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_GET(self):
        path = root + self.path.replace('%20', ' ')
        note = lambda s: open(root + '.log', 'a').write('%d %s %s\n' % (s, self.path, self.headers.get('Range', '-')))
        if not os.path.isfile(path):
            note(404); self.send_error(404); return
        data = open(path, 'rb').read()
        tag = '"%x-%d"' % (hash(data) & 0xffffffff, len(data))
        if self.headers.get('If-None-Match') == tag:
            note(304); self.send_response(304); self.send_header('ETag', tag); self.end_headers(); return
        begin = 0
        r = self.headers.get('Range')
        if r and self.headers.get('If-Range') == tag: begin = int(r[6:-1])
        status = 206 if begin else 200
        note(status); self.send_response(status)
        self.send_header('ETag', tag); self.send_header('Content-Length', str(len(data) - begin))
        if begin: self.send_header('Content-Range', 'bytes %d-%d/%d' % (begin, len(data) - 1, len(data)))
        self.end_headers()
        if os.path.exists(path + '.cut'):
            n = int(open(path + '.cut').read()); os.unlink(path + '.cut')
            if os.path.exists(path + '.next'): os.rename(path + '.next', path)
            self.wfile.write(data[begin:begin + n]); self.wfile.flush(); self.connection.shutdown(2); return
        self.wfile.write(data[begin:])
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
END
mkdir -p "$T/web/dir/sub"
PYTHONHASHSEED=0 python3 "$T/server.py" "$T/web" >"$T/port" 2>"$T/server.err" & server=$!
at_exit "kill $server 2>/dev/null"
for _ in $(seq 600); do [ -s "$T/port" ] && break; sleep 0.1; done
url=http://127.0.0.1:$(cat "$T/port")
log () { cat "$T/web.log" 2>/dev/null; rm -f "$T/web.log"; }
make_deb () { # file, name
  mkdir -p "$T/p/DEBIAN"; printf 'Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n' "$2" >"$T/p/DEBIAN/control"
  head -c 300000 /dev/urandom >"$T/p/blob"; dpkg-deb --root-owner-group -b "$T/p" "$1" >/dev/null
}
export no_proxy='*'
fetch () { timeout 120 fettle-fetch "$@" >"$T/out" 2>"$T/err"; status=$?; }
why () { jq -r 'select(.problem) | .problem.message' "$T/out"; }

# ---- an archive
make_deb "$T/one.deb" one; (cd "$T" && zip -q -0 web/b.zip one.deb)
sum=$(sha256sum <"$T/web/b.zip" | cut -d' ' -f1)
echo 100000 >"$T/web/b.zip.cut"
fetch "$url/b.zip" "$T/m/b.zip" "$sum"
is "an archive is fetched, gone on with after the connection was cut" "$status" 0
is "it is what is there" "$(sha256sum <"$T/m/b.zip" | cut -d' ' -f1)" "$sum"
is "the second request asked for the rest" "$(log)" "200 /b.zip -
206 /b.zip bytes=100000-"
fetch "$url/b.zip" "$T/m/b.zip" "$sum"; log >"$T/asked"
is "again: its digest is known, nobody is asked" "$status $(cat "$T/asked")" "0 "
fetch "$url/b.zip" "$T/m/b.zip"
is "without a digest the server is asked whether it has changed" "$status $(log)" "0 304 /b.zip -"
fetch "$url/b.zip" "$T/n/b.zip" "$(sha256sum </dev/null | cut -d' ' -f1)"
is "another digest than given: exit code" "$status" 254
like "and why" "$(why)" "its SHA-256 is $sum, but must be"
ok "and nothing is left of it" [ ! -e "$T/n/b.zip" -a ! -e "$T/n/b.zip.part" ]
fetch "$url/gone.zip" "$T/m/gone.zip"
like "what isn't there" "$(why)" 'status 404'
fetch "file:///etc/passwd" "$T/m/x"; is "no other protocol" "$status" 254
log >/dev/null

# ---- a folder
make_deb "$T/web/dir/sub/a.deb" a; make_deb "$T/web/dir/b c.deb" b
(cd "$T/web/dir" && sha256sum sub/a.deb 'b c.deb' >SHA256SUMS)
fetch "$url/dir/" "$T/d"
is "a folder is fetched by its SHA256SUMS" "$status $(cd "$T/d" && find . -name '*.deb' | sort | tr '\n' ' ')" "0 ./b c.deb ./sub/a.deb "
make_deb "$T/web/dir/sub/a.deb" a; (cd "$T/web/dir" && sha256sum sub/a.deb >SHA256SUMS); log >/dev/null
fetch "$url/dir/" "$T/d"
is "only what has changed is fetched again" "$status $(log | grep -v SUMS)" "0 200 /dir/sub/a.deb -"
ok "what is listed no more is gone" [ ! -e "$T/d/b c.deb" ]
for bad in '../evil.deb' '/abs.deb' 'sub/../../x' '.hidden' 'sub//x'; do
  printf '%s  %s\n' "$sum" "$bad" >"$T/web/dir/SHA256SUMS"; fetch "$url/dir/" "$T/d"
  like "a list that names $bad" "$(why)" "isn't a path within|begins with a dot"
done
echo nonsense >"$T/web/dir/SHA256SUMS"; fetch "$url/dir/" "$T/d"
like "a list that is none" "$(why)" "line 1 of SHA256SUMS isn't"
(cd "$T/web/dir" && sha256sum sub/a.deb >SHA256SUMS; printf x >>sub/a.deb); rm -rf "$T/d2"; fetch "$url/dir/" "$T/d2"
like "a file that isn't what the list says" "$(why)" 'sub/a\.deb: its SHA-256 is'

# ---- through the service
. "$srcdir/integration/service-lib.sh"
export FETTLE_STATE_DIR=$T/state
start "$T/state" --ssl-port "$(free_port)" --port "$(free_port)"
ok "a baseline at a URL is added" fettle baseline add "$url/b.zip" --digest "$sum" --allow-unsigned
is "with its component" "$(fettle baseline show b.zip --format json | jq -r '.components[].id')" one.deb
ok "one with another digest isn't" sh -c '! "$@" 2>/dev/null' - fettle baseline add "$url/b.zip?x" --name other --allow-unsigned
ok "a folder is not there" sh -c '! "$@" 2>/dev/null' - fettle baseline add "$url/none/" --name none --allow-unsigned

# ---- what changes while it is fetched
make_deb "$T/two.deb" two; (cd "$T" && zip -q -0 other.zip two.deb)
changing () { # DEST [SHA256]: the server has another file before it is asked for the rest
  cp "$T/web/b.zip" "$T/web/c.zip"; echo 100000 >"$T/web/c.zip.cut"; cp "$T/other.zip" "$T/web/c.zip.next"
  fetch "$url/c.zip" "$@"; rm -f "$T"/web/c.zip*
}
changing "$T/c1/c.zip" "$sum"
is "a file that changes on the server: exit code" "$status" 254
like "and why" "$(why)" "its SHA-256 is $(sha256sum <"$T/other.zip" | cut -d' ' -f1), but must be $sum"
ok "and nothing is left of it" [ ! -e "$T/c1/c.zip" -a ! -e "$T/c1/c.zip.part" ]
changing "$T/c2/c.zip"
is "without a digest: one or the other, never both" "$status $(sha256sum <"$T/c2/c.zip" | cut -d' ' -f1)" "0 $(sha256sum <"$T/other.zip" | cut -d' ' -f1)"

# ---- https, by an authority of ours
if command -v nginx >/dev/null && command -v openssl >/dev/null; then
  tls=$(free_port) lies=$(free_port)
  authority () { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -out "$T/$1.pem" -subj "/CN=$1" -days 30 2>/dev/null; }
  certificate () { # NAME HOST
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -out "$T/$1.csr" -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$T/$1.ext"
    openssl x509 -req -in "$T/$1.csr" -CA "$T/ours.pem" -CAkey "$T/ours.key" -CAcreateserial -extfile "$T/$1.ext" -days 30 -out "$T/$1.pem" 2>/dev/null
  }
  authority ours; authority theirs; certificate good IP:127.0.0.1; certificate wrong DNS:elsewhere.example
  mkdir -p "$T/nginx"; chmod 755 "$T" "$T/web"; chmod -R a+rX "$T/web"
  cat >"$T/nginx.conf" <<N
daemon off; worker_processes 1; pid $T/nginx/pid; error_log $T/nginx/error.log; events {}
http { access_log $T/nginx/access.log; client_body_temp_path $T/nginx/a; proxy_temp_path $T/nginx/b; fastcgi_temp_path $T/nginx/c;
uwsgi_temp_path $T/nginx/d; scgi_temp_path $T/nginx/e; root $T/web;
server { listen 127.0.0.1:$tls ssl; ssl_certificate $T/good.pem; ssl_certificate_key $T/good.key; }
server { listen 127.0.0.1:$lies ssl; ssl_certificate $T/wrong.pem; ssl_certificate_key $T/wrong.key; } }
N
  nginx -c "$T/nginx.conf" -p "$T/nginx" 2>"$T/nginx/said" & nginx=$!
  at_exit "kill $nginx 2>/dev/null"
  ok "nginx" soon curl -sS --cacert "$T/ours.pem" -o /dev/null "https://127.0.0.1:$tls/b.zip"
  fetch --ca "$T/ours.pem" "https://127.0.0.1:$tls/b.zip" "$T/s1/b.zip" "$sum"
  is "an archive by https" "$status $(sha256sum <"$T/s1/b.zip" | cut -d' ' -f1)" "0 $sum"
  fetch "https://127.0.0.1:$tls/b.zip" "$T/s2/b.zip" "$sum"
  is "of a server that the system's authorities don't know: exit code" "$status" 254
  like "and why" "$(why)" "certificate"
  fetch --ca "$T/theirs.pem" "https://127.0.0.1:$tls/b.zip" "$T/s2/b.zip" "$sum"
  like "of one that another authority certified" "$status $(why)" "^254 .*certificate"
  fetch --ca "$T/ours.pem" "https://127.0.0.1:$lies/b.zip" "$T/s2/b.zip" "$sum"
  like "of one whose certificate is another's" "$status $(why)" "^254 .*127\.0\.0\.1"
  fetch --ca "$T/none.pem" "https://127.0.0.1:$tls/b.zip" "$T/s2/b.zip" "$sum"
  is "authorities that can't be read" "$status" 254
  ok "nothing came of these" [ ! -e "$T/s2/b.zip" ]
  fettle service stop >/dev/null 2>&1
  start "$T/state" --ssl-port "$(free_port)" --port "$(free_port)" --set mirror_ca="$T/ours.pem"
  make_deb "$T/web/dir/sub/a.deb" a; (cd "$T/web/dir" && sha256sum sub/a.deb >SHA256SUMS); chmod -R a+rX "$T/web"
  ok "a folder by https is a baseline" fettle baseline add "https://127.0.0.1:$tls/dir/" --name mirror --allow-unsigned
  is "with its component" "$(fettle baseline show mirror --format json | jq -r '.components[].id')" sub/a.deb
  ok "one of a server that isn't the one isn't" sh -c '! "$@" 2>/dev/null' - fettle baseline add "https://127.0.0.1:$lies/dir/" --name liar --allow-unsigned
else
  skip "https" "needs nginx and openssl"
fi

# ---- a draft
mkdir "$T/draft"; head -c 1000 /dev/urandom >"$T/draft/nic-14.2.1.bin"
fettle baseline describe "$T/draft/nic-14.2.1.bin" >"$T/draft/nic-14.2.1.bin.component.cfg"
is "a draft: exit code" $? 0
like "what the name suggests" "$(cat "$T/draft/nic-14.2.1.bin.component.cfg")" 'version   = "14\.2\.1";'
fettle-scan "$T/draft" >"$T/out" 2>/dev/null
like "what is still to be said is missing" "$(why)" 'match is missing'
sed -i 's/^# match .*/match = "pci:15b3:1017";/' "$T/draft/nic-14.2.1.bin.component.cfg"
fettle-scan "$T/draft" >"$T/out" 2>/dev/null
is "said, it is a component" "$(jq -r 'select(.component) | .component | "\(.version) \(.scheme) \(.format) \(.kind) \(.match)"' "$T/out")" "14.2.1 dotted raw firmware pci:15b3:1017"
like "of a package it is what that says" "$(fettle baseline describe "$T/one.deb")" 'match     = \[ "deb:one" \];'
fettle baseline describe "$T/nowhere" >/dev/null 2>"$T/err"; is "of nothing: exit code" $? 254
done_testing
