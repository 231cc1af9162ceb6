# serve-deploy.sh - a node pulls its file and posts its status while its
# deployment waits (serve/1), through holes that are opened for it alone; also
# when the service is killed meanwhile, and by a dedicated port.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/check-lib.sh"
requires fettle-gate curl nft python3 sqlite3 xorriso

net_up one two
for n in one two; do node_sshd $n; done
for n in one two; do ready $n 22; done
server nft -f - <<'RULES'
table inet hostfw {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif "lo" accept
  }
}
RULES
server nft -s list ruleset >"$T/rules"
mkdir -p "$T/base"; chmod 755 "$T" "$T/base"
head -c 3000000 /dev/urandom >"$T/base/fw.bin"
cat >"$T/base/fw.bin.component.cfg" <<'C'
name = "Firmware"; version = "2"; scheme = "dotted"; format = "raw"; kind = "firmware"; match = "pulled";
node_types = "puller";
C
sum=$(sha256sum <"$T/base/fw.bin" | cut -c1-64)
add () { # NAME [OPTION...]
  local n=$1; shift
  fettle --quiet node add "$(address "$n")" --name "$n" --type puller --user root --key "$T/key" \
    --setting folder="$T/$n" "$@"
}
service_pid () { jq -r .pid "$FETTLE_STATE_DIR/service.json"; }

ok "the service starts" server fettled --background --open-firewall --set status_rate=100000
ok "setup adds the one rule" fettle firewall setup
ok "the baseline is added" fettle baseline add "$T/base" --name base --allow-unsigned
ok "one" add one --setting before="while [ ! -e $T/go ]; do sleep 0.1; done"
ok "two" add two
ok "they are inventoried" fettle inventory

fettle deploy two --yes --format json >"$T/job" 2>"$T/err"
is "the deployment ends well, long before its ten minutes" $? 0
is "the file has come" "$(sha256sum <"$T/two/file" | cut -c1-64)" "$sum"
log=$(jq -r '.tasks[0].log[]' "$T/job")
like "the log says what was fetched" "$log" "the node has fetched fw.bin: 3000000 bytes"
like "and what the node said" "$log" 'the node says: {"state":"began"}'
like "the plugin knows it, too" "$log" "1 answers of 3000000 bytes"
is "the job has the last status" "$(jq -c '.tasks[0].status.state' "$T/job")" '"done"'
like "so has fettle status" "$(fettle status "$(jq .id "$T/job")" 2>&1)" 'two .*"state":"done"'
is "no listener is left" "$(fettle service status --format json | jq -c .listeners)" "[]"
is "no hole either" "$(fettle firewall status --format json 2>/dev/null | jq -c .holes)" "[]"

# The service is killed while the node is busy.
job=$(fettle deploy one --yes --no-wait 2>"$T/err")
like "a deployment begins" "$job" "^[0-9]+$"
waits () { # its script runs, and no call
  [ -e "$T/one/log" ] && [ "$(fettle service status --format json 2>/dev/null | jq .calls)" = 0 ]
}
ok "the node has been told" soon waits
said=$(ps -eo args | grep -o "https://10.81.1.2:63002/s/[0-9a-f]*" | head -n 1)
post () { node one curl -fsSk -m 30 -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' "$@" "$said"; }
for i in 1 2 3; do post -d '{"percent":10}'; done >"$T/codes"
for i in 1 2 3; do post -H "Idempotency-Key: a" -d "{\"percent\":20,\"try\":$i}"; done >>"$T/codes"
post -d '{"percent":30}' >>"$T/codes"
is "what a node repeats is answered" "$(sort "$T/codes" | uniq -c | tr -s ' ')" " 7 200"
says () { fettle status "$job" --format json 2>/dev/null | jq -r '.tasks[0].log[] | select (test ("node says"))'; }
is "and counts once" "$(says | grep -c percent)" 3
ok "the plugin hears of it, long before its ten minutes" soon sh -c "fettle () { ip netns exec $NET-server fettle \"\$@\"; }
  fettle status $job --format json 2>/dev/null | jq -r '.tasks[0].log[]' | grep -q '^{\"percent\":30}'"
node one python3 "$srcdir/sim/post-status.py" "$said" >"$T/answered" & client=$!
enough () { [ "$(wc -l <"$T/answered")" -ge 200 ]; }
ok "two hundred of a thousand posts are answered" soon enough
kill -9 "$(service_pid)"; wait "$client"
ok "not all are: the service was killed in the middle" test "$(wc -l <"$T/answered")" -lt 1000
sqlite3 "$FETTLE_STATE_DIR/store.db" "SELECT json_extract (body, '$.n') FROM post WHERE json_extract (body, '$.n')" |
  sort >"$T/kept"
is "what was answered is there" "$(sort "$T/answered" | comm -23 - "$T/kept")" ""
is "once" "$(uniq -d "$T/kept")" ""
ok "another service takes it up" soon server fettled --background --open-firewall
url=$(ps -eo args | grep -o "http://10.81.1.2:63001/d/[0-9a-f]*/fw.bin" | head -n 1)
like "the node has its URL" "$url" "/d/[0-9a-f]{32}/fw.bin"
not_ok "another node has no way there" node two curl -s -m 2 -o /dev/null "$url"
ok "the node itself has, also by the next service" soon node one curl -fsS -m 5 -I -o /dev/null "$url"
: >"$T/go"
ended () { [ "$(fettle status "$job" --format json 2>/dev/null | jq -r .state)" = "done" ]; }
ok "the deployment goes on to its end" soon ended
is "well" "$(fettle status "$job" --format json 2>/dev/null | jq .exit_code)" 0
is "with its file" "$(sha256sum <"$T/one/file" | cut -c1-64)" "$sum"

# Dedicated ports.
ok "the service ends" fettle service stop
ok "and starts with other settings" server fettled --background --open-firewall --set data_ports=63010-63011
rm -r "$T/two"
ok "the node is what it was" fettle inventory two
xorriso -as mkisofs -quiet -J -r -o "$T/base.iso" "$T/base" 2>/dev/null
ok "the baseline is an ISO image" fettle baseline add "$T/base.iso" --name image --allow-unsigned
fettle deploy two --baseline image --yes --format json >"$T/job" 2>"$T/err"
is "a deployment by a dedicated port, from inside the image" $? 0
is "has its file" "$(sha256sum <"$T/two/file" | cut -c1-64)" "$sum"
is "nothing was unpacked" "$(find "$FETTLE_STATE_DIR/unpacked" -type f 2>/dev/null)" ""
like "which the service opened" "$(cat "$FETTLE_STATE_DIR/fettled.log")" "opened port 6301[01] on 10.81.1.2 for nodes"
ok "the service ends again" fettle service stop
is "no URL is left in its store" "$(sqlite3 -cmd '.timeout 60000' "$FETTLE_STATE_DIR/store.db" "SELECT count (*) FROM offer")" 0
ok "undo-setup" fettle firewall undo-setup
server nft -s list ruleset >"$T/rules.after"
ok "the rules are as they were" diff "$T/rules" "$T/rules.after"
done_testing
