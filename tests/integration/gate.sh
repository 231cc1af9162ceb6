# The firewall of this host: who gets through, with which rules of the host's
# own, on every kind of address; what is left afterwards.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/gate-net.sh"
net_up || skip_all "the listener doesn't start"

# ---- A host that drops, and hasn't been set up.
host_policy
ruleset >"$T/before"
holes_up auto
is "nftables is chosen" "$backend" "nftables"
ok "ports are shut" holes gate tcp/63001,tcp/63002,udp/137
ok "a lease is taken" holes take n1 60 10.1.0.2 tcp 63001
is "without the rule a hole is no use" "$(probe n1 tcp 10.2.0.2 63001)" timeout
like "the user is told what is in the way" "$(cat "$T/notices")" \
  'chain input of table inet host drops packets to port 63001/tcp even if they have our mark, by its policy'
like "and exactly what to add" "$(cat "$T/notices")" \
  "nft insert rule inet host input 'meta mark & 0x00100000 == 0x00100000 accept comment \"fettle\"'"
like "arrived, but not passed" "$(holes trace 10.1.0.2 tcp 63001)" 'arrived=[1-9][0-9]* refused=0 passed=0'
mend=$(holes look | sed -n "2s/; and to keep it.*//p")
ok "what it says to type works" srv sh -c "$mend"
is "nothing is in the way any more" "$(holes look)" ""

# ---- With the one rule.
is "the node gets through" "$(probe n1 tcp 10.2.0.2 63001)" open
is "another node doesn't" "$(probe n2 tcp 10.2.0.2 63001)" timeout
is "another port doesn't" "$(probe n1 tcp 10.2.0.2 63002)" timeout
like "it has passed now" "$(holes trace 10.1.0.2 tcp 63001)" 'passed=[1-9]'
like "the other was refused" "$(holes trace 10.3.0.2 tcp 63001)" 'arrived=[1-9][0-9]* refused=[1-9][0-9]* passed=0'
like "the other is seen" "$(holes seen)" '10\.3\.0\.2 tcp 63001 packets=[1-9]'
like "status tells who, how long, and counts" "$(holes status)" \
  '^n1 10\.1\.0\.2 63001-63001 open packets=[1-9][0-9]* left=[1-4] a test$'
not_ok "nobody else can add to the table" \
  srv nft add element inet fettle open4 '{ 10.3.0.2 . tcp . 63001 timeout 9s }'
srv "$gate" --undo-setup >"$T/undone"
like "undo-setup takes that rule away" "$(cat "$T/undone")" '^delete rule inet host input handle'
is "and nothing else" "$(srv "$gate" --undo-setup; ruleset | sed '/^table inet fettle/,/^}/d')" "$(cat "$T/before")"

# ---- Others reload their rules.
host_policy "$MARK"
is "flush ruleset by others leaves holes open" "$(probe n1 tcp 10.2.0.2 63001)" open
is "and shut what is shut" "$(probe n2 tcp 10.2.0.2 63001)" timeout

# ---- Kinds of addresses and protocols.
ok "an IPv6 hole" holes take n1v6 60 fd00:1::2 tcp 63001
is "IPv6: the node gets through" "$(probe n1 tcp fd00:2::2 63001)" open
is "IPv6: another doesn't" "$(probe n2 tcp fd00:2::2 63001)" timeout
is "link-local: not without a hole" "$(probe rtr tcp fe80::2%rs 63001)" timeout
ok "a link-local hole" holes take linklocal 60 fe80::1%e0 tcp 63001
is "link-local: the node gets through" "$(probe rtr tcp fe80::2%rs 63001)" open
like "a link-local address without its interface is refused" "$(holes take x 60 fe80::1 tcp 63001)" \
  'failed: config: fe80::1 is a link-local address: it needs its interface'
ok "a v4-mapped address" holes take mapped 60 ::ffff:10.3.0.2 tcp 63001
is "v4-mapped: the node gets through" "$(probe n2 tcp 10.2.0.2 63001)" open
like "v4-mapped is IPv4" "$(holes status)" '^mapped 10\.3\.0\.2 63001-63001 open'
ok "it is given back" holes give mapped
is "v4-mapped: shut again" "$(probe n2 tcp 10.2.0.2 63001)" timeout
is "UDP 137: not without a hole" "$(probe n1 udp 10.2.0.2 137)" timeout
ok "UDP 137 and 138 in one hole" holes gate tcp/63001,tcp/63002,tcp/63010-63041,udp/137-138
ok "it is opened" holes take netbios 60 10.1.0.2 udp 137-138
is "UDP 137: the node gets through" "$(probe n1 udp 10.2.0.2 137)" open
ok "a range of 32 ports" holes take data 60 10.1.0.2 tcp 63010-63041
is "one of them" "$(probe n1 tcp 10.2.0.2 63010)" open
like "a port that wasn't asked for can't be opened" "$(holes take x 60 10.1.0.2 tcp 22)" \
  'failed: rejected: port 22 is not among'
like "nor shut" "$(holes gate tcp/22)" 'failed: rejected: ports 22-22 are not among those'
is "a lease that failed isn't there" "$(holes status | grep -c '^x ')" 0

# ---- Time.
ok "two leases of one hole" holes take twin 60 10.1.0.2 tcp 63001
ok "the first is given back" holes give n1
is "the second keeps it open" "$(probe n1 tcp 10.2.0.2 63001)" open
ok "the second is given back" holes give twin
is "then it is shut" "$(probe n1 tcp 10.2.0.2 63001)" timeout
ok "a lease longer than a hole lives in the kernel" holes take long 12 10.1.0.2 tcp 63001
mkfifo "$T/hold"
probe n1 hold 10.2.0.2 63001 <"$T/hold" >"$T/held" 2>&1 &
held=$!
exec 9>"$T/hold"
ok "a connection is up" soon grep -q up "$T/held"
sleep 5
is "the hole is prolonged" "$(probe n1 tcp 10.2.0.2 63001)" open
ok "the lease ends by itself" soon sh -c "grep -q 'journal: expired long' '$T/notices'"
sleep 1
echo >&9
wait $held
is "a live connection is cut with it" "$(tail -n 1 "$T/held")" cut
exec 9>&-
is "and no new one gets in" "$(probe n1 tcp 10.2.0.2 63001)" timeout

# ---- A node behind NAT.
ok "a lease for a node" holes take nat 60 10.1.0.2 tcp 63001
rtr nft -f - <<X
table ip nat {
  chain post { type nat hook postrouting priority 100; ip saddr 10.1.0.0/24 oifname "rs" masquerade; }
}
X
is "behind NAT it doesn't get through" "$(probe n1 tcp 10.2.0.2 63001)" timeout
like "its address as we see it is told" "$(holes seen)" '^10\.2\.0\.1 tcp 63001'
rtr nft delete table ip nat

# ---- What is left.
host_policy
holes_down
ok "our table goes with us" soon sh -c "! ip netns exec $N-srv nft list table inet fettle"
is "the rules are as before, to the byte" "$(ruleset)" "$(cat "$T/before")"

# ---- A host without any policy.
srv nft flush ruleset
is "an open host is open" "$(probe n2 tcp 10.2.0.2 63001)" open
: >"$T/notices"
holes_up nftables
holes gate tcp/63001 && holes take n1 60 10.1.0.2 tcp 63001
is "there is nothing to complain about" "$(grep notice "$T/notices")" ""
is "a node with a lease gets through" "$(probe n1 tcp 10.2.0.2 63001)" open
is "others are dropped" "$(probe n2 tcp 10.2.0.2 63001)" timeout
is "over IPv6, too" "$(probe n2 tcp fd00:2::2 63001)" timeout
is "ports that aren't ours are let alone" "$(probe n2 tcp 10.2.0.2 63002)" open
is "this host reaches itself" "$(probe srv tcp 10.2.0.2 63001)" open
like "a second service is refused" "$(srv "$gate" --check 2>&1)" 'belongs to another fettle-gate'
holes_down
is "nothing is left" "$(ruleset)" ""
like "without rights it says what it needs" \
  "$(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$gate" --check 2>&1)" \
  'needs the capability CAP_NET_ADMIN'

done_testing
