# plugins.sh - which files are loaded, which are refused, and why.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc nm readelf

umask 022
mkdir "$T/p"
build () { # source, name of the file, options
  local source=$1 file=$2; shift 2
  cc -std=c99 -shared -fPIC -fvisibility=hidden -I"$srcdir/../sdk/include" "$@" \
    "$srcdir/abi/$source" -o "$T/p/$file"
}
list () { fettle plugin list --plugindir "$T/p" "$@" 2>"$T/err"; }
fresh () { rm -rf "$T/p"; mkdir "$T/p"; }

# ---- Our own: one exported symbol, nothing of the core.

for so in "$builddir"/../plugins/*/.libs/*.so; do
  name=$(basename "$so" .so)
  is "$name exports its entry alone" "$(nm -D --defined-only "$so" | awk '{print $3}')" \
    "${name}_LTX_fettle_plugin_1"
  is "$name needs nothing of Fettle" "$(nm -D --undefined-only "$so" | awk '{print $NF}' \
    | grep -E '^fettle|_LTX_')" ""
  if nm -D --undefined-only "$so" | grep -q __asan; then
    skip "$name needs versioned libraries alone" "sanitizers stand in for the C library"
    continue
  fi
  is "$name needs versioned libraries alone" "$(nm -D --undefined-only "$so" |
    awk '$1 == "U" && $2 !~ /@/ {print $2}')" ""
done

# ---- --with-preload links several into one program: their names must not meet,
# but those of the SDK's libraries, which are the same in each.

names () { nm -g --defined-only "$1" 2>"$T/err" | awk 'NF == 3 && $2 ~ /[TDRBC]/ {print $3}' | sort -u; }
for a in "$builddir"/../sdk/lib/*.a; do names "$a"; done | sort -u >"$T/sdk"
for a in "$builddir"/../plugins/*/.libs/*.a "$builddir"/../core/.libs/libbase.a; do
  [ -e "$a" ] && names "$a" | comm -23 - "$T/sdk"
done | sort | uniq -d >"$T/twice"
is "no two plugins, nor the core, have a global name in common" "$(tr '\n' ' ' <"$T/twice")" ""

# ---- Other headers.

build older.c older.so -fvisibility=default
build newer.c newer.so
like "a plugin of an older header loads" "$(list)" '^older +1 +older-2 +Older 2 +inventory +'
like "and a newer one" "$(list)" '^newer +9 +newer-2 +Newer 2 +inventory +'
is "nothing is refused" "$(list | sed -n '/Not used/,$p')$(cat "$T/err")" ""
is "their ports are in the table" "$(fettle ports --plugindir "$T/p" --format csv | tail -n +2)" \
  "Windows or Linux,Newer,22,None,22,63002
Linux,Older,22,None,22,63001
Linux,Newer 2,None,None,None,63002
Linux,Older 2,22,None,22,None"
like "their settings are read by their own stride" \
  "$(fettle plugin show newer --plugindir "$T/p" --format json | tr -d '\n ')" \
  '"name":"second","type":"bool"'

# ---- Files that aren't loaded.

refused () { # what, regex of the reason
  like "$1" "$(list)" "$2"
  is "$1: nothing of it is loaded" "$(list --format csv | tail -n +2)" ""
  fresh
}

fresh
build plain.c plain.so
like "a plain one loads" "$(list)" '^plain +1 +plain +Plain +- +/'
is "without any refusal" "$(list | grep -c 'Not used')" 0
chmod g+w "$T/p/plain.so"
refused "a file that a group can write" 'plain\.so: .* can be written by others than its owner: chmod go-w /'
build plain.c plain.so
chmod o+w "$T/p/plain.so"
refused "a file that all can write" 'plain\.so: .* can be written by others'
build plain.c plain.so
chmod 777 "$T/p"
refused "a folder that all can write" 'p: .* can be written by others'
if [ "$(id -u)" = 0 ]; then
  build plain.c plain.so
  chown 12345 "$T/p/plain.so"
  cp "$(command -v fettle)" "$T/fettle"
  chown 12345 "$T/fettle"
  if readelf -h "$T/fettle" >"$T/out" 2>&1; then
    like "a file of the program's owner loads" "$("$T/fettle" plugin list --plugindir "$T/p")" '^plain +1 '
  else
    skip "a file of the program's owner loads" "the program is a script of libtool's"
  fi
  refused "a file of somebody else" 'plain\.so: .* belongs to user 12345'
else
  skip "a file of somebody else" "only root can make one"
fi
echo 'not a module' >"$T/p/text.so"
refused "a file that is no module" 'text\.so: it can.t be opened: .*(invalid ELF header|too short)'
build plain.c other.so
refused "a file of another name" 'other\.so: it has no symbol other_LTX_fettle_plugin_1'
build plain.c other.so -DENTRY=other
refused "a descriptor of another name" 'other\.so: it calls itself plain, but its file other'
build plain.c Plain-2.so
refused "a name that is none" 'Plain-2\.so: the file of a plugin is called NAME\.so'
mkdir "$T/p/folder.so"
refused "a folder" 'folder\.so: .* isn.t a file'
build plain.c plain.so -DABI=2
refused "another ABI" 'version 2 of the plugin ABI, and this Fettle has 1'
build plain.c plain.so -DFLAGS=0x10000
refused "a flag that must be understood" 'node type plain: flags 0x10000 are from a newer Fettle'
build plain.c plain.so '-DSERVICES="telepathy/1"'
refused "a service that isn't there" 'node type plain: it needs the service telepathy/1, and this Fettle has http/1'
build plain.c plain.so '-DTYPE="Not a name"'
refused "a node type's wrong name" 'node type 1: the name is \[a-z\]'
echo 'int fettle_core_function (void); int plain_LTX_fettle_plugin_1 (void); int plain_LTX_fettle_plugin_1 (void) { return fettle_core_function (); }' >"$T/undefined.c"
cc -shared -fPIC "$T/undefined.c" -Wl,-z,now -o "$T/p/plain.so"
refused "an undefined symbol" 'plain\.so: it can.t be opened: .*undefined symbol: fettle_core_function'

# ---- Two of a name; what else lies in the folder.

build plain.c plain.so
build plain.c same.so -DNAME=same
like "a second plugin with a node type of the same name" "$(list)" \
  'same\.so: the plugin plain \(/.*/plain\.so\) has the node type plain already'
mkdir "$T/q"
build plain.c plain.so
cp "$T/p/plain.so" "$T/q/plain.so"
rm "$T/p/same.so"
like "a second plugin of the same name" "$(fettle plugin list --plugindir "$T/p:$T/q")" \
  'q/plain\.so: there is a plugin plain already: .*/p/plain\.so goes before it'
is "isn't worth a notice elsewhere" "$(fettle ports --plugindir "$T/p:$T/q" 2>&1 >"$T/out")" ""
is "a folder named twice is one" "$(fettle plugin list --plugindir "$T/p:$T/p" | grep -c plain)" 1

fresh
build plain.c .hidden.so
echo "dlname='plain.so' libdir='$T/q' installed=yes" >"$T/p/plain.la"
cp "$T/p/plain.la" "$T/p/README"
is "a .la file is never opened" "$(list --format json | tr -d '\n ')" '{"plugins":[],"refused":[]}'
like "an empty folder is told" "$(list >"$T/out"; cat "$T/err")" '^fettle: there are no plugins in /'
ok "a missing one is no error" fettle ports --plugindir "$T/none"
done_testing
