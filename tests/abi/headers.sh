# headers.sh - the SDK's headers compile alone: as C99, as C++11, for Windows.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires cc

sdk=$srcdir/../sdk/include
strict='-pedantic-errors -Wall -Wextra -Wundef -Werror'

# All of a plugin's macros, in the C that is C++, too.
cat >"$T/use.c" <<'EOF'
#include <fettle/plugin.h>
#include <fettle/services.h>
#include <fettle/util.h>

static const struct fettle_port ports[] = {
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 22, "a"),
  FETTLE_TO_OPT   (FETTLE_BOTH, FETTLE_TCP, 80, "b"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 443, "e"),
  FETTLE_TO_RANGE (FETTLE_INVENTORY, FETTLE_UDP, 1024, 65535, "c"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "d"),
};
static const struct fettle_setting settings[] = {
  { "ssh_port", FETTLE_SETTING_PORT, 22, "22", "port of SSH" },
};

static fettle_result
probe (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, uint32_t *score)
{
  if (!FETTLE_HAS (h, struct fettle_host, service))
    return fettle_fail (h, c, FETTLE_E_SERVICE, "no services for %s", t->name);
  fettle_say (h, c, FETTLE_LOG_DEBUG, "%d", 1);
  *score = 0;
  return FETTLE_OK;
}

static const struct fettle_node_type types[] = {
  { "use", "Use", 1000, FETTLE_HOST_LINUX, 0, FETTLE_COUNT (ports), FETTLE_COUNT (settings), 0,
    ports, settings, "ssh/1", NULL, probe, NULL, NULL, NULL, NULL, NULL, NULL, NULL, FETTLE_LAYER_SERVER },
};
static const struct fettle_plugin plugin = {
  FETTLE_HEAD, 0, "use", "1", "A test", types, FETTLE_COUNT (types), 0
};
FETTLE_REGISTER (use, plugin)
EOF

try () { # compiler and options, what it is called
  local name=$1 h; shift
  for h in "$sdk"/fettle/*.h; do
    printf '#include <fettle/%s>\n' "$(basename "$h")" >"$T/alone.c"
    ok "$(basename "$h") alone, $name" "$@" $strict -I"$sdk" -fsyntax-only "$T/alone.c"
  done
  ok "a plugin, $name" "$@" $strict -I"$sdk" -fsyntax-only "$T/use.c"
}

try "C99" cc -std=c99
if command -v g++ >/dev/null; then
  try "C++11" g++ -x c++ -std=c++11 -Wno-missing-field-initializers
else
  skip "C++11" "there is no g++"
fi
if command -v clang >/dev/null; then try "C99 by clang" clang -std=c99; else skip "clang" "there is none"; fi
if command -v x86_64-w64-mingw32-gcc >/dev/null; then
  try "C99 for Windows" x86_64-w64-mingw32-gcc -std=c99
  ok "a DLL without any library of ours" \
    x86_64-w64-mingw32-gcc -std=c99 -shared -I"$sdk" "$T/use.c" -o "$T/use.dll"
else
  skip "C99 for Windows" "there is no x86_64-w64-mingw32-gcc"
fi
done_testing
