# bmc-update.sh - from a plan to a verified new version: emulated iLO 4 to 7, by
# pull and by push, at once and by iLO's queue.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/bmc-lib.sh"

ok "the service starts" bmc_up
ok "a baseline" firmware two t1 2.00
nodes=
for who in ilo5-old ilo5 ilo6 ilo7; do
  for way in pull push; do
    for by in flash queue; do
      bmc_settings="--setting transfer=$way --setting update_by=$by"
      bmc "$who-$way-$by" "$who"
      nodes+=${nodes:+,}$who-$way-$by
    done
  done
done
deploy "$nodes" two
for n in ${nodes//,/ }; do
  is "$n: updated, by the inventory" "$(state "$n") $(task "$n" .verified) $(found "$n") $(message "$n")" "done true 2.00 "
  is "$n: once" "$(real "$n" flashed)" '[["t1","2.00"]]'
  is "$n: nothing of ours is left" "$(real "$n" '| [.sessions, .queue, .repository]')" "[0,[],[]]"
  like "$n: so it was" "$(log "$n")" "by $(cut -d- -f"$([[ $n = ilo5-old* ]] && echo 3 || echo 2)" <<<"$n")"
done

# iLO 4 pulls; what is pushed to it goes by RIBCL.
image_match=ilo:4 ok "a baseline for iLO 4" firmware four SystemBMC "2.82 Feb 06 2023"
bmc_settings="--setting transfer=pull"
bmc ilo4 ilo4; bmc ilo4-old ilo4-old; bmc ilo4-lie ilo4 lie=completed; bmc ilo4-tpm ilo4 lie=failed
deploy ilo4,ilo4-old,ilo4-lie,ilo4-tpm four
for n in ilo4 ilo4-old ilo4-tpm; do
  is "$n: updated, by the inventory" "$(state $n) $(task $n .verified) $(found $n) $(message $n)" "done true 2.82 Feb 06 2023 "
  is "$n: once" "$(real $n '| [(.flashed | length), .sessions]')" "[1,0]"
done
is "an iLO 4 that lies" "$(state ilo4-lie)" failed

# The system ROM works from the server's next start on.
ok "a system ROM" firmware rom t2 "U99 v2.00 (01/01/2026)"
bmc_settings= bmc rom ilo6
deploy rom rom
is "a system ROM" "$(state rom) $(task rom .reboot) $(found rom)" "done true U99 v1.00 (01/01/2025)"
is "waits for the server's restart" "$(real rom '| [.staged, .flashed]')" \
  '[{"t2":"U99 v2.00 (01/01/2026)"},[["t2","U99 v2.00 (01/01/2026)"]]]'

# By its deployment's rules the server is restarted; one that is off isn't.
nodes=
for row in 'again ilo6' 'newer ilo7' 'tests ilo6 host=tests' 'off ilo6 host=off'; do
  set -- $row
  bmc_settings= bmc "$@"
  nodes+=${nodes:+,}$1
done
deploy "$nodes" rom --reboot if-needed
for n in again newer tests; do
  is "$n: restarted, not while it tests itself, and there" \
    "$(state $n) $(task $n .reboot) $(found $n) $(real $n '| [.restarts, .early, .sessions]')" "done false U99 v2.00 (01/01/2026) [1,0,0]"
done
is "a server that is off isn't restarted" "$(state off) $(task off .reboot) $(real off restarts)" "done true 0"
like "which is said" "$(log off)" "the server isn't on \(Off\): what was installed works from its next start"

# An install set; firmware that others have signed, which an ETag guards; each
# section of a large component has its signature.
bmc_settings="--setting update_by=set" bmc set ilo6
bmc_settings="--setting update_by=set --setting transfer=push" bmc set-push ilo5 tpm=yes
bmc_settings="--setting accept_3rd_party=yes"
bmc others ilo6 etag=yes; bmc moves ilo7 etag=moves
bmc_settings="--setting accept_3rd_party=yes --setting transfer=push" bmc refused ilo6 limit=10
deploy set,set-push,others,moves,refused two --tpm-bypass
is "where nothing comes of it, it takes HPE's alone, too" "$(state refused) $(real refused '| [.sessions, .accepts]')" "failed [0,false]"
for n in set set-push others moves; do
  is "$n: updated" "$(state $n) $(found $n) $(message $n)" "done 2.00 "
  is "$n: nothing of ours is left" "$(real $n '| [.sessions, .queue, .repository, .sets, .accepts]')" "[0,[],[],[],false]"
done
is "by sets" "$(real set invoked) $(real set-push invoked)" "1 1"
is "and back" "$(grep -c '^PATCH /redfish/v1/UpdateService 200' "$T/bmc.log") $(grep -c '^PATCH .* 412' "$T/bmc.log")" "6 1"

image_name=big.bin make_image big t4 2.00 70000000
cat >"$T/sign.py" <<'P'
import hashlib, sys
with open(sys.argv[1], "rb") as f:
    for n, piece in enumerate(iter(lambda: f.read(32 << 20), b""), 1):
        with open(sys.argv[1].removesuffix(".bin") + f"_part{n}.compsig", "w") as out:
            out.write("made up " + hashlib.sha256(piece).hexdigest())
P
python3 "$T/sign.py" "$T/big/big.bin"
echo 'files = [ "big_part1.compsig", "big_part2.compsig", "big_part3.compsig" ];' >>"$T/big/big.bin.component.cfg"
ok "a component of 70 MB with its signatures" fettle --quiet baseline add "$T/big" --name big --allow-unsigned
bmc_settings= bmc big ilo6
deploy big big
is "three sections, each with its own" "$(state big) $(found big) $(message big) $(real big sections)" \
  'done 2.00  [[0,33554432,"big_part1.compsig"],[1,33554432,"big_part2.compsig"],[2,'"$(($(stat -c %s "$T/big/big.bin") - 2 * 33554432))"',"big_part3.compsig"]]'
is "nothing of it is left" "$(real big '| [.queue, .repository]')" "[[],[]]"
rm -f "$T/big/big.bin"

# Captures of real ones, as they would be after an update of iLO itself.
nodes=
for d in "${FETTLE_FIXTURES-}"/ilo/redfish-*/; do
  if [ ! -f "$d/index.json" ]; then
    skip "captures of iLO 5, 6 and 7" "FETTLE_FIXTURES names no folder with ilo/redfish-*"
    break
  fi
  n=$(basename "$d" | tr A-Z_ a-z-)
  target=$(jq -r '.Oem.Hpe.Targets[0]' "$d/UpdateService/FirmwareInventory/1/index.json")
  mkdir -p "$T/captures"
  [ -e "$T/captures/$target.bin" ] || image_name=$target.bin make_image captures "$target" "9.99 Jan 01 2030"
  bmc_settings= bmc "$n" "$d"
  nodes+=${nodes:+,}$n
done
if [ -n "$nodes" ]; then
  fettle --quiet baseline add "$T/captures" --name captured --allow-unsigned >/dev/null
  deploy "$nodes" captured --tpm-bypass
  for n in ${nodes//,/ }; do
    is "$n: updated" "$(state "$n") $(task "$n" .verified) $(found "$n") $(message "$n")" "done true 9.99 Jan 01 2030 "
    is "$n: no session is left" "$(real "$n" sessions)" 0
  done
fi
done_testing
