# interconnects.sh - Fibre Channel switches and Virtual Connect, emulated behind a
# real SSH server: inventory, Fabric OS from plan to new version, and what goes
# wrong; SAS switches through an emulated OA; captures of real ones.
# FETTLE_FIXTURES is the folder of the captures: they are not ours to give away.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/cli-lib.sh"
requires openssl
export FETTLE_PLUGINDIR=$builddir/plugins/.libs
FETTLE_PLUGINDIR=$builddir/../plugins/ilo/.libs
chmod 755 "$T"
cli_begin fos.py
SOURCE='{"firmware_source": "scp://192.0.2.5/images/"}'

# call TYPE CALL [MEMBERS of the request] [OPTIONS of call...]: the lines in $OUT.
call () {
  local type=$1 what=$2 more=${3-{\}}; shift 2; [ $# = 0 ] || shift
  OUT=$("$builddir/plugins/call" "$@" "$(jq -cn --arg type "$type" --arg call "$what" --arg pw "$PASSWORD" --argjson p "$P" \
    --argjson web "${WEB-1}" --argjson more "$more" '{call: $call, type: $type, target: {address: "127.0.0.1", name: "n1",
    operation: "t-1"}, phase: 3, ports: [[6, 22, 22, $p, $p], [6, 443, 443, $web, $web]], settings: {},
    credentials: {user: "admin", password: $pw, second_user: "files", second_password: "f1les ought"}, host_key: {policy: "tofu", pinned: null}, certificate: null,
    timeouts: {connect: 20, read: 60}, token: null} + $more')" 2>&1)
}
outcome () { jq -r 'select(.outcome).outcome' <<<"$OUT"; }
text () { jq -r 'select(.outcome).text' <<<"$OUT"; }
items () { jq -cr '.items[]?' <<<"$OUT"; }
logs () { jq -r 'select(.log).log' <<<"$OUT"; }
table () { items | jq -r '[.id, .name, .version, .match // "-"] | join("|")'; }

# deploy VERSION [SETTINGS]: with the tokens that it gives, to its end.  All lines in $ALL.
head -c 2000 /dev/zero >"$T/release.plist"
SUM=$(sha256sum "$T/release.plist" | cut -c1-64)
deploy () {
  local token=null n=0
  ALL=
  while [ $((n += 1)) -lt 200 ]; do
    call fc-switch deploy "$(jq -cn --arg sum "$SUM" --arg version "$1" --argjson settings "${2-$SOURCE}" --argjson token "$token" \
      '{image: {id: "x", format: "fos", match: "brocade:fos", version: $version, flags: 0,
      files: [{name: "release.plist", sha256: $sum, size: 2000}]}, token: $token, settings: $settings}')" --file "$T/release.plist"
    ALL="$ALL
$OUT"
    [ "$(outcome)" = again ] || break
    token=$(jq -c 'select(.outcome).token' <<<"$OUT")
    # It needs no patience once it is clear that nothing comes.
    [ $n -lt 20 ] || token=$(jq -c 'split(" ") | .[2] = (now - 400 | floor | tostring) | join(" ")' <<<"$token")
    sleep 0.2
  done
}
said () { jq -r 'select(.log).log' <<<"$ALL"; }
version () { call fc-switch inventory; items | jq -r 'select(.match == "brocade:fos").version'; }

# ---- Inventory of a Brocade switch, however it writes it.
call fc-switch probe
is "it is one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 95"
REST='firmware:bootprom|Boot PROM|2.0.3|-
system|Brocade switch, type 162.0||-
name|Switch name|made_up|-
wwn|WWN|10:00:00:00:00:00:00:01|-
serial|Serial number|SER0001|-
factory-serial|Factory serial number|FAC0001|-
part|Part number|PART0001|-'
for shape in new old older; do
  cli_how shape=$shape
  call fc-switch inventory
  is "$shape: all is seen" "$(outcome) $(table)" "ok firmware:fos|Fabric OS|v9.0.1a|brocade:fos
$REST"
done
cli_how shape=director
call fc-switch inventory
is "a director" "$(outcome) $(table)" "ok firmware:fos/CP0|Fabric OS|v9.0.1a|-
firmware:fos/CP1|Fabric OS|v9.0.1a|brocade:fos
$REST"
cli_how who=other
call fc-switch inventory
is "what is no switch" "$(outcome)" unsupported
like "says what was tried" "$(text)" 'neither a Brocade switch \("version"\) nor a Cisco MDS'
call fc-switch probe
is "and isn't taken for one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 0"
cli_how 'cut=^switchshow'
call fc-switch inventory
is "a connection that breaks" "$(outcome)" unreachable
cli_how 'garbage=^firmwareshow'
call fc-switch inventory
is "garbage instead of a list: another command tells" "$(outcome) $(items | jq -r 'select(.match).version')" "ok v9.0.1a"

# ---- Updates.
for row in 'scp://192.0.2.5/images/ 3' 'ftp://192.0.2.5/images 2' 'sftp://fw@192.0.2.5/images 4'; do
  set -- $row
  cli_fresh
  deploy v9.1.1b "{\"firmware_source\": \"$1\"}"
  is "$1: the new version is there" "$(outcome) $(version)" "ok v9.1.1b"
  like "$1: the switch was told where" "$(cli_log)" "File Name: -> /images/v9.1.1b"
done
deploy v9.1.1b
is "the same again does nothing" "$(outcome) $(cli_log | grep -c '^firmwaredownload$')" "ok 1"
not_ok "the password is nowhere in what comes out" grep -qF -e "$PASSWORD" -e "f1les ought" <<<"$ALL"
like "but was said" "$(cli_log)" "Password: -> .11 bytes"
for shape in director older; do
  cli_fresh; cli_how shape=$shape
  deploy v9.1.1b
  is "$shape: all of it is updated" "$(outcome) $(version)" "ok v9.1.1b"
done
while read -r fault out after words; do
  cli_fresh; cli_how fault="$fault"
  deploy v9.1.1b
  message=$(text)
  is "$fault: what is said" "$(outcome)" "$out"
  is "$fault: what is true" "$(version)" "$after"
  like "$fault: in words" "$message $(said)" "$words"
done <<'F'
inaccessible rejected v9.0.1a firmware_source.and.whether
same rejected v9.0.1a this.version.already
busy busy v9.0.1a somebody.else
preinstall rejected v9.0.1a pre-install.script.failed
steps rejected v9.0.1a by.steps
downgrade rejected v9.0.1a keeps.it.from
fails rejected v9.0.1a Failed.to.download.RPM
lie ok v9.0.1a the.download.has.ended,.and.the.switch.has.v9.0.1a
power ok v9.0.1a has.v9.0.1a:.it.says.nothing.of.one
password rejected v9.0.1a assword
stay ok v9.1.1b .
F
cli_fresh
call fc-switch deploy "$(jq -cn --arg sum "$SUM" --arg pw "$PASSWORD" --argjson settings "$SOURCE" '{image: {id: "x", format: "fos",
  match: "brocade:fos", version: "v9.1.1b", flags: 0, files: [{name: "release.plist", sha256: $sum, size: 2000}]},
  settings: $settings, credentials: {user: "admin", password: $pw}}')" --file "$T/release.plist"
like "no second credentials, and they are asked for" "$(outcome): $(text)" '^(auth|config): .*--second-user'
deploy v9.1.1b '{}'
is "no place to fetch from" "$(outcome)" unsupported
like "says what to set" "$(text)" 'set firmware_source to PROTOCOL://'
cli_fresh
for source in http://192.0.2.5/x scp:///x scp://h 'scp://h/a b' 'scp://h/a;reboot'; do
  deploy v9.1.1b "$(jq -cn --arg s "$source" '{firmware_source: $s}')"
  is "a place that is none: $source" "$(outcome) $(cli_log | grep -c firmwaredownload)" "config 0"
done

# ---- Cisco MDS, as far as is known.
cli_fresh; cli_how who=mds
call fc-switch inventory
is "an MDS" "$(outcome) $(table)" "ok name|Switch name|mds-1|-
serial|Serial number|MDS0001|-
firmware:bios|BIOS|1.0.19|-
firmware:kickstart|Kickstart image|4.2(9)|-
firmware:system|System image|4.2(9)|cisco:mds"
like "says that it was never tried" "$(logs)" 'never tried on a real one'
deploy v9.1.1b
is "takes no Fabric OS" "$(outcome)" unsupported
cp "$T/release.plist" "$T/m9100-s2ek9-kickstart-mz.5.2.8.bin"; cp "$T/release.plist" "$T/m9100-s2ek9-mz.5.2.8.bin"
mds () { # SOURCE [FILES]: as deploy, of two images
  local token=null n=0
  ALL=
  while [ $((n += 1)) -lt 100 ]; do
    call fc-switch deploy "$(jq -cn --arg sum "$SUM" --arg source "$1" --argjson token "$token" \
      '{image: {id: "x", format: "mds", match: "cisco:mds", version: "5.2.8", flags: 0, files: [{name: "m9100-s2ek9-mz.5.2.8.bin",
      sha256: $sum, size: 2000}, {name: "m9100-s2ek9-kickstart-mz.5.2.8.bin", sha256: $sum, size: 2000}]}, token: $token,
      settings: {firmware_source: $source}}')" --file "$T/m9100-s2ek9-mz.5.2.8.bin" --file "$T/m9100-s2ek9-kickstart-mz.5.2.8.bin"
    ALL="$ALL
$OUT"
    [ "$(outcome)" = again ] || break
    token=$(jq -c 'select(.outcome).token' <<<"$OUT")
  done
}
mds_version () { call fc-switch inventory; items | jq -r 'select(.match == "cisco:mds").version'; }
for source in scp://192.0.2.5/images sftp://fw@192.0.2.5/images ftp://192.0.2.5/images; do
  cli_fresh; cli_how who=mds
  mds "$source"
  is "an MDS, $source: the new version is there" "$(outcome) $(mds_version)" "ok 5.2.8"
  like "it was told to install both" "$(cli_log)" \
    'install all kickstart bootflash:m9100-s2ek9-kickstart-mz.5.2.8.bin system bootflash:m9100-s2ek9-mz.5.2.8.bin'
done
like "that it was never tried is said" "$(said)" 'never tried on a real one'
not_ok "no password comes out" grep -qF -e "$PASSWORD" -e "f1les ought" <<<"$ALL"
while read -r fault out after words; do
  cli_fresh; cli_how who=mds fault="$fault"
  mds scp://192.0.2.5/images
  message=$(text)
  is "an MDS, $fault: what is said, what is true" "$(outcome) $(mds_version)" "$out $after"
  like "an MDS, $fault: in words" "$message $(said)" "$words"
done <<'F'
missing rejected 4.2(9) No.such.file
check rejected 4.2(9) not.enough.space
fails rejected 4.2(9) Install.has.failed
lie ok 4.2(9) has.ended,.and.the.switch.has.4.2.9
F

# ---- Virtual Connect.
for how in 'page=7' 'echo=no' 'status=Degraded'; do
  cli_fresh; cli_how who=vc "$how"
  call vc inventory
  is "VC, $how" "$(outcome) $(table)" "ok domain|Virtual Connect domain|made_up_domain|-
firmware:enc0:1|HP VC Flex-10 Enet Module|4.62|vc:firmware
serial:enc0:1|Serial number|7C90001|-
firmware:enc0:2|HP VC Flex-10 Enet Module|4.50|vc:firmware
serial:enc0:2|Serial number|7C90002|-
firmware:enc0:5|VC-FC||-"
done
like "a module that isn't well is told" "$(logs)" 'module enc0:2 says that its status is Degraded'
call vc probe
is "it is one" "$(outcome) $(jq -r 'select(.outcome).score' <<<"$OUT")" "ok 95"
cli_how who=vc primary=192.0.2.77
call vc inventory
is "not the primary: that is all of it" "$(outcome) $(table)" "ok role|Virtual Connect module, not the primary one||-"
like "names it" "$(logs)" "isn't the primary one of its Virtual Connect domain: that is at 192.0.2.77, which knows"
is "and adds it" "$(jq -r '.node?.address // .nodes[]?.address // empty' <<<"$OUT")" 192.0.2.77
cli_how who=vc 'primary=?'
call vc inventory
like "one that doesn't know" "$(outcome): $(text)" "^config: .*doesn't name it"
cli_how who=vc none=yes
call vc inventory
like "no modules" "$(outcome) $(logs)" 'ok .*names no module'
cli_how who=vc 'garbage=^show firmware'
call vc inventory
like "garbage" "$(outcome) $(logs)" 'ok .*names no module'
call vc deploy '{"image": {"id": "x", "format": "raw", "match": "x", "version": "1", "flags": 0, "files": [{"name": "vcfw.bin",
  "sha256": "'"$SUM"'", "size": 2000}]}}' --file "$T/release.plist"
is "VC isn't updated" "$(outcome)" unsupported
like "it is said by what" "$(text)" 'vcsu -a update -i .* -l vcfw.bin'

# ---- SAS switches, through the OA.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
  -days 2 -subj "/CN=oa" 2>/dev/null
cat >"$T/oa.xml" <<'O'
<RIMP><MP><PN>BladeSystem c7000 Onboard Administrator</PN></MP><INFRA2><ENCL>made-up</ENCL><SWITCHES>
<SWITCH><BAY><CONNECTION>1</CONNECTION></BAY><SPN>HP VC Flex-10</SPN><BSN>A</BSN><FWRI>4.62</FWRI><FABRICTYPE>INTERCONNECT_TYPE_ETH</FABRICTYPE></SWITCH>
<SWITCH><BAY><CONNECTION>3</CONNECTION></BAY><SPN>HP 6Gb SAS BL Switch</SPN><BSN>SAS0001  </BSN><FWRI>4.2.1.0</FWRI></SWITCH>
<SWITCH><BAY><CONNECTION>4</CONNECTION></BAY><SPN>HP 6Gb SAS BL Switch</SPN><BSN>SAS0002</BSN><FWRI>[Unknown]</FWRI></SWITCH>
</SWITCHES></INFRA2></RIMP>
O
oa () { printf '%s\n' none "$@" >"$T/oa.how"; }
oa xmldata="$T/oa.xml"
python3 "$srcdir/sim/bmc" "$T/cert.pem" "$T/key.pem" "$T/oa" 2>/dev/null &
at_exit "kill $! 2>/dev/null"
soon test -s "$T/oa"
read -r WEB <"$T/oa"
call sas-switch inventory
is "all SAS switches of an enclosure" "$(outcome) $(table)" "ok firmware:bay-3|HP 6Gb SAS BL Switch|4.2.1.0|-
serial:bay-3|Serial number|SAS0001|-
firmware:bay-4|HP 6Gb SAS BL Switch||-
serial:bay-4|Serial number|SAS0002|-"
call sas-switch inventory '{"settings": {"bay": "4"}}'
is "the one in a bay" "$(outcome) $(items | jq -r .id | tr '\n' ' ')" "ok firmware:bay-4 serial:bay-4 "
call sas-switch inventory '{"settings": {"bay": "1"}}'
like "a bay with something else" "$(outcome): $(text)" '^config: what is in interconnect bay 1 is no SAS switch'
call sas-switch inventory '{"settings": {"bay": "7"}}'
like "an empty bay" "$(outcome): $(text)" '^config: the enclosure has nothing in interconnect bay 7'
oa
call sas-switch inventory
like "what is no OA" "$(outcome): $(text)" "^unsupported: 127.0.0.1 isn't an Onboard Administrator"

# ---- Captures.
F=${FETTLE_FIXTURES-}/brocade/fos-7.2-6510
if [ -f "$F/version.txt" ]; then
  install -d -m 755 "$T/capture"; install -m 644 "$F"/*.txt "$T/capture"
  cli_fresh; cli_how "capture=$T/capture"
  call fc-switch inventory
  is "capture of a 6510" "$(outcome) $(table)" "ok firmware:fos|Fabric OS|v7.2.0atest|brocade:fos
firmware:bootprom|Boot PROM|1.0.11|-
system|Brocade switch, type 109.1||-
name|Switch name|TOP_6510|-
wwn|WWN|10:00:00:27:f8:61:7d:ba|-
serial|Serial number|589Y7P1|-
factory-serial|Factory serial number|BRW2508J00H|-
part|Part number|BROCAD0000651|-"
else
  skip "capture of a Brocade switch" "FETTLE_FIXTURES names no folder with brocade/fos-7.2-6510"
fi
done_testing
