# check-lib.sh - a server, a router and nodes, each in a network namespace of
# its own, for the tests of the check.  Sourced behind tap.sh.
#
#   net_up NODE...       makes them; node I has 10.81.(I+10).2 behind the router,
#                        the server 10.81.1.2, the router 10.81.1.1 and 10.81.(I+10).1
#   server command...    in the server's namespace; router, node NAME likewise
#   net_up6 NODE...      after it: IPv6 as well, fd81:N::2 for 10.81.N.2 and so on
#   address NAME         of a node; address6 NAME
#   node_sshd NAME       a real OpenSSH server in it, root by the key $T/key
#   listen_at NAME PORT  something that accepts connections there
#
# The namespaces are $NET-server, $NET-router, $NET-NAME; all that runs in them
# goes with them.
#
# SPDX-License-Identifier: Apache-2.0
requires ip nft sshd ssh-keygen jq python3
[ "$(id -u)" = 0 ] || skip_all "needs root, to make network namespaces"

NET=fck$$
ip netns add "$NET-server" 2>/dev/null || skip_all "network namespaces can't be made here"

net_down () {
  local n
  for n in $(ip netns list 2>/dev/null | awk -v id="$NET" 'index ($1, id "-") == 1 { print $1 }'); do
    ip netns pids "$n" 2>/dev/null | xargs -r kill -9 2>/dev/null
    ip netns del "$n" 2>/dev/null
  done
}
at_exit net_down

in_net () { local n=$1; shift; ip netns exec "$NET-$n" "$@"; }
server () { in_net server "$@"; }
router () { in_net router "$@"; }
node () { in_net "$@"; }

net_up () {
  local n i=0
  nodes=("$@")
  ip netns add "$NET-router"
  server ip link set lo up; router ip link set lo up
  ip link add eth0 netns "$NET-server" type veth peer name s0 netns "$NET-router"
  server ip addr add 10.81.1.2/24 dev eth0; server ip link set eth0 up
  router ip addr add 10.81.1.1/24 dev s0; router ip link set s0 up
  router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
  server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
  for n; do
    i=$((i + 1))
    ip netns add "$NET-$n"
    node "$n" ip link set lo up
    ip link add eth0 netns "$NET-$n" type veth peer name "$n" netns "$NET-router"
    node "$n" ip addr add "10.81.$((i + 10)).2/24" dev eth0
    node "$n" ip link set eth0 up
    node "$n" ip route add default via "10.81.$((i + 10)).1"
    router ip addr add "10.81.$((i + 10)).1/24" dev "$n"
    router ip link set "$n" up
    router sysctl -qw "net.ipv4.conf.$n.rp_filter=0"
    server ip route add "10.81.$((i + 10)).0/24" via 10.81.1.1
    eval "address_$n=10.81.$((i + 10)).2"
  done
}

address () { eval "echo \"\$address_$1\""; }
address6 () { address "$1" | sed 's/^10\.81\.\([0-9]*\)\.2$/fd81:\1::2/'; }

net_up6 () {
  local n i=10
  router sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0
  server ip addr add fd81:1::2/64 dev eth0 nodad; router ip addr add fd81:1::1/64 dev s0 nodad
  for n; do
    i=$((i + 1))
    node "$n" ip addr add "fd81:$i::2/64" dev eth0 nodad
    router ip addr add "fd81:$i::1/64" dev "$n" nodad
    node "$n" ip route add default via "fd81:$i::1"
    server ip route add "fd81:$i::/64" via fd81:1::1
  done
}

ssh-keygen -q -t ed25519 -N '' -f "$T/key"
ssh-keygen -q -t ed25519 -N '' -f "$T/hostkey"
chmod 711 "$T"; cp "$T/key.pub" "$T/authorized"; chmod 644 "$T/authorized"
mkdir -p /run/sshd

node_sshd () { # NAME [PORT]
  cat >"$T/sshd-$1" <<C
Port ${2:-22}
HostKey $T/hostkey
PidFile none
AuthorizedKeysFile $T/authorized
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
C
  # An empty home: what a developer's shell does at its start takes seconds.
  node "$1" unshare -m sh -c 'mount -t tmpfs none /root && chmod 700 /root && exec "$@"' sh \
    "$(command -v sshd)" -D -e -f "$T/sshd-$1" >>"$T/sshd-$1.log" 2>&1 &
}

cat >"$T/listen.py" <<'P'
import socket, sys
s = socket.socket (); s.setsockopt (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind (("", int (sys.argv[1]))); s.listen (16)
while True:
    c, _ = s.accept ()
    if len (sys.argv) > 2: c.sendall ((sys.argv[2] + "\r\n").encode ())
    c.close ()
P
listen_at () { # NAME PORT [GREETING]
  node "$1" python3 "$T/listen.py" "${@:2}" >/dev/null 2>&1 &
}

ready () { # NAME PORT: waits until something listens there
  local i
  for i in $(seq 100); do
    node "$1" ss -Hltn "sport = :$2" | grep -q . && return
    sleep 0.05
  done
}

# ---- Fettle on the server

export FETTLE_STATE_DIR=$T/state FETTLE_PLUGINDIR=$builddir/plugins/.libs:${FETTLE_PLUGINDIR-}
# The state is root's, and the worker's user may read the plugins.
stop_fettle () {
  local p
  p=$(jq -r .pid "$FETTLE_STATE_DIR/service.json" 2>/dev/null)
  [ -z "$p" ] || kill -9 "$p" 2>/dev/null
}
at_exit stop_fettle
fettle () { server fettle "$@"; }
add_node () { # NAME [OPTION...]
  local n=$1; shift
  fettle --quiet node add "$("${address_of-address}" "$n")" --name "$n" --type backcall --user root --key "$T/key" "$@"
}

# The check's verdict: row NODE DIRECTION PORT
row () {
  jq -r --arg n "$1" --arg d "$2" --argjson p "$3" \
    '.tasks[] | select (.name == $n and .check.direction == $d and .check.port == $p) | .check' "$T/check.json"
}
verdict () { row "$@" | jq -r .verdict; }
sentence () { row "$@" | jq -r '.sentence + " -- " + (.mend // "")'; }

# A baseline of one component, whose deployment is the node's setting "command".
make_baseline () { # FOLDER
  mkdir -p "$1"
  echo "x" >"$1/errand.bin"
  cat >"$1/errand.bin.component.cfg" <<'C'
name = "errand"; version = "1"; format = "raw"; kind = "firmware"; match = "errand";
install_missing = true; node_types = [ "backcall", "mute" ];
C
}
