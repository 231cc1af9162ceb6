# ports.sh - fettle ports, from the plugins' declarations.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"

export FETTLE_STATE_DIR="$T/state" HOME="$T" XDG_CONFIG_HOME="$T/config"

# ---- The table of the user guide, row for row: each is a plugin's.

echo hosts,node_types,inventory_to_target,inventory_from_target,deployment_to_target,deployment_from_target >"$T/wanted.csv"
while IFS=: read -r plugin row; do
  ! has_plugin "$plugin" || echo "$row" >>"$T/wanted.csv"
done <<'EOF'
windows:Windows,Windows,445 135 137 138 139,None,445 135 137 138 139,None
linux:Windows or Linux,Linux,22,None,22,None
vmware:Windows or Linux,VMware,443 5989,63001,443 5989,63001
oa:Windows or Linux,OA,22 (80) 443,None,22 (80) 443,None
superdome:Windows or Linux,Superdome X,22 (80) 443,None,22 (80) 443,63001 63002
ilo:Windows or Linux,"iLO, VC, FC switch, SAS switch",22 (80) 443,None,22 (80) 443,63001
superdome:Windows or Linux,Superdome Flex,443,None,443,63002
windows:Linux,Windows,445,None,445,None
EOF
is "the table" "$(fettle ports --format csv)" "$(cat "$T/wanted.csv")"

sed 's/63001/80/; s/63001/80/; s/63002/443/' "$T/wanted.csv" >"$T/moved.csv"
is "--port and --ssl-port move the numbers" "$(fettle ports --port 80 --ssl-port 443 --format csv)" \
  "$(cat "$T/moved.csv")"
mkdir -p "$T/etc"
printf 'port = 80;\nssl_port = 443;\n' >"$T/etc/fettle.conf"
is "so does the configuration" "$(fettle ports --config "$T/etc/fettle.conf" --format csv)" \
  "$(cat "$T/moved.csv")"

with_plugin ilo is "one type" "$(fettle ports --type fc-switch --format csv | tail -n +2)" \
  "Windows or Linux,FC switch,22 (80) 443,None,22 (80) 443,63001"
with_plugin ilo is "one phase" "$(fettle ports --type ilo --phase inventory --format csv)" \
  "hosts,node_types,inventory_to_target,inventory_from_target
Windows or Linux,iLO,22 (80) 443,None"
with_plugin ilo like "as a table" "$(fettle ports)" '^Windows or Linux +iLO, VC, FC switch, SAS switch +22, \(80\), 443 +None +22, \(80\), 443 +63001'
with_plugin superdome like "as JSON" "$(fettle ports --type superdome-x --format json | tr -d '\n ')" \
  '^\[\{"hosts":"WindowsorLinux","node_types":"SuperdomeX","inventory_to_target":"22\(80\)443","inventory_from_target":"None","deployment_to_target":"22\(80\)443","deployment_from_target":"6300163002"\}\]$'

message=$(fettle ports --type lunix 2>&1); status=$?
is "an unknown type is a wrong parameter" "$status" 254
with_plugin linux is "and says which is meant" "$message" \
  'fettle: there is no node type "lunix"; did you mean "linux"?'
fettle ports --phase deploy >"$T/out" 2>&1
is "an unknown phase is a wrong parameter" "$?" 254
fettle ports --port 70000 >"$T/out" 2>&1
is "an impossible port is a wrong parameter" "$?" 254
not_ok "no service is started for the table" test -e "$T/state"

# ---- Plugins.

with_plugin superdome like "the list has types and operations" "$(fettle plugin list)" '^superdome +[0-9.]+ +superdome-flex +Superdome Flex '
with_plugin ilo like "show prints a listener by its name" "$(fettle plugin show ilo)" '^ *http tcp +from-target +deployment +no +no +firmware pull, status'
with_plugin linux like "and as JSON" "$(fettle plugin show linux --format json | tr -d '\n ')" \
  '"settings":\[\{"name":"ssh_port","type":"port","initial":"22","help":"[^"]*","moves":22\}'
message=$(fettle plugin show lunix 2>&1); status=$?
is "an unknown plugin is a wrong parameter" "$status" 254
with_plugin linux is "and says which is meant" "$message" 'fettle: there is no plugin "lunix"; did you mean "linux"?'
done_testing
