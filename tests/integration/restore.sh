# restore.sh - on real nodes: what was there is remembered, packages are
# upgraded, the node's users are told before it restarts, and the old versions
# come back.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq dpkg-deb ip sshd
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
. "$srcdir/lab/lab.sh"

export FETTLE_STATE_DIR=$T/state
at_exit 'lab_controller fettle service stop --force >/dev/null 2>&1; lab_down'
f () { lab_controller fettle --quiet "$@"; }
has () { lab_exec 1 dpkg-query -W -f '${Version}' "$1"; }
plan () { f "$@" --format json | jq -c '[.nodes[].entries[] | select (.action != "not-applicable") | "\(.name) \(.action) \(.offered)"] | sort'; }

lab_up 1 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the nodes can't be made: $(tail -n 1 "$T/lab.log")"
printf 'touch /run/reboot-required\n' >"$T/reboot"
lab_build_deb tool 1.0 "$T/old" >/dev/null
lab_build_deb tool 2.0 "$T/new" --postinst "$T/reboot" >/dev/null
lab_build_deb other 1.0 "$T/lost" >/dev/null # no baseline has it
lab_build_deb other 2.0 "$T/new" >/dev/null
for d in "$T"/old/*.deb "$T"/lost/*.deb; do
  lab_exec 1 sh -c 'cat >/tmp/x.deb && dpkg -i /tmp/x.deb >/dev/null && rm /tmp/x.deb' <"$d"
done
# What its users would read on their terminals.
lab_exec 1 sh -c 'mkdir -p /usr/local/bin && printf "#!/bin/sh\ncat >>/root/told\n" >/usr/local/bin/wall &&
  chmod 755 /usr/local/bin/wall'
boot_id () { lab_exec 1 cat /proc/sys/kernel/random/boot_id; }

lab_password >"$T/password"; chmod 600 "$T/password"
port=(); [ "$lab_mode" = namespaces ] || port=(--ssh-port "$(lab_port 1)")
ok "a node" f node add "$(lab_address 1)" --name n1 "${port[@]}" --user root --password-file "$T/password"
ok "a baseline of old versions" f baseline add "$T/old" --name old --allow-unsigned
ok "and one of new ones" f baseline add "$T/new" --name new --allow-unsigned
ok "inventory" f inventory
ok "what is there is remembered" f snapshot create before
is "as one can see" "$(f snapshot list --format json | jq -c '[.snapshots[] | [.name, .nodes]]')" '[["before",1]]'
not_ok "a name is taken once" f snapshot create before

before=$(boot_id)
f deploy --yes --reboot if-needed --reboot-delay 1 --reboot-message "firmware day" >"$T/out" 2>&1
is "both are upgraded" "$?, $(has tool), $(has other)" "0, 2.0, 2.0"
if [ "$lab_mode" = namespaces ]; then
  is "the node's users were told, once" "$(lab_exec 1 cat /root/told)" "firmware day"
  ok "and it did restart" test "$(boot_id)" != "$before"
else
  skip "the node's users were told" "a chroot can't restart"
fi
job=$(f status --format json | jq '[.jobs[] | select (.kind == "deployment")][0].id')
is "nothing is left to do" "$(f plan --baseline new >/dev/null 2>&1; echo $?)" 3

is "the way back" "$(plan restore --snapshot before --dry-run)" '["other blocked 1.0","tool downgrade 1.0"]'
is "by the job it is the same" "$(plan restore --job "$job" --dry-run)" '["other blocked 1.0","tool downgrade 1.0"]'
is "to look at it changes nothing" "$(has tool)" 2.0
f restore --snapshot before --yes >"$T/out" 2>&1
is "one component can't go back, which is said" $? 253
like "with the reason" "$(cat "$T/out"; f status last --format json | jq -r '.tasks[].error.message?')" 'no baseline has this version'
is "the other one is back" "$(has tool), $(has other)" "1.0, 2.0"
is "with its files" "$(lab_exec 1 cat /opt/fettle-lab/tool)" 1.0
is "as an inventory saw" "$(f status last --format json | jq -c '[.tasks[] | select (.state == "done") | [.from, .to, .found, .verified]]')" \
  '[["2.0","1.0","1.0",true]]'
lab_build_deb other 1.0 "$T/late" >/dev/null
ok "once a baseline has it" f baseline add "$T/late" --name late --allow-unsigned
f restore --job "$job" --yes >"$T/out" 2>&1
is "it comes back too" "$?, $(has tool), $(has other)" "0, 1.0, 1.0"
f restore --snapshot before --yes >"$T/out" 2>&1
is "then nothing is left to bring back" $? 3
ok "the snapshot is forgotten" f snapshot remove before
not_ok "so nothing goes back to it" f restore --snapshot before --yes
done_testing
