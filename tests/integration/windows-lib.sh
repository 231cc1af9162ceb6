# windows-lib.sh - a Windows server, as far as Linux can be one: a real smbd
# with users, ADMIN$ and C$ of its own; behind its named pipes, where Wine is
# there, the service control manager of a real (if foreign) Windows, which
# starts what is put on ADMIN$; else Samba's own, which starts nothing.
# Sourced first of all, before tap.sh:
#
#   . "$srcdir/integration/windows-lib.sh"
#   win_up [SETTING=VALUE of sim/windows/registry.py...]
#
# The script runs again in a network, mount and process namespace of its own:
# the node is 127.0.0.1 on the usual ports (445, 139), and nothing outlives the test.
#
#   WIN_USER, WIN_PASSWORD     its administrator; plain, with the same password, is none
#   WIN_ROOT                   its C:; WIN_WINDOWS is its ADMIN$
#   WIN_WINE                   yes, or empty: services are started, or not
#   win_smbd [LINE...]         smbd anew, with further lines of [global] ("smb encrypt = required")
#   win_admin LINE...          the next smbd's ADMIN$ has these lines, too ("max connections = 1")
#   win_registry auto|demand|disabled   the service RemoteRegistry, with and without winreg
#   win_services               NAME START STATE of each service (Wine)
#   win_left                   what operations of Fettle have left: files, folders, services
#   win_names                  nmbd besides, at $WIN_NAMES (137/udp)
#   win_full KIB, win_room     ADMIN$ has so much room, and again all
#   win_mutate SEED, win_true  answers of svcctl and winreg changed at random, and true again
#   win_kdc                    a KDC of the realm $REALM, its files in $K; from now on it is this script's own.
#                              ${WIN_KERBEROS[@]} are win_smbd's lines for it
#   call CALL [MEMBERS] [-- OPTIONS of plugins/call]   the lines in $OUT; items, outcome, text ...
#
# SPDX-License-Identifier: Apache-2.0
if [ -z "${WIN_INSIDE-}" ]; then
  why=
  for command in smbd pdbedit net unshare python3 jq; do
    command -v $command >/dev/null 2>&1 || why="needs $command"
  done
  [ "$(id -u)" = 0 ] || why="smbd needs root"
  [ -n "$why" ] || unshare --net --mount --pid --fork --kill-child --mount-proc true 2>/dev/null ||
    why="namespaces can't be made here"
  [ -z "$why" ] || { echo "1..0 # SKIP $why"; exit 0; }
  WIN_INSIDE=yes exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
ip link set lo up || exit 1
. "$srcdir/tap.sh"
# Nobody writes to $T while it is removed. All processes here are the test's own: it
# is the first of its namespace.
win_end () {
  [ "$tap_failed" = 0 ] || tail -n 20 "$WIN/pipes.log" | sed 's/^/# pipes: /'
  [ $$ != 1 ] || { kill -9 -1; wait; } 2>/dev/null
  umount "$WIN_WINDOWS" 2>/dev/null
}
at_exit win_end

LC_ALL=C.UTF-8
export LC_ALL
WIN_USER=Administrator WIN_PASSWORD="it's S3crét" WIN_SMBD='' WIN_WINE='' WIN_ADMIN=()
WIN=$T/win WIN_ROOT=$T/win/pfx/drive_c
WIN_WINDOWS=$WIN_ROOT/windows WINE_LIB=/usr/lib/x86_64-linux-gnu/wine/x86_64-windows
rpcd=/usr/libexec/samba
export WINEPREFIX=$WIN/pfx WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
wine () { timeout 120 /usr/lib/wine/wine64 "$@" </dev/null; }

# A C: without set-up: Wine takes the programs that are here as links from its own
# folder, and is told that this prefix is up to date. Some 0.5 MB instead of 700.
win_disk () {
  mkdir -p "$WIN_WINDOWS"
  mount -t tmpfs -o mode=755,size=1g windows "$WIN_WINDOWS" || exit 1
  mkdir -p "$WINEPREFIX/dosdevices" "$WIN_WINDOWS"/{system32/drivers,temp,inf} "$WIN_ROOT/node" "$WIN_ROOT/users"
  ln -s ../drive_c "$WINEPREFIX/dosdevices/c:"
  echo disable >"$WINEPREFIX/.update-timestamp"
  cp "$srcdir/sim/windows/system.reg" "$WINEPREFIX/"
  [ -x /usr/lib/wine/wine64 ] && [ -d $WINE_LIB ] && [ -e "$builddir/sim/windows/node.exe" ] || return 0
  WIN_WINE=yes
  find $WINE_LIB -maxdepth 1 -name '*.*' ! -name '*.sys' -exec ln -s -t "$WIN_WINDOWS/system32" {} +
  find $WINE_LIB -maxdepth 1 -name '*.sys' -exec ln -s -t "$WIN_WINDOWS/system32/drivers" {} +
  cp "$builddir/sim/windows/node.exe" "$WIN_ROOT/node/"
}

# win_conf FOLDER-OF-PIPES [LINE...]: an smb.conf.
win_conf () {
  local pipes=$1; shift
  cat <<CONF
[global]
  workgroup = WORKSHOP
  netbios name = ANVIL7
  server role = standalone server
  interfaces = 127.0.0.1/8
  bind interfaces only = yes
  smb ports = 445 139
  server min protocol = SMB2_10
  server signing = mandatory
  ntlm auth = ntlmv2-only
  map to guest = never
  restrict anonymous = 2
  log file = $WIN/log
  log level = 1
  private dir = $WIN/private
  state directory = $WIN/state
  cache directory = $WIN/cache
  lock directory = $WIN/lock
  pid directory = $WIN/pid
  ncalrpc dir = $WIN/$pipes
  winbindd socket directory = $WIN/winbind
  passdb backend = tdbsam
  username map = $WIN/users
  load printers = no
  printing = bsd
  disable spoolss = yes
  rpc start on demand helpers = no
  rpcd_winreg:idle_seconds = 3600
$(printf '  %s\n' "$@")
[ADMIN\$]
  path = $WIN_WINDOWS
  read only = no
  valid users = root
  browseable = no
$(printf '  %s\n' "${WIN_ADMIN[@]}")
[C\$]
  path = $WIN_ROOT
  read only = no
  valid users = root
  browseable = no
CONF
}

win_user () { # UNIX USER
  printf '%s\n%s\n' "$WIN_PASSWORD" "$WIN_PASSWORD" | pdbedit -s "$WIN/back.conf" -a -t -u "$1" >/dev/null 2>>"$WIN/pdbedit.log"
}

win_samba () {
  mkdir -p "$WIN"/{private,state,cache,lock,pid,front/np,back,winbind}
  chmod 700 "$WIN/front/np"
  win_conf back >"$WIN/back.conf"
  printf '%s\n' "root = $WIN_USER" 'daemon = plain' >"$WIN/users"
  win_user root
  win_user daemon
  python3 "$srcdir/sim/windows/registry.py" "$@" >"$WIN/seed.reg"
  net -s "$WIN/back.conf" registry import "$WIN/seed.reg" >>"$WIN/net.log" 2>&1
  $rpcd/samba-dcerpcd -F -s "$WIN/back.conf" $rpcd/rpcd_winreg $rpcd/rpcd_lsad $rpcd/rpcd_epmapper $rpcd/rpcd_classic \
    >>"$WIN/dcerpcd.log" 2>&1 &
}

win_up () {
  mkdir -p "$WIN"
  win_disk
  win_samba "$@"
  if [ -n "$WIN_WINE" ]; then
    (cd "$WIN_ROOT/node" && exec /usr/lib/wine/wine64 node.exe relay 'C:\node\relay' </dev/null >"$WIN/wine.log" 2>&1) &
    soon test -s "$WIN_ROOT/node/relay" || skip_all "Wine doesn't start here"
    win_registry auto
  else
    : >"$WIN_ROOT/node/registry"
  fi
  python3 "$srcdir/sim/windows/pipes.py" "$WIN/front/np" "$WIN/back/np" "$WIN_ROOT/node" "$WIN/back.conf" \
    >"$WIN/pipes.ready" 2>"$WIN/pipes.log" &
  soon test -s "$WIN/pipes.ready" && soon test -S "$WIN/back/np/winreg" || { cat "$WIN"/*.log; skip_all "Samba doesn't start here"; }
  win_smbd
}

win_open () { (: </dev/tcp/127.0.0.1/445) 2>/dev/null; }
win_ended () { ! pgrep smbd >/dev/null; } # its children, too; no other is in this namespace
win_smbd () {
  if [ -n "$WIN_SMBD" ]; then
    pkill smbd
    wait "$WIN_SMBD" 2>/dev/null
    soon win_ended
  fi
  win_conf front "$@" >"$WIN/smb.conf"
  # With -F it ends where its standard input does, if that is a pipe.
  smbd -F --debug-stdout -s "$WIN/smb.conf" </dev/null >"$WIN/smbd.log" 2>&1 &
  WIN_SMBD=$!
  soon win_open || { sed 's/^/# /' "$WIN/smbd.log"; return 1; }
}
win_admin () { WIN_ADMIN=("$@"); }

win_node () { (cd "$WIN_ROOT/node" && wine node.exe "$@"); }
win_services () { win_node services | tr -d '\r'; }
win_registry () {
  rm -f "$WIN_ROOT/node/registry"
  if [ -n "$WIN_WINE" ]; then
    win_node registry "$1" || return
    [ "$1" != auto ] || soon test -e "$WIN_ROOT/node/registry"
  elif [ "$1" = auto ]; then
    : >"$WIN_ROOT/node/registry"
  fi
}
win_left () {
  find "$WIN_ROOT" -iname '*fettle*' -printf '%P\n'
  [ -z "$WIN_WINE" ] || win_services | grep -i fettle
}
# nmbd serves no loopback alone.
win_names () {
  WIN_NAMES=10.99.0.1
  ip link add wire0 type veth peer name wire1
  ip address add $WIN_NAMES/24 broadcast 10.99.0.255 dev wire0
  ip link set wire0 up
  ip link set wire1 up
  win_conf front 'interfaces = wire0' 'bind interfaces only = yes' >"$WIN/nmb.conf"
  nmbd -F -s "$WIN/nmb.conf" >>"$WIN/nmbd.log" 2>&1 &
  soon win_named
}
win_named () { nmblookup -s "$WIN/nmb.conf" -A $WIN_NAMES | grep -q 'ANVIL7 .*<00>'; }
win_full () {
  mount -o "remount,size=$(($(df -k --output=used "$WIN_WINDOWS" | tail -n 1) + $1))k" "$WIN_WINDOWS"
}
win_room () { mount -o remount,size=1g "$WIN_WINDOWS"; }
win_mutate () { echo "$1" >"$WIN_ROOT/node/mutate"; }
win_true () { rm -f "$WIN_ROOT/node/mutate"; }
win_kdc () {
  local command
  for command in krb5kdc kadmin.local kdb5_util; do
    command -v $command >/dev/null || return 1
  done
  K=$T/kdc REALM=FORGE.TEST
  WIN_KERBEROS=("realm = $REALM" "kerberos method = dedicated keytab" "dedicated keytab file = FILE:$K/service")
  mkdir -p "$K"
  export KRB5_CONFIG=$K/krb5.conf KRB5_KDC_PROFILE=$K/kdc.conf KRB5CCNAME=FILE:$K/tickets KRB5_CLIENT_KTNAME=$K/client
  printf '%s\n' '[libdefaults]' "default_realm = $REALM" 'dns_lookup_kdc = false' 'dns_canonicalize_hostname = false' \
    '[realms]' "$REALM = {" 'kdc = 127.0.0.1:88' '}' '[domain_realm]' ".forge.test = $REALM" >"$KRB5_CONFIG"
  # Without a PAC, which a server that is in no domain refuses.
  printf '%s\n' '[kdcdefaults]' 'kdc_listen = 127.0.0.1:88' 'kdc_tcp_listen = 127.0.0.1:88' '[realms]' "$REALM = {" 'disable_pac = true' \
    "database_name = $K/principal" "key_stash_file = $K/stash" "acl_file = $K/acl" '}' >"$KRB5_KDC_PROFILE"
  {
    kdb5_util -r $REALM -P master create -s
    printf '%s\n' 'addprinc -randkey cifs/anvil7.forge.test' 'addprinc -randkey root' \
      "ktadd -k $K/service cifs/anvil7.forge.test" "ktadd -k $K/client root" | kadmin.local -r $REALM
    krb5kdc -n -r $REALM &
  } >"$K/log" 2>&1
}

call () {
  local kind=$1 more=${2-}
  shift; [ $# = 0 ] || shift; [ "${1-}" != -- ] || shift
  OUT=$("$builddir/plugins/call" "$@" "$(jq -cn --arg call "$kind" --arg user "$WIN_USER" --arg password "$WIN_PASSWORD" \
    --argjson more "${more:-{\}}" '{call: $call, type: "windows",
    target: {address: "127.0.0.1", name: "win1", operation: "t-1"}, phase: 3,
    ports: [[6, 445, 445, 445, 445], [6, 135, 135, 135, 135], [17, 137, 137, 137, 137], [17, 138, 138, 138, 138],
            [6, 139, 139, 139, 139]],
    settings: {}, credentials: {user: $user, password: $password}, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
score () { jq -r 'select(.outcome).score' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
token () { jq -r 'select(.outcome).token // empty' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
brief () { items | jq -r '[.kind, .id, .name, .version, .location // "-"] | join("|")'; }
