# docs-examples.sh - each example of the manuals says how it is tested, and names
# commands and options that are there; tables of errors are whole; make html
# makes all pages, whose links lead somewhere.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires python3

docs=$srcdir/../docs

# ---- Each example says how it is tested (docs-run.sh runs them); its commands are there, and so are their options.

examples () { python3 "$srcdir/integration/examples.py" "$@"; }
pages="$docs/*.[1-8] $srcdir/../plugins/*/fettle-*.7 $srcdir/../README.md $docs/*.md"
# shellcheck disable=SC2086  # patterns
is "each example is tested, and what it names is there" "$(examples check "$srcdir/.." $pages 2>"$T/checked")" ""
like "... of many" "$(cat "$T/checked")" '^looked at [1-9][0-9][0-9]'
# shellcheck disable=SC2086
examples list $pages | sed 's/^/# /'

mkdir "$T/bad"
printf '.Bd -literal\nfettle deploy --nonsense x\nfettle dance\n.Ed\n.Ql fettle plan --neither .\n' >"$T/bad/x.1"
is "what isn't there is seen" "$(examples check "$T/bad" "$T/bad/x.1" 2>"$T/err")" \
  "x.1:2: a comment before this example should say how it is tested: see tests/integration/examples.py
x.1:2: no option --nonsense: fettle deploy --nonsense x
x.1:3: there is no such command: fettle dance
x.1:5: no option --neither: fettle plan --neither"

# ---- Tables of errors.

sed -n 's/^  { FETTLE_\([A-Z_]*\), *"\([a-z-]*\)" },.*/\2 FETTLE_\1/p' "$srcdir/../core/util/error.c" >"$T/names"
sed -n 's/^\.It \([a-z-]*\) Ta \(FETTLE_[A-Z_]*\) Ta ..*/\1 \2/p' "$docs/fettle-errors.7" >"$T/table"
ok "there are results" test "$(wc -l <"$T/names")" -ge 15
is "fettle-errors(7) has them all" "$(cat "$T/table")" "$(cat "$T/names")"
is "and all exit codes" "$(sed -n 's/^\.It \([0-9]*\) Ta ..*/\1/p' "$docs/fettle-errors.7" | tr '\n' ' ')" \
  "$(sed -n 's/^  FETTLE_EXIT_[A-Z]* *= \([0-9]*\),.*/\1/p' "$srcdir/../core/cli/cli.h" | tr '\n' ' ')"
is "fettle-callbacks(7) has the listeners' ports" \
  "$(sed -n '/^\.Sh NETWORK PORTS/,/^\.El/s/^\.It from the node Ta \([a-z_]*\) (\([0-9a-z]*\)).*/\1=\2/p' "$docs/fettle-callbacks.7" | tr '\n' ' ')" \
  "$(fettle config show --format csv | awk -F, '/^(port|ssl_port|ftp_port),/ { print $1 "=" ($3 == 0 ? "off" : $3) }' | sort -t= -k1,1 | sed -n '/^port/p;/^ssl/p;/^ftp/p' | sort -t= -k2,2 | tr '\n' ' ')"

# ---- A page for each command, with fixed headings.

sed -n 's/^  &fettle_command_\([a-z]*\).*/\1/p' "$srcdir/../core/cli/commands.c" | sort -u >"$T/commands"
is "each command has a page" "$(ls "$builddir/../docs" | sed -n 's/^fettle-\([a-z]*\)\.1$/\1/p' | tr '\n' ' ')" "$(tr '\n' ' ' <"$T/commands")"
is "with the same headings" "$(grep -h '^\.Sh ' "$builddir"/../docs/fettle-*.1 | sort | uniq -c | awk '{print $1}' | sort -u)" "$(wc -l <"$T/commands")"
is "and what fettle(1) has of it" "$(for c in $(cat "$T/commands"); do
    [ "$(grep -c "^\.Nm fettle Cm $c" "$builddir/../docs/fettle-$c.1")" = "$(grep -c "^\.Ss $c\( \|\$\)" "$docs/fettle.1")" ] || echo "$c"; done)" ""
if command -v mandoc >"$T/out"; then
  is "none has a fault" "$(mandoc -T lint -W warning "$builddir"/../docs/fettle-*.1)" ""
fi

# ---- HTML.

# A page of a plugin that has a package, but whose folder was deleted.
of_another_plugin () {
  local p=${1#fettle-}
  [ -e "$srcdir/../packaging/debian/fettle-plugin-$p.install" ] && [ ! -e "$srcdir/../plugins/$p" ]
}
if command -v mandoc >"$T/out"; then
  ok "make html" sh "$docs/html.sh" "$T/html" "$docs"/*.[1-8] "$builddir"/../docs/fettle-*.1 "$srcdir"/../plugins/*/fettle-*.7
  is "each page is there" "$(ls "$T/html" | grep -vc '^index')" "$(ls "$docs"/*.[1-8] "$builddir"/../docs/fettle-*.1 "$srcdir"/../plugins/*/fettle-*.7 | xargs -n 1 basename | sort -u | wc -l)"
  grep -ohE 'href="(fettle|smartupdate|component)[^"#]*\.html' "$T/html"/*.html | sed 's/href="//' | sort -u >"$T/links"
  missing=
  while read -r link; do [ -e "$T/html/$link" ] || of_another_plugin "${link%.7.html}" || missing="$missing $link"; done <"$T/links"
  is "their links lead somewhere" "$missing" ""
else
  skip "make html" "needs mandoc"
fi
done_testing
