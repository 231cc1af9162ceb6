# Manual pages: every program and every plugin has one, and none has an error
# that a formatter complains about.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
docs=$srcdir/../docs

find "$srcdir/.." -name 'build*' -prune -o -type f -name '*.[1-8]' -print |
  grep -E '/(docs|plugins)/' | sort >"$T/pages"
like "there are manual pages" "$(cat "$T/pages")" '/fettle\.1$'
ok "fettle(1) is there" test -f "$docs/fettle.1"
ok "fettled(8) is there" test -f "$docs/fettled.8"
ok "fettle-plugin(3) is there" test -f "$docs/fettle-plugin.3"
for dir in "$srcdir"/../plugins/*/; do
  name=$(basename "$dir")
  ok "the $name plugin has a page" grep -qE "/fettle-$name\.[1-8]$" "$T/pages"
done

while read -r page; do
  name=$(basename "$page")
  if command -v mandoc >/dev/null; then
    ok "$name: mandoc finds no error" mandoc -T lint -W error "$page"
  elif command -v groff >/dev/null; then
    ok "$name: groff has no warning" \
      sh -c '! groff -man -mandoc -Tutf8 -ww "$1" 2>&1 >/dev/null | grep .' - "$page"
  else
    skip "$name is well formed" "needs mandoc or groff"
  fi
  for heading in NAME SYNOPSIS DESCRIPTION; do
    case $heading-$name in SYNOPSIS-fettle-*.[57]) continue ;; esac
    ok "$name has $heading" grep -qE "^\.S[Hh] \"?$heading" "$page"
  done
done <"$T/pages"

done_testing
