# firewall-lib.sh - this host and nodes n1, n2, n3 in namespaces, for tests of
# firewall backends.  Source it before anything else:
#
#   . "$srcdir/integration/firewall-lib.sh"
#   node n1                     makes it: 10.61.1.2 and fd61:1::2; we are .1 and ::1, on interface n1
#   serve 63001 63002           something answers on these TCP ports
#   reaches n1 10.61.1.1 63001  can it connect?  cannot_reach: not so
#   backend NAME                starts firewall-backend; tell CMD; answer: waits for a line
#   private /etc/ufw            a copy of the folder is there, for this test alone
#
# The script runs in network, mount and process namespaces of its own: nothing
# of it is seen outside, and all of it ends with the script, however that ends.
# SPDX-License-Identifier: Apache-2.0
if [ -z "${FETTLE_FW_INSIDE-}" ]; then
  if ! unshare -n -m -p -f --mount-proc true 2>/dev/null; then
    echo "1..0 # SKIP needs root, for namespaces"
    exit 0
  fi
  FETTLE_FW_INSIDE=1 exec unshare -n -m -p -f --mount-proc --kill-child bash "$0"
fi
mount -t tmpfs fettle-test /mnt && mount -t tmpfs fettle-test /run || exit 1
# shellcheck disable=SC2034
TMPDIR=/mnt LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export TMPDIR LC_ALL PYTHONDONTWRITEBYTECODE
. "$srcdir/tap.sh"
requires ip python3 timeout
ip link set lo up

private () {
  mkdir -p "$T/private$1"
  cp -a "$1/." "$T/private$1" && mount --bind "$T/private$1" "$1"
}

node () {
  local i=${1#n}
  ip netns add "$1" && ip link add "$1" type veth peer name eth0 netns "$1" || exit 1
  ip addr add "10.61.$i.1/24" dev "$1"; ip -6 addr add "fd61:$i::1/64" dev "$1" nodad
  ip -n "$1" addr add "10.61.$i.2/24" dev eth0; ip -n "$1" -6 addr add "fd61:$i::2/64" dev eth0 nodad
  ip link set "$1" up; ip -n "$1" link set eth0 up; ip -n "$1" link set lo up
  ip -n "$1" route add default via "10.61.$i.1"; ip -n "$1" -6 route add default via "fd61:$i::1"
}

serve () {
  python3 - "$@" <<'PY' &
import socket, sys, selectors
wait = selectors.DefaultSelector()
for port in sys.argv[1:]:
    s = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    wait.register(s, selectors.EVENT_READ)
while True:
    for key, _ in wait.select():
        c, _ = key.fileobj.accept()
        c.close()
PY
  soon bash -c "exec 3<>/dev/tcp/127.0.0.1/${!#}"
}

reaches () { ip netns exec "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$2/$3"; }
cannot_reach () { ! reaches "$@"; }

# backend NAME [WORDS...]: before "run".
backend () {
  rm -f "$T/in"; mkfifo "$T/in"; : >"$T/out"
  firewall-backend "${@:2}" "$1" run <"$T/in" >"$T/out" 2>&1 &
  backend_pid=$!
  exec 9>"$T/in"
  answered=0
}
tell () { echo "$*" >&9; }

# answer [SECONDS]: the next line that isn't a notice, into $line.
answer () {
  local end=$((SECONDS + ${1:-20}))
  while [ "$SECONDS" -lt "$end" ]; do
    line=$(grep -v '^notice' "$T/out" | sed -n "$((answered + 1))p")
    if [ -n "$line" ]; then
      answered=$((answered + 1))
      return 0
    fi
    sleep 0.03
  done
  line="no answer"
}
# ask WORDS...: tells it and waits for the answer.
ask () { tell "$@"; answer; }
# Leaks, too, are a complaint, where it is built with sanitizers.
quit () {
  tell quit; exec 9>&-
  wait "$backend_pid"
  is "the backend ends without complaint" "$? $(grep -A 20 Sanitizer "$T/out")" "0 "
}
die () { kill -9 "$backend_pid"; wait "$backend_pid" 2>/dev/null; exec 9>&-; }
PATH="$builddir/integration:$PATH"

# ---- The real firewalld, on a bus of its own: firewalld_private; start_bus; start_firewalld

firewalld_private () {
  private /etc/firewalld
  export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$T/bus"
  cat >"$T/bus.conf" <<X
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$T/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
</busconfig>
X
}
start_bus () {
  rm -f "$T/bus"
  dbus-daemon --config-file="$T/bus.conf" --nofork --nopidfile 2>>"$T/bus.log" &
  bus=$!
  soon test -S "$T/bus"
}
start_firewalld () {
  firewalld --nofork --nopid --log-file="$T/firewalld.log" 2>>"$T/firewalld.err" &
  firewalld=$!
  soon firewall-cmd --state
}

# ---- The service, with nodes n1 and n2 that "deploy" until $T/go is there.

with_service () {
  local n
  requires sshd ssh-keygen jq fettle-gate
  export FETTLE_STATE_DIR=$T/state FETTLE_PLUGINDIR=$builddir/plugins/.libs:${FETTLE_PLUGINDIR-}
  mkdir -p /run/sshd "$T/base"; chmod 711 "$T"
  ssh-keygen -q -t ed25519 -N '' -f "$T/key"
  ssh-keygen -q -t ed25519 -N '' -f "$T/hostkey"
  install -m 644 "$T/key.pub" "$T/authorized"
  for n in n1 n2; do
    ip netns exec $n "$(command -v sshd)" -D -e -f /dev/null -h "$T/hostkey" -o PidFile=none \
      -o "AuthorizedKeysFile=$T/authorized" -o StrictModes=no -o UsePAM=no -o UseDNS=no 2>>"$T/sshd.log" &
  done
  echo x >"$T/base/errand.bin"
  cat >"$T/base/errand.bin.component.cfg" <<'C'
name = "errand"; version = "1"; format = "raw"; kind = "firmware"; match = "errand";
install_missing = true; node_types = "backcall";
C
  ok "the service starts" fettle service start "$@"
  for n in 1 2; do
    ok "node n$n is added" fettle node add "10.61.$n.2" --name n$n --type backcall --user root --key "$T/key" \
      --setting command="until test -e $T/go; do sleep 0.1; done"
  done
  ok "so is a baseline" fettle baseline add "$T/base" --name base --allow-unsigned
  ok "the nodes are inventoried" fettle inventory
}
restart_service () { fettle service stop --force; fettle service start "$@"; }
service_pid () { jq -r .pid "$FETTLE_STATE_DIR/service.json"; }
begin_deployment () { rm -f "$T/go"; fettle deploy --yes --no-wait --no-check "$@" n1; }
end_deployment () { touch "$T/go"; fettle watch last; }
