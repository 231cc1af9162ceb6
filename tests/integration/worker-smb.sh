# worker-smb.sh - smb/1 against a real smbd: each dialect, what is demanded of
# it, what it refuses; files, remote procedures, NetBIOS; seen by smbclient.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
requires smbclient

FETTLE_PLUGINDIR=$builddir/plugins/.libs
WINE_LIB=/nowhere # files and the registry are Samba's own
export FETTLE_PLUGINDIR
win_up

WINREG='bind 0 winreg 338cd001-2244-31f1-aaaa-900038001003 1 0'
PORTS='[[6, 445, 445, 445, 445], [17, 137, 137, 137, 137]]'
# talk STEPS [MEMBERS of the request] [OPTIONS of plugins/call]: the lines in $OUT.
talk () {
  OUT=$(jq -cn --arg do "$1" --argjson more "${2:-{\}}" --argjson ports "$PORTS" --arg user "$WIN_USER" --arg password "$WIN_PASSWORD" '
    {call: "inventory", type: "smbtalk", target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1,
     ports: $ports, settings: {do: $do}, credentials: {user: $user, password: $password},
     host_key: {policy: "tofu", pinned: null}, certificate: null, timeouts: {connect: 10, read: 60}, token: null} + $more' |
    (read -r q; timeout 300 "$builddir/plugins/call" "${@:3}" "$q") 2>&1)
}
heard () { jq -r --arg i "$1" '.items[]? | select(.id == $i).name' <<<"$OUT"; }
went () { jq -r --arg i "$1" '.items[]? | select(.id == $i).version' <<<"$OUT"; } # result and status
all_went () { [ "$(jq -r '.items[]?.version' <<<"$OUT" | sort -u)" = "0 00000000" ]; }
client () { timeout 60 smbclient -s "$WIN/back.conf" -U "$WIN_USER%$WIN_PASSWORD" '//127.0.0.1/ADMIN$' -c "$1" 2>&1; }

# ---- Each dialect, with and without encryption.
everything='connect; fill ADMIN$ temp/big 3000000; read ADMIN$ temp/big 2999990 100; stat ADMIN$ temp/big; '$WINREG'; rpc 2 0000000000000002; unbind'
try () { # what, dialect, signature, cipher, lines of smb.conf
  local what=$1 wanted="$2 445 $3 $4"; shift 4
  win_smbd "$@"
  talk "$everything"
  is "$what: how" "$(heard 1 | cut -d' ' -f1-4)" "$wanted"
  is "$what: each step" "$(jq -r '.items[]?.version' <<<"$OUT" | tr '\n' ' ')" "$(printf '0 00000000 %.0s' 1 2 3 4 5 6 7)"
  is "$what: what was read" "$(heard 3) $(heard 4)" "ijklmnopqr 10 3000000 file recent"
  like "$what: a remote procedure" "$(heard 6)" '^.{40}00000000 24$'
}
try "SMB 2.1"                         0210 HMAC-SHA256 plain       "server max protocol = SMB2_10"
try "SMB 3.0"                         0300 AES-CMAC    AES-128-CCM "server max protocol = SMB3_00"
try "SMB 3.0.2, encryption demanded"  0302 AES-CMAC    AES-128-CCM "server max protocol = SMB3_02" "server smb encrypt = required"
try "SMB 3.1.1, encryption demanded"  0311 AES-GMAC    AES-128-GCM "server smb encrypt = required"
try "SMB 3.1.1 with CCM"              0311 AES-CMAC    AES-128-CCM "server smb3 encryption algorithms = AES-128-CCM" "server smb3 signing algorithms = AES-128-CMAC"
try "SMB 3.1.1 with 256 bits, GCM"    0311 AES-GMAC    AES-256-GCM "server smb3 encryption algorithms = AES-256-GCM"
try "SMB 3.1.1 with 256 bits, CCM"    0311 AES-GMAC    AES-256-CCM "server smb3 encryption algorithms = AES-256-CCM"
try "SMB 3.0 without encryption"      0300 AES-CMAC    plain       "server max protocol = SMB3_00" "server smb encrypt = off"
is "smbclient reads the same" "$(client 'get temp/big -' | head -c 3000000 | md5sum)" \
  "$(python3 -c 'print("abcdefghijklmnopqrstuvw" * 130435, end="")' | head -c 3000000 | md5sum)"

# ---- Who is refused.
win_smbd
talk 'look' '{"credentials": {}}'
like "before it is told who we are, it tells what it is" "$(heard 1)" '^0311 445 AES-GMAC plain ANVIL7\|ANVIL7\|'
talk 'connect' '{"credentials": {}}'
like "without a user nobody is logged in" "$(outcome): $(text)" 'auth: .*fettle node set n1 --user NAME --ask-password'
talk 'connect; connect; stat ADMIN$ x' '{"credentials": {"user": "Administrator", "password": "wrong"}}'
like "a wrong password" "$(outcome): $(text)" 'auth: logging in at 127.0.0.1 as Administrator: the user or the password is wrong \(STATUS_LOGON_FAILURE, 0xc000006d\)'
is "is tried once, since more lock the account" "$(grep -c 'NT_STATUS_WRONG_PASSWORD' "$WIN/log" "$WIN/smbd.log" | awk -F: '{n += $2} END {print n < 2}')" 1
talk 'connect; stat ADMIN$ temp' '{"credentials": {"user": "ANVIL7\\administrator", "password": '"$(jq -n --arg p "$WIN_PASSWORD" '$p')"'}}'
ok "DOMAIN\\USER is let in" all_went
talk 'stat ADMIN$ temp' '{"credentials": {"user": "plain", "password": '"$(jq -n --arg p "$WIN_PASSWORD" '$p')"'}}'
like "no administrator" "$(outcome) $(went 1): $(text)" 'auth -5 c0000022: looking at ADMIN\$/temp: the user may not.*LocalAccountTokenFilterPolicy'
talk 'stat NONE$ x'
like "no such share" "$(outcome) $(went 1): $(text)" 'rejected -10 c00000cc: .*there is no such share \(STATUS_BAD_NETWORK_NAME'
win_smbd "map to guest = bad user"
talk 'connect' '{"credentials": {"user": "nobody-here", "password": "x"}}'
like "a node that lets anybody in as a guest" "$(outcome): $(text)" 'auth: .*as a guest'
win_smbd "server max protocol = SMB2_02" "server min protocol = SMB2_02"
talk 'connect'
like "a node of SMB 2.0.2" "$(outcome): $(text)" 'unsupported: .*2\.1'

# ---- Someone in between, who alters the answer to the negotiation.
altered () { # HOW: a connection with it, $OUT
  local between
  rm -f "$T/between"
  python3 "$srcdir/sim/windows/hostile.py" "$T/between" "$1" 1 >"$T/altered" 2>&1 & between=$!
  soon test -s "$T/between" >/dev/null
  PORTS="[[6, 445, 445, $(cat "$T/between"), $(cat "$T/between")]]" talk 'stat ADMIN$ temp'
  is_over () { grep -q '^seed' "$T/altered"; }
  soon is_over >/dev/null
  kill $between
  wait $between 2>/dev/null
}
# Where keys don't follow from what was altered, the node is asked what it had chosen.
chosen="protocol  1 changed: .*what was negotiated isn't what the node has chosen: someone in between has altered it"
login="auth  1 changed: .*it isn't the node, or someone altered its answer on its way"
while IFS='|' read -r what max dialect others <&3; do
  win_smbd "server max protocol = $max"
  for how in capabilities mode guid dialect; do
    altered $how
    if [ $how = dialect ]; then wanted=$dialect; else wanted=$others; fi
    like "$what, $how altered on its way" "$(outcome) $(cut -d: -f2 "$T/altered" | sort -u): $(text)" "^$wanted"
  done
  altered true
  is "$what, as it is" "$(outcome) $(cut -d: -f2 "$T/altered" | sort -u)" "ok  0 changed"
done 3<<ROWS
SMB 2.1|SMB2_10|$login|$chosen
SMB 3.0|SMB3_00|$login|$chosen
SMB 3.0.2|SMB3_02|$chosen|$chosen
SMB 3.1.1|SMB3_11|$login|$login
ROWS
win_smbd

# ---- One connection.
win_admin "max connections = 1"
win_smbd
talk 'write ADMIN$ temp/a hallo; read ADMIN$ temp/a 0 100; list ADMIN$ temp/*; rm ADMIN$ temp/a; '"$WINREG"'; rpc 2 0000000000000002'
ok "all goes over one connection" all_went
mkfifo "$T/hold"
smbclient -s "$WIN/back.conf" -U "$WIN_USER%$WIN_PASSWORD" '//127.0.0.1/ADMIN$' <"$T/hold" >"$T/held" 2>&1 & holder=$!
exec 5>"$T/hold"
echo 'mkdir temp\held' >&5
ok "another one holds the share" soon test -d "$WIN_WINDOWS/temp/held"
talk 'connect; stat ADMIN$ temp'
like "a share that takes no more" "$(outcome): $(text)" '(auth|busy): looking at ADMIN\$/temp: '
exec 5>&-
wait $holder
win_admin
win_smbd

# ---- Files.
talk 'mkdir ADMIN$ temp/d; mkdir ADMIN$ temp/d; write ADMIN$ temp\d\ä.txt hallo; write ADMIN$ temp/d/ä.txt anew; mv ADMIN$ temp/d/ä.txt temp/d/b; list ADMIN$ temp/d/*;
 list ADMIN$ temp/d/none*; rmdir ADMIN$ temp/d; rm ADMIN$ temp/d; rm ADMIN$ temp/d/none; read ADMIN$ temp/d/b 2 100; rm ADMIN$ temp/d/b; rmdir ADMIN$ temp/d; stat ADMIN$ temp/d; space ADMIN$'
is "a folder twice" "$(went 1) $(went 2)" "0 00000000 -10 c0000035"
is "a file, replaced, renamed" "$(went 3) $(went 4) $(went 5): $(heard 6)" "0 00000000 0 00000000 0 00000000: b 4, 1"
is "a list of nothing" "$(went 7)$(heard 7)" "0 00000000 0"
is "a folder that isn't empty, a folder as a file, no file" "$(went 8) $(went 9) $(went 10)" "-10 c0000101 -10 c00000ba -10 c0000034"
is "from the middle to the end" "$(heard 11)" "ew 2"
is "nothing is left" "$(went 12) $(went 13) $(went 14)" "0 00000000 0 00000000 -10 c0000034"
is "there is room" "$(heard 15)" some
for path in 'a/../b' '..\b' 'a//b' '/a' 'a/' 'a:b' 'a*' .; do
  talk "stat ADMIN\$ $path"
  is "a path that is none: $path" "$(outcome)" config
done
for i in $(seq 1500); do : >"$WIN_WINDOWS/temp/many-$i"; done
talk 'list ADMIN$ temp/many-*'
like "a long list" "$(heard 1)" '[.]{3} 1500$'
rm -f "$WIN_WINDOWS"/temp/many-*

# ---- A file of the image.
head -c 5000000 /dev/urandom >"$T/fw.bin"
image='{"call": "deploy", "phase": 2, "image": {"id": "c", "format": "raw", "match": "", "version": "1", "flags": 0,
  "files": [{"name": "fw.bin", "sha256": "'$(sha256sum "$T/fw.bin" | cut -d' ' -f1)'", "size": 5000000}]}}'
talk 'put ADMIN$ temp/fw 0' "$image" --file "$T/fw.bin"
ok "a file is put" cmp "$T/fw.bin" "$WIN_WINDOWS/temp/fw"
truncate -s 1234567 "$WIN_WINDOWS/temp/fw"
talk 'put ADMIN$ temp/fw 1234560' "$image" --file "$T/fw.bin"
like "a part of another size isn't gone on with" "$(outcome): $(text)" "rejected: writing ADMIN.*isn't a file of 1234560 bytes"
talk 'put ADMIN$ temp/fw 1234567' "$image" --file "$T/fw.bin"
ok "a cut one is gone on with" cmp "$T/fw.bin" "$WIN_WINDOWS/temp/fw"
rm -f "$WIN_WINDOWS/temp/fw"
win_full 2048
talk 'put ADMIN$ temp/fw 0; rm ADMIN$ temp/fw' "$image" --file "$T/fw.bin"
is "a full disk" "$(went 1)" "-10 c000007f"
is "leaves what can be removed" "$(went 2)" "0 00000000"
win_room

# ---- Remote procedures.
talk "$WINREG"'; rpc 2 0000000000000002; rpc 2; rpc 2 0000000000000002; rpc 999 00; unbind; rpc 2 00'
is "a fault" "$(went 3) $(went 5)" "-10 000006f7 -10 1c010002"
is "the interface goes on after one" "$(went 4)" "0 00000000"
is "one that was closed doesn't" "$(went 7 | cut -d' ' -f1)" "-1"
talk "$WINREG"'; rpc 2 00 1000000'
like "a request of many packets" "$(went 2)" '^(0 00000000|-10 000006f7)$'
talk 'bind 0 winreg 11111111-2222-3333-4444-555555555555 1 0'
like "an interface that isn't there" "$(outcome): $(text)" 'unsupported: binding to winreg: the service has no such interface'
talk 'bind 0 nosuch 338cd001-2244-31f1-aaaa-900038001003 1 0'
like "a pipe that isn't there" "$(outcome) $(went 1): $(text)" 'rejected -10 c0000034: binding to nosuch'
talk "$WINREG; disconnect; rpc 2 0000000000000002; unbind; $WINREG; rpc 2 0000000000000002"
is "a lost connection takes its interfaces along" "$(went 3 | cut -d' ' -f1) $(went 4) $(went 6)" "-4 0 00000000 0 00000000"
PORTS='[[6, 135, 135, 135, 135]]'
talk 'bind 135 - e1af8308-5d1f-11c9-91a4-08002b14a0fa 3 0'
like "over TCP: the endpoint mapper" "$(outcome): $(text)" '^(ok: null|unreachable: connecting to 127.0.0.1 port 135: Connection refused)$'

# ---- Kerberos: tickets by the credential helper, of a KDC of our own.
PORTS='[[6, 445, 445, 445, 445]]'
if win_kdc; then
  ticket () { # NODE: the helper's answer
    echo '{"protocol": 1, "node": "'"$1"'", "address": "127.0.0.1", "type": "windows", "more": 1}' |
      "$builddir/../core/fettle-kerberos" get 2>"$K/said" >"$K/answer"
  }
  win_smbd "${WIN_KERBEROS[@]}"
  ok "the helper gets tickets of GSSAPI" soon ticket anvil7.forge.test
  talk 'connect; write ADMIN$ temp/k hallo; disconnect; connect; rm ADMIN$ temp/k' "$(jq -c '{credentials: .}' "$K/answer")"
  like "who is let in by Kerberos" "$(heard 1)" '^0311 445 AES-GMAC AES-128-GCM kerberos '
  ok "does the same, also over a second connection" all_went
  not_ok "a node that the KDC doesn't know" ticket nobody.forge.test
  like "is said" "$(cat "$K/said")" '^getting a ticket for cifs@nobody.forge.test: .*not found in Kerberos database'
  unset KRB5_CLIENT_KTNAME
  rm -f "$K/tickets"
  not_ok "without ticket and keytab" ticket anvil7.forge.test
  like "is said, too" "$(cat "$K/said")" "^(looking for a ticket|getting a ticket)"
  win_smbd
else
  skip "Kerberos" "needs krb5kdc, kdb5_util and kadmin.local"
fi

# ---- NetBIOS.
PORTS='[[6, 445, 445, 1, 1], [6, 139, 139, 139, 139]]'
talk "$everything"
is "where 445 is closed: a session on 139" "$(heard 1 | cut -d' ' -f1-4)" "0311 139 AES-GMAC AES-128-GCM"
ok "which does the same" all_went
PORTS='[[6, 445, 445, 1, 1]]'
talk connect
like "not where it isn't declared" "$(outcome): $(text)" 'unreachable: .*connecting to 127.0.0.1 port 1: Connection refused'
PORTS='[[6, 445, 445, 1, 1], [6, 139, 139, 2, 2]]'
talk connect
like "where both are closed" "$(outcome): $(text)" 'unreachable: .*port 1: Connection refused; and over NetBIOS: connecting to 127.0.0.1 port 2: Connection refused'
PORTS='[[6, 445, 445, 445, 445]]'
talk 'names 300'
like "names aren't asked for at an undeclared port" "$(outcome): $(text)" "config: .*UDP port 137"
PORTS='[[17, 137, 137, 137, 137]]'
talk 'names 300' '{"credentials": {}}'
like "a node without a name service" "$(outcome): $(text)" "unreachable: asking 127.0.0.1 for its NetBIOS names: nobody listens"
if command -v nmbd >/dev/null && command -v nmblookup >/dev/null && win_names; then
  talk 'names 30000' '{"credentials": {}, "target": {"address": "'"$WIN_NAMES"'", "name": "n1", "operation": "t-1"}}'
  like "NBSTAT by nmbd" "$(heard 1 | tr '\n' ' ')" '^ANVIL7\|WORKSHOP\|.*ANVIL7<20> unique active'
else
  skip "NBSTAT by nmbd" "needs nmbd and nmblookup"
fi
done_testing
