# install.sh - what is installed is enough to build a plugin: pkg-config alone.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc make pkg-config nm
# The library of a build with sanitizers needs them, too.
san=; nm "$builddir/../sdk/lib/libfettle-redfish.a" | grep -q __asan && san=-fsanitize=address,undefined

umask 022
d=$T/d
ok "make install DESTDIR" make -s -C "$builddir/.." install DESTDIR="$d"
pc=$(find "$d" -name fettle.pc)
PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$d
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

is "nothing is to be linked" "$(pkg-config --libs fettle | tr -d ' ')" ""
plugindir=$(PKG_CONFIG_SYSROOT_DIR= pkg-config --variable=plugindir fettle)
like "the plugin folder is told" "$plugindir" '^/.*/fettle/plugins$'
for plugin in ${FETTLE_BUILT_PLUGINS-linux}; do
  ok "it has our plugin $plugin" test -f "$d$plugindir/$plugin.so"
done

mkdir "$T/outside"
cp "$srcdir/abi/plain.c" "$T/outside/plain.c"
ok "a plugin builds with pkg-config's flags alone" sh -c \
  "cd '$T/outside' && cc -std=c99 -shared -fPIC -fvisibility=hidden \$(pkg-config --cflags fettle) plain.c -o plain.so"
ok "it is put where the others are" cp "$T/outside/plain.so" "$d$plugindir/"
fettle=$(find "$d" -type f -name fettle -perm -100)
cat >"$T/outside/redfish.c" <<'X'
#include <fettle/redfish.h>

fettle_result
begin (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  struct fettle_redfish *r = NULL;
  fettle_result result = fettle_redfish_open (h, c, t, 443, 0, &r);

  fettle_redfish_close (r, result);
  return result;
}
X
# Jansson isn't of this folder: its flags are those of the system.
ok "one that speaks Redfish, with the library's" sh -c \
  "cd '$T/outside' && cc -std=c99 -shared -fPIC -fvisibility=hidden \$(pkg-config --cflags fettle) redfish.c \
   -o redfish.so -L'$d$(PKG_CONFIG_SYSROOT_DIR= pkg-config --variable=libdir fettle-redfish)' -lfettle-redfish -ljansson $san"
is "and exports nothing of it" "$(nm -D --defined-only "$T/outside/redfish.so" | grep -c fettle_redfish)" 0
unset FETTLE_PLUGINDIR
like "the installed command knows it" "$("$fettle" plugin list --plugindir "$d$plugindir")" \
  '^plain +1 +plain +Plain '
with_plugin linux like "beside ours" "$("$fettle" plugin list --plugindir "$d$plugindir")" '^linux +[0-9.]+ +linux +Linux '
is "and its folder is the one that pkg-config tells" \
  "$("$fettle" plugin list 2>&1 >"$T/out" | grep -v "$plugindir")" ""
done_testing
