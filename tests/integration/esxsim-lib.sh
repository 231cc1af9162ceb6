# esxsim-lib.sh - builds sim/esxsim, an ESXi host over Debian's govmomi simulator;
# sourced behind esx-lib.sh, whose functions speak to it as well.
#
#   esxsim_start OPTIONS...   sets P; P is another host after each call
#   orders NAME=VALUE...      from now on it does that
#
# It is built once, into $ESXSIM_CACHE (default: a folder in $TMPDIR), for all that
# use it and for all runs.
# SPDX-License-Identifier: Apache-2.0
govmomi=/usr/share/gocode/src/github.com/vmware/govmomi
command -v go >/dev/null || skip_all "needs go (package golang-go), to build sim/esxsim"
[ -d "$govmomi/simulator" ] || skip_all "needs golang-github-vmware-govmomi-dev, to build sim/esxsim"
[ -n "$(find "$srcdir/sim/esxsim" -name '*.go')" ] || skip_all "needs sim/esxsim"

ESXSIM_CACHE=${ESXSIM_CACHE:-${TMPDIR:-/tmp}/fettle-esxsim-$(id -u)}
esxsim_build () {
  mkdir -p -m 700 "$ESXSIM_CACHE" && [ -O "$ESXSIM_CACHE" ] || return
  ESXSIM=$ESXSIM_CACHE/esxsim-$({ go version; ls -l "$govmomi/simulator"; cat "$srcdir"/sim/esxsim/*.go; } | sha256sum | cut -c 1-16)
  (
    flock 9 || exit
    [ ! -x "$ESXSIM" ] || exit 0
    find "$ESXSIM_CACHE" -maxdepth 1 -name 'esxsim-*' -mmin +1440 -delete
    cd "$srcdir/sim/esxsim" &&
      GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$ESXSIM_CACHE/go GOFLAGS= CGO_ENABLED=1 go build -buildvcs=false -o "$ESXSIM.new" . &&
      mv "$ESXSIM.new" "$ESXSIM"
  ) 9>"$ESXSIM_CACHE/lock"
}

esxsim_n=0
esxsim_start () {
  esxsim_n=$((esxsim_n + 1))
  ESXSIM_READY=$T/esxsim$esxsim_n LOG=$T/esxsim$esxsim_n.log
  : >"$LOG"
  orders
  "$ESXSIM" -cert "$T/cert.pem" -key "$T/key.pem" -ready "$ESXSIM_READY" -user root -password "$ESX_PASSWORD" "$@" \
    >>"$T/esxsim.err" 2>&1 &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$ESXSIM_READY" || { cat "$T/esxsim.err"; return 1; }
  read -r P <"$ESXSIM_READY"
}
orders () { printf '%s\n' "$@" >"$ESXSIM_READY.how.new"; mv "$ESXSIM_READY.how.new" "$ESXSIM_READY.how"; }

# ---- in network namespaces (check-lib.sh), on port 443, behind their own firewalls
declare -A esxsim_ready
esxsim_node () { # NAME
  local ready=$T/esxsim-$1
  esxsim_ready[$1]=$ready
  : >"$ready.log"; : >"$ready.how"
  node "$1" "$ESXSIM" -cert "$T/cert.pem" -key "$T/key.pem" -ready "$ready" -user root -password "$ESX_PASSWORD" -nft \
    -listen "$(address "$1"):443" >>"$T/esxsim.err" 2>&1 &
  soon test -s "$ready" || { cat "$T/esxsim.err"; return 1; }
}
# From now on the functions above are about that one.
about () { P=443 ESXSIM_READY=${esxsim_ready[$1]} LOG=${esxsim_ready[$1]}.log; }
# What has really happened to it; its firewall, as the kernel has it.
really () { node "$1" curl -sk -m 60 "https://$(address "$1")/emulated" | jq -c "$2"; }
rules_of () { node "$1" nft -s list table inet esx; }
