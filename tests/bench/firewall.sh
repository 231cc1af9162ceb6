# firewall.sh - holes for many nodes: derived, opened and closed through
# fettle-gate, against iptables-restore and ipset with as many rules or
# entries, in one run.  Prints figures and ratios; asserts nothing.
#   ./run bash ../tests/bench/firewall.sh [nodes]
# Needs root; works in a network namespace of its own.
#
# SPDX-License-Identifier: Apache-2.0
nodes=${1:-100000}
program=$FETTLE_LIBEXECDIR/../tests/bench/firewall
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
[ -x "$program" ] || { echo "there is no $program: make"; exit 77; }
if [ -z "${in_namespace-}" ]; then
  in_namespace=yes exec unshare --net bash "$0" "$nodes"
fi
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
ip link set lo up

"$program" "$nodes" >"$T/ours" || exit
figure () { sed -n "s/^$1 //p" "$T/ours"; }
cat "$T/ours"

addresses () { awk -v n="$nodes" 'BEGIN { for (i = 0; i < n; i++) printf "10.%d.%d.%d\n", i / 65536 % 256, i / 256 % 256, i % 256 }'; }
measure () { # command...: wall clock in ms
  local before=${EPOCHREALTIME/[.,]/}
  "$@" || return
  echo $(((${EPOCHREALTIME/[.,]/} - before) / 1000))
}
against () { # name, their open, their close
  awk -v name="$1" -v o="$2" -v c="$3" -v our_o="$(figure open_ms)" -v our_c="$(figure close_ms)" 'BEGIN {
    printf "%-24s open %6d ms, %5.2f of ours; close %6d ms, %5.2f of ours\n", name, o, o / our_o, c, c / our_c }'
}

for kind in nft legacy; do
  restore=iptables-$kind-restore
  command -v "$restore" >/dev/null || { echo "no $restore"; continue; }
  { echo '*filter'; addresses | sed 's|.*|-A INPUT -s &/32 -p tcp --dport 63001 -j ACCEPT|'; echo COMMIT; } >"$T/add"
  printf '*filter\n:INPUT ACCEPT\nCOMMIT\n' >"$T/empty"
  open=$(measure "$restore" "$T/add") && close=$(measure "$restore" "$T/empty") && against "$restore" "$open" "$close"
done
if command -v ipset >/dev/null; then
  { echo "create fettle hash:ip,port timeout 600 maxelem 1048576"
    addresses | sed 's|.*|add fettle &,tcp:63001|'; } >"$T/add"
  addresses | sed 's|.*|del fettle &,tcp:63001|' >"$T/del"
  open=$(measure ipset restore -file "$T/add") && close=$(measure ipset restore -file "$T/del") &&
    against "ipset restore" "$open" "$close"
  ipset destroy fettle
fi
