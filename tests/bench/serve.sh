# serve.sh - downloads and status posts, against nginx with sendfile on the same
# file, in one run.  Prints figures and ratios, judges nothing.
#
#   cd build/tests && make bench/serve-load integration/serve-listener
#   ../run bash ../../tests/bench/serve.sh          SIZE=512 (MiB)  PARALLEL=64  ROUNDS=3
#                                                   IDLE=10000  SECONDS_EACH=5
# Both servers have one process that serves, and take turns; the clients run on
# the same processors, so ratios count, and the processor time of the server.
# SPDX-License-Identifier: Apache-2.0
set -u
SIZE=${SIZE-512} PARALLEL=${PARALLEL-64} ROUNDS=${ROUNDS-3} IDLE=${IDLE-10000} SECONDS_EACH=${SECONDS_EACH-5}
load=$PWD/bench/serve-load listener=$PWD/integration/serve-listener
for p in "$load" "$listener" /usr/sbin/nginx; do [ -x "$p" ] || { echo "needs $p"; exit 77; }; done
ulimit -n "$(ulimit -Hn)"
T=$(mktemp -d) || exit 1
pids=
end () { for p in $pids; do kill -9 "$p" 2>/dev/null; done; rm -rf "$T"; }
trap end EXIT
trap 'exit 1' INT TERM
mkdir "$T/state" "$T/www"
chmod 755 "$T" "$T/www"
head -c "$SIZE"M /dev/urandom >"$T/www/file"

port=$((20000 + RANDOM % 10000))
H=$port S=$((port + 1)) NH=$((port + 2)) NS=$((port + 3))
"$listener" "$T/state" "$T/www/file" http=$H https=$S connections=20000 node_connections=20000 \
  rate=1000000 idle=600 stall=600 >"$T/urls" 2>"$T/listener.log" &
ours=$!; pids="$pids $ours"
for i in $(seq 200); do grep -q ready "$T/urls" && break; sleep 0.1; done
grep -q ready "$T/urls" || { cat "$T/listener.log"; exit 1; }
file=$(sed -n 's|^file http://[^/]*||p' "$T/urls"); sfile=$(sed -n 's|^file https://[^/]*||p' "$T/urls")
status=$(sed -n 's|^status http://[^/]*||p' "$T/urls"); sstatus=$(sed -n 's|^status https://[^/]*||p' "$T/urls")

cat >"$T/nginx.conf" <<C
daemon off; master_process off; worker_processes 1; pid $T/nginx.pid; error_log $T/nginx.log;
worker_rlimit_nofile 65536;
events { worker_connections 40000; }
http {
  sendfile on; tcp_nodelay on; access_log off; keepalive_timeout 600; keepalive_requests 1000000000;
  default_type application/octet-stream; root $T/www;
  client_body_temp_path $T/b; proxy_temp_path $T/p; fastcgi_temp_path $T/f; uwsgi_temp_path $T/u; scgi_temp_path $T/s;
  server { listen 127.0.0.1:$NH backlog=4096; }
  server { listen 127.0.0.1:$NS ssl backlog=4096; ssl_certificate $T/state/cert.pem; ssl_certificate_key $T/state/cert.key;
           ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache none; }
}
C
/usr/sbin/nginx -c "$T/nginx.conf" 2>"$T/nginx.err" &
nginx=$!; pids="$pids $nginx"
for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$NH) 2>/dev/null && break; sleep 0.1; done

ticks=$(getconf CLK_TCK)
cpu () { awk '{ sub (/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
rss () { awk '/^Rss:/ { print $2 }' "/proc/$1/smaps_rollup"; }
median () { sort -n | awk '{ a[NR] = $1 } END { print a[int ((NR + 1) / 2)] }'; }
ratio () { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "-" }'; }

download () { # PID PORT tls|plain PATH: "MB/s CPU-seconds/GB"
  local before after out
  before=$(cpu "$1")
  out=$("$load" get 127.0.0.1 "$2" "$3" "$4" "$PARALLEL" 1) || { echo "0 0"; return; }
  after=$(cpu "$1")
  echo "$out" | awk -v c=$((after - before)) -v t="$ticks" '{ printf "%.0f %.3f\n", $2 / $4 / 1e6, c / t / ($2 / 1e9) }'
}
echo "one file of $SIZE MiB, $PARALLEL downloads in parallel, $ROUNDS rounds, medians; $(nproc) processors, kTLS:" \
  "$(grep -qw tls /proc/sys/net/ipv4/tcp_available_ulp 2>/dev/null && echo yes || echo no)"
for kind in plain tls; do
  [ $kind = tls ] && { p=$S n=$NS u=$sfile; } || { p=$H n=$NH u=$file; }
  for i in $(seq "$ROUNDS"); do
    download $ours $p $kind "$u" >>"$T/ours.$kind"
    download $nginx $n $kind /file >>"$T/nginx.$kind"
  done
  set -- $(for f in ours nginx; do for c in 1 2; do cut -d' ' -f$c "$T/$f.$kind" | median; done; done)
  echo "$kind: fettle $1 MB/s, $2 CPU s/GB; nginx $3 MB/s, $4 CPU s/GB; throughput $(ratio "$1" "$3"), CPU $(ratio "$2" "$4")"
done

idle () { # PID PORT tls|plain PATH: KiB per connection
  local before after
  before=$(rss "$1")
  mkfifo "$T/hold"
  "$load" idle 127.0.0.1 "$2" "$3" "$4" "$IDLE" <"$T/hold" >"$T/idle.out" 2>"$T/idle.err" &
  local l=$!
  exec 9>"$T/hold"
  for i in $(seq 1200); do grep -q idle "$T/idle.out" && break; kill -0 $l 2>/dev/null || break; sleep 0.1; done
  after=$(rss "$1")
  grep -q idle "$T/idle.out" || cat "$T/idle.err" >&2
  exec 9>&-
  wait $l; rm "$T/hold"
  awk -v a="$after" -v b="$before" -v n="$IDLE" 'BEGIN { printf "%.2f", (a - b) / n }'
}
for kind in plain tls; do
  [ $kind = tls ] && { p=$S n=$NS u=$sfile; } || { p=$H n=$NH u=$file; }
  a=$(idle $ours $p $kind "$u"); b=$(idle $nginx $n $kind /file)
  echo "$IDLE idle keep-alive connections, $kind: fettle $a KiB each, nginx $b KiB"
done

for c in 64 256 1024; do
  before=$(cpu $ours)
  out=$("$load" posts 127.0.0.1 $H plain "$status" $c "$SECONDS_EACH"); after=$(cpu $ours)
  echo "posts of 16 bytes, durable, $c connections, plain: $(echo "$out" | awk '{ printf "%.0f", $2 / $4 }')/s," \
    "$(echo "$out" | awk -v c=$((after - before)) -v t="$ticks" '{ printf "%.1f", c / t / $2 * 1e6 }') CPU us each"
done
echo "posts, 256 connections, tls: $("$load" posts 127.0.0.1 $S tls "$sstatus" 256 "$SECONDS_EACH" | awk '{ printf "%.0f", $2 / $4 }')/s"

for k in 1 2; do
  for who in ours nginx; do
    [ $who = ours ] && { pid=$ours p=$S u=$sfile; } || { pid=$nginx p=$NS u=/file; }
    before=$(cpu $pid); out=$("$load" new 127.0.0.1 $p tls "$u" 8 "$SECONDS_EACH"); after=$(cpu $pid)
    echo "$out" | awk -v w=$who -v c=$((after - before)) -v t="$ticks" '{ printf "new TLS connections, %s: %.0f/s, %.2f CPU ms each\n", w, $2 / $4, c / t / $2 * 1000 }'
  done
done
"$load" wrong 127.0.0.1 $H plain "/d/$(printf '%032d' 7)/file" 8 "$SECONDS_EACH" >"$T/wrong" & w=$!
sleep 1
echo "meanwhile, of one who asks rightly: $("$load" new 127.0.0.1 $H plain "$file" 1 1 | awk '{ printf "%.2f", $4 / $2 * 1000 }') ms an answer"
wait $w
echo "wrong names, 8 at a time, each on its own connection: $(awk '{ printf "%.0f", $2 / $4 }' "$T/wrong")/s"
echo "resident at the end: fettle $(rss $ours) KiB, nginx $(rss $nginx) KiB"
