# The main job on real nodes, with the service killed in the middle of it:
# every node's true state in the end, nothing installed twice, nothing left.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq dpkg-deb ip sshd
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
. "$srcdir/lab/lab.sh"

export FETTLE_STATE_DIR=$T/state
at_exit 'lab_controller fettle service stop --force >/dev/null 2>&1; stop_service; lab_down'

pid_of () { jq -r .pid "$FETTLE_STATE_DIR/service.json" 2>/dev/null; }
stop_service () { local p; p=$(pid_of); [ -z "$p" ] || kill -9 "$p" 2>/dev/null; }
# Workers of this test's service; others' don't count.
workers_left () {
  local p
  for p in $(pgrep -x fettle-worker); do
    ! grep -qaF "$FETTLE_STATE_DIR" "/proc/$p/environ" 2>/dev/null || return 0
  done
  return 1
}
fettle () { lab_controller fettle "$@"; }
has () { lab_exec "$1" dpkg-query -W -f '${Version}' "$2"; }
# How often dpkg really unpacked that version on the node.
installs () { lab_exec "$1" grep -cE " (install|upgrade) $2:.* $3\$" /var/log/dpkg.log; }
left () { lab_exec "$1" sh -c 'ls -A /var/tmp/fettle 2>/dev/null | wc -l'; }

lab_up 3 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the nodes can't be made: $(tail -n 1 "$T/lab.log")"
for v in 1.0 2.0; do
  lab_build_deb tool $v "$T/v$v" --sleep 2 >/dev/null
  lab_build_deb other $v "$T/v$v" --sleep 1 >/dev/null
done
cp "$T"/v1.0/*.deb "$T/lab" 2>/dev/null
for i in 1 2 3; do
  for d in "$T"/v1.0/*.deb; do
    lab_exec $i sh -c 'cat >/tmp/x.deb && dpkg -i /tmp/x.deb >/dev/null && rm /tmp/x.deb' <"$d"
  done
done

lab_password >"$T/password"; chmod 600 "$T/password"
port=(); [ "$lab_mode" = namespaces ] || port=(--ssh-port "$(lab_port 1)")
for i in 1 2 3; do
  ok "node $i is added" fettle node add "$(lab_address $i)" --name "n$i" "${port[@]}" --user root \
    --password-file "$T/password"
done
ok "the baseline is added" fettle baseline add "$T/v2.0" --name new --allow-unsigned
ok "inventory" fettle inventory
is "each node's type was found out" "$(fettle node list --format json | jq -r '[.nodes[].type] | unique | join(",")')" linux
is "the plan upgrades both on each node" \
  "$(fettle plan --format json | jq -r .counts.upgrade)" 6
fettle deploy --dry-run --format json >"$T/dry.json"
is "the dry run is the plan" "$(jq -r .hash "$T/dry.json")" "$(fettle plan --format json | jq -r .hash)"
is "nothing was done yet" "$(has 1 tool)" 1.0

# ---- kill -9, again and again, at moments of no plan
first=$(pid_of)
fettle deploy --yes --no-wait >"$T/deploy.out" 2>&1
for pause in 0.3 1.1 0.7 1.9 2.6; do
  sleep $pause
  kill -9 "$(pid_of)"
  sleep 0.3
  not_ok "no worker is left after kill -9" workers_left
  fettle service start >/dev/null 2>&1
done
not_ok "the service is another one now" test "$(pid_of)" = "$first"
fettle watch last >"$T/watch.out" 2>&1
is "the job ended well" "$?" 0
fettle status last --format json >"$T/job.json"
is "each task is done and verified" \
  "$(jq -r '[.tasks[] | "\(.state) \(.verified) \(.found)"] | unique | join(",")' "$T/job.json")" "done true 2.0"
for i in 1 2 3; do
  is "node $i has tool 2.0" "$(has $i tool)" 2.0
  is "node $i has other 2.0" "$(has $i other)" 2.0
  is "node $i: tool was installed once" "$(installs $i tool 2.0)" 1
  is "node $i: other was installed once" "$(installs $i other 2.0)" 1
  is "node $i: nothing is left" "$(left $i)" 0
done
fettle deploy --yes >"$T/again.out" 2>&1
is "a second deployment has nothing to do" "$?" 3

# ---- the report
fettle report --format csv -o "$T/report.csv"
is "the report has each task" "$(grep -c '^' "$T/report.csv")" "$(($(fettle status last --format json | jq '.tasks | length') + 1))"
done_testing
