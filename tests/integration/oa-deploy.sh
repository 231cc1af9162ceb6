# oa-deploy.sh - both OAs of an emulated enclosure are updated: the standby
# first, then the active one; through every fault that is known.
# Plugins: oa
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq openssl python3
. "$srcdir/integration/oa-lib.sh"
ok "the emulated enclosure is there" oa_start
image "$T/hpoa497.bin" 4.97
image "$T/hpoa460.bin" 4.60
image "$T/other.bin" 4.97 proliant
image "$T/ilo4.bin" 2.79 ilo4
rewrite=2 downgrade=1
events () { sed -n 's/^[0-9.]* \(oa[0-9] restarts\|oa[0-9] is back\|flash .*\|update .*\|sync .*\|ilos .*\)/\1/p' "$LOG"; }

oa patient=yes
deploy "$T/hpoa497.bin" 4.97
is "an update" "$(outcome) $(have)" "ok 4.97 4.97 "
is "the standby first, then the active one" "$(events)" "update 4.97
flash oa2 4.97 begins
flash oa2 4.97 ends
oa2 restarts
oa2 is back
flash oa1 4.97 begins
flash oa1 4.97 ends
oa1 restarts
oa1 is back"
like "its progress: the upload" "$(steps)" '^uploading: [0-9]+ %'
like "the standby's flash" "$(steps)" '^flashing the standby OA: [0-9]+ %'
like "the active one's" "$(steps)" '^flashing the active OA: [0-9]+ %'
is "one upload" "$(asked ' upload ')" 1
deploy "$T/hpoa497.bin" 4.97
is "the same again: nothing to be done" "$(outcome) $(asked ' upload ')" "ok 1"
deploy "$T/hpoa497.bin" 4.97 $rewrite
is "as a rewrite it is done" "$(outcome) $(asked ' upload ') $(asked 'update 4.97 forced')" "ok 2 1"
is "to its end: both have restarted again" "$(asked 'oa[12] is back') $(events | tail -n 1)" "4 oa1 is back"
deploy "$T/hpoa460.bin" 4.60 $downgrade
is "a downgrade, asked for" "$(outcome) $(have)$(asked 'update 4.60 forced')" "ok 4.60 4.60 1"

# What must be seen before anything is touched, or is the node's own no.
refused () { # OUTCOME WORDS UPLOADS
  is "$what: the outcome" "$(outcome)" "$1"
  like "$what: says what to do" "$(text)" "$2"
  is "$what: nothing was uploaded more than that" "$(asked ' upload ')" "$3"
  is "$what: nothing was flashed" "$(events)$(have)" "$4"
  is "$what: no session stays" "$(sessions_left)" 0
}
try () { what=$1 tries=3; shift; oa "$@"; }
try "a wrong password"
right=$OA_PASSWORD; OA_PASSWORD=wrong
call_with_wrong () { OA_PASSWORD=$right; how; OA_PASSWORD=wrong; deploy "$T/hpoa497.bin" 4.97; OA_PASSWORD=$right; }
call_with_wrong
refused auth 'refused the user or the password.*fettle node set enc1' 0 "4.70 4.70 "
try "a standby by mistake"
P=$P2 deploy "$T/hpoa497.bin" 4.97
refused config 'standby OA: talk to the active one instead, in bay 1, OA-SIM1' 0 "4.70 4.70 "
try "an update of others" update=running
deploy "$T/hpoa497.bin" 4.97
refused busy 'a firmware update is running' 0 "4.70 4.70 "
try "no session" sessions=0
deploy "$T/hpoa497.bin" 4.97
refused busy 'all sessions of the OA are in use' 0 "4.70 4.70 "
try "too old" version=3.32
deploy "$T/hpoa497.bin" 4.97
refused rejected 'bay 1 has 3.32, from which there is no way to 4.97 but through 3.50' 0 "3.32 3.32 "
try "an image of something else"
deploy "$T/other.bin" 4.97
refused rejected 'no image of an Onboard Administrator \(error 293' 1 "4.70 4.70 "
try "a downgrade that wasn't asked for"
deploy "$T/hpoa460.bin" 4.60
refused rejected 'older than what is there: a downgrade must be asked for.*292' 1 "4.70 4.70 "
try "a downgrade in FIPS mode" fips=yes
deploy "$T/hpoa460.bin" 4.60 $downgrade
refused rejected 'FIPS mode.*418' 1 "4.70 4.70 "
try "an error that nobody knows" fail=flashOaRomEnhanced:4711
deploy "$T/hpoa497.bin" 4.97
refused rejected "flashOaRomEnhanced: the OA refused it with error 4711" 1 "4.70 4.70 "
try "error 93 at the upload" fail=upload:93
deploy "$T/hpoa497.bin" 4.97
refused rejected "uploading the image: .*error 93" 1 "4.70 4.70 "
oa fail=flashOaRomEnhanced:225
deploy "$T/hpoa497.bin" 4.97
is "it says that it has it already: the inventory decides" "$(outcome) $(have)" "ok 4.70 4.70 "

# Connections that are lost, at each step; the engine tries again.
for at in cut=userLogIn cut=upload cutafter=flashOaRomEnhanced cut=getAllEvents; do
  oa $at
  tries=0
  deploy "$T/hpoa497.bin" 4.97
  is "$at" "$(outcome) $(have)" "ok 4.97 4.97 "
  is "$at: flashed once" "$(asked '^[0-9.]* update ')" 1
done
# The service was killed: the last token that was stored comes again.
oa
STOP=begin deploy "$T/hpoa497.bin" 4.97
is "the first token" "$TOKEN" '"begin"'
tries=0
again_from () { # TOKEN
  call deploy "$(jq -cn --argjson token "$1" --arg sum "$(sha256sum "$T/hpoa497.bin" | cut -c1-64)" --argjson size "$(stat -c %s "$T/hpoa497.bin")" \
    '{image: {id: "x", format: "raw", match: "oa:firmware", version: "4.97", flags: 0, files: [{name: "hpoa497.bin", sha256: $sum,
    size: $size}]}, token: $token, phase: 2, settings: {poll: "0"}}')" -- --file "$T/hpoa497.bin"
}
fault hold=yes
again_from '"begin"' & first=$!
begun () { grep -q 'flash oa2 4.97 begins' "$LOG"; }
ok "it is being flashed" patiently begun
kill $first 2>/dev/null; wait $first 2>/dev/null
again_from '"begin"'
like "the same token meanwhile: it waits" "$(outcome) $(token) $(logs)" '^again wait [0-9]+ 0 an update runs already'
t=$(jq -c 'select(.outcome).token' <<<"$OUT")
fault
ended () { again_from "$t"; t=$(jq -c 'select(.outcome) | .token // "x"' <<<"$OUT"); [ "$(outcome)" != again ]; }
ok "to the end" patiently ended
is "which is a good one" "$(outcome) $(have)$(asked '^[0-9.]* update ') $(asked ' upload ')" "ok 4.97 4.97 1 1"
again_from '"begin"'
is "after it: nothing is done twice" "$(outcome) $(asked ' upload ')" "ok 1"
again_from '"nonsense"'
is "a token that is none" "$(outcome)" internal

# How it may go wrong.
oa standby_fails=yes
deploy "$T/hpoa497.bin" 4.97
is "the standby fails" "$(outcome) $(have)" "rejected 4.70 4.70 "
like "which is said" "$(text)" "the standby OA couldn't verify or take the image"
oa nosync=yes
deploy "$T/hpoa497.bin" 4.97
is "the standby keeps its version: it is synchronised" "$(outcome) $(have)" "ok 4.97 4.97 "
like "by the active one, which is said" "$(events | grep sync) $(said | tr '\n' ' ')" "sync oa2 4.97.*bay 2 still has 4.70"
oa lie=yes
deploy "$T/hpoa497.bin" 4.97
is "it restarts, and has the old version" "$(outcome) $(have)" "rejected 4.70 4.70 "
like "which is said" "$(text)" "was flashed with 4.97 and has restarted, but the one in bay . has 4.70"
oa swap=yes
deploy "$T/hpoa497.bin" 4.97
is "the other one is the active one afterwards" "$(outcome) $(have)" "ok 4.97 4.97 "
oa events=no
deploy "$T/hpoa497.bin" 4.97
is "without events" "$(outcome) $(have)" "ok 4.97 4.97 "
oa solo=yes
deploy "$T/hpoa497.bin" 4.97
is "a single OA" "$(outcome) $(have)" "ok 4.97 "
oa xmldata=off
deploy "$T/hpoa497.bin" 4.97
is "without xmldata: SOAP tells" "$(outcome)" ok
is "no session stays" "$(sessions_left)" 0
oa soap=off
deploy "$T/hpoa497.bin" 4.97
is "no SOAP" "$(outcome)" unsupported
like "is said" "$(text)" "no SOAP service at /hpoa"

# iLOs through the OA.
ilos () { call inventory '{"credentials": {}, "settings": {"ilo_updates": "yes"}}'; items | jq -r 'select(.match == "oa:ilo4").version' | sort | uniq -c | tr -s ' '; }
oa what=full
deploy "$T/ilo4.bin" 2.79 0 oa:ilo4
is "iLOs through the OA" "$(outcome)$(ilos)" "ok 16 2.79 Jan 1 2020"
is "all bays at once" "$(events)" "ilos 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 2.79"
deploy "$T/ilo4.bin" 2.79 0 oa:ilo4
is "and not twice" "$(outcome) $(asked ' upload ')" "ok 1"
oa what=full ilo=fails
OLD=4000 deploy "$T/ilo4.bin" 2.79 0 oa:ilo4
is "one keeps its version" "$(outcome)" timeout
like "which is said" "$(text)" "the iLOs of bays 1 still haven't 2.79"
oa what=full
deploy "$T/hpoa497.bin" 2.79 0 oa:ilo4
is "an image that is none of an iLO" "$(outcome)" rejected
like "is said" "$(text)" "no iLO image"
oa forever=yes
OLD=4000 deploy "$T/hpoa497.bin" 4.97
is "it doesn't come back" "$(outcome)" timeout
like "is said" "$(text)" "hasn't come back in 1800 s"
done_testing
