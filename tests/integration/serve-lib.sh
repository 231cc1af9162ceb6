# serve-lib.sh - the listeners for nodes alone, for tests: source it after tap.sh.
#
#   listener FILE [NAME=VALUE...]   starts serve-listener (see there); sets $listener
#                                   (its process), $file $sfile $status $sstatus (URLs)
#   still_well                      others are served: a download with its digest
#
# SPDX-License-Identifier: Apache-2.0
requires curl sha256sum
. "$srcdir/integration/service-lib.sh"
unset http_proxy https_proxy all_proxy

listener () {
  local f=$1; shift
  port=$(free_port); sport=$(free_port)
  mkdir -p "$T/serve"; : >"$T/urls"
  "$builddir/integration/serve-listener" "$T/serve" "$f" http="$port" https="$sport" \
    sha256="${sum-}" "$@" >"$T/urls" 2>"$T/listener.log" &
  listener=$!
  at_exit "kill -9 $listener 2>/dev/null"
  soon grep -q ready "$T/urls" || { cat "$T/listener.log"; return 1; }
  file=$(sed -n 's/^file \(http:.*\)/\1/p' "$T/urls"); sfile=$(sed -n 's/^file \(https:.*\)/\1/p' "$T/urls")
  status=$(sed -n 's/^status \(http:.*\)/\1/p' "$T/urls" | head -n 1)
  sstatus=$(sed -n 's/^status \(https:.*\)/\1/p' "$T/urls" | head -n 1)
}

have () { command -v "$1" >/dev/null; }
sum_of () { sha256sum <"$1" | cut -c1-64; }
still_well () { [ "$(curl -fsS -m 60 "$file" | sha256sum | cut -c1-64)" = "$sum" ]; }
