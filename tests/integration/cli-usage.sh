# The command line by itself: options, bad input, output files.  No service.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
export FETTLE_STATE_DIR=$T/state XDG_CONFIG_HOME=$T/config
unset SSH_AUTH_SOCK

# says STATUS REGEX WORD...: one line on stderr, nothing on stdout, this exit code.
says () {
  local status=$1 regex=$2 got=0; shift 2
  fettle "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
  is "fettle $*: exit code" "$got" "$status"
  like "fettle $*: says why" "$(cat "$T/err")" "^fettle: $regex"
  is "fettle $*: in one line, and nothing on stdout" "$(wc -l <"$T/err") $(wc -c <"$T/out")" "1 0"
}

says 254 "no command given"
says 254 "unknown command 'nod'; did you mean 'node'\\?" nod list
says 254 "unknown command 'xyzzy'" xyzzy
says 254 "unknown command 'node lsit'; did you mean 'node list'\\?" node lsit
says 254 "fettle node what\\? One of: add, list" node
says 254 "unknown option --reboto; did you mean --reboot\\?" deploy --reboto never
says 254 "unknown option --frobnicate" node list --frobnicate
says 254 "unknown option -z" node list -z
says 254 "unknown option --statedir; did you mean --state-dir\\?" --statedir x node list
says 254 "option --type needs a value \\(TYPE\\)" node list --type
says 254 "option --dry-run takes no value" deploy --dry-run=yes
says 254 "option --password may mean several" node add x --password secret
says 254 "unknown format 'xml'; there is: table, csv, json" node list --format xml
says 254 "this command has no --format" node remove x --format json
says 254 "fettle node show needs NODE" node show
says 254 "fettle node show: 'b' is one word too many" node show a b
says 254 'there is no setting "worker"' --set worker=3 node list
says 254 "--set workers: write it as NAME=VALUE" --set workers node list
says 254 "port is 1 to 65535" --port 99999 node list
says 254 ".*$T/none.conf" --config "$T/none.conf" node list
says 254 "--reboot sometimes: it is one of never\\|if-needed\\|always" deploy --reboot sometimes
says 254 "--on-failed-dependency stop: it is one of" plan --on-failed-dependency stop
says 254 "--all and names of nodes exclude each other" inventory --all web1

# Nodes: what is wrong with them is said before any service is started.
says 254 "fettle node add needs ADDRESS" node add
says 254 "--name is for one node only" node add a b --name c
says 254 "--label rack: write it as NAME=VALUE" node add a --label rack
says 254 "reading $T/nokey: No such file" node add a --key "$T/nokey"
echo "ssh-ed25519 AAAA me" >"$T/key.pub"
says 254 "$T/key.pub is a public key" node add a --key "$T/key.pub"
echo "PuTTY-User-Key-File-3: ssh-ed25519" >"$T/key.ppk"
says 254 "$T/key.ppk is a key of PuTTY" node add a --key "$T/key.ppk"
says 254 "/etc/hostname doesn't look like a private key" node add a --key /etc/hostname
says 254 "reading $T/nopass: No such file" node add a --password-file "$T/nopass"
: >"$T/empty"
says 254 "$T/empty is empty" node add a --password-file "$T/empty"
says 254 "the environment variable NO_SUCH_NAME is not set" node add a --password-env NO_SUCH_NAME
says 254 "reading descriptor 77: Bad file descriptor" node add a --password-fd 77
says 254 "'x' is not a descriptor's number" node add a --password-fd x
says 254 "the password can come from one place only" node add a --password-env HOME --password-fd 0
says 254 "a passphrase needs --key" node add a --passphrase-env HOME
says 254 "--agent: no SSH agent runs here" node add a --agent
says 254 "fettle node set: nothing to change" node set a
says 254 "--host-key and --forget-host-key exclude each other" node set a --host-key SHA256:x --forget-host-key
if command -v setsid >/dev/null; then
  like "a question without a terminal" "$(setsid -w fettle node add a --ask-password 2>&1 </dev/null)" \
    "^fettle: there is no terminal to ask for the password"
else
  skip "a question without a terminal" "needs setsid"
fi

# Lists of nodes: the line is named.
list () { printf '%b' "$1" >"$T/nodes.csv"; }
list 'address,nmae\n192.0.2.1,a\n'
says 254 "$T/nodes.csv:1: there is no column 'nmae'; is it 'name'\\?" node add --from "$T/nodes.csv"
list 'name,user\na,b\n'
says 254 "$T/nodes.csv:1: the header has no column address" node add --from "$T/nodes.csv"
list 'address,name\n# more to come\n\n192.0.2.1,a,b\n'
says 254 "$T/nodes.csv:4: 3 cells, but the header has 2" node add --from "$T/nodes.csv"
list 'address,name\n"192.0.2.1\nand more,a\n'
says 254 "$T/nodes.csv:2: a quote that isn't closed" node add --from "$T/nodes.csv"
list 'address,name\n"x"y,a\n'
says 254 "$T/nodes.csv:2: text behind a closing quote" node add --from "$T/nodes.csv"
list 'address,labels\n192.0.2.1,"a=b\n"\n192.0.2.2,c\n'
says 254 "$T/nodes.csv:4: the label c: write it as NAME=VALUE" node add --from "$T/nodes.csv"
list 'address,key\n192.0.2.1,/nowhere/key\n'
says 254 "$T/nodes.csv:2: reading /nowhere/key: No such file" node add --from "$T/nodes.csv"
list 'address,name\n,a\n'
says 254 "$T/nodes.csv:2: the address is empty" node add --from "$T/nodes.csv"
list 'address,name\n'
says 254 "$T/nodes.csv names no nodes" node add --from "$T/nodes.csv"
list ''
says 254 "$T/nodes.csv is empty" node add --from "$T/nodes.csv"
printf 'address\n1.2.3.4\0\n' >"$T/nodes.csv"
says 254 "$T/nodes.csv is not text" node add --from "$T/nodes.csv"
list 'address,password\n192.0.2.1,secret\n'
chmod 644 "$T/nodes.csv"
says 254 "$T/nodes.csv has passwords and others may read it" node add --from "$T/nodes.csv"

says 254 "reading the baseline $T/nowhere: No such file" baseline add "$T/nowhere"

# No service, and none that could be started.
mkdir "$T/libexec"
printf '#!/bin/sh\necho "first" >&2\necho "fettled: the port 63002 is taken" >&2\nexit 1\n' >"$T/libexec/fettled"
chmod +x "$T/libexec/fettled"
FETTLE_LIBEXECDIR=$T/libexec says 255 "the service didn't start: the port 63002 is taken" --quiet node list
says 3 "no service runs" service status
says 3 "no service runs" service stop
mkdir "$T/state"
echo '{"pid": "x"}' >"$T/state/service.json"
FETTLE_LIBEXECDIR=$T/libexec says 255 "the service didn't start: the port 63002 is taken" --quiet node list

# Output.
is "--version" "$(fettle --version)" "$(fettle -V)"
like "--version has a number" "$(fettle --version)" '^fettle [0-9]+\.[0-9]+'
ok "config show as JSON" sh -c "fettle config show --format json | jq -e '.settings[] | select(.name == \"ssl_port\")'"
is "a setting from an option" "$(fettle --ssl-port 7777 config show --format json |
  jq -r '.settings[] | select(.name == "ssl_port").value')" 7777
is "a global option behind the command" "$(fettle config show --format json --port 7778 |
  jq -r '.settings[] | select(.name == "port").value')" 7778
is "a state folder is made absolute" "$(cd "$T" && fettle --state-dir here config show --format json |
  jq -r '.settings[] | select(.name == "state_dir").value')" "$T/here"
fettle config show --format csv >"$T/config.csv"
if command -v python3 >/dev/null; then
  is "config show as CSV, as Python reads it" "$(python3 -c 'import csv, sys
for row in csv.DictReader(sys.stdin):
    if row["name"] == "api_address": print(row["value"], "|", row["help"])' <"$T/config.csv")" \
    "localhost | where the API listens: localhost, or addresses separated by spaces"
else
  skip "config show as CSV, as Python reads it" "needs python3"
fi
ok "-o writes the file" fettle config show --format csv -o "$T/copy.csv"
ok "-o: the same as stdout" cmp "$T/config.csv" "$T/copy.csv"
is "-o: nothing on stdout" "$(fettle config show -o "$T/copy")" ""
echo keep >"$T/keep"
not_ok "a command that fails" fettle node show --format json -o "$T/keep"
is "leaves the output file as it was" "$(cat "$T/keep")" keep
says 254 "writing $T/none/x.new: No such file" config show -o "$T/none/x"
ok "a device is written to, not replaced" sh -c 'fettle config show -o /dev/null && test -c /dev/null'
is "no colour where there is no terminal" "$(fettle config show | grep -c "$(printf '\033')")" 0
if command -v script >/dev/null; then
  TERM=xterm script -qefc "stty cols 80; fettle config show" "$T/typescript" >/dev/null 2>&1 </dev/null
  tr -d '\r' <"$T/typescript" | sed '/^Script /d' >"$T/table"
  is "a table fits the terminal" "$(awk 'length > 80' "$T/table")" ""
  like "its last column is wrapped between words" "$(cat "$T/table")" '^port +63001 +63001 +port of the HTTP$'
else
  skip "a table fits the terminal" "needs script"
fi
ok "a reader that leaves early is no error" sh -c 'fettle config show | head -n 1'
done_testing
