# calls.sh - for test scripts: a lab, and operations of the Linux plugin on it.
#
# Source it after tap.sh:
#   lab_or_skip N             brings the lab up, or skips the whole script
#   call I OPERATION NAME=VALUE...   by the real worker, as root with password
#                             (tests/lab/call.c); sets $code, $said, $log
#   answers CODE WHAT         the last call's result and, in words, why
#   nothing_left I            no run folder is left on the node
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/lab/lab.sh"

lab_or_skip () {
  requires sshd ssh-keygen perl sudo
  [ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
  [ -x "$builddir/lab/call" ] || skip_all "lab/call isn't built"
  lab_up "$1" "$T/lab" || { echo "Bail out! the lab didn't come up"; exit 1; }
}

call () {
  local i=$1; shift
  lab_controller timeout 90 "$builddir/lab/call" "$1" "$(lab_address "$i")" port="$(lab_port "$i")" \
    password="$(lab_password)" "${@:2}" >"$T/call.$i" 2>"$T/call.$i.err" </dev/null
  outcome "$i"
}

outcome () {
  code=$(sed -n 's/^{"outcome":\(-*[0-9]*\),.*/\1/p' "$T/call.$1" | tail -n 1)
  said=$(sed -n 's/^{"outcome":[^,]*,"text":"\(.*\)","delay".*/\1/p' "$T/call.$1" | tail -n 1)
  log=$(cat "$T/call.$1" "$T/call.$1.err")
}

token () { sed -n 's/^{"outcome":.*"token":"\([^"]*\)".*/\1/p' "$T/call.$1" | tail -n 1; }

# CODE (a number, or two: "-4|-9"), and an expression for what is said
answers () {
  if printf '%s\n' "$code" | grep -qxE -- "$1" && printf '%s\n' "$said" | grep -qE -- "$2"; then
    tap_line ok "$3"
  else
    printf '%s\nwanted: %s and %s\n' "$log" "$1" "$2" >"$T/tap.out"
    tap_line "not ok" "$3" "$T/tap.out"
  fi
}

nothing_left () {
  is "nothing is left on the node" "$(lab_exec "$1" find /var/tmp -mindepth 1)" ""
}

installed () { lab_exec "$1" dpkg-query -W -f '${Version} ${db:Status-Status}' "$2" 2>&1; }
