# linux-deploy.sh - components of every format on real nodes.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/lab/calls.sh"
lab_or_skip 1

# A component that notes each run of its set-up on the node.
printf 'echo "$0" >>/root/runs\n' >"$T/note"
runs () { lab_exec 1 sh -c 'cat /root/runs 2>/dev/null | wc -l; rm -f /root/runs'; }

# ---- deb

one=$(lab_build_deb fl-a 1.0 "$T" --postinst "$T/note")
two=$(lab_build_deb fl-a 2.0 "$T" --postinst "$T/note")
call 1 deploy file="$one"
answers 0 '' "a package is installed"
is "it is there" "$(installed 1 fl-a)" "1.0 installed"
is "with its files" "$(lab_exec 1 cat /opt/fettle-lab/fl-a)" 1.0
nothing_left 1
call 1 deploy file="$one"
answers 0 '' "the same again is no failure"
is "and isn't installed again" "$(runs)" 1
call 1 deploy file="$one" flags=2
answers 0 '' "unless rewriting is asked for"
is "then it is" "$(runs)" 1
nothing_left 1
call 1 deploy file="$two" user=admin sudo="$(lab_password)"
answers 0 '' "an upgrade, by sudo with a password"
is "the new version is there" "$(installed 1 fl-a)" "2.0 installed"
nothing_left 1
call 1 deploy file="$one"
answers -10 '2.0 is newer than 1.0' "a downgrade isn't done unasked"
is "the version stays" "$(installed 1 fl-a)" "2.0 installed"
nothing_left 1
call 1 deploy file="$one" flags=1 user=operator password=none key="$(lab_key)"
answers 0 '' "it is done when asked for, by sudo without a password"
is "the old version is there" "$(installed 1 fl-a)" "1.0 installed"
nothing_left 1
call 1 deploy file="$two" user=admin sudo=wrong
answers -5 'sudo' "a wrong sudo password is said to be one"

lib=$(lab_build_deb fl-lib 1.5 "$T")
app=$(lab_build_deb fl-app 1.0 "$T" --depends 'fl-lib (>= 1.2), fl-none | dpkg (>= 1.0), awk')
call 1 deploy file="$app"
answers -10 'fl-lib' "a missing dependency is named"
is "nothing was touched" "$(lab_exec 1 dpkg-query -W fl-app 2>&1 | grep -c 'no packages found')" 1
nothing_left 1
call 1 deploy file="$app" file="$lib"
answers 0 '' "it can come along in the component"
is "both are there" "$(installed 1 fl-app), $(installed 1 fl-lib)" "1.0 installed, 1.5 installed"

lab_exec 1 sh -c 'apt=$(command -v apt-get) && mv "$apt" "$apt.away"; :'
old=$(lab_build_deb fl-new 1.0 "$T" --depends 'fl-lib (>= 1.6) | fl-none, dpkg')
call 1 deploy file="$old"
answers -10 'fl-lib .>= 1.6' "without apt the package's own list is checked"
good=$(lab_build_deb fl-new 1.1 "$T" --depends 'fl-lib (>= 1.5), awk, dpkg (>= 1.0) | fl-none')
call 1 deploy file="$good"
answers 0 '' "versions, alternatives and provided names are understood"
nothing_left 1

echo nonsense >"$T/bad.deb"
call 1 deploy file="$T/bad.deb"
answers -10 "isn't a Debian package" "a broken package is refused"
nothing_left 1
failing=$(lab_build_deb fl-fail 1.0 "$T" --exit 5)
call 1 deploy file="$failing"
answers -10 'dpkg ended with exit status 1' "a set-up that fails is a failure"
like "what it said is in the log" "$log" '"log":.*subprocess returned error exit status 5'
nothing_left 1

# ---- rpm

if lab_exec 1 sh -c 'command -v rpm' >/dev/null && command -v rpmbuild >/dev/null; then
  rpm_version () { lab_exec 1 rpm -q --qf '%{VERSION}-%{RELEASE}' "$1" 2>&1; }
  runs >/dev/null
  one=$(lab_build_rpm fl-r 1.0-1 "$T" --postinst "$T/note") two=$(lab_build_rpm fl-r 1.0-2 "$T" --postinst "$T/note")
  call 1 deploy file="$one" format=rpm
  answers 0 '' "an rpm is installed"
  is "once" "$(runs)" 1
  call 1 deploy file="$two" format=rpm
  answers 0 '' "an rpm is upgraded"
  is "the new release is there" "$(rpm_version fl-r)" 1.0-2
  call 1 deploy file="$one" format=rpm
  answers -10 'newer' "an older rpm is refused"
  call 1 deploy file="$one" format=rpm flags=1
  answers 0 '' "unless a downgrade is asked for"
  is "the old release is there" "$(rpm_version fl-r)" 1.0-1
  runs >/dev/null
  call 1 deploy file="$one" format=rpm flags=2
  answers 0 '' "an rpm is rewritten when asked for"
  is "once" "$(runs)" 1
  call 1 deploy file="$(lab_build_rpm fl-s 1.0-1 "$T" --depends fl-none)" format=rpm
  answers -10 'fl-none' "an rpm's missing dependency is named"
  call 1 deploy file="$T/bad.deb" format=rpm
  answers -10 "no .rpm file" "what isn't an rpm is refused"
  nothing_left 1
else
  skip "rpm" "no rpm or rpmbuild here"
fi

# ---- programs and their exit codes

program () { # what it does
  printf '#!/bin/sh\necho "arguments: $*"\necho run >>/root/runs\n%s\n' "$1" >"$T/program"
  runs >/dev/null
}
for row in '0 0 ^$' '1 2 ^$' '2 0 ^$' '3 -10 not.installed' '7 -10 exit.status.7'; do
  set -- $row
  program "exit $1"
  call 1 deploy file="$T/program" format=script
  answers "$2" "$3" "a script that exits with $1"
  is "it ran once" "$(runs)" 1
done
nothing_left 1
like "the log has what it says" "$log" '"log":"arguments:"'
program 'exit 0'
call 1 deploy file="$T/program" format=scexe flags=1
answers 0 '' "a smart component"
like "it is told to be silent, and to downgrade" "$log" '"log":"arguments: -s -g"'
program 'sleep 6; exit 1'
call 1 deploy file="$T/program" format=script
answers 2 '' "a long one is waited for"
is "it ran once" "$(runs)" 1
like "it was asked for again, with a token" "$log" '"outcome":1,.*"token":"run '
printf '\177ELF nonsense' >"$T/program"
call 1 deploy file="$T/program" format=script
answers -10 '.' "a program that can't be started"
nothing_left 1

# ---- firmware by fwupd, played by a script

printf '#!/bin/sh\n[ "$1" = --help ] && echo "  local-install" && exit\necho "fwupdmgr $*"; exit %s\n' 0 >"$T/fwupdmgr"
fwupdmgr () { sed "s/exit 0$/exit $1/" "$T/fwupdmgr" | lab_exec 1 sh -c 'cat >/usr/local/bin/fwupdmgr; chmod 755 /usr/local/bin/fwupdmgr'; }
echo cabinet >"$T/x.cab"
call 1 deploy file="$T/x.cab" format=cab
answers -7 'no fwupd' "a cabinet on a node without fwupd"
lab_exec 1 mkdir -p /usr/local/bin
fwupdmgr 0
call 1 deploy file="$T/x.cab" format=cab
answers 0 '' "a cabinet through fwupd"
like "with words that ask for no answers" "$log" 'fwupdmgr local-install ./x.cab --assume-yes --no-reboot-check'
fwupdmgr 2
call 1 deploy file="$T/x.cab" format=cab
answers 0 '' "fwupd has nothing to do"
fwupdmgr 1
call 1 deploy file="$T/x.cab" format=cab
answers -10 'fwupd ended with exit status 1' "fwupd fails"
nothing_left 1

call 1 deploy file="$T/x.cab" format=vib
answers -7 'format .*vib' "a format that isn't for Linux"

# ---- a restart

printf 'touch /run/reboot-required\n' >"$T/reboot"
call 1 deploy file="$(lab_build_deb fl-kernel 1.0 "$T" --postinst "$T/reboot")"
answers 2 '' "a package that wants a restart says so"
if [ "$lab_mode" = namespaces ]; then
  before=$(lab_exec 1 cat /proc/sys/kernel/random/boot_id)
  call 1 activate user=admin sudo="$(lab_password)"
  answers 0 '' "the node restarts"
  after=$(lab_exec 1 cat /proc/sys/kernel/random/boot_id)
  ok "it has another boot id" test "$before" != "$after"
  call 1 activate token="boot $before"
  answers 0 '' "a repeated call doesn't restart it again"
  is "the boot id stays" "$(lab_exec 1 cat /proc/sys/kernel/random/boot_id)" "$after"
else
  skip "the node restarts" "a chroot can't"
fi
nothing_left 1
done_testing
