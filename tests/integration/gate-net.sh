# gate-net.sh - network namespaces for tests of the firewall: source it after
# tap.sh.  They are removed when the script ends.
#
#   $N-n1 10.1.0.2 fd00:1::2 --- $N-rtr --- 10.2.0.2 fd00:2::2 fe80::2 $N-srv
#   $N-n2 10.3.0.2 fd00:3::2 ---/  |
#                 10.2.0.1 fd00:2::1 fe80::1
#
#   net_up              makes them, with a listener in srv (TCP 63001 63002 63010, UDP 137 63001)
#   probe n1 tcp ADDRESS PORT     see gate-probe.py
#   srv COMMAND, rtr COMMAND      run there
#   holes_up [BACKEND [SOCKET]]   starts gate-holes in srv; $backend, $holes_pid
#   holes COMMAND...              its answer, without the last line if that is ok
#   holes_down                    ends it by closing its input
#   host_policy [RULE]            a foreign policy "drop" in srv, and this rule in it
#   ruleset                       of srv, without ours and without what changes by itself
#
# SPDX-License-Identifier: Apache-2.0
[ "$(id -u)" = 0 ] || skip_all "needs root"
requires ip nft python3 unshare
N=fg$$
gate=$FETTLE_LIBEXECDIR/fettle-gate
[ -x "$gate" ] || skip_all "fettle-gate wasn't built: no libnftables"
unshare -n nft list ruleset >/dev/null 2>&1 || skip_all "no nftables in this kernel"
# The interpreter itself, not what finds it; other users must be able to run it, too.
python=$(PATH=/usr/bin:/bin:$PATH python3 -c 'import sys; print (sys.executable)')
srcint=$srcdir/integration
MARK="meta mark & 0x00100000 == 0x00100000 accept"

srv () { ip netns exec "$N-srv" "$@"; }
rtr () { ip netns exec "$N-rtr" "$@"; }
probe () { local ns=$1; shift; ip netns exec "$N-$ns" "$python" "$srcint/gate-probe.py" "$@"; }
ruleset () { srv nft -s list ruleset; }

net_down () {
  local n p
  for n in srv rtr n1 n2; do
    for p in $(ip netns pids "$N-$n" 2>/dev/null); do kill -9 "$p" 2>/dev/null; done
    ip netns del "$N-$n" 2>/dev/null
  done
}

link () { # interface namespace interface namespace IPv4 IPv4 IPv6 IPv6
  ip link add "$1" netns "$N-$2" type veth peer name "$3" netns "$N-$4"
  ip -n "$N-$2" link set "$1" up; ip -n "$N-$4" link set "$3" up
  ip -n "$N-$2" addr add "$5/24" dev "$1"; ip -n "$N-$4" addr add "$6/24" dev "$3"
  ip -n "$N-$2" addr add "$7/64" dev "$1" nodad; ip -n "$N-$4" addr add "$8/64" dev "$3" nodad
  ip -n "$N-$2" route add default via "$6"; ip -n "$N-$2" route add default via "$8"
}

net_up () {
  local n line
  at_exit net_down
  for n in srv rtr n1 n2; do
    ip netns add "$N-$n" || skip_all "no network namespaces here"
    ip -n "$N-$n" link set lo up
  done
  link e0 srv rs rtr 10.2.0.2 10.2.0.1 fd00:2::2 fd00:2::1
  link e0 n1 r1 rtr 10.1.0.2 10.1.0.1 fd00:1::2 fd00:1::1
  link e0 n2 r2 rtr 10.3.0.2 10.3.0.1 fd00:3::2 fd00:3::1
  ip -n "$N-srv" addr add fe80::2/64 dev e0 nodad
  ip -n "$N-rtr" addr add fe80::1/64 dev rs nodad
  rtr sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  ip netns exec "$N-srv" "$python" "$srcint/gate-probe.py" listen \
    tcp/63001 tcp/63002 tcp/63010 udp/137 udp/63001 >"$T/listener" 2>&1 &
  soon grep -q ready "$T/listener"
}

holes_up () {
  rm -f "$T/to" "$T/from"
  mkfifo "$T/to" "$T/from"
  ip netns exec "$N-srv" "$builddir/integration/gate-holes" "$@" <"$T/to" >"$T/from" 2>>"$T/notices" &
  holes_pid=$!
  exec 8>"$T/to" 7<"$T/from"
  read -r -t 10 backend <&7
}

holes () {
  local line
  echo "$*" >&8
  while read -r -t 10 line <&7; do
    case $line in
      ok) return 0 ;;
      failed:*) echo "$line"; return 1 ;;
    esac
    echo "$line"
  done
  echo "no answer"
  return 1
}

holes_down () {
  exec 7<&- 8>&-
  wait "$holes_pid" 2>/dev/null
}

gate_pid () { pgrep -P "$holes_pid" -x fettle-gate; }

host_policy () {
  srv nft -f - <<X
flush ruleset
table inet host {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    ${1-}
  }
}
X
}
