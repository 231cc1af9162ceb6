#!/bin/bash
# Reports: each kind in each form, read by parsers that aren't ours; what nodes
# say of themselves stays text in them.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires fettled fettle curl jq openssl python3
. "$srcdir/integration/rollout-lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=nobody" 2>/dev/null
python3 "$srcdir/sim/rude-http.py" "$T/cert.pem" "$T/key.pem" "$T/port" now 2>"$T/rude.log" &
at_exit "kill $! 2>/dev/null"
ok "a node listens" soon test -s "$T/port"
read -r P <"$T/port"
ok "a fleet is made" fleet_make "$F" 12 11 100 0
cp "$builddir/plugins/.libs/fetch.so" "$F/plugins/"
ok "the service starts" rollout_start
sim nodes 0 12 >"$F/nodes.json"
is "it gets nodes" "$(status "$F/state" POST /nodes --json "@$F/nodes.json")" 201
ok "and a baseline" f baseline add "$F/images" --name all --allow-unsigned
check () { python3 "$srcdir/integration/report-check.py" "$@"; }
report () { f report --format "$1" -o "$T/report.$1" "${@:2}"; }

# ---- A node that sends what would be markup, a formula, and no character at all.
EVIL='</td></entry><script src="x">alert(1)</script>&lol; ]]> "q" '"'a'"
HOSTILE=$(printf '%s \\u0001\\u001b[31m\\uffff \\ud83d\\ude00' "${EVIL//\"/\\\"}")
jq -n --arg p "$P" "{nodes: [{address: \"127.0.0.1\", name: \"evil\", type: \"fetch\", credentials: {user: \"u\"},
  settings: {https_port: \$p, path: \"/echo\", method: \"POST\", body: \"$HOSTILE\"}}]}" >"$T/evil.json"
is "a hostile node" "$(status "$F/state" POST /nodes --json "@$T/evil.json")" 201
ok "is inventoried, as are others" f inventory evil n0 n1
for format in html json csv xml; do
  ok "what it says in an inventory's $format" report $format
  ok "is text" check $format "$T/report.$format" "$EVIL" n0
done

# ---- SUM's reports.
ok "an inventory of all" f inventory all
for kind in deploy_preview inventory firmware dependency installed combined; do
  for format in html json csv xml; do
    words=(); case $kind in
    deploy_preview) words=(n11 upgrade);; inventory) words=(fw0.bin);; firmware) words=(n11 1.0);;
    installed) words=(n11 "$EVIL");; combined) words=(n11 fw0.bin upgrade "$EVIL");;
    esac
    ok "$kind as $format" report $format --kind $kind
    ok "is such" check $format "$T/report.$format" "${words[@]}"
  done
done
is "sections of the combined one" "$(jq -c '[.sections[].name]' "$T/report.json")" \
  '["deploy_preview","inventory","firmware","dependency","installed"]'
is "it has what the command says is on a node" \
  "$(jq -c '[.sections[] | select(.name == "installed").rows[] | select(.node == "n3").version] | sort' "$T/report.json")" \
  "$(f node items n3 --format json | jq -c '[.items[].version] | sort')"
report json --kind firmware -l 'name in (n1,n2)'
is "of some nodes" "$(jq -c '[.sections[].rows[].node] | unique' "$T/report.json")" '["n1","n2"]'
report json --kind firmware n1 n5
is "of nodes that are named" "$(jq -c '[.sections[].rows[].node] | unique' "$T/report.json")" '["n1","n5"]'
not_ok "JUnit is for jobs" report junit --kind firmware
not_ok "another kind" report json --kind weather
is "is refused by the service, too" "$(status "$F/state" GET '/reports/json?kind=weather')" 400

# ---- For pipelines.
rule 1 1; rule 2 2; rule 3 3
ok "nodes are to fail" true
deploy all --reboot always
job=$(last)
counts=$(f status "$job" --format json | jq -c .counts)
echo "# $counts"
ok "the job as JUnit" report junit --job "$job"
is "is counted as the job is" "$(check junit "$T/report.junit" n1)" "$(jq -r '
  (.done // 0) as $d | (."waiting-reboot" // 0) as $w | (.failed // 0) as $f | (.blocked // 0) as $b | (.unknown // 0) as $u
  | (.skipped // 0) as $s | (.aborted // 0) as $a | "\($d + $w + $f + $b + $u + $s + $a) \($f + $b) \($u) \($s + $a)"' <<<"$counts")"
not_ok "which failed in part" test "$(check junit "$T/report.junit" | cut -d ' ' -f 2)" = 0
for format in html json csv xml; do
  ok "the deployment as $format" report $format --job "$job"
  ok "is such" check $format "$T/report.$format" n1
done
is "of one node" "$(f report --job "$job" --format json n4 | jq -c '[.tasks[].name] | unique')" '["n4"]'
done_testing
