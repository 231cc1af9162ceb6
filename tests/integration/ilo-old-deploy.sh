# ilo-old-deploy.sh - an iLO 2, an iLO 3, an iLO 4 and a Brocade switch, all
# emulated: from the plan to the new version, as the inventory sees it.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/cli-lib.sh"
. "$srcdir/integration/service-lib.sh"
requires openssl
chmod 755 "$T"
export FETTLE_STATE_DIR=$T/state SECOND=f1les
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
mkdir "$T/base/v9.1.1b"; head -c 2000 /dev/zero | tr '\0' x >"$T/base/v9.1.1b/release.plist"

ok "the service starts" start "$T/state" --ssl-port "$(free_port)"
add () { # ADDRESS NAME TYPE OPTIONS...: the password comes in
  fettle --quiet node add "$1" --name "$2" --type "$3" --user admin --password-fd 0 "${@:4}"
}
for g in 2 3 4; do
  soon test -s "$T/ilo$g" >/dev/null
  ok "iLO $g is added" add "127.0.0.$g" ilo$g ilo --setting https_port="$(cat "$T/ilo$g")" <<<secret
done
ok "the switch is added" add 127.0.0.1 switch fc-switch --ssh-port "$P" --setting firmware_source=scp://192.0.2.5/images \
  --second-user files --second-password-env SECOND <<<"$PASSWORD"
ok "a baseline of images and a release's folder" fettle --quiet baseline add "$T/base" --name base --allow-unsigned
ok "inventory" fettle --quiet inventory
fettle deploy --dry-run --no-check --format json >"$T/plan.json" 2>"$T/plan.err"
is "the plan" "$(jq -r '.nodes[] | .name as $n | .entries[] | select(.action == "upgrade") |
  [$n, .installed, .offered] | join(" ")' "$T/plan.json" | sort)" "ilo2 1.50 1.94
ilo3 1.50 1.94
ilo4 1.50 1.94
switch v9.0.1a v9.1.1b"
fettle deploy --no-check --yes --format json >"$T/job.json" 2>"$T/job.err"
is "the deployment" "$?" 0
is "each is done, and seen" "$(jq -r '.tasks[] | [.name, .state, .from, .found, (.verified | tostring)] | join(" ")' "$T/job.json" | sort)" \
"ilo2 done 1.50 1.94 true
ilo3 done 1.50 1.94 true
ilo4 done 1.50 1.94 true
switch done v9.0.1a v9.1.1b true"
is "each iLO flashed once" "$(cat "$T"/ilo?.log | grep -c ^flashed)" 3
like "the switch was told once" "$(cli_log | grep -c '^firmwaredownload$')" '^1$'
fettle deploy --no-check --yes >"$T/out" 2>&1
is "then there is nothing to do" "$?" 3
done_testing
