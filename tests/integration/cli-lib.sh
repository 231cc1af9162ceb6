# cli-lib.sh - emulated command lines (sim/cli.py) behind a real OpenSSH server.
# Source it behind tap.sh (and behind check-lib.sh, to have it in a namespace):
#
#   . "$srcdir/integration/cli-lib.sh"
#   cli_begin sdx.py                a server on 127.0.0.1:$P whose users are all
#                                   given the device of tests/sim/sdx.py
#   cli_begin sdx.py n1 10.81.11.2  ... on port 22 of that address, in the namespace
#                                   where `node n1 command` runs; a second one elsewhere likewise
#   cli_how page=5 cut='^update'    what it is and does from now on (sim/cli.py);
#                                   cli_at n1: of which one the following speak
#   cli_log                         prints what was said to it
#   cli_state FILTER                of its state, by jq
#   cli_fresh                       it is as new, with no faults; the log is empty
#
# The user is admin, his password $PASSWORD; the key $T/user_ed25519 does, too.
# A device's folder is $CLI; its program is a copy, for the users to read.
# SPDX-License-Identifier: Apache-2.0
requires python3 jq
. "$srcdir/integration/sshd.sh"
[ "$HAS_USERS" = yes ] || skip_all "needs mount namespaces, for users with passwords"
CLI=

cli_at () { CLI=$T/cli-$1; }
cli_how () { printf '%s\n' "$@" >"$CLI/how.new"; mv "$CLI/how.new" "$CLI/how"; }
cli_log () { cat "$CLI/log"; }
cli_state () { jq -r "$1" "$CLI/state.json"; }
cli_fresh () { cli_how; : >"$CLI/log"; : >"$CLI/state.json"; }

cli_begin () {
  local program=$1 name=${2-local}
  mkdir -p "$T/sim"; install -m 644 "$srcdir/sim/cli.py" "$srcdir/sim/$program" "$T/sim/"
  cli_at "$name"
  mkdir -p "$CLI"; chmod 755 "$T/sim"; chmod 777 "$CLI"
  touch "$CLI/log" "$CLI/state.json"; chmod 666 "$CLI/log" "$CLI/state.json"
  cli_fresh
  if [ $# -gt 2 ]; then
    SSHD='' P=22 P2=23 SSHD_ADDRESS=$3
    SSHD_NET="ip netns exec $NET-$2"
  fi
  start_sshd ed25519 -- "ForceCommand exec env PYTHONDONTWRITEBYTECODE=1 python3 $T/sim/$program $CLI"
}
