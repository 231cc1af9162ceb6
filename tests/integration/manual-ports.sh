# manual-ports.sh - NETWORK PORTS in the manual of each plugin is what the
# plugin declares.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"

export HOME="$T" XDG_CONFIG_HOME="$T/config"

# The rows of the section's first list, behind its titles: "a|b|c|d|e".
rows () {
  sed -n '/^\.Sh NETWORK PORTS/,/^\.Sh SETTINGS/p' "$1" | sed -n '/^\.Bl -column/,/^\.El/p' |
    sed -n -e '/^\.It Em /d' -e 's/^\.It //p' | sed 's/ Ta /|/g'
}

# The same of one plugin's types, in the table's order; a quoted cell has commas.
declared () {
  fettle ports --plugindir "$1" --format csv | tail -n +2 |
    sed -E 's/^([^,]*),"([^"]*)",/\1|\2|/; t done; s/^([^,]*),([^,]*),/\1|\2|/; :done' |
    awk -F'|' '{ gsub (",", "|", $3); print $2 "|" $3 }'
}

for folder in "$builddir"/../plugins/*/.libs; do
  name=$(basename "$(dirname "$folder")")
  page=$srcdir/../plugins/$name/fettle-$name.7
  is "fettle-$name(7): NETWORK PORTS" "$(rows "$page")" "$(declared "$folder")"
  hosts=$(fettle ports --plugindir "$folder" --format csv | tail -n +2 | cut -d, -f1 | sort -ru | paste -sd' ' | sed 's/^Windows Linux$/Windows, and by Fettle from Linux, too/')
  like "fettle-$name(7): where it can be run from" "$(cat "$page")" "^Can be run from $hosts\.$"
  got=$(sed -n 's/^\.Sh //p' "$page" | tr '\n' ' ')
  like "fettle-$name(7): headings" "$got" \
    '^NAME DESCRIPTION NETWORK PORTS SETTINGS .*NOT TRIED( ON HARDWARE)? SEE ALSO '
  settings=$(fettle plugin show "$name" --plugindir "$folder" |
    sed -n '/^  Settings$/,/^$/p' | awk 'NF && $1 != "Settings" && $1 != "SETTING" { print $1 }')
  missing=
  for s in $settings; do
    sed -n '/^\.Sh SETTINGS/,/^\.Sh WHAT/p' "$page" | grep -qw -- "$s" || missing="$missing $s"
  done
  is "fettle-$name(7): all settings are there" "$missing" ""
done
done_testing
