# serve-clients.sh - many clients fetch the same file, plain and with TLS, whole
# and in parts, out of the middle of a larger file; what they got is compared.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/serve-lib.sh"

# The file is a part of another one, as a member of an ISO is.
head -c 9000000 /dev/urandom >"$T/image.iso"
tail -c +1234568 "$T/image.iso" | head -c 7000000 >"$T/part"
sum=$(sum_of "$T/part")
ok "the listeners start" listener "$T/image.iso" offset=1234567 length=7000000
got () { # NAME: what a client wrote
  is "$1 has the file" "$(sum_of "$T/out" 2>&1)" "$sum"
  rm -f "$T/out"
}

ok "curl" curl -fsS -o "$T/out" "$file"; got "curl"
ok "curl, TLS" curl -fsSk -o "$T/out" "$sfile"; got "curl, TLS"
ok "curl, TLS 1.2 alone" curl -fsSk --tlsv1.2 --tls-max 1.2 -o "$T/out" "$sfile"; got "curl, TLS 1.2"
ok "curl, HTTP/1.0" curl -fsS -0 -o "$T/out" "$file"; got "curl, HTTP/1.0"
head -c 3000000 "$T/part" >"$T/out"
ok "curl resumes" curl -fsS -C - -o "$T/out" "$file"; got "curl, resuming,"
curl -fsS -D "$T/head" -o /dev/null "$file"
like "its digest is told" "$(cat "$T/head")" "Repr-Digest: sha-256=:$(printf %s "$sum" | sed 's/../\\x&/g' | xargs -0 printf %b | base64 | sed 's/[+]/[+]/g'):"
tag=$(sed -n 's/^ETag: \(.*\)\r/\1/p' "$T/head")
is "what is known isn't sent again" "$(curl -sS -o /dev/null -w '%{http_code} %{size_download}' -H "If-None-Match: $tag" "$file")" "304 0"
is "what has changed is sent whole" "$(curl -sS -o "$T/out" -w '%{http_code}' -H 'Range: bytes=0-9' -H 'If-Range: "other"' "$file")" "200"
got "If-Range"

if have wget; then
  ok "wget" wget -q -O "$T/out" "$file"; got "wget"
  ok "wget, TLS" wget -q --no-check-certificate -O "$T/out" "$sfile"; got "wget, TLS"
  head -c 123 "$T/part" >"$T/out"
  ok "wget resumes" wget -q -c -O "$T/out" "$file"; got "wget, resuming,"
else skip "wget" "not here"; fi
if have busybox && busybox wget --help >/dev/null 2>&1; then
  ok "BusyBox wget" busybox wget -q -O "$T/out" "$file"; got "BusyBox wget"
else skip "BusyBox wget" "not here"; fi
if have aria2c; then
  for u in "$file" "$sfile"; do
    ok "aria2, eight at once" aria2c -q --check-certificate=false --allow-overwrite=true -x 8 -s 8 -k 1M -d "$T" -o out "$u"
    got "aria2"
  done
else skip "aria2" "not here"; fi
if python3 -c 'import requests' 2>/dev/null; then
  ok "Python's requests" python3 - "$file" "$sfile" "$sum" <<'P'
import hashlib, requests, sys
requests.packages.urllib3.disable_warnings ()
plain, tls, wanted = sys.argv[1:]
s = requests.Session (); s.trust_env = False
for url in (plain, tls):
    r = s.get (url, verify = False, timeout = 60)
    assert r.status_code == 200 and hashlib.sha256 (r.content).hexdigest () == wanted
    whole = r.content
    r = s.get (url, verify = False, timeout = 60, headers = {"Range": "bytes=5-9,1000000-2000000"})
    assert r.status_code == 206 and whole[1000000:2000001] in r.content and whole[5:10] in r.content
    assert s.head (url, verify = False, timeout = 60).headers["Content-Length"] == str (len (whole))
r = s.post (plain.split ("/d/")[0] + "/s/" + "0" * 32, json = {}, timeout = 60)
assert r.status_code == 404
P
else skip "Python's requests" "not here"; fi

# Status, as nodes send it.
is "JSON" "$(curl -sS -w '%{http_code}' -o /dev/null -H 'Content-Type: application/json' -d '{"state":"half"}' "$status")" 200
is "a form" "$(curl -sS -w '%{http_code}' -o /dev/null -d 'state=done&percent=100' "$status")" 200
is "XML, TLS" "$(curl -sSk -w '%{http_code}' -o /dev/null -H 'Content-Type: text/xml' -d '<state>done</state>' "$sstatus")" 200
is "anything else isn't taken" "$(curl -sS -w '%{http_code}' -o /dev/null -H 'Content-Type: text/plain' -d 'done' "$status")" 415

# Who downloads when the service ends, comes to an end, too.
curl -fsS --limit-rate 3M -o "$T/out" "$file" & client=$!
soon test -s "$T/out"
kill -TERM "$listener"
wait "$client"; is "a running download comes to its end" $? 0
got "it"
ok "and then the listeners have ended" soon gone "$listener"
not_ok "nobody is let in any more" curl -sS -m 5 -o /dev/null "$file"
done_testing
