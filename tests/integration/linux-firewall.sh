# linux-firewall.sh - a node's own firewall of each kind: opened for us alone,
# and afterwards what it was.
# Plugins: linux
# Sanitizers: no, most of its time is firewalld's; node-firewall.sh runs the same code.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/lab/calls.sh"
lab_packages_wanted="iproute2 nftables iptables ufw firewalld dbus"
requires nft iptables-legacy iptables-nft
lab_or_skip 6
[ "$lab_mode" = namespaces ] || skip_all "network namespaces can't be made: nodes have no firewalls of their own"

in_node () { lab_exec "$1" sh -c "$2"; }

# The nodes' policies let in SSH alone, and out nothing.
nft_up () {
  in_node $1 'nft -f - <<N
table inet site {
  set friends { type ipv4_addr; elements = { 10.99.7.7 }
  }
  chain incoming { type filter hook input priority filter; policy drop;
    iif lo accept
    tcp dport 22 counter accept comment "ssh"
  }
  chain outgoing { type filter hook output priority 10; policy drop;
    oif lo accept
    tcp sport 22 accept
  }
  chain forwarding { type filter hook forward priority filter; policy drop;
  }
}
table ip more {
  chain second { type filter hook input priority 20; policy accept;
    tcp dport { 22, 53 } accept
    counter drop
  }
}
N'
}
ipt_up () { # node, program
  in_node $1 "$2 -A INPUT -i lo -j ACCEPT; $2 -A INPUT -p tcp --dport 22 -j ACCEPT; $2 -P INPUT DROP
    $2 -A OUTPUT -p tcp --sport 22 -m comment --comment 'site: ssh' -j ACCEPT; $2 -A OUTPUT -j REJECT; $2 -N other"
}
ufw_up () {
  in_node $1 'for t in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
      [ -e /usr/sbin/$t ] || ln -s xtables-nft-multi /usr/sbin/$t; done
    cp -n /usr/share/ufw/ufw.conf /usr/share/ufw/iptables/* /etc/ufw/
    ufw allow 22/tcp && ufw default deny outgoing && ufw --force enable' >"$T/ufw.up" 2>&1
}
firewalld_up () {
  in_node $1 'grep -q ^messagebus: /etc/passwd || { echo "messagebus:x:102:102::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
      echo messagebus:x:102: >>/etc/group; }
    mkdir -p /run/dbus; rm -f /run/dbus/pid; dbus-daemon --system --fork
    cat >/etc/firewalld/policies/site.xml <<X
<?xml version="1.0" encoding="utf-8"?>
<policy target="REJECT"><ingress-zone name="HOST"/><egress-zone name="ANY"/></policy>
X
    firewalld --nopid' >"$T/firewalld.up" 2>&1 </dev/null
  soon in_node $1 'firewall-cmd --state' >/dev/null
}

snapshot () { # all that a node says of its firewall, without counters and dates
  in_node $1 'nft -s list ruleset 2>&1
    if grep -q . /proc/net/ip_tables_names; then iptables-legacy-save; fi
    iptables-nft-save | cat
    if [ -s /etc/ufw/ufw.conf ]; then ufw status verbose; ufw show added; cat /etc/ufw/*.rules; fi
    if firewall-cmd --state >/dev/null 2>&1; then
      firewall-cmd --list-all-zones; firewall-cmd --list-all-policies; firewall-cmd --direct --get-all-rules; fi
    find /etc/firewalld /etc/ufw -type f -exec cksum {} + | sort' 2>&1 |
    sed 's/\[[0-9]*:[0-9]*\]//; /^# \(Generated\|Completed\)/d'
}

answered () { grep -q 'refused'; } # nothing listens there, but the packet came through
reaches () { # node: from us, 8081
  lab_controller timeout 1 bash -c "exec 3<>/dev/tcp/$(lab_address $1)/8081" 2>&1 | answered
}
reached () { lab_exec $1 timeout 1 bash -c "exec 3<>/dev/tcp/10.99.0.1/${2-7001}" 2>&1 | answered; }
# From another machine than ours: its address isn't let in.
stranger () {
  lab_controller timeout 1 bash -c "exec 3<>/dev/tcp/$(lab_address $1)/8082" 2>&1 | answered
}

settings="set.firewall_in=8081,9000-9010/udp set.firewall_out=7001"
open () { call $1 firewall_open operation=test-1 $settings "${@:2}"; former=$(sed -n 's/^{"outcome":.*"former":"\([^"]*\)".*/\1/p' "$T/call.$1"); }
restore () { call $1 firewall_restore operation=test-1 argument="$former" "${@:2}"; }

lab_controller nft add rule inet host input tcp dport 7001-7002 accept

cycle () { # node, name, what the log names
  snapshot $1 >"$T/before.$1"
  not_ok "$2: the node can't be reached at 8081" reaches $1
  not_ok "$2: nor reach us" reached $1
  open $1
  answers 0 '' "$2: opening"
  like "$2: the log says what was opened" "$log" "the node's firewall .*$3.* is open for 10.99.0.1, in tcp:8081 udp:9000-9010, out tcp:7001"
  ok "$2: now the node can be reached" soon reaches $1
  ok "$2: and reaches us" soon reached $1
  not_ok "$2: at another port it can't" stranger $1
  not_ok "$2: nor reach another port of ours" reached $1 7002
  first=$former
  snapshot $1 >"$T/open.$1"
  open $1 user=admin sudo="$(lab_password)"
  answers 0 '' "$2: opening twice, by sudo"
  is "$2: the former state is the same" "$former" "$first"
  ok "$2: it is still open" soon reached $1
  snapshot $1 >"$T/open2.$1"
  is "$2: nothing piled up" "$(wc -l <"$T/open2.$1")" "$(wc -l <"$T/open.$1")"
  restore $1
  answers 0 '' "$2: restoring"
  like "$2: the log says that it is as it was" "$log" "firewall is as it was"
  snapshot $1 >"$T/after.$1"
  ok "$2: it is, to the letter" diff "$T/before.$1" "$T/after.$1"
  not_ok "$2: the node can't reach us any more" reached $1
  restore $1
  answers 0 '' "$2: restoring twice"
  snapshot $1 >"$T/after.$1"
  ok "$2: nothing more has changed" diff "$T/before.$1" "$T/after.$1"
}

nft_up 1
cycle 1 nftables nftables
ipt_up 2 iptables-legacy
cycle 2 "iptables, legacy" iptables-legacy
ipt_up 3 iptables-nft
cycle 3 "iptables on nftables" iptables-nft
if ufw_up 4; then cycle 4 ufw iptables; else skip "ufw" "it doesn't start here: $(tail -n 1 "$T/ufw.up")"; fi
if firewalld_up 5; then cycle 5 firewalld firewalld; else skip "firewalld" "it doesn't start here: $(tail -n 1 "$T/firewalld.up")"; fi

# ---- what isn't in the way, and what isn't ours

open 6
answers 0 '' "a node without a firewall"
like "the log says so" "$log" 'no firewall in the way'
is "nothing is left there" "$(in_node 6 'nft list ruleset')" ""
call 6 firewall_open
answers 0 '' "nothing is asked for"
is "so nothing is done" "$(grep -c host_key "$T/call.6")" 0
call 6 firewall_open set.firewall_out=70000
answers -3 'firewall_out is .*70000.*: up to 16 ports' "a setting that isn't a port"
call 6 firewall_open set.firewall_in='8080;reboot'
answers -3 'firewall_in' "nor is this"
call 6 firewall_restore argument='linux 1 a$(reboot) 4 b c'
answers -3 "can't be read" "a former state that isn't one"

# ---- others are at work, too

open 1
call 1 firewall_open operation=test-2 $settings
in_node 1 'nft add rule inet site incoming tcp dport 443 accept'
restore 1
answers 0 '' "restoring when others have changed something"
like "the log says so" "$log" 'somebody else has changed'
is "their rule stays" "$(in_node 1 'nft list ruleset' | grep -c 443)" 1
ok "so does what another job has opened" soon reached 1
former=$(echo "$former" | sed s/test-1/test-2/)
restore 1
not_ok "until that ends" reached 1
in_node 1 'nft flush ruleset'
nft_up 1
snapshot 1 >"$T/before.1"
open 1
in_node 1 'nft flush ruleset'
nft_up 1
restore 1
answers 0 '' "restoring after others have loaded their rules anew"
snapshot 1 >"$T/after.1"
ok "nothing has changed" diff "$T/before.1" "$T/after.1"
in_node 6 '(echo "add table inet theirs { flags owner; }
    add chain inet theirs c { type filter hook input priority 0; policy drop; }
    add rule inet theirs c tcp dport 22 accept"; sleep 5) | nft -i' >"$T/theirs" 2>&1 &
for n in 1 2 3 4 5 6 7 8; do in_node 6 'nft list ruleset' | grep -q 'dport 22' && break; sleep 0.2; done
if in_node 6 'nft list ruleset' | grep -q 'flags owner'; then
  open 6
  answers 0 '' "a table that a program keeps for itself is no failure"
  like "the log names it" "$log" 'table inet theirs belongs to a program'
else
  skip "a table that a program keeps for itself" "this kernel has none"
fi

# ---- it ends by itself

open 1 set.firewall_time=3
open 2 set.firewall_time=3
in_node 3 'mv /usr/lib/*/xtables/libxt_time.so /root'
snapshot 3 >"$T/before.3"
open 3 set.firewall_time=3
ok "iptables that can't tell the time: open" soon reached 3
sleep 4
not_ok "nftables: closed after its time, with nobody there" reached 1
not_ok "iptables: likewise" reached 2
for n in 1 2 3 4 5 6 7 8 9 10; do in_node 3 'iptables-nft -S' | grep -q fettle: || break; sleep 0.5; done
snapshot 3 >"$T/after.3"
ok "without a clock the rules were removed" diff "$T/before.3" "$T/after.3"

# ---- a restart

open 1
ok "open before a restart" soon reached 1
before=$(in_node 1 'cat /proc/sys/kernel/random/boot_id')
in_node 1 'reboot'
for n in $(seq 60); do
  after=$(in_node 1 'cat /proc/sys/kernel/random/boot_id' 2>/dev/null)
  [ -n "$after" ] && [ "$after" != "$before" ] && lab_ssh 1 true 2>/dev/null && break
  sleep 0.25
done
in_node 1 'nft flush ruleset' # the lab keeps a node's network over a restart
nft_up 1
restore 1
answers 0 '' "restoring after a restart"
like "the log says so" "$log" 'has restarted since'
snapshot 1 >"$T/after.1"
ok "nothing has changed" diff "$T/before.1" "$T/after.1"
done_testing
