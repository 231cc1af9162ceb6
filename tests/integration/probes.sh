#!/bin/bash
# Of which type is what answers at an address: the plugins are asked, without
# credentials, one after the other; what they can't tell stays unknown.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires fettled curl jq

S=$T/state
export FETTLE_PLUGINDIR=$builddir/plugins/.libs:$builddir/../plugins/linux/.libs
ok "a service" start "$S" --ssl-port "$(free_port)" --port "$(free_port)"
probe () { api "$S" POST /probes --json "$1" >/dev/null; jq -c "$2" "$T/answer"; }
is "a plugin that knows it names it" \
  "$(probe '{"address": "127.0.0.1", "types": ["fetch", "mischief"]}' '[.address, .type, ([.tried[].type])]')" \
  '["127.0.0.1","mischief",["mischief"]]'
is "types without a probe are not asked" "$(probe '{"address": "127.0.0.1", "types": ["fetch"]}' '[.type, .score, .tried]')" \
  '[null,0,[]]'
# Nobody listens on the loopback's SSH port of this address.
is "one that gets no answer names nothing" \
  "$(probe '{"address": "127.98.76.54", "types": ["linux"]}' '[.type, (.tried | length), (.tried[0].why | length > 0)]')" '[null,1,true]'
is "nothing is remembered of it" "$(api "$S" GET /nodes | jq -c .nodes)" '[]'
for bad in '{"address": "host.example", "types": ["linux"]}' '{"address": "127.0.0.1", "types": ["weather"]}' \
  '{"address": "127.0.0.1", "types": []}' '{"types": ["linux"]}'; do
  is "refused: $bad" "$(status "$S" POST /probes --json "$bad")" 400
done
kill -TERM "$pid"; wait "$pid"
is "the service ends" $? 0
done_testing
