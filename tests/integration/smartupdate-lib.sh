# smartupdate-lib.sh - two real nodes and an SPP's folders, for tests of smartupdate.
# Sourced behind tap.sh.
# SPDX-License-Identifier: Apache-2.0
requires jq dpkg-deb ip sshd unshare
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
. "$srcdir/lab/lab.sh"

export FETTLE_STATE_DIR=$T/state XDG_CONFIG_HOME=$T/config
unset SSH_AUTH_SOCK
at_exit 'lab_controller fettle service stop --force >/dev/null 2>&1; stop_service; lab_down'
stop_service () { local p; p=$(jq -r .pid "$FETTLE_STATE_DIR/service.json" 2>/dev/null); [ -z "$p" ] || kill -9 "$p" 2>/dev/null; }
fettle () { lab_controller fettle "$@"; }
# SUM's logs are below /var/log: each line runs with one of the test's own.
mkdir "$T/varlog"
smartupdate () {
  lab_controller unshare -m sh -c 'mount --bind "$0" /var/log && cd "$1" && shift && exec smartupdate "$@"' \
    "$T/varlog" "$folder" "$@"
}
folder=$T
# run STATUS WHAT WORD...: this line, this exit code.
run () {
  local status=$1 what=$2 got=0; shift 2
  smartupdate "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
  [ "$got" = "$status" ] || sed 's/^/# /' "$T/out" "$T/err"
  is "$what: exit code" "$got" "$status"
}
has () { lab_exec "$1" dpkg-query -W -f '${Version}' "$2" 2>/dev/null; }
log () { cat "$T/varlog/sum/$1/sum_log.txt"; }

lab_up 2 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the nodes can't be made: $(tail -n 1 "$T/lab.log")"
[ "$lab_mode" = namespaces ] || skip_all "needs namespaces: SUM's lines have no SSH port"
one=$(lab_address 1) two=$(lab_address 2) password=$(lab_password)

# An SPP's layout: firmware and software in packages/.
firmware () { # NAME VERSION FOLDER
  lab_build_deb "$1" "$2" "$3" >/dev/null
  printf 'name = "%s";\nversion = "%s";\nformat = "deb";\nkind = "firmware";\nmatch = "deb:%s";\n' "$1" "$2" "$1" \
    >"$3/$1_$2_all.deb.component.cfg"
}
for v in 1.0 2.0 3.0; do
  firmware rom $v "$T/spp$v/packages"
  lab_build_deb tool $v "$T/spp$v/packages" >/dev/null
done
for i in 1 2; do
  for d in "$T"/spp1.0/packages/*.deb; do
    lab_exec $i sh -c 'cat >/tmp/x.deb && dpkg -i /tmp/x.deb >/dev/null && rm /tmp/x.deb' <"$d"
  done
done

