# windows-cut.sh - the connection to a Windows server ends behind the first
# answer of a deployment, the second, and so on: whatever it was, nothing is left
# when the engine has cleaned up, and nothing that was running was cut.
#
#   CUT_EVERY=N   every Nth answer (37; make check-hostile: 1)
#
# Plugins: windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
every=${CUT_EVERY-37}
win_up
[ -n "$WIN_WINE" ] || skip_all "needs Wine (wine64) and x86_64-w64-mingw32-gcc"
FILE=$builddir/sim/windows/installer.exe NAME=cp1.exit-1.mark.exe
IMAGE=$(jq -cn --arg n "$NAME" --argjson s "$(stat -c %s "$FILE")" '{image: {id: "agent", format: "exe",
  match: "software:Test_Agent", version: "2.0.0.0", flags: 0, files: [{name: $n, sha256: ("0" * 64), size: $s}]}}')
direct='[[6, 445, 445, 445, 445]]'
# step CALL PORTS: one call with the token of the last one; the token, "" where there was none.
step () {
  call "$1" "$(jq -cn --arg t "$TOKEN" --argjson ports "$2" --argjson image "$IMAGE" \
    '{ports: $ports, token: (if $t == "" then null else $t end)} + (if $ARGS.named.call == "cleanup" then {} else $image end)' \
    --arg call "$1")" -- --file "$FILE"
  last=$(outcome)
  [ "$last" != again ] || TOKEN=$(token)
}
over () { step "$1" "$2"; [ "$last" != again ]; }
was_cut () { grep -q '^cut' "$T/cut"; }
# One deployment, cut behind so many answers of all its calls.
cut () {
  rm -f "$T/port"
  python3 "$srcdir/sim/windows/hostile.py" "$T/port" cut "$1" >"$T/cut" 2>&1 &
  local proxy=$! port
  soon test -s "$T/port" >/dev/null
  port=$(cat "$T/port") TOKEN=''
  until over deploy "[[6, 445, 445, $port, $port]]" || was_cut; do :; done
  kill $proxy
  wait $proxy 2>/dev/null
}
n=0 cuts=0
while cut $n; was_cut; do
  cuts=$((cuts + 1)) before=$last
  until over cleanup "$direct"; do :; done
  is "cut behind $n answers ($before), cleaned up" "$last: $(win_left)" "ok: "
  n=$((n + every))
done
ok "it was cut $cuts times" [ $cuts -gt 0 ]
echo "# $(text)"
is "and then it came through" "$last: $(win_left)" "ok: "
done_testing
