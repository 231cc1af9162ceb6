# bmc-faults.sh - what goes wrong in updates by Redfish: each fault ends in the
# true state, with a message that helps.  One deployment to many BMCs.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/bmc-lib.sh"

openssl req -x509 -newkey rsa:1024 -nodes -keyout "$T/weak.key" -out "$T/weak.pem" -days 2 -subj "/CN=bmc" 2>/dev/null
openssl dhparam -dsaparam -out "$T/weak.dh" 1024 2>/dev/null
bmc_more="--weak $T/weak.pem $T/weak.key $T/weak.dh"
ok "the service starts" bmc_up
ok "a baseline" firmware two t1 2.00
ok "and one for a device that needs no restart" firmware dev t4 2.00
nodes= devices=
fault () { # NAME WHO SETTINGS FAULT...
  bmc_settings=$3
  bmc "$1" "$2" "${@:4}"
  nodes+=${nodes:+,}$1
}
push="--setting transfer=push" queue="--setting update_by=queue"

# Those that are borne.
for f in monitor=404 lie=failed sticky=yes location=no location=body update=503 update=429 update=409 expire=3 \
  slow=0.3 busy=UpdateService slash=yes tasks=kept max=1000000 tpm=yes expand=no sessions=1 power=transfer \
  cut=Tasks/1 half=Tasks/1; do
  fault "ok-${f//[=\/]/-}" ilo6 "" "$f"
done
fault ok-sticky-push ilo5 "$push" sticky=yes
fault ok-409-push ilo5 "$push" update=409
fault ok-no-task ilo5-old ""
fault ok-old-tls ilo6 "--setting old_tls=yes" tls=old
fault ok-weak-dh ilo6 "--setting old_tls=yes" tls=dh
# Those that aren't.
fault bad-lie ilo6 "" lie=completed
fault bad-power ilo6 "" power=flash
fault bad-power-push ilo6 "$push" power=flash
fault bad-queue ilo6 "$queue" queue=exception
fault bad-agent ilo6 "$queue" agent=RuntimeAgent
fault bad-certificate ilo6 "" certificate=second
fault bad-gone ilo6 "--setting reset_timeout=3" away=100000
fault bad-tpm ilo6 "" tpm=hidden
SECONDS=0
deploy "$nodes" two --tpm-bypass
echo "# all of them: $SECONDS s"
for n in ${nodes//,/ }; do
  [[ $n = ok-* ]] || continue
  is "$n: done" "$(state "$n") $(task "$n" .verified) $(found "$n") $(message "$n")" "done true 2.00 "
  is "$n: once" "$(real "$n" flashed)" '[["t1","2.00"]]'
  is "$n: no session" "$(real "$n" sessions)" 0
done
bad () { # NODE STATE MESSAGE
  is "$1: $2" "$(state "$1")" "$2"
  like "$1: in words" "$(message "$1")" "$3"
}
bad bad-lie failed "firmware is what it was before"
bad bad-power failed "restarted before it said how its update ended, and the firmware is what it was before.*lost its power"
bad bad-power-push failed "restarted before it said how its update ended"
is "its firmware is the old one, truly" "$(real bad-power versions.t1)" "1.00 Jan 01 2025"
bad bad-queue failed "queue is stuck: old \(Exception\) blocks.*Delete it"
is "another's item is left alone" "$(real bad-queue '| [.queue, .repository]')" '[["old"],[]]'
bad bad-agent failed "by an agent in the server's system alone"
bad bad-certificate failed "certificate has changed.*fettle node set bad-certificate --certificate"
bad bad-gone unknown "isn't back 3 s after it stopped answering"
bad bad-tpm failed "a TPM is on"

like "old TLS is told of" "$(log ok-old-tls)" "is spoken to by TLSv1\.1 with [A-Z0-9-]+, which its setting old_tls allows"
like "a small key, too" "$(log ok-weak-dh)" "by TLSv1\.2 with DHE-[A-Z0-9-]+ and a Diffie-Hellman key of 1024 bits, which its setting old_tls"
fettle report --job "$(jq -r .id "$T/job")" --format html -o "$T/report.html" 2>&1 | sed 's/^/# /'
is "both are in the report" "$(grep -o 'which its setting old_tls allows' "$T/report.html" | wc -l)" 2
bmc_settings= bmc dh ilo6 tls=dh
like "nor is that without it" "$(fettle inventory dh 2>&1)" "old TLS, which isn't safe.*old_tls=yes"
bmc_settings= bmc old ilo6 tls=old
like "and isn't spoken otherwise" "$(fettle inventory old 2>&1)" "old TLS, which isn't safe.*old_tls=yes"

# A device that says so, and has nothing.
nodes=
fault lie ilo7 "" lie=completed
fault lie-queue ilo7 "$queue" lie=completed
bmc_settings= bmc failed ilo6 lie=failed
deploy "$nodes,failed" dev
is "one that says it has failed" "$(state failed) $(found failed)" "done 2.00"
like "is told of" "$(log failed)" "says that the update failed .*: the inventory decides"
bad lie failed "said that 2.00 was installed, but the inventory finds 1.00"
bad lie-queue failed "said that 2.00 was installed, but the inventory finds 1.00"
is "nothing of ours is left" "$(real lie-queue '| [.sessions, .queue, .repository]')" "[0,[],[]]"
done_testing
