# linux-reach.sh - reach.sh with each of the programs that a node may have.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires ip nft unshare timeout
[ "$(id -u)" = 0 ] || skip_all "needs root, to make a network namespace"
NET=flr$$
ip netns add "$NET" 2>/dev/null || skip_all "network namespaces can't be made here"
at_exit 'ip netns pids "$NET" | xargs -r kill -9 2>/dev/null; ip netns del "$NET"'
ip -n "$NET" link set lo up
ip -n "$NET" addr add 10.99.9.1/32 dev lo
ip -n "$NET" route add prohibit 10.99.8.0/24
ip netns exec "$NET" nft -f - <<'N'
table inet t { chain c { type filter hook output priority 0; tcp dport 7 drop
}; }
N
cat >"$T/server.py" <<'P'
import http.server
class H (http.server.BaseHTTPRequestHandler):
    def do_GET (s):
        s.send_response (200 if s.path == "/c/x" else 404)
        s.send_header ("Content-Length", "0")
        s.end_headers ()
    def log_message (*a): pass
http.server.ThreadingHTTPServer (("127.0.0.1", 8080), H).serve_forever ()
P
python=$(command -v python3) || skip_all "needs python3, as the server"
ip netns exec "$NET" "$python" "$T/server.py" 2>/dev/null &
for i in $(seq 100); do
  ip netns exec "$NET" bash -c ': </dev/tcp/127.0.0.1/8080' 2>/dev/null && break
  sleep 0.05
done

# As if the node had this program alone
reach () { # PROGRAM ADDRESS PORT PATH
  local p without=()
  for p in python3 perl curl wget; do [ "$p" = "$1" ] || without+=(-e "s/has $p/false/"); done
  { echo "S=http H=$2 P=$3 U='http://$2:$3$4' M=@m"
    sed "${without[@]}" -e '/^ *#/d' "$srcdir/../plugins/linux/reach.sh"
  } | ip netns exec "$NET" timeout 60 sh -s 2>&1
}

for program in python3 perl curl wget bash; do
  command -v "$program" >/dev/null || continue
  reach "$program" 10.99.9.1 7 /c/x >"$T/silent-$program" &
  silent="${silent-} $!"
done
for program in python3 perl curl wget bash; do
  command -v "$program" >/dev/null || { skip "$program" "isn't here"; continue; }
  like "$program fetches" "$(reach $program 127.0.0.1 8080 /c/x)" "^@m ok .*tool=$program"
  like "$program sees another status" "$(reach $program 127.0.0.1 8080 /c/y)" "^@m answered .*tool=$program"
  like "$program is refused" "$(reach $program 127.0.0.1 1 /c/x)" "^@m refused .*tool=$program"
  like "$program has no route" "$(reach $program 10.99.7.1 80 /c/x)" "^@m no-route .*tool=$program"
  like "$program isn't permitted" "$(reach $program 10.99.8.1 80 /c/x)" "^@m not-permitted .*tool=$program"
done
# shellcheck disable=SC2086  # several
wait $silent
for program in python3 perl curl wget bash; do
  [ -e "$T/silent-$program" ] || continue
  like "$program meets silence, made by the node itself" "$(cat "$T/silent-$program")" \
    "^@m timed-out .*tool=$program output-filter=yes"
done
like "nothing to try with is said" "$(sed -e '/^ *#/d' "$srcdir/../plugins/linux/reach.sh" |
  { echo 'S=http H=127.0.0.1 P=1 U=http://127.0.0.1:1/ M=@m'; sed 's/^has () .*/has () { false; }/'; } | sh -s 2>&1)" "^@m no-tool"
done_testing
