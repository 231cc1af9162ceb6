# examples.sh - plugins outside of the tree, one in C and one in Python, built
# and run as strangers would: by what is installed and pkg-config alone; and
# what a program that is a plugin can't do.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc jq make nm pkg-config python3

umask 022
chmod 755 "$T" # workers run as another user, who must get at a program
# The libraries of a build with sanitizers need them, too.
san=; nm "$builddir/../sdk/testhost/libfettle-testhost.a" | grep -q __asan && san=-fsanitize=address,undefined

listening () { # an emulator on a free port: sets port
  python3 "$1" 0 >"$T/emulator" 2>"$T/err" &
  at_exit "kill $! 2>/dev/null"
  ok "$2 is emulated" soon grep -q port "$T/emulator"
  port=$(grep -o '[0-9]*$' "$T/emulator")
}

call () { # TYPE DECLARED PORT [OPERATION [SETTINGS [CREDENTIALS]]]: what the worker says, one line each
  local request
  request=$(jq -cn --arg t "$1" --argjson d "$2" --argjson p "$3" --arg c "${4-inventory}" --argjson s "${5-{\}}" \
    --argjson l "${6-{\}}" '{call: $c, type: $t, target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 1,
    ports: [[6, $d, $d, $p, $p]], settings: $s, credentials: $l, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 20}, token: null}')
  FETTLE_PLUGINDIR=$T/p "$builddir/plugins/call" --deadline 100 "$request" 2>"$T/err"
}
items () { jq -rs '[.[] | .items[]? | "\(.name) \(.version)"] + [.[] | .outcome?, .text? | select(. != null)] | join(", ")'; }

# ---- In C: a PDU.

ok "the SDK is installed" make -s -C "$builddir/../sdk" install DESTDIR="$T/root"
PKG_CONFIG_PATH=$(dirname "$(find "$T/root" -name fettle.pc)")
PKG_CONFIG_PATH=$PKG_CONFIG_PATH:$(pkg-config --variable pc_path pkg-config)
mkdir "$T/p" "$T/pc"
# What is installed elsewhere than it was configured for, and only that, is moved.
for pc in "$(dirname "$(find "$T/root" -name fettle.pc)")"/*.pc; do
  sed "s|^prefix=.*|prefix=$T/root$(pkg-config --variable=prefix "$pc")|; s|^\(includedir\|libdir\)=/|&|" "$pc" >"$T/pc/$(basename "$pc")"
done
export PKG_CONFIG_PATH="$T/pc"
cp -r "$srcdir/../sdk/examples/." "$T/out/" 2>/dev/null || { mkdir "$T/out"; cp -r "$srcdir/../sdk/examples/." "$T/out/"; }
chmod -R u+w "$T/out"
ok "the C one builds, and its test and the check pass" make -s -C "$T/out/netio" check CFLAGS="-O1 -g $san" FETTLE=fettle
ok "it is installed" make -s -C "$T/out/netio" install plugindir="$T/p"
listening "$T/out/netio/emulator.py" "a PDU"
login='{"user": "netio", "password": "netio"}'
is "its inventory" "$(call netio 80 "$port" inventory '{"tls": "no"}' "$login" | items)" \
  "PowerPDU 4C firmware 3.4.0, rack fan , switch , ok"
like "a wrong password" "$(call netio 80 "$port" inventory '{"tls": "no"}' '{"user": "netio", "password": "wrong"}' | items)" \
  "^auth, it refuses the user \(401\)"

# ---- In Python: a plug.

cp "$T"/out/shelly/shelly.* "$T/p/"
ok "the Python one passes the check" fettle plugin check "$T/p/shelly.exec"
like "it is one of the plugins" "$(fettle plugin list --plugindir "$T/p")" '^shelly +0\.1 +shelly +Shelly +probe inventory activate +/.*shelly\.exec'
like "its ports are" "$(fettle ports --plugindir "$T/p" --format csv)" '^Linux,Shelly,80,None,80,None'
listening "$T/out/shelly/emulator.py" "a plug"
is "its inventory" "$(call shelly 80 "$port" | items)" "SNSW-001X16EU firmware 1.0.8, ok"
is "its score" "$(call shelly 80 "$port" probe | jq -s '.[-1].score')" 90
is "a restart" "$(call shelly 80 "$port" activate | items)" ok

# ---- What such a program can't do, and what becomes of one that misbehaves.

cat >"$T/p/naughty.py" <<'P'
#!/usr/bin/python3 -IS
import ctypes, errno, fcntl, json, os, resource, signal, socket, subprocess, sys, time

call = json.loads(sys.stdin.readline())
mode = call["settings"]["mode"]

def attempt(what):
    try:
        what()
        return "done"
    except MemoryError:
        return "no memory"
    except OSError as e:
        return errno.errorcode[e.errno]

libc = ctypes.CDLL(None, use_errno=True)

def of_c(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)

def connect(port):
    s = socket.socket()
    s.connect(("127.0.0.1", port))

def do(**q):
    print(json.dumps(q), flush=True)
    return json.loads(sys.stdin.readline())

if mode == "try":
    tries = {
        "read": lambda: open("/etc/passwd").read(), "beside": lambda: open("naughty.exec").read(),
        "write": lambda: open("here", "w"), "tmp": lambda: open("/tmp/naughty", "w"),
        "connect": lambda: connect(int(call["settings"]["port"])), "unix": lambda: socket.socket(socket.AF_UNIX),
        "fork": os.fork, "run": lambda: subprocess.run(["/bin/true"]), "signal": lambda: os.kill(os.getppid(), 9),
        "thread": lambda: of_c("tgkill", os.getppid(), os.getppid(), 0), "queue": lambda: of_c("sigqueue", os.getppid(), 0, None),
        "owner": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid()), "self": lambda: signal.raise_signal(0),
        "limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0)),
        "own limits": lambda: resource.prlimit(0, resource.RLIMIT_CPU, (600, 600)),
        "lane": lambda: os.sched_setaffinity(os.getppid(), {0}), "pace": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
        "mem": lambda: open("/proc/%d/mem" % os.getppid(), "rb"), "memory": lambda: bytearray(4 << 30),
        "open": lambda: len(os.listdir("/proc/self/fd")),
    }
    said = {name: attempt(what) for name, what in tries.items()}
    said["secret"] = "secret-of-n1" in json.dumps(call) + str(os.environ)
    do(do="log", text=json.dumps(said))
    said = do(do="http", port=81, flags=["plain"], path="/")
    do(do="log", text="port 81: " + said["failed"])
    said = do(do="ssh", command="true")
    do(do="log", text="ssh: " + said["failed"])
elif mode == "own":
    do(do="log", text=json.dumps([call["call"], call.get("phases"), call.get("former"), call.get("url")]))
    print(json.dumps({"return": "ok", "former": "it was closed"} if call["call"] == "firewall_open" else {"return": "ok"}), flush=True)
    sys.exit(0)
elif mode == "former":
    print(json.dumps({"return": "ok", "former": "x" * 62000}), flush=True)
elif mode == "end":
    print("the reason is this", file=sys.stderr)
    sys.exit(3)
elif mode == "nonsense":
    print("hello", flush=True)
elif mode == "long":
    print('{"do": "%s"}' % ("x" * (2 << 20)), flush=True)
elif mode == "silent":
    time.sleep(600)
elif mode == "deaf":
    for i in range(100000):
        print('{"do": "log", "text": "%s"}' % ("x" * 1000), flush=True)
elif mode == "closed":
    os.close(1)
    time.sleep(600)
elif mode == "unknown":
    do(do="dance")
elif mode == "result":
    print('{"return": "splendid"}', flush=True)
    time.sleep(600)
elif mode == "crash":
    os.abort()
print('{"return": "ok"}', flush=True)
P
chmod 755 "$T/p/naughty.py"
jq -n '{fettle_exec: 1, program: "naughty.py", version: "1", description: "Naughty", timeout_s: 2, node_types: [{name: "naughty",
  title: "Naughty", ports: [{to: 80, phases: ["inventory"], purpose: "HTTP"}], services: "http/1", operations: ["inventory", "firewall_open", "firewall_restore", "reach_back"],
  settings: [{name: "mode", type: "text", initial: "ok", help: "how"}, {name: "port", type: "uint", initial: "1", help: "which"}]}]}' >"$T/p/naughty.exec"
naughty () { call naughty 80 "$port" inventory "{\"mode\": \"$1\", \"port\": \"$port\"}" '{"user": "root", "password": "secret-of-n1"}'; }

is "a good one" "$(naughty ok | items)" ok
own () { # OPERATION [MODE]: the request has an argument, which two of them need
  FETTLE_PLUGINDIR=$T/p "$builddir/plugins/call" --deadline 100 "$(jq -cn --arg c "$1" --arg m "${2-own}" '{call: $c, type: "naughty",
    target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 3, ports: [[6, 80, 80, 1, 1]], settings: {mode: $m}, credentials: {},
    argument: "what was", host_key: {policy: "tofu"}, timeouts: {connect: 20, read: 20}}')" 2>&1 | jq -rs '[.[] | .log?, .former?, .outcome?, .text? | select(. != null)] | join(", ")'
}
like "it opens the node's firewall, and says how it was" "$(own firewall_open)" '\["firewall_open", \["inventory", "deployment"\], null, null\].*it was closed'
like "and is told that to restore it" "$(own firewall_restore)" '\["firewall_restore", null, "what was", null\].*ok'
like "it makes the node reach back" "$(own reach_back)" '\["reach_back", null, null, "what was"\].*ok'
like "a former state has a limit" "$(own firewall_open former)" 'protocol, .* returned a "former" that'
naughty try >"$T/said"
said=$(jq -r 'select(.log?) | .log | select(startswith("{"))' "$T/said")
try () { jq -r --arg n "$2" '.[$n]' <<<"$said" >"$T/got"; is "$1" "$(cat "$T/got")" "$3"; }
try "it can read what is beside it" beside done
if [ "$(cat /sys/kernel/security/lsm 2>/dev/null | grep -c landlock)" = 1 ] || [ "$(jq -r .read <<<"$said")" = EACCES ]; then
  try "it can't read /etc/passwd" read EACCES
  try "it can't write beside it" write EACCES
  try "it can't write in /tmp" tmp EACCES
  try "it can't look into its parent" mem EACCES
else
  skip "it can't read or write other files" "this kernel has no Landlock"
fi
try "it can't connect" connect EPERM
try "it has no socket at all" unix EPERM
like "it can't fork" "$(jq -r .fork <<<"$said")" '^(EPERM|EAGAIN)$'
like "it can't run another program" "$(jq -r .run <<<"$said")" '^(EPERM|EAGAIN)$'
try "it can't send signals" signal EPERM
try "nor to a thread" thread EPERM
try "nor with a value" queue EPERM
try "nor through a descriptor" owner EPERM
try "but to itself" self done
try "it can't limit others" limits EPERM
try "but itself" "own limits" done
try "it can't say where others run" lane EPERM
try "or how fast" pace EPERM
[ -n "$san" ] && skip "its memory is limited" "not with sanitizers" || try "its memory is limited" memory "no memory"
try "it isn't told a secret" secret false
like "a port that isn't declared is refused" "$(cat "$T/said")" 'port 81: config'
like "a service that isn't named is refused" "$(cat "$T/said")" 'ssh: service'

like "one that ends" "$(naughty end | items)" 'internal, the program of this plugin, /.*/naughty\.py, ended by itself \(status 3\) while it was asked for inventory of n1; the last it wrote: the reason is this; fettle plugin check'
like "one that writes no JSON" "$(naughty nonsense | items)" "protocol, .* wrote a line that isn't an object of JSON while"
like "one that writes too long a line" "$(naughty long | items)" 'protocol, .* wrote a line longer than 1 MiB'
like "one that is silent" "$(naughty silent | items)" 'timeout, .* said nothing for its "timeout_s"'
like "one that doesn't listen" "$(naughty deaf | items)" 'timeout, .* (said nothing|didn.t listen) for its'
like "one that closes its output" "$(naughty closed | items)" 'internal, .* closed its output'
like "one that wants what there isn't" "$(naughty unknown | items)" '^ok'
like "a result that is none" "$(naughty result | items)" 'protocol, .* returned what is no result'
like "one that crashes" "$(naughty crash | items)" 'internal, .* (was ended by signal 6|ended by itself)'
none () { ! pgrep -f "$T/p/naughty.py"; }
ok "none stays behind" soon none

# ---- Files that aren't used.

refused () { # what, regex; the manifest is made by the filter of jq
  mkdir -p "$T/q"; rm -f "$T/q/"*
  cp "$T/p/naughty.py" "$T/q/"
  jq "$3" "$T/p/naughty.exec" >"$T/q/naughty.exec"
  [ -z "${4-}" ] || (cd "$T/q" && eval "$4")
  like "$1" "$(fettle plugin list --plugindir "$T/q" 2>&1)" "$2"
}
refused "an unknown member" 'a port has a member "too", which there isn.t: known are to last' '.node_types[0].ports[0].too = 1'
refused "a program elsewhere" '"program" is the name of a file beside it' '.program = "../p/naughty.py"'
refused "a program that isn't there" 'looking at .*/none\.py' '.program = "none.py"'
refused "one that can't be executed" "naughty\.py can't be executed: chmod \+x" . 'chmod -x naughty.py'
refused "one that others can write" 'naughty\.py can be written by others' . 'chmod o+w naughty.py'
refused "no JSON" "line [12] isn't JSON" . 'echo "{" >naughty.exec'
refused "another version" "it isn't of version 1" '.fettle_exec = 2'
refused "a protocol that there isn't" '"protocol" of a port is tcp, as it is without one, or udp' '.node_types[0].ports[0].protocol = "sctp"'
refused "a protocol that is no word" '"protocol" of a port is tcp' '.node_types[0].ports[0].protocol = 17'
refused "an operation that there isn't" '"operations" are of probe, inventory, deploy' '.node_types[0].operations = ["dance"]'
refused "a descriptor that breaks a rule" "the purpose is a line" '.node_types[0].ports[0].purpose = ""'
done_testing
