# oa-lib.sh - an emulated Onboard Administrator (sim/oa) and calls of the oa
# plugin; sourced behind tap.sh.
#
#   oa NAME=VALUE...   from now on it is a new one, of this kind
#   fault NAME=VALUE...   the same one, with other faults
#   call CALL [MEMBERS of the request] [-- OPTIONS of plugins/call]: the lines in $OUT
#
# SPDX-License-Identifier: Apache-2.0
LC_ALL=C # sort
export LC_ALL

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=oa" 2>/dev/null
OA_USER=Administrator OA_PASSWORD='a&b<c>"d'
LOG=$T/oa.log oa_n=0

how () { printf '%s\n' "user=$OA_USER" "password=$OA_PASSWORD" "new=$oa_n" "$@" >"$T/oa.how.new"; mv "$T/oa.how.new" "$T/oa.how"; }
oa () { oa_n=$((oa_n + 1)); : >"$LOG"; how "$@"; }
fault () { how "$@"; }
oa_start () { # OPTIONS of the simulator: sets P1 P2 P80
  oa
  python3 "$srcdir/sim/oa" "$T/cert.pem" "$T/key.pem" "$T/oa" "$@" 2>"$T/oa.err" &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$T/oa" || { cat "$T/oa.err"; return 1; }
  read -r P1 P2 P80 <"$T/oa"
}

SSHP=1
call () {
  local kind=$1 more=${2-} p=${P-$P1}
  shift; [ $# = 0 ] || shift; [ "${1-}" != -- ] || shift
  OUT=$("$builddir/plugins/call" "$@" "$(jq -cn --arg call "$kind" --argjson p "$p" --argjson http "$P80" --argjson ssh "$SSHP" \
    --arg user "$OA_USER" --arg password "$OA_PASSWORD" --argjson more "${more:-{\}}" '{call: $call, type: "oa",
    target: {address: "127.0.0.1", name: "enc1", operation: "t-1"}, phase: 3,
    ports: [[6, 443, 443, $p, $p], [6, 80, 80, $http, $http], [6, 22, 22, $ssh, $ssh]],
    settings: {}, credentials: {user: $user, password: $password}, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
token () { jq -r 'select(.outcome).token // empty' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
nodes () { jq -r 'select(.node).node | [.address, .type // "auto", .name // "-", .location, .pair // "-", .relation // "member"] | join(" | ")' <<<"$OUT"; }
brief () { items | jq -r '[.id, .name, .version, .location // "-"] | join(" | ")'; }
asked () { grep -c "$1" "$LOG"; }
sessions_left () { cat "$T/oa.sessions"; }
patiently () { soon "$@" || soon "$@" || soon "$@"; } # also on a machine that is very busy
image () { python3 "$srcdir/sim/oa" image "$@"; }

# deploy FILE VERSION [FLAGS [MATCH]]: with the tokens that it gives, to its end,
# as the service would.  All lines are in $ALL.  From the tenth call on a wait is
# as old as $OLD seconds, so that no test waits for a limit.
deploy () {
  local file=$1 token=null n=0 tokens=
  ALL=
  while [ $((n += 1)) -lt 300 ]; do
    call deploy "$(jq -cn --arg name "$(basename "$file")" --arg sum "$(sha256sum "$file" | cut -c1-64)" --arg version "$2" \
      --arg match "${4-oa:firmware}" --argjson flags "${3-0}" --argjson size "$(stat -c %s "$file")" --argjson token "$token" \
      '{image: {id: "x", format: "raw", match: $match, version: $version, flags: $flags,
      files: [{name: $name, sha256: $sum, size: $size}]}, token: $token, phase: 2, settings: {poll: "0"}}')" -- --file "$file"
    ALL="$ALL
$OUT"
    case $(outcome) in
    again) token=$(jq -c 'select(.outcome).token' <<<"$OUT") ;;
    unreachable|busy) [ $((tries += 1)) -lt 4 ] || break ;; # as the engine does
    *) break ;;
    esac
    [ $n -lt 10 ] || [ -z "${OLD-}" ] || token=$(jq -c --argjson old "$OLD" \
      'split(" ") | if length > 1 then .[1] = (now - $old | floor | tostring) else . end | join(" ")' <<<"$token")
    [ "${STOP-}" != "$(jq -r . <<<"$token" | cut -d' ' -f1)" ] || break
    [ $n -lt 3 ] || sleep 0.3
  done
  TOKEN=$token
}
tries=0
said () { jq -r 'select(.log).log' <<<"$ALL"; }
steps () { jq -r 'select(.step).step' <<<"$ALL"; }
have () { printf '%s ' $(cat "$T/oa.versions"); }
