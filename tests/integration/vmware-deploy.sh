# vmware-deploy.sh - VIBs and bundles onto emulated ESXi hosts (sim/esx.py): in
# maintenance mode, by push, with a restart; call by call with faults, and where a
# pull fails.  Whatever happens, a host is as it was.  By pull: vmware-net.sh.
# Plugins: vmware
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/esx-lib.sh"
. "$srcdir/integration/service-lib.sh"
export FETTLE_STATE_DIR=$T/state
ok "the emulated hosts are there" esx_start --listen 0.0.0.0

# ---- call by call: the files are pushed
file () { # VERSION [live]: a VIB of that version
  python3 "$srcdir/sim/esx.py" vib "$T/nhpsa.vib" nhpsa "$@"
  FILE=$T/nhpsa.vib VERSION=$1 NAME=nhpsa.vib
}
settings='{"transfer": "push"}'
deploy () { # TOKEN [FLAGS]
  call deploy "$(jq -cn --arg t "$1" --arg v "$VERSION" --arg n "$NAME" --argjson f "${2-0}" --argjson s "$(stat -c %s "$FILE")" \
    --argjson settings "$settings" '{token: (if $t == "" then null else $t end), settings: $settings, image: {id: "nhpsa", format: "vib",
    match: "vib:nhpsa", version: $v, flags: $f, files: [{name: $n, sha256: ("0" * 64), size: $s}]}}')" -- --file "$FILE"
}
as_it_was () { echo "$(real maintenance) $(real files) $(real sessions)"; }
clean='false [] 0'

file 2.0.16-1OEM
deploy ""
is "the first call remembers what the host was like" "$(outcome) $(token) $(as_it_was)" "again install 0 $clean"
deploy "install 0"
is "the second installs" "$(outcome) $(real vibs.nhpsa) $(real next.nhpsa)" 'ok-reboot "2.0.14-1OEM.650.0.0.4598673" "2.0.16-1OEM"'
is "in maintenance mode, which it has left" "$(asked 'task enterMaintenanceMode success') $(as_it_was)" "1 $clean"
call inventory
is "what waits for a restart is seen" "$(items | jq -r 'select(.id == "vib:nhpsa").staged')" 2.0.16-1OEM
deploy "install 0"
is "repeated, it isn't done twice" "$(outcome) $(asked 'installed') $(as_it_was)" "ok-reboot 1 $clean"

call activate
is "a restart remembers what there was" "$(outcome) $(token)" "again boot 2026-11-22T10:00:01Z 0"
call activate '{"token": "boot 2026-11-22T10:00:01Z 0"}'
like "then asks for it" "$(outcome) $(token)" "^again went 2026-11-22T10:00:01Z 0 [0-9]+"
went=$(jq -cn --arg t "$(token)" '{token: $t}')
is_back () { call activate "$went"; [ "$(outcome)" != again ]; }
ok "and waits until the host is back" soon is_back
is "with the new VIB, and as it was" "$(outcome) $(real vibs.nhpsa) $(real boots) $(as_it_was)" "ok \"2.0.16-1OEM\" 2 $clean"
call activate '{"token": "boot 2026-11-22T10:00:01Z 0"}'
is "repeated after a crash, it isn't restarted again" "$(outcome) $(real boots)" "ok 2"

file 2.0.17-1OEM live
deploy "install 0"
is "one that can be installed live needs no restart" "$(outcome) $(real vibs.nhpsa) $(as_it_was)" "ok \"2.0.17-1OEM\" $clean"

python3 "$srcdir/sim/esx.py" bundle "$T/bundle.zip" nhpsa 2.0.18-1OEM other 1.0
FILE=$T/bundle.zip NAME=bundle.zip VERSION=2.0.18-1OEM settings='{}'
deploy "install 0"
is "a bundle updates what is there, from the datastore" "$(outcome) $(real next.nhpsa) $(real next.other) $(as_it_was)" \
  "ok-reboot \"2.0.18-1OEM\" null $clean"
like "by its path" "$(cat "$LOG")" "vib.update .'depot': .'/vmfs/volumes/local ds1/fettle-t-1-0.zip'"
NAME=CP012345.exe
deploy ""
is "a smart component for another system is refused" "$(outcome)" unsupported
like "with a word why" "$(text)" "neither a VIB nor an offline bundle"

# Who was in maintenance mode stays there.
file 2.0.16-1OEM; settings='{"transfer": "push"}'
esx
call activate '{"token": "boot another 1"}'
deploy "install 1"
is "the host was in maintenance mode before: it stays" "$(outcome) $(real maintenance)" "ok-reboot true"
how cut=ExitMaintenanceMode_Task
call activate "$(jq -cn --arg t "went another 0 $(date +%s)" '{token: $t}')"
is "one that is back, and away again, is waited for" "$(outcome) $(real maintenance)" "again true"
esx noesxcli=yes
deploy "install 0"
is "no esxcli: the patch manager does it" "$(outcome) $(real next.nhpsa) $(as_it_was)" "ok-reboot \"2.0.16-1OEM\" $clean"
esx full=yes
deploy "install 0"
is "the datastore is full" "$(outcome) $(as_it_was)" "rejected $clean"
like "says which, and what to do" "$(text)" "datastore local ds1 .*setting datastore"

while IFS='|' read -r how result words; do
  esx "$how"
  deploy "install 0"
  is "$how: fails" "$(outcome) $(as_it_was)" "$result $clean"
  like "$how: in words" "$(text)" "$words"
done <<'X'
esxcli=[DependencyError]|rejected|needs other packages.*DependencyError. as it was told to
fault=EnterMaintenanceMode_Task:InvalidState|rejected|isn.t in a state
X
esx licence=free
deploy "install 0"
is "a licence that allows no changes" "$(outcome) $(real maintenance)" "unsupported false"
like "says so" "$(text)" "licence allows no changes"
call cleanup
like "what can't be removed is named, once" "$(outcome) $(logs)" "^ok remove fettle-t-1-maintenance by hand"
esx vms=yes
settings='{"transfer": "push", "maintenance_timeout": "1"}' deploy "install 0"
is "maintenance mode isn't reached" "$(outcome) $(as_it_was)" "timeout $clean"
like "since machines run" "$(text)" "virtual machines run on it"
esx
settings='{"transfer": "push", "maintenance_mode": "no"}' deploy "install 0"
like "without maintenance mode the host may refuse" "$(outcome) $(text)" "^rejected .*set maintenance_mode=yes"

# Cut off in the middle: the same call again, or cleanup.
for cut in cutafter=EnterMaintenanceMode_Task cut=ExitMaintenanceMode_Task cutafter=PUT; do
  esx
  deploy ""
  fault "$cut"
  deploy "install 0"
  is "$cut: the connection is lost" "$(outcome)" unreachable
  deploy "install 0"
  is "$cut: repeated" "$(outcome) $(real next.nhpsa) $(as_it_was | sed 's/ [0-9]*$//')" "ok-reboot \"2.0.16-1OEM\" false []"
done
esx
fault cutafter=EnterMaintenanceMode_Task
deploy "install 0"
in_maintenance () { [ "$(real maintenance)" = true ]; }
ok "a deployment that nobody repeats" soon in_maintenance
is "leaves a note" "$(real files)" '["fettle-t-1-maintenance"]'
call cleanup
is "and is cleaned up behind" "$(outcome) $(as_it_was | sed 's/ [0-9]*$//')" "ok false []"
call cleanup
is "once is enough" "$(outcome) $(asked 'task exitMaintenanceMode')" "ok 1"
esx vms=yes
fault cutafter=EnterMaintenanceMode_Task vms=yes
deploy "install 0"
call cleanup
is "so is one that still waited for machines to stop" \
  "$(outcome) $(asked 'task enterMaintenanceMode error RequestCanceled') $(as_it_was | sed 's/ [0-9]*$//')" "ok 1 false []"
fault vms=no

esx stay=yes
call activate '{"token": "boot 2026-11-22T10:00:01Z 0", "settings": {"poll": "1", "reboot_timeout": "0"}}'
is "a host that doesn't restart" "$(outcome)" again
slow=$(jq -cn --arg t "$(token)" '{token: $t, settings: {"reboot_timeout": "0"}}')
gives_up () { call activate "$slow"; [ "$(outcome)" = timeout ]; }
ok "isn't waited for for ever" soon gives_up
like "which is said" "$(text)" "hasn.t restarted at all"
esx fault=RebootHost_Task:InvalidState
call activate '{"token": "boot 2026-11-22T10:00:01Z 0"}'
is "one that refuses to" "$(outcome) $(as_it_was)" "rejected $clean"

# ---- through the service: a host that can't fetch, and can't be asked whether it could
esx closed=yes away=0.3
start "$T/state" --port "$(free_port)" --ssl-port "$(free_port)"
printf '%s' "$ESX_PASSWORD" >"$T/password"
mkdir "$T/base"
python3 "$srcdir/sim/esx.py" vib "$T/base/nhpsa.vib" nhpsa 2.0.16-1OEM
fettle --quiet baseline add "$T/base" --name base --allow-unsigned >"$T/out"
host () { # NAME ADDRESS [SETTING...]
  fettle --quiet node add "$2" --name "$1" --type vmware --user root --password-file "$T/password" --setting https_port="$P" \
    --setting poll=1 "${@:3}"
}
host closed 127.78.0.2
fettle --quiet inventory >"$T/out" 2>&1
is "it is inventoried" $? 0
job () { fettle deploy "$1" --yes --reboot if-needed --format json "${@:2}" >"$T/job" 2>"$T/err"; }
job_log () { jq -r '.tasks[0].log[]' "$T/job"; }
job closed
is "deployed where the firewall stays closed" "$? $(jq -r '.tasks[0].state' "$T/job") $(real vibs.nhpsa 127.78.0.2)" \
  '0 done "2.0.16-1OEM"'
like "by push" "$(job_log)" "couldn.t fetch it from here.*put on the host.s datastore"
is "nothing of it is left" "$(real nfs 127.78.0.2) $(real maintenance 127.78.0.2) $(real files 127.78.0.2)" '[false,null] false []'

esx away=0.3 lie=yes
host liar 127.78.0.3
fettle --quiet inventory liar >"$T/out" 2>&1
job liar
is "a host that says it did and didn't isn't believed" "$(jq -r '.tasks[0].state' "$T/job")" failed
is "nothing went wrong in the emulation" "$(cat "$T/esx.err")" ""
done_testing
