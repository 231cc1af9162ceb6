# Groups, labels and selectors, from the command to the store.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq curl
. "$srcdir/integration/service-lib.sh"

export FETTLE_STATE_DIR=$T/state
ok "a service starts" start "$T/state" --ssl-port "$(free_port)"
f () { fettle --quiet "$@"; }
names () { f node list "$@" --format json | jq -r '[.nodes[].name] | join (" ")'; }

ok "a group with a login, labels and a window" f group add web --user deploy --label site=hel \
  --label role=front --maintenance "Sat,Sun 22:00-04:00 Europe/Helsinki" --max-parallel 3 --note "the shop"
not_ok "it is there already" fettle group add web
ok "nodes" f node add 192.0.2.1 --name w1 --type linux --group web --label rack=11
ok "another" f node add 192.0.2.2 --name w2 --type linux --group web --label rack=12 --label role=canary
ok "another group's" f node add 192.0.2.3 --name d1 --type linux --group db --user root --label rack=12
ok "one without" f node add 192.0.2.4 --name x1 --label rack=13
is "a group begins with its first node" "$(f group list --format json | jq -r '[.groups[] | "\(.name) \(.nodes)"] | join (",")')" \
  "db 1,web 2"
is "a group as it was told" "$(f group show web --format json | jq -c '[.user, .auth, .labels.site, .maintenance, .max_parallel, .note]')" \
  '["deploy","none","hel","Sat,Sun 22:00-04:00 Europe/Helsinki",3,"the shop"]'
is "who says nobody gets the group's user" "$(f node show w1 --format json | jq -r .user)" null
is "... or is who asks" "$(f node show x1 --format json | jq -r .user)" "$(id -un)"

is "one label" "$(names -l rack=12)" "w2 d1"
is "... not of a group" "$(names -l 'rack=12,group!=db')" "w2"
is "a list" "$(names --selector 'rack in (11, 13)')" "w1 x1"
is "the group's label" "$(names -l site=hel)" "w1 w2"
is "... where the node says it itself" "$(names -l role=front)" "w1"
is "there is one" "$(names -l role)" "w1 w2"
is "there is none" "$(names -l '!role')" "d1 x1"
is "what the node is" "$(names -l 'type=linux,name=w*,state=new')" "w1 w2"
is "nobody fits" "$(names -l rack=99)" ""
fettle inventory -l rack=99 >"$T/out" 2>&1; is "... which is an error where something is to be done" "$?" 254
like "... that says so" "$(cat "$T/out")" "no node fits rack=99"
fettle node list -l 'rack=' >"$T/out" 2>&1; is "a bad selector" $? 254
like "... says where" "$(cat "$T/out")" 'a value is missing at ""'

is "labels are changed one by one, of those that fit" \
  "$(f node set -l rack=12 --label floor=2 --unlabel role; names -l 'rack=12,floor=2,group=web'; f node show w2 --format json | jq -c .labels)" \
  'w2
{"rack":"12","floor":"2"}'
ok "nodes join" f group join db -l rack=13 w1
is "... and are counted" "$(f group show db --format json | jq .nodes)" 3
ok "a window of a node's own" f node set w2 --maintenance "Mon-Fri 01:00-05:00"
is "... is shown" "$(f node show w2 --format json | jq -r .maintenance)" "Mon-Fri 01:00-05:00"
not_ok "what is no window is refused" f node set w2 --maintenance "at night"
not_ok "a label that would hide a name is refused" f node set w2 --label group=x
ok "a group changes" f group set web --unlabel site --max-parallel 0
is "... in what was named" "$(f group show web --format json | jq -c '[.labels, .max_parallel, .user]')" \
  '[{"role":"front"},null,"deploy"]'

# The API's own
mkdir "$T/baseline"
echo a >"$T/baseline/a.bin"
echo 'name = "a"; version = "1"; format = "raw"; kind = "firmware"; match = "a"; node_types = [ "linux" ];' \
  >"$T/baseline/a.bin.component.cfg"
ok "a baseline" f baseline add "$T/baseline" --allow-unsigned
is "a body's nodes may be a selector" \
  "$(status "$T/state" POST /plans -H 'Content-Type: application/json' -d '{"nodes": [{"select": "rack=12"}, "x1"]}')" 200
is "... of these" "$(jq -r '[.nodes[].name] | join (" ")' "$T/answer")" "w2 d1 x1"
is "no text is an error" \
  "$(status "$T/state" POST /plans -H 'Content-Type: application/json' -d '{"nodes": [{"select": 1}]}')" 400
like "... that says so" "$(cat "$T/answer")" 'select.* must be text'
is "a group's secret isn't shown" "$(printf 's3cret\n' >"$T/secret"; f group set web --password-file "$T/secret"
  f group show web --format json | jq -c '[.auth, (tostring | contains ("s3cret"))]')" '["password",false]'
not_ok "nor in the store" grep -rqa s3cret "$T/state"

ok "a group goes" f group remove db
is "its nodes stay" "$(names -l '!group')" "w1 d1 x1"
ok "nodes go by selector" f node remove -l '!group'
is "... those alone" "$(names)" "w2"
ok "the service stops" fettle service stop
done_testing
