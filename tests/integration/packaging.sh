# packaging.sh - the packaging files fit the tree: each plugin has its package, in both
# formats; what installs them beside `make install` does; a type that isn't installed
# is refused with its package's name.  make check-packages builds and installs them.
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires jq python3
P=$srcdir/../packaging

for plugin in $(sed -n 's/^FETTLE_NODE_PLUGIN(\[\([a-z]*\)\].*/\1/p' "$srcdir/../configure.ac"); do
  is "$plugin: a package for Debian, its files, in the one that has all, in the spec" "$(grep -c "^Package: fettle-plugin-$plugin\$" "$P/debian/control") \
$(grep -c "plugins/$plugin\.\|fettle-$plugin.7" "$P/debian/fettle-plugin-$plugin.install") \
$(grep -c "^Depends: .*fettle-plugin-$plugin [^,]*<!pkg.fettle.no$plugin>" "$P/debian/control") $(grep -c "^%plugin -n $plugin " "$P/rpm/fettle.spec")" "1 2 1 1"
done
is "each manual page of docs is in a package of both" "$(sed -n '/^dist_man_MANS = /,/[^\\]$/p' "$srcdir/../docs/Makefile.am" | grep -o '[a-z.-]*\.[1-8]' | while read -r page; do
  for list in "$P"/debian/*.install "$P/rpm/fettle.spec"; do sed -n 's,.*\(%{_mandir}\|share/man\)/\(man[0-9][^ ]*\).*,\2,p' "$list"; done | sed 's/\*$//' >"$T/globs"
  [ "$(while read -r glob; do case "man${page##*.}/$page" in ${glob%\*.[1-8]}*) echo x;; esac; done <"$T/globs" | wc -l)" = 2 ] || echo "$page"; done)" ""
is "the spec has the version of the source" "$(sed -n 's/^Version: *//p' "$P/rpm/fettle.spec")" \
  "$(sed -n 's/^AC_INIT(\[Fettle\], \[\([0-9.]*\)\].*/\1/p' "$srcdir/../configure.ac")"
is "so has Debian's changelog" "$(sed -n '1s/.*(\(.*\)-.*/\1/p' "$P/debian/changelog")" "$(sed -n 's/^Version: *//p' "$P/rpm/fettle.spec")"
for f in "$P"/install-extras.sh "$P"/debian/tests/a-plugin "$P"/debian/tests/two-plugins "$P"/debian/fettle.p*; do
  ok "$(basename "$f") is shell" sh -n "$f"
done
ok "firewalld's services are XML" python3 -c 'import sys, xml.dom.minidom; [xml.dom.minidom.parse (f) for f in sys.argv[1:]]' "$P"/firewalld/*.xml

# ---- What it puts beside the files of `make install`.
d=$T/d plugins=/usr/lib/fettle/plugins
chmod 755 "$T"; mkdir -p "$d$plugins"; chmod -R go-w "$d"
for so in "$builddir"/../plugins/*/.libs/*.so; do install -m 755 "$so" "$d$plugins/"; done
touch "$d$plugins/linux.la" "$d$plugins/linux.a"
ok "what goes beside make install" sh "$P/install-extras.sh" "$d" $plugins /etc "$(command -v fettle)"
is "no archives" "$(ls "$d$plugins" | grep -c '\.l\{0,1\}a$')" 0
is "completions of three shells" "$(find "$d/usr/share" -type f -size +100c | wc -l)" 3
is "which package has which type" "$(sort "$d$plugins/packages" | sed 's/fettle-plugin-//')" \
  "$(fettle plugin list --format csv | awk -F, 'NR > 1 { print $3, $1 }' | sort)"

# ---- Where a plugin isn't installed.
gone=$(sed -n '1s/ .*//p' "$d$plugins/packages") package=$(sed -n '1s/.* //p' "$d$plugins/packages")
rm "$d$plugins/${package#fettle-plugin-}.so"
export FETTLE_STATE_DIR=$T/state
ok "the service starts" start "$T/state" --plugindir "$d$plugins" --port "$(free_port)" --ssl-port "$(free_port)"
fettle node add 127.0.0.9 --name n --type "$gone" --user u >"$T/out" 2>&1
like "a node of its type is refused with the package's name" "$(cat "$T/out")" \
  "there is no node type $gone: install the package $package; installed are:"
fettle node add 127.0.0.9 --name n --type nonsense --user u >"$T/out" 2>&1
like "one of a type that nobody knows without" "$(cat "$T/out")" 'there is no node type nonsense; installed are:'
ok "the service ends" fettle service stop
done_testing
