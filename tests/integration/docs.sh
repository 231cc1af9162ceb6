# Manual pages: every program and every plugin has one, and none has an error
# that a formatter complains about.
#
# Sanitizers: no, it is about texts.
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

# fettled(8) names each setting with its initial value, and no other.
fettle config show --format csv | sed 1d | cut -d, -f1 | sort >"$T/settings"
sed -n '/^\.Sh CONFIGURATION/,/^\.Sh FILES/s/^\.It Cm //p' "$docs/fettled.8" | sort >"$T/described"
like "there are settings" "$(cat "$T/settings")" '^ssl_port$'
is "fettled(8) describes the settings that there are" "$(cat "$T/described")" "$(cat "$T/settings")"
while IFS=, read -r name _ initial _; do
  case $initial in '' | *[!0-9]* | 0) continue ;; esac
  ok "fettled(8) has the initial value of $name" \
    sh -c 'grep -A1 "^\.It Cm $2\$" "$1" | grep -qw "initially $3"' - "$docs/fettled.8" "$name" "$initial"
done < <(fettle config show --format csv | sed 1d)

# The plugins' pages have the ports that the plugins declare.
for page in $(grep /plugins/ "$T/pages"); do
  plugin=$(basename "$page" | sed -E 's/^fettle-(.*)\.[1-8]$/\1/')
  fettle plugin show "$plugin" --format csv >"$T/ports" 2>/dev/null || continue
  ports=$(fettle plugin show "$plugin" --format json | grep -oE '"first": [1-9][0-9]*' | grep -oE '[0-9]+' | sort -u)
  section=$(sed -n '/^\.Sh NETWORK PORTS/,/^\.Sh [^N]/p' "$page")
  for port in $ports; do
    ok "fettle-$plugin has port $port under NETWORK PORTS" grep -qw -- "$port" <<<"$section"
  done
done

done_testing
