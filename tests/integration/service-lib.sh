# service-lib.sh - starting fettled in tests; sourced after tap.sh.
# SPDX-License-Identifier: Apache-2.0

free_port () { # nobody listens there now
  local p
  while :; do
    p=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
  done
}

gone () { ! kill -0 "$1" 2>/dev/null; }

start () { # STATE ARGS...: sets pid; its messages are in STATE.log
  local state=$1; shift
  fettled --state-dir "$state" "$@" >"$state.log" 2>&1 &
  pid=$!
  at_exit "kill -9 $pid 2>/dev/null"
  soon test -e "$state/service.json" || { cat "$state.log"; return 1; }
}

api () { # STATE METHOD PATH [curl's options]: the answer; $T/status has its status
  local state=$1 method=$2 path=$3 port; shift 3
  port=$(sed -n 's/.*"ssl_port": *\([0-9]*\).*/\1/p' "$state/service.json")
  curl -sS --max-time "${api_time-20}" --noproxy '*' --cacert "$state/cert.pem" -X "$method" -o "$T/answer" \
    -w '%{http_code}' -H "Authorization: Bearer $(cat "$state/token")" "$@" \
    "https://localhost:$port/api/v1$path" >"$T/status" 2>"$T/curl"
  cat "$T/answer" 2>/dev/null
}

status () { api "$@" >/dev/null; cat "$T/status"; }
