# vmware-inventory.sh - the inventory of an emulated ESXi host (sim/esx.py), and
# what happens when it misbehaves.
# Plugins: vmware
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/esx-lib.sh"
ok "the emulated host is there" esx_start

call probe
is "it is one" "$(outcome) $(score)" "ok 100"
like "and says what it is" "$(logs)" "VMware ESXi 6.5.0 build-5969303"
is "without a login" "$(asked Login)" 0

{ esx_items; echo "package|vib:emu-mixed|Emu-Mixed|1.0-1|-"; } >"$T/wanted"
call inventory
is "its inventory" "$(outcome)" ok
is "all of it" "$(brief)" "$(cat "$T/wanted")"
is "VIBs can be updated, and compare as their maker's do" \
  "$(items | jq -r 'select(.updateable) | [.match, .scheme] | join(" ")' | sed -n '1p;$p' | tr '\n' ';')" "vib:esx-base rpm;vib:emu-mixed rpm;"
is "in the newest version that both know" "$(grep -c '"urn:vim25/6.5"' "$LOG") $(grep -c '"urn:vim25/5' "$LOG")" "$(grep -c urn: "$LOG") 0"
is "no session stays" "$(asked Login) $(sessions_left)" "1 0"

esx prefix=odd versions=no
call inventory
is "other namespace prefixes, no list of versions" "$(outcome) $(brief | diff - "$T/wanted")" "ok "
like "then it is an old one" "$(cat "$LOG")" 'Login "urn:vim25/5.5"'

esx noimages=yes
call inventory
is "no manager of images: esxcli lists the VIBs" "$(outcome) $(brief | grep -v -e '|profile|' -e '|acceptance|' | sort)" \
  "ok $(grep -v -e '|profile|' -e '|acceptance|' "$T/wanted" | sort)"
esx noesxcli=yes
call inventory
is "no esxcli: all but some firmware" "$(outcome) $(brief | grep -cE '^(package|hardware)') $(brief | grep ^driver.*vmnic0)" \
  "ok 14 driver|nic:vmnic0/driver|Driver emu_nic|4.1.0-1OEM.650|vmnic0"
like "which is said" "$(logs)" "isn.t complete: this host runs no esxcli"
esx noesxcli=yes noimages=yes
call inventory
is "neither: no inventory" "$(outcome) $(items | wc -l)" "unsupported 0"
is "neither: no session stays" "$(sessions_left)" 0
for path in config.storageDevice.scsiLun:NoPermission; do
  esx missing=$path
  call inventory
  is "a property that it doesn't tell: $path" "$(outcome) $(brief | wc -l)" "ok $(($(wc -l <"$T/wanted") - 1))"
  like "that is logged" "$(logs)" "doesn.t tell ${path%:*} \(${path#*:}\)"
done

# Sessions.
esx
call inventory '{"credentials": {"user": "root", "password": "wrong"}}'
is "a wrong password" "$(outcome)" auth
like "says what to do" "$(text)" "refused the user or the password.*incorrect user name.*fettle node set esx1 "
not_ok "and isn't told" grep -q wrong <<<"$OUT"
is "no session stays after it" "$(sessions_left)" 0
for method in RetrievePropertiesEx ExecuteSoap; do
  esx expire=$method
  call inventory
  is "the session expires at $method: another one" "$(outcome) $(brief | diff - "$T/wanted") $(asked Login)" "ok  2"
done
esx fault=fetchSoftwarePackages:NotAuthenticated
call inventory
is "one that expires at once, again and again" "$(outcome) $(asked Login)" "auth 2"

# Trouble.
while read -r name result words; do
  esx fault=RetrievePropertiesEx:$name
  call inventory
  is "fault $name" "$(outcome)" "$result"
  like "fault $name: in words" "$(text)" "$words"
  is "fault $name: no session stays" "$(sessions_left)" 0
done <<'X'
NoPermission rejected role doesn.t allow that
SystemError rejected inside the host.*SystemError.*as it was told to
MadeUpByNobody rejected refused it: MadeUpByNobody
X
for method in RetrieveServiceContent fetchSoftwarePackages; do
  esx cut=$method
  call inventory
  is "the connection breaks at $method" "$(outcome)" unreachable
  esx garbage=$method
  call inventory
  is "garbage at $method" "$(outcome)" protocol
  like "garbage at $method: says at what" "$(text)" "$method"
done
esx fault=Logout:SystemError
call inventory
is "a session that can't be ended" "$(outcome)" ok
like "is logged" "$(logs)" "couldn.t be ended"
esx status=RetrieveServiceContent:503
call inventory
is "an API that isn't up" "$(outcome)" unreachable
esx status=RetrieveServiceContent:404 versions=no
call probe
is "something else is no host" "$(outcome) $(score)" "ok 0"

esx vcenter=yes
call probe
is "a vCenter Server is no host" "$(outcome) $(score)" "ok 0"
call inventory
is "and has no inventory" "$(outcome) $(asked Login)" "unsupported 0"
like "but a word of help" "$(text)" "vCenter Server .*add its ESXi hosts as nodes"
is "nothing went wrong in the emulation" "$(cat "$T/esx.err")" ""
done_testing
