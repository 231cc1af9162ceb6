# plugins-line.sh - a script that makes nodes of a plugin's type, or calls it,
# names the plugin at its head, "# Plugins: linux ilo": so it is skipped where that
# isn't built.  What a script has from a library, this doesn't see.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"

line () { # file: what it names
  sed -n '/^#/!q; s/^# Plugins: //p' "$1"
}
types () { # file: of the nodes that it adds, of its calls
  sed ':join; /\\$/ { N; s/\\\n//; b join; }' "$1" |
    sed -nE 's/.*node add .*--type ([a-z-]+).*/\1/p; s/.*\{call: .* type: "([a-z-]+)".*/\1/p' | sort -u
}
fettle plugin list --format csv | awk -F, 'NR > 1 { print $3, $1 }' >"$T/types"
lacking () { # file: plugins that it doesn't name
  local t p
  for t in $(types "$1"); do
    p=$(awk -v t="$t" '$1 == t { print $2 }' "$T/types")
    case " $(line "$1") " in *" ${p:-$(line "$1")} "*) ;; *) echo "$(basename "$1"):$p" ;; esac
  done
}

bad= n=0
for f in "$srcdir"/integration/*.sh; do
  case $f in *-lib.sh) continue ;; esac
  ! grep -q cli-standin "$f" || continue # no service, no plugins
  [ -z "$(types "$f")" ] || n=$((n + 1))
  bad="$bad $(lacking "$f")"
done
is "each script names the plugins of its nodes" "$(echo $bad)" ""
ok "... of many ($n)" test $n -ge 10

{ echo '# Plugins: none'; echo 'fettle node add 127.0.0.1 \'; echo '  --name n --type first-type'; } >"$T/wrong.sh"
echo "first-type first" >>"$T/types"
is "one that doesn't is seen" "$(lacking "$T/wrong.sh")" wrong.sh:first

known=" $(sed -n 's/^FETTLE_NODE_PLUGIN(\[\([a-z]*\)\].*/\1/p' "$srcdir/../configure.ac" | tr '\n' ' ')"
for f in "$srcdir"/../packaging/debian/fettle-plugin-*.install; do f=${f##*-plugin-}; known="$known ${f%.install} "; done
bad=
for f in "$srcdir"/*/*.sh; do
  for p in $(line "$f"); do case "$known" in *" $p "*) ;; *) bad="$bad $(basename "$f"):$p" ;; esac; done
done
is "each plugin that is named is one" "$bad" ""
done_testing
