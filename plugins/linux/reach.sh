# reach.sh - runs on the node: let it fetch URL, with whatever it has, and say
# how that ended.  Before it stand S (scheme), H (host), P (port), U (URL) and
# M (marker).  One line is the answer: MARKER WORD NOTES.
PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin
LC_ALL=C; export LC_ALL S H P U
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
has () { command -v "$1" >/dev/null 2>&1; }
limit () { if has timeout; then timeout "$@"; else shift; "$@"; fi; }
# A link-local address needs the node's own interface.
case $H in fe80:*)
  z=${SSH_CONNECTION%% *}
  case $z in *%*) Z=%${z#*%}; H=$H$Z ;; esac ;;
esac
# Segments that this kernel's own filters kept from leaving.
unsent () {
  awk '/^TcpExt:/ { if (n++) { for (i = 2; i <= NF; i++) if (name[i] == "TCPRetransFail") print $i }
                    else for (i = 2; i <= NF; i++) name[i] = $i }' /proc/net/netstat 2>/dev/null
}
# What programs say of an errno.
word () {
  case $1 in
    *'refused'*) echo refused ;;
    *'timed out'*|*'Timeout'*|*'timeout'*) echo timed-out ;;
    *'etwork is unreachable'*|*'etwork unreachable'*) echo no-route ;;
    *'No route to host'*|*'ost is unreachable'*|*'ost unreachable'*) echo unreachable ;;
    *'ermission denied'*|*'not permitted'*) echo not-permitted ;;
    *) echo "$2" ;;
  esac
}
by_python () {
  limit 20 python3 -c '
import os, socket, ssl, struct, sys
s, h, p, u = (os.environ[k] for k in "SHPU")
word = {111: "refused", 110: "timed-out", 101: "no-route", 113: "unreachable", 13: "not-permitted", 1: "not-permitted", 22: "no-route"}
a = socket.getaddrinfo(h, int(p), 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)[0]
six = a[0] == socket.AF_INET6
level, option = (socket.IPPROTO_IPV6, 25) if six else (socket.IPPROTO_IP, 11)
notes = []
def source(c):
    try: notes.append("source=%s source-port=%d" % (c.getsockname()[0].split("%")[0], c.getsockname()[1]))
    except OSError: pass
def offender(c):
    try:
        while True:
            for l, t, d in c.recvmsg(512, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)[1]:
                if l == level and t == option:
                    origin, kind, code = struct.unpack("4xBBB", d[:7])
                    family = struct.unpack("H", d[16:18])[0] if len(d) >= 32 else 0
                    if family == socket.AF_INET: notes.append("offender=" + socket.inet_ntop(family, d[20:24]))
                    if family == socket.AF_INET6 and len(d) >= 40: notes.append("offender=" + socket.inet_ntop(family, d[24:40]))
                    notes.append("icmp-type=%d icmp-code=%d" % (kind, code))
                    return
    except OSError: pass
def say(w):
    print(w, " ".join(notes), "tool=python3")
    sys.exit()
for i in (1, 2):
    c = socket.socket(a[0], socket.SOCK_STREAM)
    c.setsockopt(level, option, 1)
    c.settimeout(5)
    try:
        c.connect(a[4])
        source(c)
        break
    except socket.timeout:
        if i == 2:
            source(c)
            say("timed-out")
    except OSError as e:
        source(c)
        offender(c)
        if e.errno in word: say(word[e.errno])
        say("failed errno=%s" % e.errno)
try:
    if s == "ftp":
        import ftplib
        c.close()
        f = ftplib.FTP(timeout=5)
        f.connect(h, int(p))
        f.login()
        f.retrbinary("RETR /" + u.split("/", 3)[3], len)
        say("ok")
    if s == "https":
        x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        x.check_hostname = False
        x.verify_mode = ssl.CERT_NONE
        c = x.wrap_socket(c)
    path = "/" + u.split("/", 3)[3]
    c.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path, u.split("/")[2])).encode())
    line = c.recv(64).split(b"\r\n")[0].decode("ascii", "replace").split(" ")
except Exception as e:
    notes.append("then=" + type(e).__name__)
    say("timed-out" if isinstance(e, socket.timeout) else "answered")
if line[0][:5] == "HTTP/" and line[1:2] == ["200"]: say("ok")
notes.append("status=" + "".join(x for x in "".join(line[1:2]) if x.isdigit()))
say("answered")
' 2>/dev/null
}
by_perl () {
  limit 20 perl -e '
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6 AF_INET6); use POSIX ":errno_h";
my ($h, $p, $u) = @ENV{qw(H P U)}; my ($zone) = $h =~ s/%(.*)//s ? $1 : "";
my $six = $h =~ /:/; my $source = "";
exit 9 if $zone ne "";
my $to = $six ? pack_sockaddr_in6 ($p, inet_pton (AF_INET6, $h)) : sockaddr_in ($p, inet_aton ($h));
sub say1 { print "$_[0]$source tool=perl\n"; exit }
for my $i (1, 2) {
  socket (my $c, $six ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or exit 9;
  my $ok; my $e = 0;
  eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 5; $ok = connect ($c, $to); $e = $! + 0; alarm 0 };
  my $late = $@ eq "late\n";
  my $name = getsockname $c;
  if ($name) { my ($q, $b) = $six ? Socket::unpack_sockaddr_in6 ($name) : sockaddr_in ($name);
    $source = " source=" . ($six ? inet_ntop (AF_INET6, $b) : inet_ntoa ($b)) . " source-port=$q" }
  if ($late) { next if $i == 1; say1 ("timed-out") }
  if (!$ok) { say1 ($e == ECONNREFUSED ? "refused" : $e == ETIMEDOUT ? "timed-out" : $e == ENETUNREACH || $e == EINVAL ? "no-route"
    : $e == EHOSTUNREACH ? "unreachable" : $e == EACCES || $e == EPERM ? "not-permitted" : "failed errno=$e") }
  say1 ("connected") if $ENV{S} ne "http";
  my ($path) = $u =~ m{^\w+://[^/]*(/.*)}; my ($host) = $u =~ m{^\w+://([^/]*)}; my $line = "";
  eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 5;
    syswrite ($c, "GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n"); sysread ($c, $line, 64); alarm 0 };
  say1 ($@ ? "timed-out" : $line =~ m{^HTTP/1.. 200} ? "ok" : "answered");
}' 2>/dev/null
}
by_bash () {
  limit 12 bash -c '
e=$( { exec 3<>"/dev/tcp/$H/$P"; } 2>&1 ) || { echo "failed $e"; exit; }
exec 3<>"/dev/tcp/$H/$P" || exit
p=${U#*://*/}; h=${U#*://}; h=${h%%/*}
[ "$S" = http ] || { echo connected; exit; }
printf "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" "$p" "$h" >&3
IFS= read -r -t 5 line <&3
case $line in "HTTP/1."?" 200"*) echo ok ;; *) echo answered ;; esac' >"$T" 2>/dev/null || :
  read -r line <"$T" || line=
  case $line in
    ok|answered|connected) echo "$line tool=bash" ;;
    '') echo "timed-out tool=bash" ;;
    *) echo "$(word "$line" failed) tool=bash" ;;
  esac
}
by_curl () {
  limit 20 curl -s -v -g -k --noproxy '*' --connect-timeout 10 --max-time 15 -o /dev/null \
    -w '%{http_code} %{local_ip} %{local_port}\n' "$1" >"$T" 2>"$T.2"; e=$?
  read -r code ip port <"$T" || code=000
  [ -z "$ip" ] || ip=" source=$ip source-port=$port"
  case $code in
    200|226) echo "ok$ip tool=curl" ;;
    000|'')
      w=failed; [ $e != 28 ] || w=timed-out; [ $e != 7 ] || w=unreachable
      echo "$(word "$(grep -i 'connect to\|immediate\|failed\|rying\|unreach' "$T.2" | tr '\n' ' ')" $w)$ip tool=curl" ;;
    *) echo "answered$ip status=$code tool=curl" ;;
  esac
}
by_wget () {
  limit 20 wget -O /dev/null -T 10 --no-check-certificate "$1" >"$T" 2>&1; e=$?
  if [ $e = 0 ]; then echo "ok tool=wget"
  elif [ $e = 8 ] || grep -q 'HTTP/1\|server returned' "$T"; then echo "answered tool=wget"
  else w=failed; [ $e != 124 ] || w=timed-out; echo "$(word "$(cat "$T")" $w) tool=wget"; fi
}
# A zone isn't part of what a URL may say everywhere: the first tools take H.
try () {
  if has python3 && r=$(by_python </dev/null) && [ -n "$r" ]; then return; fi
  if has perl && [ "$S" = http ] && r=$(by_perl </dev/null) && [ -n "$r" ]; then return; fi
  if has curl; then r=$(by_curl "$U" </dev/null); return; fi
  if has wget; then r=$(by_wget "$U" </dev/null); return; fi
  if has perl && r=$(by_perl </dev/null) && [ -n "$r" ]; then return; fi
  if has bash && has timeout; then r=$(by_bash </dev/null); return; fi
  r=no-tool
}
T=$(mktemp 2>/dev/null) || T=/dev/null
before=$(unsent)
try
after=$(unsent)
case $r in timed-out*)
  filter=no
  [ -n "$before" ] && [ -n "$after" ] && [ "$after" -gt "$before" ] && filter=yes
  if has bash; then
    case $(bash -c 'printf x >"/dev/udp/$H/$P"' 2>&1) in *'not permitted'*) filter=yes ;; esac
  fi
  r="$r output-filter=$filter" ;;
esac
[ "$T" = /dev/null ] || rm -f "$T" "$T.2"
echo "$M $r"
