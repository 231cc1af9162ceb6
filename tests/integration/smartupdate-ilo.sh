#!/bin/bash
# smartupdate: the lines and input files that public scripts use, unchanged,
# against emulated iLOs which flash and restart.  They listen on port 443, so
# all of it is in a network of its own.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
if [ -z "${FETTLE_OWN_NET-}" ] && [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null; then
  export FETTLE_OWN_NET=yes
  exec unshare -n "$BASH" "$0" "$@"
fi
. "$srcdir/tap.sh"
[ -n "${FETTLE_OWN_NET-}" ] || skip_all "needs root, and a network namespace"
requires jq openssl python3 ip
ip link set lo up || skip_all "the network of its own has no loopback"
. "$srcdir/integration/service-lib.sh"
unset http_proxy https_proxy all_proxy
export FETTLE_STATE_DIR=$T/state XDG_CONFIG_HOME=$T/config no_proxy='*'
at_exit 'command fettle service stop --force >/dev/null 2>&1'

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/cert.key" -out "$T/cert.pem" -days 2 -subj /CN=ilo 2>/dev/null
echo none >"$T/bmc.how"
python3 "$srcdir/sim/bmc" "$T/cert.pem" "$T/cert.key" "$T/bmc" --listen 0.0.0.0:443 2>"$T/bmc.err" & emulation=$!
at_exit "kill $emulation 2>/dev/null"
ok "emulated iLOs" soon test -s "$T/bmc"
# Real ones have SSH too, which the port table declares: the ways are looked at before anything begins.
python3 -c 'import socket
s = socket.create_server(("0.0.0.0", 22), backlog=100)
while True:
    try:
        c = s.accept()[0]; c.sendall(b"SSH-2.0-mpSSH_0.2.1\r\n"); c.close()
    except OSError: pass' & others=$!
at_exit "kill $others 2>/dev/null"
n=0
ilo () { n=$((n + 1)); printf '%s\n' "$1" "${@:2}" >"$T/bmc.how.127.79.0.$n"; }
ilo ilo5; ilo ilo6; ilo ilo7; ilo ilo5; ilo ilo5
a=127.79.0.1 b=127.79.0.2 c=127.79.0.3 d=127.79.0.4 none=127.79.9.9
real () { curl -sk -m 60 "https://$1/emulated" | jq -cr ".$2"; }

# An SPP's folder: iLO's firmware as HPE packs it, by device class and target.
spp () { # VERSION
  mkdir -p "$T/spp$1/packages"
  python3 "$srcdir/sim/bmc" image "$T/ilo.bin" t1 "$1"
  cp "$T/ilo.bin" "$T/spp$1/packages/ilo.bin"
  jq -n --arg v "$1" '{DeviceClass: "c1", Type: "Firmware", UpdatableBy: ["Bmc"], package: {name: "iLO"},
    Devices: {Device: [{DeviceName: "iLO", Target: "t1", Version: $v, FirmwareImages: [{FileName: "ilo.bin"}]}]}}' \
    >"$T/spp$1/packages/ilo.json"
}
spp 2.00; spp 1.50; spp 3.00
# run STATUS WHAT WORD...: this line, this exit code.
run () {
  local status=$1 what=$2 got=0; shift 2
  timeout 300 smartupdate "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
  [ "$got" = "$status" ] || sed 's/^/# /' "$T/out" "$T/err"
  is "$what: exit code" "$got" "$status"
}

# ---- Targets on the line, as kits have them
run 0 "up" --s --romonly --use_location "$T/spp2.00/packages" --target "$a" --targettype ilo --username admin --password secret \
  --ignore_warnings --logdir "$T/logs"
is "it was flashed, once" "$(real "$a" flashed)" '[["t1","2.00"]]'
like "the log" "$(cat "$T/logs/sum/log/$a/sum_log.txt" | tr '\n' '|')" \
  '^Scouting completed, node type:ILO\|Inventory started\|Inventory completed\|.*Deployed Components:\|  Component Filename: ilo.bin\|.*Original Version: 1\.00.*New Version: 2\.00\|  Deployment Result: Success\|\|Exit status: 0\|$'
like "SUM_InstallDetails.xml" "$(tr -d '\n' <"$T/logs/sum/log/$a/SUM_InstallDetails.xml")" \
  '<HPSUM_InstallDetails>.*<NodeStatus>Deploy completed\.</NodeStatus>.*<ComponentName>ilo\.bin</ComponentName>.*<InstalledVersion>2\.00.*<ResultCode>0</ResultCode>.*<IsComponentSuccess>true<'
ok "from here on with a service that is there" command fettle service start
run 3 "again there is nothing to do" --s --romonly --use_location "$T/spp2.00/packages" --target "$a" --ignore_warnings --logdir "$T/logs"
run 3 "an older one isn't installed" --s --romonly --use_location "$T/spp1.50/packages" --target "$a" --logdir "$T/logs"
run 0 "down" --target "$a" --targettype ilo --username admin --password secret --use_location "$T/spp1.50/packages" \
  --ignore_warnings --downgrade --romonly --s --logdir "$T/logs"
is "it is older now" "$(real "$a" flashed)" '[["t1","2.00"],["t1","1.50"]]'
run 3 "/skip_ilo" /s /target "$a" /skip_ilo /use_location "$T/spp2.00/packages" /logdir "$T/logs"

# ---- Ironic's words, with a target
run 0 "Ironic" --s --romonly --use_location "$T/spp2.00/packages" --target "$a" " --c ilo.bin"
is "it was flashed again" "$(real "$a" 'flashed | length')" 3

# ---- Input files in both forms
cat >"$T/chef.ini" <<I
SILENT = YES
ROMONLY = YES
SOURCEPATH = $T/spp2.00/packages
IGNOREERRORS = ServerNotFound,BadPassword
SKIPTARGET = NO
LOGFILENAME = $T/chef
[TARGETS_ILO]
UID = admin
PWD = secret
HOST = $b
HOST = $c
[END]
I
cat >"$T/salt.ini" <<I
SILENT = YES
ROMONLY = YES
SOURCEPATH = $T/spp2.00/packages
NO_APP_ACCOUNT = YES

[Node]
TARGET = $d
TARGETTYPE = ILO
USERNAME = admin
PASSWORD = secret
I
chmod 600 "$T"/*.ini
run 0 "Chef's" --inputfile "$T/chef.ini"
is "an iLO 6 and an iLO 7 were flashed" "$(real "$b" flashed)$(real "$c" flashed)" '[["t1","2.00"]][["t1","2.00"]]'
run 0 "Salt's" --inputfile "$T/salt.ini" --logdir "$T/logs"
is "an iLO 5 was" "$(real "$d" flashed)" '[["t1","2.00"]]'

# ---- What goes wrong
run 255 "a wrong password" --s --romonly --use_location "$T/spp3.00/packages" --target "$d" --username admin --password wrong --logdir "$T/logs"
is "nothing was flashed" "$(real "$d" 'flashed | length')" 1
run 255 "nobody there" --s --romonly --use_location "$T/spp3.00/packages" --target "$none" --targettype ilo --username admin --password secret --logdir "$T/logs"
python3 "$srcdir/sim/bmc" image "$T/spp3.00/packages/ilo.bin" t1 3.00 2000 corrupt
run 253 "an image that the iLO refuses" --s --romonly --use_location "$T/spp3.00/packages" --target "$a" --username admin --password secret --logdir "$T/logs"
like "is a failed component in the log" "$(cat "$T/logs/sum/log/$a/sum_log.txt")" '^Deployment Result: Update returned an error$'
like "and in SUM_InstallDetails.xml" "$(tr -d '\n' <"$T/logs/sum/log/$a/SUM_InstallDetails.xml")" \
  '<NodeStatus>Deploy error\.</NodeStatus>.*<ResultCode>-3</ResultCode>.*<IsComponentSuccess>false<'
is "what it has is what it had" "$(real "$a" 'flashed | length')" 3
done_testing
