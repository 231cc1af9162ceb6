# The backend for ufw, with the real one and a folder /etc/ufw of its own.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/firewall-lib.sh"
requires ufw nft
private /etc/ufw; private /etc/default
sed -i 's/^ENABLED=.*/ENABLED=no/' /etc/ufw/ufw.conf
sed -i 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw
like "ufw isn't enabled: it says so" "$(firewall-backend ufw available 2>&1)" "ufw isn't enabled"
node n1; node n2
serve 63001 63002
ufw allow proto tcp from 10.61.2.2 to any port 63002 >/dev/null
ufw --force enable >"$T/enable" 2>&1 || { sed 's/^/# /' "$T/enable"; skip_all "ufw can't be enabled here"; }
ports="-p tcp/63001-63002"
# The lines of files, and what the kernel has, but for ufw's counters of lines.
state () { ufw status; cat /etc/ufw/*.rules; nft -s list ruleset 2>/dev/null; iptables-save | sed '/^#/d; s/\[.*\]//'; }
ufw reload >/dev/null # since a first "enable" makes other rules than a reload
state >"$T/before"

ok "it is there" firewall-backend ufw available
like "auto takes it, if there is no firewalld" "$(firewall-backend auto choose)" '^(ufw|firewalld)$'
# shellcheck disable=SC2086
backend ufw $ports
ask settle; is "settles" "$line" "settle ok"
ok "no hole: the node can't connect" cannot_reach n1 10.61.1.1 63001
ask open 10.61.1.2 tcp 63001 60 "node'1"; is "opens" "$line" "open ok"
ok "the node gets through" soon reaches n1 10.61.1.1 63001
ok "to no other port" cannot_reach n1 10.61.1.1 63002
ok "and no other node" cannot_reach n2 10.61.2.1 63001
like "it has a comment" "$(ufw show added)" "^ufw allow from 10.61.1.2 to any port 63001 proto tcp comment 'fettle:node_1'$"
ask open fd61:1::2 tcp 63001-63002 60 n1
ok "IPv6, some ports" soon reaches n1 fd61:1::1 63002
ask open 10.61.1.2 tcp 63001 60 n1; is "opens once more" "$line" "open ok"
is "and there is one rule" "$(ufw show added | grep -c 10.61.1.2)" 1
ufw reload >/dev/null
ok "after ufw reload the hole is there" soon reaches n1 10.61.1.1 63001
ask open 10.61.2.2 tcp 63002 60 n2
is "an administrator's same rule keeps its words" "$(ufw show added | grep 10.61.2.2)" \
  "ufw allow from 10.61.2.2 to any port 63002 proto tcp"
ask close 10.61.2.2 tcp 63002
ok "and stays when ours is closed" soon reaches n2 10.61.2.1 63002
ask close 10.61.1.2 tcp 63001; is "closes" "$line" "close ok"
ok "closed" cannot_reach n1 10.61.1.1 63001
ask open 10.61.1.2 tcp 63002 2 n1
ok "a short one" soon reaches n1 10.61.1.1 63002
ok "closes by itself" soon cannot_reach n1 10.61.1.1 63002
ask gate; like "it can't shut ports by itself" "$line" "^gate unsupported"
ask look; is "nothing stands in the way" "$line" "look ok"
tell describe; answer; like "by hand" "$line" "^ufw allow from fd61:1::2 to any port 63001:63002 proto tcp comment 'fettle:n1'$"
quit
ok "at the end its rules go" soon sh -c '! ufw show added | grep -q fettle'
sleep 0.3
is "and everything is as before" "$(diff "$T/before" <(state))" ""

# A crash.
backend ufw
ask open 10.61.1.2 tcp 63001 600 n1
die
ok "killed: the rule stays" soon reaches n1 10.61.1.1 63001
backend ufw
ask settle; is "the next start settles" "$line" "settle ok"
is "and everything is as before" "$(diff "$T/before" <(state))" ""
quit

# For many: the mark.
like "setup shows what it would do" "$(firewall-backend ufw show-setup)" '^-A ufw6-before-input -m mark --mark 0x00100000/0x00100000 -j ACCEPT$'
is "and does nothing" "$(diff "$T/before" <(state))" ""
ok "setup" firewall-backend ufw setup
is "once" "$(firewall-backend ufw setup)" ""
if [ -x "$builddir/../core/fettle-gate" ]; then
  # shellcheck disable=SC2086
  backend ufw $ports
  ask settle; is "settles, with the mark" "$line" "settle ok"
  ask gate; is "shuts the ports" "$line" "gate ok"
  ask open 10.61.1.2 tcp 63001 60 n1; is "opens, with the mark" "$line" "open ok"
  ok "the node gets through" soon reaches n1 10.61.1.1 63001
  ok "no other node" cannot_reach n2 10.61.2.1 63001
  is "without a rule of ufw" "$(ufw show added | grep -c fettle)" 0
  ask open fd61:1::2 tcp 63002 60 n1
  ok "IPv6" soon reaches n1 fd61:1::1 63002
  ufw reload >/dev/null
  ok "after ufw reload it is there" soon reaches n1 10.61.1.1 63001
  ask look; is "nothing stands in the way" "$line" "look ok"
  ask close 10.61.1.2 tcp 63001
  ok "closed" cannot_reach n1 10.61.1.1 63001
  quit
else
  skip "the mark's table" "built without libnftables"
fi
ok "undo-setup" firewall-backend ufw undo-setup
is "everything is as before" "$(diff "$T/before" <(state))" ""
ufw --force disable >/dev/null
done_testing
