#!/bin/bash
# The API as a whole: its document against its routes, each role on each route,
# lists in pages.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled curl jq python3
python3 -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null || {
  echo "1..0 # SKIP python3-jsonschema is missing"; exit 0; }

S=$T/state
ok "starts" start "$S" --ssl-port "$(free_port)" --set metrics=viewer
base=https://localhost:$(jq .ssl_port "$S/service.json")
json () { printf '%s' "$1" >"$T/body"; echo "Content-Type: application/json"; }
post () { api "$S" POST "$1" -H "$(json "$2")" --data-binary "@$T/body"; }

for role in viewer operator admin; do
  post /tokens "{\"name\": \"the-$role\", \"role\": \"$role\"}" >"$T/made"
  jq -r .token "$T/made" >"$T/$role"
done

# Its lines are counted on from ours.
python3 "$srcdir/integration/api-check.py" "$base" "$S/cert.pem" "$(cat "$T/admin")" "$(cat "$T/operator")" \
  "$(cat "$T/viewer")" >"$T/check" 2>"$T/check.err" </dev/null
is "the checks of routes and document run to their end" "$?" 0
cat "$T/check.err" >&2
while IFS= read -r line; do
  case $line in
    "ok "*|"not ok "*) tap_line "${line%% [0-9]*}" "${line#* - }" ;;
    "#"*) echo "$line" ;;
  esac
done <"$T/check"

# ---- Pages ----

nodes () { # FIRST LAST: adds them
  post /nodes "$(jq -nc --argjson a "$1" --argjson b "$2" '{nodes: [range($a; $b + 1) | {address: "192.0.2.\(.)", name: "n\(.)"}]}')"
}
nodes 1 25 >/dev/null
page () { api "$S" GET "/$1"; }
pages () { # LIST QUERY: names of all pages, the list changing meanwhile
  local next= at=0
  while [ "$next" != null ]; do
    page "nodes?limit=4&$1${next:+&after=$next}" >"$T/page"
    jq -r '.nodes[].name' "$T/page"
    next=$(jq .next "$T/page")
    at=$((at + 1))
    nodes $((100 + at)) $((100 + at)) >/dev/null
    [ $at != 2 ] || api "$S" DELETE /nodes/n3 >/dev/null # of a page that was read
    [ $at != 2 ] || api "$S" DELETE /nodes/n20 >/dev/null # of one to come
    [ $at -lt 40 ] || break
  done
}
pages "" >"$T/pages"
is "pages leave nothing out while rows come and go" "$(grep -cE '^n([0-9]|1[0-9]|2[0-5])$' "$T/pages")" 24
is "and have nothing twice" "$(sort "$T/pages" | uniq -d)" ""
is "the last page says so" "$(jq .next "$T/page")" null
is "a list without a limit is whole" "$(page nodes | jq '[(.nodes | length) > 30, .next == null] | all')" true
is "a filter" "$(page 'nodes?search=n2&limit=2' | jq -c '[.nodes[].name]')" '["n2","n21"]'
is "and its next page" "$(page "nodes?search=n2&limit=2&after=$(page 'nodes?search=n2&limit=2' | jq .next)" | jq -c '[.nodes[].name]')" '["n22","n23"]'
is "by state" "$(page 'nodes?state=ok' | jq -c '.nodes')" '[]'
is "a field that isn't there is an error" "$(status "$S" GET '/nodes?stat=ok')" 400
like "which says what there is" "$(api "$S" GET '/nodes?stat=ok' | jq -r .detail)" 'takes limit, after, .*state'
for bad in 0 -1 1001 x 99999999999999999999; do
  is "limit=$bad is an error" "$(status "$S" GET "/nodes?limit=$bad")" 400
done
ended () { api "$S" GET /jobs/last | jq -e '.state != "running"'; }
for i in 1 2 3 4 5; do
  post /checks '{"nodes": ["n1"]}' >/dev/null
  ok "a job ends" soon ended
done
page 'jobs?limit=2' >"$T/first"
post /checks '{"nodes": ["n2"]}' >/dev/null
is "jobs go down from the newest" "$(page "jobs?limit=9&after=$(jq .next "$T/first")" | jq -c '[.jobs[].id]')" \
  "$(jq -c '.jobs[1].id as $last | [range($last - 1; 0; -1)]' "$T/first")"
is "jobs of a node" "$(page 'jobs?node=n2' | jq '.jobs | length')" 1
is "of a kind" "$(page 'jobs?kind=inventory' | jq '.jobs | length')" 0

# ---- Health and metrics ----

get () { curl -sS --max-time 60 --noproxy '*' --cacert "$S/cert.pem" -o "$T/answer" -w '%{http_code}' "$@"; }
is "/healthz needs no token" "$(get "$base/healthz")" 200
is "and is well" "$(cat "$T/answer")" '{"status":"ok"}'
is "but doesn't take anything" "$(get -d x "$base/healthz")" 401
is "/metrics needs one" "$(get "$base/metrics")" 401
is "a viewer's will do" "$(get -H "Authorization: Bearer $(cat "$T/viewer")" "$base/metrics")" 200
like "nodes are counted" "$(cat "$T/answer")" '^fettle_nodes [1-9][0-9]+$'
like "wrong tokens as well" "$(cat "$T/answer")" '^fettle_api_refused_total [0-9]+$'
is "each metric says what it is" "$(grep -c '^# TYPE' "$T/answer")" "$(grep -c '^# HELP' "$T/answer")"
is "in lines of its form" "$(grep -cvE '^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? [-+0-9.e]+)$' "$T/answer")" 0

ok "ends" kill -TERM "$pid"
ok "soon" soon gone "$pid"
done_testing
