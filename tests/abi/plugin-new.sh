# plugin-new.sh - a stranger's walk: fettle plugin new writes a plugin that
# builds against what is installed, by pkg-config alone, and takes inventory.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires autoreconf cc jq libtoolize make pkg-config python3 openssl

umask 022
top=$builddir/..
d=$T/usr
# Where this Fettle was to be installed is none of a test's: what pkg-config says is moved there.
ok "the SDK is installed" make -s -C "$top/sdk" install DESTDIR="$T/root"
pc=$(find "$T/root" -name fettle.pc)
mkdir -p "$d/include" "$d/pkgconfig"
cp -r "$(dirname "$(find "$T/root" -path '*/fettle/plugin.h')")" "$d/include/"
sed "s|^prefix=.*|prefix=$d|; s|^includedir=.*|includedir=$d/include|; s|^libdir=.*|libdir=$d/lib|; s|^plugindir=.*|plugindir=$d/plugins|" \
  "$pc" >"$d/pkgconfig/fettle.pc"
PKG_CONFIG_PATH=$d/pkgconfig
export PKG_CONFIG_PATH

# ---- What it refuses.

cd "$T" || exit 1
for name in Pdu 2pdu p-du "" "$(printf 'a%.0s' {1..33})"; do
  fettle plugin new "$name" 2>"$T/err"; status=$?
  is "the name \"$name\" is none" "$status $(find . -maxdepth 1 -name 'fettle-*' | wc -l)" "254 0"
done
fettle plugin new pdu --title 'A "quote"' 2>"$T/err"; status=$?
is "a title that is C is none" "$status" 254
fettle plugin new pdu --license '*/' 2>"$T/err"; status=$?
is "nor such a licence" "$status" 254

# ---- The manual's walk, as it stands there.

sed -n '/^\.\\" walk: begin/,/^\.\\" walk: end/p' "$srcdir/../docs/fettle-plugin.3" | sed '/^\.\(Bd\|Ed\|\\"\)/d; s/^\\&//' >"$T/walk"
is "the manual has it" "$(head -n 1 "$T/walk")" "fettle plugin new pdu"
(echo "set -e"; cat "$T/walk") >"$T/walk.sh"
ok "the walk" sh -c "cd '$T' && sh -e walk.sh >'$T/walk.out' 2>'$T/walk.err' || { cat '$T/walk.out' '$T/walk.err'; false; }"
like "the check passes" "$(cat "$T/walk.out")" 'all [0-9]+ checks passed'
is "fettle ports shows it" "$(tail -n 1 "$T/walk.out" | tr -s ' ')" "Windows or Linux Pdu 443 None 443 None"
is "no warning of the compiler" "$(grep -E '\.c:[0-9]+:[0-9]+: warning' "$T/walk.out" "$T/walk.err")" ""
not_ok "a second one doesn't overwrite it" sh -c "cd '$T' && fettle plugin new pdu"
cd "$T/fettle-pdu" || exit 1
is "no word of the template is left" "$(grep -lE '@(name|NAME|type|title|license)@' ./*.c ./*.ac ./*.am ./*.txt ./*.md ./*.7 ./*.quirks ./*.sh)" ""
ok "its test" make -s check
ok "make install" make -s install mandir="$d/man"
is "puts it where the others are" "$(cd "$d/plugins" && echo *)" "pdu.quirks pdu.so"
ok "make dist" make -s dist
ok "what is dist has all" sh -c "mkdir ../again && tar -xf fettle-pdu-0.1.tar.gz -C ../again && cd ../again/* && ./configure -q && make -s"
if command -v mandoc >"$T/out"; then
  is "its manual is clean" "$(mandoc -Tlint -W warning fettle-pdu.7)" ""
else
  skip "its manual is clean" "needs mandoc"
fi

if command -v x86_64-w64-mingw32-gcc >"$T/out"; then
  mkdir win
  ok "for Windows" sh -c "cd win && tar -xf ../fettle-pdu-0.1.tar.gz && cd fettle-pdu-0.1 && ./configure -q --host=x86_64-w64-mingw32 && make -s"
  ok "is a DLL" test -f win/fettle-pdu-0.1/.libs/pdu.dll
else
  skip "for Windows" "needs x86_64-w64-mingw32-gcc"
fi
if command -v cmake >"$T/out"; then
  ok "with CMake" sh -c "fettle plugin new ups_9 --dir '$T/ups' --title 'Acme UPS (9)' --license BSD-2-Clause &&
    cd '$T/ups' && cmake -B build >'$T/cmake.out' && cmake --build build && fettle plugin check build/ups_9.so && cd build && ctest"
  like "its title and type" "$(fettle plugin list --plugindir "$T/ups/build")" '^ups_9 +0\.1 +ups-9 +Acme UPS \(9\) +probe inventory +/'
  is "its licence" "$(grep -L 'SPDX-License-Identifier: BSD-2-Clause$\|SPDX-License-Identifier: BSD-2-Clause -->$' "$T"/ups/*.* | tr '\n' ' ')" ""
else
  skip "with CMake" "needs cmake"
fi

# ---- An emulated PDU.

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=nobody" 2>"$T/err"
cat >"$T/pdu.py" <<'P'
import http.server, ssl, sys

class Pdu(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"4.2.1\n" if self.path == "/version" else b"?"
        self.send_response(200 if self.path == "/version" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pdu)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(sys.argv[3] + ".part", "w") as f:
    print(server.server_address[1], file=f)
import os
os.rename(sys.argv[3] + ".part", sys.argv[3])
server.serve_forever()
P
python3 "$T/pdu.py" "$T/cert.pem" "$T/key.pem" "$T/port" 2>"$T/pdu.log" &
at_exit "kill $! 2>/dev/null"
ok "the PDU answers" soon test -s "$T/port"
port=$(cat "$T/port")
request=$(jq -cn --argjson p "$port" '{call: "inventory", type: "pdu", target: {address: "127.0.0.1", name: "pdu1", operation: "t-1"},
  phase: 1, ports: [[6, 443, 443, $p, $p]], settings: {}, credentials: {user: "admin", password: "secret"},
  host_key: {policy: "tofu", pinned: null}, certificate: null, timeouts: {connect: 20, read: 20}, token: null}')
FETTLE_PLUGINDIR=$d/plugins "$builddir/plugins/call" "$request" >"$T/said" 2>&1
is "its inventory" "$(jq -rs '[.[] | .items[]?.version, .outcome?] | map(select(. != null)) | join(" ")' "$T/said")" "4.2.1 ok"
done_testing
