# bmc-redfish.sh - BMCs of other vendors, as the redfish plugin sees them: the
# library's three ways of update, and quirks.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/bmc-lib.sh"
module=$builddir/../plugins/redfish/src/.libs
[ -e "$module/redfish.so" ] || skip_all "the redfish plugin isn't built"
source=$srcdir/../plugins/redfish/src

is "each key of the quirks is in the manual" "$(sed -n 's/^ *\([a-z_]*\) = .*/\1/p; s/.*; *\([a-z_]*\) = .*/\1/p' \
  "$source/redfish.quirks" | grep -vx 'models\|quirks' | sort -u | while read -r key; do
  grep -qx ".It Cm $key" "$source/fettle-redfish.7" || echo "$key"; done)" ""
export FETTLE_PLUGINDIR=$T/plugins
mkdir -p "$T/plugins"; chmod 755 "$T" "$T/plugins"
cp "$module/redfish.so" "$T/plugins/"
sed 's/reset_s = .*;/reset_s = 2;/' "$source/redfish.quirks" >"$T/plugins/redfish.quirks"
chmod go-w "$T/plugins"/*
is "its row" "$(fettle ports --format csv | tail -n 1)" "Windows or Linux,Redfish,443,None,443,63001 63002"

ok "the service starts" bmc_up
image_match=redfish:t1
ok "a baseline" firmware two t1 2.00
bmc_type=redfish nodes=
node () { # NAME WHO [SETTING] [FAULT...]
  bmc_settings=${3-}
  ok "$1" bmc "$1" "$2" "${@:4}"
  nodes+=${nodes:+,}$1
}
for who in openbmc idrac supermicro lenovo ami; do node $who $who; done
node idrac-push idrac "--setting transfer=push"
node openbmc-kept openbmc "" tasks=kept
node openbmc-lost openbmc "" monitor=404
node openbmc-busy openbmc "" update=503
node supermicro-slow supermicro "" slow=0.3
node idrac-blind idrac "" location=no monitor=404
node lie openbmc "" lie=failed
deploy "$nodes" two
for n in ${nodes//,/ }; do
  is "$n: updated, by the inventory" "$(state "$n") $(task "$n" .verified) $(found "$n") $(message "$n")" "done true 2.00 "
  is "$n: once" "$(real "$n" '| [.flashed, .sessions]')" '[[["t1","2.00"]],0]'
done
like "OpenBMC: by push" "$(log openbmc)" "^by push$"
like "Supermicro: as multipart" "$(log supermicro)" "by push, as multipart"
like "iDRAC: by pull" "$(log idrac)" "by pull"
like "or push" "$(log idrac-push)" "by push, as multipart"
done_testing
