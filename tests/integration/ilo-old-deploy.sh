# ilo-old-deploy.sh - an iLO 2, an iLO 3, an iLO 4 and Brocade switches, all
# emulated: from the plan to the new version, as the inventory sees it.  The
# switches fetch a release's folder by FTP from the service, which needs port 21:
# so this is in a network namespace of its own.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
if [ -z "${IN_NET-}" ] && unshare -n true 2>/dev/null; then
  exec env IN_NET=1 unshare -n bash "$0" "$@"
fi
. "$srcdir/tap.sh"
[ -n "${IN_NET-}" ] && ip link set lo up || skip_all "needs network namespaces"
. "$srcdir/integration/cli-lib.sh"
. "$srcdir/integration/service-lib.sh"
requires openssl
chmod 755 "$T"
export FETTLE_STATE_DIR=$T/state SECOND="f1les ought"
at_exit 'fettle service stop --force >/dev/null 2>&1'

cli_begin fos.py
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=ilo" 2>/dev/null
mkdir "$T/base"
for g in 2 3 4; do
  printf '%s\n' generation=$g version=1.50 new=1 away=0.5 flash=0.1 >"$T/ilo$g.how"
  python3 "$srcdir/sim/ribcl.py" "$T/cert.pem" "$T/key.pem" "$T/ilo$g" "127.0.0.$g" 2>/dev/null &
  at_exit "kill $! 2>/dev/null"
  python3 "$srcdir/sim/bmc" image "$T/base/ilo$g.bin" ilo$g 1.94 50000
  cat >"$T/base/ilo$g.bin.component.cfg" <<C
name = "iLO $g firmware"; version = "1.94"; scheme = "hpe"; format = "raw"; kind = "firmware"; match = "ilo:$g"; node_types = "ilo";
C
done
mkdir -p "$T/base/v9.1.1b/SWBD1/rpm"
head -c 70000 /dev/urandom >"$T/base/v9.1.1b/SWBD1/rpm/kernel.rpm"
echo install >"$T/base/v9.1.1b/SWBD1/install.sh"
(cd "$T/base/v9.1.1b" && sha256sum SWBD1/rpm/kernel.rpm SWBD1/install.sh | sed 's/  / /' >release.plist)
chmod -R a+rX "$T/base"

ok "the service starts" start "$T/state" --ssl-port "$(free_port)" --ftp-port 21
add () { # ADDRESS NAME TYPE OPTIONS...: the password comes in
  fettle --quiet node add "$1" --name "$2" --type "$3" --user admin --password-fd 0 "${@:4}"
}
for g in 2 3 4; do
  soon test -s "$T/ilo$g" >/dev/null
  ok "iLO $g is added" add "127.0.0.$g" ilo$g ilo --setting https_port="$(cat "$T/ilo$g")" <<<secret
done
ok "the switch is added" add 127.0.0.1 switch fc-switch --ssh-port "$P" <<<"$PASSWORD"
# Switches that are spoken to by REST.
rest_switch () { # NAME FAULT SETTINGS...
  local n=$((10 + rest_n++)) name=$1
  printf '%s\n' "fault=$2" >"$T/$1.how"
  python3 "$srcdir/sim/fos-rest.py" "$T/cert.pem" "$T/key.pem" "$T/$1" "127.0.0.$n" 2>/dev/null &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$T/$1" >/dev/null
  add "127.0.0.$n" "$name" fc-switch --setting interface=rest --setting https_port="$(cat "$T/$1")" "${@:3}" <<<secret
}
rest_n=0
ok "switches by REST" rest_switch rest none
for f in cut forgets eula; do rest_switch $f $f --setting accept_eula=yes; done
ok "and one that fetches from elsewhere" rest_switch else else --setting firmware_source=scp://192.0.2.5/images \
  --second-user files --second-password-env SECOND
ok "a baseline of images and a release's folder" fettle --quiet baseline add "$T/base" --name base --allow-unsigned
ok "inventory" fettle --quiet inventory
fettle deploy --dry-run --no-check --format json >"$T/plan.json" 2>"$T/plan.err"
is "the plan" "$(jq -r '.nodes[] | .name as $n | .entries[] | select(.action == "upgrade") |
  [$n, .installed, .offered] | join(" ")' "$T/plan.json" | sort)" "cut v9.0.1a v9.1.1b
else v9.0.1a v9.1.1b
eula v9.0.1a v9.1.1b
forgets v9.0.1a v9.1.1b
ilo2 1.50 1.94
ilo3 1.50 1.94
ilo4 1.50 1.94
rest v9.0.1a v9.1.1b
switch v9.0.1a v9.1.1b"
fettle deploy --no-check --yes --format json >"$T/job.json" 2>"$T/job.err"
is "the deployment, with one that fails" "$?" 253
is "each is done, and seen" "$(jq -r '.tasks[] | [.name, .state, .from, .found, (.verified | tostring)] | join(" ")' "$T/job.json" | sort)" \
"cut done v9.0.1a v9.1.1b true
else failed v9.0.1a  false
eula done v9.0.1a v9.1.1b true
forgets done v9.0.1a v9.1.1b true
ilo2 done 1.50 1.94 true
ilo3 done 1.50 1.94 true
ilo4 done 1.50 1.94 true
rest done v9.0.1a v9.1.1b true
switch done v9.0.1a v9.1.1b true"
is "what isn't there fails" "$(jq -r '.tasks[] | select(.name == "else") | .error.message' "$T/job.json" | grep -c 'server is inaccessible')" 1
like "where it was told to be" "$(cat "$T/else.log")" '"host": "192.0.2.5", "protocol": "scp", "remote-directory": "/images/v9.1.1b", "user-name": "files"'
like "with the second password" "$(cat "$T/else.log")" 'password of 11 bytes'
for n in rest forgets eula; do
  is "$n: fetched all of it from us" "$(grep -c '^fetched 2 files' "$T/$n.log")" 1
done
like "the command line, too" "$(cli_log)" 'fetched 2 files'
is "each iLO flashed once" "$(cat "$T"/ilo?.log | grep -c ^flashed)" 3
like "the switch was told once" "$(cli_log | grep -c '^firmwaredownload$')" '^1$'
fettle --quiet node remove else
fettle deploy --no-check --yes >"$T/out" 2>&1
is "then there is nothing to do" "$?" 3
done_testing
