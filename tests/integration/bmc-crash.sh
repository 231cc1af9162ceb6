# bmc-crash.sh - the service is killed while iLOs flash: the next one takes it up,
# nothing is flashed twice, and nothing of ours is left on them.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/bmc-lib.sh"

http=$(free_port) https=$(free_port)
ok "the service starts" bmc_up
fettle service stop; soon gone "$pid"
up () { start "$T/state" --port "$http" --ssl-port "$https"; }
ok "with ports that it keeps" up
ok "a baseline" firmware two t1 2.00
nodes=
for way in pull push; do
  for by in flash queue set; do
    bmc_settings="--setting transfer=$way --setting update_by=$by"
    ok "$way-$by" bmc "$way-$by" ilo6 hold=yes
    nodes+=${nodes:+,}$way-$by
  done
done
fettle --quiet inventory ${nodes//,/ } >/dev/null
job=$(fettle deploy ${nodes//,/ } --yes --no-check --no-wait 2>/dev/null)
flashes () { local n; for n in ${nodes//,/ }; do [ "$(real "$n" state)" = Updating ] || return; done; }
long () { soon "$@" || soon "$@" || soon "$@" || soon "$@"; }
ok "all of them flash" long flashes
kill -9 "$pid"; soon gone "$pid"
rm -f "$T/state/service.json"
ok "another service takes it up" up
for n in ${nodes//,/ }; do how "$n"; done
ended () { [ "$(fettle status "$job" --format json 2>/dev/null | jq -r .state)" = "done" ]; }
ok "the deployment ends" long ended
fettle status "$job" --format json >"$T/job" 2>/dev/null
back () { real "$1" state >/dev/null && [ -n "$(real "$1" state)" ]; }
for n in ${nodes//,/ }; do ok "$n is back" long back "$n"; done
for n in ${nodes//,/ }; do
  is "$n: updated, by the inventory" "$(state "$n") $(task "$n" .verified) $(found "$n") $(message "$n")" "done true 2.00 "
  is "$n: once" "$(real "$n" flashed)" '[["t1","2.00"]]'
done
left () { real "$1" '| [.queue, .repository, .sets]'; }
# One that restarted just when the service looked is left to the next deployment, which its log says.
again=
for n in ${nodes//,/ }; do
  [ "$(left "$n")" = "[[],[],[]]" ] && continue
  like "$n: what is left is said" "$(log "$n")" 'is removed at its next inventory or deployment'
  again+=${again:+,}$n
done
[ -z "$again" ] || deploy "$again" two --rewrite
for n in ${nodes//,/ }; do
  is "$n: nothing of ours is left" "$(left "$n")" "[[],[],[]]"
done

# What failed behind a lost connection is removed by the next deployment.
bmc_settings="--setting update_by=queue --setting reset_timeout=2" bmc left ilo6 away=7
deploy left two
echo "# $(state left): $(message left)"
ok "it comes back" long back left
fettle --quiet node set left --setting https_port="$bmc_port" --setting update_by=queue
deploy left two --rewrite
is "then it works" "$(state left) $(found left)" "done 2.00"
is "and nothing of ours is left" "$(left left)" "[[],[],[]]"
done_testing
