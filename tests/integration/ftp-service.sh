# FTP of the service: off unless it is asked for; then what the port table, the
# plan, the holes and the check say of it is true.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
requires fettle-gate

net_up one two
node_sshd one; node_sshd two
ready one 22; ready two 22

not_ok "the table has no FTP port" grep -q 2121 <<<"$(fettle ports --format csv)"
ok "with --ftp-port it has" grep -q 2121 <<<"$(fettle --ftp-port 2121 ports --format csv)"
add_node one
add_node two
fettle check one --format json >"$T/check.json" 2>"$T/check.err"
is "without it nothing of FTP is checked" "$(jq '[.tasks[] | select (.check.listener == "ftp")] | length' "$T/check.json")" 0
echo "10.81.11.2,backcall" >"$T/nodes"
fettle firewall plan --nodes "$T/nodes" --format json >"$T/plan.json"
not_ok "nor planned" grep -q "old pull" "$T/plan.json"
ok "the service stops" fettle service stop
fettle () { server fettle --ftp-port 2121 --set ftp_data_ports=2130-2131 "$@"; }
fettle firewall plan --nodes "$T/nodes" --format json >"$T/plan.json"
ok "with it both ports are planned" grep -q "2130" "$T/plan.json"
ok "... the control port too" grep -q "2121" "$T/plan.json"

fettle check --format json >"$T/check.json" 2>"$T/check.err"
is "a node fetches a file over FTP" "$(verdict one from 2121)" open
echo "# $(row one from 2121 | jq -r .node_says)"
is "the other one too" "$(verdict two from 2121)" open
is "nothing is left listening" "$(server ss -Hltn 'sport >= :2121 and sport <= :2131')" ""
is "... which the service says too" "$(fettle service status --format json | jq -c .listeners)" "[]"

# A firewall that lets in the control connection only
ok "a firewall is made" router nft -f - <<'RULES'
table inet t { chain c { type filter hook forward priority 0; policy accept;
  tcp dport 2130-2131 reject with tcp reset
}; }
RULES
fettle check one --format json >"$T/check.json" 2>"$T/check.err"
is "the way of the data counts" "$(verdict one from 2121)" data-ports
like "... in words" "$(sentence one from 2121)" "one of the ports 2130-2131 -- let 10.81.11.2 connect"
ok "it is taken away" router nft delete table inet t

# Holes
server nft -f - <<'RULES'
table inet hostfw { chain input { type filter hook input priority 0; policy drop;
  ct state established,related accept
  iif "lo" accept
}; }
RULES
ok "setup" fettle firewall setup
ok "holes are opened" fettle firewall open one
is "for the control port and the data ports" \
  "$(fettle firewall status --format json 2>/dev/null | jq -r '[.holes[] | select (.purpose == "old pull") | "\(.first)-\(.last)"] | sort | join (" ")')" \
  "2121-2121 2130-2131"
fettle check --format json >"$T/check.json" 2>"$T/check.err"
is "through them the node fetches" "$(verdict one from 2121)" open
not_ok "the other one doesn't" test "$(verdict two from 2121)" = open
ok "they are closed" fettle firewall close one
ok "the service stops" fettle service stop
ok "undo" fettle firewall undo-setup

# A port that is taken, once the service runs
ok "the service starts again" fettle service start
server python3 -m http.server 2121 >/dev/null 2>&1 &
ready server 2121
fettle check one --format json >"$T/check.json" 2>"$T/check.err"
like "a port that is taken: by whom, and what to do" "$(sentence one from 2121)" \
  "port 2121 on 10.81.1.2 is in use by python3.*ftp_port"
done_testing
