#!/bin/bash
# FTP clients that are up to something, and that others are served meanwhile.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires python3
. "$srcdir/integration/ftp-lib.sh"

head -c 3000000 /dev/urandom >"$T/firmware.bin"
# 127.0.0.1 is the node, 127.0.0.2 another one.
listen 127.0.0.1 127.0.0.1 || { tap_line "not ok" "a listener"; done_testing; exit; }
try () { python3 "$srcdir/integration/ftp-hostile.py" "$1" 127.0.0.1 "$port" "$name" 127.0.0.2; }
rss () { awk '/^VmRSS/ { print $2 }' "/proc/$listener_pid/status"; }

ok "a well-behaved client is served" try works
ok "no bounce: nothing is ever connected to" try bounce
ok "data connections from elsewhere get nothing" try elsewhere
ok "another node's name isn't there" try another_node
# One line a second, whoever is the first.
logged () { try another_node && grep -q "127.0.0.2 at the FTP listener" "$T/listener.$port.log"; }
ok "strangers are in its log" soon logged
ok "wrong names, '..' among them: nothing is there, and few are tried" try wrong_names
ok "nothing is written or listed" try writing
ok "anonymous only, and nothing without it" try login
before=$(rss)
ok "huge lines end the connection" try big_lines
ok "Telnet's commands and urgent data" try telnet
ok "an address has few connections" try many_of_one
ok "a thousand idle ones" try thousand
ok "a flood of commands" try flood
ok "ports are shared by nodes and given back" try ports
ok "positions and protocols that don't exist" try rest
ok "pipelined commands" try pipelined
after=$(rss)
echo "# resident KiB: $before before, $after after"

# The offer ends: by its time, its job, or by hand.
python3 - "$port" "$name" "$T" >"$T/reader.log" 2>&1 <<'END' &
import ftplib, os, sys, time
port, name, folder = sys.argv[1:]
f = ftplib.FTP()
f.connect("127.0.0.1", int(port), timeout=60)
f.login()
f.voidcmd("TYPE I")
s = f.transfercmd("RETR " + name)
s.recv(1000)
open(folder + "/half", "w").close()
n = 1000
try:
    while (b := s.recv(65536)):
        n += len(b)
        while not os.path.exists(folder + "/ended"):
            time.sleep(0.01)
except ConnectionResetError:
    pass
try:
    answer = f.getmultiline()
except ftplib.Error as e:
    answer = str(e)
assert answer.startswith("426") or n == 3000000, (answer, n)
END
reader=$!
ok "a file is being sent" soon test -e "$T/half"
like "its offer ends meanwhile" "$(order end)" "listeners 1"
touch "$T/ended"
ok "... which breaks it off, unless all of it was out" wait "$reader"
sed 's/^/# /' "$T/reader.log"
not_ok "and the file isn't there any more" try works
ok "the listener ends with nothing left" unlisten

# Who takes too long.
FTP_STALL=2 listen 127.0.0.1 127.0.0.1
ok "one that doesn't read is broken off" try slow
unlisten
FTP_LOGIN=1 listen 127.0.0.1 127.0.0.1
ok "a thousand that don't log in are closed" try thousand_go
unlisten
FTP_IDLE=2 listen 127.0.0.1 127.0.0.1
ok "RETR without a data connection" try no_data
unlisten
done_testing
