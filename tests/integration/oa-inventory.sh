# oa-inventory.sh - the oa plugin reads enclosures: by xmldata, by SOAP and by
# the command line, from an emulated one and from captured answers of real ones.
# FETTLE_FIXTURES is the folder of the captures: they are not ours to give away.
# Plugins: oa
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq openssl python3
. "$srcdir/integration/oa-lib.sh"
ok "the emulated enclosure is there" oa_start

oa what=mixed
call probe
is "it is one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 100"
like "and says what it is" "$(logs)" "BladeSystem c7000 DDR2 Onboard Administrator with KVM, firmware 4.70, of a BladeSystem c7000"
is "without a login" "$(asked SOAP)" 0

call inventory
is "xmldata: read" "$(outcome)" ok
cat >"$T/wanted" <<'X'
enclosure | BladeSystem c7000 Enclosure G3 |  | R&D <1>
serial | Serial number | SIMENC0001 | -
oa:1 | BladeSystem c7000 DDR2 Onboard Administrator with KVM | 4.70 | OA bay 1, active
oa:2 | BladeSystem c7000 DDR2 Onboard Administrator with KVM | 4.70 | OA bay 2, standby
blade:1 | ProLiant BL460c Gen9 |  | Blade bay 1
blade:1/ilo | iLO4 | 2.55 Aug 16 2017 | Blade bay 1
blade:1/rom | System ROM | I36 02/17/2017 | Blade bay 1
blade:1/pic | Power management controller | 1.0.9 | Blade bay 1
blade:1/server | Server name | srv1.example.com | Blade bay 1
blade:3 | ProLiant BL620c G7 |  | Blade bay 3
blade:3/ilo | iLO3 | 1.82 Jan 30 2015 | Blade bay 3
blade:3/rom | System ROM | I25 05/05/2011 | Blade bay 3
blade:3/pic | Power management controller | 3.3.0 | Blade bay 3
blade:3/server | Server name | not a name | Blade bay 3
blade:5A | ProLiant BL2x220c G7 |  | Blade bay 5A
blade:5A/ilo | iLO3 | 1.28 Jan 13 2012 | Blade bay 5A
blade:5A/rom | System ROM | I31 06/01/2015 | Blade bay 5A
blade:5A/pic | Power management controller | 3.3.0 | Blade bay 5A
blade:5B | ProLiant BL2x220c G7 |  | Blade bay 5B
blade:5B/ilo | iLO3 | 1.28 Jan 13 2012 | Blade bay 5B
blade:5B/rom | System ROM | I31 06/01/2015 | Blade bay 5B
blade:5B/pic | Power management controller | 3.3.0 | Blade bay 5B
blade:6 | ProLiant BL460c Gen8 |  | Blade bay 6
blade:7 | HP StorageWorks D2220sb |  | Blade bay 7
interconnect:1 | HP VC Flex-10/10D Module | 4.45 | Interconnect bay 1
interconnect:2 | HP VC Flex-10/10D Module | 4.45 | Interconnect bay 2
interconnect:3 | HP 10GbE Pass-Thru Module |  | Interconnect bay 3
interconnect:5 | HP 6Gb SAS BL Switch | 2.2.15.0 | Interconnect bay 5
interconnect:7 | Brocade 8/24c SAN Switch | v7.2.1d | Interconnect bay 7
fan:1 | Active Cool 200 Fan |  | Fan bay 1
power:1 | Power supply | 0.00 | Power bay 1
lcd:1 | BladeSystem c7000 Insight Display | 2.5.5 | Display 1
X
is "its items: entities, empty and subsumed bays, double density, [Unknown]" "$(brief)" "$(cat "$T/wanted")"
is "the OAs can be updated, and all by one component" "$(items | jq -r 'select(.updateable) | [.id, .match, .scheme] | join(" ")')" \
"oa:1 oa:firmware dotted
oa:2 oa:firmware dotted"
cat >"$T/nodes" <<'X'
10.77.1.1 | ilo | ilo-bay1 | Blade bay 1 | - | member
10.77.1.3 | ilo | ilo-bay3 | Blade bay 3 | - | member
10.77.1.5 | ilo | ilo-bay5a | Blade bay 5A | - | member
10.77.2.1 | vc | - | Interconnect bay 1 | interconnect 1 | member
10.77.2.2 | vc | - | Interconnect bay 2 | interconnect 1 | member
10.77.2.5 | sas-switch | - | Interconnect bay 5 | interconnect 3 | member
10.77.2.7 | fc-switch | - | Interconnect bay 7 | interconnect 4 | member
fd00:77::6 | ilo | - | Blade bay 6 | - | member
X
is "its nodes, modules in pairs" "$(nodes | sort)" "$(cat "$T/nodes")"
like "one without an address is told" "$(logs)" "what is in Blade bay 5B \(ProLiant BL2x220c G7\) has no address"
is "the credentials were tried, and no session stays" "$(asked 'userLogIn 200') $(sessions_left)" "1 0"

call inventory '{"settings": {"servers": "yes"}}'
is "servers are nodes where that is wanted, by their names" "$(nodes | sort | grep -vxF -f "$T/nodes")" \
  "srv1.example.com | auto | - | Blade bay 1 | - | member"
like "what is no name is told" "$(logs)" 'the server in Blade bay 3 isn.t added: "not a name"'
call inventory '{"credentials": {"user": "Administrator", "password": "wrong"}}'
is "a wrong password" "$(outcome)" auth
like "says what to do" "$(text)" 'refused the user or the password \(error 150.*fettle node set enc1 '
not_ok "and isn't told" grep -q wrong <<<"$OUT"
call inventory '{"credentials": {}}'
is "none at all: xmldata is enough" "$(outcome) $(brief | grep -c .)" "ok $(grep -c . "$T/wanted")"
oa what=mixed sessions=0
call inventory
is "no session to be had: the same" "$(outcome) $(brief | grep -c .)" "ok $(grep -c . "$T/wanted")"
like "which is logged" "$(logs)" "xmldata alone.*all sessions of the OA are in use"

# SOAP.  It knows neither ROMs nor double density.
grep -v -e '/rom' -e '/pic' -e '/server' -e 'blade:5' -e 'blade:7' -e lcd "$T/wanted" | sort >"$T/wanted.soap"
oa what=mixed xmldata=off
call inventory
is "SOAP: read" "$(outcome)" ok
is "SOAP: its items" "$(brief | sort)" "$(cat "$T/wanted.soap")"
is "SOAP: no session stays" "$(sessions_left)" 0
oa what=mixed old=yes
call inventory
is "an old OA: SOAP says what its xmldata leaves out" "$(outcome) $(brief | grep blade:1/)" "ok blade:1/ilo | iLO4 | 2.55 Aug 16 2017 | Blade bay 1"
is "an old OA: no session stays" "$(sessions_left)" 0
call inventory '{"credentials": {}}'
is "an old OA, without credentials" "$(outcome) $(brief | grep -c blade:1)" "ok 1"
like "its iLOs are nodes whose type is to be found out" "$(nodes)" '^10.77.1.1 \| auto '
for method in getBladeMpInfoArray getOaNetworkInfo; do
  oa what=mixed xmldata=off fail=$method:162
  call inventory
  is "SOAP without $method" "$(outcome) $(brief | grep ^oa:1)" \
    "ok oa:1 | BladeSystem c7000 DDR2 Onboard Administrator with KVM | 4.70 | OA bay 1, active"
  like "is logged" "$(logs)" "isn't complete: $method"
  is "and no session stays" "$(sessions_left)" 0
done
oa what=mixed xmldata=off cut=getBladeInfoArray
call inventory
is "a connection that is lost" "$(outcome)" unreachable
like "says at what" "$(text)" "POST /hpoa"

# A standby by mistake.
oa what=full
P=$P2 call inventory
is "a standby is read" "$(outcome) $(brief | tail -n 1)" "ok role | Standby OA |  | -"
like "and names the active one" "$(logs)" "standby OA: talk to the active one instead, in bay 1, OA-SIM1"
P=$P2 call inventory '{"settings": {"inventory_by": "soap"}}'
like "by SOAP, too" "$(outcome) $(logs)" "ok .*talk to the active one instead, in bay 1, OA-SIM1|^ok .*which it doesn't name"

# What isn't one.
for f in '<html><p>Hello</html>' '{"a": 1}' '' '<RIMP><MP><PN>Integrated Lights-Out 4 (iLO 4)</PN></MP></RIMP>'; do
  printf '%s' "$f" >"$T/not.xml"
  oa xmldata="$T/not.xml" soap=off
  call probe
  is "it is none: ${f:0:20}" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 0"
  call inventory '{"settings": {"inventory_by": "xmldata"}}'
  is "and has no inventory" "$(outcome)" protocol
done
printf '<?xml version="1.0"?><x:RIMP xmlns:x="urn:a"><x:MP><x:PN>Onboard Administrator</x:PN><x:FWRI>2.04</x:FWRI></x:MP><x:INFRA2>
<x:ENCL>A &amp;&#32;B</x:ENCL><x:BLADES><x:BLADE><x:BAY><x:CONNECTION>1</x:CONNECTION></x:BAY><x:SPN>P' >"$T/cut.xml"
oa xmldata="$T/cut.xml" soap=off
call inventory
is "namespaces, a single OA, cut off in the middle" "$(outcome) $(brief | sort -r | tr '\n' ';')" \
  "ok oa:1 | Onboard Administrator | 2.04 | OA bay 1, active;blade:1 | P |  | Blade bay 1;"
printf '<!DOCTYPE RIMP [<!ENTITY x SYSTEM "/etc/passwd">]><RIMP><INFRA2><ENCL>&x;</ENCL></INFRA2></RIMP>' >"$T/dtd.xml"
oa xmldata="$T/dtd.xml" soap=off
call inventory '{"settings": {"inventory_by": "xmldata"}}'
is "entities of its own are refused" "$(outcome)" protocol

# Captures.  What they have was written down by hand.
f=${FETTLE_FIXTURES-}/oa/c7000-4.70/xmldata.xml
if [ -f "$f" ]; then
  oa xmldata="$f"
  call inventory
  is "the capture of a c7000" "$(outcome)" ok
  is "its firmware" "$(items | jq -r 'select(.kind == "firmware") | [.id, .version] | join(" ")' | grep -v ^power | sort)" \
"blade:1/ilo 2.55 Aug 16 2017
blade:1/pic 1.0.9
blade:1/rom I36 02/17/2017
blade:2/ilo 2.54 Jun 15 2017
blade:2/pic 1.0.9
blade:2/rom I36 09/12/2016
blade:3/ilo 2.55 Aug 16 2017
blade:3/pic 3.3.0
blade:3/rom I31 06/01/2015
blade:4/ilo 2.55 Aug 16 2017
blade:4/pic 3.3.0
blade:4/rom I31 06/01/2015
blade:5/ilo 2.54 Jun 15 2017
blade:5/pic 1.0.9
blade:5/rom I36 02/17/2017
blade:6/ilo 2.55 Aug 16 2017
blade:6/pic 1.0.9
blade:6/rom I36 02/17/2017
blade:7/ilo 2.55 Aug 16 2017
blade:7/pic 3.3.0
blade:7/rom I31 06/01/2015
lcd:1 2.a.3
oa:1 4.70
oa:2 4.70"
  is "its other hardware" "$(items | jq -r 'select(.kind == "hardware") | [.id, .name, .version] | join(" | ")' | grep -v -e ^fan -e ^blade)" \
"enclosure | BladeSystem c7000 Enclosure G3 | 
serial | Serial number | CZ372137H3
interconnect:1 | HP 10GbE Pass-Thru Module | "
  is "ten fans, four power supplies, seven blades" \
    "$(brief | grep -c ^fan:) $(brief | grep -c ^power:) $(brief | grep -cE '^blade:[0-9]+ ')" "10 4 7"
  is "where the OAs are" "$(items | jq -r 'select(.id | startswith("oa:")).location')" "OA bay 1, active
OA bay 2, standby"
  is "nothing of it has an address" "$(nodes)" ""
else
  skip "the capture of a c7000" "FETTLE_FIXTURES names no folder with oa/c7000-4.70"
fi

# The command line, by a real sshd.
if ! command -v sshd >/dev/null || [ "$(id -u)" != 0 ]; then
  skip "the command line" "needs sshd and root"
  done_testing
  exit
fi
. "$srcdir/integration/sshd.sh"
P=$P1 # sshd.sh has a P of its own
SSHP=$(free_port)
unset P
P_SSH=$SSHP
cli_up () { # BAY
  P=$P_SSH P2=$(free_port)
  start_sshd ed25519 -- "ForceCommand python3 $srcdir/sim/oa/cli.py $T/oa.sock $1"
  unset P
}
srcdir=$(cd "$srcdir" && pwd)
[ "$HAS_USERS" = yes ] || { skip "the command line" "no users of our own here"; done_testing; exit; }
OA_USER=admin OA_PASSWORD=$PASSWORD
cli_up 1
for script in yes no; do
  oa what=mixed xmldata=off soap=off script=$script
  call inventory
  is "CLI (script mode: $script): read" "$(outcome)" ok
  is "CLI (script mode: $script): its items" "$(brief | sort)" "$(grep -v lcd: "$T/wanted" | sort)"
done
is "CLI: its nodes" "$(nodes | sort)" "$(grep -v ^fd00 "$T/nodes")"
cli_up 2
oa what=full xmldata=off soap=off
call inventory
like "CLI of a standby" "$(outcome) $(logs)" "talk to the active one instead, in bay 1"
call inventory '{"credentials": {"user": "admin", "password": "wrong"}}'
is "CLI: a wrong password" "$(outcome)" auth
done_testing
