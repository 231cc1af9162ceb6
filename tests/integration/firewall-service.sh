# firewall-service.sh - a service that was started with --open-firewall: it
# opens for jobs that don't ask for it, and for browsers that were named, as
# long as it runs.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/firewall-lib.sh"
requires nft curl
node n1; node n2
serve 63001
api () { ip netns exec "$1" curl -sk -m 2 -o /dev/null "https://$2/api/v1/service"; }
no_api () { ! api "$@"; }
browser_holes () {
  fettle firewall status --format json 2>/dev/null |
    jq -r '.holes[] | select (.job == "service") | "\(.from) \(.first) \(.purpose) \(.open)"' | sort
}
nft list ruleset >"$T/before"
remote=(--set "api_address=127.0.0.1 10.61.1.1 10.61.2.1 fd61:2::1" --set "browsers=10.61.2.2 fd61:2::2" --set firewall=nftables)

with_service --open-firewall "${remote[@]}"
is "it says so" "$(fettle service status --format json | jq .open_firewall)" true
ok "starting it once more is no failure" fettle service start --open-firewall
ok "a browser that is named comes through" soon api n2 10.61.2.1:63002
ok "by IPv6 too" soon api n2 "[fd61:2::1]:63002"
ok "no other does, though the service listens there" no_api n1 10.61.1.1:63002
is "status shows for whom and why" "$(browser_holes)" "10.61.2.2 63001 redirect to HTTPS true
10.61.2.2 63002 web page, API true
fd61:2::2 63001 redirect to HTTPS true
fd61:2::2 63002 web page, API true"

ok "a deployment that doesn't ask for it" begin_deployment
ok "its node gets through" soon reaches n1 10.61.1.1 63001
ok "it ends" end_deployment
ok "then the hole is closed" soon cannot_reach n1 10.61.1.1 63001
ok "the browser's isn't" api n2 10.61.2.1:63002

kill -9 "$(service_pid)"
ok "a killed service leaves nothing" soon sh -c '! nft list table inet fettle'
ok "one without the option" fettle service start "${remote[@]}"
is "opens nothing again" "$(browser_holes)" ""
ok "nor shuts out anybody" soon api n1 10.61.1.1:63002
not_ok "--open-firewall for one that runs without" fettle service start --open-firewall
like "is refused" "$(fettle service start --open-firewall 2>&1)" "runs already, without --open-firewall"
ok "the service ends" fettle service stop

ok "where the API is this host's alone" fettle service start --open-firewall --set browsers=10.61.2.2 --set firewall=nftables
is "there is nothing to open" "$(browser_holes)" ""
fettle service stop
like "a bad address is refused" "$(fettle service start --open-firewall --set browsers=web1 2>&1)" 'browsers are IP addresses.*"web1"'
is "the rules are as before" "$(nft list ruleset | diff "$T/before" -)" ""
done_testing
