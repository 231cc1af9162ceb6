# install.sh - what is installed is enough to build a plugin: pkg-config alone.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc make pkg-config

umask 022
d=$T/d
ok "make install DESTDIR" make -s -C "$builddir/.." install DESTDIR="$d"
pc=$(find "$d" -name fettle.pc)
PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$d
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

is "nothing is to be linked" "$(pkg-config --libs fettle | tr -d ' ')" ""
plugindir=$(PKG_CONFIG_SYSROOT_DIR= pkg-config --variable=plugindir fettle)
like "the plugin folder is told" "$plugindir" '^/.*/fettle/plugins$'
ok "it has our plugins" test -f "$d$plugindir/linux.so"

mkdir "$T/outside"
cp "$srcdir/abi/plain.c" "$T/outside/plain.c"
ok "a plugin builds with pkg-config's flags alone" sh -c \
  "cd '$T/outside' && cc -std=c99 -shared -fPIC -fvisibility=hidden \$(pkg-config --cflags fettle) plain.c -o plain.so"
ok "it is put where the others are" cp "$T/outside/plain.so" "$d$plugindir/"
fettle=$(find "$d" -type f -name fettle -perm -100)
unset FETTLE_PLUGINDIR
like "the installed command knows it" "$("$fettle" plugin list --plugindir "$d$plugindir")" \
  '^plain +1 +plain +Plain '
like "beside ours" "$("$fettle" plugin list --plugindir "$d$plugindir")" '^linux +[0-9.]+ +linux +Linux '
is "and its folder is the one that pkg-config tells" \
  "$("$fettle" plugin list 2>&1 >"$T/out" | grep -v "$plugindir")" ""
done_testing
