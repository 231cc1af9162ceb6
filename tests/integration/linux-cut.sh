# linux-cut.sh - installations that are interrupted, and locks of others.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/lab/calls.sh"
lab_or_skip 1

printf 'echo run >>/root/runs\n' >"$T/note"
runs () { lab_exec 1 sh -c 'cat /root/runs 2>/dev/null | wc -l; rm -f /root/runs'; }
small=$(lab_build_deb fl-small 1.0 "$T" --postinst "$T/note")
slow=$(lab_build_deb fl-slow 1.0 "$T" --postinst "$T/note" --sleep 3)
slower=$(lab_build_deb fl-slow 2.0 "$T" --postinst "$T/note" --sleep 4)
printf 'echo run >>/root/runs\nfor i in $(seq 600); do [ -e /root/go ] && break; sleep 0.1; done\n' >"$T/until"
slowest=$(lab_build_deb fl-slow 3.0 "$T" --postinst "$T/until") # until it is let go
let_go () { lab_exec 1 touch /root/go; soon lab_exec 1 test ! -e /var/tmp/fettle; lab_exec 1 rm /root/go; }

# ---- the installation

(call 1 deploy file="$slow" operation=inst) &
soon lab_exec 1 test -e /root/runs
lab_cut 1
wait $!
outcome 1
answers 0 '' "a connection that is cut in the middle of the installation"
is "the package is there" "$(installed 1 fl-slow)" "1.0 installed"
is "it was installed once" "$(runs)" 1
nothing_left 1

lab_controller timeout -s KILL 1.5 "$builddir/lab/call" deploy "$(lab_address 1)" port="$(lab_port 1)" password="$(lab_password)" \
  file="$slower" operation=crash2 >/dev/null 2>&1
call 1 deploy file="$slower" operation=crash2
answers 0 '' "a call that was killed in the installation is repeated"
is "it was installed once" "$(runs)" 1
nothing_left 1

call 1 deploy file="$slow" flags=1 operation=stop abort=1 again=0
answers '-11|1' '' "an abort in the middle of the installation"
call 1 cleanup operation=stop
answers 0 '' "cleaning up waits for what runs"
is "the package manager wasn't cut off" "$(installed 1 fl-slow)" "1.0 installed"
is "and did it once" "$(runs)" 1
nothing_left 1
call 1 cleanup operation=stop
answers 0 '' "there is nothing to clean up any more"

runs >/dev/null
lab_controller timeout 90 "$builddir/lab/call" deploy "$(lab_address 1)" port="$(lab_port 1)" password="$(lab_password)" \
  file="$slowest" operation="alone-$$" >/dev/null 2>&1 &
soon lab_exec 1 test -e /root/runs
pkill -KILL -f "lab/call deploy .*operation=alone-$$"
wait $!
call 1 cleanup operation="alone-$$" again=0
answers 1 '' "an abandoned installation runs on"
let_go
is "it removes its files itself" "$(installed 1 fl-slow)" "3.0 installed"
nothing_left 1
runs >/dev/null

call 1 deploy file="$slowest" flags=2 operation=limit set.install_timeout=0
answers -9 'still runs after 0 s .process [0-9]' "an installation that takes longer than allowed"
let_go
nothing_left 1

if [ "$lab_mode" = namespaces ]; then
  (call 1 deploy file="$slow" flags=1 operation=down) &
  soon lab_exec 1 pgrep -f postinst
  lab_exec 1 reboot
  wait $!
  outcome 1
  answers 0 '' "a node that goes down in the middle"
  like "it is said that this cut it off" "$log" 'was cut off: .*dpkg --configure -a'
  nothing_left 1
  lab_exec 1 dpkg --configure -a >/dev/null 2>&1
fi

# ---- locks

hold () { # file: a process that holds its lock for 60 s
  lab_exec 1 perl -e 'use Fcntl; open my $f, ">>", $ARGV[0] or die;
    my $l = pack ("s! s! l! l! i", F_WRLCK, 0, 0, 0, 0); fcntl ($f, F_SETLK, $l) or die;
    $| = 1; open STDERR, ">/dev/null"; open my $o, ">", "/tmp/held"; print $o $$; close $o; sleep 60' "$1" </dev/null >/dev/null 2>&1 &
  soon lab_exec 1 test -s /tmp/held
}
release () { lab_exec 1 sh -c 'kill "$(cat /tmp/held)"; rm -f /tmp/held'; wait; }

runs >/dev/null
hold /var/lib/dpkg/lock-frontend
call 1 deploy file="$small" set.lock_wait=2
answers -8 'in use by .*process [0-9]+' "another package manager holds the lock"
nothing_left 1
(call 1 deploy file="$small") &
sleep 3
release
wait
outcome 1
answers 0 '' "it is waited for"
is "then the package is installed once" "$(runs)" 1
nothing_left 1
if command -v rpmbuild >/dev/null && lab_exec 1 sh -c 'command -v rpm' >/dev/null; then
  rpm=$(lab_build_rpm fl-locked 1.0-1 "$T")
  lab_exec 1 rpm --initdb # where nobody has asked it anything yet, there is no folder to lock in
  hold "$(lab_exec 1 rpm -E '%{_dbpath}')/.rpm.lock"
  call 1 deploy file="$rpm" format=rpm set.lock_wait=2
  answers -8 "rpm's database is in use" "another rpm holds the lock"
  release
  nothing_left 1
fi

done_testing
