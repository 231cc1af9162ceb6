# serve-crash.sh - kill -9 in the middle of 1,000 status posts: what was answered
# with 200 is in the store afterwards.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/serve-lib.sh"
requires python3 sqlite3

echo x >"$T/file"
sum=$(sum_of "$T/file")
cat >"$T/post.py" <<'P'
# Posts 1, 2, ... on eight connections until they break; prints what was answered.
import http.client, sys, threading, urllib.parse
u = urllib.parse.urlparse (sys.argv[1]); lock = threading.Lock (); n = 0
def run ():
    global n
    c = http.client.HTTPConnection (u.hostname, u.port, timeout = 60)
    while True:
        with lock:
            n += 1; i = n
        if i > 1000: return
        try:
            c.request ("POST", u.path, '{"n":%d}' % i, {"Content-Type": "application/json"})
            r = c.getresponse (); r.read ()
        except Exception: return
        if r.status == 200:
            with lock: print (i, flush = True)
threads = [threading.Thread (target = run) for i in range (8)]
[t.start () for t in threads]; [t.join () for t in threads]
P
for after in 1 200 600; do
  rm -rf "$T/serve"
  ok "the listeners start" listener "$T/file" rate=100000
  python3 "$T/post.py" "$status" >"$T/answered" & client=$!
  enough () { [ "$(wc -l <"$T/answered")" -ge $after ]; }
  ok "$after posts are answered" soon enough
  kill -9 "$listener"; wait "$client" "$listener" 2>/dev/null
  ok "not all are" test "$(wc -l <"$T/answered")" -lt 1000
  sort <"$T/answered" >"$T/said"
  sqlite3 "$T/serve/store.db" "SELECT json_extract (body, '$.n') FROM post" | sort >"$T/kept"
  is "each is there ($(wc -l <"$T/said") answered, $(wc -l <"$T/kept") kept)" "$(comm -23 "$T/said" "$T/kept")" ""
  is "and none twice" "$(uniq -d "$T/kept")" ""
done
done_testing
