# superdome-x.sh - the inventory of an emulated Superdome X (tests/sim/sdx.py)
# through a real SSH server, and what happens when it misbehaves.
# Plugins: superdome
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/cli-lib.sh"
chmod 755 "$T"
cli_begin sdx.py

call () { # CALL [MEMBERS of the request]
  OUT=$("$builddir/plugins/call" "$(jq -cn --arg call "$1" --arg pw "$PASSWORD" --argjson p "$P" --argjson more "${2-{\}}" '
    {call: $call, type: "superdome-x", target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1,
     ports: [[6, 22, 22, $p, $p]], settings: {}, credentials: {user: "admin", password: $pw},
     host_key: {policy: "tofu", pinned: null}, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
items () { jq -cr '.items[]? | [.kind, .id, .name, .version, .match // "-", .location // "-", .updateable] | join("|")' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }

call probe
is "it is one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 95"
call inventory
is "its inventory" "$(outcome)" ok
all='hardware|system|Superdome X||-|-|false
hardware|serial|Serial number|MADE0001|-|-|false
firmware|complex|Complex firmware (Superdome X)|7.6.0|superdome-x:complex|-|true
firmware|partition:1|nPartition firmware (par1)|7.6.0|superdome-x:partition:1|nPartition 1|true
firmware|partition:2|nPartition firmware (par2)|7.6.0|superdome-x:partition:2|nPartition 2|true
firmware|blade:1|Blade firmware (BL920s made up)|7.6.0 Nov 02 2015|-|Blade 1|false
firmware|blade:2|Blade firmware (BL920s made up)|7.6.0 Nov 02 2015|-|Blade 2|false
hardware|blade:3|BL920s made up||-|Blade 3|false
firmware|oa:1|Onboard Administrator firmware (Superdome DDR2 OA, made up)|7.6.0|-|Onboard Administrator 1|false
firmware|oa:2|Onboard Administrator firmware (Superdome DDR2 OA, made up)|7.6.0|-|Onboard Administrator 2|false
firmware|gpsm:1|Global Partition Services Module firmware (GPSM, made up)|7.6.0|-|Global Partition Services Module 1|false
firmware|gpsm:2|Global Partition Services Module firmware (GPSM, made up)|7.6.0|-|Global Partition Services Module 2|false'
is "all of it" "$(items)" "$all"
is "in script mode, and it takes leave" "$(cli_log | sed -n '1p;$p' | tr '\n' ' ')" "set script mode on exit "
cli_how page=3
call inventory
is "page by page it is the same" "$(items)" "$all"
cli_how sparse=yes
call inventory
is "empty bays, unknown values, commands that it doesn't know" "$(outcome) $(items | cut -d'|' -f2 | tr '\n' ' ')" \
  "ok system complex partition:1 partition:2 oa:1 oa:2 "
like "what is missing is said" "$(logs)" 'isn.t complete: the node doesn.t know "show gpsm info all"'

cli_how
call cleanup
is "an interrupted deployment has left nothing" "$(outcome) $(logs)" "ok "
cli_how running=yes
call cleanup
like "but what the node was told goes on, which is said" "$(outcome) $(logs)" '^ok the node goes on with an update, which can.t be called back'

cli_how
call inventory '{"credentials": {"user": "admin", "password": "wrong"}}'
is "a wrong password" "$(outcome)" auth
like "says so" "$(text)" 'refused the user admin'
for command in 'set script' 'show complex' 'show server' 'show gpsm'; do
  cli_how "cut=^$command"
  call inventory
  is "the connection breaks at \"$command\"" "$(outcome)" unreachable
  like "at \"$command\": the message has the command" "$(text)" "\"$command [a-z ]*\": the connection was lost"
done
cli_how 'garbage=^show'
call inventory
is "garbage" "$(outcome)" protocol
like "garbage isn't believed" "$(text)" 'is it a Superdome X\?'
call probe
is "garbage is no Superdome" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 0"
done_testing
