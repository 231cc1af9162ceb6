# superdome-pull.sh - an emulated Superdome X is updated by pull, through holes
# that are there in the deployment alone; and each way in which that fails ends
# in the true state, with a message that helps.
# Plugins: superdome
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
requires fettle-gate nft python3
. "$srcdir/integration/cli-lib.sh"
. "$srcdir/integration/superdome-lib.sh"

net_up sdx other
cli_begin sdx.py sdx "$(address sdx)"
firewalled_server
ok "the service starts" server fettled --background --open-firewall
ok "setup adds the one rule" fettle firewall setup
ok "the node is added" sh -c "printf %s \"\$1\" | ip netns exec $NET-server fettle --quiet node add $(address sdx) --name sdx \
  --type superdome-x --user admin --password-fd 0" sh "$PASSWORD"
open_ports >"$T/ports.inventory" & watcher=$!
ok "it is inventoried" fettle inventory
kill $watcher; wait $watcher 2>/dev/null
is "for which nothing is opened" "$(sort -u "$T/ports.inventory")" ""

# ---- What goes well.
open_ports >"$T/ports" & watcher=$!
deploy 8.5.34
is "a bundle for the complex is deployed" "$status $(task .state) $(task .found)" "0 done 8.5.34"
kill $watcher; wait $watcher 2>/dev/null
is "for which just these were open, to that node" "$(sort -u "$T/ports")" "$(address sdx) 63001
$(address sdx) 63002"
is "and now nothing is" "$(holes)" "[]"
is "it was fetched over HTTP" "$(cli_state '.fetched | join (" ")')" "http:"
like "its confirmation was given" "$(cli_log)" 'Type YES to go on: -> YES'
is "its partitions have it" "$(cli_state '.partitions | join (" ")')" "8.5.34 8.5.34"
setting pull=https
deploy 8.6.0 partition:2
is "a partition, over HTTPS" "$status $(task .state) $(cli_state '.partitions["2"] + " " + .fetched[-1]')" "0 done 8.6.0 https:"
is "alone" "$(cli_state '.complex + " " + .partitions["1"]')" "8.5.34 8.5.34"
setting pull=http
deploy 8.5.34 complex superdome-x --rewrite
is "the same version again" "$status $(task .state)" "0 done"
like "is asked for as the node wants it" "$(cli_log | grep '^update')" ' complex reinstall$'
deploy 8.4.0 complex superdome-x --downgrade
is "an older one, wanted" "$status $(task .state) $(task .found)" "0 done 8.4.0"
like "is forced" "$(cli_log | grep '^update')" ' complex force$'
faults restart=2
deploy 8.5.34
is "it restarts, and hangs up on us meanwhile" "$status $(task .state)" "0 done"

# ---- What doesn't.
faults running=yes
ok "another update runs: says so" tries 'an update is already running on the node, which isn.t this one' 8.7.0
not_ok "and nothing was begun" grep -q '^update firmware' <(cli_log)
faults fetch=404
deploy 8.7.0
is "the download fails" "$status $(task .state)" "253 failed"
like "says what to look at" "$(why)" "couldn't fetch the bundle from here: \"Download failed: 404 Not Found\"; fettle check"
faults
deploy 8.7.0 complex other
is "a bundle for other hardware" "$status $(task .state)" "253 failed"
like "is named" "$(why)" "isn't for this hardware"
faults analysis=fail
deploy 8.7.0
is "the analysis refuses" "$status $(task .state)" "253 failed"
like "with its words" "$(why)" 'analysis failed: partition 1 is running.*shut the partitions down'
faults flashes=no
deploy 8.7.0
like "it says that it is done, and isn't" "$status $(task .state)" '^253 (failed|unknown)'
is "is told by the inventory" "$(task .found)" 8.5.34
faults
with_state '.complex = "8.7.0"'
deploy 8.7.0
is "it was done since the last inventory: that is no failure" "$status $(task .state) $(task .found)" "0 done 8.7.0"
with_state '.complex = "8.9.0"'
deploy 8.8.0
is "it went on since the last inventory" "$status $(task .state)" "253 failed"
like "an older one must be asked for" "$(why)" 'older than what is there.*--downgrade'
fettle --quiet inventory >"$T/out"
for when in 'cut=^update' 'cut-after=^update' 'cut=^show update' 'hangup=^update'; do
  with_state '.complex = "8.5.34"'; fettle --quiet inventory >"$T/out"
  rm -f "$T/once"; faults "$when" "once=$T/once"
  deploy 8.7.0
  # Before it was told, or told it may be: the truth is what the inventory finds.
  found=$(cli_state .complex)
  case "$when" in
    'cut-after=^update') is "$when: it goes on" "$status $(task .state) $found" "0 done 8.7.0" ;;
    *) is "$when: true" "$(task .state) $(task '.found // "8.5.34"')" "failed $found"; like "$when: says so" "$(why)" '.' ;;
  esac
done

# ---- The service is killed while the node is at it.
with_state '.complex = "8.5.34"'; fettle --quiet inventory >"$T/out"
faults wait="$T/go"; : >"$CLI/log"
bundle 8.7.0 complex superdome-x
job=$(fettle deploy sdx --baseline "$base" --yes --no-check --no-wait 2>"$T/err")
ok "a deployment begins" soon busy_updating
kill -9 "$(service_pid)"
ok "another service takes it up" soon server fettled --background --open-firewall
: >"$T/go"
ended () { [ "$(fettle status "$job" --format json 2>/dev/null | jq -r .state)" = "done" ]; }
ok "the deployment goes on to its end" soon ended
is "well" "$(fettle status "$job" --format json 2>/dev/null | jq -r '"\(.exit_code) \(.tasks[0].state)"')" "0 done"
is "the node was told once" "$(cli_log | grep -c '^update firmware')" 1
not_ok "no password is in the log" grep -rq "it's s3cret" "$FETTLE_STATE_DIR/fettled.log" "$T/err"
ok "the service ends" fettle service stop
done_testing
