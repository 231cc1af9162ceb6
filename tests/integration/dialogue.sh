# dialogue.sh - libfettle-dialogue with a real SSH server, behind which a device
# is emulated: prompts, pagers, questions, secrets, and all that goes wrong.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/cli-lib.sh"
export FETTLE_PLUGINDIR=$builddir/plugins/.libs
chmod 755 "$T"
cli_begin talk.py

# talk COMMANDS [MEMBERS of the request's settings]: the lines in $OUT.
talk () {
  OUT=$("$builddir/plugins/call" ${RECORDING:+--recording "$RECORDING"} "$(jq -cn --arg pw "$PASSWORD" --arg commands "$1" --argjson p "$P" --argjson more "${2-{\}}" '
    {call: "inventory", type: "talker", target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1,
     ports: [[6, 22, 22, $p, $p]], settings: ({commands: $commands} + $more), credentials: {user: "admin", password: $pw},
     host_key: {policy: "tofu", pinned: null}, timeouts: {connect: 20, read: 60}, token: null}')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
said () { jq -r --arg id "$1" '.items[]? | select(.id == $id).version' <<<"$OUT" | sed '/^$/d' | tr '\n' '/'; }
fifty=$(seq -f 'line %g' 50 | tr '\n' '/')

for how in echo=yes echo=no page=7; do
  for terminal in yes no; do
    cli_fresh; cli_how $how
    talk $'show\nerase\nnothing' "{\"terminal\": \"$terminal\"}"
    is "$how, terminal $terminal" "$(outcome)" ok
    like "its greeting" "$(said greeting)" '^Made-up device.*Type help'
    is "all lines" "$(said 1)" "$fifty"
    like "a question is answered" "$(said 2)" 'Type YES to go on: .*All will go'
    is "an unknown command" "$(said 3)" "Invalid command/"
    is "it takes leave" "$(cli_log | tail -n 1)" exit
  done
done

cli_fresh
RECORDING=$T/recording talk $'show\nload x\npipe %{text:password}'
is "a conversation is recorded" "$(outcome) $(jq -s '[.[] | select(.say == "%{text:password}\n")] | length' "$T/recording")" "ok 1"
not_ok "without the password" grep -q "s3cret" "$T/recording"
like "it is played back" "$(fettle plugin check "$builddir/plugins/.libs/talker.so" --recording "$T/recording")" \
  'ok +call 1 of the recording, inventory of talker, as it was recorded: 4 items'

cli_fresh
talk $'load x\npipe %{text:password}'
like "a password is given where the device asks" "$(said 1)" 'Password: .*loaded'
like "and in a command" "$(said 2)" '^with the password/$'
not_ok "and is nowhere in what comes out" grep -q "s3cret" <<<"$OUT"
not_ok "nor in what the device asked for" grep -q "load.*s3cret" <(cli_log)
cli_how 'cut-after=pipe'
talk 'pipe %{text:password} more'
is "the connection breaks behind an echo of it" "$(outcome)" unreachable
like "the message has the command and the answer" "$(text)" '"pipe %.text:password. more": the connection was lost'
not_ok "not the password" grep -q "s3cret" <<<"$OUT"

for fault in cut hangup; do
  cli_how "$fault=^erase"
  talk $'show\nerase'
  is "$fault: the node has gone" "$(outcome)" unreachable
  like "$fault: what was asked" "$(text)" '"erase": (the connection was lost|the node ended the conversation)'
done
cli_how 'silent=^erase'
talk $'show\nerase' '{"time": "1500"}'
is "a device that falls silent" "$(outcome)" timeout
like "says so" "$(text)" '"erase": no prompt came in time'
cli_how 'garbage=^show'
talk 'show'
is "garbage is an answer, too" "$(outcome)" ok
like "without what would do harm" "$(said 1)" '\?! %n%s'
cli_how 'garbage=^erase'
talk $'load x\nload y'
is "two asks, each with an answer of its own" "$(outcome)" ok
done_testing
