# serve-crash.sh - kill -9 in the middle of 1,000 status posts: what was answered
# with 200 is in the store afterwards.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/serve-lib.sh"
requires python3 sqlite3

echo x >"$T/file"
sum=$(sum_of "$T/file")
for after in 1 200 600; do
  rm -rf "$T/serve"
  ok "the listeners start" listener "$T/file" rate=100000
  python3 "$srcdir/sim/post-status.py" "$status" >"$T/answered" & client=$!
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
