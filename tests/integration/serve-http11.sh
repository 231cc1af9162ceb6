# serve-http11.sh - HTTP/1.1 as the listeners for nodes speak it: each request that
# the standard has an opinion on gets one of the answers that it allows.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/serve-lib.sh"
requires python3

head -c 1000 /dev/urandom >"$T/file"
sum=$(sum_of "$T/file")
ok "the listeners start" listener "$T/file" node_connections=1000
python3 "$srcdir/sim/http11.py" 127.0.0.1 "$port" "/${file#http://*/}" >"$T/cases" 2>&1
is "all cases were tried" "$(grep -cE '^(not )?ok ' "$T/cases") $(grep -vE '^(not )?ok ' "$T/cases")" "55 "
while read -r verdict what; do
  [ "$verdict" = ok ] || what=${what#ok }
  ok "$what" test "$verdict" = ok
done <"$T/cases"
ok "others are served" still_well
done_testing
