# Crashes: of the service, of fettle-gate, of both; on a kernel with owned
# tables and on an old one. No hole is left, nothing of the host's is changed,
# and what is wanted comes back.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/gate-net.sh"
net_up || skip_all "the listener doesn't start"
requires pgrep

no_table () { ! srv nft list table inet fettle >/dev/null 2>&1; }
is_open () { [ "$(probe n1 tcp 10.2.0.2 63001 0.3)" = open ]; }
is_shut () { [ "$(probe n1 tcp 10.2.0.2 63001 0.3)" != open ]; }
begin () {
  holes_up nftables "$@"
  holes gate tcp/63001 && holes take n1 60 10.1.0.2 tcp 63001
}

host_policy "$MARK"
ruleset >"$T/before"

# ---- Each of them, killed.
begin
is "open" "$(probe n1 tcp 10.2.0.2 63001)" open
kill -9 "$(gate_pid)"
ok "fettle-gate killed: nothing is open, or all is open again" soon is_open
like "the service says so" "$(cat "$T/notices")" 'fettle-gate ended, and with it all holes; it is started again'
is "the hole is the wanted one" "$(holes status | cut -d' ' -f1-4)" "n1 10.1.0.2 63001-63001 open"
is "others are shut out again" "$(probe n2 tcp 10.2.0.2 63001)" timeout
kill -STOP "$holes_pid"
kill -9 "$(gate_pid)"
ok "fettle-gate killed and nobody there to start it: shut" soon is_shut
ok "our table is gone" no_table
kill -CONT "$holes_pid"
ok "the service goes on: open" soon is_open

pid=$(gate_pid)
kill -9 "$holes_pid"
ok "the service killed: shut" soon is_shut
ok "our table is gone" no_table
ok "fettle-gate has ended" soon sh -c "! readlink /proc/$pid/exe"
is "the rules are as before, to the byte" "$(ruleset)" "$(cat "$T/before")"
holes_down

begin
pid=$(gate_pid)
kill -9 "$holes_pid" "$pid"
ok "both killed: shut" soon is_shut
ok "our table is gone" no_table
is "the rules are as before, to the byte" "$(ruleset)" "$(cat "$T/before")"
holes_down

begin
kill -TERM "$holes_pid"
wait "$holes_pid"
ok "the service ended: nothing is left when it has" no_table
is "the rules are as before, to the byte" "$(ruleset)" "$(cat "$T/before")"
holes_down

# ---- A fettle-gate of its own, that serves one user.
sock=$T/gate.sock
listen () { ip netns exec "$N-srv" "$gate" --listen "$sock" --allow tcp/63001 "$@" 2>>"$T/gate.log" & listener=$!; soon test -S "$sock"; }
cat >"$T/ask.py" <<'X'
import socket, struct, sys
s = socket.socket (socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect (sys.argv[1])
s.settimeout (2)
try:
    s.send (struct.pack ("=IHHII", 0x46744731, 1, 1, 7, 0))
    print ("answered" if s.recv (1000) else "refused")
except OSError as e:
    print ("refused")
X
chmod 755 "$T"
listen --client nobody
is "its socket is its user's alone" "$(stat -c '%U %a' "$sock")" "nobody 600"
chmod 666 "$sock"
is "another user is refused" "$(setpriv --reuid=1 --regid=1 --clear-groups "$python" - "$sock" <"$T/ask.py")" refused
is "no table is made for that" "$(no_table && echo none)" none
is "its user is answered" \
  "$(setpriv --reuid=65534 --regid=65534 --clear-groups "$python" - "$sock" <"$T/ask.py")" answered
wait "$listener"
is "it ends with its client" "$?" 0
ok "and its table" no_table

# ---- An old kernel: tables without owners, holes that have to be made again.
listen --old-kernel
begin "$sock"
ok "old kernel: open" is_open
like "old kernel: the service says what that means" "$(cat "$T/notices")" 'tables have no owners'
sleep 5
ok "old kernel: holes are prolonged" is_open
host_policy "$MARK"
wait "$listener"
is "old kernel: a flush ruleset by others is noticed" "$?" 255
like "old kernel: and said" "$(cat "$T/gate.log")" 'somebody removed table inet fettle'
listen --old-kernel
ok "old kernel: with the next fettle-gate, holes are open" soon is_open
soon sh -c "ip netns exec $N-srv nft list set inet fettle open4 | grep -q 10.1.0.2"
kill -9 "$holes_pid"
ok "old kernel: the service killed: our table is removed" soon no_table
wait "$listener"
holes_down
listen --old-kernel
begin "$sock"
kill -9 "$listener" "$holes_pid"
wait "$listener" 2>/dev/null
ok "old kernel: both killed: shut when the hole's lifetime ends" soon is_shut
holes_down
listen
begin "$sock"
ok "the next fettle-gate takes over what the last one left" is_open
holes_down
wait "$listener"
is "the rules are as before, to the byte" "$(ruleset)" "$(cat "$T/before")"

done_testing
