# ftp-lib.sh - an FTP listener (ftp-listener.c) for a test; source it behind tap.sh.
#   listen NODE OURS...     starts it; sets $port, $data, $name ("d/TOKEN/FILE")
#   order LINE              a line for its input; prints its answer
#   unlisten                ends it
# SPDX-License-Identifier: Apache-2.0
listener=${builddir:-.}/integration/ftp-listener
[ -x "$listener" ] || skip_all "needs $listener: it is built with the tests"

# Ports that nobody has now, N of them in a row.
free_ports () {
  python3 - "$1" <<'END'
import random, socket, sys
n = int(sys.argv[1])
while True:
    first = random.randrange(20000, 32000)
    try:
        for port in range(first, first + n):
            for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                with socket.socket(family) as s:
                    s.bind((address, port))
    except OSError:
        continue
    print(first)
    break
END
}

listen () {
  port=$(free_ports 9)
  data=$((port + 1))-$((port + 8))
  mkfifo "$T/to.$port" "$T/from.$port"
  "$listener" "$port" "$data" "$T/firmware.bin" "$@" <"$T/to.$port" >"$T/from.$port" \
    2>"$T/listener.$port.log" &
  listener_pid=$!
  at_exit "kill $listener_pid 2>/dev/null; wait $listener_pid 2>/dev/null"
  exec 7>"$T/to.$port" 8<"$T/from.$port"
  read -r -t 60 name <&8 || { cat "$T/listener.$port.log"; return 1; }
}
order () {
  local answer
  echo "$1" >&7
  read -r -t 60 answer <&8 && echo "$answer"
}
unlisten () {
  exec 7>&- 8<&-
  wait "$listener_pid"
}
