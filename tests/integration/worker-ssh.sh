# worker-ssh.sh - ssh/1 against a real OpenSSH server: logins, host keys,
# commands, files, sudo, and what goes wrong on the way.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/sshd.sh"

FETTLE_PLUGINDIR=$builddir/plugins/.libs
export FETTLE_PLUGINDIR
LIBSSH2=$(sed -n 's/^#define LIBSSH2_VERSION_NUM *//p' /usr/include/libssh2.h 2>/dev/null)

json () { # text -> JSON string
  perl -0pe 's/([\\"])/\\$1/g; s/\n/\\n/g; s/\t/\\t/g; $_ = "\"$_\""'
}
key () { json <"$T/user_$1"; }

# request CREDENTIALS SETTINGS [HOST_KEY] [PORT] [CALL]
request () {
  printf '{"call":"%s","type":"errand","target":{"address":"127.0.0.1","name":"n1","operation":"t-1"},
"phase":1,"ports":[[6,22,22,%s,%s]],"settings":{%s},"credentials":{%s},"host_key":{%s},
"timeouts":{"connect":5,"read":%s},"token":null%s}' \
    "${5-inventory}" "${4-$P}" "${4-$P}" "$2" "$1" "${3-\"policy\":\"tofu\",\"pinned\":null}" "${READ-10}" "${IMAGE-}"
}
call () { "$builddir/plugins/call" "$@" 2>&1; }
do_call () { # OPTIONS... -- as request
  local options=()
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  OUT=$(call "${options[@]}" "$(request "$@")")
}
outcome () { printf '%s\n' "$OUT" | sed -n 's/.*"outcome":"\([a-z]*\)".*/\1/p'; }
item () { printf '%s\n' "$OUT" | perl -ne 'while (/\{[^{}]*"id":"'"$1"'"[^{}]*\}/g) { my $i = $&; print "$1\n" if $i =~ /"'"${2-name}"'":"((?:[^"\\]|\\.)*)"/ }'; }

root="\"user\":\"root\",\"key\":$(key ed25519)"
start_sshd ed25519 ecdsa rsa

# ---- Logins.
for t in ed25519 ecdsa; do
  do_call -- "\"user\":\"root\",\"key\":$(key $t)" '"command":"id -u"'
  is "an $t key logs in" "$(outcome) $(item out)" 'ok 0\n'
done
do_call -- "\"user\":\"root\",\"key\":$(key rsa)" '"command":"id -u"'
if [ "$((LIBSSH2))" -ge "$((0x010b00))" ]; then
  is "an RSA key logs in" "$(outcome)" ok
else
  is "an RSA key can't with this libssh2" "$(outcome)" auth
  like "and the error says what to do" "$OUT" "the key is RSA: libssh2 1\.[0-9.]+ can't sign with SHA-2.*use an ed25519 key"
fi
do_call -- "\"user\":\"root\",\"key\":$(key stranger)" '"command":"id -u"'
is "a key that the node doesn't know" "$(outcome)" auth
like "names user and way" "$OUT" 'refused the user root \(the key: .*it accepts: publickey'
do_call -- '"user":"root","key":"rubbish"' ''
is "a key that is none" "$(outcome)" auth
ssh-keygen -q -t ed25519 -N 'pass phrase' -f "$T/user_locked"; cat "$T/user_locked.pub" >>"$T/authorized"
do_call -- "\"user\":\"root\",\"key\":$(key locked),\"passphrase\":\"pass phrase\"" '"command":"id -u"'
is "a key with its passphrase" "$(outcome)" ok
do_call -- "\"user\":\"root\",\"key\":$(key locked),\"passphrase\":\"wrong\"" ''
is "a key with a wrong passphrase" "$(outcome)" auth
like "it says so" "$OUT" 'wrong passphrase'
do_call -- '"user":"root"' ''
is "no credentials at all" "$(outcome)" auth
do_call -- '' ''
is "no user" "$(outcome)" config

# ---- What was exchanged is written down, without secrets.
do_call --recording "$T/recording" -- "$root,\"password\":\"planted-one\"" '"command":"echo out planted-one; printf \"\\377err\" >&2; exit 3"'
is "a recorded command" "$(outcome)" ok
is "what it said is there" "$(perl -ne 'print "$1 $2 $3" if /"exit":(\d+).*"out":"(.*?)\\n".*"base64":"([^"]*)"/' "$T/recording")" "3 out removed /2Vycg=="
is "the password and the key aren't" "$(grep -ciE 'planted|PRIVATE' "$T/recording")" 0
like "it is played back" "$(fettle plugin check "$FETTLE_PLUGINDIR/errand.so" --recording "$T/recording")" \
  'ok +call 1 of the recording, inventory of errand, as it was recorded: [1-9]'

# ---- The agent.
eval "$(ssh-agent -a "$T/agent" 2>/dev/null)" >/dev/null
at_exit "kill ${SSH_AGENT_PID-} 2>/dev/null"
do_call --agent "$T/agent" -- '"user":"root","agent":true' ''
like "an agent without keys" "$OUT" '"outcome":"auth".*the agent: it has no key'
for t in stranger rsa ecdsa ed25519; do SSH_AUTH_SOCK=$T/agent ssh-add -q "$T/user_$t"; done
do_call --agent "$T/agent" -- '"user":"root","agent":true' '"command":"id -u"'
is "an agent with four keys, one of which fits" "$(outcome) $(item out)" 'ok 0\n'
SSH_AUTH_SOCK=$T/agent ssh-add -q -D 2>/dev/null; SSH_AUTH_SOCK=$T/agent ssh-add -q "$T/user_rsa"
do_call --agent "$T/agent" -- '"user":"root","agent":true' '"command":"id -u"'
if [ "$((LIBSSH2))" -ge "$((0x010b00))" ]; then
  is "an RSA key of the agent" "$(outcome)" ok
else
  is "an RSA key of the agent can't with this libssh2" "$(outcome)" auth
fi
SSH_AUTH_SOCK=$T/agent ssh-add -q -D 2>/dev/null; SSH_AUTH_SOCK=$T/agent ssh-add -q "$T/user_ecdsa"
do_call --agent "$T/agent" -- '"user":"root","agent":true' ''
is "an ECDSA key of the agent" "$(outcome)" ok

# ---- Host keys.
# A fingerprint may have a "+": no regular expression.
has () { if [ "${OUT#*"$2"}" != "$OUT" ]; then ok "$1" true; else like "$1" "$OUT" "(exactly) $2"; fi; }
print_of () { ssh-keygen -lf "$T/host_$1.pub" | awk -v t="$(cut -d' ' -f1 "$T/host_$1.pub")" '{ print t, $2 }'; }
do_call -- "$root" ''
has "tofu tells the key it saw" "\"host_key\":\"$(print_of ed25519)\""
do_call -- "$root" '' '"policy":"strict","pinned":null'
is "strict: an unknown key isn't accepted" "$(outcome)" auth
has "the error shows the key and the command" "fettle node set n1 --host-key \\\"$(print_of ed25519)\\\""
do_call -- "$root" '' "\"policy\":\"strict\",\"pinned\":\"$(print_of ecdsa)\""
is "the pinned kind of key is asked for" "$(outcome)" ok
do_call -- "$root" '' '"policy":"tofu","pinned":"ssh-ed25519 SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"'
is "a changed key isn't accepted, tofu or not" "$(outcome)" auth
has "the new one is shown" "shows $(print_of ed25519)"
like "old, new, and the command that accepts it" "$OUT" 'known is ssh-ed25519 SHA256:AAAA.*fettle node set n1 --forget-host-key'
echo "[127.0.0.1]:$P $(cut -d' ' -f1,2 "$T/host_ecdsa.pub")" >"$T/known"
do_call --known-hosts "$T/known" -- "$root" '' '"policy":"strict","pinned":null'
is "known_hosts: strict, and its kind of key is asked for" "$(outcome)" ok
ssh-keygen -q -H -f "$T/known" >/dev/null 2>&1
do_call --known-hosts "$T/known" -- "$root" '' '"policy":"strict","pinned":null'
is "known_hosts: with hashed names" "$(outcome)" ok
{ echo '# a comment'; echo; echo 'other ssh-rsa AAAA'; echo "[n1]:$P $(cut -d' ' -f1,2 "$T/host_ed25519.pub")"; } >"$T/known"
do_call --known-hosts "$T/known" -- "$root" '' '"policy":"strict","pinned":null'
is "known_hosts: by the node's name" "$(outcome)" ok
echo "[127.0.0.1]:$P $(cut -d' ' -f1,2 "$T/user_ed25519.pub")" >"$T/known"
do_call --known-hosts "$T/known" -- "$root" ''
like "known_hosts: another key is a changed key" "$OUT" '"outcome":"auth".*has changed'
echo "@revoked [127.0.0.1]:$P $(cut -d' ' -f1,2 "$T/host_ed25519.pub")" >"$T/known"
do_call --known-hosts "$T/known" -- "$root" ''
like "known_hosts: a revoked key" "$OUT" '"outcome":"auth".*revoked'

# ---- Commands.
do_call -- "$root" '"command":"echo out; echo err >&2; exit 7"'
is "status and both outputs" "$(outcome) $(item out) $(item err) $(item status)" 'ok out\n err\n 7'
do_call -- "$root" '"command":"kill -9 $$"'
is "a signal is 128 and its number" "$(outcome) $(item status)" 'ok 137'
do_call -- "$root" '"command":"cat","input":"20000000"'
is "20 MB of binary input come back" "$(outcome) $(item out version)" 'ok 20000000 bytes, the pattern'
do_call -- "$root" '"command":"head -c 100000000 /dev/zero; head -c 3000000 /dev/zero >&2"'
is "100 MB of output" "$(item out version) $(item err version)" '100000000 bytes 3000000 bytes'
do_call -- "$root" '"command":"exec >&- 2>&-; sleep 0.5; exit 5"'
is "outputs closed early: the status is waited for" "$(item status)" 5
do_call -- "$root,\"second_user\":\"vc\",\"second_password\":\"a'\\\"b\"" '"command":"cat","fill":"%{text:second_user} %{text:second_password} 100%"'
is "secrets in the input" "$(outcome) $(item out)" "ok vc a'\\\"b 100%"
do_call -- "$root" '"command":"cat","fill":"%{text:second_user}"'
is "and none known" "$(outcome)" auth
do_call -- "$root" '"command":"exec <&-; echo done","input":"5000000"'
is "a command that doesn't read its input" "$(outcome) $(item out)" 'ok done\n'
do_call -- "$root" '"command":"true","then":"echo two"'
like "two commands on one connection" "$(item out)" 'two'
do_call -- "$root" '"command":"sleep 30","timeout":"500"'
is "a command's own time" "$(outcome)" timeout
do_call -- "$root" '"command":"sleep 2","timeout":"500","then":"sleep 0"'
is "the connection is made anew after it" "$(outcome)" ok
do_call --deadline 1 -- "$root" '"command":"sleep 30"'
is "the call's deadline" "$(outcome)" timeout
READ=2 do_call -- "$root" '"command":"sleep 9; echo awake"'
is "a slow command isn't a dead node" "$(outcome) $(item out)" 'ok awake\n'
do_call -- "$root" "\"command\":\"true $(head -c 40000 /dev/zero | tr '\0' x)\""
is "a command that is too long" "$(outcome)" config

# ---- Lost connections.
do_call -- "$root" '"command":"echo before; kill -9 $PPID; sleep 5"'
is "a connection that is dropped" "$(outcome)" unreachable
like "it says who dropped it" "$OUT" "127.0.0.1 port $P dropped the connection"
READ=2 do_call -- "$root" "\"command\":\"echo \$PPID >$T/pid; kill -STOP \$PPID; sleep 1\""
kill -9 "$(cat "$T/pid")" 2>/dev/null
is "a node that falls silent" "$(outcome)" unreachable
like "it says for how long" "$OUT" 'has sent nothing for 7 s'
do_call -- "$root" '' '"policy":"tofu","pinned":null' "$(free_port)"
like "nobody listens" "$OUT" '"outcome":"unreachable".*[Cc]onnection refused'
WP=$(free_port)
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new (LocalAddr => "127.0.0.1", LocalPort => '"$WP"', Listen => 5, ReuseAddr => 1) or die;
  while ($c = $s->accept) { print $c "HTTP/1.0 400 Bad Request\r\n"; close $c }' & WEB=$!
at_exit "kill $WEB 2>/dev/null"
for i in $(seq 50); do (: <"/dev/tcp/127.0.0.1/$WP") 2>/dev/null && break; sleep 0.05; done
do_call -- "$root" '' '"policy":"tofu","pinned":null' "$WP"
like "something that isn't SSH" "$OUT" '"outcome":"protocol".*it says: HTTP/1.0 400'

# ---- Files.
head -c 3000000 /dev/urandom >"$T/image"
IMAGE=',"image":{"id":"c","format":"raw","match":null,"version":"1","flags":0,"files":[{"name":"c","sha256":"00","size":3000000}]}'
put () { # REMOTE OFFSET [CREDENTIALS] [MORE]
  do_call --file "$T/image" -- "${3-$root}" "\"remote\":\"$1\",\"offset\":\"$2\"${4-}" '"policy":"tofu","pinned":null' "$P" deploy
}
put "$T/remote" 0
is "a file is put" "$(outcome)" ok
ok "all of it" cmp "$T/image" "$T/remote"
is "for its owner alone" "$(stat -c %a "$T/remote")" 600
truncate -s 1000000 "$T/remote"
put "$T/remote" 1000000
ok "a cut file is gone on with" cmp "$T/image" "$T/remote"
put "$T/remote" 1000000
is "but not twice" "$(outcome)" rejected
like "because it is as long as it is" "$OUT" "isn't a file of 1000000 bytes"
ln -s "$T/elsewhere" "$T/link"
put "$T/link" 0
ok "a link in the way is replaced, not followed" test ! -e "$T/elsewhere" -a ! -L "$T/link"
put "/dev/full" 5
is "not a file" "$(outcome)" rejected
put "$T/no/such/folder" 0
like "the node's own words" "$OUT" '"outcome":"rejected".*(nonexistent|No such file)'
put "$T/a b" 0
is "a path that isn't safe in a shell" "$(outcome)" config
IMAGE=

# ---- Passwords and sudo.
if [ "$HAS_USERS" = yes ]; then
  pw=$(printf %s "$PASSWORD" | json)
  do_call -- "\"user\":\"admin\",\"password\":$pw" '"command":"id -un"'
  is "a password logs in" "$(outcome) $(item out)" 'ok admin\n'
  do_call -- "\"user\":\"admin\",\"password\":$pw" '"command":"id -un"' '"policy":"tofu","pinned":null' "$P2"
  is "and answers the node's questions" "$(outcome) $(item out)" 'ok admin\n'
  do_call -- '"user":"admin","password":"wrong"' ''
  is "a wrong password" "$(outcome)" auth
  like "says so" "$OUT" 'refused the user admin \(the password: refused'
  not_ok "and doesn't repeat it" grep -q '"wrong"' <<<"$OUT"
  do_call -- "\"user\":\"admin\",\"key\":$(key stranger),\"password\":$pw" '"command":"id -un"'
  is "key refused, password taken" "$(outcome)" ok
  if command -v sudo >/dev/null; then
    do_call -- "\"user\":\"free\",\"password\":$pw" '"root":"yes","command":"id -un; cat","input":"1000"'
    is "sudo without a password" "$(outcome) $(item out | head -c 4)" 'ok root'
    is "with the command's input whole" "$(item out version)" '1005 bytes'
    is "and its stderr without sudo's" "$(item err version)" '0 bytes, the pattern'
    do_call -- "\"user\":\"admin\",\"password\":$pw,\"sudo_password\":$pw" "\"root\":\"yes\",\"command\":\"echo 'it is' \$(id -un) >&2; exit 3\""
    is "sudo with a password" "$(outcome) $(item err) $(item status)" 'ok it is root\n 3'
    do_call -- "\"user\":\"admin\",\"password\":$pw,\"sudo_password\":$pw" '"root":"yes","command":"cat","input":"300000"'
    is "the password isn't in the input" "$(item out version)" '300000 bytes, the pattern'
    do_call -- "\"user\":\"free\",\"password\":$pw,\"sudo_password\":$pw" '"root":"yes","command":"cat","input":"300000"'
    is "nor when sudo doesn't ask" "$(item out version)" '300000 bytes, the pattern'
    do_call -- "\"user\":\"admin\",\"password\":$pw,\"sudo_password\":\"no\"" '"root":"yes","command":"id -un"'
    like "a wrong sudo password" "$OUT" '"outcome":"auth".*refused the sudo password of admin'
    do_call -- "\"user\":\"admin\",\"password\":$pw" '"root":"yes","command":"id -un"'
    like "none where sudo wants one" "$OUT" '"outcome":"auth".*set a sudo password, or allow it with NOPASSWD'
    do_call -- "\"user\":\"plain\",\"password\":$pw,\"sudo_password\":$pw" '"root":"yes","command":"id -un"'
    like "a user who may not" "$OUT" '"outcome":"auth".*(not in the sudoers|may not run sudo|let plain in)'
    IMAGE=',"image":{"id":"c","format":"raw","match":null,"version":"1","flags":0,"files":[{"name":"c","sha256":"00","size":3000000}]}'
    put "$T/remote2" 0 "\"user\":\"admin\",\"password\":$pw,\"sudo_password\":$pw" ',"root":"yes"'
    is "a file put through sudo" "$(outcome) $(stat -c %u "$T/remote2")" 'ok 0'
    ok "all of it" cmp "$T/image" "$T/remote2"
    IMAGE=
  else
    skip "sudo" "no sudo here"
  fi
  do_call -- "$root" '"root":"yes","command":"id -un"'
  is "root needs no sudo" "$(outcome) $(item out)" 'ok root\n'
else
  skip "passwords and sudo" "no mount namespaces here, and the host gets no users"
fi

# ---- Servers of another kind.
start_sshd rsa
do_call -- "$root" ''
if [ "$((LIBSSH2))" -ge "$((0x010b00))" ]; then
  is "a node with an RSA host key alone" "$(outcome)" ok
else
  is "a node with an RSA host key alone can't be checked" "$(outcome)" unsupported
  like "and the error says what to do" "$OUT" 'has RSA host keys alone \(rsa-sha2.*ssh-keygen -A'
fi
start_sshd ed25519 -- 'Ciphers 3des-cbc'
do_call -- "$root" ''
like "nothing in common" "$OUT" '"outcome":"protocol"'
start_sshd ed25519 -- 'MaxStartups 3:100:3' $(for i in $(seq 2 12); do echo "ListenAddress=127.0.0.$i:$P"; done)
OUT=$(call --count 12 --quiet "$(request "$root" '')")
like "turned away at random by a busy server: all get in" "$OUT" '"ok":12,"failed":0'
done_testing
