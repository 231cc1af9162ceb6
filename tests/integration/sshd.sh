# sshd.sh - an OpenSSH server of the test's own, on a free port of 127.0.0.1,
# with users of its own in a mount namespace where that is possible.
# Sourced behind tap.sh.  Sets P (port), P2 (the same server, questions instead
# of passwords), SSHD (its process), HAS_USERS (yes when there are users).
#
# SSHD_ADDRESS and SSHD_NET ("ip netns exec NAME"), where set, say where it listens.
#
# Users: admin (password, sudo with password), free (sudo without), plain (no
# sudo), all with the password $PASSWORD and the keys of $T/authorized.

PASSWORD="it's s3cret"
requires sshd ssh-keygen openssl perl

free_port () {
  local p i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    p=$(shuf -i 20000-31999 -n 1)
    (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
  done
}

make_users () {
  local hash u n=4000
  hash=$(openssl passwd -6 "$PASSWORD")
  # A plain shell for root: a host's .bashrc may take its time.
  sed 's|^\(root:.*\):[^:]*$|\1:/bin/sh|' /etc/passwd >"$T/passwd"; cp /etc/shadow "$T/shadow"; cp /etc/group "$T/group"
  for u in admin free plain; do
    n=$((n + 1))
    mkdir -p "$T/home/$u"; chown $n:$n "$T/home/$u"
    echo "$u:x:$n:$n::$T/home/$u:/bin/sh" >>"$T/passwd"
    echo "$u:$hash:19000:0:99999:7:::" >>"$T/shadow"
    echo "$u:x:$n:" >>"$T/group"
  done
  printf '%s\n' 'root ALL=(ALL) ALL' 'admin ALL=(ALL) ALL' 'free ALL=(ALL) NOPASSWD: ALL' >"$T/sudoers"
  chmod 440 "$T/sudoers"
}

# in_users COMMAND...: with our users, if there can be some.
in_users () {
  if [ "$HAS_USERS" = yes ]; then
    ${EXEC-} unshare -m sh -c '
      for f in passwd shadow group; do mount --bind "$1/$f" "/etc/$f" || exit 1; done
      if [ -e /etc/sudoers ]; then mount --bind "$1/sudoers" /etc/sudoers || exit 1; fi
      shift; exec "$@"' sh "$T" "$@"
  else
    ${EXEC-} "$@"
  fi
}

make_keys () {
  local t
  for t in ed25519 ecdsa rsa; do
    ssh-keygen -q -t $t -N '' -f "$T/user_$t"
    ssh-keygen -q -t $t -N '' -f "$T/host_$t"
    cat "$T/user_$t.pub" >>"$T/authorized"
  done
  ssh-keygen -q -t ed25519 -N '' -f "$T/user_stranger"
}

# start_sshd HOSTKEY... [-- OPTION...]: (re)starts it with these host keys.
start_sshd () {
  local args=() i
  stop_sshd
  while [ $# -gt 0 ] && [ "$1" != -- ]; do args+=(-h "$T/host_$1"); shift; done
  [ $# = 0 ] || shift
  cat >"$T/sshd_config" <<CONFIG
ListenAddress ${SSHD_ADDRESS-127.0.0.1}:$P
ListenAddress ${SSHD_ADDRESS-127.0.0.1}:$P2
PidFile none
AuthorizedKeysFile $T/authorized
StrictModes no
UsePAM yes
PermitRootLogin prohibit-password
PasswordAuthentication yes
KbdInteractiveAuthentication yes
MaxStartups 200
LogLevel VERBOSE
$(for i in "$@"; do echo "$i"; done)
Match LocalPort $P2
  PasswordAuthentication no
CONFIG
  mkdir -p /run/sshd
  EXEC="exec ${SSHD_NET-}" in_users "$(command -v sshd)" -D -e -f "$T/sshd_config" "${args[@]}" >>"$T/sshd.log" 2>&1 &
  SSHD=$!
  # shellcheck disable=SC2086
  for i in $(seq 100); do
    ${SSHD_NET-} bash -c ": <'/dev/tcp/${SSHD_ADDRESS-127.0.0.1}/$P'" 2>/dev/null && return
    sleep 0.05
  done
  tail -5 "$T/sshd.log" | sed 's/^/# /'
  if [ "$tap_n" = 0 ]; then skip_all "sshd doesn't start here"; fi
  tap_line "not ok" "sshd starts with these options"
}
stop_sshd () {
  [ -z "${SSHD-}" ] && return
  kill "$SSHD" 2>/dev/null
  wait "$SSHD" 2>/dev/null
  SSHD=
}

if [ "$(id -u)" != 0 ]; then skip_all "sshd and its users need root"; fi
chmod 711 "$T"
P=$(free_port) P2=$(free_port) SSHD= HAS_USERS=no
at_exit stop_sshd
make_keys
make_users
HAS_USERS=yes
in_users true 2>/dev/null || HAS_USERS=no
