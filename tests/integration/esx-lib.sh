# esx-lib.sh - an emulated ESXi host (sim/esx.py) and calls of the vmware
# plugin; sourced behind tap.sh.
#
#   esx NAME=VALUE...     from now on it is a new one, of this kind
#   fault NAME=VALUE...   the same one, with other faults
#   real WORD [ADDRESS]   what has really happened to it: vibs, maintenance, files, ...
#   call CALL [MEMBERS of the request] [-- OPTIONS of plugins/call]: the lines in $OUT
#   esx_items             what an inventory of one finds, as brief says it
#
# SPDX-License-Identifier: Apache-2.0
requires curl jq openssl python3
LC_ALL=C # sort
export LC_ALL
unset http_proxy https_proxy all_proxy

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=esx" 2>/dev/null
ESX_PASSWORD='a&b<c>"d'
LOG=$T/esx.log esx_n=0

how () { printf '%s\n' "password=$ESX_PASSWORD" "new=$esx_n" "$@" >"$T/esx.how.new"; mv "$T/esx.how.new" "$T/esx.how"; }
esx () { esx_n=$((esx_n + 1)); : >"$LOG"; how "$@"; }
fault () { how "$@"; }
esx_start () { # OPTIONS of the simulator: sets P, and with --cim $T/cim also C
  esx
  python3 "$srcdir/sim/esx.py" "$T/cert.pem" "$T/key.pem" "$T/esx" "$@" 2>"$T/esx.err" &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$T/esx" || { cat "$T/esx.err"; return 1; }
  read -r P <"$T/esx"
  case " $* " in *" --cim "*)
    soon test -s "$T/cim" || { cat "$T/esx.err"; return 1; }
    read -r C <"$T/cim" ;;
  esac
}
C=

call () {
  local kind=$1 more=${2-}
  shift; [ $# = 0 ] || shift; [ "${1-}" != -- ] || shift
  OUT=$("$builddir/plugins/call" "$@" "$(jq -cn --arg call "$kind" --argjson p "$P" --argjson c "${C:-0}" --arg password "$ESX_PASSWORD" \
    --argjson more "${more:-{\}}" '{call: $call, type: "vmware",
    target: {address: "127.0.0.1", name: "esx1", operation: "t-1"}, phase: 3, ports: ([[6, 443, 443, $p, $p]] + if $c > 0 then [[6, 5989, 5989, $c, $c]] else [] end),
    settings: {}, credentials: {user: "root", password: $password}, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
# What has really happened to the host at an address.
real () { curl -sk -m 60 "https://${2-127.0.0.1}:$P/emulated" | jq -c ".$1"; }
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
score () { jq -r 'select(.outcome).score' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
token () { jq -r 'select(.outcome).token // empty' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
brief () { items | jq -r '[.kind, .id, .name, .version, .location // "-"] | join("|")'; }
asked () { grep -c " $1" "$LOG"; }
# Of logins that came to be, how many weren't taken back.
sessions_left () { echo $(($(asked 'Login ') - $(asked 'Logout ') - $(asked 'fault InvalidLogin'))); }

esx_items () {
  cat <<'X'
hardware|system|Emulated Server Gen9||esx1.example
hardware|serial|Serial number|EMU0000001|-
firmware|bios|System ROM|E89 2017-02-17|-
firmware|bmc|Management processor|2.05|-
os|os|VMware ESXi|6.5.0 build-5969303|-
os|profile|Image profile|(Updated) Emulated-ESXi-6.5.0|-
os|acceptance|Acceptance level|partner|-
os|maintenance|Maintenance mode|off|-
hardware|pci:0000:03:00.0|Intel & Co Emulated 10G (8086:1528)||0000:03:00.0
hardware|pci:0000:04:00.0|HPE Emulated Array (103c:3239)||0000:04:00.0
hardware|pci:0000:05:00.0|QLogic Emulated FC (1077:2532)||0000:05:00.0
firmware|nic:vmnic0|Emulated 10G|1.61, 0x80000daa|vmnic0
driver|nic:vmnic0/driver|Driver emu_nic|4.1.0|vmnic0
hardware|nic:vmnic1|Emulated 10G||vmnic1
driver|nic:vmnic1/driver|Driver emu_nic|4.1.0-1OEM.650|vmnic1
hardware|hba:vmhba1|Emulated Array||vmhba1
driver|hba:vmhba1/driver|Driver nhpsa|2.0.14-1OEM.650.0.0.4598673|vmhba1
firmware|hba:vmhba2|Emulated FC|8.01.00|vmhba2
driver|hba:vmhba2/driver|Driver emu_fc|2.1.50|vmhba2
firmware|disk:naa.600|EMU LOGICAL VOLUME|6.00|naa.600
package|vib:esx-base|esx-base|6.5.0-1.26.5969303|-
package|vib:nhpsa|nhpsa|2.0.14-1OEM.650.0.0.4598673|-
package|vib:emu-nic|emu-nic|4.1.0-1OEM.650|-
package|vib:emu_tools|emu_tools|10.0-1|-
X
}
