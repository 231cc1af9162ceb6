# linux-faults.sh - what goes wrong on nodes and on the way to them.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/lab/calls.sh"
lab_or_skip 1

printf 'echo run >>/root/runs\n' >"$T/note"
runs () { lab_exec 1 sh -c 'cat /root/runs 2>/dev/null | wc -l; rm -f /root/runs'; }
small=$(lab_build_deb fl-small 1.0 "$T" --postinst "$T/note")
printf '#!/bin/sh\necho run >>/root/runs\nwc -c <data.bin\n' >"$T/install"
truncate -s 200000000 "$T/data.bin" # enough to be caught in the middle

# ---- the upload

call 1 deploy file="$small" sha256="$(printf %064d 0)"
answers -10 'arrived damaged twice' "a wrong digest after the upload"
like "it was uploaded again before that" "$log" 'uploading it again'
is "nothing was installed" "$(runs)" 0
nothing_left 1

(call 1 deploy file="$T/install" file="$T/data.bin" format=script operation=cut) &
lab_exec 1 timeout 20 sh -c 'until [ "$(stat -c %s /var/tmp/fettle/cut/data.bin 2>/dev/null || echo 0)" -gt 1000000 ]; do
  sleep 0.01; done'
lab_cut 1
wait $!
outcome 1
answers 0 '' "a connection that is cut in the middle of the upload"
like "the upload goes on where it was" "$log" 'data.bin: going on at byte [1-9]'
like "everything arrived" "$log" '"log":"200000000"'
is "it is installed once" "$(runs)" 1
nothing_left 1

# The same, but Fettle is killed; the next call goes on.
lab_controller timeout -s KILL 0.6 "$builddir/lab/call" deploy "$(lab_address 1)" port="$(lab_port 1)" password="$(lab_password)" \
  file="$T/install" file="$T/data.bin" format=script operation=crash >/dev/null 2>&1
call 1 deploy file="$T/install" file="$T/data.bin" format=script operation=crash
answers 0 '' "a call that was killed in the upload is repeated"
is "it is installed once" "$(runs)" 1
nothing_left 1

# ---- disks

if [ "$lab_mode" = namespaces ]; then
  lab_exec 1 mount -t tmpfs -o size=8m lab /var/tmp
  call 1 deploy file="$T/install" file="$T/data.bin" format=script
  answers -10 'disk is full: .* KiB are free at /var/tmp/fettle, [0-9]+ KiB are needed' "no room for the upload"
  nothing_left 1
  head -c 3500000 /dev/urandom >"$T/filler.bin"
  lab_exec 1 dd if=/dev/zero of=/var/tmp/filler bs=1M count=8 >/dev/null 2>&1
  call 1 deploy file="$small"
  answers -10 'full|No space' "no room at all"
  lab_exec 1 rm -f /var/tmp/filler
  nothing_left 1
  lab_exec 1 mount -o remount,ro /var/tmp
  call 1 deploy file="$small"
  answers -10 'Read-only' "a file system that is read-only"
  lab_exec 1 mount -o remount,rw,noexec /var/tmp
  call 1 deploy file="$T/install" format=script
  answers -10 'noexec.*work_folder' "a file system that is noexec"
  nothing_left 1
  lab_exec 1 mkdir -p /srv/updates
  call 1 deploy file="$T/install" file="$T/data.bin" format=script set.work_folder=/srv/updates/fettle
  answers 0 '' "another folder can be set"
  is "it is left empty" "$(lab_exec 1 find /srv/updates -mindepth 1)" ""
  lab_exec 1 umount /var/tmp

  big=$(lab_build_deb fl-big 1.0 "$T" --size 3000000)
  lab_exec 1 sh -c 'mkdir -p /opt/fettle-lab && mount -t tmpfs -o size=64k lab /opt/fettle-lab'
  call 1 deploy file="$big"
  answers -10 'file system of the node is full' "no room for what the package brings"
  nothing_left 1
  lab_exec 1 mount -o remount,ro /opt/fettle-lab
  call 1 deploy file="$big"
  answers -10 'read-only: remount' "a read-only place for what the package brings"
  nothing_left 1
  lab_exec 1 umount /opt/fettle-lab
else
  skip "full and read-only disks" "nothing can be mounted here"
fi
call 1 deploy file="$small" set.work_folder='/var/tmp/a;b'
answers -3 'work_folder' "a work folder that can't be one"

# ---- /var/tmp is everybody's

lab_exec 1 sh -c 'mkdir /home/operator/prey; : >/home/operator/prey/file; ln -s /home/operator/prey /var/tmp/fettle'
call 1 deploy file="$small" flags=2
answers -10 "isn't a folder of root's" "a link where our folder belongs"
call 1 cleanup
is "what it points to is left alone" "$(lab_exec 1 ls /home/operator/prey)" file
lab_exec 1 sh -c 'rm /var/tmp/fettle; mkdir /var/tmp/fettle; chown operator /var/tmp/fettle'
call 1 deploy file="$small" flags=2
answers -10 "isn't a folder of root's" "a folder of somebody else's"
lab_exec 1 rmdir /var/tmp/fettle
call 1 deploy file="$small" flags=2 user=admin sudo=
answers -5 '.' "a user who can't become root"
nothing_left 1

# ---- tools

lab_exec 1 sh -c 'for t in sha256sum openssl shasum; do p=$(command -v $t) && mv "$p" "$p.away"; done; :'
call 1 deploy file="$small" flags=2
answers 0 '' "perl can tell a digest when nothing else can"
lab_exec 1 sh -c 'p=$(readlink -f "$(command -v perl)") && mv "$p" "$p.away"'
call 1 deploy file="$small" flags=2
answers -10 'none of sha256sum' "a node that can't tell one"
nothing_left 1
done_testing
