# runner.sh - installs what is in the run folder, once, and notes how it went.
#
# Started by deploy.sh with $B, $D, $FORMAT, $FILES (the first is the payload),
# $DOWNGRADE, $REWRITE (yes or no) and $LOCK_WAIT (seconds) before it.  It runs
# on when the connection is lost.  Its last act is `rc`: "KIND STATUS REBOOT".
#
# SPDX-License-Identifier: Apache-2.0
cd "$D" || exit
exec </dev/null >>log 2>&1
umask 022
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes UCF_FORCE_CONFFOLD=1 NEEDRESTART_SUSPEND=1
export LC_ALL PATH HOME DEBIAN_FRONTEND DEBCONF_NOWARNINGS UCF_FORCE_CONFFOLD NEEDRESTART_SUSPEND

have () { command -v "$1" >/dev/null 2>&1; }
step () { echo "$*" >step; }

identity () {
  began= booted=none
  if read -r stat; then
    stat=${stat##*) }
    set -- $stat
    shift 19
    began=$1
  fi <"/proc/$$/stat"
  read -r booted </proc/sys/kernel/random/boot_id
  echo "$$ $began $booted"
} 2>/dev/null

# A link is made or it isn't: two runners can't both have it.
claim () {
  identity >"claim.$$"
  ln "claim.$$" claimed 2>/dev/null
  mine=$?
  rm -f "claim.$$"
  return $mine
}

# KIND (exit, same, refused, unsupported, busy), STATUS, and why in a sentence
finish () {
  reboot=no
  if [ "$1" = exit ] && restart_needed; then reboot=yes; fi
  printf '%s\n' "${3-}" | tr '\n' ' ' | cut -c 1-900 >why
  echo "$1 $2 $reboot" >rc.new && mv rc.new rc || {
    # No room even for this: give back what the files take.
    rm -f $FILES
    echo "$1 $2 $reboot" >rc.new && mv rc.new rc
  }
  if [ -e abandoned ]; then cd / && rm -rf "$D" && rmdir "$B" 2>/dev/null; fi
  exit 0
}

restart_needed () {
  case $FORMAT in
    deb) [ -n "$(find /run/reboot-required /var/run/reboot-required -newer claimed 2>/dev/null)" ] ;;
    rpm) have needs-restarting && timeout 120 needs-restarting -r >/dev/null 2>&1; [ $? = 1 ] ;;
    cab) have fwupdmgr && timeout 30 fwupdmgr get-devices --json 2>/dev/null | grep -q '"needs-\(reboot\|shutdown\)"' ;;
    *) false ;;
  esac
}

named () { # a process id, with the name of its program if it can be told
  comm=
  read -r comm 2>/dev/null <"/proc/$1/comm"
  echo "${comm:-another process} (process $1)"
}

# ---- deb

# Is NAME (OP VERSION) there, or about to come along?
deb_has () {
  name=${1%%:*} op=$2 wanted=$3
  for pair in $coming; do
    if [ "${pair%%=*}" = "$name" ]; then deb_fits "${pair#*=}" && return; fi
  done
  while IFS='|' read -r status version; do
    case $status in *" installed") deb_fits "$version" && return ;; esac
  done <<LIST
$(dpkg-query -W -f '${Status}|${Version}\n' "$name" 2>/dev/null)
LIST
  [ -z "$op" ] && dpkg-query -W -f '${Status}|, ${Provides},\n' |
    grep -q " installed|.*, $name\( ([^)]*)\)\{0,1\},"
}

deb_fits () { [ -z "$op" ] || dpkg --compare-versions "$1" "$op" "$wanted"; }

# One "a (>= 1) | b": nothing, or what is missing.
deb_clause () {
  rest=$1
  while [ -n "$rest" ]; do
    one=${rest%%|*}
    case $rest in *"|"*) rest=${rest#*|} ;; *) rest= ;; esac
    set -- $(echo "$one" | tr '()' '  ')
    if deb_has "$1" "${2-}" "${3-}"; then return 0; fi
  done
  return 1
}

deb_missing () { # without apt: the packages' own lists
  for file in $todo; do
    for field in Pre-Depends Depends; do
      dpkg-deb -f "$file" "$field" | tr ',' '\n'
    done
  done | while read -r clause; do
    [ -n "$clause" ] || continue
    deb_clause "$clause" || printf '%s, ' "$clause"
  done
}

# Before anything is touched: a package whose dependencies are missing would
# stay behind half configured.
deb_check () {
  if have apt-get; then
    apt-get -s --no-download -y --allow-downgrades --reinstall -o Debug::NoLocking=1 \
      install $todo >check 2>&1 ||
      { cat check; finish refused 1 "$(deb_unmet)"; }
    sed -n 's/^Inst \([^ ]*\) .*/\1/p; s/^Remv \([^ ]*\).*/-\1/p' check >wants
    while read -r name; do
      case $name in -*) finish refused 1 "the package manager would remove ${name#-} for it: do that by hand if it is right" ;; esac
      case " $names " in *" $name "* | *" ${name%%:*} "*) ;;
        *) finish refused 1 "it depends on $name, which isn't installed: install it, or add it to the baseline" ;;
      esac
    done <wants
  else
    missing=$(deb_missing)
    [ -z "$missing" ] || finish refused 1 "it depends on ${missing%, }, which isn't installed: install it, or add it to the baseline"
  fi
}

deb_unmet () {
  unmet=$(sed -n 's/^ *\([^ ]* : \(Pre\)\{0,1\}-\{0,1\}Depends: .*\)/\1/p; s/^ *\(\(Pre-\)\{0,1\}Depends: .*\)/\1/p' check | head -n 5 | tr -s '\n' ';' | sed 's/;$//; s/;/; /g')
  if [ -n "$unmet" ]; then echo "dependencies are missing: $unmet"
  else echo "the package manager refuses: $(grep -E '^(E:|W:|dpkg)' check | head -n 3)"
  fi
}

deb_one () { # file: is it to be installed?
  if ! info=$(dpkg-deb -f "$1" Package Version Architecture 2>&1); then
    echo "$info"
    finish refused 1 "$1 isn't a Debian package that this node's dpkg can read"
  fi
  name=$(dpkg-deb -f "$1" Package) version=$(dpkg-deb -f "$1" Version) arch=$(dpkg-deb -f "$1" Architecture)
  coming="$coming $name=$version"
  names="$names $name"
  case $arch in all) query=$name ;; *) query=$name:$arch ;; esac
  status=$(dpkg-query -W -f '${Status}|${Version}' "$query" 2>/dev/null)
  case $status in
    *" installed|"*)
      installed=${status##*|}
      if dpkg --compare-versions "$installed" eq "$version" && [ "$REWRITE" = no ]; then
        echo "$name $version is installed already"
        return
      fi
      if dpkg --compare-versions "$installed" gt "$version" && [ "$DOWNGRADE" = no ]; then
        finish refused 1 "$name $installed is newer than $version: a downgrade must be asked for"
      fi ;;
  esac
  todo="$todo ./$1"
}

install_deb () {
  have dpkg || finish unsupported 1 "the node has no dpkg"
  todo= names= coming=
  for file in $FILES; do
    case $file in *.deb) deb_one "$file" ;; esac
  done
  [ -n "$names" ] || finish refused 1 "there is no .deb file in the component"
  [ -n "$todo" ] || finish same 0
  deb_check
  waited=0
  while :; do
    step installing
    dpkg --force-confold --force-confdef -i $todo >attempt 2>&1
    status=$?
    # Nothing was done yet when the lock is somebody else's.
    if [ $status = 0 ] || ! grep -q 'locked by another process' attempt; then break; fi
    holder=$(sed -n 's/.*locked by another process with pid \([0-9]*\).*/\1/p' attempt | head -n 1)
    holder=$(if [ -n "$holder" ]; then named "$holder"; else echo "another process"; fi)
    [ "$waited" -lt "$LOCK_WAIT" ] || finish busy 1 "the package manager is in use by $holder: try again when that has ended"
    step "waiting for $holder, which uses the package manager"
    sleep 2
    waited=$((waited + 2))
  done
  cat attempt
  finish exit $status "$(grep -E '^(dpkg: error|dpkg-deb: error|E:)' attempt | head -n 3)"
}

# ---- rpm

install_rpm () {
  have rpm || finish unsupported 1 "the node has no rpm"
  options= todo= verb=-U
  [ "$DOWNGRADE" = no ] || options="$options --oldpackage"
  [ "$REWRITE" = no ] || options="$options --replacepkgs"
  for file in $FILES; do
    case $file in *.rpm) ;; *) continue ;; esac
    full=$(rpm -qp --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}' "./$file" 2>attempt) ||
      { cat attempt; finish refused 1 "$file isn't a package that this node's rpm can read"; }
    if [ "$REWRITE" = no ] && rpm -q "$full" >/dev/null 2>&1; then
      echo "$full is installed already"
      continue
    fi
    # Kernels stand side by side: the running one must stay.
    if rpm -qp --provides "./$file" 2>/dev/null | grep -q '^installonlypkg('; then verb=-i; fi
    todo="$todo ./$file"
  done
  [ -n "$todo" ] || { [ -n "${full-}" ] && finish same 0; finish refused 1 "there is no .rpm file in the component"; }
  step "checking dependencies"
  waited=0
  rpm $verb --test $options $todo >attempt 2>&1 & rpm_wait $!
  [ "$status" = 0 ] || { cat attempt; finish refused "$status" "rpm refuses: $(grep -v '^rpm: \|^warning: ' attempt | head -n 4)"; }
  waited=0
  while :; do
    step installing
    rpm $verb $options $todo >attempt 2>&1 & rpm_wait $!
    # Some versions wait for the lock, others give up at once.
    if [ "$status" = 0 ] || ! grep -q "can't create transaction lock" attempt; then break; fi
    rpm_wait_more
    sleep 1
  done
  cat attempt
  finish exit "$status" "$(grep -i '^error' attempt | head -n 3)"
}

rpm_wait_more () {
  step "waiting for another process, which uses rpm's database"
  waited=$((waited + 1))
  if [ "$waited" -gt "$LOCK_WAIT" ]; then
    kill "$process" 2>/dev/null
    finish busy 1 "rpm's database is in use by another process: try again when that has ended"
  fi
}

# An rpm that waits for its lock has done nothing yet: it may be ended.
rpm_wait () {
  process=$1
  while kill -0 "$process" 2>/dev/null; do
    if tail -n 1 attempt | grep -q 'waiting for .* lock'; then
      rpm_wait_more
      sleep 1
    else
      sleep 0.2 2>/dev/null || sleep 1
    fi
  done
  wait "$process"
  status=$?
}

# ---- programs, and firmware by fwupd

install_program () { # arguments
  chmod 700 "./$payload" || finish refused 1 "$payload can't be made executable"
  step "running $payload"
  "./$payload" "$@"
  status=$?
  case $status in
    126) finish refused 126 "$D/$payload can't be executed: is its file system mounted noexec? The setting work_folder names another folder" ;;
    127) finish refused 127 "$payload can't be started: $(tail -n 1 log)" ;;
  esac
  finish exit $status
}

install_scexe () {
  set -- -s
  [ "$DOWNGRADE" = no ] || set -- "$@" -g
  [ "$REWRITE" = no ] || set -- "$@" -e
  install_program "$@"
}

install_cab () {
  set -- --assume-yes --no-reboot-check
  [ "$DOWNGRADE" = no ] || set -- "$@" --allow-older
  [ "$REWRITE" = no ] || set -- "$@" --allow-reinstall
  step "installing firmware"
  if have fwupdmgr; then
    verb=install
    if fwupdmgr --help 2>&1 | grep -q '^ *local-install'; then verb=local-install; fi
    fwupdmgr $verb "./$payload" "$@" >attempt 2>&1
  elif have fwupdtool; then fwupdtool install "./$payload" "$@" >attempt 2>&1
  else finish unsupported 1 "the node has no fwupd: install the package fwupd there"
  fi
  status=$?
  cat attempt
  finish exit $status "$(tail -n 2 attempt)"
}

claim || exit 0
payload=${FILES%% *}
case $FORMAT in
  deb | rpm | scexe | cab) "install_$FORMAT" ;;
  script) install_program ;;
esac
finish unsupported 1 "this node can't install the format $FORMAT"
