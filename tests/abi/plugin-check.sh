# plugin-check.sh - fettle plugin check: our plugins pass, faulty ones fail with
# a sentence that says what is wrong.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc jq

umask 022
for so in "$builddir"/../plugins/*/.libs/*.so; do
  ok "$(basename "$so" .so) passes" fettle plugin check "$so"
done

build () { # source, name of the file, options
  local source=$1 file=$2; shift 2
  cc -std=c99 -shared -fPIC -fvisibility=hidden -I"$srcdir/../sdk/include" "$@" \
    "$srcdir/$source" -o "$T/$file"
}
build abi/faulty.c faulty.so
ok "one without a fault passes" fettle plugin check "$T/faulty.so"

faulty () { # what, regex of the reason, options of the compiler
  local what=$1 reason=$2; shift 2
  build abi/faulty.c faulty.so "$@"
  fettle plugin check --timeout 60 "$T/faulty.so" >"$T/out" 2>"$T/err"
  is "$what: the exit code" $? 252
  like "$what: is told" "$(cat "$T/out" "$T/err")" "$reason"
}
faulty "a crash" 'when the node answers nothing, it ended by signal [0-9]+ .*called of the host was nothing|ended its process' -DFAULT=crash
faulty "a crash when a call fails" "when the node answers nothing and the host's call 2 fails, it ended" -DFAULT=crash_late
faulty "its own end" 'when the node answers nothing, it ended its process \(status 0\)' -DFAULT=leave
faulty "no reason" 'it fails \(-6\) without saying why: error wasn.t called' -DFAULT=mute
faulty "a port that isn't declared" "it uses TCP port 8443 for http, which its port table doesn't have" -DFAULT=port
faulty "a service that isn't declared" 'it asks for the service ssh/1, which it neither needs nor wants' -DFAULT=service
faulty "a setting that isn't declared" 'it asks for the setting "colour", which it doesn.t declare' -DFAULT=setting
faulty "one that is deaf to an abort" 'it goes on after the call was aborted' -DFAULT=deaf
faulty "a result that is none" 'it returns 77, which is no result' -DFAULT=result
faulty "AGAIN without again" 'it returns FETTLE_AGAIN without having called again' -DFAULT=again
faulty "an item without an id" 'it adds an item without id, kind or name' -DFAULT=item
faulty "a score of 250" 'its score is 250, and 100 is certain' -DFAULT=score
faulty "a phase without a port" 'its port table has no port to the node in FETTLE_INVENTORY' -DPHASE=FETTLE_DEPLOYMENT
faulty "serve without a listener" 'it asks for serve/1, but its port table has no FETTLE_FROM row' '-DSERVICES="http/1 serve/1"'
faulty "a service of another Fettle" 'it needs the service telepathy/1, and this Fettle has' '-DSERVICES="telepathy/1"'
faulty "a global name more" 'it exports [a-z_, ]*faulty_helper[a-z_, ]* as well: compile with -fvisibility=hidden' \
  -fvisibility=default -include "$srcdir/abi/faulty-helper.h"
build abi/faulty.c faulty.so -DFAULT=spin
fettle plugin check --timeout 1 "$T/faulty.so" >"$T/out" 2>&1
is "one that hangs: the exit code" $? 252
like "one that hangs: is told" "$(cat "$T/out")" "it didn't come back within 1 s"

echo 'int fettle_core (void); int gone_LTX_fettle_plugin_1 (void); int gone_LTX_fettle_plugin_1 (void) { return fettle_core (); }' >"$T/gone.c"
cc -shared -fPIC "$T/gone.c" -o "$T/gone.so"
like "one that imports of Fettle" "$(fettle plugin check "$T/gone.so")" 'it imports fettle_core: what the host offers comes in tables'
build abi/plain.c other.so
like "one of another name" "$(fettle plugin check "$T/other.so")" \
  "it doesn't export other_LTX_fettle_plugin_1: FETTLE_REGISTER defines that, with the file's name"
echo 'void __attribute__ ((__constructor__)) die (void); void die (void) { __builtin_trap (); }' >"$T/dies.c"
cc -shared -fPIC "$T/dies.c" -o "$T/dies.so"
like "one that crashes as it is loaded" "$(fettle plugin check "$T/dies.so" 2>&1)" 'the process that loaded it ended (by signal|with status)'
build abi/plain.c plain.so
echo 'quirks = ( { prompt = "x"; } );' >"$T/plain.quirks"
like "wrong quirks" "$(fettle plugin check "$T/plain.so")" 'plain\.quirks:1: '
rm "$T/plain.quirks"
chmod o+w "$T/plain.so"
like "a file that all can write" "$(fettle plugin check "$T/plain.so")" 'can be written by others'
printf 'MZ and more' >"$T/win.so"
like "a DLL" "$(fettle plugin check "$T/win.so")" 'it is one of Windows: check it there'
head -c 700 "$T/other.so" >"$T/cut.so"
ok "half a file costs no more than a sentence" sh -c "fettle plugin check '$T/cut.so'; [ \$? = 252 ]"

like "mischief, too" "$(fettle plugin check "$builddir/plugins/.libs/mischief.so" 2>&1)" 'its score is 250'

for wrong in "$T/none.so" "$T" "$builddir/plugins/mischief.la"; do
  fettle plugin check "$wrong" >"$T/out" 2>"$T/err"
  status=$?
  is "no plugin at all, $(basename "$wrong"): the exit code" $status 254
  is "and nothing but an error" "$(cat "$T/out"; wc -l <"$T/err")" 1
done

# ---- Other forms of the report.

build abi/faulty.c faulty.so -DFAULT=score
fettle plugin check --format tap "$T/faulty.so" >"$T/tap" 2>"$T/err"
is "TAP: has its plan" "$(grep -cE '^(not )?ok [0-9]+ - ' "$T/tap")" "$(sed -n 's/^1\.\.//p' "$T/tap")"
is "TAP: one failed" "$(grep -cE '^not ok ' "$T/tap")" 1
like "TAP: the reason" "$(cat "$T/tap")" '^# when the node answers nothing, its score is 250'
fettle plugin check --format json "$T/faulty.so" >"$T/json" 2>"$T/err"
is "JSON: the same" "$(jq -r '[.failed, (.checks | length), ([.checks[] | select(.ok | not)] | length)] | join(" ")' "$T/json")" \
  "1 $(sed -n 's/^1\.\.//p' "$T/tap") 1"
done_testing
