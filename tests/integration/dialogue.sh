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
# A plugin that is a program speaks for itself: fettle-exec(5).
mkdir "$T/exec"
cat >"$T/exec/chat.py" <<'P'
#!/usr/bin/python3 -IS
import json, sys

def do(**q):
    print(json.dumps(q), flush=True)
    return json.loads(sys.stdin.readline())

def until(words):
    heard = ""
    while words not in heard:
        answer = do(do="hear", timeout_ms=60000)
        if not answer.get("data"):
            break
        heard += answer["data"]
    return heard

json.loads(sys.stdin.readline())
said = [do(do="say", data="x").get("failed"), do(do="shell", flags=["terminal"], columns=80, rows=1000)]
until("Type help")
do(do="say", data="show\n")
said.append(until("line 50").count("line "))
said.append(do(do="hang_up"))
said.append(do(do="disconnect", service="ssh"))
do(do="log", text=json.dumps(said))
print('{"return": "ok"}', flush=True)
P
chmod 755 "$T/exec" "$T/exec/chat.py"
jq -n '{fettle_exec: 1, program: "chat.py", version: "1", description: "Chat", node_types: [{name: "talker", title: "Chat", services: "ssh/1",
  ports: [{to: 22, phases: ["inventory"], purpose: "SSH"}], operations: ["inventory"],
  settings: [{name: "commands", type: "text", help: "none"}]}]}' >"$T/exec/chat.exec"
cli_fresh
FETTLE_PLUGINDIR=$T/exec talk none
is "a program's conversation" "$(outcome)" ok
like "it hears what the node says" "$(jq -r 'select(.log).log' <<<"$OUT")" '"[a-z]+", \{\}, 50, \{\}, \{\}\]'
done_testing
