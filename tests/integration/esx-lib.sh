# esx-lib.sh - an emulated ESXi host (sim/esx.py) and calls of the vmware
# plugin; sourced behind tap.sh.
#
#   esx NAME=VALUE...     from now on it is a new one, of this kind
#   fault NAME=VALUE...   the same one, with other faults
#   real WORD [ADDRESS]   what has really happened to it: vibs, maintenance, files, ...
#   call CALL [MEMBERS of the request] [-- OPTIONS of plugins/call]: the lines in $OUT
#
# SPDX-License-Identifier: Apache-2.0
requires curl jq openssl python3
LC_ALL=C # sort
export LC_ALL
unset http_proxy https_proxy all_proxy

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=esx" 2>/dev/null
ESX_PASSWORD='a&b<c>"d'
LOG=$T/esx.log esx_n=0

how () { printf '%s\n' "password=$ESX_PASSWORD" "new=$esx_n" "$@" >"$T/esx.how.new"; mv "$T/esx.how.new" "$T/esx.how"; }
esx () { esx_n=$((esx_n + 1)); : >"$LOG"; how "$@"; }
fault () { how "$@"; }
esx_start () { # OPTIONS of the simulator: sets P, and with --cim $T/cim also C
  esx
  python3 "$srcdir/sim/esx.py" "$T/cert.pem" "$T/key.pem" "$T/esx" "$@" 2>"$T/esx.err" &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$T/esx" || { cat "$T/esx.err"; return 1; }
  read -r P <"$T/esx"
  case " $* " in *" --cim "*)
    soon test -s "$T/cim" || { cat "$T/esx.err"; return 1; }
    read -r C <"$T/cim" ;;
  esac
}
C=

call () {
  local kind=$1 more=${2-}
  shift; [ $# = 0 ] || shift; [ "${1-}" != -- ] || shift
  OUT=$("$builddir/plugins/call" "$@" "$(jq -cn --arg call "$kind" --argjson p "$P" --argjson c "${C:-0}" --arg password "$ESX_PASSWORD" \
    --argjson more "${more:-{\}}" '{call: $call, type: "vmware",
    target: {address: "127.0.0.1", name: "esx1", operation: "t-1"}, phase: 3, ports: ([[6, 443, 443, $p, $p]] + if $c > 0 then [[6, 5989, 5989, $c, $c]] else [] end),
    settings: {}, credentials: {user: "root", password: $password}, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
# What has really happened to the host at an address.
real () { curl -sk -m 60 "https://${2-127.0.0.1}:$P/emulated" | jq -c ".$1"; }
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
score () { jq -r 'select(.outcome).score' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
token () { jq -r 'select(.outcome).token // empty' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
brief () { items | jq -r '[.kind, .id, .name, .version, .location // "-"] | join("|")'; }
asked () { grep -c " $1" "$LOG"; }
# Of logins that came to be, how many weren't taken back.
sessions_left () { echo $(($(asked 'Login ') - $(asked 'Logout ') - $(asked 'fault InvalidLogin'))); }
