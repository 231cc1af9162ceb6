# node-firewall.sh - the service opens nodes' own firewalls for its jobs, and
# leaves none open: not after a crash, an abort, or when a node was away.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq dpkg-deb ip sshd nft
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
. "$srcdir/lab/lab.sh"
lab_packages_wanted="iproute2 nftables"

export FETTLE_STATE_DIR=$T/state
at_exit 'lab_controller fettle service stop --force >/dev/null 2>&1; stop_service; lab_down'
pid_of () { jq -r .pid "$FETTLE_STATE_DIR/service.json" 2>/dev/null; }
stop_service () { local p; p=$(pid_of); [ -z "$p" ] || kill -9 "$p" 2>/dev/null; }
fettle () { lab_controller fettle "$@"; }

lab_up 1 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the node can't be made: $(tail -n 1 "$T/lab.log")"
[ "$lab_mode" = namespaces ] || skip_all "network namespaces can't be made: nodes have no firewalls of their own"
lab_controller nft add rule inet host input tcp dport 7001 accept
lab_exec 1 nft -f - <<'N'
table inet site {
  chain outgoing { type filter hook output priority 0; policy drop;
    oif lo accept
    tcp sport 22 accept
  }
}
N
reached () { # nothing listens there, but the packet came through
  lab_exec 1 timeout 1 bash -c 'exec 3<>/dev/tcp/10.99.0.1/7001' 2>&1 | grep -q refused
}
rules () { lab_exec 1 nft -s list ruleset; }
until_reached () { for n in $(seq 40); do reached && return; sleep 0.2; done; return 1; }
since () { fettle node show n1 --format json | jq -r .firewall_open; }
logged () { fettle status "$@" --format json | jq -r '.tasks[].log[]'; }
until_ended () { for n in $(seq 60); do [ "$(fettle status "$1" --format json | jq -r .state)" = running ] || return 0; sleep 0.5; done; return 1; }
rules >"$T/before"

lab_password >"$T/password"; chmod 600 "$T/password"
lab_build_deb tool1 1.0 "$T/base" --sleep 4 >/dev/null
for v in 2 3 4; do lab_build_deb tool$v 1.0 "$T/base" --sleep 20 >/dev/null; done # they are aborted
ok "the node is added" fettle node add "$(lab_address 1)" --name n1 --user root --password-file "$T/password" \
  --setting firewall_out=7001
ok "the baseline is added" fettle baseline add "$T/base" --name base --allow-unsigned
ok "an inventory" fettle inventory
not_ok "opens nothing unasked" grep -q firewall <(logged last)
ok "an inventory with --open-firewall" fettle inventory --open-firewall
like "opens the node's firewall" "$(logged last)" "node's firewall .nftables. is open for 10.99.0.1"
like "and restores it" "$(logged last)" "node's firewall is as it was"
rules >"$T/after"
ok "to the letter" diff "$T/before" "$T/after"
is "the node is shown as closed" "$(since)" null

# ---- killed in the middle

deploy () { fettle deploy --yes --no-wait --open-firewall --install-missing --component "$1" >"$T/deploy.out" 2>&1 || cat "$T/deploy.out"; }
deploy tool1_1.0_all.deb
ok "while a deployment runs, the node reaches us" until_reached
like "the node is shown as open" "$(since)" '^20'
kill -9 "$(pid_of)"
sleep 0.5
ok "after kill -9 it is still open" reached
fettle service start >/dev/null 2>&1
fettle watch last >"$T/watch.out" 2>&1
is "the deployment ends well" "$?" 0
like "and says that it restored the firewall" "$(logged last)" "node's firewall is as it was"
rules >"$T/after"
ok "to the letter" diff "$T/before" "$T/after"

# ---- aborted

deploy tool2_1.0_all.deb
ok "another one" until_reached
job=$(fettle status last --format json | jq -r .id)
fettle abort "$job" --hard >"$T/abort.out" 2>&1
ok "ends when it is aborted" until_ended "$job"
rules >"$T/after"
ok "the firewall is what it was" diff "$T/before" "$T/after"

# ---- the node is away at the end

fettle inventory >"$T/inventory.out" 2>&1
deploy tool3_1.0_all.deb
ok "a third one" until_reached
job=$(fettle status last --format json | jq -r .id)
lab_exec 1 pkill -x sshd
fettle abort "$job" --hard >"$T/abort.out" 2>&1
ok "ends without the node" until_ended "$job"
like "the log says that the firewall couldn't be restored" "$(logged "$job")" "firewall couldn't be restored"
like "the node is still shown as open" "$(since)" '^20'
ok "which is true" reached
lab_exec 1 /usr/sbin/sshd
kill -9 "$(pid_of)"
sleep 0.3
fettle service start >/dev/null 2>&1
for n in $(seq 60); do [ "$(since)" = null ] && break; sleep 0.5; done
is "the service's next start closes it" "$(since)" null
rules >"$T/after"
ok "it is what it was" diff "$T/before" "$T/after"
like "a job says so" "$(fettle status "$((job + 1))" --format json | jq -r '"\(.kind) \(.tasks[0].state)"')" 'firewall done'

# ---- likewise, but before the next job on it

fettle inventory >"$T/inventory.out" 2>&1
deploy tool4_1.0_all.deb
ok "a fourth one" until_reached
job=$(fettle status last --format json | jq -r .id)
lab_exec 1 pkill -x sshd
fettle abort "$job" --hard >"$T/abort.out" 2>&1
until_ended "$job"
ok "it is left open" reached
lab_exec 1 /usr/sbin/sshd
ok "the next inventory" fettle inventory
is "closes it" "$(since)" null
rules >"$T/after"
ok "it is what it was" diff "$T/before" "$T/after"
done_testing
