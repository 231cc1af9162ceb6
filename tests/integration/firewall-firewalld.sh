# The backend for firewalld, with the real one on a bus of its own.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/firewall-lib.sh"
requires firewalld firewall-cmd dbus-daemon nft
firewall-backend firewalld available 2>"$T/why" ; grep -q 'there is no backend' "$T/why" &&
  skip_all "built without libsystemd"

firewalld_private
zones () { for z in public work dmz; do firewall-cmd --zone=$z --list-all; done; }
state () { zones; nft -s list ruleset; }
settled () { answer 10; [ "${line%% *}" = lost ] || echo "got: $line"; answer 20; }

node n1; node n2; node n3
serve 63001 63002 63010
start_bus
like "without firewalld, it says so" "$(firewall-backend firewalld available 2>&1)" "firewalld doesn't run"
start_firewalld || { sed 's/^/# /' "$T"/firewalld.*; skip_all "firewalld doesn't start here"; }
firewall-cmd -q --zone=work --change-interface=n2
firewall-cmd -q --zone=dmz --add-source=10.61.3.0/24
state >"$T/before"

ok "it is there" firewall-backend firewalld available
is "and is what auto takes" "$(firewall-backend auto choose | head -n 1)" firewalld

backend firewalld
ask settle; is "settles" "$line" "settle ok"
ok "no hole: the node can't connect" cannot_reach n1 10.61.1.1 63001
ask open 10.61.1.2 tcp 63001 60 n1; is "opens" "$line" "open ok"
ok "the node gets through" soon reaches n1 10.61.1.1 63001
ok "to no other port" cannot_reach n1 10.61.1.1 63002
ok "and no other node" cannot_reach n2 10.61.2.1 63001
like "the rule is in the default zone" "$(firewall-cmd --zone=public --list-rich-rules)" \
  '^rule priority="30630" family="ipv4" source address="10.61.1.2" port port="63001" protocol="tcp" accept$'
ask open 10.61.1.2 tcp 63001 60 n1; is "opens once more" "$line" "open ok"
is "and there is one rule, with its new time" "$(firewall-cmd --zone=public --list-rich-rules)" \
  'rule priority="30631" family="ipv4" source address="10.61.1.2" port port="63001" protocol="tcp" accept'
ask open 10.61.2.2 tcp 63002-63010 60 n2
ask open 10.61.3.2 tcp 63001 60 n3
ok "ports from-to, in the zone of the interface" soon reaches n2 10.61.2.1 63010
like "(that is: work)" "$(firewall-cmd --zone=work --list-rich-rules)" 'source address="10.61.2.2"'
ok "in the zone of the source" soon reaches n3 10.61.3.1 63001
like "(that is: dmz)" "$(firewall-cmd --zone=dmz --list-rich-rules)" 'source address="10.61.3.2"'
ask open fd61:1::2 tcp 63001 60 n1
ok "IPv6" soon reaches n1 fd61:1::1 63001
ok "IPv6: no other port" cannot_reach n1 fd61:1::1 63002
tell status
answer; like "status: open" "$line" '^hole 10.61.1.2 63001 open 0 [56][0-9]$'
answer; answer; answer; answer

quit
state >"$T/after"
is "at the end, everything is as before" "$(diff "$T/before" "$T/after")" ""

# A crash.
backend firewalld
ask open 10.61.1.2 tcp 63001 600 n1
ask open 10.61.2.2 tcp 63001 600 n2
die
ok "killed: the hole stays until its time" soon reaches n1 10.61.1.1 63001
firewall-cmd -q --runtime-to-permanent
backend firewalld
ask settle; is "the next start settles" "$line" "settle ok"
ok "what a former life left is gone" cannot_reach n1 10.61.1.1 63001
quit
state >"$T/after"
is "and everything is as before" "$(diff "$T/before" "$T/after")" ""
is "also what somebody made permanent" "$(grep -l 'priority="3063' /etc/firewalld/zones/*.xml)" ""

# Others reload, stop, start, move.
backend firewalld
ask open 10.61.1.2 tcp 63001 60 n1
ask open 10.61.2.2 tcp 63002-63010 60 n2
ask open fd61:1::2 tcp 63001 60 n1
firewall-cmd -q --reload
ok "after a reload the hole is there" soon reaches n1 10.61.1.1 63001
settled; is "which was said" "$line" "settled ok"
firewall-cmd -q --zone=work --change-interface=n1
settled
ok "an interface changed its zone: the hole moved with it" soon reaches n1 10.61.1.1 63001
is "and left the old one" "$(firewall-cmd --zone=public --list-rich-rules)" ""
firewall-cmd -q --reload
settled
kill -9 $firewalld; wait $firewalld 2>/dev/null
ask open 10.61.1.2 tcp 63002 60 n1; like "firewalld is killed: opening fails and says why" "$line" "^open service firewalld"
start_firewalld
ok "it is started again: the holes are there" soon reaches n1 10.61.1.1 63001
settled; is "which was said, too" "$line" "settled ok"
ok "with what was wanted meanwhile" soon reaches n1 10.61.1.1 63002
is "and no rule of the one that was killed" "$(nft list ruleset | grep -c 'ip saddr 10.61.1.2 tcp dport 63001 accept')" 1
kill $bus; wait $bus 2>/dev/null; kill $firewalld 2>/dev/null; wait $firewalld 2>/dev/null
start_bus; start_firewalld
ok "the bus was started again: the holes are there" soon reaches n1 10.61.1.1 63001
settled
for h in "10.61.1.2 tcp 63001" "10.61.2.2 tcp 63002-63010" "fd61:1::2 tcp 63001"; do ask close $h; done
is "closes" "$line" "close ok"
ok "one hole is left, and open" soon reaches n1 10.61.1.1 63002
ok "what was closed is" cannot_reach n1 10.61.1.1 63001
ask open 10.61.1.2 tcp 63002 2 n1
ok "a short one" soon reaches n1 10.61.1.1 63002
ok "closes by itself" soon cannot_reach n1 10.61.1.1 63002
ask look; is "nothing stands in the way" "$line" "look ok"
firewall-cmd -q --panic-on; ask look
like "but panic mode" "$line" "panic mode.*; firewall-cmd --panic-off"; answer
firewall-cmd -q --panic-off
tell describe; answer
like "the same by hand" "$line" "^firewall-cmd --zone=.* --timeout=2s --add-rich-rule='rule .*10.61.1.2"
answer
quit
zones >"$T/after"
is "at the end, the zones are as before" "$(diff <(head -n 1000 "$T/before" | sed '/^table/,$d') "$T/after")" ""
kill $firewalld $bus; wait $firewalld $bus
done_testing
