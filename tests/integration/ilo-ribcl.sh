# ilo-ribcl.sh - the ilo plugin reads and updates an emulated iLO 2, 3 and 4 by
# RIBCL, through all that goes wrong there; and reads captures of real ones.
# FETTLE_FIXTURES is the folder of the captures: they are not ours to give away.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq openssl python3

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=ilo" 2>/dev/null
image () { python3 "$srcdir/sim/bmc" image "$@"; }

# ilo NAME=VALUE...: another one, from now on.  now NAME=VALUE...: the same one, with other faults.
ilo_n=0 LOG=$T/ilo.log
now () { printf '%s\n' "$@" "new=$ilo_n" >"$T/ilo.how.new"; mv "$T/ilo.how.new" "$T/ilo.how"; }
ilo () { ilo_n=$((ilo_n + 1)); : >"$LOG"; now away=0.4 flash=0.05 "$@"; }
ilo generation=3
python3 "$srcdir/sim/ribcl.py" "$T/cert.pem" "$T/key.pem" "$T/ilo" 2>"$T/ilo.err" &
at_exit "kill $! 2>/dev/null"
soon test -s "$T/ilo"
read -r P <"$T/ilo"

# call CALL [MEMBERS of the request] [OPTIONS of call...]: the lines in $OUT.
call () {
  local what=$1 more=${2-{\}}; shift; [ $# = 0 ] || shift
  OUT=$("$builddir/plugins/call" "$@" "$(jq -cn --arg call "$what" --argjson p "$P" --argjson more "$more" '{call: $call,
    type: "ilo", target: {address: "127.0.0.1", name: "n1", operation: "t-1"}, phase: 3, ports: [[6, 443, 443, $p, $p]],
    settings: {}, credentials: {user: "admin", password: "secret"}, host_key: {policy: "tofu", pinned: null},
    certificate: null, timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
versions () { items | jq -r '[.name, .version, .match // "-"] | join("|")'; }
now_has () { call inventory; items | jq -r 'select(.id == "firmware:iLO").version'; }

# deploy FILE VERSION [MATCH [FLAGS]]: with the tokens that it gives, to its end.  All lines in $ALL.
deploy () {
  local file=$1 token=null n=0
  ALL=
  while [ $((n += 1)) -lt 100 ]; do
    call deploy "$(jq -cn --arg name "$(basename "$file")" --arg sum "$(sha256sum "$file" | cut -c1-64)" --arg version "$2" \
      --arg match "${3-ilo:$G}" --argjson flags "${4-0}" --argjson size "$(stat -c %s "$file")" --argjson token "$token" \
      '{image: {id: "x", format: "raw", match: $match, version: $version, flags: $flags,
      files: [{name: $name, sha256: $sum, size: $size}]}, token: $token}')" --file "$file"
    ALL="$ALL
$OUT"
    [ "$(outcome)" = again ] || break
    token=$(jq -c 'select(.outcome).token' <<<"$OUT")
    # It needs no patience once it is clear that the node stays as it is.
    [ $n -lt 6 ] || token=$(jq -c 'split(" ") | .[2] = (now - 200 | floor | tostring) | join(" ")' <<<"$token")
    sleep 0.1
  done
}
said () { jq -r 'select(.log).log' <<<"$ALL"; }

# ---- What each tells.
for G in 2 3 4; do
  ilo generation=$G version=1.50
  call probe
  is "iLO $G: it is one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 100"
  call inventory
  is "iLO $G: its inventory" "$(outcome)" ok
  rom="System ROM|I99 05/05/2011|-"
  [ $G = 2 ] || rom="ProLiant System ROM|05/05/2011|$([ $G = 4 ] && echo bios:i99 || echo -)
ProLiant System ROM - Backup|02/02/2010|-
Power Management Controller|1.6|-
Power Management Controller|1.7|-"
  is "iLO $G: its items" "$(versions)" "ProLiant Made Up||-
Serial number|SIM0001|-
Server name|host-1|-
iLO $G|1.50|ilo:$G
$rom"
  is "iLO $G: each has an id of its own" "$(items | jq -r .id | sort | uniq -d)" ""
  is "iLO $G: what can be updated is" "$(items | jq -r 'select(.updateable == (.match == null)).id')" ""
  call inventory '{"credentials": {"user": "admin", "password": "wro%{xml:ng}&<\""}}'
  is "iLO $G: a wrong password" "$(outcome)" auth
  like "iLO $G: says so" "$(text)" 'Login credentials rejected\. \(status 0x005F\): it refuses the user or the password'
  not_ok "iLO $G: and isn't told" grep -q 'wro%' <<<"$OUT"
  now generation=$G 'user=a"d<m>in' 'password=s&c"r<>t'
  call inventory '{"credentials": {"user": "a\"d<m>in", "password": "s&c\"r<>t"}}'
  is "iLO $G: a password with all that XML minds" "$(outcome)" ok
  ilo generation=$G tpm=yes
  call inventory
  is "iLO $G: a TPM" "$(items | jq -r 'select(.id == "firmware:iLO").tpm')" "$([ $G = 2 ] && echo null || echo true)"
  [ $G -lt 4 ] || continue # as iLO 3
  for fault in slow mangled; do
    ilo generation=$G fault=$fault
    call inventory
    like "iLO $G, $fault: all is read" "$(outcome) $(items | jq -r .id | tr '\n' ' ')" \
      '^ok system serial server-name firmware:iLO firmware:.*System-?R'
  done
  is "iLO $G: a name with quotes" "$(items | jq -r 'select(.id == "server-name").version')" 'a "host" & more'
  for row in 'garbage protocol no.RIBCL|weird' 'drop unreachable .' 'half protocol|unreachable cut.off|closed|answers.with'; do
    set -- $row
    ilo generation=$G fault=$1
    call inventory
    like "iLO $G, $1: it fails" "$(outcome)" "^($2)$"
    like "iLO $G, $1: and says how" "$(text)" "$3"
  done
done

# ---- Updates.
for G in 2 3 4; do
  image "$T/ilo$G.bin" ilo$G 1.94 300000
  image "$T/bad.bin" ilo$G 1.94 300000 corrupt
  ilo generation=$G version=1.50 tpm=yes
  deploy "$T/ilo$G.bin" 1.94
  is "iLO $G: is updated" "$(outcome) $(now_has)" "ok 1.94"
  is "iLO $G: once" "$(grep -c ^flashed "$LOG")" 1
  like "iLO $G: progress is told" "$(jq -r 'select(.progress).progress[1]? // .step? // empty' <<<"$ALL" | tr '\n' ' ')$ALL" '80 %'
  deploy "$T/ilo$G.bin" 1.94
  is "iLO $G: the same again does nothing" "$(outcome) $(grep -c ^flashed "$LOG")" "ok 1"
  deploy "$T/ilo$G.bin" 1.94 "ilo:$G" 2
  is "iLO $G: unless it is to be rewritten" "$(outcome) $(grep -c ^flashed "$LOG")" "ok 2"
  ilo generation=$G version=1.50
  deploy "$T/bad.bin" 1.94
  is "iLO $G: a damaged image" "$(outcome) $(now_has)" "rejected 1.50"
  deploy "$T/ilo$G.bin" 1.94 ilo:9
  is "iLO $G: an image for another" "$(outcome)" rejected
  like "iLO $G: says what it takes" "$(text)" "for \"ilo:9\", and this is an iLO $G, which takes \"ilo:$G\""
  [ $G -lt 4 ] || continue # as iLO 3
  # fault, outcome, version afterwards, words
  while read -r fault out version words; do
    [ $G = 2 ] && [ "$fault" = no-cookie ] && continue
    ilo generation=$G version=1.50 fault="$fault"
    deploy "$T/ilo$G.bin" 1.94
    message=$(text)
    if [ $out = cut ]; then # iLO 2 may have begun to answer
      out=unreachable
      [ $G != 2 ] || out='(rejected|unreachable)'
    fi
    like "iLO $G, $fault: what is said" "$(outcome)" "^$out$"
    is "iLO $G, $fault: what is true" "$(now_has)" "$version"
    like "iLO $G, $fault: in words" "$message $(said)" "$words"
  done <<'F'
cut-upload cut 1.50 .
no-cookie protocol 1.50 gave.no.name
refused rejected 1.50 The.firmware.image.is.not.valid
failed rejected 1.50 Firmware.flash.failed.*with.version.1.50,.so.that.it.can.be.tried.again
lie-done ok 1.50 said.that.all.went.well,.and.still.has.version.1.50
lie-failed ok 1.94 it.has.version.1.94.now,.although.it.says.Firmware.flash.failed
power rejected 1.50 the.connection.ended.at.40.%
cut ok 1.94 the.connection.ended.at.100.%|^null
F
done
G=3
ilo generation=3 version=1.50 fault=hang
deploy "$T/ilo3.bin" 1.94 & waiting=$!
soon grep -q '^away' "$LOG"
kill $waiting 2>/dev/null; wait $waiting 2>/dev/null
call deploy '{"token": "ribcl wait 1000 3 1 ", "image": {"id": "x", "format": "raw", "match": "ilo:3", "version": "1.94",
  "flags": 0, "files": [{"name": "x", "sha256": "'"$(printf %064d 0)"'", "size": 2000}]}}' --file "$T/ilo3.bin"
is "one that is never heard of again" "$(outcome)" timeout
like "says what to do" "$(text)" "hasn't answered for 15 minutes since it was flashed: take the server's power away"
G=4
ilo generation=4 version=1.50
image "$T/rom.bin" bios 06/06/2014 50000
deploy "$T/rom.bin" 06/06/2014 bios:i99
is "iLO 4 flashes the system ROM" "$(outcome)" ok-reboot
call inventory
is "which is there" "$(items | jq -r 'select(.name == "ProLiant System ROM").version')" 06/06/2014

# ---- Captures.
F=${FETTLE_FIXTURES-}/ilo
if [ -f "$F/ribcl-ilo2-1.70/ribcl_response.xml" ]; then
  ilo generation=2 raw="$F/ribcl-ilo2-1.70/ribcl_response.xml"
  call inventory
  is "capture of an iLO 2" "$(outcome) $(versions)" "ok ProLiant Made Up||-
Serial number|SIM0001|-
iLO 2|1.70|ilo:2
System ROM|I19 11/02/2008|-"
  ilo generation=3 raw="$F/ribcl-ilo3-1.82/get_fw_version.raw" xmldata="$F/ribcl-ilo3-1.82/xmldata.raw"
  call inventory
  is "capture of an iLO 3" "$(outcome) $(versions)" "ok ProLiant BL460c G7||-
Serial number|CZ320580J3|-
iLO 3|1.82|ilo:3"
  ilo generation=4 version=1.70 health="$F/ribcl-ilo4/get_host_health_data.xml"
  call inventory
  is "capture of an iLO 4's health, as a human reads it" "$(outcome) $(versions | grep -v '^ProLiant Made Up\|^Serial\|^Server')" "ok iLO 4|1.70|ilo:4
HP ProLiant System ROM|07/01/2013|bios:i99
HP ProLiant System ROM - Backup|12/04/2012|-
HP ProLiant System ROM Bootblock|01/08/2011|-
Power Management Controller|Version 1.7|-
CPLD - PAL0|ProLiant ML110 G7 PAL version 0x0C|-"
else
  skip "captures of RIBCL" "FETTLE_FIXTURES names no folder with ilo/ribcl-*"
fi
done_testing
