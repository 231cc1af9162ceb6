# manual.sh - fettle-plugin(3): its example builds and loads, and it names all
# that the headers have.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc python3

umask 022
page=$srcdir/../docs/fettle-plugin.3
sdk=$srcdir/../sdk/include

mkdir "$T/p"
examples () { python3 "$srcdir/integration/examples.py" show "$1" "$2"; }
examples "$srcdir/../docs/fettle-plugin.3" thing.c >"$T/thing.c"
ok "the example builds without a warning" cc -std=c99 -pedantic-errors -Wall -Wextra -Wshadow -Werror \
  -shared -fPIC -fvisibility=hidden -I"$sdk" "$T/thing.c" -o "$T/p/thing.so"
like "it loads" "$(fettle plugin list --plugindir "$T/p")" '^thing +1\.0 +thing +Thing +inventory +/'
is "its port is in the table" "$(fettle ports --type thing --plugindir "$T/p" --format csv | tail -n 1)" \
  "Windows or Linux,Thing,22,None,22,None"

# ---- As the pages say it is built and looked at.

mkdir "$T/pc" "$T/there"
sed "s|^prefix=.*|prefix=$T|; s|^includedir=.*|includedir=$sdk|" "$builddir/../sdk/fettle.pc" >"$T/pc/fettle.pc"
(echo "cd '$T/there' && cp ../thing.c . || exit"; echo "set -e"; examples "$srcdir/../docs/fettle-plugin.3" build; examples "$srcdir/../docs/fettle-plugin.3" look) >"$T/script"
ok "it builds by the synopsis, and is looked at without being installed" env PKG_CONFIG_PATH="$T/pc" bash "$T/script"
(echo '#include <fettle/services.h>'; echo 'int use (const struct fettle_host *h, fettle_ctx *c);'
  echo 'int use (const struct fettle_host *h, fettle_ctx *c) {'; examples "$srcdir/../docs/fettle-services.3" service
  echo 'if (!http) '; sed -n 's/^\.Ql \(return h->again.*;\)$/\1/p' "$page" | sed 's/\\(dq/"/g'; echo 'return 0; }') >"$T/use.c"
ok "so do the lines of fettle-services(3), and what again() is called by" sh -c "grep -q again '$T/use.c' && cc -std=c99 -Wall -Wextra -Wshadow -Werror -I'$sdk' -c '$T/use.c' -o '$T/use.o'"
examples "$srcdir/../docs/fettle-plugin.3" quirks >"$T/p/thing.quirks"
ok "its quirks are read" fettle plugin check "$T/p/thing.so"
echo 'quirks = 1;' >"$T/p/thing.quirks"
like "... as wrong ones would show" "$(fettle plugin check "$T/p/thing.so" 2>&1)" 'thing\.quirks'
rm "$T/p/thing.quirks"

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
