# plugin-new.sh - a stranger's walk: fettle plugin new writes a plugin that
# builds against what is installed, by pkg-config alone, and takes inventory.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires autoreconf cc curl libtoolize make pkg-config python3 openssl

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

python3 "$srcdir/integration/examples.py" show "$srcdir/../docs/fettle-plugin.3" walk >"$T/walk"
is "the manual has it" "$(head -n 1 "$T/walk")" "fettle plugin new pdu"
p=$(free_port) q=$(free_port)
sed -i "s/8443/$p/; s/8444/$q/; s/ 8001 / $(free_port) /; s/ 8002\$/ $(free_port)/" "$T/walk"
(echo "trap 'kill \$pdu; fettle service stop --force' EXIT; set -e"; cat "$T/walk"; echo "trap - EXIT") >"$T/walk.sh"
at_exit "FETTLE_STATE_DIR='$T/fettle-pdu/state' fettle service stop --force >'$T/out' 2>&1"
ok "the walk" sh -c "cd '$T' && bash -e walk.sh >'$T/walk.out' 2>'$T/walk.err' || { cat '$T/walk.out' '$T/walk.err'; false; }"
like "the check passes" "$(cat "$T/walk.out")" 'all [0-9]+ checks passed'
like "fettle ports shows it" "$(tr -s ' ' <"$T/walk.out")" '^Windows or Linux Pdu 443 None 443 None'
like "its inventory" "$(cat "$T/walk.out")" '^firmware .*Pdu firmware .*4\.2\.1'
like "what it is made to be" "$(cat "$T/walk.out")" '^firmware .*PDU, all outlets .*5\.0\.7'
like "what was recorded is played back" "$(cat "$T/walk.out")" 'ok +call 1 of the recording, inventory of pdu, as it was recorded: 1 items'
is "no warning of the compiler" "$(grep -E '\.c:[0-9]+:[0-9]+: warning' "$T/walk.out" "$T/walk.err")" ""

# ---- A node that tells all that it was sent: no secret gets into a recording.

cd "$T/fettle-pdu" || exit 1
cat >"$T/echo.py" <<'P'
import base64, os, re, sys
text = open("emulator.py").read()
text = text.replace("        body = ", """        sent = self.headers["Authorization"] or ""
        plain = __import__("base64").b64decode(sent[6:]).decode()
        ANSWERS["/api/firmware"] = "5.0.7 you sent %s, that is %s, %s\\n" % (sent, plain, __import__("json").dumps({"x": plain}))
        body = """, 1)
text = text.replace('        self.send_header("Content-Type"', '        self.send_header("X-Auth-Token", "0a1b2c3d")\n        self.send_header("Content-Type"', 1)
open("echo.py", "w").write(text)
P
python3 "$T/echo.py"
export FETTLE_PLUGINDIR="$PWD/.libs" FETTLE_STATE_DIR="$PWD/state"
python3 echo.py 0 >"$T/echo.out" 2>"$T/echo.err" &
echo_pid=$!
at_exit "kill $echo_pid 2>'$T/err'"
ok "the node listens" soon grep -q port "$T/echo.out"
printf '%s' 'pl"ant/ed&<secret>' >"$T/password"
ok "it is known" fettle node add 127.0.0.1 --name echo --type pdu --user admin --password-file "$T/password" \
  --setting "https_port=$(grep -o '[0-9]*$' "$T/echo.out")" --port "$(free_port)" --ssl-port "$(free_port)"
ok "it is recorded" fettle record echo -o "$T/echo.recording"
like "what it said is there" "$(cat "$T/echo.recording")" '5\.0\.7 you sent Basic removed, that is admin:removed, '
is "nothing of the password is" "$(grep -ciE 'plant|secret>|cGxhbn|YWRtaW46|0a1b2c3d' "$T/echo.recording")" 0
like "the other end said it" "$(curl -sk -u "admin:$(cat "$T/password")" "https://127.0.0.1:$(grep -o '[0-9]*$' "$T/echo.out")/api/firmware")" 'pl"ant/ed&<secret>.*pl..ant/ed&<secret>'
fettle node set echo --password-file <(printf abc) >"$T/out" 2>&1
fettle record echo -o "$T/short.recording" >"$T/out" 2>&1
like "too short a one isn't recorded" "$(cat "$T/out")" 'a password of the node is shorter than 4 bytes'
not_ok "nor written" test -e "$T/short.recording"
head -n 1 "$T/echo.recording" >"$T/cut.recording"
like "half a recording fails the check" "$(fettle plugin check .libs/pdu.so --recording "$T/cut.recording")" \
  "1 questions have no answer in the recording; the recording doesn't have GET /api/firmware"
echo '{"fettle_recording": 2}' >"$T/new.recording"
like "what isn't one is told" "$(fettle plugin check .libs/pdu.so --recording "$T/new.recording")" "it isn't a recording of fettle record, or one of a newer Fettle"
ok "the service ends" fettle service stop
unset FETTLE_PLUGINDIR FETTLE_STATE_DIR
cd "$T" || exit 1

not_ok "a second one doesn't overwrite it" sh -c "cd '$T' && fettle plugin new pdu"
cd "$T/fettle-pdu" || exit 1
is "no word of the template is left" "$(grep -lE '@(name|NAME|type|title|license)@' ./*.c ./*.ac ./*.am ./*.txt ./*.md ./*.7 ./*.quirks ./*.sh ./*.py)" ""
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

done_testing
