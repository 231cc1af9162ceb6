# start.sh - how long `fettle ports` takes from start to end, against
# `git --version`; and how long the ports of 100,000 nodes take to derive.
# Prints figures and a ratio of one run; asserts nothing.
#   ./run bash ../tests/bench/start.sh [runs]
#
# SPDX-License-Identifier: Apache-2.0
runs=${1:-50}

measure () { # command...: median of wall clock, in microseconds
  local i before
  for i in $(seq "$runs"); do
    before=${EPOCHREALTIME/[.,]/}
    "$@" >/dev/null 2>&1
    echo $((${EPOCHREALTIME/[.,]/} - before))
  done | sort -n | sed -n "$(((runs + 1) / 2))p"
}

export FETTLE_STATE_DIR=/nonexistent
ours=$(measure fettle ports)
printf 'fettle ports   %6d us (median of %d)\n' "$ours" "$runs"
if command -v git >/dev/null; then
  theirs=$(measure git --version)
  printf 'git --version  %6d us\nratio          %6d.%d\n' "$theirs" $((ours / theirs)) \
    $((ours * 10 / theirs % 10))
fi
derive=$(dirname "$(command -v fettle)")/../tests/unit/ports
[ -x "$derive" ] && CMOCKA_MESSAGE_OUTPUT=TAP "$derive" | grep 'ms of CPU'
