# frozen.sh - the promise of fettle/plugin.h: what was built against the headers
# of any release loads and works now; structs grew at their end only, numbers
# were never reused, libraries lost no function.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc nm python3

umask 022
sdk=$srcdir/../sdk/include
[ "$(uname -m)" = x86_64 ] || skip_all "the frozen layouts are those of x86_64"

layout () { # FOLDER/fettle: prints it
  python3 "$srcdir/abi/offsets.py" "$1"/fettle/*.h >"$T/layout.c" &&
    cc -std=c99 -I"$1" "$T/layout.c" -o "$T/layout" && "$T/layout"
}
ok "the layout of now" sh -c "python3 '$srcdir/abi/offsets.py' '$sdk'/fettle/*.h >'$T/now.c' && cc -std=c99 -I'$sdk' '$T/now.c' -o '$T/now'"
"$T/now" | sort >"$T/now.layout"
for a in "$builddir"/../sdk/*/libfettle-*.a; do
  nm -g --defined-only "$a" 2>"$T/err" | awk -v l="$(basename "$a")" 'NF == 3 { print l, $3 }'
done | sort -u >"$T/now.symbols"

version=$(sed -n 's/^AC_INIT(\[Fettle\], \[\([^]]*\)\].*/\1/p' "$srcdir/../configure.ac")
ok "this version is frozen (scripts/freeze-abi)" test -s "$srcdir/abi/frozen/$version/layout"

for frozen in "$srcdir"/abi/frozen/*/; do
  old=$(basename "$frozen")
  # ---- The layout: all that there was is where it was; sizes may have grown.
  is "$old: its headers are what was frozen" "$(layout "$frozen" | sort | diff - <(sort "$frozen/layout"))" ""
  is "$old: members and constants are where they were" \
    "$(grep -v '^size' "$frozen/layout" | sort | comm -23 - "$T/now.layout" | tr '\n' ';')" ""
  is "$old: no struct has shrunk" "$(join -j 2 <(grep '^size' "$frozen/layout" | sort -k2) <(grep '^size' "$T/now.layout" | sort -k2) |
    awk '$5 < $3 { print $1 }')$(join -v 1 -j 2 <(grep '^size' "$frozen/layout" | sort -k2) <(grep '^size' "$T/now.layout" | sort -k2))" ""
  is "$old: the libraries have all of their functions" "$(sort "$frozen/symbols" | comm -23 - "$T/now.symbols" | tr '\n' ';')" ""

  # ---- Plugins built against it.
  mkdir -p "$T/$old"
  build () { cc -std=c99 -shared -fPIC -fvisibility=hidden -I"$frozen" "$2" -o "$T/$old/$1.so"; }
  ok "$old: a plain plugin builds" build plain "$srcdir/abi/plain.c"
  sed 's/@name@/templ/g; s/@type@/templ/g; s/@title@/Templ/g; s/@license@/Apache-2.0/' "$srcdir/../sdk/template/plugin.c" >"$T/templ.c"
  ok "$old: a whole one" build templ "$T/templ.c"
  ok "$old: one that uses more" build faulty "$srcdir/abi/faulty.c"
  is "$old: they load" "$(fettle plugin list --plugindir "$T/$old" --format csv | tail -n +2 | cut -d, -f1 | tr '\n' ' ')" "faulty plain templ "
  is "$old: none is refused" "$(fettle plugin list --plugindir "$T/$old" 2>&1 | grep -c 'Not used')" 0
  for name in plain templ faulty; do
    ok "$old: $name passes the check" fettle plugin check "$T/$old/$name.so"
  done

  # ---- What abidiff says of a library that shows all of the tables.
  if command -v abidiff >/dev/null; then
    # shellcheck disable=SC2013
    { for h in "$frozen"/fettle/*.h; do echo "#include <fettle/$(basename "$h")>"; done
      for s in $(grep '^size' "$frozen/layout" | cut -d' ' -f2); do echo "struct $s *show_$s;"; done; } >"$T/show.c"
    for which in "$frozen" "$sdk"; do
      cc -std=c99 -g -shared -fPIC -I"$which" "$T/show.c" -o "$T/show.$([ "$which" = "$sdk" ] && echo new || echo old).so"
    done
    abidiff "$T/show.old.so" "$T/show.new.so" >"$T/abidiff" 2>&1
    is "$old: abidiff works" "$(($? & 3))" 0
    # It calls growth a change, too: what counts is what it says of members and functions.
    is "$old: abidiff sees nothing incompatible" \
      "$(grep -E 'data member.* deletion|offset changed|parameter .* (removed|added)|[1-9][0-9]* Removed|return type changed' "$T/abidiff")" ""
  else
    skip "$old: abidiff sees nothing incompatible" "needs abidiff (abigail-tools)"
  fi
done

# ---- It can fail: a member that moved, a number that was reused, one that is gone.

broken () { # what, script of sed for plugin.h, expression of what is seen
  rm -rf "$T/broken"; mkdir -p "$T/broken/fettle"
  cp "$srcdir/abi/frozen/$version/fettle/"*.h "$T/broken/fettle/"
  sed -i "$2" "$T/broken/fettle/plugin.h"
  like "seen: $1" "$(grep -v '^size' "$srcdir/abi/frozen/$version/layout" | sort | comm -23 - <(layout "$T/broken" | sort))" "$3"
}
broken "a member that moved" 's/^  const char \*id;          .*/  uint64_t more; const char *id;/' 'member fettle_item\.id 8 8'
broken "a number that changed" 's/^#define FETTLE_E_AUTH .*/#define FETTLE_E_AUTH (-50)/' 'constant FETTLE_E_AUTH -5'
done_testing
