# vmware-govmomi.sh - against a vSphere API that no one of this project wrote: the
# simulator of govmomi as it is, and sim/esxsim, a host over it, which refuses what
# isn't in the schema's order.
# Plugins: vmware
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/esx-lib.sh"
. "$srcdir/integration/esxsim-lib.sh"
real () { curl -sk -m 60 "https://127.0.0.1:$P/emulated" | jq -c "$1"; }
ok "the emulated host is built" esxsim_build

# ---- the library's simulator, unmodified
ok "the library's simulator runs" esxsim_start -plain
call probe
is "it is a host" "$(outcome) $(score)" "ok 100"
call activate
like "a login, properties" "$(outcome) $(token)" "^again boot [0-9TZ:.-]+ 0$"
call activate "$(jq -cn --arg t "$(token)" '{token: $t}')"
like "a method that it lacks is a sentence" "$(outcome) $(text)" "^unsupported RebootHost_Task: the host.s version doesn.t have that"
is "tasks: maintenance mode was entered, and left again" "$(logs | grep -o 'is in maint.*\|has left.*' | tr '\n' ';')" \
  "is in maintenance mode;has left maintenance mode;"
call firewall_open '{"settings": {"firewall_ruleset": "updateManager"}}'
like "its rulesets are read" "$(outcome) $(logs)" "^ok .*everybody .ruleset updateManager"
call firewall_open
like "none is opened for more than us" "$(outcome) $(text)" "^unsupported UpdateRuleset: the host.s version"
like "a file is put on its datastore" "$OUT" 'uploading: 100 %'
call firewall_restore '{"argument": "vmware 1 nfsClient 127.0.0.1 0 1"}'
like "and goes, by a task" "$(outcome) $(logs)" "^ok .*as it was"
call inventory
like "a host without a list of packages has no inventory" "$(outcome) $(text)" "^unsupported esxcli: the host.s version"
call inventory '{"credentials": {"user": "root", "password": "wrong"}}'
like "a wrong password" "$(outcome) $(text)" "^auth .*refused the user or the password"
ok "its vCenter Server runs" esxsim_start -plain -vcenter
call probe
is "that is no host" "$(outcome) $(score)" "ok 0"
call inventory
like "and says where to go" "$(outcome) $(text)" "^unsupported .*vCenter Server .*add its ESXi hosts as nodes"

# ---- a host over it
ok "esxsim runs" esxsim_start
esx_items >"$T/wanted"
call inventory
is "its inventory" "$(outcome) $(brief | diff - "$T/wanted")" "ok "
is "no session stays" "$(real .sessions)" 0
python3 "$srcdir/sim/cim.py" "$T/cert.pem" "$T/key.pem" "$T/cim" --beside "https://127.0.0.1:$P/emulated" 2>"$T/cim.err" &
at_exit "kill $! 2>/dev/null"
ok "a CIM server beside it, which knows its tickets" soon test -s "$T/cim"
read -r C <"$T/cim"
call inventory
is "what HPE's providers tell, by such a ticket" \
  "$(outcome) $(items | jq -r 'select(.match // "" | startswith("hpe:")) | .id' | tr '\n' ' ')$(grep 'cim by' "$T/cim.log" | sort -u)$(cat "$T/cim.err")" \
  "ok bios bmc cim:HPQ:sa1 cim by good ticket"
C=
for method in RetrievePropertiesEx ExecuteSoap; do
  orders expire=$method; before=$(asked Login)
  call inventory
  is "the session expires at $method: another one" "$(outcome) $(brief | diff - "$T/wanted") $(($(asked Login) - before)) $(real .sessions)" "ok  2 0"
done

# ---- what its esxcli says, XML in XML, in XML
python3 "$srcdir/sim/esx.py" vib "$T/nhpsa.vib" nhpsa 2.0.16-1
deploy () { # [SETTINGS]
  call deploy "$(jq -cn --argjson s "$(stat -c %s "$T/nhpsa.vib")" --argjson settings "${1:-{\}}" '{token: "install 0",
    settings: ({transfer: "push"} + $settings), image: {id: "nhpsa", format: "vib", match: "vib:nhpsa", version: "2.0.16-1", flags: 0,
    files: [{name: "nhpsa.vib", sha256: ("0" * 64), size: $s}]}}')" -- --file "$T/nhpsa.vib"
}
clean='[false,[],0]'
as_it_was () { real '[.maintenance, .files, .sessions]'; }
orders 'esxcli=[DependencyError]'
deploy
like "a fault is told in words, and in its own" "$(outcome) $(text)" \
  '^rejected installing nhpsa: it needs other packages.*"\[DependencyError\] as it was told to: "<it> & that""'
is "and left nothing" "$(as_it_was)" "$clean"
orders
deploy '{"maintenance_mode": "no"}'
like "outside of maintenance mode it refuses" "$(outcome) $(text)" "^rejected .*set maintenance_mode=yes"
orders nodatastore=yes
deploy
like "no datastore: by its /tmp" "$(outcome) $(real .next.nhpsa) $(as_it_was) $(cat "$LOG")" \
  '^ok-reboot "2.0.16-1" \[false,\[\],0\] '
is "where it was put, and taken away" "$(grep -c 'PUT /tmp/fettle-t-1-0.vib\|DELETE /tmp/fettle-t-1-0.vib\|viburl:./tmp/fettle-t-1-0.vib' "$LOG")" 3

# ---- several MiB, with which an HTTP client asks first whether they are welcome
head -c 3000000 /dev/zero >>"$T/nhpsa.vib"
orders nodatastore=yes
deploy
is "a large file is put without a question" \
  "$(outcome) $(real .next.nhpsa) $(as_it_was) $(grep -c 'PUT /tmp/fettle-t-1-0.vib' "$LOG") $(grep -c 'refused: Expect' "$LOG")" 'ok-reboot "2.0.16-1" [false,[],0] 1 0'
curl -sk -m 60 --http1.1 -u "root:$ESX_PASSWORD" -T "$T/nhpsa.vib" -o "$T/out" "https://127.0.0.1:$P/tmp/fettle-none"
is "which curl itself asks, and is refused" "$(grep -c 'refused: Expect' "$LOG")" 1

orders noesxcli=yes slow=0.3
python3 "$srcdir/sim/esx.py" vib "$T/nhpsa.vib" nhpsa 2.0.16-1 live
deploy
is "no esxcli: by the patch manager, a task" "$(outcome) $(grep -c 'task installV2 success' "$LOG") $(as_it_was)" "ok-reboot 1 $clean"
orders
call activate "$(jq -cn --arg t "boot earlier 0" '{token: $t}')"
is "another boot time: it has restarted" "$(outcome)" ok

# ---- is the way back open?  Our server here, or nobody
cat >"$T/server.py" <<'PY'
import http.server, sys
class H (http.server.BaseHTTPRequestHandler):
    def do_GET (s):
        s.send_response (200 if s.path == "/c/x" else 404); s.send_header ("Content-Length", "0"); s.end_headers ()
    def log_message (*a): pass
s = http.server.ThreadingHTTPServer (("127.0.0.1", 0), H)
open (sys.argv[1], "w").write (f"{s.server_port}\n")
s.serve_forever ()
PY
python3 "$T/server.py" "$T/server.port" &
at_exit "kill $! 2>/dev/null"
ok "a server is there" soon test -s "$T/server.port"
read -r port <"$T/server.port"
reach () { call reach_back "$(jq -cn --arg u "http://127.0.0.1:$1" '{argument: $u}')"; echo "$(outcome) $(text)"; }
is "the host fetches, and it is no depot" "$(reach "$port/c/x")" "ok null"
like "it gets another answer" "$(reach "$port/y")" "^unreachable answered: .*.tool=esxcli., in its words .*HTTP Error 404"
like "it is refused, as its own firewall would have done" "$(reach 1/c/x)" \
  "^unreachable refused: .*tool=esxcli output-filter=yes output-rules=nfsClient.*Errno 111"
orders noesxcli=yes
like "without esxcli nobody can ask it" "$(reach "$port/c/x")" "^unsupported "
is "no session stays behind" "$(real .sessions)" 0
orders

# ---- it reads strictly
soap () { # FILE of a body's request
  curl -sk -m 60 -H 'SOAPAction: "urn:vim25/6.5"' -d "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>$1</e:Body></e:Envelope>" \
    "https://127.0.0.1:$P/sdk"
}
is "nothing that was asked is out of order, or unknown" "$(grep -c ' wrong' "$LOG")" 0
like "which would be refused" "$(soap '<Login xmlns="urn:vim25"><_this type="SessionManager">x</_this><password>a</password><userName>b</userName></Login>')" \
  "userName is out of place in Login.*InvalidRequest"
like "so is Expect" "$(curl -sk -m 60 -o "$T/out" -w '%{http_code}' -H 'Expect: 100-continue' -T "$T/wanted" "https://127.0.0.1:$P/folder/x")" 417
is "nothing went wrong in the emulation" "$(grep -v 'does not implement\|not found' "$T/esxsim.err")" ""
done_testing
