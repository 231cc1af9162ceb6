# inventory.sh - what is on a Linux node, told by POSIX shell and /sys.
#
# Sent to `sh -s` with $M before it, a word that nobody can guess: a line
# "$M NAME" begins a section, "$M = STATUS" ends it.  A tool that is missing
# leaves its section out.  Whatever a file or a tool says is passed on as it
# is; inventory.c takes nothing of it for granted.
#
# SPDX-License-Identifier: Apache-2.0
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
T='	'

begin () { printf '\n%s %s\n' "$M" "$1"; }
end () { printf '\n%s = %s\n' "$M" "$1"; }
have () { command -v "$1" >/dev/null 2>&1; }

# Within so many seconds, where the node can count them.
limit () {
  if have timeout; then timeout "$@"; else shift; "$@"; fi
}

# The first line of a file into $line; no process is made for it.
line () {
  line=
  [ -r "$1" ] && read -r line <"$1"
  [ -n "$line" ]
} 2>/dev/null

# "NAME<tab>VALUE" for each of these files of a folder that says something.
values () {
  folder=$1; shift
  for name; do
    if line "$folder/$name"; then printf '%s\t%s\n' "$name" "$line"; fi
  done
}

# The PCI device behind a path of /sys: the last part that looks like one.
slot_of () {
  slot=
  rest=$(cd -P "$1" 2>/dev/null && pwd) || return
  while [ -n "$rest" ]; do
    case ${rest##*/} in
      [0-9a-f]*:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f].[0-9a-f]) slot=${rest##*/}; return ;;
    esac
    case $rest in */*) rest=${rest%/*} ;; *) return ;; esac
  done
}

system () {
  begin os
  for file in /etc/os-release /usr/lib/os-release; do
    if [ -r "$file" ]; then head -c 16384 "$file"; break; fi
  done
  end $?
  begin kernel
  uname -r; uname -m
  end $?
  [ -d /sys/class/dmi/id ] || return
  begin dmi
  values /sys/class/dmi/id sys_vendor product_name product_sku bios_vendor bios_version bios_date bios_release
  end $?
}

# Does a TPM open this LUKS volume?  Its header is read, nothing is opened.
bound () {
  have cryptsetup && limit 10 cryptsetup luksDump --dump-json-metadata "$1" | grep -q '"systemd-tpm2"' && return
  have clevis && limit 10 clevis luks list -d "$1" | grep -q tpm2
} 2>/dev/null

# The TPM that this system has, and what is bound to it.  A firmware that hides
# its TPM has none here; one of version 1.2 may be there and off.
tpm () {
  for d in /sys/class/tpm/tpm0 /sys/class/misc/tpm0; do
    if [ -d "$d" ]; then break; fi
  done
  [ -d "$d" ] || return
  begin tpm
  printf 'tpm\tyes\n'
  values "$d" tpm_version_major
  values "$d/device" active enabled
  if grep -q '^[^#].*tpm2-device=' /etc/crypttab 2>/dev/null; then printf 'bound\tcrypttab\n'; fi
  if have blkid; then
    for volume in $(limit 10 blkid -t TYPE=crypto_LUKS -o device 2>/dev/null); do
      if bound "$volume"; then printf 'bound\t%s\n' "$volume"; fi
    done
  fi
  end 0
}

# slot, vendor, device, subsystem's vendor and device, class, driver, its version
pci () {
  [ -d /sys/bus/pci/devices ] || return
  begin pci
  for d in /sys/bus/pci/devices/*; do
    [ -e "$d/vendor" ] || continue
    row=${d##*/}
    for name in vendor device subsystem_vendor subsystem_device class; do
      line "$d/$name"
      row=$row$T$line
    done
    driver=
    if [ -e "$d/driver" ]; then driver=$(cd -P "$d/driver/module" 2>/dev/null && pwd || cd -P "$d/driver" && pwd); fi
    driver=${driver##*/}
    line "/sys/module/$driver/version"
    printf '%s\t%s\t%s\n' "$row" "$driver" "$line"
  done
  end $?
  have lspci || return
  begin pci-names
  limit 20 lspci -D -mm
  end $?
}

net () {
  have ethtool || return
  begin net
  for d in /sys/class/net/*/device; do
    [ -e "$d" ] || continue
    name=${d%/device}
    name=${name##*/}
    slot_of "$d"
    printf 'device\t%s\t%s\n' "$slot" "$name"
    limit 10 ethtool -i "$name"
  done
  end $?
}

storage () {
  begin hosts
  for d in /sys/class/scsi_host/host*; do
    [ -d "$d" ] || continue
    slot_of "$d"
    printf 'device\t%s\t%s\n' "$slot" "${d##*/}"
    values "$d" version_fw firmware_revision firmware_version fw_version fwrev \
      board_name model model_name modelname
  done
  for d in /sys/class/nvme/nvme*; do
    [ -d "$d" ] || continue
    slot_of "$d"
    printf 'device\t%s\t%s\n' "$slot" "${d##*/}"
    values "$d" model firmware_rev
  done
  end $?
  begin disks
  for d in /sys/block/*; do
    case ${d##*/} in nvme*) continue ;; esac
    [ -e "$d/device/model" ] || continue
    printf 'device\t\t%s\n' "${d##*/}"
    values "$d/device" vendor model rev wwid
  done
  end $?
}

packages () {
  if have dpkg-query; then
    begin dpkg
    limit 120 dpkg-query -W -f '${Status}\t${Package}\t${Version}\t${Architecture}\n'
    end $?
  fi
  if have rpm; then
    begin rpm
    # Of several versions of one package the last installed comes first.
    limit 120 rpm -qa --qf '%{NAME}\t%{ARCH}\t%{INSTALLTIME}\t%{EPOCH}\t%{VERSION}-%{RELEASE}\n' |
      { if have sort; then sort -t "$T" -k 1,1 -k 2,2 -k 3,3nr; else cat; fi; }
    end $?
  fi
}

firmware () {
  have fwupdmgr || return
  begin fwupd
  limit 20 fwupdmgr get-devices --json --no-unreported-check
  end $?
}

everything () {
  system
  tpm
  pci
  net
  storage
  packages
  firmware
  begin "done"
  end 0
}

everything </dev/null
exit 0
