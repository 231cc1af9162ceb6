#!/usr/bin/env bash
# lab.sh - real Linux nodes for tests and for the quickstart, made in seconds.
#
# Each node is a process tree of its own (PID, mount, network, host name) with
# a root file system of its own and a real OpenSSH server in it: its own users,
# host keys, dpkg and rpm databases.  What is installed there is really
# installed, and nothing of it reaches this machine.  The nodes hang on a
# bridge in a "controller" network namespace, whose firewall drops everything
# that comes in but loopback and answers.
#
# The root file systems lie as overlays over one template, which is made once
# per machine out of the files of this machine's Debian packages, and kept in
# $LAB_CACHE.
#
# Where namespaces can't be made (a container without rights) the nodes are
# chroots on 127.0.77.1, .2, ... with a port above 1024 instead, and
# lab_describe says what is therefore not shown.
#
# Sourced:
#   lab_up N DIR              N nodes; DIR keeps the lab's state
#   lab_down                  removes all of it
#   lab_attach DIR            use a lab that another process made
#   lab_describe              what this lab is, and what it can't show
#   lab_address I             IP address of node I, 1 .. N (lab_address6: IPv6)
#   lab_port I                its SSH port
#   lab_password              of root, admin, operator
#   lab_key                   file with a private key that all accept
#   lab_exec I command...     as root in node I, not by SSH
#   lab_configure I [port=P] [password=yes|no] [key=yes|no]
#                             the node's SSH server, from now on
#   lab_cut I                 cut all SSH connections of node I
#   lab_controller command... where Fettle is to run
#   lab_ssh I command...      by SSH from the controller, as root
#   lab_build_deb NAME VERSION DIR [--postinst SCRIPT] [--sleep SECONDS]
#                 [--depends LIST] [--size BYTES] [--exit CODE]
#   lab_build_rpm NAME VERSION DIR [the same]
#                             a component that installs /opt/fettle-lab/NAME;
#                             its path is printed
# Users of a node: root; admin (sudo with his password); operator (sudo
# without).  `reboot` and `shutdown -r` there restart the node, with a new boot
# id.
#
# As a command:
#   lab.sh up N DIR | down DIR | describe DIR | exec DIR I command... |
#          controller DIR command... | address DIR I | password DIR | clean
#   lab.sh run N command...   with $LAB_DIR and $LAB_PASSWORD, then down
#
# A lab belongs to a process: the one that sourced this, or the caller of the
# command ($LAB_OWNER overrides).  When that is gone without lab_down, the next
# lab_up of anybody (or `lab.sh clean`) removes what it left.
#
# Variables: LAB_CACHE (folder of templates), LAB_MODE=chroot (no namespaces),
# LAB_APT=no (nodes without apt-get).
#
# SPDX-License-Identifier: Apache-2.0

LAB_CACHE=${LAB_CACHE:-${TMPDIR:-/tmp}/fettle-lab-$(id -u)}
LAB_REGISTRY=${LAB_REGISTRY:-/run/fettle-lab}
lab_self=$(readlink -f "${BASH_SOURCE[0]}")

lab_fail () { echo "lab: $*" >&2; return 1; }

# ---- The template --------------------------------------------------------

lab_packages="base-files base-passwd bash coreutils dash debianutils diffutils dpkg findutils
  grep gzip hostname init-system-helpers libc-bin login mawk mount openssh-server passwd perl-base procps
  sed sudo tar util-linux xz-utils zstd"
lab_packages_wanted="rpm iproute2"

# The installed packages that these need, one a line, with architecture where
# dpkg names files by it.
lab_closure () {
  dpkg-query -W -f '${binary:Package}\t${Package}\t${db:Status-Status}\t${Provides}\t${Pre-Depends}, ${Depends}\n' |
    awk -F'\t' -v roots="$*" '
      function names (list, into,   n, i, part) { # "a (>= 1) | b, c" -> into[]
        n = split (list, into, /[,|] */)
        for (i = 1; i <= n; i++) { sub (/^ +/, "", into[i]); sub (/[ :(].*/, "", into[i]) }
        return n
      }
      ($3 == "installed" || $3 ~ /^triggers/) && !($2 in full) {
        full[$2] = $1; needs[$2] = $5
        n = names ($4, p)
        for (i = 1; i <= n; i++) if (p[i] != "" && !(p[i] in virtual)) virtual[p[i]] = $2
      }
      END {
        n = split (roots, queue, " ")
        for (at = 1; at <= n; at++) {
          name = queue[at]
          if (!(name in full) && name in virtual) name = virtual[name]
          if (!(name in full) || name in done) continue
          done[name] = 1
          print full[name]
          m = names (needs[name], p)
          for (i = 1; i <= m; i++) if (p[i] != "") queue[++n] = p[i]
        }
      }' | sort
}

lab_template_files () { # packages: what they consist of, and what their set-up made
  dpkg -L "$@" 2>/dev/null | grep '^/' |
    grep -vE '^/\.$|^/usr/share/(doc|man|locale|info|lintian|bug|bash-completion|zsh|i18n)(/|$)|^/(dev|proc|sys|run|tmp)/'
  printf '%s\n' /usr/bin/awk /etc/nsswitch.conf /etc/shells /var/tmp /tmp
  find /etc/alternatives /etc/pam.d /etc/security /etc/ld.so.conf.d 2>/dev/null
}

# /bin and the like are links into /usr, which must be there when they are
# written through.
lab_template_links () { # root
  local link to
  for link in bin sbin lib lib32 lib64 libx32; do
    if to=$(readlink "/$link"); then mkdir -p "$1/$to" && ln -s "$to" "$1/$link"; fi
  done
}

lab_template_dpkg () { # root, packages: a true dpkg database of just these
  local root=$1 info=/var/lib/dpkg/info p; shift
  mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/triggers" \
    "$root/var/lib/dpkg/alternatives" "$root/var/lib/dpkg/parts"
  printf '%s\n' "$@" | sed 's/:.*//' | awk '
    NR == FNR { want[$1] = 1; next }
    /^Package: / { print_it = ($2 in want) }
    /^Triggers-/ { next } # the host is being installed to at this moment
    { sub (/^Status: install ok triggers-.*/, "Status: install ok installed") }
    print_it' - /var/lib/dpkg/status >"$root/var/lib/dpkg/status"
  cp /var/lib/dpkg/arch "$root/var/lib/dpkg/" 2>/dev/null
  cp "$info/format" "$root$info/" 2>/dev/null
  : >"$root/var/lib/dpkg/available"
  : >"$root/var/lib/dpkg/diversions"
  : >"$root/var/lib/dpkg/statoverride"
  for p; do ls -d "$info/$p".* 2>/dev/null; done | grep -v '\.triggers$' | xargs cp -t "$root$info"
}

lab_template_fill () { # root
  local root=$1
  mkdir -p "$root"/{dev,proc,sys,run/sshd,root,tmp,var/tmp,var/log,home/admin,home/operator,etc/ssh,etc/sudoers.d}
  chmod 1777 "$root/tmp" "$root/var/tmp"
  chmod 700 "$root/root"
  chroot "$root" /sbin/ldconfig
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  sed -i 's,^root:[^:]*:,root:x:,' "$root/etc/passwd"
  cat >>"$root/etc/passwd" <<'P'
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
admin:x:1000:1000::/home/admin:/bin/bash
operator:x:1001:1001::/home/operator:/bin/bash
P
  printf 'admin:x:1000:\noperator-user:x:1001:\n' >>"$root/etc/group"
  chown 1000:1000 "$root/home/admin"
  chown 1001:1001 "$root/home/operator"
  printf 'Defaults env_reset,!lecture\nroot ALL=(ALL:ALL) ALL\nadmin ALL=(ALL:ALL) ALL\noperator ALL=(ALL:ALL) NOPASSWD: ALL\n' \
    >"$root/etc/sudoers"
  chmod 440 "$root/etc/sudoers"
  # No systemd here: these restart the node by its first process (lab_init).
  rm -f "$root"/usr/sbin/{reboot,shutdown,poweroff,halt}
  cat >"$root/usr/sbin/reboot" <<'R'
#!/bin/sh
# The lab's: the node's first process takes down everything and starts anew.
: >/run/lab-reboot
R
  sed 's,^: .*,case " $* " in *" -r "*) : >/run/lab-reboot ;; *) exit 1 ;; esac,' \
    "$root/usr/sbin/reboot" >"$root/usr/sbin/shutdown"
  chmod 755 "$root/usr/sbin/reboot" "$root/usr/sbin/shutdown"
  if [ -x "$root/usr/bin/rpm" ]; then chroot "$root" rpm --initdb; fi
  if [ -x "$root/usr/bin/apt-get" ]; then
    mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/var/log/apt" "$root/etc/apt/apt.conf.d"
    : >"$root/etc/apt/sources.list"
  fi
}

# Sets lab_template: the folder of the template, made if it isn't there yet.
lab_make_template () {
  local packages key part
  [ "${LAB_APT:-yes}" = no ] || lab_packages_wanted="$lab_packages_wanted apt"
  packages=$(lab_closure $lab_packages $lab_packages_wanted) || return
  for part in openssh-server dpkg sudo; do
    grep -qx "$part" <<<"$packages" || { lab_fail "needs the Debian package $part: apt-get install $part"; return; }
  done
  mkdir -p -m 700 "$LAB_CACHE" && [ -O "$LAB_CACHE" ] ||
    { lab_fail "$LAB_CACHE can't be used for templates: it must belong to $(id -un)"; return; }
  key=$( { cat "$lab_self"; dpkg-query -W $packages; } | sha256sum | cut -c1-16)
  lab_template=$LAB_CACHE/$key
  [ -d "$lab_template" ] && return
  echo "lab: making the template of the nodes' file systems in $LAB_CACHE" >&2
  (
    exec 9>"$LAB_CACHE/lock" && flock 9 || exit
    [ -d "$lab_template" ] && exit
    part=$lab_template.part
    rm -rf "$part" && mkdir -m 755 "$part" || exit
    lab_template_links "$part"
    lab_template_files $packages | sort -u |
      tar -C / -cf - --no-recursion --ignore-failed-read -T - 2>/dev/null |
      tar -C "$part" -xpf - --keep-directory-symlink 2>&1 | head -n 20 >&2
    lab_template_dpkg "$part" $packages
    lab_template_fill "$part" || exit
    # Those of other package versions are of no use any more once unused for a day.
    find "$LAB_CACHE" -mindepth 1 -maxdepth 1 -type d -mmin +1440 ! -name "$key*" -exec rm -rf {} + 2>/dev/null
    mv "$part" "$lab_template"
  ) 9>&-
  [ -d "$lab_template" ] || lab_fail "the template could not be made in $LAB_CACHE: is its disk full?"
}

# ---- A node --------------------------------------------------------------

# The first process of a node, in its namespaces: file systems, then the SSH
# server, again after each "reboot".
lab_init () { # template, mount point, files to lay over it, name
  local template=$1 root=$2 over=$3 name=$4 device fstab
  hostname "$name"
  mount -t tmpfs -o mode=755 lab "$root" && mkdir "$root/upper" "$root/work" "$root/root" || exit
  mount -t overlay -o "lowerdir=$template,upperdir=$root/upper,workdir=$root/work" lab "$root/root" ||
    cp -a --reflink=auto "$template/." "$root/root" || exit
  root=$root/root
  cp -a "$over/." "$root/"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=755 run "$root/run"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  mkdir -p "$root/dev/pts" "$root/dev/shm" "$root/run/lock"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  lab_devices "$root"
  while :; do
    rm -rf "$root/run/lab-reboot"
    cat /proc/sys/kernel/random/uuid >"$root/run/boot_id"
    umount "$root/proc/sys/kernel/random/boot_id" 2>/dev/null
    mount --bind "$root/run/boot_id" "$root/proc/sys/kernel/random/boot_id"
    lab_sshd "$root"
    : >"$root/run/lab-up"
    while [ ! -e "$root/run/lab-reboot" ]; do sleep 0.2 & wait $!; done
    rm -f "$root/run/lab-up"
    kill -9 -1
    sleep "$(cat "$root/etc/lab-boot-time" 2>/dev/null || echo 1)" & wait $!
  done
}

lab_devices () { # root
  local device
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$1/dev/${device%:*}" c 1 "${device#*:}" 2>/dev/null ||
      { : >"$1/dev/${device%:*}"; mount --bind "/dev/${device%:*}" "$1/dev/${device%:*}" 2>/dev/null; }
  done
  mknod -m 666 "$1/dev/tty" c 5 0 2>/dev/null
  ln -sfn /proc/self/fd "$1/dev/fd"
}

lab_sshd () { # root: in the background; -D, so that it is killed with the node
  mkdir -p "$1/run/sshd"
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$1" /usr/sbin/sshd -D -E /var/log/sshd.log </dev/null >/dev/null 2>&1 &
}

lab_node_config () { # folder of the node: sshd_config out of its knobs
  local port=22 password=yes key=yes
  [ ! -f "$1/knobs" ] || . "$1/knobs"
  cat >"$1/over/etc/ssh/sshd_config" <<C
Port $port
ListenAddress $([ "$lab_mode" = namespaces ] && echo 0.0.0.0 || cat "$1/address")
$([ "$lab_mode" = namespaces ] && echo 'ListenAddress ::')
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin yes
PasswordAuthentication $password
PubkeyAuthentication $key
KbdInteractiveAuthentication no
StrictModes no
UseDNS no
UsePAM no
PrintMotd no
PrintLastLog no
MaxStartups 1000
MaxSessions 100
PidFile /run/sshd.pid
Subsystem sftp /usr/lib/openssh/sftp-server
C
}

lab_node_prepare () { # I: what is laid over the template
  local node=$LAB_DIR/nodes/$1 hash=$2 home
  mkdir -p "$node/over/etc/ssh"
  for home in root home/admin home/operator; do
    mkdir -p -m 700 "$node/over/$home/.ssh"
    cp "$LAB_DIR/key.pub" "$node/over/$home/.ssh/authorized_keys"
  done
  chown -R 1000:1000 "$node/over/home/admin"
  chown -R 1001:1001 "$node/over/home/operator"
  (umask 077
   printf 'root:%s:19000:0:99999:7:::\nadmin:%s:19000:0:99999:7:::\noperator:%s:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n' \
     "$hash" "$hash" "$hash" >"$node/over/etc/shadow")
  echo "node$1" >"$node/over/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 node%s\n' "$1" >"$node/over/etc/hosts"
  ssh-keygen -q -t ed25519 -N '' -C "node$1" -f "$node/over/etc/ssh/ssh_host_ed25519_key"
}

lab_node_up_namespaces () { # I
  local i=$1 node=$LAB_DIR/nodes/$1 net=$lab_id-n$1 root=$lab_mount
  echo "10.99.$((i / 250)).$((i % 250 + 2))" >"$node/address"
  echo "fd99::$(printf %x $((i + 1)))" >"$node/address6"
  echo 22 >"$node/port"
  lab_node_config "$node"
  ip netns add "$net" &&
    ip link add eth0 netns "$net" type veth peer name "n$i" netns "$lab_id-c" &&
    ip -n "$lab_id-c" link set "n$i" master br0 up &&
    ip -n "$net" link set lo up &&
    ip -n "$net" addr add "$(cat "$node/address")/16" dev eth0 &&
    ip -n "$net" addr add "$(cat "$node/address6")/64" dev eth0 nodad &&
    ip -n "$net" link set eth0 up || return
  setsid nsenter --net="/run/netns/$net" unshare --mount --pid --uts --ipc --fork --kill-child \
    bash "$lab_self" init "$lab_template" "$root" "$node/over" "node$i" \
    </dev/null >"$node/init.log" 2>&1 8>&- 9>&- &
  echo $! >"$node/unshare"
  disown
}

lab_node_up_chroot () { # I
  local i=$1 node=$LAB_DIR/nodes/$1
  echo "127.0.$((77 + i / 250)).$((i % 250 + 1))" >"$node/address"
  echo ::1 >"$node/address6"
  echo "$lab_first_port" >"$node/port"
  echo "port=$lab_first_port" >"$node/knobs"
  lab_node_config "$node"
  cp -a --reflink=auto "$lab_template" "$node/root" && cp -a "$node/over/." "$node/root/" || return
  lab_devices "$node/root"
  (exec 8>&- 9>&-; lab_sshd "$node/root")
}

# A port that is free on all addresses: the nodes share it.
lab_free_port () {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  lab_fail "no free port between 20000 and 29999"
}

lab_node_pid () { # I: its first process, as seen from here
  local parent
  read -r parent <"$LAB_DIR/nodes/$1/unshare" && pgrep -P "$parent" | head -n 1
}

lab_wait_node () { # I
  local n address port pid
  read -r address <"$LAB_DIR/nodes/$1/address"; read -r port <"$LAB_DIR/nodes/$1/port"
  for n in $(seq 150); do
    if [ "$lab_mode" = namespaces ]; then
      pid=$(lab_node_pid "$1") && [ -n "$pid" ] && echo "$pid" >"$LAB_DIR/nodes/$1/pid" &&
        nsenter --net="/run/netns/$lab_id-c" bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null && return
    else
      (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null && return
    fi
    sleep 0.1
  done
  cat "$LAB_DIR/nodes/$1/init.log" "$LAB_DIR/nodes/$1/root/var/log/sshd.log" >&2 2>/dev/null
  lab_fail "node $1 ($address) didn't come up within 15 s"
}

# ---- The whole -----------------------------------------------------------

lab_controller_up () {
  ip netns add "$lab_id-c" &&
    ip -n "$lab_id-c" link set lo up &&
    ip -n "$lab_id-c" link add br0 type bridge forward_delay 0 &&
    ip -n "$lab_id-c" addr add 10.99.0.1/16 dev br0 &&
    ip -n "$lab_id-c" addr add fd99::1/64 dev br0 nodad &&
    ip -n "$lab_id-c" link set br0 up || return
  ip netns exec "$lab_id-c" nft -f - 2>"$LAB_DIR/nft.log" <<'N' || echo no >"$LAB_DIR/firewall"
table inet host {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
N
}

lab_can_namespaces () {
  [ "${LAB_MODE:-namespaces}" = namespaces ] && command -v ip nft nsenter unshare >/dev/null &&
    ip netns add "$lab_id-c" 2>/dev/null && ip netns del "$lab_id-c" &&
    unshare --mount --pid --uts --ipc --fork mount -t tmpfs lab "$lab_mount" 2>/dev/null
}

lab_start_time () { awk '{ sub (/^.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }

lab_register () {
  local owner=${LAB_OWNER:-$$}
  mkdir -p -m 755 "$LAB_REGISTRY" && [ -w "$LAB_REGISTRY" ] ||
    { lab_fail "$LAB_REGISTRY can't be written: run as root"; return; }
  lab_id=fl-$BASHPID
  while ! (set -C; printf '%s %s %s\n' "$owner" "$(lab_start_time "$owner")" "$LAB_DIR" \
             >"$LAB_REGISTRY/$lab_id") 2>/dev/null; do lab_id=fl-$BASHPID-$RANDOM; done
  echo "$lab_id" >"$LAB_DIR/id"
}

lab_up () {
  local n=$1 i hash
  LAB_DIR=$2
  [ "$(id -u)" = 0 ] || { lab_fail "nodes can be made by root only: run this by sudo"; return; }
  mkdir -p "$LAB_DIR/nodes" "$LAB_DIR/mnt" && LAB_DIR=$(readlink -f "$LAB_DIR") || return
  lab_mount=$LAB_DIR/mnt
  lab_clean
  [ ! -e "$LAB_DIR/id" ] || { lab_fail "there is a lab in $LAB_DIR already"; return; }
  lab_make_template || return
  lab_register || return
  lab_guard
  lab_mode=chroot
  lab_can_namespaces && lab_mode=namespaces
  echo "$lab_mode" >"$LAB_DIR/mode"
  echo "$n" >"$LAB_DIR/n"
  (umask 077; od -An -N9 -tx1 /dev/urandom | tr -d ' \n' >"$LAB_DIR/password")
  hash=$(perl -e 'print crypt ($ARGV[0], q($5$rounds=1000$fettlelab$))' "$(lab_password)")
  rm -f "$LAB_DIR/key" "$LAB_DIR/key.pub"
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB_DIR/key" || return
  if [ "$lab_mode" = namespaces ]; then lab_controller_up; else lab_first_port=$(lab_free_port); fi || return
  for i in $(seq "$n"); do
    lab_node_prepare "$i" "$hash" && "lab_node_up_$lab_mode" "$i" || return
  done
  for i in $(seq "$n"); do lab_wait_node "$i" || return; done
}

# The caller's own end brings the lab down, Ctrl-C included.
lab_guard () {
  if [ -n "${lab_is_command-}" ]; then return; fi
  if declare -F at_exit >/dev/null; then at_exit lab_down
  elif [ -z "$(trap -p EXIT)" ]; then
    trap lab_down EXIT
    trap 'exit 130' INT TERM HUP
  fi
}

lab_attach () {
  LAB_DIR=$(readlink -f "$1")
  lab_mount=$LAB_DIR/mnt
  { read -r lab_id <"$LAB_DIR/id" && read -r lab_mode <"$LAB_DIR/mode"; } 2>/dev/null ||
    lab_fail "there is no lab in $1"
}

# All processes of a lab: nodes (all below their first one goes with it), what
# runs in the controller, and what has a node's root as its own (chroot).
lab_kill () { # id, DIR
  local f pid link
  for f in "$2"/nodes/*/unshare; do
    [ -f "$f" ] && read -r pid <"$f" && grep -qs "$2" "/proc/$pid/cmdline" && kill -9 "$pid" 2>/dev/null
  done
  for f in $(ip netns list 2>/dev/null | awk -v id="$1" 'index ($1, id "-") == 1 { print $1 }'); do
    case $f in "$1"-c | "$1"-n*) ;; *) continue ;; esac
    ip netns pids "$f" 2>/dev/null | xargs -r kill -9 2>/dev/null
    ip netns del "$f" 2>/dev/null
  done
  for link in /proc/[0-9]*/root; do
    case $(readlink "$link" 2>/dev/null) in
      "$2"/nodes/*) pid=${link#/proc/}; kill -9 "${pid%/root}" 2>/dev/null ;;
    esac
  done
}

lab_remove () { # id, DIR
  [ -n "$1" ] && [ -n "$2" ] || return 0
  lab_kill "$1" "$2"
  rm -f "$LAB_REGISTRY/$1"
  [ -d "$2/nodes" ] || return 0
  # --one-file-system: whatever may still be mounted is not ours to empty.
  rm -rf --one-file-system "$2/nodes"
  rmdir "$2/mnt" 2>/dev/null
  rm -f "$2"/{id,mode,n,password,key,key.pub,firewall,nft.log}
  rmdir "$2" 2>/dev/null
  return 0
}

lab_down () {
  [ -n "${lab_id-}" ] || return 0
  lab_remove "$lab_id" "$LAB_DIR"
  lab_id=
}

lab_clean () { # what labs left whose owner is gone
  local f id owner start dir
  for f in "$LAB_REGISTRY"/fl-*; do
    [ -f "$f" ] && read -r owner start dir <"$f" || continue
    id=${f##*/}
    [ -n "$start" ] && [ "$(lab_start_time "$owner")" = "$start" ] || lab_remove "$id" "$dir"
  done
}

lab_describe () {
  if [ "$lab_mode" = namespaces ]; then
    echo "$(cat "$LAB_DIR/n") nodes, each with its own network, processes and file system; real OpenSSH, dpkg and rpm."
    if [ -f "$LAB_DIR/firewall" ]; then
      echo "Not shown: a controller with a default-drop firewall ($(head -n 1 "$LAB_DIR/nft.log"))."
    else
      echo "The controller drops everything that comes in but loopback and answers."
    fi
  else
    echo "$(cat "$LAB_DIR/n") nodes, each with its own file system (chroot), on 127.0.77.* port $lab_first_port; real OpenSSH, dpkg and rpm."
    echo "Not shown, since network namespaces can't be made here: a default-drop firewall, separate networks, port 22, restarting a node."
  fi
}

# ---- Using it ------------------------------------------------------------

lab_address () { cat "$LAB_DIR/nodes/$1/address"; }
lab_address6 () { cat "$LAB_DIR/nodes/$1/address6"; }
lab_port () { cat "$LAB_DIR/nodes/$1/port"; }
lab_password () { cat "$LAB_DIR/password"; }
lab_key () { echo "$LAB_DIR/key"; }

lab_exec () {
  local node=$LAB_DIR/nodes/$1 enter= root; shift
  if [ "$lab_mode" = namespaces ]; then
    enter="nsenter --target $(cat "$node/pid") --root --mount --pid --net --uts --ipc"
    root=$lab_mount/root
  else
    root=$node/root
  fi
  $enter env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    chroot "$root" "$@"
}

lab_configure () {
  local i=$1 node=$LAB_DIR/nodes/$1 knob; shift
  for knob; do
    case $knob in
      port=[0-9]*) echo "${knob#port=}" >"$node/port" ;;
      password=yes | password=no | key=yes | key=no) ;;
      *) lab_fail "lab_configure: what is $knob?"; return ;;
    esac
    echo "$knob" >>"$node/knobs"
  done
  lab_node_config "$node"
  lab_exec "$i" tee /etc/ssh/sshd_config <"$node/over/etc/ssh/sshd_config" >/dev/null
  lab_exec "$i" sh -c 'kill -HUP "$(cat /run/sshd.pid)"'
  sleep 0.2
  lab_wait_node "$i"
}

# The servers' processes of open connections; the listening one stays.
lab_cut () {
  local pid listener
  if [ "$lab_mode" = namespaces ]; then
    lab_exec "$1" sh -c 'for p in $(pgrep -x sshd); do
      [ "$p" = "$(cat /run/sshd.pid)" ] || kill -9 "$p"; done 2>/dev/null; :'
    return
  fi
  read -r listener <"$LAB_DIR/nodes/$1/root/run/sshd.pid"
  for pid in $(pgrep -x sshd); do # a chroot has no /proc of its own
    [ "$pid" = "$listener" ] || [ "$(readlink "/proc/$pid/root")" != "$LAB_DIR/nodes/$1/root" ] ||
      kill -9 "$pid"
  done 2>/dev/null
}

lab_controller () {
  if [ "$lab_mode" = namespaces ]; then ip netns exec "$lab_id-c" "$@"; else "$@"; fi
}

lab_ssh () {
  local i=$1; shift
  lab_controller ssh -n -q -F none -i "$LAB_DIR/key" -p "$(lab_port "$i")" -o BatchMode=yes \
    -o KexAlgorithms=curve25519-sha256 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ConnectTimeout=5 "root@$(lab_address "$i")" "$@"
}

# ---- Components ----------------------------------------------------------

lab_component_options () { # sets postinst, depends, size
  postinst= depends= size=0
  local n=
  while [ $# -gt 0 ]; do
    case $1 in
      --postinst) postinst+=$(cat "$2")$'\n' ;;
      --sleep) postinst+="sleep $2"$'\n' ;;
      --exit) postinst+="exit $2"$'\n' ;;
      --depends) depends=$2 ;;
      --size) size=$2 ;;
      *) lab_fail "a component has no option $1"; return ;;
    esac
    shift 2
  done
}

lab_component_files () { # root, name, version, size
  mkdir -p "$1/opt/fettle-lab" && echo "$3" >"$1/opt/fettle-lab/$2" || return
  [ "$4" = 0 ] || head -c "$4" /dev/urandom >"$1/opt/fettle-lab/$2.data"
}

lab_build_deb () {
  local name=$1 version=$2 dir=$3 postinst depends size work file
  shift 3; lab_component_options "$@" || return
  work=$(mktemp -d "${TMPDIR:-/tmp}/fettle-deb.XXXXXX") && chmod 755 "$work" || return
  file=$dir/${name}_${version#*:}_all.deb
  mkdir -p "$dir" "$work/DEBIAN" && lab_component_files "$work" "$name" "$version" "$size" &&
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Lab <lab@example.org>\n%sDescription: component of the lab\n' \
      "$name" "$version" "${depends:+Depends: $depends
}" >"$work/DEBIAN/control" &&
    { [ -z "$postinst" ] || { printf '#!/bin/sh\n%s' "$postinst" >"$work/DEBIAN/postinst" && chmod 755 "$work/DEBIAN/postinst"; }; } &&
    dpkg-deb --root-owner-group -Znone -b "$work" "$file" >/dev/null && echo "$file"
  local status=$?
  rm -rf "$work"
  return $status
}

# /bin/sh: on a Debian nothing in rpm's database provides what a script needs.
lab_build_rpm () {
  local name=$1 version=$2 dir=$3 postinst depends size work file
  shift 3; lab_component_options "$@" || return
  command -v rpmbuild >/dev/null || { lab_fail "rpmbuild is missing: apt-get install rpm"; return; }
  work=$(mktemp -d "${TMPDIR:-/tmp}/fettle-rpm.XXXXXX") || return
  mkdir -p "$dir" && lab_component_files "$work/files" "$name" "$version" "$size" &&
    cat >"$work/spec" <<S && rpmbuild -bb --quiet --define "_topdir $work" --define "_rpmdir $work/out" --define "_build_id_links none" \
      --buildroot "$work/root" "$work/spec" >"$work/log" 2>&1 && file=$(ls "$work"/out/*/*.rpm) && cp "$file" "$dir/" &&
Name: $name
Version: ${version%%-*}
Release: $(case $version in *-*) echo "${version#*-}" ;; *) echo 1 ;; esac)
Summary: component of the lab
License: Apache-2.0
BuildArch: noarch
AutoReqProv: no
Provides: /bin/sh
${depends:+Requires: $depends}
%description
A component of the lab.
%install
cp -a $work/files/. %{buildroot}
%files
/opt/fettle-lab
${postinst:+%post
$postinst}
S
    echo "$dir/${file##*/}"
  local status=$?
  [ $status = 0 ] || cat "$work/log" >&2
  rm -rf "$work"
  return $status
}

# ---- As a command --------------------------------------------------------

lab_run () { # N, command...
  local n=$1; shift
  lab_is_command=
  LAB_OWNER=$$
  LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/fettle-lab.XXXXXX") || return
  export LAB_DIR LAB_PASSWORD
  lab_up "$n" "$LAB_DIR" || return
  LAB_PASSWORD=$(lab_password)
  lab_controller "$@"
}

lab_main () {
  local verb=${1-} dir
  lab_is_command=yes
  LAB_OWNER=${LAB_OWNER:-$PPID}
  [ $# = 0 ] || shift
  case $verb in
    init) lab_init "$@" ;;
    up) lab_up "$@" || { lab_down; return 1; } ;;
    run) lab_run "$@" ;;
    clean) lab_clean ;;
    down | describe | exec | controller | address | address6 | port | password | key | configure | cut | ssh)
      dir=${1-}; [ $# = 0 ] || shift
      lab_attach "$dir" && "lab_$verb" "$@" ;;
    *) sed -n '/^# As a command/,/^# command/p' "$lab_self" | sed 's/^# \{0,1\}//' >&2; return 2 ;;
  esac
}

[ "${BASH_SOURCE[0]}" != "$0" ] || lab_main "$@"
