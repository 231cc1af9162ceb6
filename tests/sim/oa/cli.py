# cli.py - the command line of an emulated OA, as sshd's ForceCommand:
#   python3 cli.py SOCKET BAY
# What it says comes from the enclosure behind SOCKET (__main__.py).
#
# SPDX-License-Identifier: Apache-2.0
import json, os, socket, sys, termios, tty

where, bay = sys.argv[1:3]
script = False


def ask(line):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(where)
        s.sendall(json.dumps({"bay": int(bay), "line": line, "script": script}).encode() + b"\n")
        return json.loads(s.makefile().readline())


def say(text):
    sys.stdout.write(text.replace("\n", "\r\n"))
    sys.stdout.flush()


def page(text):
    """Ten lines at once, where there is no script mode."""
    rows, usual = text.splitlines(keepends=True), termios.tcgetattr(0)
    tty.setcbreak(0, termios.TCSANOW)  # a key is enough
    for i in range(0, len(rows), 10):
        say("".join(rows[i:i + 10]))
        if i + 10 < len(rows):
            say("--More--")
            if not os.read(0, 1):
                sys.exit(0)
            say("\r        \r")
    termios.tcsetattr(0, termios.TCSANOW, usual)


def run(line):
    global script
    a = ask(line)
    if a.get("away"):
        sys.exit(255)
    if a.get("confirm") and not script:
        say(a["confirm"] + "\nEntering anything other than 'YES' will result in the command not executing.\n"
            "Do you want to proceed ? ")
        if sys.stdin.readline().strip() != "YES":
            say("\nCommand not executed.\n")
            return
        a = ask(line + " YES")
    if "script" in a:
        script = a["script"]
    (say if script else page)(a["text"])
    if a.get("end"):
        sys.exit(0)


one = os.environ.get("SSH_ORIGINAL_COMMAND")
if one:
    script = True
    run(one)
    sys.exit(0)
name = ask("")["name"]
say("\nHP BladeSystem Onboard Administrator\n(C) Copyright 2006-2017 Hewlett-Packard Development Company, L.P.\n\n"
    "\nType 'HELP' to display a list of valid commands.\n"
    "Type 'HELP <command>' to display detailed information about a specific command.\n\n")
while True:
    say(f"\n{name} [SCRIPT MODE]> " if script else f"\n{name}> ")
    entered = sys.stdin.readline()
    if not entered:
        break
    if entered.strip():
        run(entered.strip())
