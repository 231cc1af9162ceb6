# manual.sh - fettle-plugin(3): its example builds and loads, and it names all
# that the headers have.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc

umask 022
page=$srcdir/../docs/fettle-plugin.3
sdk=$srcdir/../sdk/include

mkdir "$T/p"
sed -n '/^\.\\" example: begin/,/^\.\\" example: end/p' "$page" | sed '/^\.\(Bd\|Ed\|\\"\)/d' >"$T/thing.c"
ok "the example builds without a warning" cc -std=c99 -pedantic-errors -Wall -Wextra -Wshadow -Werror \
  -shared -fPIC -fvisibility=hidden -I"$sdk" "$T/thing.c" -o "$T/p/thing.so"
like "it loads" "$(fettle plugin list --plugindir "$T/p")" '^thing +1\.0 +thing +Thing +inventory +/'
is "its port is in the table" "$(fettle ports --type thing --plugindir "$T/p" --format csv | tail -n 1)" \
  "Windows or Linux,Thing,22,None,22,None"

# Macros for plugins, members of structs, functions of tables.
names () {
  sed -n 's/^# *define \(FETTLE_[A-Z0-9_]*\).*/\1/p' "$sdk"/fettle/*.h |
    grep -v -e '_H$' -e '^FETTLE_EXPORT$' -e '^FETTLE_PRINTF$' -e '^FETTLE_UNUSED$' -e '^FETTLE_ENTRY$'
  sed -n '/^struct [a-z_]* {/,/^};/p' "$sdk"/fettle/*.h | sed 's|/\*.*||' |
    grep -E '^  [a-z].*;' | sed -E 's/.*\(\*([a-z_]+)\).*/\1/; t; s/^  (const )?(struct )?[a-z0-9_]+ //; s/[*;]//g' |
    tr ',' '\n' | tr -d ' '
  sed -n 's/^\(fettle_[a-z]*\) (const struct fettle_host.*/\1/p' "$sdk"/fettle/util.h
}
names | sort -u >"$T/names"
ok "there are names to look for" sh -c "[ \$(wc -l <'$T/names') -gt 90 ]"
missing=
while read -r name; do
  grep -qw -- "$name" "$page" "$srcdir/../docs/fettle-services.3" || missing="$missing $name"
done <"$T/names"
is "the pages name all of the headers" "$missing" ""
done_testing
