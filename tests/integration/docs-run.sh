# docs-run.sh - the examples of the manuals are run as they stand there: on real
# nodes that have the addresses of the examples (tests/lab), with the ports and
# paths that they name.  examples.py says how an example says what is done with it.
#
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires dpkg-deb ip jq nft openssl python3 sshd unshare
[ "$(id -u)" = 0 ] || skip_all "needs root, to make nodes"
. "$srcdir/lab/lab.sh"

docs=$srcdir/../docs plugins=$srcdir/../plugins
export XDG_CONFIG_HOME=$T/config HOME=$T/home PYTHONDONTWRITEBYTECODE=1 PAGER=cat
unset SSH_AUTH_SOCK
umask 022; chmod 755 "$T"
examples () { python3 "$srcdir/integration/examples.py" "$@"; }
stop_service () {
  [ -z "${FETTLE_STATE_DIR-}" ] || lab_controller fettle service stop --force >"$T/stopped" 2>&1
  pkill -9 -f "fettled .*--state-dir ${FETTLE_STATE_DIR-$T}" # of this test alone
}
lab_up 4 "$T/lab" >"$T/lab.log" 2>&1 || skip_all "the nodes can't be made: $(tail -n 1 "$T/lab.log")"
at_exit stop_service
[ "$lab_mode" = namespaces ] || skip_all "needs namespaces: examples name addresses and ports"

# ---- What the examples name: addresses, files.

address () { ip -n "$lab_id-n$1" addr add "$2/24" dev eth0; }
ip -n "$lab_id-c" addr add 192.0.2.1/24 dev br0
for a in "1 7" "2 8" "1 11" "2 12" "3 13" "1 5" "2 6"; do address "${a% *}" "192.0.2.${a#* }"; done
ip -n "$lab_id-c" addr add 192.0.2.10/32 dev lo # an emulated one
mkdir -p "$HOME/.ssh" "$T/srv" "$T/varlog" "$T/old" "$T/new"
install -m 600 "$(lab_key)" "$HOME/.ssh/id_ed25519"
for c in "acme-nic-firmware 2.9-1 2.10-1" "acme-raid-agent 1.4.0-1 1.4.2-1"; do
  read -r name old new <<<"$c"
  lab_build_deb "$name" "$old" "$T/old" >"$T/built"; lab_build_deb "$name" "$new" "$T/new" >"$T/built"
done
as_before () { # nodes have the old versions
  local i
  for i in 1 2 3 4; do
    lab_exec $i sh -c 'cd /tmp && tar -x && dpkg -i ./*.deb >/dev/null 2>&1 && rm -f ./*.deb' < <(tar -C "$T/old" -c .)
  done
}
in_lab () { # command...: where Fettle is to run, with our own /srv and /var/log
  lab_controller unshare -m sh -c 'mount --bind "$0/srv" /srv && mount --bind "$0/varlog" /var/log && exec "$@"' "$T" "$@"
}

# page PAGE [AS]: its examples in a folder of its own, which can have been filled, and is called AS there.
page () {
  local name; name=$(basename "$1")
  mkdir -p "$at"
  [ -e "$at/secret" ] || lab_password >"$at/secret"
  export FETTLE_STATE_DIR=$at/state
  is "$name: each example does what it shows" "$(in_lab python3 "$srcdir/integration/examples.py" run "$1" "${2-$at}" 2>"$T/ran")" ""
  like "$name: there are some" "$(cat "$T/ran")" '^ran [1-9]'
  echo "# $name: $(tail -n 1 "$T/ran"), after $SECONDS s"
  stop_service
}
begin () { at=$T/at-$1; mkdir "$at"; rm -rf "$T"/srv; mkdir "$T/srv"; }

# ---- README.md

begin readme; as_before
at=$T/srv; cp -r "$T/new" "$at/baseline"
lab_password >"$at/password"; install -m 600 "$(lab_key)" "$at/key"; echo not-the-one >"$at/wrong-password"
page "$srcdir/../README.md" /srv
ok "README.md: the report is there" test -s "$at/report.html"

# ---- fettle(1)

begin fettle; as_before
mkdir -p "$T/srv/components"; cp -r "$T/new" "$T/srv/components/2026-11"
page "$docs/fettle.1"

# ---- The guide

begin guide; as_before
cp -r "$T/new" "$T/srv/components"
page "$docs/fettle-guide.7"
ok "the guide: the report is there" test -s "$at/report.html"
like "the guide: the rules for the network team" "$(cat "$at/rules.csv")" '22,192\.0\.2\.1,192\.0\.2\.11,'
is "the guide: what is deployed" "$(lab_exec 1 dpkg-query -W -f '${Version}' acme-nic-firmware)" 2.10-1

# ---- smartupdate.md: the input files

for file in targets node; do # smartupdate.md targets, smartupdate.md node
  begin "sum-$file"; as_before; mkdir -p "$T/srv/spp"; cp -r "$T/new" "$T/srv/spp/packages"
  export FETTLE_STATE_DIR=$at/state
  examples show "$docs/smartupdate.md" "$file" | sed "s/= secret$/= $(lab_password)/" >"$at/input"
  chmod 600 "$at/input"
  ok "smartupdate.md: the input file with $file is a run" in_lab smartupdate /inputfile "$at/input"
  is "smartupdate.md: ... of which nodes" "$(ls "$T/varlog/sum" | tr '\n' ' ')" "$([ $file = node ] && echo '192.0.2.7 ' || echo '192.0.2.5 192.0.2.6 ')"
  rm -rf "$T/varlog/sum"
  stop_service
done

# ---- The plugins' pages

if has_plugin oa; then
  begin oa; page "$plugins/oa/fettle-oa.7"
else
  skip "fettle-oa.7" "needs the plugin oa, which isn't built"
fi

superdome () {
  begin superdome
  mkdir -p "$T/srv/bundles" "$T/rmc"; touch "$T/rmc/log"; printf 'user=administrator\npassword=%s\n' "$(lab_password)" >"$T/rmc/how"
  examples components "$plugins/superdome/fettle-superdome.7" "$T/srv/bundles" >"$T/names"
  echo '{"hardware": "superdome-flex", "version": "4.5.10"}' >"$T/srv/bundles/$(cat "$T/names")"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/rmc/key.pem" -out "$T/rmc/cert.pem" \
    -days 2 -subj "/CN=rmc" 2>"$T/out"
  lab_controller python3 "$srcdir/sim/rmc.py" "$T/rmc/cert.pem" "$T/rmc/key.pem" "$T/rmc" 192.0.2.10 443 2>"$T/rmc/err" &
  ok "an RMC is emulated" soon test -s "$T/rmc/ready"
  page "$plugins/superdome/fettle-superdome.7"
  is "it has the bundle" "$(jq -r .version "$T/rmc/state.json")" 4.5.10
}
if has_plugin superdome; then superdome; else skip "fettle-superdome.7" "needs the plugin superdome, which isn't built"; fi

# ---- What a component is for

for p in "$docs"/*.5 "$plugins"/*/fettle-*.7; do # those that are there
  name=$(basename "$p"); d=$T/components/$name; mkdir -p "$d"
  examples components "$p" "$d" >"$T/names"
  [ -s "$T/names" ] || continue
  while read -r c; do
    if [ "${c%.deb}" = "$c" ]; then echo "$c" >"$d/$c"; else lab_build_deb agent 2.1 "$d" >"$T/built"; fi
    for f in $(sed -n 's/^files *= "\(.*\)";/\1/p' "$d/$c.component.cfg"); do echo "$f" >"$d/$f"; done
  done <"$T/names"
  "$builddir/../core/fettle-scan" "$d" >"$T/scanned" 2>"$T/err"
  is "$name: the side files of its examples are right" "$(jq -r 'select(.problem) | .problem.message' "$T/scanned")" ""
  is "$name: each is a component" "$(jq -r 'select(.component) | .component.files[0].name' "$T/scanned" | sort)" "$(sort "$T/names")"
done
# ---- fettled(8): a helper for credentials; fettle-recording(5); fettle-exec(5): what a program is asked

begin helper
mkdir "$at/bin" "$at/plugins"; chmod 755 "$at"
export FETTLE_STATE_DIR=$at/state
examples show "$docs/fettled.8" question >"$T/question"
examples show "$docs/fettled.8" answer | sed "s/\"secret\"/\"$(lab_password)\"/" >"$at/answer"
printf '#!/bin/sh\ncat >"%s/asked"\ncat "%s/answer"\n' "$at" "$at" >"$at/bin/vault"
cat >"$at/plugins/shelly.py" <<'P'
#!/usr/bin/python3 -IS
import json, sys
asked = sys.stdin.readline()
print(json.dumps({"do": "log", "text": "asked: " + asked.strip()}), flush=True)
sys.stdin.readline()
print(json.dumps({"return": "ok"}), flush=True)
P
cp "$srcdir/../sdk/examples/shelly/shelly.exec" "$at/plugins/"; chmod 644 "$at/plugins/shelly.exec"
chmod 755 "$at/bin/vault" "$at/plugins/shelly.py"
export FETTLE_PLUGINDIR=$at/plugins:$FETTLE_PLUGINDIR
fettle () { lab_controller fettle "$@"; }
ok "a helper is named" fettle service start --set "credential_helpers=vault=$at/bin/vault"
ok "... of a node" fettle node add 192.0.2.7 --name web1 --type linux --user root --helper vault
ok "its answer as in fettled(8) lets in" fettle record web1 -o "$at/recording"
is "its question is as there" "$(jq -cS . "$at/asked")" "$(jq -cS . "$T/question")"

shape () { jq -cS 'def shape: if type == "object" then map_values(shape) else type end; shape'; }
keys () { jq -c 'keys'; }
examples show "$docs/fettle-recording.5" call >"$T/call"
is "a recording begins as in fettle-recording(5)" "$(head -n 1 "$at/recording" | keys)" "$(keys <"$T/call")"
sed -n '/^\.Bl -tag/,/^\.El/p' "$docs/fettle-recording.5" | tr -c 'a-z_' '\n' | sort -u >"$T/words"
is "... and has what is described there" "$(sed 1d "$at/recording" | jq -r 'select(.end == null) | keys[]' | sort -u |
  grep -vx result | grep -vxFf "$T/words")" ""
like "... to its end" "$(tail -n 1 "$at/recording")" '^{"end": ?0}$'

examples show "$docs/fettle-exec.5" request >"$T/request"
fettle node add 192.0.2.8 --name plug7 --type shelly --user root >"$T/out" 2>&1
ok "a program is called" fettle inventory plug7
fettle log last 2>&1 | sed -n 's/.*asked: //p' >"$T/asked"
is "... by what fettle-exec(5) shows" "$(shape <"$T/asked")" "$(shape <"$T/request")"
grep -oh '{ "[a-z_]*", do_' "$srcdir"/../core/plugin/bridge*.c | cut -d'"' -f2 | sort >"$T/code"
is "fettle-exec(5) has all that a program can ask for" \
  "$(sed -n '/^\.Sh THE CONVERSATION/,/^\.Sh LIMITS/p' "$docs/fettle-exec.5" | sed -n 's/^\.It Cm \([a-z_]*\).*/\1/p' | sort)" "$(cat "$T/code")"
stop_service

# ---- fettle-callbacks(7), with a client of its kind

. "$srcdir/integration/serve-lib.sh"
head -c 1000000 /dev/urandom >"$T/firmware"
sum=$(sum_of "$T/firmware")
ok "a listener offers a file" listener "$T/firmware"
(echo "set -e; cd '$T'"; examples show "$docs/fettle-callbacks.7" curl) >"$T/script"
ok "fettle-callbacks(7): each example works" env file="$file" status="$status" bash "$T/script"
is "... and the file is there" "$(sum_of "$T/firmware.bin")" "$sum"

# ---- fettle-gate(8)

gate=$(command -v fettle-gate)
examples show "$docs/fettle-gate.8" unit >"$T/gate.service"
read -ra words < <(sed -n '/^ExecStart=/{:more;/\\$/{N;s/\\\n *//;b more};s/^ExecStart=//p}' "$T/gate.service" |
  sed "s|^/usr/libexec/fettle/fettle-gate |$gate |; s|/run/fettle-gate/socket|$T/socket|; s/--client fettle/--client nobody/")
lab_controller "${words[@]}" 2>"$T/gate.err" &
at_exit "kill $! 2>/dev/null"
ok "fettle-gate(8): it starts as its unit says" soon test -S "$T/socket"
printf '[Service]\nExecStart=/bin/true\n' >"$T/plain.service"
if have systemd-analyze && systemd-analyze verify --man=no "$T/plain.service" >"$T/out" 2>&1; then
  sed "s|/usr/libexec/fettle/fettle-gate|$gate|" "$T/gate.service" >"$T/fettle-gate.service"
  ok "fettle-gate(8): systemd takes the unit" systemd-analyze verify --man=no "$T/fettle-gate.service"
else
  skip "fettle-gate(8): systemd takes the unit" "needs a systemd-analyze that takes the plainest one"
fi
like "a chain would drop marked packets" "$(lab_controller fettle-gate --look 2>&1)" 'host input'
# shellcheck disable=SC2046  # the rule's words
ok "the rule of fettle-gate(8) is one" lab_controller nft insert rule inet host input $(examples show "$docs/fettle-gate.8" rule)
is "... and lets them through" "$(lab_controller fettle-gate --look 2>&1 | grep -c 'host input')" 0
if have setcap && cp "$gate" "$T/gate" && setcap cap_net_admin+ep "$T/gate" 2>"$T/out"; then
  setcap -r "$T/gate"
  examples show "$docs/fettle-gate.8" capability | sed "s|/usr/libexec/fettle/fettle-gate|$T/gate|" >"$T/script"
  ok "the program is given the capability" bash "$T/script"
  ok "... and has it" setcap -v cap_net_admin+ep "$T/gate"
else
  skip "the program is given the capability" "needs setcap, and a file system that keeps it"
fi

done_testing
