#!/bin/bash
# FTP as clients use it: curl, lftp, wget and Python, over IPv4 and IPv6.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires python3
. "$srcdir/integration/ftp-lib.sh"

head -c 3000000 /dev/urandom >"$T/firmware.bin"
sum=$(sha256sum <"$T/firmware.bin")
sum_of () { sha256sum <"$1"; }
half=1234567
tail_sum=$(tail -c +$((half + 1)) "$T/firmware.bin" | sha256sum)
export HOME=$T no_proxy='*'

clients () { # URL's host, our address
  local host=$1 url
  listen "$2" "$2" || { tap_line "not ok" "a listener on $2"; return; }
  url=ftp://$host:$port/$name
  rm -f "$T"/curl* "$T"/wget "$T"/lftp* "$T"/python* "$T/got"

  if command -v curl >/dev/null; then
    ok "$2: curl" curl -sS -m 60 -o "$T/curl" "$url"
    is "$2: ... gets what was published" "$(sum_of "$T/curl")" "$sum"
    ok "$2: curl by one CWD" curl -sS -m 60 --ftp-method singlecwd -o "$T/curl1" "$url"
    is "$2: ... the same" "$(sum_of "$T/curl1")" "$sum"
    head -c $half "$T/firmware.bin" >"$T/curl2"
    ok "$2: curl goes on in the middle" curl -sS -m 60 -C - -o "$T/curl2" "$url"
    is "$2: ... and has the whole" "$(sum_of "$T/curl2")" "$sum"
    like "$2: size and time are told" "$(curl -sS -m 60 -I "$url")" "Content-Length: 3000000"
  else
    skip "$2: curl" "there is none"
  fi
  if command -v wget >/dev/null; then
    ok "$2: wget" wget -q -T 60 -t 1 -O "$T/wget" "$url"
    is "$2: ... gets what was published" "$(sum_of "$T/wget")" "$sum"
  else
    skip "$2: wget" "there is none"
  fi
  if command -v lftp >/dev/null; then
    ok "$2: lftp" timeout 60 lftp -c "set net:max-retries 1; set net:timeout 30; get $url -o $T/lftp"
    is "$2: ... gets what was published" "$(sum_of "$T/lftp")" "$sum"
    head -c $half "$T/firmware.bin" >"$T/lftp2"
    ok "$2: lftp goes on in the middle" \
      timeout 60 lftp -c "set net:max-retries 1; get -c $url -o $T/lftp2"
    is "$2: ... and has the whole" "$(sum_of "$T/lftp2")" "$sum"
    ok "$2: lftp in four parts" \
      timeout 60 lftp -c "set net:max-retries 1; pget -n 4 $url -o $T/lftp4"
    is "$2: ... and has the whole" "$(sum_of "$T/lftp4")" "$sum"
  else
    skip "$2: lftp" "there is none"
  fi
  ok "$2: Python's ftplib" python3 - "$2" "$port" "$name" "$half" "$T/python" <<'END'
import ftplib, sys
host, port, name, half, out = sys.argv[1:]
f = ftplib.FTP()
f.connect(host, int(port), timeout=60)
f.login()
assert "SIZE" in f.sendcmd("FEAT"), "FEAT"
assert f.sendcmd("SYST").startswith("215 UNIX")
assert f.pwd() == "/"
f.cwd("d"); f.cwd("."); f.cwd("/d")
assert f.pwd() == "/d"
f.cwd(".."[:1])
f.sendcmd("CDUP")
assert f.pwd() == "/"
f.voidcmd("TYPE I")
assert f.size(name) == 3000000
assert len(f.sendcmd("MDTM " + name)) == len("213 20261122120000")
f.voidcmd("NOOP")
with open(out, "wb") as o:
    f.retrbinary("RETR " + name, o.write)
with open(out + ".tail", "wb") as o:
    f.retrbinary("RETR /" + name, o.write, rest=int(half))
empty = []
f.retrbinary("RETR " + name, empty.append, rest=3000000)
assert empty == [], "from its end on there is nothing"
# REST is for the next file only.
got = []
f.retrbinary("RETR " + name, got.append)
assert sum(map(len, got)) == 3000000
# In the other type too; files are sent unchanged.
f.voidcmd("TYPE A")
got = []
with f.transfercmd("RETR " + name) as s:
    while (b := s.recv(65536)):
        got.append(b)
f.voidresp()
assert sum(map(len, got)) == 3000000
# PASV by hand, where there is one.
if f.af.name == "AF_INET":
    f.trust_server_pasv_ipv4_address = True
    assert ftplib.parse227(f.sendcmd("PASV"))[0] == host
# Broken off in the middle, and gone on with the same connection.
s = f.transfercmd("RETR " + name)
s.recv(1000)
answer = f.abort()
assert answer[:3] in ("226", "426"), answer
s.close()
if answer[:3] == "426":
    assert f.getmultiline().startswith("226")
f.voidcmd("NOOP")
f.quit()
END
  is "$2: ... gets what was published" "$(sum_of "$T/python")" "$sum"
  is "$2: ... and its tail" "$(sum_of "$T/python.tail")" "$tail_sum"

  # A part of the file, as a member of an ISO is.
  dd if="$T/firmware.bin" of="$T/part" bs=1 skip=4097 count=10000 2>/dev/null
  name=$(order "part 4097 10000")
  ok "$2: a part of a file" \
    python3 -c 'import ftplib, sys
host, port, name, out = sys.argv[1:]
f = ftplib.FTP()
f.connect(host, int(port), timeout=60)
f.login()
f.retrbinary("RETR " + name, open(out, "wb").write)' "$2" "$port" "$name" "$T/got"
  ok "$2: ... is that part" cmp "$T/part" "$T/got"
  is "$2: what was sent is counted" "$(order say)" "bytes 10000 fetches 1 listeners 1"
  ok "$2: the listener ends with nothing left" unlisten
  is "$2: ... and had nothing to complain of" "$(cat "$T/listener.$port.log")" ""
}
clients 127.0.0.1 127.0.0.1
if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
  clients '[::1]' ::1
else
  skip "IPv6" "this host has none"
fi
done_testing
