# fettle firewall export: each format, for each place, read by what is to read
# it, where there is such a tool here.
# Plugins: linux ilo vmware windows
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/firewall-lib.sh"
requires jq nft
export FETTLE_STATE_DIR="$T/state" HOME="$T" XDG_CONFIG_HOME="$T/config"

# All nodes are behind n1: our address towards them is known.
node n1
ip route add default via 10.61.1.2; ip -6 route add default via fd61:1::2
{
  for i in 16 17 18 19 20 40; do echo "10.0.0.$i,ilo"; done
  echo 10.0.1.1,vmware; echo 10.0.2.1,linux; echo fd00::1,ilo; echo fd00::2,vmware; echo 10.0.3.1,windows
} >"$T/nodes"
export_ () { fettle firewall export --nodes "$T/nodes" "$@"; }

# ---- What is in them.
is "host, nft: neighbours are a range" \
  "$(export_ --format nft | grep 'input.*dport 63001')" \
  'add rule inet fettle-export input ip saddr { 10.0.0.16-10.0.0.20, 10.0.0.40, 10.0.1.1 } tcp dport 63001 accept comment "fettle: firmware pull, status"
add rule inet fettle-export input ip6 saddr { fd00::1-fd00::2 } tcp dport 63001 accept comment "fettle: firmware pull, status"'
like "nodes: from us, to them" "$(export_ --format nft --for nodes | grep 'dport 5989')" \
  'input ip daddr 10.61.1.1|input ip saddr 10.61.1.1 ip daddr \{ 10.0.1.1 \} tcp dport 5989'
like "between: both ends" "$(export_ --format nft --for between | grep 'dport 63001')" \
  'forward ip daddr 10.61.1.1 ip saddr \{ 10.0.0.16-10.0.0.20'
is "iptables: networks" "$(export_ --format iptables --phase deployment | grep -c -- '-4 -A INPUT -s 10.0.0.16/30 -p tcp --dport 63001 ')" 1
is "aws-sg: the host's sources" \
  "$(export_ --format aws-sg | jq -c '[.[] | select(.FromPort == 63001 and .IpRanges)] | [.[].IpRanges[].CidrIp] | sort')" \
  '["10.0.0.16/30","10.0.0.20/32","10.0.0.40/32","10.0.1.1/32"]'
is "aws-sg: of nodes, us" \
  "$(export_ --format aws-sg --for nodes | jq -c '[.[] | .IpRanges // [] | .[].CidrIp] | unique')" '["10.61.1.1/32"]'
like "cisco: ASA has masks" "$(export_ --format cisco-acl --for between)" \
  '^access-list FETTLE extended permit tcp 10.0.0.16 255.255.255.252 host 10.61.1.1 eq 63001$'
like "cisco: IOS has wildcards" "$(export_ --format cisco-acl --for between)" \
  '^! IOS: permit tcp 10.0.0.16 0.0.0.3 host 10.61.1.1 eq 63001$'
like "netsh" "$(export_ --format netsh)" \
  '^netsh advfirewall firewall add rule name="fettle [0-9]+: [^"]*" dir=in action=allow protocol=TCP localport=63001 remoteip=10.0.0.16-10.0.0.20,10.0.0.40,10.0.1.1.?$'
like "netsh, out: the ports are the other side's" "$(export_ --format netsh)" 'dir=out .* remoteport=22 '
like "powershell" "$(export_ --format powershell)" \
  "^New-NetFirewallRule -Group 'fettle' -DisplayName 'fettle .*' -Direction Inbound -Action Allow -Protocol TCP -LocalPort 63001 -RemoteAddress 10.0.0.16-10.0.0.20,"
like "esxcli: its own rulesets" "$(export_ --format esxcli --for nodes)" \
  '^esxcli network firewall ruleset set --ruleset-id CIMHttpsServer --enabled true$'
like "esxcli: one for our ports" "$(export_ --format esxcli --for nodes)" \
  '<direction>outbound</direction><protocol>tcp</protocol><porttype>dst</porttype><port>63001</port>'
is "esxcli: nothing of other nodes" "$(export_ --format esxcli --for nodes | grep -c sshServer)" 0
is "csv: one row for each rule" "$(export_ --format csv | grep -c ',63001,63001,')" 9
for f in netsh powershell aws-sg esxcli; do
  not_ok "$f isn't for firewalls in between" export_ --format $f --for between
done
is "not for the host: 254" "$(export_ --format esxcli >/dev/null 2>&1; echo $?)" 254
not_ok "a format must be said" export_
export_ --format netsh --nodes <(for i in $(seq 1 2 4999); do echo "10.$((i / 250)).$((i % 250)).7,ilo"; done) \
  --phase deployment >"$T/many"
is "at most 1000 addresses in a rule" "$(grep 'localport=63001' "$T/many" | sed 's/.*remoteip=//' |
  awk -F, '{ print NF }' | sort -rn | tr '\n' ' ')" "1000 1000 500 "

# ---- Read by what is to read it.
for p in host nodes between; do
  export_ --format nft --for $p >"$T/nft"
  ok "nft takes what is for $p" nft -c -f "$T/nft"
  is "and it isn't empty" "$(grep -c '^add rule' "$T/nft" | sed 's/^[1-9][0-9]*$/some/')" some
  export_ --format json --for $p >"$T/json"
  ok "json, $p" jq -e 'length > 5 and all(.[]; .first and .last and .protocol)' "$T/json"
  export_ --format iptables --for $p >"$T/iptables"
  for kind in legacy nft; do
    for v in "" 6; do
      r=ip${v}tables-$kind-restore
      command -v $r >/dev/null || { skip "$r, $p" "needs $r"; continue; }
      ok "$r takes what is for $p" $r --test --noflush "$T/iptables"
    done
  done
done
nft -f <(export_ --format nft)
like "nft has loaded it" "$(nft list table inet fettle-export)" 'ip saddr \{ 10.0.0.16-10.0.0.20, .*\} tcp dport 63001 accept'
if command -v ip6tables-nft-restore >/dev/null; then
  export_ --format iptables >"$T/iptables"
  ip6tables-nft-restore --noflush "$T/iptables"; iptables-nft-restore --noflush "$T/iptables"
  is "IPv6 goes to ip6tables" "$(ip6tables-nft -S INPUT | grep -c 'fd00::.*--dport 63001')" 2
  is "IPv4 goes to iptables" "$(iptables-nft -S INPUT | grep -c 'dport 63001')" 4
fi
if command -v ufw >/dev/null; then
  private /etc/ufw; private /etc/default
  for p in host nodes between; do
    export_ --format ufw --for $p --phase deployment | grep -m 40 . >"$T/ufw"
    ok "ufw takes what is for $p" sh -ec '. "$0"' "$T/ufw"
  done
  is "and has it" "$(ufw show added | grep -c 'allow from 10.0.0.16/30 to any port 63001 proto tcp')" 1
else
  skip "ufw" "needs ufw"
fi
if command -v firewall-offline-cmd >/dev/null; then
  private /etc/firewalld
  for p in host nodes between; do
    export_ --format firewalld --for $p --phase deployment | sed '/--reload/d; s/firewall-cmd --permanent/firewall-offline-cmd/' >"$T/firewalld"
    ok "firewalld takes what is for $p" sh -ec '. "$0"' "$T/firewalld"
  done
  ok "and has it" grep -q '10.0.0.16/30' /etc/firewalld/zones/public.xml /etc/firewalld/policies/fettle.xml
else
  skip "firewalld" "needs firewall-offline-cmd"
fi
done_testing
